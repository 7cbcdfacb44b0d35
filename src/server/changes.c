// SPDX-License-Identifier: Apache-2.0
/*
 * Changes that plugins tell of (smbkit_notify), on their way to the loop and the core, in order.
 *
 * The plugin may hold its locks and be on any thread: nothing of it is called here, an event is
 * only queued, with a reference to its volume. Whatever the loop does next in the core, it first
 * passes on what is queued (server_enter). So a client that has seen an answer also sees what the
 * plugin told of before it gave that answer: the event was queued first.
 *
 * Each volume may have so many events in the queue (a plugin that tells more than the loop can pass
 * on would fill the memory). What comes on top is lost, and that is told too: the core makes those
 * who watch the volume list their folders again. Other volumes lose nothing.
 *
 * At the end (changes_closed) nothing is queued any more: events would keep volumes from going.
 */
#include "base/mem.h"
#include "server/server_int.h"
#include <string.h>

#define CHANGES_MAX       65536
#define CHANGES_BYTES_MAX (16u << 20)

struct change {
    struct list link;
    struct vfs_volume *volume; /* a reference */
    const char *user;          /* in `text`; NULL: everybody sees it */
    uint32_t action;
    char text[]; /* the path, then the user */
};

static struct change *change_new(const char *user, const char *path, uint32_t action, size_t size)
{
    struct change *c = mem_alloc(sizeof(*c) + size);
    if (c == NULL)
        return NULL;
    size_t path_size = strlen(path) + 1;
    c->action = action;
    c->user = user != NULL ? c->text + path_size : NULL;
    memcpy(c->text, path, path_size);
    if (user != NULL)
        memcpy(c->text + path_size, user, size - path_size);
    return c;
}

enum queueing { QUEUED, REFUSED, LOST };

/* Without `c` there was no memory for it. */
static enum queueing queue_change(struct server_changes *of, struct vfs_volume *volume,
                                  struct change *c, size_t size)
{
    struct smbkit_server *s = of->server;
    ASSERT_HELD(&s->answers_lock);
    if (of->round != s->changes_round) { /* the loop has taken what was counted */
        of->round = s->changes_round;
        of->count = of->bytes = 0;
    }
    /* lost already; or the volume is on its way out, and nobody watches */
    if (of->lost != NULL || vfs_volume_try_ref(volume) == NULL)
        return REFUSED;
    if (c == NULL || of->count == CHANGES_MAX || size > CHANGES_BYTES_MAX - of->bytes) {
        of->lost = volume;
        list_append(&s->changes_lost, &of->link);
        return LOST;
    }
    c->volume = volume;
    of->count++;
    of->bytes += size;
    list_append(&s->changes, &c->link);
    return QUEUED;
}

void server_changed(struct server_changes *of, struct vfs_volume *volume, const char *user,
                    const char *path, uint32_t action)
{
    struct smbkit_server *s = of->server;
    if (atomic_load(&s->changes_closed))
        return;
    size_t size = strlen(path) + 1 + (user != NULL ? strlen(user) + 1 : 0);
    struct change *c = change_new(user, path, action, size);
    mutex_lock(&s->answers_lock);
    enum queueing q = queue_change(of, volume, c, size);
    bool wake = q != REFUSED && !s->changes_posted;
    if (q != REFUSED) {
        s->changes_posted = true;
        atomic_store(&s->changes_waiting, true);
    }
    mutex_unlock(&s->answers_lock);
    if (wake)
        loop_post(s->loop, &s->changes_task);
    if (q != QUEUED)
        mem_free(c);
    if (q == LOST)
        LOGW(&s->log, "a plugin tells of more changes than can be passed on; some are lost, and "
                      "watching clients list their folders again");
}

static void take(struct smbkit_server *s, struct list *events, struct list *lost)
{
    mutex_lock(&s->answers_lock);
    atomic_store(&s->changes_waiting, false);
    s->changes_round++;
    list_splice(events, &s->changes);
    list_splice(lost, &s->changes_lost);
    mutex_unlock(&s->answers_lock);
}

/* From now on its changes are queued again; what is lost by now the core will be told. */
static struct vfs_volume *lost_volume(struct smbkit_server *s, struct server_changes *of)
{
    mutex_lock(&s->answers_lock);
    struct vfs_volume *v = of->lost;
    of->lost = NULL;
    mutex_unlock(&s->answers_lock);
    return v;
}

/* Without a core, at the end, they are only dropped. */
void server_changes_pass(struct smbkit_server *s)
{
    struct list events, lost, *it;
    if (!atomic_load(&s->changes_waiting))
        return;
    list_init(&events);
    list_init(&lost);
    take(s, &events, &lost);
    while ((it = list_pop(&events)) != NULL) {
        struct change *c = LIST_ENTRY(it, struct change, link);
        if (s->core != NULL)
            core_volume_changed(s->core, c->volume, c->user, c->text, c->action);
        vfs_volume_unref(c->volume);
        mem_free(c);
    }
    while ((it = list_pop(&lost)) != NULL) {
        struct vfs_volume *v = lost_volume(s, LIST_ENTRY(it, struct server_changes, link));
        if (s->core != NULL)
            core_volume_lost(s->core, v);
        vfs_volume_unref(v); /* the struct server_changes may go with it */
    }
}

static void changes_run(struct loop_task *task)
{
    struct smbkit_server *s = CONTAINER_OF(task, struct smbkit_server, changes_task);
    mutex_lock(&s->answers_lock);
    s->changes_posted = false;
    mutex_unlock(&s->answers_lock);
    if (s->core == NULL) {
        server_changes_pass(s);
        return;
    }
    server_enter(s); /* passes them on, unless that has happened already */
    server_leave(s);
}

void server_changes_init(struct smbkit_server *s)
{
    list_init(&s->changes);
    list_init(&s->changes_lost);
    s->changes_task.run = changes_run;
}
