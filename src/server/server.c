// SPDX-License-Identifier: Apache-2.0
/*
 * The server: one loop, one core, what is around them, and their end.
 *
 *   OPEN --stop asked--> QUIESCING --nothing runs, or quiesce_until--> CLOSING
 *     CLOSING --core idle, no connection--> STOPPED (SUCCESS)
 *     CLOSING --drain_until--> STOPPED (IO_TIMEOUT)
 *
 * server_progress moves along these after each round of the loop; drain_timer only ends waits. At
 * close_until connections that do not finish are cut.
 *
 * Freeing order: listeners and connections (gone by then), the core (drops shares, so volumes),
 * the pool (waits for calls), plugins (when no volume is left), the loop.
 */
#include "base/mem.h"
#include "base/siphash.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "plat/clock.h"
#include "plat/random.h"
#include "plat/thread.h"
#include "server/server_int.h"
#include "wire/smb2.h"
#include <errno.h>
#include <string.h>

/* A callback of an ASYNC plugin that has not returned for so long is named. */
#define WATCHDOG_TICK  NS_PER_S
#define WATCHDOG_LIMIT (5 * NS_PER_S)

/* Unused buffers that are kept for the next large message. */
#define BUFPOOL_KEEP (64u << 20)

const char *smbkit_version(void)
{
    return SMBKIT_VERSION;
}

/* --- the core's clock --- */

void server_enter(struct smbkit_server *s)
{
    uint64_t now = loop_now(s->loop);
    if (s->entered++ > 0)
        return;
    if (now != s->core_time) {
        s->core_time = now;
        core_set_time(s->core, now, clock_filetime());
    }
    server_changes_pass(s);
}

void server_leave(struct smbkit_server *s)
{
    if (--s->entered > 0)
        return;
    trim_note(&s->trim, core_open_count(s->core));
    uint64_t next = core_next_timer(s->core);
    if (next == s->armed)
        return;
    s->armed = next;
    if (next == TIMERQ_NEVER)
        loop_timer_cancel(s->loop, &s->core_timer);
    else
        loop_timer_set(s->loop, &s->core_timer, next);
}

static void core_timer_fires(struct timer *t)
{
    struct smbkit_server *s = CONTAINER_OF(t, struct smbkit_server, core_timer);
    s->armed = TIMERQ_NEVER;
    server_enter(s);
    server_leave(s);
}

static void drain_timer_fires(struct timer *t)
{
    (void)t;
}

/* --- making --- */

static const uint16_t dialects[] = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300,
                                    SMB2_DIALECT_302, SMB2_DIALECT_311};
/* In the order of `values` in options.def. */
static const uint16_t ciphers[] = {CRYPTO_CIPHER_AES_256_GCM, CRYPTO_CIPHER_AES_128_GCM,
                                   CRYPTO_CIPHER_AES_256_CCM, CRYPTO_CIPHER_AES_128_CCM};
static const uint16_t signings[] = {CRYPTO_SIGN_AES_GMAC, CRYPTO_SIGN_AES_CMAC,
                                    CRYPTO_SIGN_HMAC_SHA256};
static const enum core_encryption encryptions[] = {CORE_ENCRYPTION_OFF, CORE_ENCRYPTION_OFFERED,
                                                   CORE_ENCRYPTION_REQUIRED};

static const enum core_compressing compressions[] = {CORE_COMPRESSION_OFF, CORE_COMPRESSION_SHARES,
                                                     CORE_COMPRESSION_OFFERED};

static void fill_core_config(struct smbkit_server *s, struct core_config *c)
{
    const struct server_options *o = &s->opt;
    *c = (struct core_config){
        .min_dialect = dialects[o->min_dialect],
        .max_dialect = dialects[o->max_dialect],
        .signing_required = o->signing == 0,
        .encryption = encryptions[o->encryption],
        .compression = compressions[o->compression],
        .signing_count = o->signing_algorithms.count,
        .max_io = (uint32_t)o->max_io,
        .max_credits = (uint32_t)o->max_credits,
        .max_sessions = (uint32_t)o->max_sessions,
        .max_opens = (uint32_t)o->max_opens,
        .auth_timeout = o->auth_timeout * NS_PER_MS,
        .max_resiliency = o->resilient_timeout * NS_PER_MS,
        .session_lifetime = o->session_lifetime * NS_PER_MS,
        .each_account = server_each_account,
        .accounts_ctx = s,
        .short_names = o->short_names,
        .admins = o->admins,
        .make_volume = o->share_root[0] != '\0' ? server_make_volume : NULL,
        .make_volume_ctx = s,
        .auth = &s->auth,
        .random = s->random,
        .log = &s->log,
    };
    for (size_t i = 0; i < o->ciphers.count; i++)
        c->ciphers[i] = ciphers[o->ciphers.index[i]];
    for (size_t i = 0; i < o->signing_algorithms.count; i++)
        c->signing[i] = signings[o->signing_algorithms.index[i]];
    random_fill(&s->random, &c->server_guid, sizeof(c->server_guid));
}

static void fill_auth_config(struct smbkit_server *s)
{
    s->auth = (struct auth_config){
        .netbios_computer = s->opt.server_name,
        .random = s->random,
        .credentials = {.lookup = server_user_lookup, .ctx = s},
        .kerberos = server_kerberos_table(s),
        .kerberos_realm = s->opt.realm,
        .kerberos_users = s->opt.kerberos_users,
        .allow_anonymous = s->opt.anonymous,
        .allow_guest = s->opt.guest,
    };
}

static void log_sink(void *ctx, enum log_level level, const char *line)
{
    struct smbkit_server *s = ctx;
    server_recent_add(s, level, line);
    if (s->config.log != NULL)
        s->config.log(s->config.log_ctx, (enum smbkit_log_level)level, line);
}

/* The hash tables' secret belongs to the process, and must be there before the first name is in a
   table: a program may publish trees long before it makes a server. */
__attribute__((constructor)) static void set_hash_secret(void)
{
    struct random_source r;
    uint8_t secret[16];
    if (!random_system(&r)) /* no server will start either */
        return;
    random_fill(&r, secret, sizeof(secret));
    hash_set_secret(secret);
}

/* What is needed before the core. NULL, or what is missing. */
static const char *make_parts(struct smbkit_server *s)
{
    if (!random_system(&s->random))
        return "the system gives no random numbers";
    s->loop = loop_new();
    s->pool = pool_new((unsigned)s->opt.threads);
    s->bufpool = bufpool_new(BUFPOOL_KEEP);
    s->admission = admission_new(s->opt.max_connections, s->opt.max_connections_per_address);
    s->users = smbkit_users_new();
    if (s->loop == NULL || s->pool == NULL || s->bufpool == NULL || s->admission == NULL ||
        s->users == NULL || !trim_init(&s->trim, s->loop, s->pool))
        return "out of memory or descriptors";
    return NULL;
}

static const char *make_core(struct smbkit_server *s)
{
    struct core_config config;
    fill_auth_config(s);
    fill_core_config(s, &config);
    s->core_time = loop_now(s->loop);
    s->core = core_new(&config, &server_core_host, s->core_time, clock_filetime());
    return s->core != NULL ? NULL : "out of memory, or the crypto library cannot be used";
}

static void free_parts(struct smbkit_server *s)
{
    atomic_store(&s->changes_closed, true);
    core_free(s->core);
    s->core = NULL;
    trim_stop(&s->trim);
    server_kerberos_quit(s);
    if (s->pool != NULL) {
        pool_stop(s->pool, false);
        pool_free(s->pool);
    }
    if (s->loop != NULL)
        while (loop_run_once(s->loop, 0)) { /* what workers handed back last */
        }
    ASSERT(atomic_load(&s->volumes) == 0);
    server_plugins_free(s);
    server_kerberos_free(s);
    loop_free(s->loop);
    bufpool_free(s->bufpool);
    admission_free(s->admission);
    smbkit_users_free(s->users);
    watchdog_stop(&s->watchdog);
    mutex_destroy(&s->answers_lock);
    mutex_destroy(&s->recent_lock);
    server_options_free(&s->opt);
    MAGIC_WIPE(s);
    mem_free(s);
}

struct smbkit_server *smbkit_server_new(const struct smbkit_server_config *config,
                                        char error[SMBKIT_ERROR_MAX])
{
    _Static_assert((int)SMBKIT_LOG_DEBUG == (int)LOG_DEBUG, "the same levels");
    struct smbkit_server *s = mem_zalloc(sizeof(*s));
    if (s == NULL) {
        server_error(error, 0, "out of memory");
        return NULL;
    }
    /* A program compiled against an older header gives less of it. */
    memcpy(&s->config, config, MIN(config->struct_size, sizeof(s->config)));
    if (server_options_parse(&s->opt, s->config.options, s->config.option_count, error) !=
        SMBKIT_STATUS_SUCCESS) {
        mem_free(s);
        return NULL;
    }
    s->config.options = NULL; /* borrowed until here */
    s->log = (struct log){(enum log_level)s->opt.log_level, log_sink, s};
    mutex_init(&s->recent_lock);
    s->armed = TIMERQ_NEVER;
    atomic_store(&s->owner, thread_self());
    timer_init(&s->core_timer, core_timer_fires);
    timer_init(&s->drain_timer, drain_timer_fires);
    list_init(&s->listeners);
    list_init(&s->conns);
    list_init(&s->plugins);
    watchdog_init(&s->watchdog, &s->log, WATCHDOG_TICK, WATCHDOG_LIMIT);
    server_answers_init(s);
    server_changes_init(s);
    MAGIC_SET(s, SERVER_MAGIC);
    const char *missing = make_parts(s);
    if (missing == NULL && !server_kerberos_open(s, error)) {
        free_parts(s);
        return NULL;
    }
    if (missing == NULL)
        missing = make_core(s);
    if (missing == NULL)
        return s;
    server_error(error, 0, "cannot start: %s", missing);
    free_parts(s);
    return NULL;
}

/* --- listening --- */

static smbkit_status listen_error(int rc, const char *what, char error[SMBKIT_ERROR_MAX])
{
    static const struct {
        int rc;
        smbkit_status status;
        const char *text;
    } rows[] = {
        {EACCES, SMBKIT_STATUS_ACCESS_DENIED, "not permitted to use this port"},
        {EADDRINUSE, SMBKIT_STATUS_SHARING_VIOLATION, "another program has this port"},
        {EADDRNOTAVAIL, SMBKIT_STATUS_BAD_NETWORK_PATH, "not an address of this machine"},
        {EAFNOSUPPORT, SMBKIT_STATUS_NOT_SUPPORTED, "no such kind of address on this machine"},
        {ENOMEM, SMBKIT_STATUS_NO_MEMORY, "out of memory"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].rc == rc)
            return server_error(error, rows[i].status, "cannot listen on %.100s: %s", what,
                                rows[i].text);
    return server_error(error, SMBKIT_STATUS_UNSUCCESSFUL, "cannot listen on %.100s: %s", what,
                        strerror(rc));
}

/* fd < 0: a new socket for o->addr. */
static smbkit_status add_listener(struct smbkit_server *s, int fd, const struct listener_options *o,
                                  const char *what, uint16_t *port, char error[SMBKIT_ERROR_MAX])
{
    struct server_listener *l = mem_zalloc(sizeof(*l));
    int rc = ENOMEM;
    if (l != NULL && fd < 0)
        rc = listener_open(s->loop, o, server_on_accept, s, &l->listener);
    else if (l != NULL)
        rc = listener_open_fd(s->loop, fd, o, server_on_accept, s, &l->listener);
    if (rc != 0) {
        mem_free(l);
        return listen_error(rc, what, error);
    }
    list_append(&s->listeners, &l->link);
    if (port != NULL)
        *port = listener_address(l->listener)->port;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status smbkit_server_listen(struct smbkit_server *s, const char *address, uint16_t *port,
                                   char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    char text[NET_ADDR_TEXT];
    struct listener_options o = {.admission = s->admission, .log = &s->log};
    if (!net_addr_parse(&o.addr, address, *port))
        return server_error(error, SMBKIT_STATUS_INVALID_PARAMETER,
                            "'%.80s' is not a numeric IPv4 or IPv6 address", address);
    return add_listener(s, -1, &o, net_addr_format(&o.addr, text), port, error);
}

smbkit_status smbkit_server_listen_fd(struct smbkit_server *s, int fd, uint16_t *port,
                                      char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    struct listener_options o = {.admission = s->admission, .log = &s->log};
    return add_listener(s, fd, &o, "a socket that was handed over", port, error);
}

static void close_listeners(struct smbkit_server *s)
{
    struct list *it;
    while ((it = list_pop(&s->listeners)) != NULL) {
        struct server_listener *l = LIST_ENTRY(it, struct server_listener, link);
        listener_close(l->listener);
        mem_free(l);
    }
}

/* --- the end of serving --- */

static void begin_quiescing(struct smbkit_server *s)
{
    uint64_t now = loop_now(s->loop), all = s->opt.drain_timeout * NS_PER_MS;
    s->quiesce_until = now + all / 4;
    s->close_until = now + all / 4 * 3;
    s->drain_until = now + all;
    s->state = SERVER_QUIESCING;
    LOGI(&s->log, "stopping");
    close_listeners(s);
    server_conns_quiesce(s);
    loop_timer_set(s->loop, &s->drain_timer, s->quiesce_until);
}

/* Only requests that somebody works on: one that is parked (a notification, a lock) may wait for
   ever. */
static bool requests_run(struct smbkit_server *s)
{
    struct core_stats st;
    core_get_stats(s->core, &st);
    return st.requests_running > st.requests_parked;
}

static void begin_closing(struct smbkit_server *s)
{
    s->state = SERVER_CLOSING;
    server_conns_close(s, TRANSPORT_FLUSH);
    loop_timer_set(s->loop, &s->drain_timer, s->close_until);
}

static void finish(struct smbkit_server *s, smbkit_status result)
{
    s->state = SERVER_STOPPED;
    s->result = result;
    loop_timer_cancel(s->loop, &s->drain_timer);
    if (result == SMBKIT_STATUS_SUCCESS)
        LOGI(&s->log, "stopped");
    else
        LOGE(&s->log, "stopped, although something is still in work (does a plugin hang?)");
}

static void continue_closing(struct smbkit_server *s)
{
    uint64_t now = loop_now(s->loop);
    if (list_empty(&s->conns)) /* and nobody can come back */
        core_drop_kept(s->core);
    if (list_empty(&s->conns) && core_is_idle(s->core)) {
        finish(s, SMBKIT_STATUS_SUCCESS);
    } else if (now >= s->drain_until) {
        finish(s, SMBKIT_STATUS_IO_TIMEOUT);
    } else if (now >= s->close_until) {
        server_conns_close(s, TRANSPORT_ABORT);
        loop_timer_set(s->loop, &s->drain_timer, s->drain_until);
    }
}

/* After each round. */
static void server_progress(struct smbkit_server *s)
{
    if (s->state == SERVER_OPEN && atomic_load(&s->stop_asked))
        begin_quiescing(s);
    if (s->state == SERVER_QUIESCING && (!requests_run(s) || loop_now(s->loop) >= s->quiesce_until))
        begin_closing(s);
    if (s->state == SERVER_CLOSING)
        continue_closing(s);
}

/* --- running --- */

bool server_on_thread(const struct smbkit_server *s, const char *function)
{
    if (atomic_load(&s->owner) == thread_self())
        return true;
    LOGE(&s->log, "%s was called from another thread than the server's: nothing is done", function);
    return false;
}

smbkit_status smbkit_server_run(struct smbkit_server *s)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    atomic_store(&s->owner, thread_self());
    server_progress(s);
    while (s->state != SERVER_STOPPED) {
        loop_run_once(s->loop, TIMERQ_NEVER);
        server_progress(s);
    }
    return s->result;
}

void smbkit_server_stop(struct smbkit_server *s)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    atomic_store(&s->stop_asked, true);
    loop_wake(s->loop);
}

int smbkit_server_fd(const struct smbkit_server *s)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return loop_pollable_fd(s->loop);
}

int smbkit_server_timeout(struct smbkit_server *s)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    if (s->state == SERVER_STOPPED)
        return 0;
    uint64_t ns = loop_timeout(s->loop);
    if (ns == TIMERQ_NEVER)
        return -1;
    uint64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);
    return (int)MIN(ms, INT32_MAX);
}

smbkit_status smbkit_server_poll(struct smbkit_server *s)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    atomic_store(&s->owner, thread_self());
    if (s->state != SERVER_STOPPED) {
        loop_run_once(s->loop, 0);
        server_progress(s);
    }
    return s->state == SERVER_STOPPED ? s->result : SMBKIT_STATUS_PENDING;
}

struct posted {
    struct loop_task task;
    void (*fn)(void *ctx);
    void *ctx;
};

static void run_posted(struct loop_task *task)
{
    struct posted p = *CONTAINER_OF(task, struct posted, task);
    mem_free(CONTAINER_OF(task, struct posted, task));
    p.fn(p.ctx);
}

smbkit_status smbkit_server_post(struct smbkit_server *s, void (*fn)(void *ctx), void *ctx)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    struct posted *p = mem_zalloc(sizeof(*p));
    if (p == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    p->task.run = run_posted;
    p->fn = fn;
    p->ctx = ctx;
    loop_post(s->loop, &p->task);
    return SMBKIT_STATUS_SUCCESS;
}

void smbkit_server_free(struct smbkit_server *s)
{
    if (s == NULL)
        return;
    MAGIC_CHECK(s, SERVER_MAGIC);
    smbkit_server_stop(s);
    if (smbkit_server_run(s) != SMBKIT_STATUS_SUCCESS)
        return;                         /* something still uses the memory */
    while (loop_run_once(s->loop, 0)) { /* what was posted is called while all is there */
    }
    free_parts(s);
}

smbkit_status smbkit_set_allocator(const struct smbkit_allocator *a)
{
    if (a == NULL) {
        mem_set_hooks(NULL);
        return SMBKIT_STATUS_SUCCESS;
    }
    if (a->struct_size < offsetof(struct smbkit_allocator, ctx) + sizeof(a->ctx) ||
        a->alloc == NULL || a->resize == NULL || a->release == NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    const struct mem_hooks hooks = {a->alloc, a->resize, a->release, a->ctx};
    mem_set_hooks(&hooks);
    return SMBKIT_STATUS_SUCCESS;
}
