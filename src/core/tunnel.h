// SPDX-License-Identifier: Apache-2.0
/*
 * The tunnel cache ([MS-FSA] 2.1.1.2): who removes a file by its short name and makes it again at
 * once, as programs do to save, gets its long name back. Only names are kept, not creation times.
 */
#ifndef CORE_TUNNEL_H
#define CORE_TUNNEL_H

#include "base/arena.h"
#include <stdint.h>

#define TUNNEL_MAX     16 /* names, the oldest goes first: bounds what clients make us keep */
#define TUNNEL_SECONDS 15

struct core;
struct vfs_volume;

struct core_tunnel {
    struct {
        uint64_t volume;
        uint64_t until; /* core.now */
        char *path;     /* mem.h; NULL: none */
    } entries[TUNNEL_MAX];
    unsigned next;
};

/* The file with this path was removed by its short name. */
void tunnel_keep(struct core *c, const struct vfs_volume *v, const char *path);
/* Something is to be made with this path, the last part of which may be a short name: the path with
   the long name, taken out of the cache, or NULL. In the arena. */
char *tunnel_take(struct core *c, const struct vfs_volume *v, const char *path, struct arena *a);
void tunnel_clear(struct core *c);

#endif
