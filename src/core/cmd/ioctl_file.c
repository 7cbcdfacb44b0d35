// SPDX-License-Identifier: Apache-2.0
/* Control codes of file systems ([MS-FSCC] 2.3, [MS-FSA] 2.1.5.10). */
#include "base/checked.h"
#include "core/cmd/ioctl.h"
#include "core/cmd/object_id.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/rights.h"
#include "core/state.h"
#include "lease/lock.h"
#include "wire/fsctl_file.h"
#include "wire/info_file.h"
#include "wire/notify_rec.h"

static enum core_verdict written(struct core_request *r)
{
    if (r->op.status == SMBKIT_STATUS_SUCCESS)
        ioctl_tell_written(r->open);
    return request_done(r, r->op.status);
}

/* ---------------------------------------------------------------- SET_SPARSE, SET_ZERO_DATA */

/* Tells the watchers. */
static enum core_verdict attribute_set(struct core_request *r)
{
    const struct core_open *o = r->open;
    if (r->op.status == SMBKIT_STATUS_SUCCESS)
        notify_changed(o, o->path, FILE_NOTIFY_CHANGE_ATTRIBUTES, FILE_ACTION_MODIFIED);
    return request_done(r, r->op.status);
}

/* [MS-FSA] 2.1.5.10.38; without a buffer it means "set" ([MS-FSCC] 2.3.83). */
enum core_verdict ioctl_set_sparse(struct core_request *r)
{
    const struct core_open *o = r->open;
    const struct wire_blob *in = &r->in.ioctl.input;
    if (o->is_directory)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (!(vfs_volume_capabilities(o->volume) & SMBKIT_CAP_SPARSE))
        return request_done(r, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    if (!(request_access(r) & (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_ATTRIBUTES)))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    bool on = in->len == 0 || in->data[0] != 0;
    return flow_await(r, vfs_set_sparse(&r->op, o->volume, o->file, on), attribute_set);
}

enum core_verdict ioctl_zero_data(struct core_request *r)
{
    struct core_open *o = r->open;
    struct cursor c = ioctl_input(r);
    struct wire_zero_data in;
    if (!wire_zero_data_decode(&c, &in) || in.beyond_final_zero > INT64_MAX ||
        in.file_offset > in.beyond_final_zero || o->is_directory)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (!(request_access(r) & FILE_WRITE_DATA)) /* appending is not enough: [MS-FSA] 2.1.5.10.39 */
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    uint64_t length = in.beyond_final_zero - in.file_offset;
    if (length == 0)
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    enum core_verdict verdict;
    if (!oplock_clear(r, LEASE_OP_ZERO, &verdict))
        return verdict;
    smbkit_status st = lease_check_io(&o->lease, in.file_offset, length, true);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    o->touched = true;
    return flow_await(r, vfs_zero_range(&r->op, o->volume, o->file, in.file_offset, length),
                      written);
}

/* ---------------------------------------------------------------- QUERY_ALLOCATED_RANGES */

static enum core_verdict ranges_known(struct core_request *r)
{
    struct builder *out = &ioctl_state(r)->out;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    size_t room = r->in.ioctl.max_output_response / WIRE_RANGE_SIZE;
    size_t n = MIN(r->op.range_count, room);
    if (n == 0 && r->op.range_count > 0)
        return request_done(r, SMBKIT_STATUS_BUFFER_TOO_SMALL);
    for (size_t i = 0; i < n; i++) {
        struct wire_range range = {r->op.ranges[i].offset, r->op.ranges[i].length};
        wire_range_encode(out, &range);
    }
    r->with_body = true;
    return request_done(r, n < r->op.range_count ? SMBKIT_STATUS_BUFFER_OVERFLOW
                                                 : SMBKIT_STATUS_SUCCESS);
}

/* [MS-FSA] 2.1.5.10.22 */
enum core_verdict ioctl_allocated_ranges(struct core_request *r)
{
    struct core_open *o = r->open;
    struct cursor c = ioctl_input(r);
    struct wire_range in;
    if (!wire_range_decode(&c, &in) || !ioctl_range_valid(in.file_offset, in.length) ||
        o->is_directory)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (in.length == 0)
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    return flow_await(r,
                      vfs_allocated_ranges(&r->op, o->volume, o->file, in.file_offset, in.length),
                      ranges_known);
}

/* ---------------------------------------------------------------- FILE_LEVEL_TRIM */

#define PAGE_SIZE_USUAL 4096u

struct trim_work {
    struct wire_trim_req in;
    uint32_t at;
};

static flow_step trim_next;

static enum core_verdict trimmed(struct core_request *r)
{
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    return flow_goto(r, trim_next);
}

/* Only whole pages go. */
static bool trim_pages(const struct wire_range *x, uint64_t *from, uint64_t *to)
{
    uint64_t end = x->file_offset + x->length;
    *from = align_up(x->file_offset, PAGE_SIZE_USUAL);
    *to = end - end % PAGE_SIZE_USUAL;
    return *from < *to;
}

static enum core_verdict trim_next(struct core_request *r)
{
    struct trim_work *w = ioctl_state(r)->work;
    uint64_t from, to;
    while (w->at < w->in.range_count)
        if (trim_pages(&w->in.ranges[w->at++], &from, &to))
            return flow_await(
                r, vfs_zero_range(&r->op, r->open->volume, r->open->file, from, to - from),
                trimmed);
    struct wire_trim_rsp rsp = {.ranges_processed = w->in.range_count};
    if (r->in.ioctl.max_output_response != 0)
        wire_trim_rsp_encode(&ioctl_state(r)->out, &rsp);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* The client no longer needs these bytes ([MS-FSA] 2.1.5.10.6). Where there are no holes nothing is
   done about it, which is one of the ways to follow a hint. */
enum core_verdict ioctl_trim(struct core_request *r)
{
    struct core_open *o = r->open;
    struct cursor c = ioctl_input(r);
    struct trim_work *w = arena_alloc(request_arena(r), sizeof *w);
    uint32_t room = r->in.ioctl.max_output_response;
    enum core_verdict verdict;
    if (w == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    ioctl_state(r)->work = w;
    if (!wire_trim_req_decode(&c, request_arena(r), &w->in) || w->in.key != 0 ||
        w->in.range_count == 0 || o->is_directory || (room != 0 && room < 4))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    for (uint32_t i = 0; i < w->in.range_count; i++) {
        const struct wire_range *x = &w->in.ranges[i];
        if (!ioctl_range_valid(x->file_offset, x->length))
            return request_done(r, SMBKIT_STATUS_INTEGER_OVERFLOW);
        smbkit_status st = lease_check_io(&o->lease, x->file_offset, x->length, true);
        if (st != SMBKIT_STATUS_SUCCESS)
            return request_done(r, st);
    }
    if (!(vfs_volume_capabilities(o->volume) & SMBKIT_CAP_SPARSE))
        w->at = w->in.range_count;
    if (!oplock_clear(r, LEASE_OP_ZERO, &verdict))
        return verdict;
    return flow_goto(r, trim_next);
}

/* ---------------------------------------------------------------- object ids */

/* [MS-FSA] 2.1.5.10.1, 2.1.5.10.12: every file has one, and nobody can change it. */
enum core_verdict ioctl_object_id(struct core_request *r)
{
    static const uint8_t no_domain[16];
    struct builder *out = &ioctl_state(r)->out;
    const struct guid file = object_id_of_file(r->open);
    const struct guid volume = object_id_of_volume(request_core(r), r->open->volume);
    builder_bytes(out, file.b, sizeof file.b);
    builder_bytes(out, volume.b, sizeof volume.b); /* BirthVolumeId */
    builder_bytes(out, file.b, sizeof file.b);     /* BirthObjectId */
    builder_bytes(out, no_domain, sizeof no_domain);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* ---------------------------------------------------------------- compression */

static enum core_verdict compression_known(struct core_request *r)
{
    struct wire_compression_state rsp = {.state = COMPRESSION_FORMAT_NONE};
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    if (r->op.attr.attributes & SMBKIT_ATTR_COMPRESSED)
        rsp.state = COMPRESSION_FORMAT_LZNT1;
    wire_compression_state_encode(&ioctl_state(r)->out, &rsp);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* [MS-FSA] 2.1.5.10.9 */
enum core_verdict ioctl_get_compression(struct core_request *r)
{
    return flow_await(r, vfs_getattr(&r->op, r->open->volume, r->open->file), compression_known);
}

/* [MS-FSA] 2.1.5.10.30. Volumes without compression answer as ReFS: note 130. */
enum core_verdict ioctl_set_compression(struct core_request *r)
{
    struct cursor c = ioctl_input(r);
    struct wire_compression_state in;
    if (!wire_compression_state_decode(&c, &in) || in.state > COMPRESSION_FORMAT_LZNT1)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    bool on = in.state != COMPRESSION_FORMAT_NONE;
    if (!(vfs_volume_capabilities(r->open->volume) & SMBKIT_CAP_COMPRESSION))
        return request_done(r, on ? SMBKIT_STATUS_NOT_SUPPORTED : SMBKIT_STATUS_SUCCESS);
    return flow_await(r, vfs_set_compression(&r->op, r->open->volume, r->open->file, on),
                      attribute_set);
}
