// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin's nodes: what they cost, how they come and go, and what clients see of them.
 * A node or entry is freed by the settle function that finds nothing leading to it.
 *
 * Threads: everything is called with the volume's lock held, but for the callbacks.
 */
#include "ram.h"

/* What setattr leaves as it is ([MS-FSCC] 2.6: these say what the file is, not how it is marked).
 */
#define ATTR_FIXED                                                            \
    (SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_SPARSE | SMBKIT_ATTR_REPARSE_POINT | \
     SMBKIT_ATTR_COMPRESSED | SMBKIT_ATTR_ENCRYPTED)
#define ATTR_SETTABLE                                                                       \
    (SMBKIT_ATTR_READONLY | SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_ARCHIVE | \
     SMBKIT_ATTR_TEMPORARY | SMBKIT_ATTR_OFFLINE | SMBKIT_ATTR_NOT_INDEXED)

uint64_t ram_entry_cost(size_t name_len)
{
    return sizeof(struct ram_entry) + name_len + 1 + RAM_INDEX_COST;
}

uint64_t ram_node_cost(bool folder)
{
    return sizeof(struct ram_node) + (folder ? sizeof(struct ram_dir) : 0);
}

void ram_fill_attr(const struct ram_node *n, const struct ram_stream *s, struct smbkit_attr *a)
{
    *a = (struct smbkit_attr){
        .file_id = n->id,
        .create_time = n->create_time,
        .access_time = n->access_time,
        .write_time = n->write_time,
        .change_time = n->change_time,
        .attributes = n->attributes != 0 ? n->attributes : SMBKIT_ATTR_NORMAL,
        .links = n->links,
        .reparse_tag = ram_reparse_tag(n),
        .ea_size = ram_ea_size(n),
    };
    const struct ram_data *d = s != NULL ? &s->data : ram_is_dir(n) ? NULL : &n->data;
    if (s != NULL) { /* the stream of a folder is no folder */
        a->attributes &= ~(SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_COMPRESSED);
        if (s->compressed)
            a->attributes |= SMBKIT_ATTR_COMPRESSED;
    }
    if (d != NULL) {
        a->size = d->size;
        a->alloc_size = ram_data_alloc(d);
    }
}

struct ram_node *ram_node_new(struct ram_volume *v, uint32_t attributes, uint64_t now)
{
    bool folder = (attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    struct ram_node *n = smbkit_alloc(sizeof(*n));
    if (n == NULL)
        return NULL;
    if (folder) {
        n->dir = smbkit_alloc(sizeof(*n->dir));
        if (n->dir == NULL) {
            smbkit_free(n);
            return NULL;
        }
    }
    n->folder = folder;
    n->attributes = attributes & (ATTR_SETTABLE | SMBKIT_ATTR_DIRECTORY);
    if (!folder) /* [MS-FSA] 2.1.5.1.1 */
        n->attributes |= SMBKIT_ATTR_ARCHIVE;
    n->id = ++v->last_id;
    n->create_time = n->access_time = n->write_time = n->change_time = now;
    return n;
}

void ram_node_settle(struct ram_volume *v, struct ram_node *n)
{
    if (n->links > 0 || n->handles > 0)
        return;
    bool folder = ram_is_dir(n);
    ram_streams_remove(v, n);
    ram_blob_drop(v, &n->sd);
    ram_blob_drop(v, &n->eas);
    ram_blob_drop(v, &n->reparse);
    if (folder)
        ram_dir_free(n->dir);
    else
        ram_data_free(&v->space, &n->data);
    (void)ram_payer_set(v, n, NULL); /* nothing is left to be charged */
    smbkit_free(n);
    ram_space_give(&v->space, ram_node_cost(folder));
}

void ram_entry_settle(struct ram_volume *v, struct ram_entry *e)
{
    if (e == NULL || e->dir != NULL || e->handles > 0)
        return;
    ram_space_give(&v->space, ram_entry_cost(e->name_len));
    ram_entry_free(e);
}

struct ram_node *ram_dir_node(const struct ram_volume *v, const struct ram_dir *d)
{
    return d->self != NULL ? d->self->node : v->root;
}

void ram_touch_dir(struct ram_volume *v, const struct ram_dir *d, uint64_t now)
{
    struct ram_node *n = ram_dir_node(v, d);
    n->write_time = n->change_time = now;
}

void ram_touch_file(struct ram_node *n, uint64_t now)
{
    n->write_time = n->change_time = now;
    n->attributes |= SMBKIT_ATTR_ARCHIVE;
}

void ram_unlink(struct ram_volume *v, struct ram_entry *e, uint64_t now)
{
    struct ram_node *n = e->node;
    ram_touch_dir(v, e->dir, now);
    ram_dir_remove(e);
    n->links--;
    n->change_time = now;
    ram_entry_settle(v, e);
    ram_node_settle(v, n);
}

void ram_finish(struct smbkit_op *op, struct ram_volume *v, const struct ram_handle *h,
                smbkit_status status)
{
    struct smbkit_attr attr;
    ram_fill_attr(h->node, h->stream, &attr);
    pthread_mutex_unlock(&v->lock);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

void ram_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    pthread_mutex_lock(&v->lock);
    ram_finish(op, v, file, SMBKIT_STATUS_SUCCESS);
}

void ram_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *a,
                 uint32_t which)
{
    struct ram_volume *v = vol;
    struct ram_node *n = ((struct ram_handle *)file)->node;
    pthread_mutex_lock(&v->lock);
    if (which & SMBKIT_SET_CREATE_TIME)
        n->create_time = a->create_time;
    if (which & SMBKIT_SET_ACCESS_TIME)
        n->access_time = a->access_time;
    if (which & SMBKIT_SET_WRITE_TIME)
        n->write_time = a->write_time;
    if (which & SMBKIT_SET_ATTRIBUTES)
        n->attributes = (n->attributes & ATTR_FIXED) | (a->attributes & ATTR_SETTABLE);
    if (which & SMBKIT_SET_CHANGE_TIME)
        n->change_time = a->change_time;
    else if (which != 0)
        n->change_time = smbkit_op_time(op);
    ram_finish(op, v, file, SMBKIT_STATUS_SUCCESS);
}
