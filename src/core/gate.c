// SPDX-License-Identifier: Apache-2.0
/*
 * The gate. A compound's elements pass one by one, each when its turn comes: what an earlier
 * element did to session, tree or open is seen by the later ones.
 */
#include "core/gate.h"
#include "core/batch.h"
#include "core/command.h"
#include "core/conn.h"
#include "core/open.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/tree.h"
#include <string.h>

/* Takes over the ids of the request before it (3.3.5.2.7.2). */
static void inherit(struct core_request *r)
{
    if (!r->related || batch_previous(r) == NULL)
        return;
    r->chain = batch_previous(r)->chain;
    r->hdr.session_id = r->chain.session_id;
    r->hdr.tree_id = r->chain.tree_id;
}

static smbkit_status verify_signature(struct core_request *r)
{
    uint8_t head[SMB2_HEADER_SIZE];
    uint8_t nonce[CRYPTO_SIGN_NONCE_LEN];
    const uint8_t *bytes = r->body.base;
    if (r->channel == NULL)
        return SMBKIT_STATUS_USER_SESSION_DELETED;
    if (r->channel->signer == NULL)
        return r->channel->binding && r->session->state == SESSION_IN_PROGRESS
                   ? SMBKIT_STATUS_REQUEST_NOT_ACCEPTED
                   : SMBKIT_STATUS_NOT_SUPPORTED;
    memcpy(head, bytes, sizeof head);
    memset(head + WIRE_HDR_SIGNATURE, 0, sizeof r->hdr.signature);
    struct crypto_iov iov[2] = {{head, sizeof head},
                                {bytes + sizeof head, r->body.end - sizeof head}};
    crypto_gmac_nonce(nonce, r->hdr.message_id, false, r->cmd == &command_cancel);
    if (!crypto_signer_verify(r->channel->signer, iov, 2, nonce, r->hdr.signature))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* 3.3.5.2.4 */
static smbkit_status check_signing(struct core_request *r)
{
    if (r->batch->seal_channel != NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (r->hdr.flags & SMB2_FLAGS_SIGNED) {
        if (r->cmd == &command_negotiate)
            return SMBKIT_STATUS_INVALID_PARAMETER;
        return verify_signature(r);
    }
    if (r->session != NULL && r->session->signing_required && r->channel->signer != NULL)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status find_session(struct core_request *r)
{
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    if (r->hdr.session_id == 0 || r->cmd == &command_negotiate)
        return st;
    r->channel = channel_find(request_conn(r), r->hdr.session_id);
    /* one that binds is signed with the session's key (3.3.5.5) */
    if (r->channel == NULL && r->cmd == &command_session_setup &&
        (r->hdr.flags & SMB2_FLAGS_SIGNED))
        st = channel_binding(request_conn(r), r->hdr.session_id, &r->channel);
    if (r->channel != NULL)
        r->session = session_ref(r->channel->session);
    return st;
}

/* A related request whose predecessor has found no session (3.3.5.2.7.2). */
static bool follows_nothing(const struct core_request *r)
{
    const struct core_request *before = r->related ? batch_previous(r) : NULL;
    return before != NULL && before->session == NULL && (r->cmd->flags & CMD_NEEDS_SESSION) &&
           (before->cmd->flags & CMD_NEEDS_SESSION);
}

/* 3.3.5.2.9 */
static smbkit_status check_session(const struct core_request *r)
{
    if (!(r->cmd->flags & CMD_NEEDS_SESSION))
        return SMBKIT_STATUS_SUCCESS;
    if (r->session == NULL)
        return r->related && r->hdr.session_id == 0 ? SMBKIT_STATUS_INVALID_PARAMETER
                                                    : SMBKIT_STATUS_USER_SESSION_DELETED;
    if (r->session->state == SESSION_GONE)
        return SMBKIT_STATUS_USER_SESSION_DELETED;
    if (!(r->cmd->flags & CMD_WHEN_EXPIRED)) {
        if (r->session->state == SESSION_EXPIRED)
            return SMBKIT_STATUS_NETWORK_SESSION_EXPIRED;
        /* one that authenticates again is still there: its client must not give it up */
        if (r->session->state == SESSION_IN_PROGRESS)
            return r->session->user_id != NULL ? SMBKIT_STATUS_NETWORK_SESSION_EXPIRED
                                               : SMBKIT_STATUS_USER_SESSION_DELETED;
    }
    if (r->session->encrypt && r->batch->seal_channel == NULL)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* 3.3.5.2.11 */
static smbkit_status check_tree(struct core_request *r)
{
    if (!(r->cmd->flags & CMD_NEEDS_TREE))
        return SMBKIT_STATUS_SUCCESS;
    r->tree = tree_find(r->session, r->hdr.tree_id);
    if (r->tree == NULL)
        return r->related && r->hdr.tree_id == 0 ? SMBKIT_STATUS_INVALID_PARAMETER
                                                 : SMBKIT_STATUS_NETWORK_NAME_DELETED;
    if (r->tree->share->volume != NULL)
        r->volume = vfs_volume_ref(r->tree->share->volume);
    if (r->tree->share->encrypt && r->batch->seal_channel == NULL)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* 3.3.5.2.5, 3.1.5.2 */
static smbkit_status check_credit_charge(const struct core_request *r)
{
    if (!request_conn(r)->multi_credit || r->cmd->payload == NULL)
        return SMBKIT_STATUS_SUCCESS;
    uint32_t bytes = r->cmd->payload(r);
    uint32_t needed = bytes == 0 ? 1 : (bytes - 1) / 65536 + 1;
    if (needed > MAX(r->hdr.credit_charge, 1))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status check_open(struct core_request *r)
{
    if (!(r->cmd->flags & CMD_NEEDS_OPEN))
        return SMBKIT_STATUS_SUCCESS;
    struct wire_file_id *id = r->cmd->file_id(r);
    if (r->related && (r->chain.has_file || gate_names_no_file(id))) {
        if (!r->chain.has_file)
            return SMBKIT_STATUS_INVALID_HANDLE;
        if (smbkit_is_error(r->chain.file_status))
            return r->chain.file_status;
        *id = r->chain.file;
    }
    r->open = open_find(r->session, id->persistent, id->volatile_id);
    if (r->open != NULL && r->open->tree != r->tree) {
        open_release(r->open);
        r->open = NULL;
    }
    if (r->open == NULL)
        return (r->cmd->flags & CMD_OPEN_OPTIONAL) ? SMBKIT_STATUS_SUCCESS
                                                   : SMBKIT_STATUS_FILE_CLOSED;
    if (r->open->pipe != NULL && !(r->cmd->flags & CMD_ON_PIPES))
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (r->open->is_quota_index && !(r->cmd->flags & CMD_ON_QUOTAS))
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    r->open->durable.replayable = false; /* the client knows its file id */
    return sequence_begin(r);
}

static smbkit_status check_all(struct core_request *r)
{
    smbkit_status st;
    if (follows_nothing(r))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((st = find_session(r)) != SMBKIT_STATUS_SUCCESS ||
        (st = check_signing(r)) != SMBKIT_STATUS_SUCCESS)
        return st;
    if (r->refused != SMBKIT_STATUS_SUCCESS)
        return r->refused;
    if ((st = check_session(r)) != SMBKIT_STATUS_SUCCESS ||
        (st = check_tree(r)) != SMBKIT_STATUS_SUCCESS)
        return st;
    if (!r->cmd->decode(r, &r->body))
        return SMBKIT_STATUS_INVALID_PARAMETER; /* 3.3.5.2.6 */
    r->decoded = true;
    if ((st = check_credit_charge(r)) != SMBKIT_STATUS_SUCCESS)
        return st;
    return check_open(r);
}

smbkit_status gate_check(struct core_request *r)
{
    inherit(r);
    return check_all(r);
}

void gate_note_result(struct core_request *r)
{
    sequence_end(r);
    r->chain.session_id = r->hdr.session_id;
    r->chain.tree_id = r->hdr.tree_id;
    if (r->cmd == &command_create) {
        /* on success the handler has set chain.file */
        r->chain.has_file = true;
        r->chain.file_status = r->status;
    } else if (r->decoded && r->cmd->file_id != NULL && !(r->related && r->chain.has_file)) {
        /* also one that names nothing: the next in the chain fails as this one did */
        r->chain.has_file = true;
        r->chain.file_status = SMBKIT_STATUS_SUCCESS;
        r->chain.file = *r->cmd->file_id(r);
    }
}
