// SPDX-License-Identifier: Apache-2.0
/*
 * Acknowledged records: a durable (or persistent) handle with a lease and a byte-range lock,
 * numbered records written through it one after the other, and a line in the log for each that the
 * server has acknowledged. When the connection goes the handle is taken up again on a new one
 * ([MS-SMB2] 3.2.4.4), and the record that had no answer is written once more.
 *
 * At the end every acknowledged record must be in the file, and the lock must keep others out.
 */
#include "base/mem.h"
#include "bench.h"
#include "plat/clock.h"
#include "plat/random.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORD     64u
#define CHUNK      65536u
#define LOCK_AT    ((uint64_t)1 << 40) /* where no record is */
#define AGAIN      20000u              /* us between two attempts to connect */
#define TIMEOUT_MS 60000u              /* of the handle */

struct records {
    const struct bench_config *cfg;
    struct bench_peer peer, other;
    struct wire_file_id file;
    struct guid create_guid, lease_key;
    char name[80];
    struct bench_op answer; /* to the break of the lease */
    int log;
    bool durable, persistent; /* as granted */
    uint64_t acknowledged, missing, reconnects, attempts;
    char error[240];
};

static bool fail(struct records *r, const char *what, smbkit_status st)
{
    if (r->error[0] == '\0')
        snprintf(r->error, sizeof r->error, "%.60s: %.40s %.120s", what, smbkit_status_name(st),
                 r->peer.error);
    return false;
}

/* ---------------------------------------------------------------- the handle */

static void take_open(void *ctx, const struct smbclient_reply *rp)
{
    struct records *r = ctx;
    struct wire_create_rsp rsp;
    struct wire_create_rsp_ctxs x;
    struct cursor body = rp->body;
    struct arena a;
    arena_init(&a, 65536);
    if (wire_create_rsp_decode(&body, &a, &rsp) &&
        wire_create_rsp_ctxs_parse(rsp.ctxs, rsp.ctx_count, &x)) {
        r->file = rsp.file_id;
        if (x.present & WIRE_CTX_BIT(WIRE_CTX_DH2Q)) {
            r->durable = true;
            r->persistent = (x.durable_v2.flags & SMB2_DHANDLE_FLAG_PERSISTENT) != 0;
        }
    }
    arena_clear(&a);
}

static smbkit_status open_handle(struct records *r, bool again)
{
    uint32_t flags = r->cfg->persistent ? SMB2_DHANDLE_FLAG_PERSISTENT : 0;
    union wire_any body = bench_create_body(r->name, again ? FILE_OPEN : FILE_OVERWRITE_IF);
    struct wire_create_req_ctxs x = {
        .present =
            WIRE_CTX_BIT(WIRE_CTX_RQLS) | WIRE_CTX_BIT(again ? WIRE_CTX_DH2C : WIRE_CTX_DH2Q),
        .lease = {.version = 2,
                  .key = r->lease_key,
                  .state = SMB2_LEASE_READ_CACHING | SMB2_LEASE_HANDLE_CACHING |
                           SMB2_LEASE_WRITE_CACHING},
    };
    struct arena a;
    smbkit_status st = SMBKIT_STATUS_NO_MEMORY;
    if (again) {
        x.durable_v2_reconnect.file_id = r->file;
        x.durable_v2_reconnect.create_guid = r->create_guid;
        x.durable_v2_reconnect.flags = flags;
    } else {
        x.durable_v2.timeout = TIMEOUT_MS;
        x.durable_v2.create_guid = r->create_guid;
        x.durable_v2.flags = flags;
    }
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_LEASE;
    arena_init(&a, 65536);
    if (wire_create_req_ctxs_build(&a, &x, NULL, 0, &body.create_req.ctxs,
                                   &body.create_req.ctx_count))
        st = bench_call(&r->peer, SMB2_CREATE, &body, take_open, r);
    arena_clear(&a);
    return st;
}

static smbkit_status lock(struct bench_peer *p, struct wire_file_id id)
{
    struct wire_lock_element e = {LOCK_AT, 1,
                                  SMB2_LOCKFLAG_EXCLUSIVE_LOCK | SMB2_LOCKFLAG_FAIL_IMMEDIATELY};
    union wire_any body = {.lock_req = {.file_id = id, .locks = &e, .lock_count = 1}};
    return bench_call(p, SMB2_LOCK, &body, NULL, NULL);
}

static bool begin(struct records *r)
{
    if (!bench_peer_open(&r->peer))
        return fail(r, "a connection cannot be opened", SMBKIT_STATUS_CONNECTION_DISCONNECTED);
    smbkit_status st = open_handle(r, false);
    if (st != SMBKIT_STATUS_SUCCESS)
        return fail(r, "CREATE", st);
    if (!r->durable || (r->cfg->persistent && !r->persistent))
        return fail(r, "the handle is not as asked for", st);
    st = lock(&r->peer, r->file);
    return st == SMBKIT_STATUS_SUCCESS || fail(r, "LOCK", st);
}

/* Until the server is there again and gives the handle back. */
static bool resume(struct records *r)
{
    uint64_t end = clock_monotonic() + (uint64_t)(r->cfg->patience * 1e9);
    smbkit_status st = SMBKIT_STATUS_CONNECTION_DISCONNECTED;
    while (clock_monotonic() < end) {
        if (r->peer.session != NULL && r->peer.started)
            r->peer.previous_id = r->peer.session->id;
        bench_peer_close(&r->peer);
        r->attempts++;
        if (!bench_peer_open(&r->peer)) {
            usleep(AGAIN);
            continue;
        }
        st = open_handle(r, true);
        r->reconnects += st == SMBKIT_STATUS_SUCCESS;
        if (st != SMBKIT_STATUS_CONNECTION_DISCONNECTED)
            return st == SMBKIT_STATUS_SUCCESS || fail(r, "CREATE of the durable handle", st);
    }
    return fail(r, "the server stays away", st);
}

static void answered(struct bench_op *op, const struct smbclient_reply *rp)
{
}

/* The second connection's open takes the write cache away; without our answer it would wait. */
static void told(void *ctx, const struct wire_break_notification *n)
{
    struct records *r = ctx;
    union wire_any body = {.oplock_break_req = {.is_lease = true,
                                                .lease_key = n->lease_key,
                                                .lease_state = n->new_state}};
    r->answer.done = answered;
    if (n->is_lease && (n->flags & SMB2_NOTIFY_BREAK_LEASE_FLAG_ACK_REQUIRED) &&
        !bench_send(&r->peer, &r->answer, SMB2_OPLOCK_BREAK, &body))
        fail(r, "the break of the lease", SMBKIT_STATUS_CONNECTION_DISCONNECTED);
}

/* ---------------------------------------------------------------- the records */

static void make_record(uint64_t number, char out[RECORD + 1])
{
    snprintf(out, RECORD + 1, "record %020llu as smbkit-bench writes it.\n",
             (unsigned long long)number);
    memset(out + strlen(out), '.', RECORD - strlen(out));
}

static bool log_record(struct records *r, uint64_t number)
{
    char line[32];
    int n = snprintf(line, sizeof line, "%llu\n", (unsigned long long)number);
    return r->log < 0 || write(r->log, line, (size_t)n) == n ||
           fail(r, "the log", SMBKIT_STATUS_DISK_FULL);
}

static bool write_record(struct records *r, uint64_t number)
{
    char text[RECORD + 1];
    make_record(number, text);
    for (;;) {
        union wire_any body = {.write_req = {.offset = number * RECORD,
                                             .file_id = r->file,
                                             .payload = {(uint8_t *)text, RECORD}}};
        smbkit_status st = bench_call(&r->peer, SMB2_WRITE, &body, NULL, NULL);
        if (st == SMBKIT_STATUS_SUCCESS) {
            r->acknowledged++;
            return log_record(r, number);
        }
        if (st != SMBKIT_STATUS_CONNECTION_DISCONNECTED)
            return fail(r, "WRITE", st);
        if (!resume(r))
            return false;
    }
}

struct chunk {
    uint64_t first, count, right;
};

static void take_chunk(void *ctx, const struct smbclient_reply *rp)
{
    struct chunk *c = ctx;
    struct cursor body = rp->body;
    struct wire_read_rsp rsp;
    char text[RECORD + 1];
    if (!wire_read_rsp_decode(&body, NULL, &rsp))
        return;
    for (uint64_t i = 0; i < c->count && (i + 1) * RECORD <= rsp.payload.len; i++) {
        make_record(c->first + i, text);
        c->right += memcmp(rsp.payload.data + i * RECORD, text, RECORD) == 0;
    }
}

static bool verify(struct records *r)
{
    for (uint64_t i = 0; i < r->acknowledged;) {
        struct chunk c = {i, MIN(CHUNK / RECORD, r->acknowledged - i), 0};
        union wire_any body = {.read_req = {.length = (uint32_t)(c.count * RECORD),
                                            .offset = i * RECORD,
                                            .file_id = r->file}};
        smbkit_status st = bench_call(&r->peer, SMB2_READ, &body, take_chunk, &c);
        if (st == SMBKIT_STATUS_CONNECTION_DISCONNECTED) {
            if (!resume(r))
                return false;
            continue;
        }
        r->missing += c.count - c.right;
        i += c.count;
    }
    return r->missing == 0 || fail(r, "records are missing", SMBKIT_STATUS_SUCCESS);
}

/* Somebody else asks for the same range. */
static bool verify_lock(struct records *r)
{
    struct wire_file_id id = {0, 0};
    union wire_any body;
    if (!bench_peer_open(&r->other))
        return fail(r, "the second connection", SMBKIT_STATUS_CONNECTION_DISCONNECTED);
    body = bench_create_body(r->name, FILE_OPEN);
    smbkit_status st = bench_create(&r->other, &body, &id);
    if (st != SMBKIT_STATUS_SUCCESS)
        return fail(r, "the second CREATE", st);
    st = lock(&r->other, id);
    bench_peer_close(&r->other);
    return st == SMBKIT_STATUS_LOCK_NOT_GRANTED || fail(r, "the second LOCK", st);
}

static bool work(struct records *r)
{
    if (!begin(r))
        return false;
    uint64_t end = clock_monotonic() + (uint64_t)(r->cfg->seconds * 1e9);
    for (uint64_t i = 0; clock_monotonic() < end; i++)
        if (!write_record(r, i))
            return false;
    if (!verify(r) || !verify_lock(r))
        return false;
    bench_close(&r->peer, r->file);
    return true;
}

int bench_records(const struct bench_config *cfg, struct loop *l)
{
    struct random_source random;
    struct records r = {.cfg = cfg, .log = -1};
    struct bench_peer peer = {.cfg = cfg, .loop = l, .wanted = 64};
    r.peer = r.other = peer;
    r.peer.told = told;
    r.peer.ctx = &r;
    if (!random_system(&random))
        return 1;
    random_fill(&random, &r.create_guid, sizeof r.create_guid);
    random_fill(&random, &r.lease_key, sizeof r.lease_key);
    snprintf(r.name, sizeof r.name, "%.48s-records.dat", cfg->name);
    if (cfg->log != NULL)
        r.log = open(cfg->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    bool ok = work(&r);
    bench_peer_close(&r.peer);
    bench_peer_close(&r.other);
    if (r.log >= 0)
        close(r.log);
    printf("{\"workload\": \"records\", \"persistent\": %s, \"acknowledged\": %llu, "
           "\"missing\": %llu, \"reconnects\": %llu, \"attempts\": %llu, \"lock\": %s, "
           "\"error\": \"%s\"}\n",
           r.persistent ? "true" : "false", (unsigned long long)r.acknowledged,
           (unsigned long long)r.missing, (unsigned long long)r.reconnects,
           (unsigned long long)r.attempts, ok ? "true" : "false", r.error);
    return ok ? 0 : 1;
}
