// SPDX-License-Identifier: Apache-2.0
/*
 * Who may use a share: guests or not, and a security descriptor (Share.FileSecurity of [MS-SMB2]
 * 3.3.1.6), which counts with that of each file: what both give is what there is.
 */
#include "acl/acl.h"
#include "base/mem.h"
#include "core/core.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include <string.h>

#define READ_ONLY_ACCESS 0x001200a9u
/* Rights to files that are there, not only to their descriptors. */
#define USE 0x000001ffu

struct core_share_guard {
    struct arena arena; /* of `sd` */
    struct wire_sd sd;
    size_t len;
    uint8_t bytes[]; /* as it came; `sd` points there */
};

void share_guard_free(struct core_share_guard *g)
{
    if (g == NULL)
        return;
    arena_clear(&g->arena);
    mem_free(g);
}

smbkit_status share_guard_new(const uint8_t *bytes, size_t len, struct core_share_guard **out)
{
    *out = NULL;
    if (len == 0)
        return SMBKIT_STATUS_SUCCESS;
    if (len > WIRE_SD_SIZE_MAX)
        return SMBKIT_STATUS_INVALID_SECURITY_DESCR;
    struct core_share_guard *g = mem_zalloc(sizeof *g + len);
    if (g == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    struct cursor c;
    memcpy(g->bytes, bytes, len);
    g->len = len;
    arena_init(&g->arena, SHARE_GUARD_MEMORY);
    cursor_init(&c, g->bytes, len);
    if (!wire_sd_decode(&c, &g->arena, &g->sd)) {
        share_guard_free(g);
        return SMBKIT_STATUS_INVALID_SECURITY_DESCR;
    }
    *out = g;
    return SMBKIT_STATUS_SUCCESS;
}

const uint8_t *share_guard_bytes(const struct core_share_guard *g, size_t *len)
{
    *len = g != NULL ? g->len : 0;
    return g != NULL ? g->bytes : NULL;
}

/* ---------------------------------------------------------------- a list of users */

/* One entry for each name of "a+b"; returns how many there are. */
static unsigned entries_of(const struct wire_sid *machine, const char *users, struct wire_ace *v)
{
    unsigned count = 0;
    char name[CORE_SHARE_USER_NAME_MAX + 1];
    while (users[0] != '\0') {
        size_t n = strcspn(users, "+");
        if (n > 0 && n < sizeof name && count < CORE_SHARE_USERS_MAX) {
            memcpy(name, users, n);
            name[n] = '\0';
            v[count++] = (struct wire_ace){.type = ACCESS_ALLOWED_ACE_TYPE,
                                           .mask = FILE_ALL_ACCESS,
                                           .sid = acl_account_sid(machine, name)};
        }
        users += n + (users[n] == '+');
    }
    return count;
}

static smbkit_status guard_of(const struct wire_sd *sd, struct core_share_guard **out)
{
    struct builder b;
    builder_init_grow(&b, WIRE_SD_SIZE_MAX);
    wire_sd_encode(&b, sd);
    smbkit_status st =
        builder_failed(&b) ? SMBKIT_STATUS_NO_MEMORY : share_guard_new(b.data, b.len, out);
    builder_free(&b);
    return st;
}

smbkit_status share_guard_users(const struct core *c, const char *users,
                                struct core_share_guard **out)
{
    *out = NULL;
    if (users == NULL || users[0] == '\0')
        return SMBKIT_STATUS_SUCCESS;
    const struct wire_sid machine = acl_machine_sid(c->config.auth->netbios_computer);
    struct wire_ace *v = mem_zarray(CORE_SHARE_USERS_MAX, sizeof *v);
    if (v == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    const struct wire_acl dacl = {ACL_REVISION, (uint16_t)entries_of(&machine, users, v), v};
    const struct wire_sd sd = {
        .control = SE_DACL_PRESENT,
        .has_owner = true,
        .has_group = true,
        .owner = wire_sid_builtin_admins,
        .group = wire_sid_builtin_admins,
        .dacl = &dacl,
    };
    smbkit_status st = guard_of(&sd, out);
    mem_free(v);
    return st;
}

/* ---------------------------------------------------------------- checks */

static uint32_t guard_granted(const struct core_share *s, const struct acl_token *t)
{
    return s->guard != NULL ? acl_granted(&s->guard->sd, t) : FILE_ALL_ACCESS;
}

bool share_lets_in(const struct core_share *s, const struct acl_token *t, bool stranger)
{
    if (s->is_ipc)
        return true;
    return (s->guest_ok || !stranger) && (guard_granted(s, t) & USE) != 0;
}

smbkit_status share_check_access(const struct core_share *s, const struct core_session *session)
{
    return share_lets_in(s, &session->token, session->is_guest || session->is_anonymous)
               ? SMBKIT_STATUS_SUCCESS
               : SMBKIT_STATUS_ACCESS_DENIED;
}

uint32_t share_maximal_access(const struct core_share *s, const struct acl_token *t)
{
    bool read_only = s->read_only || (s->volume != NULL &&
                                      (vfs_volume_capabilities(s->volume) & SMBKIT_CAP_READ_ONLY));
    return (read_only ? READ_ONLY_ACCESS : FILE_ALL_ACCESS) & guard_granted(s, t);
}
