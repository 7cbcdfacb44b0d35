// SPDX-License-Identifier: Apache-2.0
/*
 * What clients do with files that are open: attributes, reading and writing, and documents (files
 * whose whole content is got, changed in memory and put back).
 *
 * A document is in memory while it is open:
 *   absent --open: get--> clean --write--> dirty --close or flush: put--> clean --last close-->
 * absent clean --smbkit_node_update--> stale --next use: get--> clean
 */
#include "base/checked.h"
#include "base/mem.h"
#include "tree/tree_int.h"
#include <string.h>

struct tree_volume *tree_volume_from(void *vol)
{
    struct tree_volume *v = vol;
    MAGIC_CHECK(v, VOLUME_MAGIC);
    return v;
}

struct tree_open *tree_open_from(void *file)
{
    struct tree_open *h = file;
    MAGIC_CHECK(h, OPEN_MAGIC);
    return h;
}

struct tree_origin tree_by_client(const struct smbkit_op *op, const struct tree_volume *v)
{
    return (struct tree_origin){.volume = v, .user = smbkit_op_user(op)};
}

/* --- attributes --- */

smbkit_status tree_getattr(struct smbkit_op *op, struct smbkit_node *n, struct smbkit_attr *attr)
{
    mutex_lock(&n->tree->lock);
    tree_fill_attr(n, attr);
    bool known = n->dir != NULL || n->bytes != NULL;
    mutex_unlock(&n->tree->lock);
    if (TREE_HAS(n->file, can_cache) && !n->file->can_cache(n->ctx))
        attr->flags |= SMBKIT_FILE_NO_CACHE;
    if (known || !TREE_HAS(n->file, size))
        return SMBKIT_STATUS_SUCCESS;
    smbkit_status status = n->file->size(op, n->ctx, &attr->size);
    attr->alloc_size = attr->size;
    return status;
}

static void reply_attr(struct smbkit_op *op, struct smbkit_node *n)
{
    struct smbkit_attr attr;
    smbkit_status status = tree_getattr(op, n, &attr);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

void smbkit_tree_vfs_getattr(struct smbkit_op *op, void *vol, void *file)
{
    reply_attr(op, tree_open_from(file)->node);
}

bool tree_can_write(const struct smbkit_node *n)
{
    return TREE_HAS(n->file, write) || (tree_is_document(n) && TREE_HAS(n->file, put));
}

static bool keeps_info(const struct smbkit_node *n)
{
    if (n->dir != NULL)
        return TREE_HAS(n->folder, create_file) || TREE_HAS(n->folder, create_folder);
    return tree_can_write(n);
}

void smbkit_tree_vfs_setattr(struct smbkit_op *op, void *vol, void *file,
                             const struct smbkit_attr *attr, uint32_t which)
{
    struct smbkit_node *n = tree_open_from(file)->node;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    bool keep = keeps_info(n);
    if (n->dir != NULL && TREE_HAS(n->folder, set_info)) {
        status = n->folder->set_info(op, n->ctx, attr, which);
        keep = true;
    } else if (n->dir == NULL && TREE_HAS(n->file, set_info)) {
        status = n->file->set_info(op, n->ctx, attr, which);
        keep = true;
    }
    if (status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_status(op, status);
        return;
    }
    if (keep) {
        const struct tree_origin origin = tree_by_client(op, tree_volume_from(vol));
        mutex_lock(&n->tree->lock);
        tree_set_info(n, attr, which);
        tree_tell(n, SMBKIT_ACTION_MODIFIED, &origin);
        mutex_unlock(&n->tree->lock);
    }
    reply_attr(op, n);
}

/* --- documents --- */

bool tree_is_document(const struct smbkit_node *n)
{
    return !TREE_HAS(n->file, read) && (TREE_HAS(n->file, get) || TREE_HAS(n->file, put));
}

/* Asks for the content. Without `get` (a file that can only be written) it begins empty. */
static smbkit_status get_content(struct smbkit_op *op, struct smbkit_node *n,
                                 struct tree_bytes **bytes)
{
    struct tree_bytes *b = tree_bytes_new(NULL, 0);
    void *data = NULL;
    size_t size = 0;
    smbkit_status status = b != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (b != NULL && TREE_HAS(n->file, get))
        status = n->file->get(op, n->ctx, &data, &size);
    if (status == SMBKIT_STATUS_SUCCESS && size > SMBKIT_TREE_DOCUMENT_MAX)
        status = SMBKIT_STATUS_FILE_SYSTEM_LIMITATION;
    if (status != SMBKIT_STATUS_SUCCESS) {
        mem_free(data);
        tree_bytes_unref(b);
        return status;
    }
    b->data = data;
    b->size = b->cap = size;
    *bytes = b;
    return status;
}

smbkit_status tree_document_ready(struct smbkit_op *op, struct smbkit_node *n)
{
    struct smbkit_tree *t = n->tree;
    mutex_lock(&t->lock);
    bool need = n->bytes == NULL || (n->stale && !n->dirty);
    n->stale = n->stale && !need; /* news that come during `get` count again */
    mutex_unlock(&t->lock);
    if (!need)
        return SMBKIT_STATUS_SUCCESS;
    struct tree_bytes *b = NULL;
    smbkit_status status = get_content(op, n, &b);
    mutex_lock(&t->lock);
    if (status != SMBKIT_STATUS_SUCCESS) {
        n->stale = true;
    } else if (n->bytes == NULL || !n->dirty) {
        struct tree_bytes *old = n->bytes;
        n->bytes = b;
        b = old;
    }
    mutex_unlock(&t->lock);
    tree_bytes_unref(b);
    return status;
}

/* Makes the content ready to be changed: nobody else's, and with room. With the lock held. */
static bool own_content(struct smbkit_node *n, size_t room)
{
    struct tree_bytes *b = n->bytes;
    size_t cap = MAX(room, b->size);
    if (atomic_load(&b->refs) == 1 && cap <= b->cap)
        return true;
    if (cap > b->cap)
        cap = MAX(cap, MIN(b->cap * 2, SMBKIT_TREE_DOCUMENT_MAX));
    struct tree_bytes *own = tree_bytes_new(NULL, 0);
    uint8_t *data = own != NULL ? mem_alloc(MAX(cap, 1)) : NULL;
    if (data == NULL) {
        tree_bytes_unref(own);
        return false;
    }
    if (b->size > 0)
        memcpy(data, b->data, b->size);
    own->data = data;
    own->size = b->size;
    own->cap = cap;
    n->bytes = own;
    tree_bytes_unref(b);
    return true;
}

/* Sets [offset, offset + length) (`data` NULL: nothing) and the size to `size`. */
static smbkit_status change_content(struct tree_open *h, uint64_t offset, const void *data,
                                    uint32_t length, uint64_t size)
{
    struct smbkit_node *n = h->node;
    if (size > SMBKIT_TREE_DOCUMENT_MAX)
        return SMBKIT_STATUS_DISK_FULL;
    if (!own_content(n, (size_t)size))
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    struct tree_bytes *b = n->bytes;
    if (size > b->size)
        memset(b->data + b->size, 0, (size_t)size - b->size);
    b->size = (size_t)size;
    if (data != NULL && length > 0)
        memcpy(b->data + offset, data, length);
    n->dirty = true;
    h->wrote = true;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status write_document(struct smbkit_op *op, struct tree_open *h, uint64_t offset,
                                    const void *data, uint32_t length)
{
    struct smbkit_node *n = h->node;
    uint64_t end;
    smbkit_status status = tree_document_ready(op, n);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (!checked_add_u64(offset, length, &end))
        return SMBKIT_STATUS_DISK_FULL;
    mutex_lock(&n->tree->lock);
    if (length > 0)
        status = change_content(h, offset, data, length, MAX(end, n->bytes->size));
    mutex_unlock(&n->tree->lock);
    return status;
}

static smbkit_status resize_document(struct smbkit_op *op, struct tree_open *h, uint64_t size)
{
    struct smbkit_node *n = h->node;
    smbkit_status status = tree_document_ready(op, n);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    mutex_lock(&n->tree->lock);
    status = change_content(h, 0, NULL, 0, size);
    mutex_unlock(&n->tree->lock);
    return status;
}

smbkit_status tree_document_save(struct smbkit_op *op, struct tree_open *h)
{
    struct smbkit_node *n = h->node;
    struct smbkit_tree *t = n->tree;
    mutex_lock(&t->lock);
    bool save = h->wrote && n->dirty;
    struct tree_bytes *b = save ? tree_bytes_ref(n->bytes) : NULL;
    if (save)
        n->dirty = false; /* what is written from now on is a change of its own */
    h->wrote = false;
    mutex_unlock(&t->lock);
    if (!save)
        return SMBKIT_STATUS_SUCCESS;
    smbkit_status status = n->file->put(op, n->ctx, b->data, b->size);
    if (status != SMBKIT_STATUS_SUCCESS) {
        mutex_lock(&t->lock);
        n->dirty = h->wrote = true;
        mutex_unlock(&t->lock);
    }
    tree_bytes_unref(b);
    return status;
}

/* --- reading and writing --- */

static void read_bytes(struct smbkit_op *op, struct smbkit_node *n, uint64_t offset,
                       uint32_t length)
{
    smbkit_status status = n->fixed ? SMBKIT_STATUS_SUCCESS : tree_document_ready(op, n);
    if (status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_status(op, status);
        return;
    }
    mutex_lock(&n->tree->lock);
    struct tree_bytes *b = tree_bytes_ref(n->bytes);
    mutex_unlock(&n->tree->lock);
    /* The size may change under a reader only in a copy: this one is shared. */
    if (offset >= b->size || length == 0) {
        tree_bytes_unref(b);
        smbkit_reply_read(op, 0);
        return;
    }
    smbkit_reply_read_ref(op, b->data + offset, (uint32_t)MIN(length, b->size - offset),
                          tree_bytes_unref, b);
}

static void read_callback(struct smbkit_op *op, struct tree_open *h, uint64_t offset,
                          uint32_t length)
{
    struct smbkit_node *n = h->node;
    uint32_t done = 0;
    if (!TREE_HAS(n->file, size)) {
        mutex_lock(&n->tree->lock);
        uint64_t size = n->size;
        mutex_unlock(&n->tree->lock);
        length = offset >= size ? 0 : (uint32_t)MIN(length, size - offset);
    }
    if (length == 0) {
        smbkit_reply_read(op, 0);
        return;
    }
    void *buffer = smbkit_op_buffer(op);
    if (buffer == NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    smbkit_status status = n->file->read(op, n->ctx, h->handle, offset, buffer, length, &done);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_read(op, done);
    else if (status == SMBKIT_STATUS_END_OF_FILE)
        smbkit_reply_read(op, 0);
    else if (status != SMBKIT_STATUS_PENDING)
        smbkit_reply_status(op, status);
}

void smbkit_tree_vfs_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                          uint32_t length)
{
    struct tree_open *h = tree_open_from(file);
    const struct smbkit_node *n = h->node;
    if (n->dir != NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    else if (n->fixed || tree_is_document(n))
        read_bytes(op, h->node, offset, length);
    else if (TREE_HAS(n->file, read))
        read_callback(op, h, offset, length);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

/* A client has changed the content; `size`: to at least that, or to exactly that. */
static void content_changed(struct smbkit_op *op, struct tree_volume *v, struct smbkit_node *n,
                            uint64_t size, bool exact)
{
    const struct tree_origin origin = tree_by_client(op, v);
    mutex_lock(&n->tree->lock);
    n->size = exact ? size : MAX(n->size, size);
    n->write_time = n->change_time = smbkit_op_time(op);
    n->attributes |= SMBKIT_ATTR_ARCHIVE;
    tree_tell(n, SMBKIT_ACTION_MODIFIED, &origin);
    mutex_unlock(&n->tree->lock);
}

static void reply_changed(struct smbkit_op *op, void *vol, struct smbkit_node *n, uint64_t size,
                          bool exact, smbkit_status status)
{
    if (status == SMBKIT_STATUS_PENDING)
        return; /* the plugin has the op */
    if (status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_status(op, status);
        return;
    }
    content_changed(op, tree_volume_from(vol), n, size, exact);
    reply_attr(op, n);
}

void smbkit_tree_vfs_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                           const void *data, uint32_t length)
{
    struct tree_open *h = tree_open_from(file);
    struct smbkit_node *n = h->node;
    smbkit_status status = SMBKIT_STATUS_ACCESS_DENIED;
    uint64_t end;
    if (!checked_add_u64(offset, length, &end))
        status = SMBKIT_STATUS_DISK_FULL;
    else if (TREE_HAS(n->file, write))
        status = n->file->write(op, n->ctx, h->handle, offset, data, length);
    else if (tree_can_write(n))
        status = write_document(op, h, offset, data, length);
    reply_changed(op, vol, n, length > 0 ? end : 0, false, status);
}

void smbkit_tree_vfs_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct tree_open *h = tree_open_from(file);
    struct smbkit_node *n = h->node;
    smbkit_status status = SMBKIT_STATUS_ACCESS_DENIED;
    if (TREE_HAS(n->file, set_size))
        status = n->file->set_size(op, n->ctx, h->handle, size);
    else if (tree_is_document(n) && tree_can_write(n))
        status = resize_document(op, h, size);
    if (status == SMBKIT_STATUS_PENDING)
        status = SMBKIT_STATUS_INTERNAL_ERROR; /* nobody would answer */
    reply_changed(op, vol, n, size, true, status);
}

void smbkit_tree_vfs_flush(struct smbkit_op *op, void *vol, void *file)
{
    struct tree_open *h = tree_open_from(file);
    const struct smbkit_node *n = h->node;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (tree_is_document(n))
        status = tree_document_save(op, h);
    if (status == SMBKIT_STATUS_SUCCESS && TREE_HAS(n->file, flush))
        status = n->file->flush(op, n->ctx, h->handle);
    smbkit_reply_status(op, status);
}

void smbkit_tree_vfs_fsctl(struct smbkit_op *op, void *vol, void *file,
                           const struct smbkit_fsctl_args *args)
{
    struct tree_open *h = tree_open_from(file);
    const struct smbkit_node *n = h->node;
    smbkit_status status = SMBKIT_STATUS_INVALID_DEVICE_REQUEST;
    if (args->code == SMBKIT_FSCTL_PIPE_TRANSCEIVE && TREE_HAS(n->file, transact))
        status = n->file->transact(op, n->ctx, h->handle, args->in, args->in_len);
    if (status != SMBKIT_STATUS_PENDING)
        smbkit_reply_status(op, status);
}
