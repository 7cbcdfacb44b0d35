// SPDX-License-Identifier: Apache-2.0
/*
 * FileDispositionInformation and -Ex ([MS-FSA] 2.1.5.15.3, 2.1.5.15.4): the plugin says whether the
 * file could go, the lease engine keeps the mark, and the name goes with the last open.
 */
#include "core/cmd/set_info.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/state.h"
#include "wire/info_file.h"

#define DISPOSITION_KNOWN                                                     \
    (FILE_DISPOSITION_DELETE | FILE_DISPOSITION_POSIX_SEMANTICS |             \
     FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK | FILE_DISPOSITION_ON_CLOSE | \
     FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)

static enum core_verdict disposition_mark(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    enum core_verdict verdict;
    set_state(r)->flow.next = disposition_mark;
    if (s->disposition.delete_file && !oplock_clear(r, LEASE_OP_DELETE, &verdict))
        return verdict;
    smbkit_status st = lease_set_disposition(&o->lease, &s->disposition);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (s->disposition.delete_file && o->is_directory)
        notify_deleted(o);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static enum core_verdict disposition_asked(struct core_request *r)
{
    struct set_state *s = set_state(r);
    smbkit_status st = r->op.status;
    s->disposition.directory_not_empty = st == SMBKIT_STATUS_DIRECTORY_NOT_EMPTY;
    if (st != SMBKIT_STATUS_SUCCESS && !s->disposition.directory_not_empty)
        return request_done(r, st);
    return disposition_mark(r);
}

/* Of a stream nobody needs to ask: it has no children and goes without the file. */
static enum core_verdict disposition_attr(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    s->disposition.readonly = (r->op.attr.attributes & SMBKIT_ATTR_READONLY) != 0;
    if (o->stream != NULL)
        return disposition_mark(r);
    return flow_await(r, vfs_can_delete(&r->op, o->volume, o->file, o->is_directory),
                      disposition_asked);
}

static enum core_verdict disposition_begin(struct core_request *r)
{
    struct core_open *o = r->open;
    if (!lease_open_attached(&o->lease))
        return request_done(r, SMBKIT_STATUS_INVALID_PARAMETER);
    if (!set_state(r)->disposition.delete_file)
        return disposition_mark(r);
    if (*o->path == '\0' && o->stream == NULL)
        return request_done(r, SMBKIT_STATUS_CANNOT_DELETE); /* the share itself */
    return flow_await(r, vfs_getattr(&r->op, o->volume, o->file), disposition_attr);
}

enum core_verdict set_disposition(struct core_request *r)
{
    struct cursor c = set_input(r);
    struct wire_info_disposition in;
    if (!wire_info_disposition_decode(&c, &in))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    set_state(r)->disposition.delete_file = in.delete_pending;
    return disposition_begin(r);
}

enum core_verdict set_disposition_ex(struct core_request *r)
{
    struct cursor c = set_input(r);
    struct wire_info_disposition_ex in;
    if (!wire_info_disposition_ex_decode(&c, &in))
        return request_done(r, SMBKIT_STATUS_INFO_LENGTH_MISMATCH);
    if (in.flags & ~DISPOSITION_KNOWN)
        return request_done(r, SMBKIT_STATUS_NOT_SUPPORTED);
    set_state(r)->disposition = (struct lease_disposition){
        .delete_file = (in.flags & FILE_DISPOSITION_DELETE) != 0,
        .posix = (in.flags & FILE_DISPOSITION_POSIX_SEMANTICS) != 0,
        .ignore_readonly = (in.flags & FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE) != 0,
        .on_close = (in.flags & FILE_DISPOSITION_ON_CLOSE) != 0,
    };
    return disposition_begin(r);
}
