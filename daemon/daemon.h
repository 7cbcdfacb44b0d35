// SPDX-License-Identifier: Apache-2.0
/*
 * The program: what its files share. Public headers of the library only; calls the operating system
 * where the library does not (terminal, child process, addresses of the machine, service manager).
 *
 * Exit status: 0; 1 when something fails; 2 for the command line, after one line on stderr that
 * names the option and its valid values; with --run that of the command.
 * Threads: the main one; the library's are invisible here.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <smbkit/filter.h>
#include <smbkit/smbkit.h>
#include <sys/types.h>

#ifdef __GNUC__
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN          __attribute__((noreturn))
#else
#define PRINTF_LIKE(f, a)
#define NORETURN
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define EXIT_FAILED 1
#define EXIT_USAGE  2

#define PORT_SMB   445
#define PORT_OTHER 4445

/* --- util.c --- */

/* One line "smbkit: ..." on stderr; returns the status. */
int complain(int status, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same, and the end of the program. Only while there is nothing to clean up. */
NORETURN void die(int status, const char *format, ...) PRINTF_LIKE(2, 3);

/* Memory, or the end of the program. To be freed with smbkit_free. */
void *grow(void *array, size_t count, size_t size);
char *copy_text(const char *text, size_t len);
char *format_text(const char *format, ...) PRINTF_LIKE(1, 2);

/* --- cmdline.c: the command line --- */

struct arg_list {
    struct smbkit_arg *v;
    size_t n;
};

struct share_spec {
    char *name;
    char *plugin;
    struct arg_list args;
};

struct snapshot_spec {
    struct share_spec of; /* whose, and what serves it */
    char *time;
};

struct filter_spec {
    char *share; /* NULL: of every share */
    char *name;
    struct arg_list args;
};

struct listen_spec {
    char *host; /* NULL: all addresses */
    uint16_t port;
};

struct user_spec {
    char *name;
    char *password; /* NULL: stands in the users file */
};

struct cmdline {
    bool help, version, list; /* list: smbkit plugins */
    struct arg_list options;  /* of the server */
    struct share_spec *shares;
    size_t share_count;
    struct snapshot_spec *snapshots;
    size_t snapshot_count;
    struct filter_spec *filters;
    size_t filter_count;
    struct listen_spec *listens;
    size_t listen_count;
    struct user_spec *users;
    size_t user_count;
    char *users_file; /* NULL: the default one */
    char *name;       /* --name */
    char *plugin;     /* the first word, its arguments in plugin_args */
    struct arg_list plugin_args;
    char *run;
    char *discovery; /* a valid mode, or NULL */
    char *dump;      /* --dump-plugin */
};

/* Fills *c (what is not zero in it was said before), or ends the program with EXIT_USAGE. Wipes
 * passwords in argv. */
void cmdline_parse(struct cmdline *c, int argc, char **argv);
void cmdline_free(struct cmdline *c);
void arg_add(struct arg_list *l, char *key, char *value);
/* The last value given for a server option, or NULL. */
const char *cmdline_option(const struct cmdline *c, const char *name);

/* --- help.c --- */

void help_print(void);
/* What a plugin or filter is and takes. */
void help_print_plugin(const struct smbkit_plugin *p);
void help_print_filter(const struct smbkit_filter *f);

/* --- plugins.c: what there is --- */

/* smbkit plugins, smbkit --dump-plugin; give the exit status. */
int plugins_list(struct smbkit_server *s);
int plugins_dump(struct smbkit_server *s, const char *name);

/* --- users.c: the users file --- */

/* Who may log on, and what the user should be told about it. */
struct logins {
    struct smbkit_users *list;
    char *user;     /* for the ready lines and $user; NULL: guest or nobody */
    char *password; /* known only when given or made here */
    char *notice;   /* lines to print, or NULL */
};

/* Ends the program when something is wrong. */
void logins_prepare(struct logins *l, const struct cmdline *c);
void logins_free(struct logins *l);
/* `smbkit user ...`: argv[0] is the word after "user". Returns the exit status. */
int users_command(int argc, char **argv);

/* --- listen.c --- */

/* Where the server can be reached. */
struct endpoint {
    char *host; /* numeric; "0.0.0.0" or "::" for all */
    uint16_t port;
};

struct endpoints {
    struct endpoint *v;
    size_t n;
    char *notice; /* why not port 445; NULL: no reason to say anything */
};

/* Returns 0 or an exit status, after a line on stderr. */
int endpoints_open(struct endpoints *e, struct smbkit_server *s, const struct cmdline *c);
void endpoints_free(struct endpoints *e);
/* The first one that other machines can reach, or NULL. */
const struct endpoint *endpoints_reachable(const struct endpoints *e);
/* Is there one for all addresses? */
bool endpoints_on_all(const struct endpoints *e);
/* A real address for clients of another machine, or the loopback one. To be freed. */
char *endpoint_host(const struct endpoints *e);
/* An address that a child of ours can use. To be freed. */
char *endpoint_local_host(const struct endpoints *e);

/* --- discovery.c: being found --- */

bool discovery_mode_valid(const char *name);
/* Tells the network of the server, as far as --discovery says and others can reach it. */
void discovery_start(struct smbkit_server *s, const struct cmdline *c, const struct endpoints *e);
/* By what it is shown, or NULL. */
const char *discovery_text(void);
/* For the handler of SIGCHLD. */
void discovery_child_ended(void);
void discovery_stop(void);

/* --- ready.c --- */

void ready_print(const struct cmdline *c, const struct endpoints *e, const struct logins *l);
/* "smb://user@host:port/share"; to be freed. */
char *ready_uri(const char *host, uint16_t port, const char *user, const char *share);

/* --- run.c: signals and the command of --run --- */

/* SIGTERM and SIGINT stop the server; with a command they end it first. */
void signals_install(struct smbkit_server *s);
/* Before the server is freed: a further signal ends the program at once. */
void signals_default(void);
/* Starts the command; its end stops the server. 0 or an exit status. */
int command_start(const struct cmdline *c, const struct endpoints *e, const struct logins *l);
/* The command's exit status, once the server has stopped. */
int command_status(void);

#endif
