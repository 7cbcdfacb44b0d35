// SPDX-License-Identifier: Apache-2.0
/*
 * The workloads that read and write: each connection has a file of its own and `depth` requests
 * under way. What a file holds at each offset follows from the offset, with a period that no block
 * size divides, so that a block from elsewhere is noticed. All data read are compared; of what was
 * written, the latest blocks of each slot are read back at the end.
 */
#include "base/mem.h"
#include "bench.h"
#include "plat/clock.h"
#include <stdio.h>
#include <string.h>

#define PERIOD    1048573u /* a prime */
#define BLOCK_MAX (8u << 20)
#define FILL      65536u

static uint8_t *pattern; /* PERIOD + BLOCK_MAX bytes */

struct worker;

struct slot {
    struct bench_op op;
    struct worker *worker;
    uint64_t offset;
    bool busy, wrote;
};

struct worker {
    struct bench_peer peer;
    struct run *run;
    struct wire_file_id file;
    char name[80];
    struct slot *slots;
    uint64_t next;
    uint32_t dice;
};

struct run {
    const struct bench_workload *what;
    const struct bench_config *cfg;
    struct bench_result *result;
    struct worker *workers;
    unsigned opened;
    uint32_t block;
    uint64_t size;
    size_t busy;
    bool ended;
};

static const uint8_t *at(uint64_t offset)
{
    return pattern + offset % PERIOD;
}

static bool make_pattern(void)
{
    uint64_t x = 0x9e3779b97f4a7c15u;
    if (pattern != NULL)
        return true;
    pattern = mem_alloc(PERIOD + BLOCK_MAX);
    for (size_t i = 0; pattern != NULL && i < PERIOD + BLOCK_MAX; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        pattern[i] = i < PERIOD ? (uint8_t)x : pattern[i - PERIOD];
    }
    return pattern != NULL;
}

static bool fail(struct run *r, const struct worker *w, const char *what)
{
    if (r->result->error[0] == '\0')
        snprintf(r->result->error, sizeof r->result->error, "%.60s%s%.160s", what,
                 w->peer.error[0] != '\0' ? ": " : "", w->peer.error);
    r->ended = true;
    return false;
}

/* ---------------------------------------------------------------- requests */

static union wire_any read_body(const struct worker *w, uint64_t offset, uint32_t len)
{
    return (union wire_any){
        .read_req = {.length = len, .offset = offset, .file_id = w->file, .minimum_count = len}};
}

static union wire_any write_body(const struct worker *w, uint64_t offset, uint32_t len)
{
    return (union wire_any){
        .write_req = {.offset = offset, .file_id = w->file, .payload = {at(offset), len}}};
}

static bool read_right(const struct smbclient_reply *rp, uint64_t offset, uint32_t len)
{
    struct cursor body = rp->body;
    struct wire_read_rsp rsp;
    return wire_read_rsp_decode(&body, NULL, &rsp) && rsp.payload.len == len &&
           memcmp(rsp.payload.data, at(offset), len) == 0;
}

static bool write_right(const struct smbclient_reply *rp, uint32_t len)
{
    struct cursor body = rp->body;
    struct wire_write_rsp rsp;
    return wire_write_rsp_decode(&body, NULL, &rsp) && rsp.count == len;
}

static uint64_t next_offset(struct worker *w)
{
    struct run *r = w->run;
    uint64_t blocks = r->size / r->block, n = w->next++;
    if (r->what->random) {
        w->dice = w->dice * 1664525u + 1013904223u;
        n = w->dice >> 8;
    }
    return n % blocks * r->block;
}

static void slot_start(struct slot *s)
{
    struct worker *w = s->worker;
    struct run *r = w->run;
    if (r->ended || s->busy)
        return;
    s->offset = next_offset(w);
    union wire_any body =
        r->what->write ? write_body(w, s->offset, r->block) : read_body(w, s->offset, r->block);
    s->busy = bench_send(&w->peer, &s->op, r->what->write ? SMB2_WRITE : SMB2_READ, &body);
    r->busy += s->busy;
}

static void slot_done(struct bench_op *op, const struct smbclient_reply *rp)
{
    struct slot *s = (struct slot *)op;
    struct worker *w = s->worker;
    struct run *r = w->run;
    s->busy = false;
    r->busy--;
    if (rp == NULL) {
        fail(r, w, "a connection was lost");
        return;
    }
    if (rp->hdr->status != SMBKIT_STATUS_SUCCESS) {
        fail(r, w, smbkit_status_name(rp->hdr->status));
        return;
    }
    if (!(r->what->write ? write_right(rp, r->block) : read_right(rp, s->offset, r->block))) {
        r->result->failed++;
        fail(r, w, "the data are wrong");
        return;
    }
    bench_hist_add(&r->result->latency, clock_monotonic() - op->began);
    r->result->ops++;
    r->result->bytes += r->block;
    r->result->checked += !r->what->write;
    s->wrote = r->what->write;
    slot_start(s);
}

/* Credits have come: slots that had none can start. */
static void more(void *ctx)
{
    struct worker *w = ctx;
    if (w->peer.smb.outstanding < w->run->cfg->depth)
        for (unsigned i = 0; i < w->run->cfg->depth; i++)
            slot_start(&w->slots[i]);
}

/* ---------------------------------------------------------------- before and after */

static bool fill(struct worker *w)
{
    struct run *r = w->run;
    for (uint64_t offset = 0; offset < r->size; offset += FILL) {
        union wire_any body = write_body(w, offset, (uint32_t)MIN(FILL, r->size - offset));
        if (bench_call(&w->peer, SMB2_WRITE, &body, NULL, NULL) != SMBKIT_STATUS_SUCCESS)
            return fail(r, w, "the file cannot be written");
    }
    return true;
}

static bool worker_open(struct run *r, struct worker *w, unsigned number, struct loop *l,
                        struct bufpool *pool)
{
    w->run = r;
    w->dice = number * 2654435761u + 1;
    w->peer = (struct bench_peer){.cfg = r->cfg, .loop = l, .pool = pool};
    w->peer.wanted = (size_t)(r->cfg->depth + 1) * (r->block / 65536 + 1) + 16;
    w->slots = mem_zalloc(r->cfg->depth * sizeof *w->slots);
    if (w->slots == NULL)
        return fail(r, w, "out of memory");
    for (unsigned i = 0; i < r->cfg->depth; i++) {
        w->slots[i].worker = w;
        w->slots[i].op.done = slot_done;
    }
    if (!bench_peer_open(&w->peer))
        return fail(r, w, "a connection cannot be opened");
    if (r->block > (r->what->write ? w->peer.smb.max_write : w->peer.smb.max_read) ||
        (r->block > 65536 && !w->peer.smb.multi_credit))
        return fail(r, w, "the server does not take blocks of this size");
    snprintf(w->name, sizeof w->name, "%.48s-%u.dat", r->cfg->name, number);
    union wire_any body = bench_create_body(w->name, FILE_OVERWRITE_IF);
    smbkit_status st = bench_create(&w->peer, &body, &w->file);
    if (st != SMBKIT_STATUS_SUCCESS)
        return fail(r, w, smbkit_status_name(st));
    return r->what->write || fill(w);
}

struct look {
    uint64_t offset;
    uint32_t len;
    bool right;
};

static void take_look(void *ctx, const struct smbclient_reply *rp)
{
    struct look *look = ctx;
    look->right = read_right(rp, look->offset, look->len);
}

static bool read_back(struct run *r, struct worker *w)
{
    for (unsigned i = 0; i < r->cfg->depth; i++) {
        if (!w->slots[i].wrote)
            continue;
        struct look look = {w->slots[i].offset, r->block, false};
        union wire_any body = read_body(w, look.offset, look.len);
        if (bench_call(&w->peer, SMB2_READ, &body, take_look, &look) != SMBKIT_STATUS_SUCCESS ||
            !look.right) {
            r->result->failed++;
            return fail(r, w, "what was written does not come back");
        }
        r->result->checked++;
    }
    return true;
}

static void worker_end(struct worker *w)
{
    if (w->peer.transport != NULL && w->file.volatile_id != 0) {
        bench_close(&w->peer, w->file);
        union wire_any body = bench_create_body(w->name, FILE_OPEN);
        body.create_req.create_options |= FILE_DELETE_ON_CLOSE;
        struct wire_file_id id = {0, 0};
        if (bench_create(&w->peer, &body, &id) == SMBKIT_STATUS_SUCCESS)
            bench_close(&w->peer, id);
    }
    bench_peer_close(&w->peer);
    mem_free(w->slots);
}

static void measure(struct run *r, struct loop *l)
{
    struct bench_result *res = r->result;
    double cpu = bench_cpu(r->cfg);
    uint64_t began = clock_monotonic(), end = began + (uint64_t)(r->cfg->seconds * 1e9);
    for (unsigned i = 0; i < r->cfg->connections; i++) {
        r->workers[i].peer.more = more;
        r->workers[i].peer.ctx = &r->workers[i];
        more(&r->workers[i]);
    }
    while (!r->ended && loop_now(l) < end)
        loop_run_once(l, end - MIN(end, clock_monotonic()));
    res->ns = clock_monotonic() - began;
    res->cpu = bench_cpu(r->cfg) - cpu;
    res->rss = bench_rss(r->cfg);
    r->ended = true;
    uint64_t patience = clock_monotonic() + 20 * NS_PER_S;
    while (r->busy > 0 && clock_monotonic() < patience)
        loop_run_once(l, NS_PER_S);
    for (unsigned i = 0; i < r->cfg->connections; i++)
        r->workers[i].peer.more = NULL;
}

bool bench_data(const struct bench_workload *w, const struct bench_config *cfg, struct loop *l,
                struct bench_result *res)
{
    struct run r = {.what = w, .cfg = cfg, .result = res};
    struct bufpool *pool = bufpool_new(64u << 20);
    r.block = cfg->block != 0 && !w->random ? cfg->block : w->block;
    r.size = MAX(cfg->size / r.block, 1) * r.block;
    r.workers = mem_zalloc(cfg->connections * sizeof *r.workers);
    bool ok = pool != NULL && r.workers != NULL && make_pattern();
    while (ok && r.opened < cfg->connections) {
        ok = worker_open(&r, &r.workers[r.opened], r.opened, l, pool);
        r.opened++;
    }
    if (ok)
        measure(&r, l);
    for (unsigned i = 0; i < r.opened; i++) {
        if (ok && res->error[0] == '\0' && w->write)
            read_back(&r, &r.workers[i]);
        worker_end(&r.workers[i]);
    }
    mem_free(r.workers);
    bufpool_free(pool);
    return ok && res->error[0] == '\0';
}
