// SPDX-License-Identifier: Apache-2.0
/*
 * Embedding an SMB2/3 server.
 *
 *     struct smbkit_server_config config = {.struct_size = sizeof config};
 *     char error[SMBKIT_ERROR_MAX];
 *     struct smbkit_server *server = smbkit_server_new(&config, error);
 *     smbkit_server_add_user(server, "alice", "secret", error);
 *     smbkit_server_set_share(server, "docs", "memory", NULL, 0, error);
 *     uint16_t port = 0;
 *     smbkit_server_listen(server, "127.0.0.1", &port, error);
 *     smbkit_server_run(server);      until another thread calls smbkit_server_stop
 *     smbkit_server_free(server);
 *
 * Promise: as in <smbkit/vfs.h>. The structs that a program fills say their size; those that it is
 * handed grow at the end.
 *
 * Life: CONFIGURED --run or poll--> RUNNING --stop--> DRAINING --> STOPPED. A stopped server can
 * only be freed. Several servers may exist in one process; they share nothing.
 *
 * Threads: a server belongs to the thread that runs it (smbkit_server_run, smbkit_server_poll); as
 * long as none runs it, to the one that made it. Only the functions that say so may be called from
 * elsewhere; smbkit_server_post carries other work to the server's thread. Functions of figures and
 * orders that are called from another thread say so in the log, and do nothing. Plugins may be
 * called on worker threads of the server (smbkit/vfs.h); these have all signals blocked.
 *
 * Errors: functions give an NTSTATUS (smbkit/status.h) and write one line of English, without a
 * newline, to `error` (SMBKIT_ERROR_MAX bytes, or NULL) when it is not SUCCESS. Any function may
 * give NO_MEMORY.
 *
 * All strings are UTF-8, and copied unless it is said otherwise.
 *
 * Compiles alone as C11 and C++17.
 */
#ifndef SMBKIT_SMBKIT_H
#define SMBKIT_SMBKIT_H

#include <smbkit/status.h>
#include <smbkit/version.h>
#include <smbkit/vfs.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SMBKIT_ERROR_MAX 512

struct smbkit_server;
struct smbkit_users;

/* The version of the library that runs, "0.1.0": may be newer than SMBKIT_VERSION. */
SMBKIT_API const char *smbkit_version(void);

/* --- memory --- */

/* As malloc, realloc and free; `ctx` is handed to each. They are called from any thread. */
struct smbkit_allocator {
    size_t struct_size; /* sizeof(struct smbkit_allocator) */
    void *(*alloc)(void *ctx, size_t size);
    void *(*resize)(void *ctx, void *ptr, size_t size); /* ptr may be NULL, size is never 0 */
    void (*release)(void *ctx, void *ptr);              /* ptr may be NULL */
    void *ctx;
};

/* All memory of the library, of plugins that use smbkit_alloc, and of every server of the process
   comes from here from now on (the cryptography's does not: OpenSSL has a hook of its own). To be
   called before anything else of the library, while there is one thread, and again with NULL, which
   restores the C library's, only when nothing of the library is left. The struct is copied.
   INVALID_PARAMETER: a function is missing. */
SMBKIT_API smbkit_status smbkit_set_allocator(const struct smbkit_allocator *allocator);

/* --- options of a server --- */

enum smbkit_option_type {
    SMBKIT_OPTION_BOOL,     /* on or off */
    SMBKIT_OPTION_UINT,     /* a whole number from min to max */
    SMBKIT_OPTION_SIZE,     /* 512, 64K, 2G, 1.5T: bytes from min to max */
    SMBKIT_OPTION_DURATION, /* 500ms, 30s, 5m, 2h; a bare number is seconds. min, max: ms */
    SMBKIT_OPTION_CHOICE,   /* one of `values` */
    SMBKIT_OPTION_LIST,     /* one or more of `values`, separated by ',', best first */
    SMBKIT_OPTION_TEXT,
};

/* One row of the table of options: from it come the program's --help, its checks and messages. */
struct smbkit_option {
    const char *name;
    enum smbkit_option_type type;
    const char *values;        /* CHOICE and LIST: separated by '|'; else NULL */
    uint64_t min, max;         /* UINT, SIZE, DURATION */
    const char *default_value; /* as a user would write it */
    const char *text;          /* one line */
};

/* The rows of the table, from 0 on; NULL behind the last one. They live forever. Any thread. */
SMBKIT_API const struct smbkit_option *smbkit_option_row(size_t index);
/* Is this a known option with a valid value? INVALID_PARAMETER and a line that names the option
   and its valid values, otherwise. Any thread. */
SMBKIT_API smbkit_status smbkit_option_check(const char *name, const char *value,
                                             char error[SMBKIT_ERROR_MAX]);

/* --- making and ending a server --- */

/* What a source of users knows about one. */
struct smbkit_credential {
    uint8_t nt_hash[16]; /* MD4 of the password in UTF-16LE */
    char name[257];      /* the account's own spelling */
    bool disabled;       /* the right password gives ACCOUNT_DISABLED */
};

/* Zero is a good value for everything but struct_size. */
struct smbkit_server_config {
    size_t struct_size; /* sizeof(struct smbkit_server_config) as the program was compiled */

    /* Options by name, as in the table; what is not given has its default. Given twice: the last
       one counts. */
    const struct smbkit_arg *options;
    size_t option_count;

    /* Gets every log line at or above the option log-level, on any thread. NULL: nothing is
       logged. */
    void (*log)(void *ctx, enum smbkit_log_level level, const char *line);
    void *log_ctx;

    /* Asked for users that the server's own list does not have: true, and *out filled (it is zeroed
       before), when there is such a user. `user` is compared as the source likes; `domain` is what
       the client said, maybe "". On the server's thread; must not block. NULL: no source. */
    bool (*user_lookup)(void *ctx, const char *user, const char *domain,
                        struct smbkit_credential *out);
    void *user_ctx;
};

/* NULL and a line in `error` when an option is not valid, memory, descriptors or randomness are
   out. */
SMBKIT_API struct smbkit_server *smbkit_server_new(const struct smbkit_server_config *config,
                                                   char error[SMBKIT_ERROR_MAX]);

/* Frees everything. A server that is not stopped is stopped first, which waits as
   smbkit_server_stop does. When a plugin hangs in a call even then, the memory that the call uses
   is left alone and lost. On the server's thread. NULL is allowed. */
SMBKIT_API void smbkit_server_free(struct smbkit_server *server);

/* --- users --- */

/* Adds a user to the server's own list, or changes the password of one. INVALID_PARAMETER: not a
   valid name or password. Counts from the next logon on. */
SMBKIT_API smbkit_status smbkit_server_add_user(struct smbkit_server *server, const char *name,
                                                const char *password, char error[SMBKIT_ERROR_MAX]);
/* Takes over `users` as the server's own list, in place of the one it had. */
SMBKIT_API void smbkit_server_set_users(struct smbkit_server *server, struct smbkit_users *users);

/* --- shares --- */

/*
 * Adds a share, or replaces the one of that name live: clients that are connected are told to list
 * again what they watch, cache nothing of the old volume any more, and open the files of the new
 * one. Files that they have open stay those of the old volume, which goes with the last of them
 * (and cannot be changed any more when the share is read only now); a client that comes back after
 * a loss of its connection does not get them again. Guests who may not connect any more are
 * disconnected. `plugin` is a plugin's name (looked for in the option plugin-path, in
 * $SMBKIT_PLUGIN_PATH and where the library is installed) or, with a '/' in it, the path of its
 * file. `args` are the plugin's parameters and, for every plugin, these settings of the share:
 *
 *     comment=TEXT   shown to users who list the shares
 *     compress=on    clients of 3.1.1 are asked to compress what they read and write
 *     dfs=PATH=//SERVER/SHARE[+//SERVER/SHARE...]   a DFS link, as often as wanted: clients that
 *                    come to this folder go on at one of the targets. The folder that it lies in
 *                    must be there; what the plugin has at PATH is hidden. Port 445 always
 *     encrypt=on     every access must be encrypted
 *     guest=off      no guests and anonymous users, also when the server lets them log on
 *     hidden=on      not listed
 *     hide-files=A+*.B   files and folders of these names (* and ? as in listings) are shown with
 *                    the attribute hidden
 *     keep-acl-flags=on   a descriptor that says it was inherited is kept so, which Windows does
 *                    only on request: for tools that copy descriptors as they are
 *     readonly=on    nothing can be changed
 *     timemachine=on   who tells the network of shares calls it a place for backups of macOS
 *     hide-unreadable=on   listings leave out what the user may not read, where files have
 *                    security descriptors (access-based enumeration)
 *     hide-unreachable=on   not listed to users who may not connect
 *     users=A+B      the only users who may connect
 *
 * A program with the static library can load plugins only when it exports all of it
 * (--whole-archive and -rdynamic).
 *
 * OBJECT_NAME_INVALID: not a share name; NO_SUCH_FILE: no such plugin; INVALID_PARAMETER: an
 * argument; anything else: what the plugin said.
 */
SMBKIT_API smbkit_status smbkit_server_set_share(struct smbkit_server *server, const char *name,
                                                 const char *plugin, const struct smbkit_arg *args,
                                                 size_t count, char error[SMBKIT_ERROR_MAX]);
/* The same with a plugin that is part of the program; it must outlive the server. */
SMBKIT_API smbkit_status smbkit_server_set_share_plugin(struct smbkit_server *server,
                                                        const char *name,
                                                        const struct smbkit_plugin *plugin,
                                                        const struct smbkit_arg *args, size_t count,
                                                        char error[SMBKIT_ERROR_MAX]);

struct smbkit_filter; /* smbkit/filter.h */

/* A filter before a plugin. */
struct smbkit_filter_spec {
    const char *filter;                  /* its name, or with a '/' the path of its file */
    const struct smbkit_filter *builtin; /* in place of `filter`: part of the program */
    const struct smbkit_arg *args;
    size_t count;
    const void *reserved[2]; /* NULL */
};

/* What a share is made of. Zero is a good value for what is not used. */
struct smbkit_share_spec {
    size_t struct_size; /* sizeof(struct smbkit_share_spec) as the program was compiled */
    const char *plugin;
    const struct smbkit_plugin *builtin; /* in place of `plugin` */
    const struct smbkit_arg *args;       /* of the plugin and the share */
    size_t count;
    const struct smbkit_filter_spec *filters; /* the first one is nearest to the clients */
    size_t filter_count;                      /* at most 16 */
};

/* As smbkit_server_set_share, with filters. */
SMBKIT_API smbkit_status smbkit_server_put_share(struct smbkit_server *server, const char *name,
                                                 const struct smbkit_share_spec *spec,
                                                 char error[SMBKIT_ERROR_MAX]);
/* Clients that are connected to it lose their files. OBJECT_NAME_NOT_FOUND. */
SMBKIT_API smbkit_status smbkit_server_remove_share(struct smbkit_server *server, const char *name,
                                                    char error[SMBKIT_ERROR_MAX]);
/*
 * Adds an earlier state of a share, or replaces the one of that time: a snapshot, which clients
 * find among the previous versions of the share's files. `time` is when it was, in UTC, as clients
 * write it: "@GMT-2026.01.31-23.59.59". `spec` says what serves it, without settings of a share:
 * most often the share's own plugin, for another folder. Whatever that is, nothing of it can be
 * changed. A share has at most 4096. BAD_NETWORK_NAME: no such share; otherwise as
 * smbkit_server_set_share.
 */
SMBKIT_API smbkit_status smbkit_server_put_snapshot(struct smbkit_server *server, const char *share,
                                                    const char *time,
                                                    const struct smbkit_share_spec *spec,
                                                    char error[SMBKIT_ERROR_MAX]);
/* Files that clients have open in it stay open. OBJECT_NAME_NOT_FOUND, BAD_NETWORK_NAME. */
SMBKIT_API smbkit_status smbkit_server_remove_snapshot(struct smbkit_server *server,
                                                       const char *share, const char *time,
                                                       char error[SMBKIT_ERROR_MAX]);
/* Loads a plugin (or a filter) without making a share of it, to show its parameters. It stays valid
   as long as the server. NULL and a line in `error` when it cannot be loaded. */
SMBKIT_API const struct smbkit_plugin *smbkit_server_plugin(struct smbkit_server *server,
                                                            const char *plugin,
                                                            char error[SMBKIT_ERROR_MAX]);

SMBKIT_API const struct smbkit_filter *smbkit_server_filter(struct smbkit_server *server,
                                                            const char *filter,
                                                            char error[SMBKIT_ERROR_MAX]);
/* The file that a plugin or filter was loaded from, NULL when it was not. */
SMBKIT_API const char *smbkit_server_plugin_file(const struct smbkit_server *server,
                                                 const void *table);
/* The folders where plugins and filters are looked for, in order, separated by ':', into `dst`.
   Returns the length that it has or would have. */
SMBKIT_API size_t smbkit_server_plugin_dirs(const struct smbkit_server *server, char *dst,
                                            size_t cap);

/* --- the network --- */

/* Listens on a numeric IPv4 or IPv6 address ("0.0.0.0", "::1", "fe80::1%eth0"). Port 0: the system
   chooses one; *port is then the real one. INVALID_PARAMETER: not an address; ACCESS_DENIED: the
   port needs a privilege; SHARING_VIOLATION: another program has the port. */
SMBKIT_API smbkit_status smbkit_server_listen(struct smbkit_server *server, const char *address,
                                              uint16_t *port, char error[SMBKIT_ERROR_MAX]);
/* Takes over a socket that listens already, as service managers hand them over; also when it
   fails. *port may be NULL. */
SMBKIT_API smbkit_status smbkit_server_listen_fd(struct smbkit_server *server, int fd,
                                                 uint16_t *port, char error[SMBKIT_ERROR_MAX]);

/* --- running --- */

/* Serves until smbkit_server_stop and the end of draining. SUCCESS; IO_TIMEOUT when something
   (a plugin that hangs) was still in work at the end of the option drain-timeout. */
SMBKIT_API smbkit_status smbkit_server_run(struct smbkit_server *server);

/* Asks for the end: no new connections, what is in work is finished, the connections are closed,
   the files too. Any thread; also in a signal handler; also before the server runs. Harmless when
   repeated. */
SMBKIT_API void smbkit_server_stop(struct smbkit_server *server);

/* For a program that has an event loop of its own, in place of smbkit_server_run: wait until this
   descriptor is readable, at most smbkit_server_timeout milliseconds (-1: no limit), then call
   smbkit_server_poll, which does not block. PENDING as long as the server runs; then, once, what
   smbkit_server_run would have given. */
SMBKIT_API int smbkit_server_fd(const struct smbkit_server *server);
SMBKIT_API int smbkit_server_timeout(struct smbkit_server *server);
SMBKIT_API smbkit_status smbkit_server_poll(struct smbkit_server *server);

/* Calls fn(ctx) soon on the server's thread. Any thread, until the server is stopped; what was
   posted and not yet called is called at the latest by smbkit_server_free. NO_MEMORY. */
SMBKIT_API smbkit_status smbkit_server_post(struct smbkit_server *server, void (*fn)(void *ctx),
                                            void *ctx);

/* --- figures --- */

struct smbkit_stats {
    size_t struct_size; /* set by the caller: sizeof(struct smbkit_stats) */
    uint64_t connections, sessions, trees, opens;
    uint64_t requests_running, requests_total;
    uint64_t bytes_in, bytes_out; /* of messages */
    uint64_t logons_failed;
    uint64_t frames_refused; /* connections closed because of what they sent */
};

/* On the server's thread. */
SMBKIT_API void smbkit_server_get_stats(const struct smbkit_server *server,
                                        struct smbkit_stats *stats);

/* One logon. Strings are valid during the call. */
struct smbkit_session_info {
    uint64_t id;
    const char *user, *domain; /* "" for an anonymous one */
    const char *address;       /* of its first connection */
    const char *dialect;       /* "3.1.1" */
    const char *cipher;        /* that messages are encrypted with, "" when none is */
    const char *signing;       /* algorithm, "" for one that does not sign */
    bool guest, anonymous;
    size_t connections, trees, opens;
};

/* One open file. */
struct smbkit_open_info {
    uint64_t session; /* 0: its client has gone and may come back (a durable open) */
    const char *user;
    const char *share;
    const char *path;   /* from the root of the share, separated by '/' */
    const char *stream; /* or NULL */
    uint32_t access;    /* as granted */
    bool directory, delete_on_close;
    uint64_t id;
    size_t locks;        /* byte ranges */
    const char *caching; /* what its client may cache: of "RWH" */
    bool lease;          /* ... by a lease, not by an oplock */
};

/* latency[i] counts operations that took less than 2^i microseconds and not less than half of that;
   the last one those that took longer. */
#define SMBKIT_LATENCY_STEPS 28

struct smbkit_share_counts {
    uint64_t operations, failed;
    uint64_t bytes_read, bytes_written;
    uint64_t latency[SMBKIT_LATENCY_STEPS];
};

struct smbkit_share_info {
    const char *name, *comment;
    const char *plugin;   /* "" for IPC$ */
    uint32_t connections; /* tree connects */
    bool encrypt, hidden, readonly;
    const struct smbkit_share_counts *counts; /* since it was set; NULL for IPC$ */
    bool timemachine;
};

/* One connection. */
struct smbkit_connection_info {
    const char *address;
    const char *dialect; /* "" before it is negotiated */
    const char *cipher;  /* that was negotiated, "" for none */
    const char *signing; /* likewise */
    size_t sessions;
    size_t requests;   /* messages in work */
    uint32_t credits;  /* that the client holds */
    uint32_t waiting;  /* requests that wait for an event */
    uint64_t buffered; /* bytes of the messages in work */
};

/* One locked byte range. */
struct smbkit_lock_info {
    uint64_t open; /* smbkit_open_info.id */
    const char *share, *path;
    uint64_t offset, length;
    bool exclusive;
};

/* One lease. */
struct smbkit_lease_info {
    const char *share, *path; /* of one of its opens */
    const char *client, *key; /* GUIDs */
    const char *state;        /* of "RWH" */
    bool breaking;            /* the client has been told to give some of it up */
    unsigned version, epoch;
    size_t opens;
};

/* Each calls fn for each one, in no order, until fn says false. It must change nothing of the
   server. On the server's thread, which is where a plugin's callbacks run that is
   SMBKIT_THREAD_ASYNC. */
SMBKIT_API void smbkit_server_each_connection(const struct smbkit_server *server,
                                              bool (*fn)(void *ctx,
                                                         const struct smbkit_connection_info *info),
                                              void *ctx);
SMBKIT_API void smbkit_server_each_session(const struct smbkit_server *server,
                                           bool (*fn)(void *ctx,
                                                      const struct smbkit_session_info *info),
                                           void *ctx);
SMBKIT_API void smbkit_server_each_open(const struct smbkit_server *server,
                                        bool (*fn)(void *ctx, const struct smbkit_open_info *info),
                                        void *ctx);
SMBKIT_API void smbkit_server_each_lock(const struct smbkit_server *server,
                                        bool (*fn)(void *ctx, const struct smbkit_lock_info *info),
                                        void *ctx);
SMBKIT_API void
smbkit_server_each_lease(const struct smbkit_server *server,
                         bool (*fn)(void *ctx, const struct smbkit_lease_info *info), void *ctx);
SMBKIT_API void
smbkit_server_each_share(const struct smbkit_server *server,
                         bool (*fn)(void *ctx, const struct smbkit_share_info *info), void *ctx);
/* The options that the server was made with, in the order of their table, as a user would write
   them. */
SMBKIT_API void
smbkit_server_each_option(const struct smbkit_server *server,
                          bool (*fn)(void *ctx, const char *name, const char *value), void *ctx);
/* The last lines of the log, as many as `cap` bytes hold, oldest first, each with its time and a
   newline, into `dst`; returns how many bytes that are. There are never more than
   SMBKIT_RECENT_LOG_MAX. Any thread. */
#define SMBKIT_RECENT_LOG_MAX 65536
SMBKIT_API size_t smbkit_server_recent_log(struct smbkit_server *server, char *dst, size_t cap);

/* Ends a session, or closes an open file, by its id, as if its client had done so; it happens soon.
   OBJECT_NAME_NOT_FOUND; NO_MEMORY; INVALID_DEVICE_STATE: not on the server's thread. */
SMBKIT_API smbkit_status smbkit_server_close_session(struct smbkit_server *server, uint64_t id);
SMBKIT_API smbkit_status smbkit_server_close_open(struct smbkit_server *server, uint64_t id);
/* When it was made, FILETIME. */
SMBKIT_API uint64_t smbkit_server_start_time(const struct smbkit_server *server);

/* From now on, least important lines that are logged. On the server's thread. */
SMBKIT_API void smbkit_server_set_log_level(struct smbkit_server *server,
                                            enum smbkit_log_level level);
SMBKIT_API enum smbkit_log_level smbkit_server_log_level(const struct smbkit_server *server);

/* The server that serves a plugin's share; NULL when there is none (in tests). It lives longer than
   the share. */
SMBKIT_API struct smbkit_server *smbkit_share_server(const struct smbkit_share *share);

/* --- lists of users, and the file they are kept in --- */

/*
 * The users file holds names and NT hashes, which are as good as the passwords: it is only read
 * when nobody but its owner (the caller or root) can read it, and always written with mode 0600, in
 * one step. One line for each user: `name:hash:comment`.
 *
 * A list belongs to one thread at a time.
 */
SMBKIT_API struct smbkit_users *smbkit_users_new(void); /* NULL when memory is out */
/* Hashes are wiped. NULL is allowed. */
SMBKIT_API void smbkit_users_free(struct smbkit_users *users);

/* Adds what the file holds. NO_SUCH_FILE; ACCESS_DENIED: others can read it, or we cannot;
   DATA_ERROR: a line is not valid (`error` says which), or a name is there already. After an error
   the list is as before. */
SMBKIT_API smbkit_status smbkit_users_load(struct smbkit_users *users, const char *path,
                                           char error[SMBKIT_ERROR_MAX]);
/* Adds the accounts of a file in the form of smbpasswd; errors as above. Names that are there
   already get the file's password. *added (may be NULL) counts. */
SMBKIT_API smbkit_status smbkit_users_import(struct smbkit_users *users, const char *path,
                                             size_t *added, char error[SMBKIT_ERROR_MAX]);
/* Replaces the file. */
SMBKIT_API smbkit_status smbkit_users_save(const struct smbkit_users *users, const char *path,
                                           char error[SMBKIT_ERROR_MAX]);

/* Adds a user or changes his password. INVALID_PARAMETER. */
SMBKIT_API smbkit_status smbkit_users_set(struct smbkit_users *users, const char *name,
                                          const char *password, char error[SMBKIT_ERROR_MAX]);
/* Adds the user `name` of another list. NO_SUCH_USER. */
SMBKIT_API smbkit_status smbkit_users_copy(struct smbkit_users *users,
                                           const struct smbkit_users *from, const char *name,
                                           char error[SMBKIT_ERROR_MAX]);
/* NO_SUCH_USER. */
SMBKIT_API smbkit_status smbkit_users_remove(struct smbkit_users *users, const char *name,
                                             char error[SMBKIT_ERROR_MAX]);
SMBKIT_API size_t smbkit_users_count(const struct smbkit_users *users);
/* Calls fn for each user in the order of the list; fn must not change it. */
SMBKIT_API void smbkit_users_each(const struct smbkit_users *users,
                                  void (*fn)(void *ctx, const char *name, bool disabled),
                                  void *ctx);

#ifdef __cplusplus
}
#endif

#endif
