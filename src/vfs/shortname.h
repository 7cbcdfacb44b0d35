// SPDX-License-Identifier: Apache-2.0
/*
 * Short names, of the form 8.3 ([MS-FSCC] 2.1.5.2.1). A name of that form is its own; any other
 * gets one that is made of the name alone: some of its letters and a hash. Nobody keeps it, it is
 * the same tomorrow, and the file is found by it again by making those of all names in the folder.
 * Two names in one folder may get the same one; then the one that is listed first is meant.
 */
#ifndef VFS_SHORTNAME_H
#define VFS_SHORTNAME_H

#include <stdbool.h>
#include <stddef.h>

#define VFS_SHORT_MAX 12 /* characters */

/* Has the name that form? */
bool vfs_short_is(const char *name, size_t len);
/* The short name of one that has not. Ends with a NUL. */
void vfs_short_make(const char *name, size_t len, char out[VFS_SHORT_MAX + 1]);
/* Could it have been made by vfs_short_make? */
bool vfs_short_looks(const char *name, size_t len);
/* Is `name` one for which vfs_short_make makes that? */
bool vfs_short_names(const char *short_name, size_t short_len, const char *name, size_t len);

#endif
