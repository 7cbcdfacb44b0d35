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
#include <string.h>

/* What setattr leaves as it is ([MS-FSCC] 2.6: these say what the file is, not how it is marked).
 */
#define ATTR_FIXED                                                            \
    (SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_SPARSE | SMBKIT_ATTR_REPARSE_POINT | \
     SMBKIT_ATTR_COMPRESSED | SMBKIT_ATTR_ENCRYPTED)
#define ATTR_SETTABLE                                                                       \
    (SMBKIT_ATTR_READONLY | SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_ARCHIVE | \
     SMBKIT_ATTR_TEMPORARY | SMBKIT_ATTR_OFFLINE | SMBKIT_ATTR_NOT_INDEXED)

static uint64_t entry_cost(size_t name_len)
{
    return sizeof(struct ram_entry) + name_len + 1 + RAM_INDEX_COST;
}

static uint64_t node_cost(bool folder)
{
    return sizeof(struct ram_node) + (folder ? sizeof(struct ram_dir) : 0);
}

/* --- nodes, entries, handles (with the lock held) --- */

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

static struct ram_node *node_new(struct ram_volume *v, uint32_t attributes, uint64_t now)
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

/* Frees the node when nothing leads to it any more. */
static void node_settle(struct ram_volume *v, struct ram_node *n)
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
    smbkit_free(n);
    ram_space_give(&v->space, node_cost(folder));
}

static void entry_settle(struct ram_volume *v, struct ram_entry *e)
{
    if (e == NULL || e->dir != NULL || e->handles > 0)
        return;
    ram_space_give(&v->space, entry_cost(e->name_len));
    ram_entry_free(e);
}

static struct ram_node *dir_node(const struct ram_volume *v, const struct ram_dir *d)
{
    return d->self != NULL ? d->self->node : v->root;
}

/* Notes that a folder's children changed. */
static void touch_dir(struct ram_volume *v, const struct ram_dir *d, uint64_t now)
{
    struct ram_node *n = dir_node(v, d);
    n->write_time = n->change_time = now;
}

void ram_touch_file(struct ram_node *n, uint64_t now)
{
    n->write_time = n->change_time = now;
    n->attributes |= SMBKIT_ATTR_ARCHIVE;
}

/* Takes a name away from its folder; node and entry live on as long as handles need them. */
static void unlink_entry(struct ram_volume *v, struct ram_entry *e, uint64_t now)
{
    struct ram_node *n = e->node;
    touch_dir(v, e->dir, now);
    ram_dir_remove(e);
    n->links--;
    n->change_time = now;
    entry_settle(v, e);
    node_settle(v, n);
}

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

/* --- paths (with the lock held) --- */

static size_t component(const char *path)
{
    const char *slash = strchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) : strlen(path);
}

/* Where a walk was stopped by a reparse point. */
struct stop {
    struct ram_blob *data; /* NULL: it was not; borrowed */
    size_t at;             /* bytes of the path that name it */
};

/* These lead elsewhere; folders with other tags are folders still. */
#define TAG_SYMLINK     0xa000000cu
#define TAG_MOUNT_POINT 0xa0000003u

static bool leads_away(const struct ram_node *n)
{
    uint32_t tag = ram_reparse_tag(n);
    return tag == TAG_SYMLINK || tag == TAG_MOUNT_POINT;
}

/* The folder that the last component of `path` lies in, and that component. NULL: an earlier one is
   missing, not a folder, or leads away (*stop says so; may be NULL). */
static struct ram_dir *find_parent(const struct ram_volume *v, const char *path, const char **base,
                                   struct stop *stop)
{
    struct ram_node *n = v->root;
    const char *start = path;
    for (;;) {
        if (!ram_is_dir(n))
            return NULL;
        size_t len = component(path);
        if (path[len] == '\0')
            break;
        const struct ram_entry *e = ram_dir_find(n->dir, path, len);
        if (e == NULL)
            return NULL;
        n = e->node;
        path += len;
        if (leads_away(n)) {
            if (stop != NULL)
                *stop = (struct stop){n->reparse, (size_t)(path - start)};
            return NULL;
        }
        path++;
    }
    *base = path;
    return n->dir;
}

/* The path of an entry as it is spelled, for the answer of open: NULL with SUCCESS when `asked` is
   spelled so already. */
static smbkit_status true_path(const struct ram_entry *e, const char *asked, char **path)
{
    size_t len = 0;
    *path = NULL;
    for (const struct ram_entry *p = e; p != NULL; p = p->dir->self)
        len += p->name_len + 1u;
    if (len == 0)
        return SMBKIT_STATUS_SUCCESS;
    char *text = smbkit_alloc(len);
    if (text == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    char *at = text + len - 1;
    for (const struct ram_entry *p = e; p != NULL; p = p->dir->self) {
        at -= p->name_len;
        memcpy(at, p->name, p->name_len);
        if (p->dir->self != NULL)
            *--at = '/';
    }
    if (strcmp(text, asked) == 0)
        smbkit_free(text);
    else
        *path = text;
    return SMBKIT_STATUS_SUCCESS;
}

/* --- the share --- */

static smbkit_status ram_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                    size_t count, void **vol)
{
    struct ram_volume *v = smbkit_alloc(sizeof(*v));
    if (v == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    v->space.limit = smbkit_arg_number(args, count, "size");
    v->create_time = smbkit_share_time(share);
    smbkit_random(share, &v->serial, sizeof(v->serial));
    v->root = node_new(v, SMBKIT_ATTR_DIRECTORY, v->create_time);
    if (v->root == NULL || pthread_mutex_init(&v->lock, NULL) != 0) {
        if (v->root != NULL)
            ram_dir_free(v->root->dir);
        smbkit_free(v->root);
        smbkit_free(v);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    v->root->links = 1;
    ram_space_take(&v->space, node_cost(true)); /* the smallest size has room for it */
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
        node_settle(v, n);
        struct ram_entry *e = list;
        n = e != NULL ? e->node : NULL;
        if (e != NULL) {
            list = e->next;
            entry_settle(v, e);
        }
    }
    ram_blob_drop(v, &v->last_sd);
    pthread_mutex_destroy(&v->lock);
    smbkit_free(v);
}

static void ram_statfs(struct smbkit_op *op, void *vol)
{
    struct ram_volume *v = vol;
    pthread_mutex_lock(&v->lock);
    const struct smbkit_statfs st = {
        .total_bytes = v->space.limit,
        .free_bytes = v->space.limit - v->space.used,
        .block_size = 4096,
        .serial = v->serial,
        .create_time = v->create_time,
    };
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_statfs(op, &st);
}

/* --- open, create, cleanup, close --- */

/* Finds what `path` names. */
static smbkit_status find(const struct ram_volume *v, const char *path, struct ram_node **node,
                          struct ram_entry **entry, struct stop *stop)
{
    const char *base;
    *node = v->root;
    *entry = NULL;
    if (path[0] == '\0')
        return SMBKIT_STATUS_SUCCESS;
    const struct ram_dir *d = find_parent(v, path, &base, stop);
    if (d == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    *entry = ram_dir_find(d, base, strlen(base));
    if (*entry == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    *node = (*entry)->node;
    return SMBKIT_STATUS_SUCCESS;
}

/* Unlocks and says where the path leads away. */
static void reply_stop(struct smbkit_op *op, struct ram_volume *v, const struct stop *stop)
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
        (void)true_path(h->entry, asked, &path);
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

static void ram_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct ram_volume *v = vol;
    struct ram_node *n;
    struct ram_entry *e;
    struct ram_stream *s = NULL;
    struct stop stop = {0};
    struct ram_handle *h = smbkit_alloc(sizeof(*h));
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    pthread_mutex_lock(&v->lock);
    if (h != NULL)
        status = find(v, args->path, &n, &e, &stop);
    if (status == SMBKIT_STATUS_SUCCESS && n->reparse != NULL &&
        !(args->flags & SMBKIT_OPEN_REPARSE_POINT))
        stop = (struct stop){n->reparse, strlen(args->path)};
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
    uint64_t cost = node_cost(folder) + entry_cost(len);
    if (!ram_space_take(&v->space, cost))
        return SMBKIT_STATUS_DISK_FULL;
    struct ram_node *n = node_new(v, args->attributes, now);
    struct ram_entry *e = n != NULL ? ram_entry_new(n, name, len) : NULL;
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (e != NULL && ram_dir_reserve(d))
        status = ram_sd_set(v, &n->sd, args->sd, args->sd_len);
    if (status == SMBKIT_STATUS_SUCCESS && !folder)
        status = ram_data_reserve(&v->space, &n->data, args->alloc_size);
    if (status != SMBKIT_STATUS_SUCCESS) {
        if (e != NULL)
            ram_entry_free(e);
        if (n != NULL)
            ram_blob_drop(v, &n->sd);
        if (n != NULL && folder)
            ram_dir_free(n->dir);
        smbkit_free(n);
        ram_space_give(&v->space, cost);
        return status;
    }
    n->links = 1;
    if (!(args->flags & SMBKIT_CREATE_NO_COMPRESSION))
        n->attributes |= dir_node(v, d)->attributes & SMBKIT_ATTR_COMPRESSED;
    if (folder)
        n->dir->self = e;
    ram_dir_insert(d, e);
    touch_dir(v, d, now);
    *entry = e;
    return SMBKIT_STATUS_SUCCESS;
}

/* Makes a stream of what has the path. */
static smbkit_status make_stream(struct ram_volume *v, const struct smbkit_create_args *args,
                                 uint64_t now, struct ram_handle *h, struct stop *stop)
{
    struct ram_node *n;
    struct ram_entry *e;
    struct ram_stream *s;
    smbkit_status status = find(v, args->path, &n, &e, stop);
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
                               uint64_t now, struct ram_handle *h, struct stop *stop)
{
    struct ram_entry *e;
    const char *base;
    struct ram_dir *d = find_parent(v, args->path, &base, stop);
    if (d == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (base[0] == '\0' || ram_dir_find(d, base, strlen(base)) != NULL)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = make(v, d, base, args, now, &e);
    if (status == SMBKIT_STATUS_SUCCESS)
        handle_open(h, e->node, e, NULL);
    return status;
}

static void ram_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct ram_volume *v = vol;
    struct stop stop = {0};
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

static void ram_can_delete(struct smbkit_op *op, void *vol, void *file)
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

static void ram_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
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
            unlink_entry(v, h->entry, smbkit_op_time(op));
    }
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, status);
}

static void ram_close(void *vol, void *file)
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
    entry_settle(v, h->entry);
    node_settle(v, h->node);
    pthread_mutex_unlock(&v->lock);
    smbkit_free(h);
}

static void ram_path_sd(struct smbkit_op *op, void *vol, const char *path)
{
    struct ram_volume *v = vol;
    struct ram_node *n;
    struct ram_entry *e;
    struct stop stop = {0};
    pthread_mutex_lock(&v->lock);
    smbkit_status status = find(v, path, &n, &e, &stop);
    if (stop.data != NULL)
        reply_stop(op, v, &stop);
    else
        ram_reply_blob(op, v, status == SMBKIT_STATUS_SUCCESS ? n->sd : NULL,
                       status == SMBKIT_STATUS_SUCCESS ? SMBKIT_STATUS_NOT_FOUND : status);
}

/* --- data --- */

/* Below this a copy is cheaper than counting a reference across threads. */
#define REF_MIN 4096

static void ram_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct ram_chunk *chunk = NULL;
    const void *in_place = NULL;
    void *buffer = NULL;
    pthread_mutex_lock(&v->lock);
    const struct ram_data *d = ram_handle_data(h);
    if (d == NULL) {
        pthread_mutex_unlock(&v->lock);
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    uint64_t left = offset < d->size ? d->size - offset : 0;
    if (left < length)
        length = (uint32_t)left;
    if (length >= REF_MIN)
        in_place = ram_data_ref(d, offset, length, &chunk);
    if (in_place == NULL && length > 0) {
        buffer = smbkit_op_buffer(op);
        if (buffer != NULL)
            ram_data_read(d, offset, buffer, length);
    }
    pthread_mutex_unlock(&v->lock);
    if (in_place != NULL)
        smbkit_reply_read_ref(op, in_place, length, ram_chunk_release, chunk);
    else if (length > 0 && buffer == NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else
        smbkit_reply_read(op, length);
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

/* Ends a change of a file's content or storage. */
static void finish_change(struct smbkit_op *op, struct ram_volume *v, struct ram_handle *h,
                          smbkit_status status, bool touched)
{
    if (status == SMBKIT_STATUS_SUCCESS && touched)
        ram_touch_file(h->node, smbkit_op_time(op));
    ram_finish(op, v, h, status);
}

/* The data of a file's or stream's handle, with the lock taken; NULL (and answered) for a folder.
 */
static struct ram_data *begin_change(struct smbkit_op *op, struct ram_volume *v,
                                     struct ram_handle *h)
{
    pthread_mutex_lock(&v->lock);
    struct ram_data *d = ram_handle_data(h);
    if (d == NULL) {
        pthread_mutex_unlock(&v->lock);
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    }
    return d;
}

/* On a disk, what lies before the end of a file that is not sparse takes room, so that Windows says
   DISK_FULL for a write far beyond it ([MS-FSA] 2.1.5.4). Here holes cost nothing, and Linux
   clients make them without marking the file: only what no disk would hold is refused. */
#define PLAIN_FILE_SIZE_MAX (1ull << 40)

static bool has_room(const struct ram_volume *v, const struct ram_handle *h, uint64_t end)
{
    return end <= PLAIN_FILE_SIZE_MAX || end <= v->space.limit || end > RAM_FILE_SIZE_MAX ||
           (h->node->attributes & SMBKIT_ATTR_SPARSE) != 0;
}

static void ram_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                      const void *data, uint32_t length)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    smbkit_status status = SMBKIT_STATUS_DISK_FULL;
    if (length == 0 || has_room(v, file, offset + length))
        status = ram_data_write(&v->space, d, offset, data, length);
    finish_change(op, v, file, status, length > 0);
}

static void ram_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    finish_change(op, v, file, ram_data_resize(&v->space, d, size), true);
}

static void ram_set_alloc(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    bool cut = size < d->size;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (cut)
        status = ram_data_resize(&v->space, d, size);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = ram_data_reserve(&v->space, d, size);
    finish_change(op, v, file, status, cut);
}

static void ram_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                           uint64_t length)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    finish_change(op, v, file, ram_data_zero(&v->space, d, offset, length), true);
}

/* SMBKIT_COPY_CLONE or not: whole chunks are shared. */
static void ram_copy_range(struct smbkit_op *op, void *vol, void *file,
                           const struct smbkit_copy_args *args)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    const struct ram_data *src = ram_handle_data(args->from);
    smbkit_status status = SMBKIT_STATUS_INVALID_PARAMETER;
    /* it may have been cut since the server has looked */
    if (src != NULL && args->length <= src->size && args->from_offset <= src->size - args->length)
        status =
            ram_data_clone(&v->space, d, args->to_offset, src, args->from_offset, args->length);
    finish_change(op, v, file, status, true);
}

static void ram_overwrite(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct ram_data *d = begin_change(op, v, h);
    if (d == NULL)
        return;
    smbkit_status status = ram_data_resize(&v->space, d, 0);
    if (status == SMBKIT_STATUS_SUCCESS && h->stream == NULL) {
        ram_streams_remove(v, h->node);
        ram_blob_drop(v, &h->node->eas);
        h->node->attributes &= ~SMBKIT_ATTR_SPARSE;
    }
    finish_change(op, v, h, status, true);
}

/* Of a file that is not sparse, holes are nobody's business. */
static void ram_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                                 uint64_t length)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    bool sparse = (((struct ram_handle *)file)->node->attributes & SMBKIT_ATTR_SPARSE) != 0;
    uint64_t end = d->size, start = offset, stop = end;
    if (offset < end && length < end - offset)
        end = offset + length;
    while (offset < end && (!sparse || ram_data_range(d, offset, &start, &stop)) && start < end) {
        if (start < offset)
            start = offset;
        if (stop > end)
            stop = end;
        if (!smbkit_range_add(op, start, stop - start))
            break;
        offset = stop;
    }
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

/* --- attributes --- */

static void ram_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    pthread_mutex_lock(&v->lock);
    ram_finish(op, v, file, SMBKIT_STATUS_SUCCESS);
}

static void ram_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *a,
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

/* --- folders --- */

static void list(struct smbkit_op *op, const struct ram_dir *d,
                 const struct smbkit_readdir_args *args, bool *end)
{
    struct smbkit_attr attr;
    uint64_t at = args->cookie;
    /* A pattern without wildcards is a question for one name: no walk over a large folder. */
    bool one = strpbrk(args->pattern, "*?<>\"") == NULL;
    const struct ram_entry *e =
        one ? ram_dir_find(d, args->pattern, strlen(args->pattern)) : ram_dir_next(d, at);
    *end = true;
    while (e != NULL && e->seq > at) {
        ram_fill_attr(e->node, NULL, &attr);
        *end = smbkit_dir_add(op, e->name, &attr, e->seq);
        if (!*end)
            break;
        at = e->seq;
        e = one ? NULL : ram_dir_next(d, at);
    }
}

static void ram_readdir(struct smbkit_op *op, void *vol, void *dir,
                        const struct smbkit_readdir_args *args)
{
    struct ram_volume *v = vol;
    const struct ram_node *n = ((struct ram_handle *)dir)->node;
    bool end;
    if (!ram_is_dir(n)) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    pthread_mutex_lock(&v->lock);
    list(op, n->dir, args, &end);
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_readdir(op, end);
}

/* --- rename and link --- */

/* Where a name shall go, and what has it now. */
struct target {
    struct ram_dir *dir;
    const char *name;
    size_t len;
    struct ram_entry *taken; /* to be replaced; NULL: nobody */
};

/* Checks `to` for the handle's file; `own` is the entry that may have that name already. */
static smbkit_status find_target(const struct ram_volume *v, const char *to, uint32_t flags,
                                 const struct ram_entry *own, struct target *t)
{
    t->dir = find_parent(v, to, &t->name, NULL);
    if (t->dir == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    t->len = strlen(t->name);
    if (t->len == 0)
        return SMBKIT_STATUS_ACCESS_DENIED; /* nothing takes the root's place */
    t->taken = ram_dir_find(t->dir, t->name, t->len);
    if (t->taken == NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (t->taken == own) {
        t->taken = NULL;
        return SMBKIT_STATUS_SUCCESS;
    }
    if (ram_is_dir(t->taken->node) || !(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (t->taken->node->attributes & SMBKIT_ATTR_READONLY)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* Is `d` the folder `n` or somewhere in it? */
static bool inside(const struct ram_dir *d, const struct ram_node *n)
{
    for (; d->self != NULL; d = d->self->dir)
        if (d->self->node == n)
            return true;
    return false;
}

/* Moves an entry to a target that has been checked. All that can fail comes first. */
static smbkit_status move(struct ram_volume *v, struct ram_entry *e, const struct target *t,
                          uint64_t now)
{
    uint64_t before = entry_cost(e->name_len), after = entry_cost(t->len);
    if (after > before && !ram_space_take(&v->space, after - before))
        return SMBKIT_STATUS_DISK_FULL;
    char *block = t->len > e->inline_cap ? smbkit_alloc(t->len + 1) : NULL;
    if ((t->len > e->inline_cap && block == NULL) ||
        (t->dir != e->dir && !ram_dir_reserve(t->dir))) {
        smbkit_free(block);
        if (after > before)
            ram_space_give(&v->space, after - before);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    if (after < before)
        ram_space_give(&v->space, before - after);
    if (t->taken != NULL)
        unlink_entry(v, t->taken, now);
    touch_dir(v, e->dir, now);
    touch_dir(v, t->dir, now);
    ram_entry_rename(e, block, t->name, t->len);
    if (t->dir != e->dir) {
        ram_dir_remove(e);
        ram_dir_insert(t->dir, e);
    }
    e->node->change_time = now;
    return SMBKIT_STATUS_SUCCESS;
}

static void ram_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct target t;
    smbkit_status status;
    pthread_mutex_lock(&v->lock);
    if (h->entry == NULL)
        status = SMBKIT_STATUS_ACCESS_DENIED;
    else if (h->entry->dir == NULL)
        status = SMBKIT_STATUS_DELETE_PENDING;
    else
        status = find_target(v, to, flags, h->entry, &t);
    if (status == SMBKIT_STATUS_SUCCESS && ram_is_dir(h->node) && inside(t.dir, h->node))
        status = SMBKIT_STATUS_INVALID_PARAMETER;
    if (status == SMBKIT_STATUS_SUCCESS)
        status = move(v, h->entry, &t, smbkit_op_time(op));
    ram_finish(op, v, h, status);
}

/* Gives a node one more name. */
static smbkit_status add_name(struct ram_volume *v, struct ram_node *n, const struct target *t,
                              uint64_t now)
{
    if (!ram_space_take(&v->space, entry_cost(t->len)))
        return SMBKIT_STATUS_DISK_FULL;
    struct ram_entry *e = ram_entry_new(n, t->name, t->len);
    if (e == NULL || !ram_dir_reserve(t->dir)) {
        if (e != NULL)
            ram_entry_free(e);
        ram_space_give(&v->space, entry_cost(t->len));
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    if (t->taken != NULL)
        unlink_entry(v, t->taken, now);
    n->links++;
    n->change_time = now;
    ram_dir_insert(t->dir, e);
    touch_dir(v, t->dir, now);
    return SMBKIT_STATUS_SUCCESS;
}

/* NTFS's limit. */
#define LINKS_MAX 1024

static void ram_link(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct target t;
    smbkit_status status;
    pthread_mutex_lock(&v->lock);
    if (ram_is_dir(h->node))
        status = SMBKIT_STATUS_FILE_IS_A_DIRECTORY;
    else if (h->node->links == 0)
        status = SMBKIT_STATUS_DELETE_PENDING;
    else if (h->node->links >= LINKS_MAX)
        status = SMBKIT_STATUS_TOO_MANY_LINKS;
    else
        status = find_target(v, to, flags, NULL, &t);
    /* A name that is the file's already needs no second entry, only its new spelling. */
    if (status == SMBKIT_STATUS_SUCCESS && t.taken != NULL && t.taken->node == h->node) {
        struct ram_entry *same = t.taken;
        t.taken = NULL;
        status = move(v, same, &t, smbkit_op_time(op));
    } else if (status == SMBKIT_STATUS_SUCCESS) {
        status = add_name(v, h->node, &t, smbkit_op_time(op));
    }
    ram_finish(op, v, h, status);
}

/* --- the plugin --- */

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

/* A program that links several plugins gives each symbol a name of its own. */
#ifndef SMBKIT_STATIC_PLUGIN
#define SMBKIT_STATIC_PLUGIN smbkit_plugin
#endif

SMBKIT_API extern const struct smbkit_plugin SMBKIT_STATIC_PLUGIN;

const struct smbkit_plugin SMBKIT_STATIC_PLUGIN = {
    SMBKIT_PLUGIN_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "memory",
    .version = SMBKIT_VERSION,
    .summary = "files in memory, gone when the server stops",
    .fs_name = "NTFS",
    .capabilities = SMBKIT_CAP_SPARSE | SMBKIT_CAP_HARD_LINKS | SMBKIT_CAP_STREAMS |
                    SMBKIT_CAP_EXTENDED_ATTRS | SMBKIT_CAP_ACLS | SMBKIT_CAP_REPARSE_POINTS |
                    SMBKIT_CAP_COMPRESSION | SMBKIT_CAP_CLONE,
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
        },
};
