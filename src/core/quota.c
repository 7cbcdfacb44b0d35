// SPDX-License-Identifier: Apache-2.0
/* The index file of quotas: see quota.h. */
#include "core/quota.h"
#include "base/mem.h"
#include "core/open.h"
#include "core/session.h"
#include "wire/info.h"

#define INDEX_NAME "$Extend\\$Quota:$Q:$INDEX_ALLOCATION"
/* The number that NTFS has for it: no plugin's file is likely to have the same. */
#define INDEX_FILE_ID 0x0001000000000018ull

static unsigned lower(unsigned c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool quota_is_index(const struct wire_blob *name)
{
    if (name->len != 2 * (sizeof(INDEX_NAME) - 1))
        return false;
    for (size_t i = 0; i < sizeof(INDEX_NAME) - 1; i++)
        if (lower(le16_load(name->data + 2 * i)) != lower((unsigned char)INDEX_NAME[i]))
            return false;
    return true;
}

bool quota_open_index(struct core_open *o, uint32_t access)
{
    o->is_quota_index = true;
    o->file_id = INDEX_FILE_ID;
    o->access = access;
    o->path = mem_strdup("$Extend/$Quota");
    o->stream = mem_strdup("$Q");
    return o->path != NULL && o->stream != NULL;
}

struct smbkit_attr quota_attributes(void)
{
    return (struct smbkit_attr){
        .file_id = INDEX_FILE_ID,
        .attributes =
            SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_ARCHIVE,
        .links = 1,
    };
}

bool quota_may_manage(const struct core_session *s)
{
    return s->is_admin;
}

smbkit_status quota_check_open(const struct core_open *o)
{
    if (o->volume == NULL || !(vfs_volume_capabilities(o->volume) & SMBKIT_CAP_QUOTAS))
        return SMBKIT_STATUS_NOT_SUPPORTED;
    return o->is_quota_index ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INVALID_PARAMETER;
}

void quota_sid_set(struct quota_sid *out, const struct wire_sid *sid)
{
    struct builder b;
    builder_init_fixed(&b, out->bytes, sizeof(out->bytes));
    wire_sid_encode(&b, sid);
    out->len = b.len;
}
