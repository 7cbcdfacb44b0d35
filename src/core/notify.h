// SPDX-License-Identifier: Apache-2.0
/*
 * Change notification ([MS-SMB2] 3.3.1.3, [MS-FSA] 2.1.4.1, 2.1.5.11): the watches of folders, as
 * CHANGE_NOTIFY uses them, and those who tell what has changed.
 *
 * A watch begins with the first CHANGE_NOTIFY on an open and ends with the open, which owns it.
 * From then on changes are kept for it, also while no request waits, so that a client which asks
 * again at once misses nothing. What is kept is bounded: when it would grow above what the first
 * request had room for, as with Windows, or above NOTIFY_BUFFER_MAX (a client that never asks again
 * while others write) everything is dropped and the next request is told to list the folder again.
 *
 *   changes: empty --notify_changed--> some --more than the maximum--> overflow
 *               ^                        |                                 |
 *               '------notify_take-------+---------------------------------'
 *
 * With access-based enumeration (visible.h) a watch tells only what its user may read, and what he
 * has done himself. Each change is judged before it is taken, by the request that takes it.
 *
 * Invariant: while requests wait, there is nothing to take. A change completes the oldest one.
 */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/list.h"
#include <smbkit/status.h>

struct core;
struct core_open;
struct core_request;
struct core_share;
struct vfs_volume;

/* Something changed through this open: tells the watching folders. `filter` is a set of
   FILE_NOTIFY_CHANGE_*, `action` a FILE_ACTION_*. `path` as in smbkit/vfs.h. What plugins change by
   themselves is told by core_volume_changed. */
void notify_changed(const struct core_open *by, const char *path, uint32_t filter, uint32_t action);
/* Old and new name in one go (FILE_ACTION_RENAMED_OLD_NAME / _NEW_NAME when both lie in the watched
   folder, REMOVED / ADDED otherwise). */
void notify_renamed(const struct core_open *by, const char *from, const char *to);
/* The share has another volume: who watches a folder of it is told to list it again, and hears of
   the new volume from then on. */
void notify_replaced(struct core_share *s);
/* The open goes: forgets its watch (its waiting requests are completed as waiters). */
void notify_forget(struct core_open *o);
/* The open's folder was deleted: who watches it gets DELETE_PENDING. */
void notify_deleted(const struct core_open *by);

/* A request that waits for a change: it is resumed, and then takes the changes. */
struct notify_wait {
    struct list link; /* core_watch.waiting */
    struct core_request *request;
};

/* The watch of this open, made by the first request, which alone decides what is watched
   ([MS-SMB2] 3.3.1.3). False: memory is out. */
NODISCARD bool notify_watch(struct core_open *o, uint32_t filter, bool tree, size_t room);
/* The plugin answers the watch: with NOT_SUPPORTED or NOT_IMPLEMENTED nobody is told of anything,
   now and later; with any other error only of what goes through the server. */
void notify_answered(struct core_open *o, smbkit_status status);
/* What every request for this watch is refused with, or SUCCESS. */
smbkit_status notify_refusal(const struct core_open *o);
/* The watched folder is no longer there, the plugin says: waiting is in vain. */
bool notify_gone(const struct core_open *o);
/* Is there something to tell, and nobody before us who waits for it? */
bool notify_ready(const struct core_open *o);
/* Is there something to tell? */
bool notify_any(const struct core_open *o);
void notify_wait(struct core_open *o, struct notify_wait *w);
/* Each change has a number for those who judge it. The first that nobody has judged yet, as a path
   in the arena; NULL with *id 0: there is none. NULL with *id: memory is out. */
const char *notify_unjudged(const struct core_open *o, struct arena *a, uint64_t *id);
enum notify_verdict {
    NOTIFY_TELL,
    NOTIFY_HIDE,
    NOTIFY_UNKNOWN, /* it is not there any more: to be seen from a new listing */
};
/* It may be gone already. */
void notify_judge(struct core_open *o, uint64_t id, enum notify_verdict v);
/* Takes all changes. SUCCESS, or NOTIFY_ENUM_DIR when they are not known or longer than `max`: the
   client must list the folder again. */
smbkit_status notify_take(struct core_open *o, struct builder *out, size_t max);

#endif
