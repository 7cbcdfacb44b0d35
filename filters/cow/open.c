// SPDX-License-Identifier: Apache-2.0
/*
 * Opening, making, deleting and renaming. What must be asked below first (is there a file by this
 * name?) goes on in a hook, which looks at the names anew: others may have been faster.
 */
#include "cow.h"
#include <string.h>

#define READ_DATA       0x00000001u
#define READ_ATTRIBUTES 0x00000080u
/* The rights that change nothing: reading, executing, attributes, the security descriptor. */
#define READING     0x001200a9u
#define NEEDS_BYTES 0x00000006u /* who writes a part of a file needs the rest of it */

static void no_memory(struct smbkit_op *op)
{
    smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

/* What a hook must know; `args` and `to` belong to the operation. */
struct ask {
    char *lower; /* the path that was asked about */
    const void *args;
    const char *to;
    uint32_t flags;
    void *file; /* of the next one, to be closed */
    smbkit_status status;
    void (*then)(struct smbkit_op *op, struct cow *c, struct ask *a);
};

static struct ask *ask_new(char *lower, const void *args)
{
    struct ask *a = smbkit_alloc(sizeof(*a));
    if (a == NULL) {
        smbkit_free(lower);
        return NULL;
    }
    a->lower = lower;
    a->args = args;
    return a;
}

static void ask_free(struct ask *a)
{
    smbkit_free(a->lower);
    smbkit_free(a);
}

/* --- closing what was opened below, then going on --- */

static void probe_closed(struct smbkit_op *op, void *vol, void *ctx)
{
    struct ask *a = ctx;
    a->then(op, vol, a);
}

static void probe_cleaned(struct smbkit_op *op, void *vol, void *ctx)
{
    struct ask *a = ctx;
    if (smbkit_then(op, probe_closed, a))
        smbkit_next_close(op, a->file);
    else
        smbkit_sleep(op, 1000000, probe_cleaned, a); /* memory may be there again */
}

static void drop(struct smbkit_op *op, struct ask *a,
                 void (*then)(struct smbkit_op *op, struct cow *c, struct ask *a))
{
    a->then = then;
    if (smbkit_then(op, probe_cleaned, a))
        smbkit_next(op)->cleanup(op, NULL, a->file, 0);
    else
        smbkit_sleep(op, 1000000, probe_cleaned, a);
}

static void reply_asked(struct smbkit_op *op, struct cow *c, struct ask *a)
{
    smbkit_status status = a->status;
    ask_free(a);
    smbkit_reply_status(op, status);
}

/* --- is there a file below? --- */

static void probed(struct smbkit_op *op, void *vol, void *ctx)
{
    struct ask *a = ctx;
    struct smbkit_result r;
    smbkit_result(op, &r);
    a->status = r.status;
    a->file = r.file;
    if (r.status == SMBKIT_STATUS_SUCCESS) {
        if (r.attr.attributes & SMBKIT_ATTR_DIRECTORY || !(a->flags & SMBKIT_RENAME_REPLACE))
            a->status = SMBKIT_STATUS_OBJECT_NAME_COLLISION;
        else if (r.attr.attributes & SMBKIT_ATTR_READONLY)
            a->status = SMBKIT_STATUS_ACCESS_DENIED;
        drop(op, a, a->then);
    } else {
        a->then(op, vol, a);
    }
}

/* Calls `then` with a->status: that of opening, or what stands in the way of making or replacing
   it. */
static void probe(struct smbkit_op *op, struct ask *a,
                  void (*then)(struct smbkit_op *op, struct cow *c, struct ask *a))
{
    const struct smbkit_open_args args = {
        .path = a->lower, .access = READ_ATTRIBUTES, .flags = SMBKIT_OPEN_REPARSE_POINT};
    a->then = then;
    if (smbkit_then(op, probed, a)) {
        smbkit_next(op)->open(op, NULL, &args);
    } else {
        ask_free(a);
        no_memory(op);
    }
}

/* --- open --- */

/* Answers with a handle of the node, with the lock held, which it gives back. `next` is what was
   opened below. */
static bool reply_open(struct smbkit_op *op, struct cow *c, struct cow_node *n, void *next)
{
    struct smbkit_attr attr;
    struct cow_file *f = smbkit_alloc(sizeof(*f));
    char *path = f != NULL ? cow_path(n) : NULL;
    if (path == NULL) {
        cow_settle(c, n);
        pthread_mutex_unlock(&c->lock);
        smbkit_free(f);
        return false;
    }
    f->next.next = next;
    f->node = n;
    n->opens++;
    cow_fill_attr(n, &attr);
    pthread_mutex_unlock(&c->lock);
    smbkit_reply_open(op, f, &attr, path);
    smbkit_free(path);
    return true;
}

/* The components of `path` behind those of `origin`, which it begins with. */
static const char *behind(const char *path, const char *origin)
{
    for (bool more = origin[0] != '\0'; more; origin++) {
        if (*origin != '/' && *origin != '\0')
            continue;
        path += strcspn(path, "/");
        path += *path == '/';
        more = *origin != '\0';
    }
    return path;
}

/* The node of what was opened below; NULL: it is not to be seen any more, or memory is out. */
static struct cow_node *node_of(struct cow *c, const struct smbkit_open_args *args,
                                const struct ask *a, const struct smbkit_result *r)
{
    struct cow_found f;
    smbkit_status status = cow_find(c, args->path, &f);
    struct cow_node *n = NULL;
    if (status == SMBKIT_STATUS_SUCCESS && f.lower != NULL && strcmp(f.lower, a->lower) == 0) {
        n = f.node;
        const char *rest = behind(r->path != NULL ? r->path : a->lower, f.parent->origin);
        struct cow_node *parent = n == NULL ? cow_make_parents(c, f.parent, &rest) : NULL;
        char *origin = parent != NULL ? cow_join(parent->origin, rest) : NULL;
        if (origin != NULL)
            n = cow_make_node(c, parent, rest, strlen(rest), origin);
        smbkit_free(origin);
    }
    smbkit_free(f.lower);
    return n;
}

static void opened(struct smbkit_op *op, void *vol, void *ctx)
{
    struct cow *c = vol;
    struct ask *a = ctx;
    struct smbkit_result r;
    smbkit_result(op, &r);
    if (r.status != SMBKIT_STATUS_SUCCESS) {
        ask_free(a);
        smbkit_reply_result(op);
        return;
    }
    pthread_mutex_lock(&c->lock);
    struct cow_node *n = node_of(c, a->args, a, &r);
    if (n != NULL && !n->own) {
        n->attr = r.attr;
        n->folder = (r.attr.attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    }
    if (n != NULL && reply_open(op, c, n, r.file)) {
        ask_free(a);
        return;
    }
    if (n == NULL)
        pthread_mutex_unlock(&c->lock);
    a->file = r.file;
    a->status = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    drop(op, a, reply_asked);
}

static void open_below(struct smbkit_op *op, char *lower, const struct smbkit_open_args *args)
{
    struct ask *a = ask_new(lower, args);
    struct smbkit_open_args below = *args;
    below.path = lower;
    below.access = args->access & READING;
    if (args->access & NEEDS_BYTES)
        below.access |= READ_DATA;
    if (a != NULL && smbkit_then(op, opened, a)) {
        smbkit_next(op)->open(op, NULL, &below);
        return;
    }
    if (a != NULL)
        ask_free(a);
    no_memory(op);
}

void cow_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    struct cow *c = vol;
    struct cow_found f;
    if (args->stream != NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
        return;
    }
    pthread_mutex_lock(&c->lock);
    smbkit_status status = cow_find(c, args->path, &f);
    if (status == SMBKIT_STATUS_SUCCESS && f.lower == NULL) {
        if (!reply_open(op, c, f.node, NULL))
            no_memory(op);
        return;
    }
    pthread_mutex_unlock(&c->lock);
    if (status == SMBKIT_STATUS_SUCCESS)
        open_below(op, f.lower, args);
    else
        smbkit_reply_status(op, status);
}

/* --- create --- */

#define ATTR_KEPT                                                                             \
    (SMBKIT_ATTR_READONLY | SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM | SMBKIT_ATTR_DIRECTORY | \
     SMBKIT_ATTR_ARCHIVE | SMBKIT_ATTR_TEMPORARY | SMBKIT_ATTR_OFFLINE | SMBKIT_ATTR_NOT_INDEXED)

static bool dress(struct cow *c, struct cow_node *n, const struct smbkit_create_args *args,
                  uint64_t now)
{
    n->own = true;
    n->folder = (args->attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    n->attr = (struct smbkit_attr){.file_id = ++c->next_id,
                                   .create_time = now,
                                   .access_time = now,
                                   .write_time = now,
                                   .change_time = now,
                                   .attributes = args->attributes & ATTR_KEPT};
    if (!n->folder && !cow_claim_data(n))
        return false;
    if (args->sd == NULL)
        return true;
    n->sd = smbkit_alloc(args->sd_len + 1);
    if (n->sd == NULL)
        return false;
    memcpy(n->sd, args->sd, args->sd_len);
    n->sd_len = args->sd_len;
    return true;
}

/* Makes it at `f`, where nothing is, with the lock held, which it gives back. */
static void make(struct smbkit_op *op, struct cow *c, struct cow_found *f,
                 const struct smbkit_create_args *args)
{
    uint64_t now = smbkit_op_time(op);
    const char *name = f->rest;
    struct cow_node *parent = cow_make_parents(c, f->parent, &name);
    struct cow_node *n = parent != NULL ? cow_make_node(c, parent, name, strlen(name), NULL) : NULL;
    bool good = n != NULL && dress(c, n, args, now);
    if (good)
        parent->dir_time = now;
    else if (n != NULL && !cow_unlink(c, n, now))
        good = false; /* it stays, as an empty file: memory is out */
    if (good ? !reply_open(op, c, n, NULL) : (pthread_mutex_unlock(&c->lock), true))
        no_memory(op);
}

static void create_probed(struct smbkit_op *op, struct cow *c, struct ask *a)
{
    const struct smbkit_create_args *args = a->args;
    struct cow_found f;
    if (a->status != SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND) {
        reply_asked(op, c, a);
        return;
    }
    pthread_mutex_lock(&c->lock);
    smbkit_status status = cow_find(c, args->path, &f);
    bool absent =
        status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND ||
        (status == SMBKIT_STATUS_SUCCESS && f.node == NULL && strcmp(f.lower, a->lower) == 0);
    if (absent)
        make(op, c, &f, args);
    else
        pthread_mutex_unlock(&c->lock);
    smbkit_free(f.lower);
    if (absent) {
        ask_free(a);
        return;
    }
    a->status = status == SMBKIT_STATUS_SUCCESS ? SMBKIT_STATUS_OBJECT_NAME_COLLISION : status;
    reply_asked(op, c, a);
}

void cow_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct cow *c = vol;
    struct cow_found f;
    if (args->stream != NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_SUPPORTED);
        return;
    }
    pthread_mutex_lock(&c->lock);
    smbkit_status status = cow_find(c, args->path, &f);
    if (status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND) {
        make(op, c, &f, args);
        return;
    }
    pthread_mutex_unlock(&c->lock);
    if (status == SMBKIT_STATUS_SUCCESS && f.node == NULL) {
        struct ask *a = ask_new(f.lower, args);
        if (a != NULL)
            probe(op, a, create_probed);
        else
            no_memory(op);
        return;
    }
    smbkit_free(f.lower);
    smbkit_reply_status(op, status == SMBKIT_STATUS_SUCCESS ? SMBKIT_STATUS_OBJECT_NAME_COLLISION
                                                            : status);
}

/* --- the security descriptor of a path --- */

static void sd_read(struct smbkit_op *op, void *vol, void *ctx)
{
    smbkit_free(ctx);
    smbkit_reply_result(op);
}

void cow_path_sd(struct smbkit_op *op, void *vol, const char *path)
{
    struct cow *c = vol;
    struct cow_found f;
    pthread_mutex_lock(&c->lock);
    smbkit_status status = cow_find(c, path, &f);
    void *sd = NULL;
    size_t len = f.node != NULL ? f.node->sd_len : 0;
    if (status == SMBKIT_STATUS_SUCCESS && len > 0 && (sd = smbkit_alloc(len)) != NULL)
        memcpy(sd, f.node->sd, len);
    pthread_mutex_unlock(&c->lock);
    if (status != SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_status(op, status);
    } else if (len > 0 || f.lower == NULL) {
        if (sd != NULL)
            smbkit_reply_data(op, sd, len);
        else
            smbkit_reply_status(op, len > 0 ? SMBKIT_STATUS_INSUFFICIENT_RESOURCES
                                            : SMBKIT_STATUS_NOT_FOUND);
    } else if (smbkit_then(op, sd_read, f.lower)) {
        smbkit_next(op)->path_sd(op, NULL, f.lower);
        return;
    } else {
        no_memory(op);
    }
    smbkit_free(sd);
    smbkit_free(f.lower);
}

/* --- cleanup, delete, close --- */

static void reply_ctx(struct smbkit_op *op, void *vol, void *ctx)
{
    smbkit_reply_status(op, (smbkit_status)(uintptr_t)ctx);
}

/* Ends a cleanup with this status; below it is one that changes nothing. */
static void cleanup_below(struct smbkit_op *op, struct cow *c, struct cow_file *f,
                          smbkit_status status)
{
    if (f->next.next != NULL && smbkit_then(op, reply_ctx, (void *)(uintptr_t)status))
        smbkit_next(op)->cleanup(op, NULL, f->next.next, 0);
    else
        smbkit_reply_status(op, status);
}

static void delete_scanned(struct smbkit_op *op, struct cow *c, struct cow_file *f,
                           smbkit_status status)
{
    pthread_mutex_lock(&c->lock);
    if (status == SMBKIT_STATUS_SUCCESS && f->node->parent != NULL &&
        !cow_unlink(c, f->node, smbkit_op_time(op)))
        status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    pthread_mutex_unlock(&c->lock);
    cleanup_below(op, c, f, status);
}

void cow_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    static const struct cow_scan scan = {delete_scanned};
    struct cow *c = vol;
    struct cow_file *f = file;
    if (flags == 0)
        cleanup_below(op, c, f, SMBKIT_STATUS_SUCCESS);
    else if (f->node->root)
        cleanup_below(op, c, f, SMBKIT_STATUS_CANNOT_DELETE);
    else if (f->node->folder)
        cow_scan(op, c, f, &scan);
    else
        delete_scanned(op, c, f, SMBKIT_STATUS_SUCCESS);
}

static void can_delete_scanned(struct smbkit_op *op, struct cow *c, struct cow_file *f,
                               smbkit_status status)
{
    smbkit_reply_status(op, status);
}

void cow_can_delete(struct smbkit_op *op, void *vol, void *file)
{
    static const struct cow_scan scan = {can_delete_scanned};
    struct cow *c = vol;
    struct cow_file *f = file;
    pthread_mutex_lock(&c->lock);
    bool never = f->node->root || (f->node->attr.attributes & SMBKIT_ATTR_READONLY);
    pthread_mutex_unlock(&c->lock);
    if (!never && f->node->folder)
        cow_scan(op, c, f, &scan);
    else
        smbkit_reply_status(op, never ? SMBKIT_STATUS_CANNOT_DELETE : SMBKIT_STATUS_SUCCESS);
}

void cow_close(struct smbkit_op *op, void *vol, void *file)
{
    struct cow *c = vol;
    struct cow_file *f = file;
    void *next = f->next.next;
    pthread_mutex_lock(&c->lock);
    f->node->opens--;
    cow_settle(c, f->node);
    pthread_mutex_unlock(&c->lock);
    smbkit_free(f);
    if (next != NULL)
        smbkit_next_close(op, next);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

/* --- rename --- */

static bool inside(const struct cow_node *n, const struct cow_node *folder)
{
    while (n != NULL && n != folder)
        n = n->parent;
    return n != NULL;
}

/* What stands in the way of the name that a node has. */
static smbkit_status in_the_way(const struct cow_node *taken, const struct cow_node *n,
                                uint32_t flags)
{
    if (taken == n)
        return SMBKIT_STATUS_SUCCESS;
    if (taken->root)
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (taken->folder || !(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    return taken->attr.attributes & SMBKIT_ATTR_READONLY ? SMBKIT_STATUS_ACCESS_DENIED
                                                         : SMBKIT_STATUS_SUCCESS;
}

/* Gives the node the name `to`, which `f` was found by, with the lock held. `below`: what has the
   name below is replaced. */
static smbkit_status move(struct cow *c, struct cow_node *n, const struct cow_found *f,
                          const char *to, bool below, uint64_t now)
{
    const char *slash = strrchr(to, '/'), *rest = f->rest;
    const char *name = slash != NULL ? slash + 1 : to;
    struct cow_node *parent = f->node != NULL ? f->node->parent : f->parent;
    if (n->folder && inside(parent, n))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (f->node == NULL)
        parent = cow_make_parents(c, parent, &rest);
    if (parent == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    parent->opens++; /* it stays while what is in the way goes */
    bool moved = (f->node == NULL || f->node == n || cow_unlink(c, f->node, now)) &&
                 cow_move(c, n, parent, name, below, now);
    parent->opens--;
    cow_settle(c, parent);
    return moved ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

/* Answers with the lock held, which it gives back. */
static void rename_done(struct smbkit_op *op, struct cow *c, const struct cow_node *n,
                        smbkit_status status)
{
    struct smbkit_attr attr;
    cow_fill_attr(n, &attr);
    pthread_mutex_unlock(&c->lock);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

static void rename_probed(struct smbkit_op *op, struct cow *c, struct ask *a)
{
    struct smbkit_call call;
    struct cow_found f;
    smbkit_call_of(op, &call);
    struct cow_node *n = ((struct cow_file *)call.file)->node;
    bool below = a->status == SMBKIT_STATUS_SUCCESS;
    if (!below && a->status != SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND) {
        reply_asked(op, c, a);
        return;
    }
    pthread_mutex_lock(&c->lock);
    smbkit_status status = cow_find(c, a->to, &f);
    if (n->parent == NULL)
        status = SMBKIT_STATUS_DELETE_PENDING;
    else if (status == SMBKIT_STATUS_SUCCESS && f.node != NULL)
        status = in_the_way(f.node, n, a->flags);
    else if (status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        status = SMBKIT_STATUS_SUCCESS;
    if (status == SMBKIT_STATUS_SUCCESS)
        status = move(c, n, &f, a->to, below, smbkit_op_time(op));
    smbkit_free(f.lower);
    ask_free(a);
    rename_done(op, c, n, status);
}

void cow_rename(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct cow *c = vol;
    struct cow_node *n = ((struct cow_file *)file)->node;
    struct cow_found f = {0};
    pthread_mutex_lock(&c->lock);
    smbkit_status status = n->root             ? SMBKIT_STATUS_ACCESS_DENIED
                           : n->parent == NULL ? SMBKIT_STATUS_DELETE_PENDING
                                               : cow_find(c, to, &f);
    if (status == SMBKIT_STATUS_SUCCESS && f.node == NULL) {
        struct ask *a = ask_new(f.lower, NULL);
        pthread_mutex_unlock(&c->lock);
        if (a == NULL) {
            no_memory(op);
            return;
        }
        a->to = to;
        a->flags = flags;
        probe(op, a, rename_probed);
        return;
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        status = in_the_way(f.node, n, flags);
    else if (status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        status = SMBKIT_STATUS_SUCCESS;
    if (status == SMBKIT_STATUS_SUCCESS)
        status = move(c, n, &f, to, false, smbkit_op_time(op));
    smbkit_free(f.lower);
    rename_done(op, c, n, status);
}
