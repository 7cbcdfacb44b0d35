// SPDX-License-Identifier: Apache-2.0
/*
 * How handles of the memory plugin come and go: open, create, cleanup and close.
 * The lock is never held over an answer, because an answer may run the server's code.
 */
#include "ram.h"
#include <string.h>

static void handle_open(struct ram_handle *h, struct ram_node *n, struct ram_entry *e,
                        struct ram_stream *s)
{
    *h = (struct ram_handle){n, e, s};
    n->handles++;
    if (s != NULL)
        s->handles++;
    if (e != NULL)
        e->handles++;
}

/* Unlocks and says where the path leads away. */
static void reply_stop(struct smbkit_op *op, struct ram_volume *v, const struct ram_stop *stop)
{
    struct ram_blob *held = NULL;
    held = stop->data;
    held->refs++;
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_reparse(op, stop->at, held->data, held->len);
    pthread_mutex_lock(&v->lock);
    ram_blob_drop(v, &held);
    pthread_mutex_unlock(&v->lock);
}

/* Unlocks and answers open and create; without success the handle is freed. */
static void reply_open(struct smbkit_op *op, struct ram_volume *v, struct ram_handle *h,
                       const char *asked, smbkit_status status)
{
    struct smbkit_attr attr;
    char *path = NULL;
    if (status == SMBKIT_STATUS_SUCCESS) {
        /* Without memory for the true spelling the client sees its own. */
        (void)ram_true_path(h->entry, asked, &path);
        ram_fill_attr(h->node, h->stream, &attr);
    }
    pthread_mutex_unlock(&v->lock);
    if (status == SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_open(op, h, &attr, path);
    } else {
        smbkit_free(h);
        smbkit_reply_status(op, status);
    }
    smbkit_free(path);
}

void ram_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct ram_volume *v = vol;
    struct ram_node *n;
    struct ram_entry *e;
    struct ram_stream *s = NULL;
    struct ram_stop stop = {0};
    struct ram_handle *h = smbkit_alloc(sizeof(*h));
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    pthread_mutex_lock(&v->lock);
    if (h != NULL)
        status = ram_find(v, args->path, &n, &e, &stop);
    if (status == SMBKIT_STATUS_SUCCESS && n->reparse != NULL &&
        !(args->flags & SMBKIT_OPEN_REPARSE_POINT))
        stop = (struct ram_stop){n->reparse, strlen(args->path)};
    if (stop.data != NULL) {
        smbkit_free(h);
        reply_stop(op, v, &stop);
        return;
    }
    if (status == SMBKIT_STATUS_SUCCESS && args->stream != NULL) {
        s = ram_stream_find(n, args->stream, strlen(args->stream));
        if (s == NULL)
            status = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        handle_open(h, n, e, s);
    reply_open(op, v, h, args->path, status);
}

/* Makes a node with a name in `d` and puts it there. */
static smbkit_status make(struct ram_volume *v, struct ram_dir *d, const char *name,
                          const struct smbkit_create_args *args, uint64_t now,
                          struct ram_entry **entry)
{
    bool folder = (args->attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    size_t len = strlen(name);
    uint64_t cost = ram_node_cost(folder) + ram_entry_cost(len);
    if (!ram_space_take(&v->space, cost))
        return SMBKIT_STATUS_DISK_FULL;
    struct ram_node *n = ram_node_new(v, args->attributes, now);
    struct ram_entry *e = n != NULL ? ram_entry_new(n, name, len) : NULL;
    struct ram_quota *payer = NULL;
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (e != NULL && ram_dir_reserve(d))
        status = ram_sd_set(v, &n->sd, args->sd, args->sd_len);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = ram_payer_of(v, args->sd, args->sd_len, &payer);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = ram_payer_set(v, n, payer);
    if (status == SMBKIT_STATUS_SUCCESS && !folder)
        status = ram_data_reserve(&v->space, &n->data, args->alloc_size);
    if (status != SMBKIT_STATUS_SUCCESS) {
        if (e != NULL)
            ram_entry_free(e);
        if (n != NULL) {
            ram_blob_drop(v, &n->sd);
            (void)ram_payer_set(v, n, NULL);
        }
        if (n != NULL && folder)
            ram_dir_free(n->dir);
        smbkit_free(n);
        ram_space_give(&v->space, cost);
        return status;
    }
    n->links = 1;
    if (!(args->flags & SMBKIT_CREATE_NO_COMPRESSION))
        n->attributes |= ram_dir_node(v, d)->attributes & SMBKIT_ATTR_COMPRESSED;
    if (folder)
        n->dir->self = e;
    ram_dir_insert(d, e);
    ram_touch_dir(v, d, now);
    *entry = e;
    return SMBKIT_STATUS_SUCCESS;
}

/* Makes a stream of what has the path. */
static smbkit_status make_stream(struct ram_volume *v, const struct smbkit_create_args *args,
                                 uint64_t now, struct ram_handle *h, struct ram_stop *stop)
{
    struct ram_node *n;
    struct ram_entry *e;
    struct ram_stream *s;
    smbkit_status status = ram_find(v, args->path, &n, &e, stop);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (ram_stream_find(n, args->stream, strlen(args->stream)) != NULL)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    status = ram_stream_make(v, n, args->stream, args->alloc_size, &s);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    n->change_time = now; /* [MS-FSA] 2.1.5.1.2 */
    n->attributes |= SMBKIT_ATTR_ARCHIVE;
    handle_open(h, n, e, s);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status make_file(struct ram_volume *v, const struct smbkit_create_args *args,
                               uint64_t now, struct ram_handle *h, struct ram_stop *stop)
{
    struct ram_entry *e;
    const char *base;
    struct ram_dir *d = ram_find_parent(v, args->path, &base, stop);
    if (d == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (base[0] == '\0' || ram_dir_find(d, base, strlen(base)) != NULL)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = make(v, d, base, args, now, &e);
    if (status == SMBKIT_STATUS_SUCCESS)
        handle_open(h, e->node, e, NULL);
    return status;
}

void ram_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct ram_volume *v = vol;
    struct ram_stop stop = {0};
    struct ram_handle *h = smbkit_alloc(sizeof(*h));
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    uint64_t now = smbkit_op_time(op);
    pthread_mutex_lock(&v->lock);
    if (h != NULL)
        status = args->stream != NULL ? make_stream(v, args, now, h, &stop)
                                      : make_file(v, args, now, h, &stop);
    if (stop.data != NULL) {
        smbkit_free(h);
        reply_stop(op, v, &stop);
        return;
    }
    reply_open(op, v, h, args->path, status);
}

/* May the handle's name go away? */
static smbkit_status deletable(const struct ram_handle *h)
{
    if (h->entry == NULL)
        return SMBKIT_STATUS_CANNOT_DELETE;
    if (ram_is_dir(h->node) && h->node->dir->count > 0)
        return SMBKIT_STATUS_DIRECTORY_NOT_EMPTY;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_can_delete(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    smbkit_status status = deletable(h);
    if (status == SMBKIT_STATUS_SUCCESS && h->node->attributes & SMBKIT_ATTR_READONLY)
        status = SMBKIT_STATUS_CANNOT_DELETE;
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, status);
}

void ram_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    bool stream = h->stream != NULL && (flags & SMBKIT_CLEANUP_DELETE);
    pthread_mutex_lock(&v->lock);
    if (stream && !h->stream->gone) {
        ram_stream_remove(v, h->node, h->stream);
        h->node->change_time = smbkit_op_time(op);
    } else if (!stream && flags != 0) {
        status = deletable(h);
        if (status == SMBKIT_STATUS_SUCCESS && h->entry->dir != NULL)
            ram_unlink(v, h->entry, smbkit_op_time(op));
    }
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, status);
}

void ram_close(void *vol, void *file)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    h->node->handles--;
    /* A reservation that was not used lasts as long as the file is open. */
    if (h->node->handles == 0 && !ram_is_dir(h->node))
        (void)ram_data_reserve(&v->space, &h->node->data, 0);
    if (h->stream != NULL) {
        if (--h->stream->handles == 0)
            (void)ram_data_reserve(&v->space, &h->stream->data, 0);
        ram_stream_settle(v, h->stream);
    }
    if (h->entry != NULL)
        h->entry->handles--;
    ram_entry_settle(v, h->entry);
    ram_node_settle(v, h->node);
    pthread_mutex_unlock(&v->lock);
    smbkit_free(h);
}

void ram_path_sd(struct smbkit_op *op, void *vol, const char *path)
{
    struct ram_volume *v = vol;
    struct ram_node *n;
    struct ram_entry *e;
    struct ram_stop stop = {0};
    pthread_mutex_lock(&v->lock);
    smbkit_status status = ram_find(v, path, &n, &e, &stop);
    if (stop.data != NULL)
        reply_stop(op, v, &stop);
    else
        ram_reply_blob(op, v, status == SMBKIT_STATUS_SUCCESS ? n->sd : NULL,
                       status == SMBKIT_STATUS_SUCCESS ? SMBKIT_STATUS_NOT_FOUND : status);
}
