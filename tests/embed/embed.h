// SPDX-License-Identifier: Apache-2.0
/*
 * What the embedding programs share: a share in memory, and a command of the shell that is the
 * client while the servers run. Nothing but the installed headers and POSIX.
 */
#ifndef EMBED_H
#define EMBED_H

#include <smbkit/smbkit.h>
#include <smbkit/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(x)                                                             \
    do {                                                                      \
        if (!(x)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #x); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

/* A tree with one file, "hello". The caller's reference. */
static inline struct smbkit_tree *embed_tree(const char *text)
{
    struct smbkit_tree *tree = smbkit_tree_new(NULL);
    EXPECT(tree != NULL);
    EXPECT(smbkit_tree_add_bytes(smbkit_tree_root(tree), "hello", text, strlen(text), NULL) ==
           SMBKIT_STATUS_SUCCESS);
    return tree;
}

static inline void embed_share(struct smbkit_server *s, const char *name, struct smbkit_tree *tree)
{
    char error[SMBKIT_ERROR_MAX];
    const struct smbkit_plugin *plugin = smbkit_tree_plugin(tree, SMBKIT_THREAD_SERIAL);
    if (smbkit_server_set_share_plugin(s, name, plugin, NULL, 0, error) != SMBKIT_STATUS_SUCCESS) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
}

/* Listens on a free port of loopback, whose number goes to the variable for the command. */
static inline void embed_listen(struct smbkit_server *s, const char *variable)
{
    char error[SMBKIT_ERROR_MAX], number[8];
    uint16_t port = 0;
    EXPECT(smbkit_server_listen(s, "127.0.0.1", &port, error) == SMBKIT_STATUS_SUCCESS);
    snprintf(number, sizeof number, "%u", port);
    setenv(variable, number, 1);
}

static inline pid_t embed_start(const char *command)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    EXPECT(pid > 0);
    return pid;
}

/* True, once, when the command has ended. */
static inline bool embed_ended(pid_t *pid, int *status)
{
    int raw;
    if (*pid <= 0 || waitpid(*pid, &raw, WNOHANG) != *pid)
        return false;
    *pid = 0;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 1;
    return true;
}

#endif
