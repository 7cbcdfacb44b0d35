// SPDX-License-Identifier: Apache-2.0
/*
 * How operations of volumes run: calls that may block go to the worker pool, answers come back to
 * the loop.
 *
 * One struct server_exec for each volume; it lives from before the volume until the volume is gone.
 * Its queue in the pool limits how many workers one share can take.
 */
#include "base/mem.h"
#include "plat/clock.h"
#include "plat/file.h"
#include "server/server_int.h"

/* Waiting calls of one share: beyond that clients get INSUFFICIENT_RESOURCES. Far more than the
   credits of a few hundred connections; what it stops is a plugin that hangs. */
#define QUEUE_MAX 65536

struct server_exec {
    struct smbkit_server *server;
    struct pool_owner *owner; /* NULL for plugins that never block */
    struct server_changes changes;
};

struct exec_job {
    struct pool_work work;
    struct vfs_op *op;
    void (*fn)(struct vfs_op *op);
};

static void job_run(struct pool_work *w)
{
    struct exec_job *job = CONTAINER_OF(w, struct exec_job, work);
    job->fn(job->op);
}

static void job_done(struct pool_work *w)
{
    mem_free(CONTAINER_OF(w, struct exec_job, work));
}

static bool exec_run(void *ctx, struct vfs_op *op, void (*fn)(struct vfs_op *op))
{
    struct server_exec *e = ctx;
    struct exec_job *job = mem_zalloc(sizeof(*job));
    if (job == NULL)
        return false;
    job->work.run = job_run;
    job->work.done = job_done;
    job->op = op;
    job->fn = fn;
    if (pool_submit(e->owner, &job->work, e->server->loop))
        return true;
    mem_free(job);
    return false;
}

static void exec_post(void *ctx, struct vfs_op *op)
{
    struct smbkit_server *s = ((struct server_exec *)ctx)->server;
    mutex_lock(&s->answers_lock);
    bool first = list_empty(&s->answers);
    list_append(&s->answers, &op->link);
    mutex_unlock(&s->answers_lock);
    /* From here on the op may be gone. The task is not posted: it takes all when it runs. */
    if (first)
        loop_post(s->loop, &s->answers_task);
}

/* --- operations that sleep --- */

struct sleeper {
    struct timer timer;
    struct smbkit_server *server;
    struct vfs_op *op;
};

static void sleeper_wakes(struct timer *t)
{
    struct sleeper s = *CONTAINER_OF(t, struct sleeper, timer);
    mem_free(CONTAINER_OF(t, struct sleeper, timer));
    server_enter(s.server);
    vfs_op_finish(s.op);
    server_leave(s.server);
}

/* Without memory it does not sleep: late is what it can be, lost it cannot. */
static void exec_later(void *ctx, struct vfs_op *op, uint64_t ns)
{
    struct smbkit_server *s = ((struct server_exec *)ctx)->server;
    struct sleeper *sl = mem_zalloc(sizeof(*sl));
    if (sl == NULL) {
        exec_post(ctx, op);
        return;
    }
    timer_init(&sl->timer, sleeper_wakes);
    sl->server = s;
    sl->op = op;
    uint64_t now = loop_now(s->loop);
    loop_timer_set(s->loop, &sl->timer, ns < TIMERQ_NEVER - 1 - now ? now + ns : TIMERQ_NEVER - 1);
}

static void answers_run(struct loop_task *task)
{
    struct smbkit_server *s = CONTAINER_OF(task, struct smbkit_server, answers_task);
    struct list batch, *it;
    list_init(&batch);
    mutex_lock(&s->answers_lock);
    list_splice(&batch, &s->answers);
    mutex_unlock(&s->answers_lock);
    server_enter(s);
    while ((it = list_pop(&batch)) != NULL)
        vfs_op_finish(LIST_ENTRY(it, struct vfs_op, link));
    server_leave(s);
}

void server_answers_init(struct smbkit_server *s)
{
    mutex_init(&s->answers_lock);
    list_init(&s->answers);
    s->answers_task.run = answers_run;
}

static void exec_calling(void *ctx, const char *share, const char *holder, const char *operation)
{
    watchdog_begin(&((struct server_exec *)ctx)->server->watchdog, share, holder, operation);
}

static void exec_called(void *ctx)
{
    watchdog_end(&((struct server_exec *)ctx)->server->watchdog);
}

static uint64_t exec_time(void *ctx)
{
    return clock_filetime();
}

static void exec_changed(void *ctx, struct vfs_volume *volume, const char *user, const char *path,
                         uint32_t action)
{
    server_changed(&((struct server_exec *)ctx)->changes, volume, user, path, action);
}

static void exec_gone(void *ctx)
{
    server_exec_free(ctx);
}

static int64_t exec_read_fd(void *ctx, int fd, uint64_t offset, void *dst, size_t size)
{
    return file_read_at(fd, offset, dst, size);
}

struct server_exec *server_exec_new(struct smbkit_server *s, enum smbkit_thread_model model,
                                    struct vfs_host *host)
{
    struct server_exec *e = mem_zalloc(sizeof(*e));
    if (e == NULL)
        return NULL;
    e->server = s;
    e->changes.server = s;
    if (model != SMBKIT_THREAD_ASYNC) {
        e->owner = pool_owner_new(s->pool, model == SMBKIT_THREAD_SERIAL ? 1 : 0, QUEUE_MAX);
        if (e->owner == NULL) {
            mem_free(e);
            return NULL;
        }
    }
    atomic_fetch_add(&s->volumes, 1);
    *host = (struct vfs_host){
        .executor = {.run = exec_run,
                     .post = exec_post,
                     .ctx = e,
                     .later = exec_later,
                     .calling = exec_calling,
                     .called = exec_called},
        .random = s->random,
        .time = exec_time,
        .changed = exec_changed,
        .gone = exec_gone,
        .ctx = e,
        .log = &s->log,
        .server = s,
        .read_fd = exec_read_fd,
    };
    return e;
}

void server_exec_free(struct server_exec *e)
{
    pool_owner_free(e->owner);
    atomic_fetch_sub(&e->server->volumes, 1);
    mem_free(e);
}
