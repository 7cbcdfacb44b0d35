// SPDX-License-Identifier: Apache-2.0
/* Where a share and its tree come together. */
#include "base/mem.h"
#include "tree/tree_int.h"
#include <string.h>

#define TEBIBYTE (1ull << 40)

/* Takes over the reference to the tree. */
static smbkit_status attach(struct smbkit_share *share, struct smbkit_tree *t, void **vol)
{
    struct tree_volume *v = mem_zalloc(sizeof(*v));
    if (v == NULL) {
        smbkit_tree_unref(t);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    MAGIC_SET(v, VOLUME_MAGIC);
    v->tree = t;
    v->share = share;
    mutex_lock(&t->lock);
    list_append(&t->volumes, &v->link);
    mutex_unlock(&t->lock);
    *vol = v;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status smbkit_tree_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                     size_t count, smbkit_tree_setup *setup, void **vol)
{
    struct smbkit_tree *t = NULL;
    smbkit_status status = setup(share, args, count, &t);
    if (status == SMBKIT_STATUS_SUCCESS && t == NULL)
        status = SMBKIT_STATUS_INTERNAL_ERROR;
    if (status == SMBKIT_STATUS_SUCCESS && t->options.user_root != NULL &&
        !(smbkit_share_plugin(share)->capabilities & SMBKIT_CAP_PER_USER)) {
        smbkit_error(share, "a tree with user_root needs SMBKIT_CAP_PER_USER");
        status = SMBKIT_STATUS_INTERNAL_ERROR;
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        return attach(share, t, vol);
    smbkit_tree_unref(t);
    return status;
}

void smbkit_tree_share_close(void *vol)
{
    struct tree_volume *v = tree_volume_from(vol);
    struct smbkit_tree *t = v->tree;
    mutex_lock(&t->lock);
    list_remove(&v->link);
    mutex_unlock(&t->lock);
    MAGIC_WIPE(v);
    mem_free(v);
    smbkit_tree_unref(t);
}

void smbkit_tree_vfs_statfs(struct smbkit_op *op, void *vol)
{
    const struct tree_volume *v = tree_volume_from(vol);
    struct smbkit_tree *t = v->tree;
    const char *name = smbkit_share_name(v->share);
    struct smbkit_statfs st = {
        .total_bytes = TEBIBYTE,
        .free_bytes = TEBIBYTE,
        .block_size = 4096,
        .serial = (uint32_t)smbkit_name_hash(name, strlen(name)),
    };
    mutex_lock(&t->lock);
    st.create_time = t->root->create_time;
    mutex_unlock(&t->lock);
    if (t->options.space != NULL)
        t->options.space(t->options.ctx, &st);
    smbkit_reply_statfs(op, &st);
}

/* --- plugins for programs that embed a server --- */

static smbkit_status give_own_tree(struct smbkit_share *share, const struct smbkit_arg *args,
                                   size_t count, struct smbkit_tree **tree)
{
    /* The table is the tree's own member. */
    const struct smbkit_plugin *p = smbkit_share_plugin(share);
    *tree = smbkit_tree_ref(CONTAINER_OF((uintptr_t)p, struct smbkit_tree, plugin));
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status embedded_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                   size_t count, void **vol)
{
    return smbkit_tree_share_open(share, args, count, give_own_tree, vol);
}

static const struct smbkit_vfs embedded_vfs = SMBKIT_TREE_VFS(embedded_open);

const struct smbkit_plugin *smbkit_tree_plugin(struct smbkit_tree *t,
                                               enum smbkit_thread_model model)
{
    MAGIC_CHECK(t, TREE_MAGIC);
    mutex_lock(&t->lock);
    if (t->plugin.struct_size == 0)
        t->plugin = (struct smbkit_plugin){
            SMBKIT_PLUGIN_INIT,
            .thread_model = model,
            .name = "tree",
            .version = SMBKIT_VERSION,
            .summary = "a tree published by the program",
            .capabilities =
                SMBKIT_CAP_CHANGE_SOURCE | (t->options.user_root != NULL ? SMBKIT_CAP_PER_USER : 0),
            .vfs = &embedded_vfs,
        };
    mutex_unlock(&t->lock);
    return &t->plugin;
}
