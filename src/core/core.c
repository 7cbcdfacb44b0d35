// SPDX-License-Identifier: Apache-2.0
/* The core itself: settings, time, figures. */
#include "base/mem.h"
#include "compress/compress.h"
#include "core/batch.h"
#include "core/conn.h"
#include "core/oplock.h"
#include "core/pipe.h"
#include "core/request.h"
#include "core/share.h"
#include "core/state.h"
#include <string.h>

#define MIB (1u << 20)

static void default_u32(uint32_t *v, uint32_t value)
{
    if (*v == 0)
        *v = value;
}

static void default_u64(uint64_t *v, uint64_t value)
{
    if (*v == 0)
        *v = value;
}

static void default_u16(uint16_t *v, uint16_t value)
{
    if (*v == 0)
        *v = value;
}

static const uint16_t default_ciphers[CORE_CIPHERS_MAX] = {
    CRYPTO_CIPHER_AES_256_GCM,
    CRYPTO_CIPHER_AES_128_GCM,
    CRYPTO_CIPHER_AES_256_CCM,
    CRYPTO_CIPHER_AES_128_CCM,
};

static const uint16_t default_signing[CORE_SIGNING_MAX] = {
    CRYPTO_SIGN_AES_GMAC,
    CRYPTO_SIGN_AES_CMAC,
    CRYPTO_SIGN_HMAC_SHA256,
};

static void config_defaults(struct core_config *cfg)
{
    default_u16(&cfg->min_dialect, SMB2_DIALECT_202);
    default_u16(&cfg->max_dialect, SMB2_DIALECT_311);
    if (cfg->ciphers[0] == 0)
        memcpy(cfg->ciphers, default_ciphers, sizeof default_ciphers);
    if (cfg->signing_count == 0) {
        memcpy(cfg->signing, default_signing, sizeof default_signing);
        cfg->signing_count = CORE_SIGNING_MAX;
    }
    default_u32(&cfg->max_io, 8 * MIB);
    default_u32(&cfg->max_credits, 8192);
    default_u32(&cfg->max_sessions, 64);
    default_u32(&cfg->max_trees, 256);
    default_u32(&cfg->max_opens, 65536);
    default_u32(&cfg->max_async, 511);
    default_u64(&cfg->max_buffered, 64 * MIB);
    default_u64(&cfg->interim_delay, 500 * NS_PER_MS);
    default_u64(&cfg->auth_timeout, 45 * NS_PER_S);
    default_u64(&cfg->break_timeout, 35 * NS_PER_S);
}

/* Clients connect to it before anything else. */
static bool add_ipc_share(struct core *c)
{
    const struct core_share_config ipc = {.name = "IPC$", .comment = "IPC", .hidden = true};
    return core_share_set(c, &ipc, NULL) == SMBKIT_STATUS_SUCCESS;
}

struct core *core_new(const struct core_config *config, const struct core_host *host, uint64_t now,
                      uint64_t filetime)
{
    struct core *c = mem_zalloc(sizeof *c);
    if (c == NULL)
        return NULL;
    c->throttle = auth_throttle_new(AUTH_THROTTLE_SOURCES);
    if (c->throttle == NULL || !crypto_init()) {
        auth_throttle_free(c->throttle);
        mem_free(c);
        return NULL;
    }
    MAGIC_SET(c, CORE_MAGIC);
    c->config = *config;
    config_defaults(&c->config);
    c->host = *host;
    c->now = now;
    c->filetime = c->start_filetime = filetime;
    timerq_init(&c->timers, now);
    list_init(&c->conns);
    list_init(&c->shares);
    list_init(&c->watches);
    told_init(&c->told);
    list_init(&c->removals.active);
    htab_init(&c->sessions);
    htab_init(&c->kept);
    htab_init(&c->guids);
    htab_init(&c->creating);
    lease_table_init(&c->leases, &LEASE_LIMITS_DEFAULT);
    c->leases.limits.break_timeout = c->config.break_timeout;
    oplock_init(c);
    orders_init(c);
    pipe_service_init(c);
    c->next_open_id = 1;
    if (!add_ipc_share(c)) {
        core_free(c);
        return NULL;
    }
    return c;
}

bool core_is_idle(const struct core *c)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    return list_empty(&c->conns) && c->sessions.count == 0 && c->stats.sessions == 0 &&
           c->stats.opens == 0 && c->stats.requests_running == 0;
}

void core_set_interfaces(struct core *c, const struct core_interface *v, size_t count)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    struct core_interface *copy = count > 0 ? mem_dup(v, count * sizeof *v) : NULL;
    if (count > 0 && copy == NULL)
        return;
    mem_free(c->interfaces);
    c->interfaces = copy;
    c->interface_count = count;
}

void core_free(struct core *c)
{
    if (c == NULL)
        return;
    ASSERT(core_is_idle(c));
    orders_run(c);
    LIST_FOREACH_SAFE (it, tmp, &c->shares) {
        list_remove(it);
        share_unref(LIST_ENTRY(it, struct core_share, link));
    }
    told_free(&c->told);
    lease_table_free(&c->leases);
    htab_free(&c->sessions);
    htab_free(&c->kept);
    htab_free(&c->guids);
    htab_free(&c->creating);
    tunnel_clear(c);
    auth_throttle_free(c->throttle);
    mem_free(c->interfaces);
    compress_work_free(c->compress);
    crypto_shutdown();
    MAGIC_WIPE(c);
    mem_free(c);
}

void core_set_time(struct core *c, uint64_t now, uint64_t filetime)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    c->now = MAX(c->now, now);
    c->filetime = filetime;
    timerq_run(&c->timers, c->now);
}

uint64_t core_next_timer(const struct core *c)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    return timerq_next(&c->timers);
}

/* Those that wait for an event which may never come: the end of a server does not wait for them. */
static uint64_t count_parked(const struct core_conn *conn)
{
    uint64_t n = 0;
    LIST_FOREACH (it, &conn->batches) {
        const struct core_batch *b = LIST_ENTRY(it, struct core_batch, link);
        LIST_FOREACH (rit, &b->requests) {
            const struct core_request *r = LIST_ENTRY(rit, struct core_request, link);
            n += r->state == REQUEST_PARKED && r->unpark != NULL;
        }
    }
    return n;
}

uint64_t core_open_count(const struct core *c)
{
    return c->stats.opens;
}

void core_get_stats(const struct core *c, struct core_stats *out)
{
    *out = c->stats;
    out->requests_parked = 0;
    LIST_FOREACH (it, &c->conns)
        out->requests_parked += count_parked(LIST_ENTRY(it, struct core_conn, link));
}
