// SPDX-License-Identifier: Apache-2.0
/*
 * Three servers in one process, that share nothing: two with a thread each, one in the loop of the
 * main thread; one tree is served by two of them. One is stopped while the others go on. Usage:
 * several COMMAND, which gets $port1 to $port3 and ends the first server by making the file "stop"
 * in its folder.
 */
#include "embed.h"
#include <poll.h>
#include <pthread.h>

static void *run(void *server)
{
    EXPECT(smbkit_server_run(server) == SMBKIT_STATUS_SUCCESS);
    return NULL;
}

static struct smbkit_server *make(struct smbkit_tree *tree, const char *user, const char *variable)
{
    const struct smbkit_server_config config = {.struct_size = sizeof config};
    char error[SMBKIT_ERROR_MAX];
    struct smbkit_server *s = smbkit_server_new(&config, error);
    EXPECT(s != NULL);
    EXPECT(smbkit_server_add_user(s, user, "secret", error) == SMBKIT_STATUS_SUCCESS);
    embed_share(s, "x", tree);
    embed_listen(s, variable);
    return s;
}

int main(int argc, char **argv)
{
    struct smbkit_tree *one = embed_tree("one\n"), *both = embed_tree("both\n");
    struct smbkit_server *s[] = {make(one, "ann", "port1"), make(both, "ben", "port2"),
                                 make(both, "cyd", "port3")};
    pthread_t threads[2];
    int status = 1;
    EXPECT(argc == 2);
    for (int i = 0; i < 2; i++)
        EXPECT(pthread_create(&threads[i], NULL, run, s[i]) == 0);
    pid_t pid = embed_start(argv[1]);
    bool first = true;
    while (smbkit_server_poll(s[2]) == SMBKIT_STATUS_PENDING) {
        struct pollfd p = {.fd = smbkit_server_fd(s[2]), .events = POLLIN};
        poll(&p, 1, 50);
        if (first && access("stop", F_OK) == 0) {
            smbkit_server_stop(s[0]);
            EXPECT(pthread_join(threads[0], NULL) == 0);
            smbkit_server_free(s[0]);
            unlink("stop"); /* the command waits for that */
            first = false;
        }
        if (embed_ended(&pid, &status)) {
            smbkit_server_stop(s[1]);
            smbkit_server_stop(s[2]);
        }
    }
    EXPECT(pthread_join(threads[1], NULL) == 0);
    EXPECT(!first);
    smbkit_server_free(s[1]);
    smbkit_server_free(s[2]);
    smbkit_tree_unref(one);
    smbkit_tree_unref(both);
    return status;
}
