// SPDX-License-Identifier: Apache-2.0
/* Control codes that the server answers by itself ([MS-SMB2] 3.3.5.15.1, .5, .9 to .12). */
#include "base/ntime.h"
#include "core/cmd/ioctl.h"
#include "core/cmd/negotiate.h"
#include "core/open.h"
#include "core/session.h"
#include "core/share.h"
#include "core/snapshot.h"
#include "core/state.h"
#include "core/tree.h"
#include "wire/fsctl_srv.h"
#include <string.h>

/* ---------------------------------------------------------------- VALIDATE_NEGOTIATE_INFO */

#define VALIDATE_RSP_SIZE 24u

/* What differs between the NEGOTIATE that we have seen and the one that the client has sent; NULL:
   nothing. */
static const char *negotiate_differs(const struct core_request *r,
                                     const struct wire_validate_negotiate_req *q)
{
    const struct core_conn *conn = request_conn(r);
    if (q->dialect_count != conn->client_dialect_count ||
        memcmp(q->dialects, conn->client_dialects, q->dialect_count * sizeof *q->dialects) != 0)
        return "NEGOTIATE was tampered with: dialects";
    if (negotiate_choose_dialect(request_core(r), q->dialects, q->dialect_count) != conn->dialect)
        return "NEGOTIATE was tampered with: dialect";
    if (!guid_equal(&q->guid, &conn->client_guid))
        return "NEGOTIATE was tampered with: client GUID";
    if (q->security_mode != conn->client_security_mode)
        return "NEGOTIATE was tampered with: security mode";
    if (q->capabilities != conn->client_capabilities)
        return "NEGOTIATE was tampered with: capabilities";
    return NULL;
}

static const char *validate_problem(const struct core_request *r)
{
    struct cursor c = ioctl_input(r);
    struct wire_validate_negotiate_req q;
    if (request_conn(r)->dialect == SMB2_DIALECT_311)
        return "VALIDATE_NEGOTIATE_INFO on 3.1.1";
    if (r->in.ioctl.max_output_response < VALIDATE_RSP_SIZE ||
        !wire_validate_negotiate_req_decode(&c, &q))
        return "a malformed VALIDATE_NEGOTIATE_INFO";
    return negotiate_differs(r, &q);
}

/* 3.3.5.15.12: whatever is wrong, somebody is in between, and the connection ends. */
enum core_verdict ioctl_validate_negotiate(struct core_request *r)
{
    struct core_conn *conn = request_conn(r);
    const char *problem = validate_problem(r);
    if (problem != NULL) {
        conn_refuse(conn, problem);
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    }
    struct wire_validate_negotiate_rsp rsp = {
        .capabilities = conn->server_capabilities,
        .guid = request_core(r)->config.server_guid,
        .security_mode = negotiate_security_mode(request_core(r)),
        .dialect = conn->dialect,
    };
    wire_validate_negotiate_rsp_encode(&ioctl_state(r)->out, &rsp);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* ---------------------------------------------------------------- QUERY_NETWORK_INTERFACE_INFO */

/* 3.3.5.15.11 */
enum core_verdict ioctl_network_interfaces(struct core_request *r)
{
    const struct core *c = request_core(r);
    struct wire_chain w;
    if (!(request_conn(r)->server_capabilities & SMB2_GLOBAL_CAP_MULTI_CHANNEL))
        return request_done(r, SMBKIT_STATUS_NOT_SUPPORTED);
    wire_chain_init(&w, &ioctl_state(r)->out, r->in.ioctl.max_output_response, WIRE_NETIF_ALIGN);
    for (size_t i = 0; i < c->interface_count; i++) {
        const struct core_interface *from = &c->interfaces[i];
        struct wire_netif to = {
            .if_index = from->index,
            .capability = from->rss ? RSS_CAPABLE : 0,
            .link_speed = from->speed,
            .family = from->v6 ? WIRE_FAMILY_INET6 : WIRE_FAMILY_INET,
        };
        memcpy(to.address, from->address, sizeof to.address);
        if (wire_netif_add(&w, &to) != WIRE_FIT_OK)
            return request_done(r, SMBKIT_STATUS_BUFFER_TOO_SMALL);
    }
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* ---------------------------------------------------------------- LMR_REQUEST_RESILIENCY */

/* 3.3.5.15.9 */
enum core_verdict ioctl_resiliency(struct core_request *r)
{
    struct cursor c = ioctl_input(r);
    struct wire_resiliency_req q;
    if (request_conn(r)->dialect == SMB2_DIALECT_202)
        return request_done(r, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    if (!wire_resiliency_req_decode(&c, &q))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    return request_done(r, durable_make_resilient(r, q.timeout_ms));
}

/* ---------------------------------------------------------------- snapshots, resume keys */

/* 3.3.5.15.1 */
enum core_verdict ioctl_snapshots(struct core_request *r)
{
    const struct core_share *s = r->tree->share;
    struct wire_snapshots list = {
        .tokens = arena_array(request_arena(r), s->snapshot_count + 1, sizeof(list.tokens[0]))};
    if (list.tokens == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    LIST_FOREACH (it, &s->snapshots) {
        char *token = arena_alloc(request_arena(r), NTIME_TOKEN);
        if (token == NULL)
            return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        ntime_to_token(snapshot_of(it)->second * NTIME_PER_S, token);
        list.tokens[list.total++] = token;
    }
    wire_snapshots_encode(&ioctl_state(r)->out, &list, r->in.ioctl.max_output_response);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* The key is the open's two ids and its session: no secret, for it works in that session only
   (3.3.5.15.5). */
enum core_verdict ioctl_resume_key(struct core_request *r)
{
    struct wire_resume_key key;
    le64_store(key.key, r->open->persistent_id);
    le64_store(key.key + 8, r->open->volatile_id);
    le64_store(key.key + 16, r->session->id);
    wire_resume_key_encode(&ioctl_state(r)->out, &key);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}
