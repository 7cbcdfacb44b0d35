// SPDX-License-Identifier: Apache-2.0
/*
 * Copies within the server: SRV_COPYCHUNK, SRV_COPYCHUNK_WRITE ([MS-SMB2] 3.3.5.15.6) and
 * DUPLICATE_EXTENTS_TO_FILE, -EX ([MS-SMB2] 3.3.5.15.17, [MS-FSA] 2.1.5.10.4). A plugin that can
 * copy is asked to (copy_range); else, or when it says NOT_SUPPORTED, it is read and written piece
 * by piece:
 *
 *   chunk --> copy_range -----------------> (next chunk) ... --> end
 *        \--> read --> write --> (next piece) ...
 *
 * The source stays open while it is copied from: the request holds a use of it.
 */
#include "core/cmd/ioctl.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/rights.h"
#include "core/session.h"
#include "lease/lock.h"
#include "wire/fsctl_file.h"
#include "wire/fsctl_srv.h"

#define CHUNKS_MAX     WIRE_COPYCHUNK_MAX /* ServerSideCopyMaxNumberofChunks */
#define CHUNK_SIZE_MAX (1u << 20)         /* ServerSideCopyMaxChunkSize */
#define TOTAL_MAX      (16u << 20)        /* ServerSideCopyMaxDataSize */
#define PIECE_MAX      (1u << 20)         /* in memory at a time */
#define DUPLICATE_MAX \
    (16u << 20) /* of one request: a plugin that never blocks is read on the loop */

struct copy_range {
    uint64_t from, to, length;
};

struct copy_work {
    struct copy_range *ranges;
    uint32_t count;
    uint32_t at;    /* range in work */
    uint64_t done;  /* bytes of it */
    uint64_t total; /* bytes of all */
    uint32_t piece;
    smbkit_status end; /* when all ranges are copied: those behind `count` were out of the source */
    uint32_t flags;    /* SMBKIT_COPY_* */
    bool sparse;       /* the source is */
    bool by_hand;      /* the plugin cannot */
    void (*answer)(struct core_request *r, smbkit_status st); /* makes the body */
};

static flow_step copy_piece, copy_direct, copy_read, copy_written;

static struct copy_work *copy_work(const struct core_request *r)
{
    return ioctl_state(r)->work;
}

/* ---------------------------------------------------------------- copying */

static enum core_verdict copy_end(struct core_request *r, smbkit_status st)
{
    const struct copy_work *w = copy_work(r);
    if (w->total > 0)
        ioctl_tell_written(r->open);
    if (w->answer != NULL)
        w->answer(r, st);
    return request_done(r, st);
}

static bool overlaps(const struct copy_range *x)
{
    return x->from < x->to + x->length && x->to < x->from + x->length;
}

/* Whole ranges at once, where the plugin can: never two volumes, nor a range onto itself. */
static bool copy_directly(const struct core_request *r)
{
    const struct copy_work *w = copy_work(r);
    const struct core_open *src = ioctl_state(r)->other;
    return !w->by_hand && src->volume == r->open->volume &&
           !(src->file_id == r->open->file_id && overlaps(&w->ranges[w->at]));
}

static void range_copied(struct copy_work *w)
{
    w->at++;
    w->done = 0;
}

static enum core_verdict copy_direct(struct core_request *r)
{
    struct copy_work *w = copy_work(r);
    uint64_t length = w->ranges[w->at].length;
    if (r->op.status == SMBKIT_STATUS_NOT_SUPPORTED && length <= DUPLICATE_MAX) {
        w->by_hand = true;
        return flow_goto(r, copy_piece);
    }
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return copy_end(r, r->op.status);
    w->total += length;
    range_copied(w);
    return flow_goto(r, copy_piece);
}

static enum core_verdict copy_piece(struct core_request *r)
{
    struct copy_work *w = copy_work(r);
    struct core_open *src = ioctl_state(r)->other;
    if (r->cancelled)
        return copy_end(r, SMBKIT_STATUS_CANCELLED);
    if (w->at == w->count)
        return copy_end(r, w->end);
    const struct copy_range *x = &w->ranges[w->at];
    if (copy_directly(r)) {
        const struct smbkit_copy_args args = {src->file, x->from, x->to, x->length, w->flags};
        return flow_await(r, vfs_copy_range(&r->op, r->open->volume, r->open->file, &args),
                          copy_direct);
    }
    w->piece = (uint32_t)MIN(x->length - w->done, PIECE_MAX);
    return flow_await(r, vfs_read(&r->op, src->volume, src->file, x->from + w->done, w->piece),
                      copy_read);
}

static enum core_verdict copy_read(struct core_request *r)
{
    struct ioctl_state *s = ioctl_state(r);
    struct copy_work *w = copy_work(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return copy_end(r, r->op.status);
    if (r->op.data.len < w->piece) /* the source has become shorter */
        return copy_end(r, SMBKIT_STATUS_END_OF_FILE);
    s->held = r->op.data;
    r->op.data = (struct slice){0};
    uint64_t offset = w->ranges[w->at].to + w->done;
    return flow_await(
        r, vfs_write(&r->op, r->open->volume, r->open->file, offset, s->held.data, w->piece),
        copy_written);
}

static enum core_verdict copy_written(struct core_request *r)
{
    struct copy_work *w = copy_work(r);
    slice_clear(&ioctl_state(r)->held);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return copy_end(r, r->op.status);
    w->total += w->piece;
    w->done += w->piece;
    if (w->done == w->ranges[w->at].length)
        range_copied(w);
    return flow_goto(r, copy_piece);
}

/* Nothing is copied when any range cannot be. */
static smbkit_status check_ranges(struct core_request *r)
{
    const struct copy_work *w = copy_work(r);
    const struct core_open *src = ioctl_state(r)->other;
    for (uint32_t i = 0; i < w->count; i++) {
        const struct copy_range *x = &w->ranges[i];
        smbkit_status st = lease_check_io(&src->lease, x->from, x->length, false);
        if (st == SMBKIT_STATUS_SUCCESS)
            st = lease_check_io(&r->open->lease, x->to, x->length, true);
        if (st != SMBKIT_STATUS_SUCCESS)
            return st;
    }
    return SMBKIT_STATUS_SUCCESS;
}

/* The source must be as long as its ranges say. What comes before a range that is not there is
   copied all the same (3.3.5.15.6). */
static enum core_verdict source_known(struct core_request *r)
{
    struct copy_work *w = copy_work(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return copy_end(r, r->op.status);
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->ranges[i].from + w->ranges[i].length <= r->op.attr.size)
            continue;
        w->end = SMBKIT_STATUS_INVALID_VIEW_SIZE;
        w->count = i;
    }
    return flow_goto(r, copy_piece);
}

static enum core_verdict copy_begin(struct core_request *r)
{
    struct core_open *src = ioctl_state(r)->other;
    enum core_verdict verdict;
    if (!oplock_clear(r, LEASE_OP_WRITE, &verdict))
        return verdict;
    r->open->touched = true;
    smbkit_status st = check_ranges(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return copy_end(r, st);
    return flow_await(r, vfs_getattr(&r->op, src->volume, src->file), source_known);
}

static bool make_work(struct core_request *r, uint32_t count)
{
    struct copy_work *w = arena_alloc(request_arena(r), sizeof *w);
    if (w == NULL)
        return false;
    w->ranges = arena_array(request_arena(r), MAX(count, 1), sizeof *w->ranges);
    w->count = count;
    ioctl_state(r)->work = w;
    return w->ranges != NULL;
}

/* ---------------------------------------------------------------- SRV_COPYCHUNK */

/* 3.3.5.15.6.1: also a failure says how far it has come. */
static void chunk_answer(struct core_request *r, smbkit_status st)
{
    const struct copy_work *w = copy_work(r);
    struct wire_copychunk_rsp rsp = {
        .chunks_written = w->at,
        .chunk_bytes_written = st == SMBKIT_STATUS_SUCCESS ? 0 : (uint32_t)w->done,
        .total_bytes_written = (uint32_t)w->total,
    };
    wire_copychunk_rsp_encode(&ioctl_state(r)->out, &rsp);
    r->with_body = true;
}

/* 3.3.5.15.6.2 */
static enum core_verdict tell_limits(struct core_request *r)
{
    struct wire_copychunk_rsp rsp = {CHUNKS_MAX, CHUNK_SIZE_MAX, TOTAL_MAX};
    wire_copychunk_rsp_encode(&ioctl_state(r)->out, &rsp);
    r->with_body = true;
    return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
}

static struct core_open *find_source(const struct core_request *r, const uint8_t *key)
{
    if (le64_load(key + 16) != r->session->id)
        return NULL;
    return open_find(r->session, le64_load(key), le64_load(key + 8));
}

static smbkit_status chunk_access(const struct core_request *r)
{
    const struct core_open *src = ioctl_state(r)->other;
    if (src->is_directory || r->open->is_directory)
        return SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (!(src->access & (FILE_READ_DATA | FILE_EXECUTE)) || /* as READ has it */
        !(request_access(r) & (FILE_WRITE_DATA | FILE_APPEND_DATA)))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (r->in.ioctl.ctl_code == FSCTL_SRV_COPYCHUNK && !(r->open->access & FILE_READ_DATA))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

static bool take_chunks(struct core_request *r, const struct wire_copychunk_req *in)
{
    struct copy_work *w = copy_work(r);
    uint64_t total = 0;
    for (uint32_t i = 0; i < in->chunk_count; i++) {
        const struct wire_copychunk *c = &in->chunks[i];
        total += c->length;
        if (c->length == 0 || c->length > CHUNK_SIZE_MAX || total > TOTAL_MAX ||
            !ioctl_range_valid(c->source_offset, c->length) ||
            !ioctl_range_valid(c->target_offset, c->length))
            return false;
        w->ranges[i] = (struct copy_range){c->source_offset, c->target_offset, c->length};
    }
    return true;
}

enum core_verdict ioctl_copychunk(struct core_request *r)
{
    struct ioctl_state *s = ioctl_state(r);
    struct cursor c = ioctl_input(r);
    struct wire_copychunk_req in;
    if (r->in.ioctl.input.len < WIRE_RESUME_KEY_SIZE)
        return tell_limits(r);
    s->other = find_source(r, r->in.ioctl.input.data);
    if (s->other == NULL)
        return request_done(r, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    if (!wire_copychunk_req_decode(&c, request_arena(r), &in) || in.chunk_count > CHUNKS_MAX)
        return tell_limits(r);
    smbkit_status st = chunk_access(r);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (!make_work(r, in.chunk_count))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (!take_chunks(r, &in))
        return tell_limits(r);
    copy_work(r)->answer = chunk_answer;
    return flow_goto(r, copy_begin);
}

/* ---------------------------------------------------------------- DUPLICATE_EXTENTS_TO_FILE */

static bool can_clone(const struct core_request *r)
{
    return (vfs_volume_capabilities(r->open->volume) & SMBKIT_CAP_CLONE) != 0;
}

static smbkit_status duplicate_check(const struct core_request *r, const struct copy_range *x)
{
    const struct core_open *src = ioctl_state(r)->other;
    if (src->is_directory || r->open->is_directory)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (!(src->access & FILE_READ_DATA) || src->volume != r->open->volume ||
        !ioctl_range_valid(x->from, x->length) || !ioctl_range_valid(x->to, x->length))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (x->length > DUPLICATE_MAX && !can_clone(r))
        return SMBKIT_STATUS_NOT_SUPPORTED;
    /* piece by piece it would read what it has just written */
    if (src->file_id == r->open->file_id && overlaps(x))
        return SMBKIT_STATUS_NOT_SUPPORTED;
    return SMBKIT_STATUS_SUCCESS;
}

#define CLUSTER_SIZE 4096u

/* No file grows by it: what would lie behind the end is not copied. */
static enum core_verdict target_known(struct core_request *r)
{
    const struct copy_work *w = copy_work(r);
    struct copy_range *x = w->ranges;
    uint64_t size = r->op.attr.size;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (w->sparse && !(r->op.attr.attributes & SMBKIT_ATTR_SPARSE))
        return request_done(r, SMBKIT_STATUS_NOT_SUPPORTED);
    if (x->to >= size)
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    x->length = MIN(x->length, size - x->to);
    return flow_goto(r, copy_piece);
}

/* Ranges are of whole clusters, but for the last one of the source. */
static enum core_verdict duplicate_known(struct core_request *r)
{
    struct copy_work *w = copy_work(r);
    const struct copy_range *x = w->ranges;
    uint64_t end = x->from + x->length;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (end > r->op.attr.size)
        return request_done(r, SMBKIT_STATUS_NOT_SUPPORTED);
    if (x->from % CLUSTER_SIZE != 0 || x->to % CLUSTER_SIZE != 0 ||
        (end % CLUSTER_SIZE != 0 && end != r->op.attr.size))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    w->sparse = (r->op.attr.attributes & SMBKIT_ATTR_SPARSE) != 0;
    return flow_await(r, vfs_getattr(&r->op, r->open->volume, r->open->file), target_known);
}

/* Locks are in nobody's way: [MS-FSA] notes 91, 92. */
static enum core_verdict duplicate_begin(struct core_request *r)
{
    const struct core_open *src = ioctl_state(r)->other;
    enum core_verdict verdict;
    if (!oplock_clear(r, LEASE_OP_WRITE, &verdict))
        return verdict;
    r->open->touched = true;
    return flow_await(r, vfs_getattr(&r->op, src->volume, src->file), duplicate_known);
}

static enum core_verdict duplicate(struct core_request *r, bool ex)
{
    struct ioctl_state *s = ioctl_state(r);
    struct cursor c = ioctl_input(r);
    struct wire_duplicate_extents in;
    if (!wire_duplicate_extents_decode(&c, &in, ex))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (ex && in.flags != 0) /* nothing here is atomic */
        return request_done(r, SMBKIT_STATUS_NOT_SUPPORTED);
    s->other = open_find(r->session, in.source_persistent, in.source_volatile);
    if (s->other == NULL)
        return request_done(r, SMBKIT_STATUS_INVALID_HANDLE);
    if (in.byte_count == 0)
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    if (!make_work(r, 1))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    struct copy_range *x = copy_work(r)->ranges;
    *x = (struct copy_range){in.source_offset, in.target_offset, in.byte_count};
    if (can_clone(r))
        copy_work(r)->flags = SMBKIT_COPY_CLONE;
    smbkit_status st = duplicate_check(r, x);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    return flow_goto(r, duplicate_begin);
}

enum core_verdict ioctl_duplicate_extents(struct core_request *r)
{
    return duplicate(r, false);
}

enum core_verdict ioctl_duplicate_extents_ex(struct core_request *r)
{
    return duplicate(r, true);
}
