// SPDX-License-Identifier: Apache-2.0
/*
 * Kerberos: loads the module that links the library of it, and has its calls, which may block, made
 * by workers. struct auth_kerberos for the core, struct kerberos_module below.
 *
 *   IDLE --accept--> RUNNING --done, on the loop--> IDLE
 *                       '--destroy--> ORPHANED --done--> freed
 *
 * An exchange is a worker's while it runs, and the loop's otherwise.
 */
#include "auth/kerberos.h"
#include "base/mem.h"
#include "net/pool.h"
#include "plat/dynlib.h"
#include "server/server_int.h"

/* Clients that have not logged on must not take all workers from the plugins, nor much memory: a
   token waits with at most 16 KiB. */
#define WORKERS_MAX 4
#define QUEUE_MAX   256

struct server_kerberos {
    struct auth_kerberos table; /* ctx: this */
    struct smbkit_server *server;
    struct dynlib *lib;
    const struct kerberos_module *module;
    void *acceptor;
    struct pool_owner *owner;
};

struct exchange {
    struct pool_work work;
    struct server_kerberos *kerberos;
    void *inner; /* the module's */
    bool running, orphaned;
    uint8_t *in;
    size_t in_len;
    void (*ready)(void *arg);
    void *arg;
    struct kerberos_answer answer;
};

/* --- exchanges --- */

static void exchange_free(struct exchange *e)
{
    e->kerberos->module->destroy(e->inner);
    mem_free(e->in);
    mem_free_secret(e, sizeof(*e));
}

static void exchange_run(struct pool_work *w)
{
    struct exchange *e = CONTAINER_OF(w, struct exchange, work);
    e->kerberos->module->accept(e->inner, e->in, e->in_len, &e->answer);
}

static void exchange_done(struct pool_work *w)
{
    struct exchange *e = CONTAINER_OF(w, struct exchange, work);
    struct smbkit_server *s = e->kerberos->server;
    e->running = false;
    if (e->orphaned) {
        exchange_free(e);
        return;
    }
    server_enter(s);
    e->ready(e->arg);
    server_leave(s);
}

static void *exchange_create(void *ctx)
{
    struct server_kerberos *k = ctx;
    struct exchange *e = mem_zalloc(sizeof(*e));
    if (e == NULL)
        return NULL;
    e->kerberos = k;
    e->work.run = exchange_run;
    e->work.done = exchange_done;
    e->inner = k->module->create(k->acceptor);
    if (e->inner != NULL)
        return e;
    mem_free(e);
    return NULL;
}

static void exchange_destroy(void *exchange)
{
    struct exchange *e = exchange;
    if (e->running)
        e->orphaned = true;
    else
        exchange_free(e);
}

static bool exchange_accept(void *exchange, const uint8_t *in, size_t len, void (*ready)(void *arg),
                            void *arg)
{
    struct exchange *e = exchange;
    ASSERT(!e->running);
    mem_free(e->in);
    e->in = mem_dup(in, len);
    if (e->in == NULL)
        return false;
    e->in_len = len;
    e->ready = ready;
    e->arg = arg;
    mem_wipe(&e->answer, sizeof(e->answer));
    e->running = pool_submit(e->kerberos->owner, &e->work, e->kerberos->server->loop);
    return e->running;
}

static const struct kerberos_answer *exchange_answer(void *exchange)
{
    const struct exchange *e = exchange;
    return e->running ? NULL : &e->answer;
}

static size_t exchange_sign(void *exchange, const uint8_t *text, size_t len,
                            uint8_t mic[KERBEROS_MIC_MAX])
{
    struct exchange *e = exchange;
    return e->kerberos->module->sign(e->inner, text, len, mic);
}

static bool exchange_verify(void *exchange, const uint8_t *text, size_t len, const uint8_t *mic,
                            size_t mic_len)
{
    struct exchange *e = exchange;
    return e->kerberos->module->verify(e->inner, text, len, mic, mic_len);
}

/* --- the module --- */

/* NULL, or why not. */
static const char *load(struct server_kerberos *k, const char *path, char why[DYNLIB_ERROR_MAX])
{
    k->lib = dynlib_open(path, why);
    k->module = k->lib != NULL ? dynlib_symbol(k->lib, KERBEROS_MODULE_SYMBOL, why) : NULL;
    if (k->module == NULL)
        return why;
    if (k->module->version != KERBEROS_MODULE_VERSION ||
        k->module->answer_size != sizeof(struct kerberos_answer))
        return "the module is of another version of smbkit";
    return NULL;
}

static const char *open_keytab(struct server_kerberos *k, char why[KERBEROS_REASON_MAX])
{
    k->acceptor = k->module->open(k->server->opt.keytab, why);
    if (k->acceptor == NULL)
        return why;
    k->owner = pool_owner_new(k->server->pool, WORKERS_MAX, QUEUE_MAX);
    return k->owner != NULL ? NULL : "out of memory";
}

bool server_kerberos_open(struct smbkit_server *s, char error[SMBKIT_ERROR_MAX])
{
    char path[SERVER_PATH_MAX], why[DYNLIB_ERROR_MAX];
    _Static_assert(KERBEROS_REASON_MAX <= DYNLIB_ERROR_MAX, "one buffer for both");
    if (s->opt.keytab[0] == '\0')
        return true;
    if (!server_module_find(s, "kerberos", "auth", path)) {
        server_error(error, 0,
                     "--keytab: smbkit has no Kerberos here: there is no smbkit-kerberos-auth.so "
                     "(built without libkrb5, or not installed)");
        return false;
    }
    struct server_kerberos *k = mem_zalloc(sizeof(*k));
    if (k == NULL) {
        server_error(error, 0, "out of memory");
        return false;
    }
    k->server = s;
    k->table = (struct auth_kerberos){exchange_create,
                                      exchange_destroy,
                                      exchange_accept,
                                      exchange_answer,
                                      exchange_sign,
                                      exchange_verify,
                                      k};
    s->kerberos = k;
    const char *problem = load(k, path, why);
    if (problem == NULL)
        problem = open_keytab(k, why);
    if (problem == NULL)
        return true;
    server_error(error, 0, "--keytab %.150s: %.300s", s->opt.keytab, problem);
    return false;
}

const struct auth_kerberos *server_kerberos_table(const struct smbkit_server *s)
{
    return s->kerberos != NULL ? &s->kerberos->table : NULL;
}

void server_kerberos_quit(struct smbkit_server *s)
{
    if (s->kerberos == NULL)
        return;
    if (s->kerberos->owner != NULL)
        pool_owner_free(s->kerberos->owner);
    s->kerberos->owner = NULL;
}

void server_kerberos_free(struct smbkit_server *s)
{
    struct server_kerberos *k = s->kerberos;
    if (k == NULL)
        return;
    if (k->acceptor != NULL)
        k->module->close(k->acceptor);
    dynlib_close(k->lib);
    mem_free(k);
    s->kerberos = NULL;
}
