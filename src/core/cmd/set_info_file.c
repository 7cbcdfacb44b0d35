// SPDX-License-Identifier: Apache-2.0
/*
 * SET_INFO of files ([MS-SMB2] 3.3.5.21.1, [MS-FSA] 2.1.5.15): what is not a matter of names.
 */
#include "core/cmd/set_info.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/state.h"
#include "wire/info_file.h"
#include "wire/notify_rec.h"

#define SETTABLE                                                                  \
    (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |    \
     FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE | \
     FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)

#define SECTOR_SIZE 512u

/* The plugin has done it: tells the watchers. */
enum core_verdict set_done(struct core_request *r)
{
    struct core_open *o = r->open;
    const struct set_state *s = set_state(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    oplock_parent_touched(o);
    const char *path = meta_stream_path(request_arena(r), r->open);
    bool stream = (s->filter & (FILE_NOTIFY_CHANGE_STREAM_SIZE | FILE_NOTIFY_CHANGE_STREAM_WRITE));
    if (path != NULL)
        notify_changed(o, stream ? path : o->path, s->filter,
                       stream ? FILE_ACTION_MODIFIED_STREAM : FILE_ACTION_MODIFIED);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* ---------------------------------------------------------------- FileBasicInformation */

/* 0: leave it. -1 and -2: "stop" and "go on updating it by itself". */
static bool time_is_set(uint64_t t)
{
    return t != WIRE_TIME_KEEP && t != WIRE_TIME_FREEZE && t != WIRE_TIME_THAW;
}

static bool time_valid(uint64_t t)
{
    return t <= INT64_MAX || t == WIRE_TIME_FREEZE || t == WIRE_TIME_THAW;
}

static smbkit_status basic_check(const struct core_request *r, const struct wire_info_basic *in)
{
    if (!time_valid(in->creation_time) || !time_valid(in->last_access_time) ||
        !time_valid(in->last_write_time) || !time_valid(in->change_time))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((in->attributes & FILE_ATTRIBUTE_DIRECTORY) && !r->open->is_directory)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if ((in->attributes & FILE_ATTRIBUTE_TEMPORARY) && r->open->is_directory)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return SMBKIT_STATUS_SUCCESS;
}

static void basic_time(struct set_state *s, uint64_t value, uint64_t *field, uint32_t which,
                       uint32_t filter)
{
    if (!time_is_set(value))
        return;
    *field = value;
    s->which |= which;
    s->filter |= filter;
}

static void basic_attributes(const struct core_request *r, struct set_state *s, uint32_t value)
{
    uint32_t settable = SETTABLE;
    if (value == 0)
        return;
    if (*r->open->path == '\0') /* the root is never hidden */
        settable &= ~(FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM);
    s->attr.attributes = value & settable;
    if (s->attr.attributes == 0)
        s->attr.attributes = FILE_ATTRIBUTE_NORMAL;
    s->which |= SMBKIT_SET_ATTRIBUTES;
    s->filter |= FILE_NOTIFY_CHANGE_ATTRIBUTES;
}

/* One of the times that writes update: Open.UserSet... and what stays. */
static void basic_keep(uint64_t value, uint64_t current, bool *keep, uint64_t *kept)
{
    if (value == WIRE_TIME_KEEP)
        return;
    *keep = value != WIRE_TIME_THAW;
    *kept = time_is_set(value) ? value : current;
}

/* r->op.attr has the times as they are, when one of them is to be frozen. */
static enum core_verdict basic_apply(struct core_request *r)
{
    struct set_state *s = set_state(r);
    struct core_times *t = &r->open->times;
    const struct wire_info_basic *in = &s->basic;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    times_settle(r->open);
    basic_keep(in->last_write_time, r->op.attr.write_time, &t->keep_write, &t->kept_write);
    basic_keep(in->change_time, r->op.attr.change_time, &t->keep_change, &t->kept_change);
    basic_time(s, in->creation_time, &s->attr.create_time, SMBKIT_SET_CREATE_TIME,
               FILE_NOTIFY_CHANGE_CREATION);
    basic_time(s, in->last_access_time, &s->attr.access_time, SMBKIT_SET_ACCESS_TIME,
               FILE_NOTIFY_CHANGE_LAST_ACCESS);
    basic_time(s, in->last_write_time, &s->attr.write_time, SMBKIT_SET_WRITE_TIME,
               FILE_NOTIFY_CHANGE_LAST_WRITE);
    basic_time(s, in->change_time, &s->attr.change_time, SMBKIT_SET_CHANGE_TIME, 0);
    basic_attributes(r, s, in->attributes);
    if (s->which == 0)
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    if (t->keep_change) { /* else the plugin sets it to now */
        s->attr.change_time = t->kept_change;
        s->which |= SMBKIT_SET_CHANGE_TIME;
    }
    return flow_await(r, vfs_setattr(&r->op, r->open->volume, r->open->file, &s->attr, s->which),
                      set_done);
}

/* [MS-FSA] 2.1.5.15.2 */
static enum core_verdict set_basic(struct core_request *r)
{
    struct set_state *s = set_state(r);
    struct cursor c = set_input(r);
    if (!wire_info_basic_decode(&c, &s->basic))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    smbkit_status st = basic_check(r, &s->basic);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    r->op.status = SMBKIT_STATUS_SUCCESS;
    if (s->basic.last_write_time != WIRE_TIME_FREEZE && s->basic.change_time != WIRE_TIME_FREEZE)
        return basic_apply(r);
    return flow_await(r, vfs_getattr(&r->op, r->open->volume, r->open->file), basic_apply);
}

/* ---------------------------------------------------------------- sizes */

/* The size is set: times that the client has set stay as they are. */
static enum core_verdict size_set(struct core_request *r)
{
    struct core_open *o = r->open;
    struct smbkit_attr kept = {0};
    uint32_t which = times_kept(o, &kept);
    if (r->op.status != SMBKIT_STATUS_SUCCESS || which == 0)
        return set_done(r);
    return flow_await(r, vfs_setattr(&r->op, o->volume, o->file, &kept, which), set_done);
}

static smbkit_status size_check(struct core_request *r, uint64_t size)
{
    struct set_state *s = set_state(r);
    if (r->open->is_directory || size > INT64_MAX)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    times_settle(r->open);
    s->filter = r->open->stream != NULL
                    ? FILE_NOTIFY_CHANGE_STREAM_SIZE | FILE_NOTIFY_CHANGE_STREAM_WRITE
                    : FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE;
    return SMBKIT_STATUS_SUCCESS;
}

static enum core_verdict set_end_of_file(struct core_request *r)
{
    enum core_verdict verdict;
    struct cursor c = set_input(r);
    struct wire_info_end_of_file in;
    if (!wire_info_end_of_file_decode(&c, &in))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    smbkit_status st = size_check(r, in.end_of_file);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (!oplock_clear(r, LEASE_OP_SIZE, &verdict))
        return verdict;
    return flow_await(r, vfs_set_size(&r->op, r->open->volume, r->open->file, in.end_of_file),
                      size_set);
}

static enum core_verdict set_allocation(struct core_request *r)
{
    enum core_verdict verdict;
    struct cursor c = set_input(r);
    struct wire_info_allocation in;
    if (!wire_info_allocation_decode(&c, &in))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    smbkit_status st = size_check(r, in.allocation_size);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (!oplock_clear(r, LEASE_OP_SIZE, &verdict))
        return verdict;
    return flow_await(r, vfs_set_alloc(&r->op, r->open->volume, r->open->file, in.allocation_size),
                      size_set);
}

/* Would show what was on the disk before; needs a privilege that nobody has here
   ([MS-FSA] 2.1.5.15.15). */
static enum core_verdict set_valid_data_length(struct core_request *r)
{
    return request_done(r, SMBKIT_STATUS_PRIVILEGE_NOT_HELD);
}

/* ---------------------------------------------------------------- state of the open */

static enum core_verdict set_position(struct core_request *r)
{
    struct core_open *o = r->open;
    struct cursor c = set_input(r);
    struct wire_info_position in;
    if (!wire_info_position_decode(&c, &in))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    if (in.current_byte_offset > INT64_MAX ||
        ((o->mode & FILE_NO_INTERMEDIATE_BUFFERING) && in.current_byte_offset % SECTOR_SIZE != 0))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    o->position = in.current_byte_offset;
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

#define MODE_SYNCHRONOUS (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)
#define MODE_SETTABLE    (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | MODE_SYNCHRONOUS)

/* [MS-FSA] 2.1.5.15.8 */
static enum core_verdict set_mode(struct core_request *r)
{
    struct core_open *o = r->open;
    struct cursor c = set_input(r);
    struct wire_info_mode in;
    if (!wire_info_mode_decode(&c, &in))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    bool synchronous = (in.mode & MODE_SYNCHRONOUS) != 0;
    if ((in.mode & ~MODE_SETTABLE) || synchronous != ((o->mode & MODE_SYNCHRONOUS) != 0) ||
        (in.mode & MODE_SYNCHRONOUS) == MODE_SYNCHRONOUS)
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    uint32_t settable = MODE_SETTABLE;
    if (o->mode & FILE_NO_INTERMEDIATE_BUFFERING)
        settable &= ~FILE_WRITE_THROUGH;
    o->mode = (o->mode & ~settable) | (in.mode & settable);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* ---------------------------------------------------------------- what is not there */

static enum core_verdict set_pipe(struct core_request *r)
{
    return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
}

/* Needs SeRestorePrivilege, which nobody has here ([MS-FSA] 2.1.5.15.14). */
static enum core_verdict set_short_name(struct core_request *r)
{
    const struct core_open *o = r->open;
    if (o->stream != NULL || *o->path == '\0')
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (lease_open_attached(&o->lease) &&
        (lease_open_delete_pending(&o->lease) || o->lease.args.delete_on_close))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    return request_done(r, SMBKIT_STATUS_PRIVILEGE_NOT_HELD);
}

static const struct set_class classes[] = {
    {FileBasicInformation, set_basic},
    {FileRenameInformation, set_rename},
    {FileLinkInformation, set_link},
    {FileDispositionInformation, set_disposition},
    {FilePositionInformation, set_position},
    {FileFullEaInformation, set_full_ea},
    {FileModeInformation, set_mode},
    {FileAllocationInformation, set_allocation},
    {FileEndOfFileInformation, set_end_of_file},
    {FilePipeInformation, set_pipe},
    {FileValidDataLengthInformation, set_valid_data_length},
    {FileShortNameInformation, set_short_name},
    {FileDispositionInformationEx, set_disposition_ex},
    {FileRenameInformationEx, set_rename_ex},
};

const struct set_class *set_file_class(uint8_t num)
{
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (classes[i].num == num)
            return &classes[i];
    return NULL;
}
