// SPDX-License-Identifier: Apache-2.0
/* Snapshots: the list of a share's earlier states, the newest first. */
#include "core/snapshot.h"
#include "base/mem.h"
#include "base/ntime.h"
#include "core/durable.h"
#include "core/oplock.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "wire/fsctl_srv.h"
#include <string.h>

static struct core_snapshot *find(const struct core_share *s, uint64_t second)
{
    LIST_FOREACH (it, &s->snapshots) {
        if (snapshot_of(it)->second == second)
            return snapshot_of(it);
    }
    return NULL;
}

struct vfs_volume *snapshot_find(const struct core_share *s, uint64_t time)
{
    struct core_snapshot *x = find(s, time / NTIME_PER_S);
    return x != NULL ? x->volume : NULL;
}

static void snapshot_free(struct core_snapshot *x)
{
    list_remove(&x->link);
    vfs_volume_unref(x->volume);
    mem_free(x);
}

void snapshots_free(struct core_share *s)
{
    LIST_FOREACH_SAFE (it, tmp, &s->snapshots)
        snapshot_free(snapshot_of(it));
}

/* In front of the first one that is older. */
static void insert(struct core_share *s, struct core_snapshot *x)
{
    struct list *it = s->snapshots.next;
    while (it != &s->snapshots && snapshot_of(it)->second > x->second)
        it = it->next;
    list_insert_before(it, &x->link);
    s->snapshot_count++;
}

static void take_away(struct core_share *s, struct core_snapshot *x)
{
    oplock_volume_left(s->core, x->volume);
    durable_drop_volume(s->core, x->volume);
    s->snapshot_count--;
    snapshot_free(x);
}

static smbkit_status set(struct core_share *s, uint64_t second, struct vfs_volume *volume)
{
    struct core_snapshot *old = find(s, second), *x = NULL;
    if (old == NULL && volume == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (old == NULL && s->snapshot_count == WIRE_SNAPSHOTS_MAX)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (volume != NULL) {
        x = mem_zalloc(sizeof *x);
        if (x == NULL)
            return SMBKIT_STATUS_NO_MEMORY;
        vfs_volume_freeze(volume);
        *x = (struct core_snapshot){.second = second, .volume = vfs_volume_ref(volume)};
    }
    if (old != NULL)
        take_away(s, old);
    if (x != NULL)
        insert(s, x);
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status core_snapshot_set(struct core *c, const char *share, uint64_t time,
                                struct vfs_volume *volume)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    struct core_share *s = share_find(c, share, strlen(share));
    if (s == NULL)
        return SMBKIT_STATUS_BAD_NETWORK_NAME;
    smbkit_status st = set(s, time / NTIME_PER_S, volume);
    share_unref(s);
    return st;
}
