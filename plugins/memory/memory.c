// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin: a read-write file system that lives in RAM and is gone when the share closes.
 * It does everything that the plugin interface offers for plain files, and is what the tests of the
 * server run on.
 *
 * Threads: SMBKIT_THREAD_ASYNC; every callback answers at once. One lock per volume guards all of
 * it; it is never held over an answer, because an answer may run the server's code.
 * Times follow [MS-FSA] 2.1.4.17 but for the access time, which only setattr changes (as Windows
 * does by default): a read shall not write.
 */
#include "ram.h"
#include <pthread.h>
#include <string.h>

struct ram_volume {
    pthread_mutex_t lock;
    struct ram_space space;
    struct ram_node *root;
    uint64_t last_id;
    uint64_t create_time;
    uint32_t serial;
};

struct ram_handle {
    struct ram_node *node;
    struct ram_entry *entry; /* NULL: the root */
};

/* What setattr leaves as it is ([MS-FSCC] 2.6: these say what the file is, not how it is marked).
 */
#define ATTR_FIXED                                                            \
    (SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_SPARSE | SMBKIT_ATTR_REPARSE_POINT | \
     SMBKIT_ATTR_COMPRESSED | SMBKIT_ATTR_ENCRYPTED)
#define ATTR_SETTABLE                                                                       \
    (SMBKIT_ATTR_READONLY | SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_ARCHIVE | \
     SMBKIT_ATTR_TEMPORARY | SMBKIT_ATTR_OFFLINE | SMBKIT_ATTR_NOT_INDEXED)

/* What names and nodes are charged with: their blocks, and about what the indexes and the allocator
   add to each. */
#define INDEX_COST 64

static uint64_t entry_cost(size_t name_len)
{
    return sizeof(struct ram_entry) + name_len + 1 + INDEX_COST;
}

static uint64_t node_cost(bool folder)
{
    return sizeof(struct ram_node) + (folder ? sizeof(struct ram_dir) : 0);
}

/* --- nodes, entries, handles (with the lock held) --- */

static void fill_attr(const struct ram_node *n, struct smbkit_attr *a)
{
    *a = (struct smbkit_attr){
        .file_id = n->id,
        .create_time = n->create_time,
        .access_time = n->access_time,
        .write_time = n->write_time,
        .change_time = n->change_time,
        .attributes = n->attributes != 0 ? n->attributes : SMBKIT_ATTR_NORMAL,
        .links = n->links,
    };
    if (!ram_is_dir(n)) {
        a->size = n->data.size;
        a->alloc_size = ram_data_alloc(&n->data);
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

/* Notes that a folder's children changed. */
static void touch_dir(struct ram_volume *v, const struct ram_dir *d, uint64_t now)
{
    struct ram_node *n = d->self != NULL ? d->self->node : v->root;
    n->write_time = n->change_time = now;
}

/* Notes that a file's content changed ([MS-FSA] 2.1.4.17). */
static void touch_file(struct ram_node *n, uint64_t now)
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

static void handle_open(struct ram_handle *h, struct ram_node *n, struct ram_entry *e)
{
    *h = (struct ram_handle){n, e};
    n->handles++;
    if (e != NULL)
        e->handles++;
}

/* --- paths (with the lock held) --- */

static size_t component(const char *path)
{
    const char *slash = strchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) : strlen(path);
}

/* The folder that the last component of `path` lies in, and that component. NULL: an earlier one is
   missing or not a folder. */
static struct ram_dir *find_parent(const struct ram_volume *v, const char *path, const char **base)
{
    struct ram_node *n = v->root;
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
        path += len + 1;
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
    for (size_t i = 0; i < count; i++)
        if (strcmp(args[i].key, "size") == 0)
            smbkit_parse_size(args[i].value, &v->space.limit);
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
                          struct ram_entry **entry)
{
    const char *base;
    *node = v->root;
    *entry = NULL;
    if (path[0] == '\0')
        return SMBKIT_STATUS_SUCCESS;
    const struct ram_dir *d = find_parent(v, path, &base);
    if (d == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    *entry = ram_dir_find(d, base, strlen(base));
    if (*entry == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    *node = (*entry)->node;
    return SMBKIT_STATUS_SUCCESS;
}

static void ram_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct ram_volume *v = vol;
    struct smbkit_attr attr;
    struct ram_node *n;
    struct ram_entry *e;
    char *path = NULL;
    struct ram_handle *h = smbkit_alloc(sizeof(*h));
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    pthread_mutex_lock(&v->lock);
    if (h != NULL)
        status = find(v, args->path, &n, &e);
    if (status == SMBKIT_STATUS_SUCCESS && args->stream != NULL)
        status = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND; /* no file has any */
    if (status == SMBKIT_STATUS_SUCCESS)
        status = true_path(e, args->path, &path);
    if (status == SMBKIT_STATUS_SUCCESS) {
        handle_open(h, n, e);
        fill_attr(n, &attr);
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
        status = folder ? SMBKIT_STATUS_SUCCESS
                        : ram_data_reserve(&v->space, &n->data, args->alloc_size);
    if (status != SMBKIT_STATUS_SUCCESS) {
        if (e != NULL)
            ram_entry_free(e);
        if (n != NULL && folder)
            ram_dir_free(n->dir);
        smbkit_free(n);
        ram_space_give(&v->space, cost);
        return status;
    }
    n->links = 1;
    if (folder)
        n->dir->self = e;
    ram_dir_insert(d, e);
    touch_dir(v, d, now);
    *entry = e;
    return SMBKIT_STATUS_SUCCESS;
}

static void ram_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct ram_volume *v = vol;
    struct smbkit_attr attr;
    struct ram_entry *e;
    const char *base;
    if (args->stream != NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_SUPPORTED);
        return;
    }
    char *path = NULL;
    struct ram_handle *h = smbkit_alloc(sizeof(*h));
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    pthread_mutex_lock(&v->lock);
    struct ram_dir *d = find_parent(v, args->path, &base);
    if (h == NULL)
        status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    else if (d == NULL)
        status = SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    else if (base[0] == '\0' || ram_dir_find(d, base, strlen(base)) != NULL)
        status = SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    else
        status = make(v, d, base, args, smbkit_op_time(op), &e);
    if (status == SMBKIT_STATUS_SUCCESS) {
        /* Without memory for the true spelling the client sees its own. */
        (void)true_path(e, args->path, &path);
        handle_open(h, e->node, e);
        fill_attr(e->node, &attr);
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
    if (flags & SMBKIT_CLEANUP_DELETE) {
        pthread_mutex_lock(&v->lock);
        status = deletable(h);
        if (status == SMBKIT_STATUS_SUCCESS && h->entry->dir != NULL)
            unlink_entry(v, h->entry, smbkit_op_time(op));
        pthread_mutex_unlock(&v->lock);
    }
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
    if (h->entry != NULL)
        h->entry->handles--;
    entry_settle(v, h->entry);
    node_settle(v, h->node);
    pthread_mutex_unlock(&v->lock);
    smbkit_free(h);
}

/* --- data --- */

/* Below this a copy is cheaper than counting a reference across threads. */
#define REF_MIN 4096

static void ram_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    struct ram_volume *v = vol;
    const struct ram_node *n = ((struct ram_handle *)file)->node;
    if (ram_is_dir(n)) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    struct ram_chunk *chunk = NULL;
    const void *in_place = NULL;
    void *buffer = NULL;
    pthread_mutex_lock(&v->lock);
    const struct ram_data *d = &n->data;
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

/* Ends a change of a file's content or storage: unlocks and answers. */
static void finish_change(struct smbkit_op *op, struct ram_volume *v, struct ram_node *n,
                          smbkit_status status, bool touched)
{
    struct smbkit_attr attr;
    if (status == SMBKIT_STATUS_SUCCESS && touched)
        touch_file(n, smbkit_op_time(op));
    fill_attr(n, &attr);
    pthread_mutex_unlock(&v->lock);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

/* The node of a file handle, with the lock taken; NULL (and answered) for a folder. */
static struct ram_node *begin_change(struct smbkit_op *op, struct ram_volume *v, void *file)
{
    struct ram_node *n = ((struct ram_handle *)file)->node;
    if (ram_is_dir(n)) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return NULL;
    }
    pthread_mutex_lock(&v->lock);
    return n;
}

static void ram_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                      const void *data, uint32_t length)
{
    struct ram_volume *v = vol;
    struct ram_node *n = begin_change(op, v, file);
    if (n == NULL)
        return;
    smbkit_status status = ram_data_write(&v->space, &n->data, offset, data, length);
    finish_change(op, v, n, status, length > 0);
}

static void ram_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct ram_volume *v = vol;
    struct ram_node *n = begin_change(op, v, file);
    if (n == NULL)
        return;
    finish_change(op, v, n, ram_data_resize(&v->space, &n->data, size), true);
}

static void ram_set_alloc(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct ram_volume *v = vol;
    struct ram_node *n = begin_change(op, v, file);
    if (n == NULL)
        return;
    bool cut = size < n->data.size;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (cut)
        status = ram_data_resize(&v->space, &n->data, size);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = ram_data_reserve(&v->space, &n->data, size);
    finish_change(op, v, n, status, cut);
}

static void ram_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                           uint64_t length)
{
    struct ram_volume *v = vol;
    struct ram_node *n = begin_change(op, v, file);
    if (n == NULL)
        return;
    finish_change(op, v, n, ram_data_zero(&v->space, &n->data, offset, length), true);
}

static void ram_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                                 uint64_t length)
{
    struct ram_volume *v = vol;
    struct ram_node *n = begin_change(op, v, file);
    if (n == NULL)
        return;
    uint64_t end = n->data.size, start, stop;
    if (offset < end && length < end - offset)
        end = offset + length;
    while (offset < end && ram_data_range(&n->data, offset, &start, &stop) && start < end) {
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
    struct smbkit_attr attr;
    pthread_mutex_lock(&v->lock);
    fill_attr(((struct ram_handle *)file)->node, &attr);
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_attr(op, &attr);
}

static void ram_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *a,
                        uint32_t which)
{
    struct ram_volume *v = vol;
    struct ram_node *n = ((struct ram_handle *)file)->node;
    struct smbkit_attr attr;
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
    fill_attr(n, &attr);
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_attr(op, &attr);
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
        fill_attr(e->node, &attr);
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
    t->dir = find_parent(v, to, &t->name);
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
    finish_change(op, v, h->node, status, false);
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
    finish_change(op, v, h->node, status, false);
}

/* --- the plugin --- */

/* The largest size is bounded so that sums of charges cannot overflow. */
#define SIZE_MIN       (64ull << 10)
#define SIZE_MAX_BYTES (1ull << 60)

static const struct smbkit_param ram_params[] = {
    {"size", SMBKIT_PARAM_SIZE, "bytes", SIZE_MIN, SIZE_MAX_BYTES, "1G",
     "room for data, names and what each file costs"},
    {NULL, SMBKIT_PARAM_STRING, NULL, 0, 0, NULL, NULL},
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
    .capabilities = SMBKIT_CAP_SPARSE | SMBKIT_CAP_HARD_LINKS,
    .params = ram_params,
    .vfs =
        {
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
        },
};
