// SPDX-License-Identifier: Apache-2.0
/*
 * The few things the program itself does with local files: configuration, password file, state.
 * Shares are the business of plugins, not of this file. Paths are UTF-8.
 * Errors: 0 or a positive errno value. Threads: any.
 */
#ifndef PLAT_FILE_H
#define PLAT_FILE_H

#include "base/compiler.h"

/* Reads a whole file into fresh memory (mem_free; mem_free_secret when it holds secrets), with a
   zero byte behind the end that *len does not count. EFBIG when it is longer than `max`. */
NODISCARD int file_read(const char *path, size_t max, char **data, size_t *len);

/* The same, only when the file is a regular one that belongs to the caller (or root) and nobody
   else may read or write it (mode 0600 or stricter): EPERM otherwise. The check and the reading use
   the same open file, so that it cannot be swapped in between. */
NODISCARD int file_read_private(const char *path, size_t max, char **data, size_t *len);

/* Is there something of that name (that we may see)? */
NODISCARD bool file_exists(const char *path);

/* Reads from an open descriptor at an offset: up to `size` bytes, fewer only at the end of the
   file. -1 when it cannot be read. May wait for the disk. */
NODISCARD int64_t file_read_at(int fd, uint64_t offset, void *dst, size_t size);

/* Replaces the file in one step: a reader sees the old or the new content, never a mixture, also
   after a power failure. The new file has exactly `mode`, whatever the umask. */
NODISCARD int file_replace(const char *path, const void *data, size_t len, unsigned mode);

#endif
