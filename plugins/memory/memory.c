// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin: a read-write file system that lives in RAM and is gone when the share closes.
 * It does everything that the plugin interface offers, and is what the tests of the server run on.
 *
 * Threads: SMBKIT_THREAD_ASYNC; every callback answers at once. One lock per volume guards all of
 * it; it is never held over an answer, because an answer may run the server's code.
 * Times follow [MS-FSA] 2.1.4.17 but for the access time, which only setattr changes (as Windows
 * does by default): a read shall not write.
 */
#include "ram.h"

static smbkit_status ram_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                    size_t count, void **vol)
{
    struct ram_volume *v = smbkit_alloc(sizeof(*v));
    if (v == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    v->space.limit = smbkit_arg_number(args, count, "size");
    v->quotas.control = (struct smbkit_quota_control){
        .default_threshold = SMBKIT_QUOTA_NONE,
        .default_limit = SMBKIT_QUOTA_NONE,
        .flags = SMBKIT_QUOTA_ENFORCE,
    };
    v->create_time = smbkit_share_time(share);
    smbkit_random(share, &v->serial, sizeof(v->serial));
    v->root = ram_node_new(v, SMBKIT_ATTR_DIRECTORY, v->create_time);
    if (v->root == NULL || pthread_mutex_init(&v->lock, NULL) != 0) {
        if (v->root != NULL)
            ram_dir_free(v->root->dir);
        smbkit_free(v->root);
        smbkit_free(v);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    v->root->links = 1;
    ram_space_take(&v->space, ram_node_cost(true)); /* the smallest size has room for it */
    *vol = v;
    return SMBKIT_STATUS_SUCCESS;
}

/* Frees everything without recursion: a folder's entries move to one list, chained by `next`. */
static void ram_share_close(void *vol)
{
    struct ram_volume *v = vol;
    struct ram_entry *list = NULL;
    struct ram_node *n = v->root;
    while (n != NULL) {
        if (ram_is_dir(n)) {
            for (size_t i = 0; i < n->dir->slot_count; i++) {
                struct ram_entry *e = n->dir->slots[i].entry;
                if (e == NULL || i < n->dir->slot_first)
                    continue;
                e->dir = NULL;
                e->next = list;
                list = e;
            }
        }
        n->links--;
        ram_node_settle(v, n);
        struct ram_entry *e = list;
        n = e != NULL ? e->node : NULL;
        if (e != NULL) {
            list = e->next;
            ram_entry_settle(v, e);
        }
    }
    ram_blob_drop(v, &v->last_sd);
    ram_quotas_free(v);
    pthread_mutex_destroy(&v->lock);
    smbkit_free(v);
}

static void ram_statfs(struct smbkit_op *op, void *vol)
{
    struct ram_volume *v = vol;
    const void *sid = NULL;
    size_t sid_len = smbkit_op_user_sid(op, &sid);
    pthread_mutex_lock(&v->lock);
    struct smbkit_statfs st = {
        .total_bytes = v->space.limit,
        .free_bytes = v->space.limit - v->space.used,
        .block_size = 4096,
        .serial = v->serial,
        .create_time = v->create_time,
    };
    ram_quota_statfs(v, sid, sid_len, &st);
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_statfs(op, &st);
}

/* The largest size is bounded so that sums of charges cannot overflow. */
#define SIZE_MIN       (64ull << 10)
#define SIZE_MAX_BYTES (1ull << 60)

static const struct smbkit_param ram_params[] = {
    {.name = "size",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .min = SIZE_MIN,
     .max = SIZE_MAX_BYTES,
     .default_value = "1G",
     .text = "room for data, names and what each file costs"},
    {.name = NULL},
};

SMBKIT_PLUGIN_TABLE = {
    SMBKIT_PLUGIN_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "memory",
    .version = SMBKIT_VERSION,
    .summary = "files in memory, gone when the server stops",
    .fs_name = "NTFS",
    .capabilities = SMBKIT_CAP_SPARSE | SMBKIT_CAP_HARD_LINKS | SMBKIT_CAP_STREAMS |
                    SMBKIT_CAP_EXTENDED_ATTRS | SMBKIT_CAP_ACLS | SMBKIT_CAP_REPARSE_POINTS |
                    SMBKIT_CAP_COMPRESSION | SMBKIT_CAP_CLONE | SMBKIT_CAP_QUOTAS,
    .params = ram_params,
    .vfs =
        &(const struct smbkit_vfs){
            .share_open = ram_share_open,
            .share_close = ram_share_close,
            .statfs = ram_statfs,
            .open = ram_open,
            .create = ram_create,
            .cleanup = ram_cleanup,
            .close = ram_close,
            .read = ram_read,
            .write = ram_write,
            .getattr = ram_getattr,
            .setattr = ram_setattr,
            .set_size = ram_set_size,
            .set_alloc = ram_set_alloc,
            .readdir = ram_readdir,
            .can_delete = ram_can_delete,
            .rename = ram_rename,
            .link = ram_link,
            .zero_range = ram_zero_range,
            .allocated_ranges = ram_allocated_ranges,
            .overwrite = ram_overwrite,
            .list_streams = ram_list_streams,
            .rename_stream = ram_rename_stream,
            .get_eas = ram_get_eas,
            .set_eas = ram_set_eas,
            .get_sd = ram_get_sd,
            .path_sd = ram_path_sd,
            .set_sd = ram_set_sd,
            .set_sparse = ram_set_sparse,
            .get_reparse = ram_get_reparse,
            .set_reparse = ram_set_reparse,
            .set_compression = ram_set_compression,
            .copy_range = ram_copy_range,
            .quotas = ram_quotas,
            .set_quota = ram_set_quota,
            .quota_control = ram_quota_control,
            .set_quota_control = ram_set_quota_control,
        },
};
