// SPDX-License-Identifier: Apache-2.0
/* What a file has besides its data, between the wire's form and the plugin's. */
#include "core/meta.h"
#include "base/utf.h"
#include "core/open.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/tree.h"
#include "vfs/name.h"
#include "wire/ea.h"
#include "wire/info.h"
#include <string.h>

/* Is the name one of these, which are separated by '+'? */
static bool listed(const char *patterns, const char *name, size_t len)
{
    for (const char *p = patterns; *p != '\0';) {
        size_t n = strcspn(p, "+");
        if (n > 0 && vfs_match(p, n, name, len))
            return true;
        p += n + (p[n] == '+');
    }
    return false;
}

uint32_t meta_shown_attributes(const struct core_share *share, const char *path, size_t len,
                               const struct smbkit_attr *a)
{
    size_t base = vfs_path_base(path, len);
    if (len > base && listed(share->hide_files, path + base, len - base))
        return (a->attributes & ~FILE_ATTRIBUTE_NORMAL) | FILE_ATTRIBUTE_HIDDEN;
    return a->attributes != 0 ? a->attributes : FILE_ATTRIBUTE_NORMAL;
}

uint32_t meta_open_attributes(const struct core_open *o, const struct smbkit_attr *a)
{
    if (o->tree == NULL) /* its session went meanwhile, and it is kept: nobody is shown them */
        return a->attributes;
    const char *path = o->path != NULL ? o->path : ""; /* pipes have none */
    return meta_shown_attributes(o->tree->share, path, strlen(path), a);
}

/* ---------------------------------------------------------------- security descriptors */

void meta_as_user(struct core_request *r)
{
    r->op.user = r->session->user;
    r->op.user_sid = r->session->sid;
    r->op.user_sid_len = r->session->sid_len;
}

smbkit_status meta_take_sd(struct core_request *r, bool folder, struct wire_sd *out)
{
    return meta_take_sd_to(r, request_arena(r), folder, out);
}

smbkit_status meta_take_sd_to(struct core_request *r, struct arena *a, bool folder,
                              struct wire_sd *out)
{
    return meta_take_sd_of(&r->op, &r->session->token, a, folder, out);
}

smbkit_status meta_take_sd_of(const struct vfs_op *op, const struct acl_token *t, struct arena *a,
                              bool folder, struct wire_sd *out)
{
    struct cursor c;
    if (op->status == SMBKIT_STATUS_NOT_FOUND) {
        acl_default_sd(t, folder, out);
        return SMBKIT_STATUS_SUCCESS;
    }
    if (op->status != SMBKIT_STATUS_SUCCESS)
        return op->status;
    /* the descriptor borrows from its bytes, and the operation is soon another one */
    const uint8_t *bytes = arena_dup(a, op->blob, op->blob_len);
    if (bytes == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    cursor_init(&c, bytes, op->blob_len);
    /* what cannot be read allows nobody anything */
    return wire_sd_decode(&c, a, out) ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED;
}

smbkit_status meta_encode_sd(struct core_request *r, const struct wire_sd *sd,
                             const uint8_t **bytes, size_t *len)
{
    struct builder b;
    *len = wire_sd_size(sd);
    if (*len > SMBKIT_SD_MAX)
        return SMBKIT_STATUS_INVALID_SECURITY_DESCR;
    uint8_t *mem = arena_alloc(request_arena(r), *len);
    if (mem == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    builder_init_fixed(&b, mem, *len);
    wire_sd_encode(&b, sd);
    *bytes = mem;
    return builder_failed(&b) ? SMBKIT_STATUS_INVALID_SECURITY_DESCR : SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- extended attributes */

smbkit_status meta_read_eas(struct core_request *r, const struct wire_blob *in,
                            struct smbkit_ea **eas, size_t *count)
{
    struct wire_chain_reader list;
    struct cursor c;
    struct wire_ea ea;
    uint32_t n;
    size_t error_offset;
    cursor_init(&c, in->data, in->len);
    if (!wire_ea_list_check(&c, &n, &error_offset))
        return SMBKIT_STATUS_EA_LIST_INCONSISTENT;
    *eas = arena_array(request_arena(r), n != 0 ? n : 1, sizeof **eas);
    if (*eas == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    *count = 0;
    cursor_init(&c, in->data, in->len);
    wire_chain_open(&list, &c, WIRE_EA_ALIGN);
    while (*count < n && wire_ea_next(&list, &ea)) {
        if (!wire_ea_name_valid(ea.name, ea.name_len))
            return SMBKIT_STATUS_INVALID_EA_NAME;
        (*eas)[(*count)++] = (struct smbkit_ea){
            .name = ea.name, .value = ea.value, .value_len = ea.value_len, .flags = ea.flags};
    }
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- streams */

const char *meta_stream_path(struct arena *a, const struct core_open *o)
{
    if (o->stream == NULL)
        return o->path;
    size_t path_len = strlen(o->path), stream_len = strlen(o->stream);
    char *out = arena_alloc(a, path_len + 1 + stream_len + 1);
    if (out == NULL)
        return NULL;
    memcpy(out, o->path, path_len);
    out[path_len] = ':';
    memcpy(out + path_len + 1, o->stream, stream_len);
    return out; /* the arena's memory is zeroed */
}

bool meta_lease_key(struct arena *a, const struct core_open *o, const char *stream,
                    struct lease_key *key)
{
    struct builder b;
    *key = (struct lease_key){.volume = vfs_volume_id(o->volume), .file = o->file_id};
    if (stream == NULL)
        return true;
    size_t len = strlen(stream);
    size_t bytes = utf8_to_utf16(NULL, stream, len);
    uint8_t *mem = bytes == SIZE_MAX ? NULL : arena_alloc(a, bytes);
    if (mem == NULL)
        return false;
    builder_init_fixed(&b, mem, bytes);
    utf8_to_utf16(&b, stream, len);
    for (size_t i = 0; i + 1 < bytes; i += 2)
        le16_store(mem + i, utf16_upcase(le16_load(mem + i)));
    key->stream = mem;
    key->stream_len = bytes;
    return true;
}
