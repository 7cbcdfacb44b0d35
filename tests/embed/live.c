// SPDX-License-Identifier: Apache-2.0
/*
 * Shares that come, change and go while clients are connected. What is written to the file "order"
 * of the share "x" is done: "add NAME TEXT", "replace NAME TEXT" or "remove NAME", on the server's
 * thread; then the file "obeyed" is written in the working folder. Usage: live COMMAND.
 */
#include "embed.h"
#include <pthread.h>

struct order {
    struct smbkit_server *server;
    char verb[16], name[32], text[64];
};

/* Tells the command, which waits for this. */
static void tell(const char *name)
{
    FILE *f = fopen(name, "w");
    EXPECT(f != NULL && fputs("done\n", f) >= 0 && fclose(f) == 0);
}

static void obey(void *ctx)
{
    struct order *o = ctx;
    char error[SMBKIT_ERROR_MAX];
    if (strcmp(o->verb, "remove") == 0) {
        EXPECT(smbkit_server_remove_share(o->server, o->name, error) == SMBKIT_STATUS_SUCCESS);
        EXPECT(smbkit_server_remove_share(o->server, o->name, error) ==
               SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    } else {
        /* The tree is lost with the process: the table lives in it, and clients may keep the share
           for as long as they like. */
        embed_share(o->server, o->name, embed_tree(o->text));
    }
    tell("obeyed");
    free(o);
}

static smbkit_status take_order(struct smbkit_op *op, void *ctx, const void *data, size_t size)
{
    struct order *o = calloc(1, sizeof *o);
    char line[128];
    (void)op;
    EXPECT(o != NULL);
    snprintf(line, sizeof line, "%.*s", (int)size, (const char *)data);
    o->server = ctx;
    if (sscanf(line, "%15s %31s %63s", o->verb, o->name, o->text) < 2) {
        free(o);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    return smbkit_server_post(o->server, obey, o);
}

static const struct smbkit_file_ops order_ops = {.struct_size = sizeof order_ops,
                                                 .put = take_order};

static int result = 1;
static pid_t command;

static void *wait_for_command(void *server)
{
    while (!embed_ended(&command, &result))
        usleep(20000);
    smbkit_server_stop(server);
    return NULL;
}

int main(int argc, char **argv)
{
    const struct smbkit_server_config config = {.struct_size = sizeof config};
    char error[SMBKIT_ERROR_MAX];
    pthread_t thread;
    struct smbkit_server *s = smbkit_server_new(&config, error);
    struct smbkit_tree *tree = embed_tree("first\n");
    EXPECT(argc == 2 && s != NULL);
    EXPECT(smbkit_server_add_user(s, "ann", "secret", error) == SMBKIT_STATUS_SUCCESS);
    EXPECT(smbkit_tree_add_file(smbkit_tree_root(tree), "order", &order_ops, s, NULL) ==
           SMBKIT_STATUS_SUCCESS);
    embed_share(s, "x", tree);
    embed_listen(s, "port");
    command = embed_start(argv[1]);
    EXPECT(pthread_create(&thread, NULL, wait_for_command, s) == 0);
    EXPECT(smbkit_server_run(s) == SMBKIT_STATUS_SUCCESS);
    EXPECT(pthread_join(thread, NULL) == 0);
    smbkit_server_free(s);
    smbkit_tree_unref(tree);
    return result;
}
