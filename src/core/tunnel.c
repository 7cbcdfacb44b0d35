// SPDX-License-Identifier: Apache-2.0
/* Names of files that were removed by their short names. */
#include "core/tunnel.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/state.h"
#include "vfs/name.h"
#include "vfs/shortname.h"
#include <string.h>

void tunnel_keep(struct core *c, const struct vfs_volume *v, const char *path)
{
    struct core_tunnel *t = &c->tunnel;
    char *copy = mem_strdup(path);
    unsigned at = t->next++ % TUNNEL_MAX;
    mem_free(t->entries[at].path);
    t->entries[at].path = copy;
    t->entries[at].volume = vfs_volume_id(v);
    t->entries[at].until = c->now + TUNNEL_SECONDS * UINT64_C(1000000000);
}

/* Same folder, and the short name of the one that was removed. */
static bool meant(const char *path, const char *removed)
{
    size_t len = strlen(path), base = vfs_path_base(path, len);
    size_t other_len = strlen(removed), other = vfs_path_base(removed, other_len);
    return utf8_casecmp(path, base, removed, other) == 0 &&
           vfs_short_names(path + base, len - base, removed + other, other_len - other);
}

char *tunnel_take(struct core *c, const struct vfs_volume *v, const char *path, struct arena *a)
{
    struct core_tunnel *t = &c->tunnel;
    for (unsigned i = 0; i < TUNNEL_MAX; i++) {
        char *removed = t->entries[i].path;
        if (removed == NULL || t->entries[i].volume != vfs_volume_id(v) ||
            c->now > t->entries[i].until || !meant(path, removed))
            continue;
        t->entries[i].path = NULL;
        char *out = arena_strndup(a, removed, strlen(removed));
        mem_free(removed);
        return out;
    }
    return NULL;
}

void tunnel_clear(struct core *c)
{
    for (unsigned i = 0; i < TUNNEL_MAX; i++)
        mem_free(c->tunnel.entries[i].path);
}
