// SPDX-License-Identifier: Apache-2.0
/*
 * Example 1: a tree that does not change. Folders, files of fixed bytes, a file that is made when
 * it is opened, a name that is a question, and a picture for the folder. Everything that a plugin
 * of fixed content needs is here; to begin one of your own, copy this file.
 *
 * Threads: nothing here blocks or changes anything, so callbacks may run on the server's thread.
 */
#include <smbkit/tree.h>
#include <stdio.h>
#include <string.h>

/* The least picture there is: 16 by 16 points of one bit, all of them blue. An .ico file: header,
   one entry, a bitmap header, two colours, 16 rows of colour and 16 rows of mask. */
static const unsigned char picture[198] = {
    0,           0,    1,    0, 1,  0, /* one icon */
    16,          16,   2,    0, 1,  0, 1, 0,
    176,         0,    0,    0, 22, 0, 0, 0, /* 16 x 16, 176 bytes at 22 */
    40,          0,    0,    0, 16, 0, 0, 0,
    32,          0,    0,    0, 1,  0, 1, 0, /* rows of colour and mask: 32 */
    [62] = 0xc0, 0x60, 0x20, 0,              /* colour 0; the points are all of it */
};

static const struct {
    const char *name, *text;
} texts[] = {
    {"readme.txt", "This share does not change.\r\nOpen hello-NAME.txt in \"greetings\".\r\n"},
    {"poem.txt",
     "Roses are red,\r\nservers are blue,\r\nthis file is constant,\r\nso are the two.\r\n"},
};

/* user.txt: every user reads his own name. */
static smbkit_status user_get(struct smbkit_op *op, void *ctx, void **data, size_t *size)
{
    const char *user = smbkit_op_user(op);
    *size = strlen(user);
    if (*size == 0)
        return SMBKIT_STATUS_SUCCESS;
    *data = smbkit_alloc(*size);
    if (*data == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    memcpy(*data, user, *size);
    return SMBKIT_STATUS_SUCCESS;
}

/* Users differ, so clients must not keep the answer. */
static bool user_can_cache(void *ctx)
{
    return false;
}

static const struct smbkit_file_ops user_ops = {
    .struct_size = sizeof user_ops,
    .get = user_get,
    .can_cache = user_can_cache,
};

/* In "greetings" every name of the form hello-NAME.txt exists as soon as somebody asks for it. The
   folder is a ring: however much is asked, it does not grow beyond GREETINGS. */
#define GREETINGS 100

static smbkit_status greet(struct smbkit_op *op, void *ctx, struct smbkit_node *folder,
                           const char *name)
{
    char text[300];
    const char *end = strrchr(name, '.');
    if (strncmp(name, "hello-", 6) != 0 || end == NULL || strcmp(end, ".txt") != 0)
        return SMBKIT_STATUS_SUCCESS; /* there is no such file */
    snprintf(text, sizeof text, "Hello, %.*s!\r\n", (int)(end - name - 6), name + 6);
    return smbkit_tree_add_bytes(folder, name, text, strlen(text), NULL);
}

static const struct smbkit_folder_ops greetings_ops = {
    .struct_size = sizeof greetings_ops,
    .missing = greet,
};

static smbkit_status publish(struct smbkit_node *root)
{
    const struct smbkit_node_spec greetings = {
        .struct_size = sizeof greetings,
        .name = "greetings",
        .folder = &greetings_ops,
        .limit = GREETINGS,
    };
    smbkit_status status = smbkit_tree_add(root, &greetings, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == SMBKIT_STATUS_SUCCESS; i++)
        status =
            smbkit_tree_add_bytes(root, texts[i].name, texts[i].text, strlen(texts[i].text), NULL);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_add_file(root, "user.txt", &user_ops, NULL, NULL);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = smbkit_tree_set_icon(root, picture, sizeof picture, NULL, 0);
    return status;
}

static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                           struct smbkit_tree **tree)
{
    *tree = smbkit_tree_new(NULL);
    return *tree != NULL ? publish(smbkit_tree_root(*tree)) : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

SMBKIT_TREE_PLUGIN(setup, SMBKIT_THREAD_ASYNC, .name = "example1", .version = SMBKIT_VERSION,
                   .summary = "example: a tree that does not change",
                   .capabilities = SMBKIT_CAP_READ_ONLY);
