// SPDX-License-Identifier: Apache-2.0
/*
 * The times of a file as one open sees and keeps them ([MS-FSA] 2.1.4.17, 2.1.5.15.2).
 *
 * The plugin keeps the times and updates them at once. Windows does so later, and clients rely on
 * it: the first write through an open shows after TIMES_DELAY, and further ones when the open is
 * flushed or closed, or has a size or times set; a rename shows as a change when it is closed
 * (note 187). So what an open is told is held back here:
 *
 *   write time:  as told --first write--> as told --TIMES_DELAY--> that write's --settle--> true
 *
 * A time that the client has set through the open, or has frozen (-1), is not updated by what this
 * open does until it is thawed (-2): what the plugin has updated is set back.
 */
#ifndef CORE_TIMES_H
#define CORE_TIMES_H

#include <smbkit/vfs.h>
#include <stdbool.h>

struct core_open;

struct core_times {
    uint64_t write, change; /* as this open was told last; 0: never */
    bool writing;           /* it has written, and that was not settled */
    uint64_t due;           /* core.now: the first write shows from then on */
    uint64_t first;   /* its time; 0: the plugin was not asked yet, and our clock is not its */
    bool renamed;     /* `change` is shown until the end */
    bool keep_write;  /* Open.UserSetModificationTime */
    bool keep_change; /* Open.UserSetChangeTime */
    uint64_t kept_write, kept_change;
};

/* Puts what the open is to be told into attributes that the plugin has answered with. */
void times_show(struct core_open *o, struct smbkit_attr *a);
/* The open has written; `after` is what the plugin has answered with, or NULL. */
void times_wrote(struct core_open *o, const struct smbkit_attr *after);
void times_renamed(struct core_open *o);
/* From now on the true times are shown. */
void times_settle(struct core_open *o);
/* What must be set back after the open has changed the data: fields of *a, as SMBKIT_SET_*. */
uint32_t times_kept(const struct core_open *o, struct smbkit_attr *a);

#endif
