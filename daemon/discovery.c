// SPDX-License-Identifier: Apache-2.0
/*
 * Being found: the server in the network lists of macOS and Linux (mDNS) and Windows
 * (WS-Discovery).
 *
 * Programs that are made for it do the talking, as children of ours: avahi-publish tells
 * avahi-daemon over D-Bus, wsdd answers Windows. What the network sends never reaches this process,
 * and nothing is linked for it. They run as nobody when we are root, end with us in any case, and
 * are told to end before the server is freed: wsdd says Bye then, and avahi-daemon takes back what
 * it was told by a client that has gone.
 *
 * Global state, because a signal handler has to know the children. Each is waited for once:
 * whoever takes its number out of the table does it.
 */
#include "daemon.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of the metadata: wsdd cannot have another one, for Windows knows no other. */
#define WSD_PORT     5357
#define SYSTEM_PATH  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define BUS_VARIABLE "DBUS_SYSTEM_BUS_ADDRESS"
#define BUS_SOCKET   "/run/dbus/system_bus_socket"
#define NOBODY       65534
#define ARGS_MAX     64
#define SHARES_MAX   (ARGS_MAX - 8) /* told of as places for Time Machine */
#define END_TIMEOUT  3000           /* ms for saying Bye */
#define END_STEP     20

/* What can be asked for. */
static const struct mode {
    const char *name;
    bool mdns, wsd;
    bool insist; /* what cannot be done is complained of */
} modes[] = {
    {"auto", true, true, false}, {"off", false, false, false}, {"on", true, true, true},
    {"mdns", true, false, true}, {"wsd", false, true, true},
};

enum helper { HELPER_SMB, HELPER_MODEL, HELPER_BACKUP, HELPER_WSD, HELPERS };

static _Atomic pid_t running[HELPERS]; /* 0: not, or its end was seen */
static atomic_bool insisting;

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < COUNT(modes); i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

bool discovery_mode_valid(const char *name)
{
    return find_mode(name) != NULL;
}

/* ---------------------------------------------------------------- a child */

struct arguments {
    char *v[ARGS_MAX + 1]; /* v[0]: the path of the program */
    size_t n;
};

/* Takes over the text. One too many is left out: callers know how many there can be. */
static void add(struct arguments *a, char *text)
{
    if (a->n < ARGS_MAX)
        a->v[a->n++] = text;
    else
        smbkit_free(text);
}

static void add_copy(struct arguments *a, const char *text)
{
    add(a, copy_text(text, strlen(text)));
}

static void arguments_free(struct arguments *a)
{
    for (size_t i = 0; i < a->n; i++)
        smbkit_free(a->v[i]);
}

/* The first one of the name in $PATH, or where the system's daemons are; to be freed. NULL: none.
 */
static char *find_program(const char *name)
{
    const char *env = getenv("PATH");
    char *path = format_text("%s:%s", env != NULL ? env : "", SYSTEM_PATH), *at = path;
    char *found = NULL;
    while (found == NULL && at != NULL) {
        const char *folder = strsep(&at, ":");
        char *file = format_text("%s/%s", folder, name);
        if (folder[0] == '/' && access(file, X_OK) == 0)
            found = file;
        else
            smbkit_free(file);
    }
    smbkit_free(path);
    return found;
}

struct identity {
    bool change;
    uid_t user;
    gid_t group;
};

static struct identity helper_identity(void)
{
    const struct passwd *p = geteuid() == 0 ? getpwnam("nobody") : NULL;
    return (struct identity){
        .change = geteuid() == 0,
        .user = p != NULL ? p->pw_uid : NOBODY,
        .group = p != NULL ? p->pw_gid : NOBODY,
    };
}

/* In the child, where only what is safe in a signal handler may be called. */
NORETURN static void become_helper(const struct arguments *a, char **env,
                                   const struct identity *who, pid_t parent, const sigset_t *mask)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool ok = null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2;
    if (who->change)
        ok = ok && setgroups(0, NULL) == 0 && setgid(who->group) == 0 && setuid(who->user) == 0;
    /* last, because a change of user takes it back */
    ok = ok && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
    setpgid(0, 0);            /* Ctrl-C is for us, who tell it */
    signal(SIGPIPE, SIG_DFL); /* what is ignored stays so across exec */
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (ok)
        execve(a->v[0], a->v, env);
    _exit(127);
}

/* Our handlers must not see the child before it stands in the table, nor run in it. */
static bool start(enum helper which, const struct arguments *a)
{
    const struct identity who = helper_identity();
    const char *address = getenv(BUS_VARIABLE);
    char *path = format_text("PATH=%s", SYSTEM_PATH);
    char *bus = address != NULL ? format_text("%s=%s", BUS_VARIABLE, address) : NULL;
    char *env[] = {path, bus, NULL}; /* ours may be root's, and is nobody's business */
    pid_t parent = getpid();
    sigset_t all, before;
    sigfillset(&all);
    fflush(NULL);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        become_helper(a, env, &who, parent, &before);
    if (pid > 0)
        atomic_store(&running[which], pid);
    sigprocmask(SIG_SETMASK, &before, NULL);
    smbkit_free(path);
    smbkit_free(bus);
    return pid > 0;
}

/* ---------------------------------------------------------------- what is said */

/* avahi-publish: one process for each service. */
static struct arguments publish(const char *program, const char *name, const char *type,
                                uint16_t port)
{
    struct arguments a = {0};
    add_copy(&a, program);
    add_copy(&a, "-f"); /* avahi-daemon may come later, or again */
    add_copy(&a, "-s");
    add_copy(&a, name);
    add_copy(&a, type);
    add(&a, format_text("%u", port));
    return a;
}

struct backups {
    struct arguments *a;
    unsigned count;
};

/* adVF: Time Machine over SMB (0x80 | 0x02). */
static bool add_backup(void *ctx, const struct smbkit_share_info *info)
{
    struct backups *b = ctx;
    if (info->timemachine)
        add(b->a, format_text("dk%u=adVN=%s,adVF=0x82", b->count++, info->name));
    return b->count < SHARES_MAX;
}

static bool start_mdns(struct smbkit_server *s, const char *name, uint16_t port)
{
    char *program = find_program("avahi-publish");
    if (program == NULL)
        return false;
    struct arguments smb = publish(program, name, "_smb._tcp", port);
    struct arguments model = publish(program, name, "_device-info._tcp", 0);
    struct arguments backup = publish(program, name, "_adisk._tcp", 9);
    struct backups backups = {.a = &backup};
    add_copy(&model, "model=RackMac"); /* the icon of a server in Finder */
    add_copy(&backup, "sys=waMA=0,adVF=0x100");
    smbkit_server_each_share(s, add_backup, &backups);
    bool ok = start(HELPER_SMB, &smb) && start(HELPER_MODEL, &model) &&
              (backups.count == 0 || start(HELPER_BACKUP, &backup));
    arguments_free(&smb);
    arguments_free(&model);
    arguments_free(&backup);
    smbkit_free(program);
    return ok;
}

/* Does the machine answer Windows already? wsdd would not notice, and answer by halves. */
static bool wsd_taken(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(WSD_PORT)};
    const int yes = 1; /* what is left of connections does not count, who listens does */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
                 bind(fd, (const void *)&any, sizeof(any)) != 0 && errno == EADDRINUSE;
    if (fd >= 0)
        close(fd);
    return taken;
}

static bool start_wsd(const char *name, const struct endpoints *e)
{
    char *program = find_program("wsdd");
    struct arguments a = {0};
    if (program == NULL)
        return false;
    add(&a, program);
    add_copy(&a, "-s");
    add_copy(&a, "-p"); /* the name as it is */
    add_copy(&a, "-n");
    add_copy(&a, name);
    for (size_t i = 0; i < e->n && !endpoints_on_all(e) && a.n + 2 <= ARGS_MAX; i++) {
        add_copy(&a, "-i");
        add_copy(&a, e->v[i].host);
    }
    bool ok = start(HELPER_WSD, &a);
    arguments_free(&a);
    return ok;
}

/* ---------------------------------------------------------------- beginning and end */

static void complain_if(const struct mode *m, const char *what)
{
    if (m->insist)
        complain(0, "--discovery=%s: %s", m->name, what);
}

/* avahi-publish would wait for avahi-daemon to come, but needs the bus. */
static bool has_bus(void)
{
    return getenv(BUS_VARIABLE) != NULL || access(BUS_SOCKET, F_OK) == 0;
}

static void start_all(struct smbkit_server *s, const struct mode *m, const char *name,
                      const struct endpoints *e, uint16_t port)
{
    if (m->mdns && !has_bus())
        complain_if(m, "there is no D-Bus to reach avahi-daemon by");
    else if (m->mdns && !start_mdns(s, name, port))
        complain_if(m, "avahi-publish cannot be started (package avahi-utils)");
    if (m->wsd && port != PORT_SMB)
        complain_if(m, "not in the network of Windows, which knows no port but 445");
    else if (m->wsd && wsd_taken())
        complain_if(m, "another program answers WS-Discovery for this machine");
    else if (m->wsd && !start_wsd(name, e))
        complain_if(m, "wsdd cannot be started (package wsdd)");
}

void discovery_start(struct smbkit_server *s, const struct cmdline *c, const struct endpoints *e)
{
    const struct mode *m = find_mode(c->discovery != NULL ? c->discovery : "auto");
    if (!m->mdns && !m->wsd)
        return;
    const struct endpoint *first = endpoints_reachable(e);
    if (first == NULL) {
        complain_if(m, "only this machine can reach the server, so nobody is told of it");
        return;
    }
    atomic_store(&insisting, m->insist);
    start_all(s, m, cmdline_option(c, "server-name"), e, first->port);
}

const char *discovery_text(void)
{
    bool mdns = atomic_load(&running[HELPER_SMB]) > 0, wsd = atomic_load(&running[HELPER_WSD]) > 0;
    if (mdns && wsd)
        return "mDNS and WS-Discovery";
    return mdns ? "mDNS" : wsd ? "WS-Discovery" : NULL;
}

/* Is it there to be waited for? It stays so. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

void discovery_child_ended(void)
{
    static const char text[] = "smbkit: warning: a program for --discovery has ended\n";
    for (size_t i = 0; i < HELPERS; i++) {
        pid_t pid = atomic_load(&running[i]);
        if (pid <= 0 || !has_ended(pid) || !atomic_compare_exchange_strong(&running[i], &pid, 0))
            continue;
        waitpid(pid, NULL, 0);
        if (atomic_load(&insisting) && write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
            return;
    }
}

/* True: it has ended. */
static bool wait_for(pid_t pid, int ms)
{
    const struct timespec step = {.tv_nsec = END_STEP * 1000000L};
    for (; waitpid(pid, NULL, WNOHANG) == 0; ms -= END_STEP) {
        if (ms <= 0)
            return false;
        nanosleep(&step, NULL);
    }
    return true;
}

void discovery_stop(void)
{
    pid_t pids[HELPERS];
    for (size_t i = 0; i < HELPERS; i++) {
        pids[i] = atomic_exchange(&running[i], 0);
        if (pids[i] > 0)
            kill(pids[i], SIGTERM);
    }
    for (size_t i = 0; i < HELPERS; i++) {
        if (pids[i] <= 0 || wait_for(pids[i], END_TIMEOUT))
            continue;
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
}
