// SPDX-License-Identifier: Apache-2.0
/*
 * Who sees a change. On a volume where each user sees files of his own (SMBKIT_CAP_PER_USER) one
 * path means several files: what one user does there, or what the plugin says of his files,
 * concerns his own opens only, their watches and what is cached for them. Who else sees the same
 * file there, only the plugin knows.
 */
#ifndef CORE_VIEWER_H
#define CORE_VIEWER_H

#include <stdbool.h>

struct core_open;

/* The user whose files this open sees, or NULL where everybody sees the same. */
const char *viewer_of(const struct core_open *o);
/* Who has the open, as plugins know him. */
const char *viewer_user(const struct core_open *o);
/* Is it also this open that sees what `user` (NULL: everybody) sees? */
bool viewer_sees(const struct core_open *o, const char *user);

#endif
