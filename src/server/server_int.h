// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of server/ share: the server, its connections and its executors.
 *
 * One loop, one core: everything here belongs to the loop's thread but what is marked "any".
 * Locks: `answers_lock` and `recent_lock` are leaves; nothing is called under them. The watchdog's
 * lock is held while it logs.
 */
#ifndef SERVER_SERVER_INT_H
#define SERVER_SERVER_INT_H

#include "auth/users.h"
#include "core/core.h"
#include "net/listener.h"
#include "net/pool.h"
#include "net/transport.h"
#include "plat/dynlib.h"
#include "plat/lock.h"
#include "server/options.h"
#include "server/trim.h"
#include "server/watchdog.h"
#include <stdatomic.h>

#define SERVER_MAGIC 0x53525652u

enum server_state {
    SERVER_OPEN,      /* configured or running */
    SERVER_QUIESCING, /* no new connections and requests; what runs is finished */
    SERVER_CLOSING,   /* replies leave, connections and files are closed */
    SERVER_STOPPED,
};

struct smbkit_users {
    struct auth_users *list;
};

struct server_listener {
    struct list link;
    struct listener *listener;
};

struct smbkit_server {
    uint32_t magic;
    enum server_state state;
    smbkit_status result; /* of running, once STOPPED */
    struct server_options opt;
    struct smbkit_server_config config;
    _Atomic uintptr_t owner; /* the thread that it belongs to (thread_self) */
    struct log log;
    struct random_source random;

    struct auth_config auth;
    struct server_kerberos *kerberos; /* NULL: none */
    struct smbkit_users *users;       /* owned; never NULL */
    struct core *core;
    uint64_t core_time; /* the loop's time that the core was told last */
    uint64_t armed;     /* what core_timer is set to */
    struct timer core_timer;

    struct loop *loop;
    struct pool *pool;
    struct watchdog watchdog;
    struct trim trim;
    struct bufpool *bufpool;
    struct admission *admission;
    struct list listeners;    /* struct server_listener */
    uint64_t interfaces_read; /* when; 0: not yet */
    struct list conns;        /* struct server_conn */
    struct list plugins;      /* struct server_plugin: loaded until the end */
    _Atomic size_t volumes;   /* that exist; any */
    _Atomic bool stop_asked;  /* any, signal handlers too */
    struct timer drain_timer; /* only ends waits: server_progress looks at the time */
    uint64_t quiesce_until, close_until, drain_until;

    /* Operations answered elsewhere, on their way to the loop. */
    struct mutex answers_lock;
    struct list answers; /* struct vfs_op by link; guarded by answers_lock */
    struct loop_task answers_task;

    /* What plugins tell of, on its way to the core. Guarded by answers_lock but for what is atomic.
     */
    struct list changes;      /* struct change */
    struct list changes_lost; /* struct server_changes by link */
    uint64_t changes_round;   /* how often the loop has taken what was queued */
    bool changes_posted;      /* the task is */
    _Atomic bool changes_waiting, changes_closed;
    struct loop_task changes_task;
    unsigned entered; /* server_enter without server_leave */

    /* The log's last lines, a ring: `recent_total` bytes were ever put in. */
    struct mutex recent_lock;
    uint64_t recent_total;
    char recent[SMBKIT_RECENT_LOG_MAX];
};

/* --- server.c --- */

/* Around every call into the core: tells it the time and what plugins have told of, and sets the
   loop's timer for it. May be nested. */
void server_enter(struct smbkit_server *s);
void server_leave(struct smbkit_server *s);

/* Is this the thread that the server belongs to? Otherwise logs that `function` was called from
   another one, which the caller must not serve: it would race with the server. */
NODISCARD bool server_on_thread(const struct smbkit_server *s, const char *function);

/* --- conn.c: connections --- */

extern const struct core_host server_core_host;

/* For listener_open; ctx is the server. */
void server_on_accept(void *ctx, struct accepted *a);
/* Tells the core where the server can be reached, now and then. Inside server_enter. */
void server_read_interfaces(struct smbkit_server *s);
/* No further frames of any connection reach the core. */
void server_conns_quiesce(struct smbkit_server *s);
void server_conns_close(struct smbkit_server *s, enum transport_how how);

/* --- exec.c: operations of volumes --- */

/* The host for one volume: its executor with the workers that the thread model wants. It goes with
   the volume (vfs_host.gone); server_exec_free is for when the volume was not made. */
struct server_exec;
NODISCARD struct server_exec *
server_exec_new(struct smbkit_server *s, enum smbkit_thread_model model, struct vfs_host *host);
void server_exec_free(struct server_exec *e);
void server_answers_init(struct smbkit_server *s);

/* --- changes.c: what plugins tell of --- */

/* One volume's part of the queue; guarded by answers_lock. */
struct server_changes {
    struct smbkit_server *server;
    uint64_t round;      /* changes_round when it was counted */
    size_t count, bytes; /* of its events in the queue */
    /* Not NULL: a reference to the volume, whose events get lost until the loop comes. */
    struct vfs_volume *lost;
    struct list link; /* changes_lost */
};

/* vfs_host.changed: any thread, and locks of the plugin may be held. */
void server_changed(struct server_changes *of, struct vfs_volume *volume, const char *user,
                    const char *path, uint32_t action);
/* Passes on to the core what is queued. Only server_enter calls it. */
void server_changes_pass(struct smbkit_server *s);
void server_changes_init(struct smbkit_server *s);

/* --- recent.c: the log's last lines --- */

/* Any thread. */
void server_recent_add(struct smbkit_server *s, enum log_level level, const char *line);

/* --- plugin.c: plugins --- */

/* By name or path; stays loaded until server_plugins_free. NULL and a line in `error`. */
NODISCARD const struct smbkit_plugin *server_plugin_find(struct smbkit_server *s, const char *name,
                                                         char error[SMBKIT_ERROR_MAX]);
/* A plugin that is safe to look into? Else false and a line. */
NODISCARD bool server_plugin_check(const struct smbkit_plugin *p, const char *from,
                                   char error[SMBKIT_ERROR_MAX]);
/* The same for filters. */
NODISCARD const struct smbkit_filter *server_filter_find(struct smbkit_server *s, const char *name,
                                                         char error[SMBKIT_ERROR_MAX]);
NODISCARD bool server_filter_check(const struct smbkit_filter *f, const char *from,
                                   char error[SMBKIT_ERROR_MAX]);
/* The file that a plugin or filter was loaded from; NULL: none. */
const char *server_plugin_path(const struct smbkit_server *s, const void *table);
/* No volume may exist. */
void server_plugins_free(struct smbkit_server *s);

/* Where a file smbkit-NAME-KIND.so lies; false: nowhere. */
#define SERVER_PATH_MAX 4096
bool server_module_find(const struct smbkit_server *s, const char *name, const char *kind,
                        char path[SERVER_PATH_MAX]);

/* --- kerberos.c --- */

/* The option keytab: false, and a line in `error`, when Kerberos is wanted and cannot be had. After
   the pool. */
NODISCARD bool server_kerberos_open(struct smbkit_server *s, char error[SMBKIT_ERROR_MAX]);
/* For auth_config; NULL: none. */
const struct auth_kerberos *server_kerberos_table(const struct smbkit_server *s);
/* Takes no more work: before the pool stops. */
void server_kerberos_quit(struct smbkit_server *s);
/* When nothing runs any more. */
void server_kerberos_free(struct smbkit_server *s);

/* --- share.c: settings that every share has --- */

/* core_config.make_volume: of a folder below the option share-root. */
NODISCARD smbkit_status server_make_volume(void *ctx, const char *name, const char *path,
                                           struct vfs_volume **out);
/* Is this a setting of the share and not a parameter of its plugin? */
bool server_share_setting(const char *key);

/* --- dfs_links.c --- */

struct server_links {
    struct core_dfs_link *v; /* mem.h, as all that is in them */
    size_t count;
};
/* Adds what the setting dfs=... says. INVALID_PARAMETER and a line in `error`. */
smbkit_status server_links_add(struct server_links *l, const char *share, const char *value,
                               char error[SMBKIT_ERROR_MAX]);
void server_links_free(struct server_links *l);

/* --- users.c --- */

/* For auth_config: the server's own list, then the program's source. */
/* For core_config: the server's own list; whom the program knows besides is not told. */
void server_each_account(void *ctx,
                         bool (*fn)(void *arg, const char *name, const char *comment,
                                    bool disabled),
                         void *arg);
bool server_user_lookup(void *ctx, const char *user, const char *domain,
                        struct auth_credential *out);

#endif
