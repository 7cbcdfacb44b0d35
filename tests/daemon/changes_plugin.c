// SPDX-License-Identifier: Apache-2.0
/*
 * A plugin for the tests of changes: a tree that does what is written to its file "control", before
 * that write is answered. A command is a line
 *
 *   add|update|remove|rename|touch FOLDER FROM TO [USER]
 *
 * and concerns the files f<FROM> up to, without, f<TO> of a folder, five digits each. `rename`
 * gives them the names g<number>; `touch` says TO times that f<FROM> has changed.
 *
 * Built with each thread model: inline, the loop passes nothing on while a command runs; on a
 * worker, it does meanwhile. With USERS ann and bob have roots of their own, and USER says whose is
 * changed.
 */
#include <smbkit/tree.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MODEL
#define MODEL SMBKIT_THREAD_ASYNC
#endif
#ifdef USERS
#define CAPABILITIES SMBKIT_CAP_PER_USER
#else
#define CAPABILITIES 0
#endif

#define ROOTS 2

struct state {
    struct smbkit_tree *tree;
    struct smbkit_node *roots[ROOTS]; /* references */
};

static const char *const names[ROOTS] = {"ann", "bob"};

struct command {
    char verb[16], folder[64], user[16];
    unsigned from, to;
};

static smbkit_status do_one(const struct command *c, struct smbkit_node *folder, unsigned i)
{
    char name[16], to[16];
    snprintf(name, sizeof name, "f%05u", i);
    snprintf(to, sizeof to, "g%05u", i);
    if (strcmp(c->verb, "add") == 0)
        return smbkit_tree_add_bytes(folder, name, "new", 3, NULL);
    struct smbkit_node *n = smbkit_node_find(folder, name);
    smbkit_status st = n != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_NOT_FOUND;
    if (n != NULL && strcmp(c->verb, "update") == 0)
        st = smbkit_node_set_bytes(n, "changed", 7);
    if (n != NULL && strcmp(c->verb, "remove") == 0)
        smbkit_node_remove(n);
    if (n != NULL && strcmp(c->verb, "rename") == 0)
        st = smbkit_node_rename(n, NULL, to);
    for (unsigned k = 0; n != NULL && strcmp(c->verb, "touch") == 0 && k < c->to; k++)
        smbkit_node_update(n);
    smbkit_node_unref(n);
    return st;
}

static struct smbkit_node *root_of(struct state *s, const char *user)
{
    for (unsigned i = 0; i < ROOTS; i++)
        if (s->roots[i] != NULL && strcmp(user, names[i]) == 0)
            return s->roots[i];
    return smbkit_tree_root(s->tree);
}

static smbkit_status control_write(struct smbkit_op *op, void *ctx, void *handle, uint64_t offset,
                                   const void *data, uint32_t length)
{
    struct command c = {.user = ""};
    char line[160];
    (void)op, (void)handle, (void)offset;
    snprintf(line, sizeof line, "%.*s", (int)length, (const char *)data);
    if (sscanf(line, "%15s %63s %u %u %15s", c.verb, c.folder, &c.from, &c.to, c.user) < 4)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    struct smbkit_node *folder = smbkit_node_find(root_of(ctx, c.user), c.folder);
    if (folder == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    smbkit_status st = SMBKIT_STATUS_SUCCESS;
    unsigned end = strcmp(c.verb, "touch") == 0 ? c.from + 1 : c.to;
    for (unsigned i = c.from; st == SMBKIT_STATUS_SUCCESS && i < end; i++)
        st = do_one(&c, folder, i);
    smbkit_node_unref(folder);
    return st;
}

static const struct smbkit_file_ops control_ops = {
    .struct_size = sizeof control_ops,
    .write = control_write,
};

/* control, and folders d/e/f. */
static smbkit_status fill(struct state *s, struct smbkit_node *root)
{
    struct smbkit_node *d = NULL, *e = NULL;
    smbkit_status st = smbkit_tree_add_file(root, "control", &control_ops, s, NULL);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = smbkit_tree_add_folder(root, "d", NULL, NULL, &d);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = smbkit_tree_add_folder(d, "e", NULL, NULL, &e);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = smbkit_tree_add_folder(e, "f", NULL, NULL, NULL);
    smbkit_node_unref(d);
    smbkit_node_unref(e);
    return st;
}

static struct smbkit_node *user_root(void *ctx, struct smbkit_tree *tree, const char *user)
{
    (void)tree;
    struct smbkit_node *n = root_of(ctx, user);
    return smbkit_node_ref(n);
}

/* The roots keep the tree: they are given back before it goes. */
static void stop(void *ctx)
{
    struct state *s = ctx;
    for (unsigned i = 0; i < ROOTS; i++) {
        smbkit_node_unref(s->roots[i]);
        s->roots[i] = NULL;
    }
}

static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                           struct smbkit_tree **tree)
{
    struct state *s = smbkit_alloc(sizeof *s);
    (void)share, (void)args, (void)count;
    if (s == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    const struct smbkit_tree_options options = {.struct_size = sizeof options,
                                                .ctx = s,
                                                .user_root = CAPABILITIES ? user_root : NULL,
                                                .stop = stop,
                                                .release = smbkit_free};
    *tree = s->tree = smbkit_tree_new(&options);
    if (*tree == NULL) {
        smbkit_free(s);
        return SMBKIT_STATUS_NO_MEMORY;
    }
    smbkit_status st = fill(s, smbkit_tree_root(*tree));
    for (unsigned i = 0; CAPABILITIES && i < ROOTS && st == SMBKIT_STATUS_SUCCESS; i++) {
        s->roots[i] = smbkit_tree_add_root(*tree, NULL, NULL);
        st = s->roots[i] != NULL ? fill(s, s->roots[i]) : SMBKIT_STATUS_NO_MEMORY;
    }
    return st;
}

SMBKIT_TREE_PLUGIN(setup, MODEL, .name = "changes", .capabilities = CAPABILITIES, .version = "1",
                   .summary = "does what is written to its file 'control'");
