// SPDX-License-Identifier: Apache-2.0
/*
 * Watches of folders, as CHANGE_NOTIFY uses them; what changes is told by the functions in
 * core_int.h. The life of a watch and its limits: notify.c.
 */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include "core/core_int.h"

/* A request that waits for a change: it is resumed, and then takes the changes. */
struct notify_wait {
    struct list link; /* core_watch.waiting */
    struct core_request *request;
};

/* The watch of this open, made by the first request, which alone decides what is watched
   ([MS-SMB2] 3.3.1.3). False: memory is out. */
NODISCARD bool notify_watch(struct core_open *o, uint32_t filter, bool tree);
/* Is there something to tell, and nobody before us who waits for it? */
bool notify_ready(const struct core_open *o);
void notify_wait(struct core_open *o, struct notify_wait *w);
/* Takes all changes. SUCCESS, or NOTIFY_ENUM_DIR when they are not known or longer than `max`: the
   client must list the folder again. */
smbkit_status notify_take(struct core_open *o, struct builder *out, size_t max);

#endif
