// SPDX-License-Identifier: Apache-2.0
/* TREE_CONNECT and TREE_DISCONNECT ([MS-SMB2] 3.3.5.7, 3.3.5.8). */
#include "base/utf.h"
#include "core/batch.h"
#include "core/command.h"
#include "core/conn.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/tree.h"
#include <string.h>

static bool connect_decode(struct core_request *r, struct cursor *body)
{
    return wire_tree_connect_req_decode(body, request_arena(r), &r->in.tree_connect);
}

/* The share's name in \\server\share; false when the path has another form. */
static bool share_part(struct core_request *r, const char **name, size_t *len)
{
    const struct wire_blob *path = &r->in.tree_connect.path;
    size_t n;
    char *text = utf16_to_utf8(request_arena(r), path->data, path->len, &n);
    if (text == NULL || n < 2 || text[0] != '\\' || text[1] != '\\')
        return false;
    char *slash = memchr(text + 2, '\\', n - 2);
    if (slash == NULL || slash == text + 2)
        return false;
    *name = slash + 1;
    *len = n - (size_t)(slash + 1 - text);
    return *len > 0 && memchr(*name, '\\', *len) == NULL;
}

/* 3.3.5.7: without a signature nobody knows that the path is what the client asked for. */
static bool must_disconnect(const struct core_request *r)
{
    return request_conn(r)->dialect == SMB2_DIALECT_311 && r->channel->signer != NULL &&
           !r->session->is_anonymous && !(r->hdr.flags & SMB2_FLAGS_SIGNED) &&
           r->batch->seal_channel == NULL;
}

static smbkit_status connect_check(const struct core_request *r, const struct core_share *share)
{
    /* everybody knows the key of an anonymous user */
    if (share->encrypt && (r->channel->seal_out == NULL || r->session->is_anonymous))
        return SMBKIT_STATUS_ACCESS_DENIED;
    smbkit_status st = share_check_access(share, r->session);
    if (st == SMBKIT_STATUS_SUCCESS && share->connections >= share->max_uses)
        st = SMBKIT_STATUS_REQUEST_NOT_ACCEPTED;
    return st;
}

static enum core_verdict connect_run(struct core_request *r)
{
    const char *name;
    size_t len;
    if (must_disconnect(r)) {
        conn_refuse(request_conn(r), "an unsigned TREE_CONNECT");
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    }
    if (!share_part(r, &name, &len))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    struct core_share *share = share_find(request_core(r), name, len);
    if (share == NULL)
        return request_done(r, SMBKIT_STATUS_BAD_NETWORK_NAME);
    smbkit_status st = connect_check(r, share);
    if (st == SMBKIT_STATUS_SUCCESS) {
        r->tree = tree_new(r->session, share);
        if (r->tree == NULL)
            st = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        else
            r->hdr.tree_id = r->tree->id;
    }
    share_unref(share);
    return request_done(r, st);
}

static bool connect_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    const struct core_share *s = r->tree->share;
    struct wire_tree_connect_rsp rsp = {
        .share_type = s->is_ipc ? SMB2_SHARE_TYPE_PIPE : SMB2_SHARE_TYPE_DISK,
        .maximal_access = tree_maximal_access(r->tree),
    };
    rsp.share_flags = s->is_ipc ? SMB2_SHAREFLAG_NO_CACHING : s->caching;
    if (s->access_based)
        rsp.share_flags |= SMB2_SHAREFLAG_ACCESS_BASED_DIRECTORY_ENUM;
    if (s->encrypt && request_conn(r)->dialect >= SMB2_DIALECT_300)
        rsp.share_flags |= SMB2_SHAREFLAG_ENCRYPT_DATA;
    if (s->compress && request_conn(r)->compression.count > 0)
        rsp.share_flags |= SMB2_SHAREFLAG_COMPRESS_DATA;
    if (dfs_is_root(s)) {
        rsp.share_flags |= SMB2_SHAREFLAG_DFS | SMB2_SHAREFLAG_DFS_ROOT;
        rsp.capabilities |= SMB2_SHARE_CAP_DFS;
    }
    return wire_tree_connect_rsp_encode(b, hdr, &rsp);
}

static const struct core_step connect_steps[] = {{"connect", connect_run}, {0}};

const struct core_command command_tree_connect = {
    .code = SMB2_TREE_CONNECT,
    .name = "TREE_CONNECT",
    .flags = CMD_NEEDS_SESSION,
    .decode = connect_decode,
    .steps = connect_steps,
    .encode = connect_encode,
};

/* ---------------------------------------------------------------- TREE_DISCONNECT */

static bool disconnect_decode(struct core_request *r, struct cursor *body)
{
    struct wire_tree_disconnect_req q;
    return wire_tree_disconnect_req_decode(body, request_arena(r), &q);
}

static enum core_verdict disconnect_run(struct core_request *r)
{
    tree_disconnect(r->tree);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static bool disconnect_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    struct wire_tree_disconnect_rsp rsp = {0};
    return wire_tree_disconnect_rsp_encode(b, hdr, &rsp);
}

static const struct core_step disconnect_steps[] = {{"disconnect", disconnect_run}, {0}};

const struct core_command command_tree_disconnect = {
    .code = SMB2_TREE_DISCONNECT,
    .name = "TREE_DISCONNECT",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE,
    .decode = disconnect_decode,
    .steps = disconnect_steps,
    .encode = disconnect_encode,
};
