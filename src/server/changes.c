// SPDX-License-Identifier: Apache-2.0
/*
 * Changes that plugins tell of (smbkit_notify), on their way to the loop and the core, in order.
 *
 * The plugin may hold its locks and be on any thread: nothing of it is called here, an event is
 * only queued, with a reference to its volume. The queue is bounded: a plugin that tells more than
 * the loop can pass on loses events, with one line in the log each time the queue fills. At the end
 * (changes_closed) nothing is queued any more: events would keep volumes from going.
 */
#include "base/mem.h"
#include "server/server_int.h"
#include <string.h>

/* Events that wait; what it stops is a plugin that fills the memory. */
#define CHANGES_MAX 65536

struct change {
    struct list link;
    struct vfs_volume *volume; /* a reference */
    uint32_t action;
    char path[];
};

enum queueing {
    QUEUED,
    QUEUED_FIRST, /* somebody must call the loop */
    LOST,
    LOST_FIRST, /* since something was queued */
};

static enum queueing queue_change(struct smbkit_server *s, struct change *c,
                                  struct vfs_volume *volume)
{
    enum queueing result = s->changes_full ? LOST : LOST_FIRST;
    ASSERT_HELD(&s->answers_lock);
    if (s->changes_count == CHANGES_MAX) {
        s->changes_full = true;
        return result;
    }
    s->changes_full = false;
    c->volume = vfs_volume_try_ref(volume);
    if (c->volume == NULL)
        return LOST; /* the volume is on its way out: nobody watches */
    list_append(&s->changes, &c->link);
    return s->changes_count++ == 0 ? QUEUED_FIRST : QUEUED;
}

void server_changed(struct smbkit_server *s, struct vfs_volume *volume, const char *user,
                    const char *path, uint32_t action)
{
    /* What only one user sees must not reach the watches of others, and the core cannot tell them
       apart. */
    if (user != NULL || atomic_load(&s->changes_closed))
        return;
    size_t size = strlen(path) + 1;
    struct change *c = mem_alloc(sizeof(*c) + size);
    if (c == NULL)
        return;
    c->action = action;
    memcpy(c->path, path, size);
    mutex_lock(&s->answers_lock);
    enum queueing q = queue_change(s, c, volume);
    mutex_unlock(&s->answers_lock);
    if (q == QUEUED_FIRST)
        loop_post(s->loop, &s->changes_task);
    if (q == LOST || q == LOST_FIRST)
        mem_free(c);
    if (q == LOST_FIRST)
        LOGW(&s->log, "a plugin tells of more changes than can be passed on; some are lost");
}

static void changes_run(struct loop_task *task)
{
    struct smbkit_server *s = CONTAINER_OF(task, struct smbkit_server, changes_task);
    struct list batch, *it;
    list_init(&batch);
    mutex_lock(&s->answers_lock);
    list_splice(&batch, &s->changes);
    s->changes_count = 0;
    mutex_unlock(&s->answers_lock);
    if (s->core != NULL)
        server_enter(s);
    while ((it = list_pop(&batch)) != NULL) {
        struct change *c = LIST_ENTRY(it, struct change, link);
        if (s->core != NULL)
            core_volume_changed(s->core, c->volume, NULL, c->path, c->action);
        vfs_volume_unref(c->volume);
        mem_free(c);
    }
    if (s->core != NULL)
        server_leave(s);
}

void server_changes_init(struct smbkit_server *s)
{
    list_init(&s->changes);
    s->changes_task.run = changes_run;
}
