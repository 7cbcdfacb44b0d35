// SPDX-License-Identifier: Apache-2.0
/*
 * FSCTL_DFS_GET_REFERRALS: where a path of a share with DFS links lies ([MS-SMB2] 3.3.5.15.2,
 * [MS-DFSC] 3.2.5). All that clients ask for outside of such shares, domains and their controllers
 * above all, is refused with the status that they expect.
 */
#include "core/cmd/ioctl.h"
#include "core/dfs.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "wire/fsctl_dfs.h"
#include <string.h>

#define TIME_TO_LIVE \
    300u /* seconds; as Windows for roots: links change with the share's settings */
#define HOST_MAX 255u

/* "\server\share\a\b": the parts of a path that was asked for. */
struct asked {
    const char *path;
    size_t host_len;
    const char *host, *share;
    size_t share_len;
    size_t root_end; /* behind the share's name */
    char *rest;      /* "a/b" */
};

static size_t skip_separators(const char *path, size_t at)
{
    return at + strspn(path + at, "\\/");
}

static size_t skip_component(const char *path, size_t at)
{
    return at + strcspn(path + at, "\\/");
}

/* False: memory is out. Empty parts are left out. */
static bool take_apart(struct core_request *r, const char *path, struct asked *out)
{
    size_t at = skip_separators(path, 0), end = skip_component(path, at), n = 0;
    *out = (struct asked){.path = path, .host = path + at, .host_len = end - at};
    at = skip_separators(path, end);
    end = skip_component(path, at);
    out->share = path + at;
    out->share_len = end - at;
    out->root_end = end;
    out->rest = arena_alloc(request_arena(r), strlen(path + end) + 1);
    if (out->rest == NULL)
        return false;
    for (at = skip_separators(path, end); path[at] != '\0'; at = skip_separators(path, end)) {
        end = skip_component(path, at);
        if (n > 0)
            out->rest[n++] = '/';
        memcpy(out->rest + n, path + at, end - at);
        n += end - at;
    }
    return true;
}

/* How much of what was asked for the link is: as many components as it has. */
static size_t link_end(const struct asked *q, const struct core_dfs_link *link)
{
    size_t end = q->root_end;
    for (const char *p = link->path; p != NULL; p = strchr(p, '/')) {
        p += *p == '/';
        end = skip_component(q->path, skip_separators(q->path, end));
    }
    return end;
}

/* Targets that do not fit are left out, the last ones first; without any there is an answer that
   is empty (3.2.5.1, 3.2.5.5, [MS-SMB2] note 384). */
static enum core_verdict answer(struct core_request *r, struct wire_dfs_rsp *rsp)
{
    while (rsp->count > 0 && wire_dfs_rsp_size(rsp) > r->in.ioctl.max_output_response)
        rsp->count--;
    if (rsp->count == 0) {
        r->with_body = true;
        return request_done(r, SMBKIT_STATUS_BUFFER_OVERFLOW);
    }
    wire_dfs_rsp_encode(&ioctl_state(r)->out, rsp);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* 3.2.5.5: what all referrals have in common. */
static struct wire_dfs_rsp referral(const struct asked *q, uint16_t level, size_t end, bool root,
                                    const struct wire_dfs_target *targets, size_t count)
{
    const uint16_t version = MIN(level, WIRE_DFS_VERSION_MAX);
    const bool referral_servers = root || version == 1;
    return (struct wire_dfs_rsp){
        .path_consumed = (uint16_t)wire_text_size(q->path, end),
        .flags = DFS_STORAGE_SERVERS | (referral_servers ? DFS_REFERRAL_SERVERS : 0),
        .version = version,
        .server_type = root,
        .ttl = TIME_TO_LIVE,
        .path = q->path,
        .path_len = end,
        .targets = targets,
        .count = count,
    };
}

/* The only target of a root is the share itself, under the name that the client knows us by. */
static enum core_verdict answer_root(struct core_request *r, const struct asked *q, uint16_t level)
{
    const struct wire_dfs_target self = {q->path, q->root_end};
    struct wire_dfs_rsp rsp = referral(q, level, q->root_end, true, &self, 1);
    return answer(r, &rsp);
}

static enum core_verdict answer_link(struct core_request *r, const struct asked *q, uint16_t level,
                                     const struct core_dfs_link *link)
{
    struct wire_dfs_target targets[CORE_DFS_TARGETS_MAX];
    for (size_t i = 0; i < link->target_count; i++)
        targets[i] = (struct wire_dfs_target){link->targets[i], strlen(link->targets[i])};
    struct wire_dfs_rsp rsp =
        referral(q, level, link_end(q, link), false, targets, link->target_count);
    return answer(r, &rsp);
}

static smbkit_status check_share(const struct core_request *r, const struct core_share *s)
{
    if (s == NULL || !dfs_is_root(s))
        return SMBKIT_STATUS_NOT_FOUND;
    return share_check_access(s, r->session);
}

/* Nothing asks for a domain, one component for its controllers (3.2.5.2, 3.2.5.3). */
static enum core_verdict refer(struct core_request *r, const struct wire_dfs_req *req)
{
    struct asked q;
    if (!take_apart(r, req->path, &q))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (req->max_level == 0 || q.share_len == 0 || q.host_len > HOST_MAX)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    struct core_share *s = share_find(request_core(r), q.share, q.share_len);
    smbkit_status st = check_share(r, s);
    enum core_verdict v;
    if (st != SMBKIT_STATUS_SUCCESS) {
        v = request_done(r, st);
    } else {
        const struct core_dfs_link *link = dfs_link_over(s, q.rest);
        v = link != NULL ? answer_link(r, &q, req->max_level, link)
                         : answer_root(r, &q, req->max_level);
    }
    if (s != NULL)
        share_unref(s);
    return v;
}

enum core_verdict ioctl_dfs_referrals(struct core_request *r)
{
    const bool ex = r->in.ioctl.ctl_code == FSCTL_DFS_GET_REFERRALS_EX;
    struct cursor c = ioctl_input(r);
    struct wire_dfs_req req;
    if (!dfs_capable(request_core(r)))
        return request_done(r, SMBKIT_STATUS_FS_DRIVER_REQUIRED);
    if (!wire_dfs_req_decode(&c, request_arena(r), &req, ex))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    return refer(r, &req);
}
