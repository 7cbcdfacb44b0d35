// SPDX-License-Identifier: Apache-2.0
/*
 * Signals, and the command of --run.
 *
 * Signal handlers need to find the server and the child: the only global state of the program,
 * set once before the signals can come. Processes that are signalled are children that were started
 * here, or in discovery.c, and have not been waited for.
 */
#include "daemon.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static struct smbkit_server *volatile server;
static volatile sig_atomic_t child;        /* 0: none, or it has ended */
static volatile sig_atomic_t child_result; /* of waitpid */
static volatile sig_atomic_t asked;        /* how often the end was asked for */

/* With a command: it is asked to end, the second time it is made to; its end stops the server. */
static void on_end(int signal)
{
    int saved = errno;
    asked++;
    if (child > 0)
        kill((pid_t)child, asked > 1 ? SIGKILL : SIGTERM);
    else
        smbkit_server_stop(server);
    errno = saved;
}

/* May run in two threads at once, of which one gets the status: `child` is read once. */
static void on_child(int signal)
{
    int saved = errno, status;
    pid_t pid = (pid_t)child;
    if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid) {
        child_result = status;
        child = 0;
        smbkit_server_stop(server);
    }
    discovery_child_ended();
    errno = saved;
}

/* Each handler blocks the other signals of its thread: they share state. */
static void handle(int signal, void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigfillset(&sa.sa_mask);
    sigaction(signal, &sa, NULL);
}

void signals_install(struct smbkit_server *s)
{
    server = s;
    handle(SIGTERM, on_end);
    handle(SIGINT, on_end);
    handle(SIGCHLD, on_child);
    handle(SIGPIPE, SIG_IGN);
}

void signals_default(void)
{
    handle(SIGTERM, SIG_DFL);
    handle(SIGINT, SIG_DFL);
    handle(SIGCHLD, SIG_DFL);
}

/* --- the command --- */

static void set_variables(const struct cmdline *c, const struct endpoints *e,
                          const struct logins *l)
{
    char *host = endpoint_local_host(e);
    const char *share = c->shares[0].name;
    char port[8];
    snprintf(port, sizeof(port), "%u", e->v[0].port);
    char *unc = format_text("//%s/%s", host, share);
    char *uri = ready_uri(host, e->v[0].port, l->user, share);
    setenv("port", port, 1);
    setenv("unc", unc, 1);
    setenv("uri", uri, 1);
    setenv("user", l->user != NULL ? l->user : "", 1);
    setenv("password", l->password != NULL ? l->password : "", 1);
    smbkit_free(uri);
    smbkit_free(unc);
    smbkit_free(host);
}

static void become_command(const char *command, const sigset_t *mask)
{
    char sh[] = "sh", c[] = "-c";
    char *text = (char *)(uintptr_t)command;
    char *argv[] = {sh, c, text, NULL};
    signal(SIGPIPE, SIG_DFL); /* what is ignored stays so across exec */
    sigprocmask(SIG_SETMASK, mask, NULL);
    execve("/bin/sh", argv, environ);
    _exit(127);
}

int command_start(const struct cmdline *c, const struct endpoints *e, const struct logins *l)
{
    sigset_t all, before;
    set_variables(c, e, l);
    fflush(NULL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* it may end before we know its number */
    pid_t pid = fork();
    if (pid == 0)
        become_command(c->run, &before);
    if (pid > 0)
        child = pid;
    int saved = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    on_child(SIGCHLD); /* a plugin's thread may have had the signal before `child` was set */
    return pid > 0 ? 0 : complain(EXIT_FAILED, "--run: cannot start: %s", strerror(saved));
}

int command_status(void)
{
    int status = (int)child_result;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
