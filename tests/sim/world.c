// SPDX-License-Identifier: Apache-2.0
/* See world.h. */
#include "sim/world.h"

#include "base/mem.h"
#include "base/testmem.h"
#include "crypto/crypto.h"
#include "sim/late.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define END_ROUNDS_MAX 1000000 /* more means that something goes on for ever */

struct frame {
    struct list link;
    struct buf *buf;
    uint64_t sent_at;
};

bool world_broken(struct world *w, const char *format, ...)
{
    if (w->violation[0] == '\0') {
        va_list ap;
        va_start(ap, format);
        vsnprintf(w->violation, sizeof w->violation, format, ap);
        va_end(ap);
    }
    return false;
}

void world_trace(const struct world *w, const char *format, ...)
{
    va_list ap;
    if (!w->trace)
        return;
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}

/* ---------------------------------------------------------------- failing allocations */

static void arm(struct world *w)
{
    if (w->config.fail_per_mille > 0)
        testmem_fail_share(w->config.fail_per_mille, testrand_next(&w->rng));
    else if (w->fail_nth > 0)
        testmem_fail_nth(w->fail_nth);
}

static void disarm(struct world *w)
{
    w->stats->allocations += testmem_count();
    w->stats->allocation_failures += testmem_failed();
    w->fail_nth -= MIN(w->fail_nth, testmem_count());
    testmem_fail_none();
}

void world_quiet_begin(struct world *w)
{
    if (w->quiet++ == 0)
        disarm(w);
}

void world_quiet_end(struct world *w)
{
    if (--w->quiet == 0)
        arm(w);
}

/* The world is quiet except while the core or the plugin runs. */
static void core_begin(struct world *w)
{
    world_quiet_end(w);
}

static void core_end(struct world *w)
{
    world_quiet_begin(w);
}

/* ---------------------------------------------------------------- the core's host */

static void queue_frame(struct list *queue, struct buf *b, uint64_t now)
{
    struct frame *f = mem_zalloc(sizeof *f);
    ASSERT(f != NULL);
    f->buf = b;
    f->sent_at = now;
    list_append(queue, &f->link);
}

static struct buf *pop_frame(struct list *queue, uint64_t *sent_at)
{
    struct list *node = list_pop(queue);
    if (node == NULL)
        return NULL;
    struct frame *f = LIST_ENTRY(node, struct frame, link);
    struct buf *b = f->buf;
    *sent_at = f->sent_at;
    mem_free(f);
    return b;
}

static void host_send(void *transport, struct chain *message)
{
    struct world_conn *conn = transport;
    struct world *w = conn->world;
    world_quiet_begin(w);
    if (conn->core == NULL || conn->closing)
        world_broken(w, "the core sends on a closed connection");
    if (message->bytes == 0)
        world_broken(w, "the core sends an empty message");
    struct buf *b = buf_new(message->bytes);
    ASSERT(b != NULL);
    chain_copy_out(message, b->data);
    chain_clear(message);
    queue_frame(&conn->to_client, b, w->now);
    conn->queued_to_client++;
    conn->sent_to_client++;
    world_quiet_end(w);
}

static void host_close(void *transport, bool flush)
{
    struct world_conn *conn = transport;
    (void)flush;
    if (conn->core == NULL || conn->closing)
        world_broken(conn->world, "the core closes a connection twice");
    conn->closing = true;
    conn->world->stats->closed_by_core++;
}

static void host_set_max_frame(void *transport, size_t bytes)
{
    struct world_conn *conn = transport;
    if (bytes < conn->max_frame)
        world_broken(conn->world, "the largest frame becomes smaller");
    conn->max_frame = bytes;
}

static void host_pause(void *transport, bool paused)
{
    struct world_conn *conn = transport;
    if (conn->paused == paused)
        world_broken(conn->world, "paused twice");
    conn->paused = paused;
    conn->world->stats->paused += paused;
}

/* Nothing is ever lost here without an end of the connection. */
static void host_expect(void *transport)
{
    struct world_conn *conn = transport;
    if (conn->core == NULL || conn->closing)
        world_broken(conn->world, "something is expected of a connection that is closed");
}

static const struct core_host host = {host_send, host_close, host_set_max_frame, host_pause,
                                      host_expect};

/* ---------------------------------------------------------------- the executor */

static bool executor_run(void *ctx, struct vfs_op *op, void (*fn)(struct vfs_op *op))
{
    struct world *w = ctx;
    if (w->config.fail_per_mille > 0 && world_chance(w, w->config.fail_per_mille)) {
        w->stats->refused_jobs++;
        return false;
    }
    w->job_fn = fn; /* one volume, one kind of job */
    list_append(&w->jobs, &op->link);
    w->job_count++;
    return true;
}

static void executor_post(void *ctx, struct vfs_op *op)
{
    struct world *w = ctx;
    list_append(&w->posted, &op->link);
    w->posted_count++;
    w->stats->posts++;
}

static struct vfs_op *pick(struct world *w, struct list *queue, size_t *count)
{
    struct list *node = queue->next;
    for (uint64_t skip = world_below(w, *count); skip > 0; skip--)
        node = node->next;
    list_remove(node);
    (*count)--;
    return LIST_ENTRY(node, struct vfs_op, link);
}

size_t world_plugin_pending(const struct world *w)
{
    return w->posted_count + w->job_count + w->held_count;
}

bool world_plugin_event(struct world *w)
{
    size_t n = world_plugin_pending(w);
    if (n == 0)
        return false;
    uint64_t choice = world_below(w, n);
    core_begin(w);
    if (choice < w->posted_count) {
        struct vfs_op *op = pick(w, &w->posted, &w->posted_count);
        world_trace(w, "  plugin: result of %s", vfs_code_name(op->code));
        vfs_op_finish(op);
    } else if (choice < w->posted_count + w->job_count) {
        struct vfs_op *op = pick(w, &w->jobs, &w->job_count);
        world_trace(w, "  plugin: job %s", vfs_code_name(op->code));
        w->stats->worker_calls++;
        w->job_fn(op);
    } else {
        late_plugin_event(w);
    }
    core_end(w);
    return true;
}

/* ---------------------------------------------------------------- making a world */

static void world_random(void *ctx, void *dst, size_t n)
{
    struct world *w = ctx;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)dst)[i] = (uint8_t)testrand_next(&w->rng);
}

static uint64_t world_time(void *ctx)
{
    return ((struct world *)ctx)->filetime;
}

static void world_log(void *ctx, enum log_level level, const char *line)
{
    struct world *w = ctx;
    world_trace(w, "  core: %s", line);
    if (level > LOG_WARNING)
        return;
    w->warnings++;
    snprintf(w->last_warning, sizeof(w->last_warning), "%s", line);
}

static bool add_share(struct world *w, const char *name, bool encrypt, bool guest)
{
    struct core_share_config cfg = {
        .name = name,
        .encrypt = encrypt,
        .guest_ok = guest,
        .access_based = w->config.access_based,
    };
    return core_share_set(w->core, &cfg, w->volume) == SMBKIT_STATUS_SUCCESS;
}

static bool make_users(struct world *w)
{
    w->users = auth_users_new();
    return w->users != NULL &&
           auth_users_set_password(w->users, "alice", "alice-pw", "") == AUTH_USERS_OK &&
           auth_users_set_password(w->users, "bob", "bob-pw", "") == AUTH_USERS_OK &&
           auth_users_set_password(w->users, "carol", "carol-pw", "") == AUTH_USERS_OK &&
           auth_users_disable(w->users, "carol");
}

static bool make_volume(struct world *w)
{
    static const struct smbkit_arg args[] = {{"size", "64M"}};
    char error[VFS_ERROR_TEXT_MAX];
    w->vfs_host = (struct vfs_host){
        .executor = {.run = executor_run, .post = executor_post, .ctx = w},
        .random = {world_random, w},
        .time = world_time,
        .ctx = w,
    };
    late_plugin_init(w);
    if (w->config.watch != NULL)
        w->vfs.watch = w->config.watch;
    w->volume = vfs_volume_new(&w->plugin, "data", args, 1, &w->vfs_host, error);
    return w->volume != NULL;
}

bool world_init(struct world *w, const struct world_config *config, struct sim_stats *stats)
{
    memset(w, 0, sizeof *w);
    w->config = *config;
    w->stats = stats;
    w->quiet = 1;
    w->rng.state = config->seed * 1000003;
    w->now = WORLD_NOW;
    w->filetime = WORLD_FILETIME;
    list_init(&w->conns);
    list_init(&w->posted);
    list_init(&w->jobs);
    list_init(&w->held);
    if (!crypto_init() || !make_users(w) || !make_volume(w))
        return false;
    w->auth = (struct auth_config){
        .netbios_computer = "SIM",
        .random = {world_random, w},
        .credentials = auth_users_source(w->users),
        .allow_guest = config->allow_guest,
        .allow_anonymous = config->allow_anonymous,
    };
    w->log = (struct log){LOG_DEBUG, world_log, w};
    w->config.core.auth = &w->auth;
    w->config.core.random = w->auth.random;
    w->config.core.log = &w->log;
    w->core = core_new(&w->config.core, &host, w->now, w->filetime);
    return w->core != NULL && add_share(w, "data", false, false) &&
           (!config->encrypted_share || add_share(w, "secure", true, false)) &&
           add_share(w, "open", false, true);
}

/* ---------------------------------------------------------------- transports */

struct world_conn *world_connect(struct world *w, unsigned address)
{
    struct world_conn *conn = mem_zalloc(sizeof *conn);
    struct core_peer peer = {.address = {[10] = 0xff, [11] = 0xff, 10, 0, 0, (uint8_t)address}};
    ASSERT(conn != NULL);
    conn->world = w;
    conn->max_frame = CORE_FIRST_FRAME_MAX;
    list_init(&conn->to_server);
    list_init(&conn->to_client);
    snprintf(peer.text, sizeof peer.text, "10.0.0.%u", address);
    core_begin(w);
    conn->core = core_conn_new(w->core, conn, &peer);
    core_end(w);
    if (conn->core == NULL) {
        mem_free(conn);
        return NULL;
    }
    list_append(&w->conns, &conn->link);
    return conn;
}

void world_send(struct world_conn *conn, const void *data, size_t len)
{
    struct buf *b = buf_new(len);
    ASSERT(b != NULL);
    memcpy(b->data, data, len);
    queue_frame(&conn->to_server, b, conn->world->now);
    conn->queued_to_server++;
}

bool world_deliver_to_server(struct world_conn *conn)
{
    struct world *w = conn->world;
    if (conn->paused || conn->queued_to_server == 0)
        return false;
    uint64_t sent_at;
    struct buf *b = pop_frame(&conn->to_server, &sent_at);
    conn->queued_to_server--;
    if (b->size <= conn->max_frame) {
        core_begin(w);
        core_conn_frame(conn->core, b, 0, b->size);
        core_end(w);
    }
    buf_unref(b);
    return true;
}

bool world_deliver_to_client(struct world_conn *conn)
{
    if (conn->queued_to_client == 0)
        return false;
    struct buf *b = pop_frame(&conn->to_client, &conn->delivering_at);
    conn->queued_to_client--;
    conn->delivered_to_client++;
    if (conn->receive != NULL)
        conn->receive(conn->ctx, b->data, b->size);
    buf_unref(b);
    return true;
}

void world_drop(struct world_conn *conn)
{
    struct world *w = conn->world;
    struct buf *b;
    uint64_t sent_at;
    struct core_conn *core = conn->core;
    core_begin(w);
    core_conn_lost(core);
    core_end(w);
    conn->core = NULL;
    while ((b = pop_frame(&conn->to_server, &sent_at)) != NULL ||
           (b = pop_frame(&conn->to_client, &sent_at)) != NULL)
        buf_unref(b);
    list_remove(&conn->link);
    mem_free(conn);
}

void world_advance(struct world *w, uint64_t ns)
{
    w->now += ns;
    w->filetime += ns / 100;
    core_begin(w);
    core_set_time(w->core, w->now, w->filetime);
    core_end(w);
}

/* ---------------------------------------------------------------- the end */

static void come_to_rest(struct world *w)
{
    unsigned rounds = 0;
    while (world_plugin_event(w))
        if (++rounds > END_ROUNDS_MAX) {
            world_broken(w, "the plugin is called for ever");
            return;
        }
}

static void check_idle(struct world *w)
{
    struct core_stats st;
    core_drop_kept(w->core);
    come_to_rest(w);
    core_get_stats(w->core, &st);
    if (!core_is_idle(w->core))
        world_broken(w,
                     "not idle at the end: %llu connections, %llu sessions, %llu trees, "
                     "%llu opens, %llu requests",
                     (unsigned long long)st.connections, (unsigned long long)st.sessions,
                     (unsigned long long)st.trees, (unsigned long long)st.opens,
                     (unsigned long long)st.requests_running);
    if (st.trees != 0)
        world_broken(w, "%llu trees at the end", (unsigned long long)st.trees);
    if (core_next_timer(w->core) != TIMERQ_NEVER)
        world_broken(w, "a timer is set at the end");
}

bool world_end(struct world *w)
{
    while (!list_empty(&w->conns))
        world_drop(LIST_ENTRY(w->conns.next, struct world_conn, link));
    if (w->core != NULL) {
        come_to_rest(w);
        check_idle(w);
        if (w->violation[0] != '\0')
            return false; /* what is left would only trip assertions */
        core_free(w->core);
    }
    if (w->volume != NULL)
        vfs_volume_unref(w->volume);
    come_to_rest(w);
    auth_users_free(w->users);
    crypto_shutdown();
    if (testmem_live() != 0)
        world_broken(w, "%zu blocks of memory were not freed", testmem_live());
    return w->violation[0] == '\0';
}
