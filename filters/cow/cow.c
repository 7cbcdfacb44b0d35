// SPDX-License-Identifier: Apache-2.0
/* The cow filter: changes go to memory or to another disk, the files below stay as they are. The
   share, and what is done with an open file. */
#include "cow.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the share --- */

static void cow_share_close(void *vol)
{
    struct cow *c = vol;
    cow_free_all(c);
    if (c->store.fd >= 0)
        close(c->store.fd);
    smbkit_free(c->store.free_slots);
    pthread_mutex_destroy(&c->lock);
    smbkit_free(c);
}

/* A file in this folder that nobody else can find, and that is gone with the last descriptor. */
static bool open_store(struct cow *c, const char *dir)
{
    static const char name[] = "/smbkit-cow-XXXXXX";
    size_t len = strlen(dir);
    char *path = smbkit_alloc(len + sizeof(name));
    if (path == NULL)
        return false;
    memcpy(path, dir, len);
    memcpy(path + len, name, sizeof(name));
    c->store.fd = mkostemp(path, O_CLOEXEC);
    if (c->store.fd >= 0)
        unlink(path);
    else
        smbkit_error(c->share, "dir=%s: %s", dir, strerror(errno));
    smbkit_free(path);
    return c->store.fd >= 0;
}

static smbkit_status cow_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                    size_t count, void **vol)
{
    const char *dir = smbkit_arg_text(args, count, "dir");
    struct cow *c = smbkit_alloc(sizeof(*c));
    if (c == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    c->root = smbkit_alloc(sizeof(*c->root));
    if (c->root == NULL || (c->root->origin = smbkit_alloc(1)) == NULL) {
        smbkit_free(c->root);
        smbkit_free(c);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    c->share = share;
    c->root->root = c->root->folder = c->root->in_place = true;
    c->store = (struct cow_store){.limit = smbkit_arg_number(args, count, "size"), .fd = -1};
    c->next_id = 1ull << 62; /* far from those below */
    pthread_mutex_init(&c->lock, NULL);
    if (dir[0] != '\0' && !open_store(c, dir)) {
        cow_share_close(c);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    *vol = c;
    return SMBKIT_STATUS_SUCCESS;
}

static void room(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cow *c = vol;
    struct smbkit_result r;
    smbkit_result(op, &r);
    if (r.status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_result(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    r.statfs.free_bytes = c->store.limit - c->store.used;
    pthread_mutex_unlock(&c->lock);
    if (r.statfs.total_bytes < r.statfs.free_bytes)
        r.statfs.total_bytes = r.statfs.free_bytes;
    smbkit_reply_statfs(op, &r.statfs);
}

static void cow_statfs(struct smbkit_op *op, void *vol)
{
    if (smbkit_then(op, room, NULL))
        smbkit_pass(op);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

/* --- attributes --- */

/* Answers a change, with the lock held, which it gives back. */
static void finish(struct smbkit_op *op, struct cow *c, const struct cow_file *f,
                   smbkit_status status)
{
    struct smbkit_attr attr;
    cow_fill_attr(f->node, &attr);
    pthread_mutex_unlock(&c->lock);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

static void got_attr(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cow *c = vol;
    struct cow_file *f = ctx;
    struct smbkit_result r;
    smbkit_result(op, &r);
    if (r.status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_result(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    if (!f->node->own)
        f->node->attr = r.attr;
    finish(op, c, f, SMBKIT_STATUS_SUCCESS);
}

static void cow_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct cow *c = vol;
    struct cow_file *f = file;
    pthread_mutex_lock(&c->lock);
    if (f->node->own || f->next.next == NULL) {
        finish(op, c, f, SMBKIT_STATUS_SUCCESS);
        return;
    }
    pthread_mutex_unlock(&c->lock);
    if (smbkit_then(op, got_attr, f))
        smbkit_pass(op);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

#define ATTR_FIXED                                                            \
    (SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_SPARSE | SMBKIT_ATTR_REPARSE_POINT | \
     SMBKIT_ATTR_COMPRESSED | SMBKIT_ATTR_ENCRYPTED)

static void cow_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *a,
                        uint32_t which)
{
    struct cow *c = vol;
    struct cow_file *f = file;
    pthread_mutex_lock(&c->lock);
    struct smbkit_attr *to = &f->node->attr;
    cow_dir_times(f->node, to);
    f->node->dir_time = 0; /* the order counts: what is set now is later */
    if (which & SMBKIT_SET_CREATE_TIME)
        to->create_time = a->create_time;
    if (which & SMBKIT_SET_ACCESS_TIME)
        to->access_time = a->access_time;
    if (which & SMBKIT_SET_WRITE_TIME)
        to->write_time = a->write_time;
    if (which & SMBKIT_SET_ATTRIBUTES)
        to->attributes =
            (to->attributes & ATTR_FIXED) | (a->attributes & ~ATTR_FIXED & ~SMBKIT_ATTR_NORMAL);
    if (which & SMBKIT_SET_CHANGE_TIME)
        to->change_time = a->change_time;
    else if (which != 0)
        to->change_time = smbkit_op_time(op);
    f->node->own = f->node->own || which != 0;
    finish(op, c, f, SMBKIT_STATUS_SUCCESS);
}

static void cow_set_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse)
{
    struct cow *c = vol;
    struct cow_file *f = file;
    pthread_mutex_lock(&c->lock);
    if (sparse)
        f->node->attr.attributes |= SMBKIT_ATTR_SPARSE;
    else
        f->node->attr.attributes &= ~SMBKIT_ATTR_SPARSE;
    f->node->own = true;
    finish(op, c, f, SMBKIT_STATUS_SUCCESS);
}

static void cow_get_sd(struct smbkit_op *op, void *vol, void *file)
{
    struct cow *c = vol;
    const struct cow_file *f = file;
    void *copy = NULL;
    pthread_mutex_lock(&c->lock);
    size_t len = f->node->sd_len;
    if (len > 0 && (copy = smbkit_alloc(len)) != NULL)
        memcpy(copy, f->node->sd, len);
    pthread_mutex_unlock(&c->lock);
    if (copy != NULL)
        smbkit_reply_data(op, copy, len);
    else if (len > 0)
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else if (f->next.next != NULL)
        smbkit_pass(op);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_FOUND);
    smbkit_free(copy);
}

static void cow_set_sd(struct smbkit_op *op, void *vol, void *file, const void *sd, size_t len)
{
    struct cow *c = vol;
    struct cow_file *f = file;
    void *copy = smbkit_alloc(len + 1);
    if (copy == NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    memcpy(copy, sd, len);
    pthread_mutex_lock(&c->lock);
    smbkit_free(f->node->sd);
    f->node->sd = copy;
    f->node->sd_len = len;
    f->node->own = true;
    f->node->attr.change_time = smbkit_op_time(op);
    finish(op, c, f, SMBKIT_STATUS_SUCCESS);
}

static void cow_get_reparse(struct smbkit_op *op, void *vol, void *file)
{
    if (((const struct cow_file *)file)->next.next != NULL)
        smbkit_pass(op);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_A_REPARSE_POINT);
}

/* --- content --- */

/* The handle's content to be changed, with the lock taken; NULL: answered. */
static struct cow_data *begin_change(struct smbkit_op *op, struct cow *c, struct cow_file *f)
{
    smbkit_status status = SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    pthread_mutex_lock(&c->lock);
    if (!f->node->folder) {
        if (cow_claim_data(f->node))
            return f->node->data;
        status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    pthread_mutex_unlock(&c->lock);
    smbkit_reply_status(op, status);
    return NULL;
}

static void end_change(struct smbkit_op *op, struct cow *c, struct cow_file *f,
                       smbkit_status status, bool touched)
{
    struct cow_node *n = f->node;
    n->own = true;
    if (status == SMBKIT_STATUS_SUCCESS && touched) {
        n->attr.write_time = n->attr.change_time = smbkit_op_time(op);
        n->attr.attributes |= SMBKIT_ATTR_ARCHIVE;
    }
    finish(op, c, f, status);
}

static void cow_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                      const void *data, uint32_t length)
{
    struct cow *c = vol;
    struct cow_data *d = begin_change(op, c, file);
    if (d != NULL)
        end_change(op, c, file, cow_data_write(&c->store, d, offset, data, length), length > 0);
}

static void cow_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct cow *c = vol;
    struct cow_data *d = begin_change(op, c, file);
    if (d != NULL)
        end_change(op, c, file, cow_data_resize(&c->store, d, size), true);
}

static void cow_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                           uint64_t length)
{
    struct cow *c = vol;
    struct cow_data *d = begin_change(op, c, file);
    if (d != NULL)
        end_change(op, c, file, cow_data_zero(&c->store, d, offset, length), true);
}

static void cow_overwrite(struct smbkit_op *op, void *vol, void *file)
{
    struct cow *c = vol;
    struct cow_file *f = file;
    struct cow_data *d = begin_change(op, c, file);
    if (d == NULL)
        return;
    f->node->attr.attributes &= ~SMBKIT_ATTR_SPARSE;
    end_change(op, c, f, cow_data_resize(&c->store, d, 0), true);
}

/* What is changed here lasts no longer than the server does. */
static void cow_flush(struct smbkit_op *op, void *vol, void *file)
{
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

/* --- reading --- */

/* Answers with `length` bytes, of which `below` were read below, with the lock held, which it gives
   back. */
static void reply_bytes(struct smbkit_op *op, struct cow *c, const struct cow_data *d,
                        uint64_t offset, uint64_t length, const void *below, uint64_t below_len)
{
    uint8_t *bytes = smbkit_alloc(length + 1);
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (bytes != NULL) {
        uint64_t from_below = d->base > offset ? d->base - offset : 0;
        if (from_below > below_len)
            from_below = below_len;
        if (from_below > length)
            from_below = length;
        if (from_below > 0)
            memcpy(bytes, below, from_below);
        status = cow_data_overlay(&c->store, d, offset, bytes, length);
    }
    pthread_mutex_unlock(&c->lock);
    if (status == SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_read_ref(op, bytes, (uint32_t)length, smbkit_free, bytes);
    } else {
        smbkit_free(bytes);
        smbkit_reply_status(op, status);
    }
}

/* How much there is to read. */
static uint64_t readable(const struct cow_data *d, uint64_t offset, uint64_t length)
{
    uint64_t left = offset < d->size ? d->size - offset : 0;
    return left < length ? left : length;
}

static void read_below(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cow *c = vol;
    struct smbkit_result r;
    struct smbkit_call call;
    smbkit_result(op, &r);
    smbkit_call_of(op, &call);
    const struct cow_file *f = call.file;
    if (r.status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_result(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    const struct cow_data *d = f->node->data;
    reply_bytes(op, c, d, call.offset, readable(d, call.offset, call.length), r.data, r.length);
}

static void cow_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    struct cow *c = vol;
    const struct cow_file *f = file;
    pthread_mutex_lock(&c->lock);
    const struct cow_data *d = f->node->data;
    uint64_t wanted = d != NULL && offset < d->base ? d->base - offset : 0;
    if (d != NULL && wanted == 0) {
        reply_bytes(op, c, d, offset, readable(d, offset, length), NULL, 0);
        return;
    }
    pthread_mutex_unlock(&c->lock);
    if (f->node->folder)
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    else if (d == NULL)
        smbkit_pass(op);
    else if (smbkit_then(op, read_below, NULL))
        smbkit_next(op)->read(op, NULL, f->next.next, offset,
                              wanted < length ? (uint32_t)wanted : length);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

static bool add_range(struct smbkit_op *op, uint64_t start, uint64_t stop, uint64_t from,
                      uint64_t to)
{
    if (start < from)
        start = from;
    if (stop > to)
        stop = to;
    return start >= stop || smbkit_range_add(op, start, stop - start);
}

static void cow_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                                 uint64_t length)
{
    struct cow *c = vol;
    struct cow_file *f = file;
    size_t count = 0;
    pthread_mutex_lock(&c->lock);
    bool clean = f->node->data == NULL;
    pthread_mutex_unlock(&c->lock);
    if (clean && f->next.next != NULL) {
        smbkit_pass(op);
        return;
    }
    struct cow_data *d = begin_change(op, c, f);
    if (d == NULL)
        return;
    bool sparse = (f->node->attr.attributes & SMBKIT_ATTR_SPARSE) != 0;
    uint64_t end = offset + readable(d, offset, length);
    uint64_t *blocks = cow_data_blocks(d, &count);
    bool more = blocks != NULL && add_range(op, 0, sparse ? d->base : d->size, offset, end);
    for (size_t i = 0; i < count && sparse && more;) {
        size_t last = i;
        while (last + 1 < count && blocks[last + 1] == blocks[last] + 1)
            last++;
        uint64_t start = blocks[i] * COW_BLOCK > d->base ? blocks[i] * COW_BLOCK : d->base;
        more = add_range(op, start, (blocks[last] + 1) * COW_BLOCK, offset, end);
        i = last + 1;
    }
    pthread_mutex_unlock(&c->lock);
    smbkit_reply_status(op, blocks != NULL ? SMBKIT_STATUS_SUCCESS
                                           : SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    smbkit_free(blocks);
}

static const struct smbkit_param cow_params[] = {
    {.name = "size",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .min = 65536,
     .max = 1ull << 60,
     .default_value = "1G",
     .text = "room for all that is changed"},
    {.name = "dir",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text = "folder for what is written, which is gone at the end; memory when it is not given"},
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_PARALLEL,
    .name = "cow",
    .version = SMBKIT_VERSION,
    .summary = "changes are kept apart, the files stay as they are",
    .flags = SMBKIT_FILTER_OWN_FILES | SMBKIT_FILTER_COMPLETE,
    .add_capabilities = SMBKIT_CAP_SPARSE,
    .remove_capabilities = SMBKIT_CAP_READ_ONLY | SMBKIT_CAP_HARD_LINKS | SMBKIT_CAP_STREAMS |
                           SMBKIT_CAP_EXTENDED_ATTRS | SMBKIT_CAP_REPARSE_POINTS |
                           SMBKIT_CAP_QUOTAS,
    .params = cow_params,
    .close = cow_close,
    .vfs = {.share_open = cow_share_open,
            .share_close = cow_share_close,
            .statfs = cow_statfs,
            .open = cow_open,
            .create = cow_create,
            .cleanup = cow_cleanup,
            .read = cow_read,
            .write = cow_write,
            .flush = cow_flush,
            .getattr = cow_getattr,
            .setattr = cow_setattr,
            .set_size = cow_set_size,
            .readdir = cow_readdir,
            .can_delete = cow_can_delete,
            .rename = cow_rename,
            .zero_range = cow_zero_range,
            .allocated_ranges = cow_allocated_ranges,
            .overwrite = cow_overwrite,
            .get_sd = cow_get_sd,
            .path_sd = cow_path_sd,
            .set_sd = cow_set_sd,
            .set_sparse = cow_set_sparse,
            .get_reparse = cow_get_reparse},
};
