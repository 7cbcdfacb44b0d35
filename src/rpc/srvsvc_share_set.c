// SPDX-License-Identifier: Apache-2.0
/*
 * Shares that administrators make and change ([MS-SRVS] 3.1.4.7, 3.1.4.11).
 *
 * A path on the wire never names a folder of this machine. "C:" stands for the one folder that the
 * server's configuration lets administrators share from, if it does; a path is a way down from
 * there, and whoever walks it neither goes up nor follows a link.
 */
#include "base/utf.h"
#include "rpc/list.h"
#include "rpc/srvsvc.h"
#include <string.h>

#define NAME_UNITS_MAX   80u
#define REMARK_UNITS_MAX 48u
#define PATH_BYTES_MAX   4096u

/* [MS-SRVS] 2.2.2.11 */
#define SHARE_NETNAME_PARMNUM 1u
#define SHARE_TYPE_PARMNUM    3u
#define SHARE_REMARK_PARMNUM  4u
#define SHARE_PATH_PARMNUM    8u
#define SHARE_FILE_SD_PARMNUM 501u

#define STYPE_KIND 0x000000ffu

struct set_in {
    const char *server, *name;
    uint32_t level;
    const struct rpc_share *share;
    struct rpc_u32 *parm_err;
};
#define INFO_AND_ERROR                                                     \
    NDR_F(NDR_U32, set_in, level),                                         \
        NDR_U(NDR_UNION_PTR, set_in, share, level, srvsvc_share_infos, 4), \
        NDR_SUB(NDR_PTR, set_in, parm_err, rpc_u32_record)
NDR_RECORD(add_in, set_in, NDR_F(NDR_WSTR, set_in, server), INFO_AND_ERROR);
NDR_RECORD(set_in, set_in, NDR_F(NDR_WSTR, set_in, server), NDR_F(NDR_WSTR_REF, set_in, name),
           INFO_AND_ERROR);

struct set_out {
    struct rpc_u32 *parm_err;
    uint32_t result;
};
NDR_RECORD(set_out, set_out, NDR_SUB(NDR_PTR, set_out, parm_err, rpc_u32_record),
           NDR_F(NDR_U32, set_out, result));

/* ---------------------------------------------------------------- errors */

static const struct {
    smbkit_status status;
    uint32_t result, parm;
} errors[] = {
    {SMBKIT_STATUS_SUCCESS, NERR_Success, 0},
    {SMBKIT_STATUS_ACCESS_DENIED, ERROR_ACCESS_DENIED, 0},
    {SMBKIT_STATUS_OBJECT_NAME_COLLISION, NERR_DuplicateShare, 0},
    {SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND, NERR_NetNameNotFound, 0},
    {SMBKIT_STATUS_OBJECT_NAME_INVALID, ERROR_INVALID_PARAMETER, SHARE_NETNAME_PARMNUM},
    {SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND, NERR_UnknownDevDir, 0},
    {SMBKIT_STATUS_INVALID_SECURITY_DESCR, ERROR_INVALID_PARAMETER, SHARE_FILE_SD_PARMNUM},
    {SMBKIT_STATUS_QUOTA_EXCEEDED, ERROR_NOT_ENOUGH_MEMORY, 0},
};

/* Says which member was wrong to those who want to know. */
static void wrong(const struct set_in *q, struct set_out *o, uint32_t parm)
{
    o->result = ERROR_INVALID_PARAMETER;
    if (q->parm_err != NULL)
        q->parm_err->value = parm;
}

static void answer(const struct set_in *q, struct set_out *o, smbkit_status status)
{
    o->result = ERROR_NOT_ENOUGH_MEMORY;
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (errors[i].status != status)
            continue;
        o->result = errors[i].result;
        if (errors[i].parm != 0)
            wrong(q, o, errors[i].parm);
    }
}

uint32_t srvsvc_share_error(smbkit_status status)
{
    struct set_out said = {0};
    answer(&(struct set_in){0}, &said, status);
    return said.result;
}

static size_t units(const char *text)
{
    return utf8_to_utf16(NULL, text, strlen(text)) / 2;
}

/* ---------------------------------------------------------------- NetrShareAdd */

/* One part of a path: a name that says nothing of its own to any system. */
static bool part_valid(const char *part, size_t len)
{
    if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)part[i] < ' ' || strchr("/\\:*?\"<>|", part[i]) != NULL)
            return false;
    return true;
}

/* "C:\a\b" becomes "a/b", "C:\" becomes "". False: not a path from the top of C:. */
static bool below_root(const char *path, char out[PATH_BYTES_MAX])
{
    size_t len = strlen(path), at = 0;
    if (len < 3 || len >= PATH_BYTES_MAX || (path[0] | 0x20) != 'c' || path[1] != ':' ||
        path[2] != '\\')
        return false;
    for (path += 3; path[0] != '\0';) {
        size_t n = strcspn(path, "\\");
        if (!part_valid(path, n))
            return false;
        if (at > 0)
            out[at++] = '/';
        memcpy(out + at, path, n);
        at += n;
        path += n + (path[n] == '\\');
    }
    out[at] = '\0';
    return true;
}

/* The number of the member that is wrong, or 0. */
static uint32_t wrong_member(const struct rpc_share *s)
{
    if (s->name == NULL || s->name[0] == '\0' || units(s->name) > NAME_UNITS_MAX)
        return SHARE_NETNAME_PARMNUM;
    if ((s->type & STYPE_KIND) != STYPE_DISKTREE)
        return SHARE_TYPE_PARMNUM;
    if (s->comment != NULL && units(s->comment) > REMARK_UNITS_MAX)
        return SHARE_REMARK_PARMNUM;
    return s->path == NULL || s->path[0] == '\0' ? SHARE_PATH_PARMNUM : 0;
}

static bool is_reserved(const char *name)
{
    return utf8_casecmp(name, strlen(name), "pipe", 4) == 0 ||
           utf8_casecmp(name, strlen(name), "mailslot", 8) == 0;
}

static void add(struct rpc_call *call, const struct set_in *q, struct set_out *o)
{
    const struct rpc_directory *d = call->directory;
    char path[PATH_BYTES_MAX];
    uint32_t parm = wrong_member(q->share);
    if (parm != 0)
        wrong(q, o, parm);
    else if (is_reserved(q->share->name))
        o->result = ERROR_ACCESS_DENIED;
    else if (!below_root(q->share->path, path))
        wrong(q, o, SHARE_PATH_PARMNUM);
    else
        answer(q, o, d->share_add(d->ctx, q->share, path));
}

static uint32_t share_add(struct rpc_call *call, const void *in, void *out)
{
    const struct set_in *q = in;
    struct set_out *o = out;
    o->parm_err = q->parm_err;
    if (q->level != 2 && q->level != 502 && q->level != 503)
        o->result = ERROR_INVALID_LEVEL;
    else if (!call->caller->admin)
        o->result = ERROR_ACCESS_DENIED;
    else if (q->share == NULL)
        o->result = ERROR_INVALID_PARAMETER;
    else
        add(call, q, o);
    return 0;
}

const struct rpc_operation srvsvc_share_add = {"NetrShareAdd", &add_in, &set_out, share_add};

/* ---------------------------------------------------------------- NetrShareSetInfo */

/* What each level sets. A level with a descriptor that is not there leaves the one that the share
   has: who means everybody says so with one. */
static const struct {
    uint32_t level;
    unsigned what;
} settable[] = {
    {1, RPC_SHARE_COMMENT},
    {2, RPC_SHARE_COMMENT | RPC_SHARE_MAX_USES},
    {502, RPC_SHARE_COMMENT | RPC_SHARE_MAX_USES | RPC_SHARE_SD},
    {503, RPC_SHARE_COMMENT | RPC_SHARE_MAX_USES | RPC_SHARE_SD},
    {1004, RPC_SHARE_COMMENT},
    {1005, RPC_SHARE_FLAGS},
    {1006, RPC_SHARE_MAX_USES},
    {1501, RPC_SHARE_SD},
};
#define FLAGS_KNOWN                                                       \
    (SHI1005_FLAGS_DFS | SHI1005_FLAGS_DFS_ROOT | SHI1005_FLAGS_CACHING | \
     SHI1005_FLAGS_ACCESS_BASED_DIRECTORY_ENUM)

/* 0: there is no such level. */
static unsigned what_of(uint32_t level)
{
    for (size_t i = 0; i < ARRAY_LEN(settable); i++)
        if (settable[i].level == level)
            return settable[i].what;
    return 0;
}

static void set(struct rpc_call *call, const struct set_in *q, struct set_out *o, unsigned what)
{
    const struct rpc_directory *d = call->directory;
    const struct rpc_share *to = q->share;
    if (to->sd == NULL || to->sd_len == 0)
        what &= ~RPC_SHARE_SD;
    if ((what & RPC_SHARE_FLAGS) && (to->flags & ~FLAGS_KNOWN))
        o->result = ERROR_NOT_SUPPORTED;
    else if ((what & RPC_SHARE_COMMENT) && to->comment != NULL &&
             units(to->comment) > REMARK_UNITS_MAX)
        wrong(q, o, SHARE_REMARK_PARMNUM);
    else
        answer(q, o, d->share_set(d->ctx, q->name, to, what));
}

static uint32_t share_set_info(struct rpc_call *call, const void *in, void *out)
{
    const struct set_in *q = in;
    struct set_out *o = out;
    unsigned what = what_of(q->level);
    o->parm_err = q->parm_err;
    if (what == 0)
        o->result = ERROR_INVALID_LEVEL;
    else if (!call->caller->admin)
        o->result = ERROR_ACCESS_DENIED;
    else if (q->name[0] == '\0' || q->share == NULL)
        o->result = ERROR_INVALID_PARAMETER;
    else
        set(call, q, o, what);
    return 0;
}

const struct rpc_operation srvsvc_share_set_info = {"NetrShareSetInfo", &set_in, &set_out,
                                                    share_set_info};
