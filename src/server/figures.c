// SPDX-License-Identifier: Apache-2.0
/* The public side of what a server counts and knows, and of the orders of an administrator. */
#include "base/mem.h"
#include "server/server_int.h"
#include <string.h>

void smbkit_server_get_stats(const struct smbkit_server *s, struct smbkit_stats *stats)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    struct core_stats c = {0};
    if (server_on_thread(s, __func__))
        core_get_stats(s->core, &c);
    struct smbkit_stats all = {
        .struct_size = stats->struct_size,
        .connections = c.connections,
        .sessions = c.sessions,
        .trees = c.trees,
        .opens = c.opens,
        .requests_running = c.requests_running,
        .requests_total = c.requests_total,
        .bytes_in = c.bytes_in,
        .bytes_out = c.bytes_out,
        .logons_failed = c.logons_failed,
        .frames_refused = c.frames_refused,
    };
    memcpy(stats, &all, MIN(stats->struct_size, sizeof(all)));
}

#define EACH(name, core_name)                                                                      \
    void smbkit_server_each_##name(const struct smbkit_server *s,                                  \
                                   bool (*fn)(void *ctx, const struct smbkit_##name##_info *info), \
                                   void *ctx)                                                      \
    {                                                                                              \
        MAGIC_CHECK(s, SERVER_MAGIC);                                                              \
        if (server_on_thread(s, __func__))                                                         \
            core_each_##core_name(s->core, fn, ctx);                                               \
    }

EACH(connection, conn)
EACH(session, session)
EACH(open, open)
EACH(lock, lock)
EACH(lease, lease)
EACH(share, share)

void smbkit_server_each_option(const struct smbkit_server *s,
                               bool (*fn)(void *ctx, const char *name, const char *value),
                               void *ctx)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    server_options_each(&s->opt, fn, ctx);
}

uint64_t smbkit_server_start_time(const struct smbkit_server *s)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return core_start_filetime(s->core);
}

void smbkit_server_set_log_level(struct smbkit_server *s, enum smbkit_log_level level)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    if (server_on_thread(s, __func__))
        s->log.level = (enum log_level)level;
}

enum smbkit_log_level smbkit_server_log_level(const struct smbkit_server *s)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return (enum smbkit_log_level)s->log.level;
}

struct smbkit_server *smbkit_share_server(const struct smbkit_share *share)
{
    return vfs_share_host(share)->server;
}

/* --- orders: carried out from the loop, because the one who gives them may be what they end --- */

struct order {
    struct smbkit_server *server;
    uint64_t id;
    bool (*close)(struct core *c, uint64_t id);
};

static void carry_out(void *ctx)
{
    struct order *o = ctx;
    server_enter(o->server);
    o->close(o->server->core, o->id);
    server_leave(o->server);
    mem_free(o);
}

static smbkit_status give_order(struct smbkit_server *s, uint64_t id, bool exists,
                                bool (*close)(struct core *c, uint64_t id))
{
    struct order *o = exists ? mem_alloc(sizeof(*o)) : NULL;
    if (!exists)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (o == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    *o = (struct order){s, id, close};
    smbkit_status status = smbkit_server_post(s, carry_out, o);
    if (status != SMBKIT_STATUS_SUCCESS)
        mem_free(o);
    return status;
}

smbkit_status smbkit_server_close_session(struct smbkit_server *s, uint64_t id)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    if (!server_on_thread(s, __func__))
        return SMBKIT_STATUS_INVALID_DEVICE_STATE;
    return give_order(s, id, core_session_exists(s->core, id), core_session_close);
}

smbkit_status smbkit_server_close_open(struct smbkit_server *s, uint64_t id)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    if (!server_on_thread(s, __func__))
        return SMBKIT_STATUS_INVALID_DEVICE_STATE;
    return give_order(s, id, core_open_exists(s->core, id), core_open_close);
}
