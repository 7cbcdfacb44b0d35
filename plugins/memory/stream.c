// SPDX-License-Identifier: Apache-2.0
/* Named streams: see struct ram_stream. Files have few, so that a list will do. */
#include "ram.h"
#include <string.h>

/* Stops a client from making every lookup walk a long list. */
#define STREAMS_MAX 1024

static uint64_t stream_cost(size_t name_len)
{
    return sizeof(struct ram_stream) + name_len + 1 + RAM_INDEX_COST;
}

struct ram_stream *ram_stream_find(const struct ram_node *n, const char *name, size_t len)
{
    struct ram_stream *s = n->streams;
    while (s != NULL && smbkit_name_compare(s->name, s->name_len, name, len) != 0)
        s = s->next;
    return s;
}

static char *copy_name(const char *name, size_t len)
{
    char *copy = smbkit_alloc(len + 1);
    if (copy != NULL)
        memcpy(copy, name, len);
    return copy;
}

/* Where the list ends; NULL: it is full. Streams are listed in the order in which they were made.
 */
static struct ram_stream **list_end(struct ram_node *n)
{
    struct ram_stream **p = &n->streams;
    for (unsigned i = 0; i < STREAMS_MAX; i++, p = &(*p)->next)
        if (*p == NULL)
            return p;
    return NULL;
}

smbkit_status ram_stream_make(struct ram_volume *v, struct ram_node *n, const char *name,
                              uint64_t alloc, struct ram_stream **made)
{
    size_t len = strlen(name);
    struct ram_stream **end = list_end(n);
    if (end == NULL || !ram_space_take(&v->space, stream_cost(len)))
        return SMBKIT_STATUS_DISK_FULL;
    smbkit_status status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    struct ram_stream *s = smbkit_alloc(sizeof(*s));
    if (s != NULL) {
        s->name = copy_name(name, len);
        s->name_len = len;
        s->data.payer = n->payer;
        if (s->name != NULL)
            status = ram_data_reserve(&v->space, &s->data, alloc);
    }
    if (status != SMBKIT_STATUS_SUCCESS) {
        if (s != NULL)
            smbkit_free(s->name);
        smbkit_free(s);
        ram_space_give(&v->space, stream_cost(len));
        return status;
    }
    *end = s;
    *made = s;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_stream_settle(struct ram_volume *v, struct ram_stream *s)
{
    if (!s->gone || s->handles > 0)
        return;
    ram_data_free(&v->space, &s->data);
    ram_space_give(&v->space, stream_cost(s->name_len));
    smbkit_free(s->name);
    smbkit_free(s);
}

void ram_stream_remove(struct ram_volume *v, struct ram_node *n, struct ram_stream *s)
{
    struct ram_stream **p = &n->streams;
    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    s->gone = true;
    if (s->handles > 0) { /* what the file pays for are its names; its payer may go before this */
        ram_quota_give(s->data.payer, ram_data_alloc(&s->data));
        s->data.payer = NULL;
    }
    ram_stream_settle(v, s);
}

void ram_streams_remove(struct ram_volume *v, struct ram_node *n)
{
    while (n->streams != NULL)
        ram_stream_remove(v, n, n->streams);
}

void ram_list_streams(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    if (!ram_is_dir(h->node))
        smbkit_stream_add(op, "", h->node->data.size, ram_data_alloc(&h->node->data));
    for (const struct ram_stream *s = h->node->streams; s != NULL; s = s->next)
        if (!smbkit_stream_add(op, s->name, s->data.size, ram_data_alloc(&s->data)))
            break;
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

/* The stream's data become the file's own; a stream without data takes its place, as a handle may
   still need it. */
static smbkit_status become_unnamed(struct ram_volume *v, struct ram_handle *h, uint32_t flags)
{
    struct ram_node *n = h->node;
    if (ram_is_dir(n))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (h->stream->handles > 1)
        return SMBKIT_STATUS_SHARING_VIOLATION;
    ram_data_free(&v->space, &n->data);
    n->data = h->stream->data;
    h->stream->data = (struct ram_data){0};
    h->stream->handles--;
    ram_stream_remove(v, n, h->stream);
    h->stream = NULL;
    return SMBKIT_STATUS_SUCCESS;
}

/* The file's own data become a stream; it goes on with none. */
static smbkit_status name_unnamed(struct ram_volume *v, struct ram_handle *h, const char *to,
                                  uint32_t flags)
{
    struct ram_node *n = h->node;
    if (ram_is_dir(n))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (to[0] == '\0')
        return SMBKIT_STATUS_SUCCESS;
    struct ram_stream *taken = ram_stream_find(n, to, strlen(to)), *made;
    if (taken != NULL && !(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    smbkit_status status = ram_stream_make(v, n, to, 0, &made);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (taken != NULL)
        ram_stream_remove(v, n, taken);
    made->data = n->data;
    n->data = (struct ram_data){.payer = n->payer};
    made->handles++;
    h->stream = made;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status rename_to(struct ram_volume *v, struct ram_handle *h, const char *to,
                               uint32_t flags)
{
    struct ram_stream *s = h->stream;
    size_t len = strlen(to);
    if (len == 0)
        return become_unnamed(v, h, flags);
    struct ram_stream *taken = ram_stream_find(h->node, to, len);
    if (taken != NULL && taken != s && !(flags & SMBKIT_RENAME_REPLACE))
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (!ram_space_take(&v->space, stream_cost(len)))
        return SMBKIT_STATUS_DISK_FULL;
    char *name = copy_name(to, len);
    if (name == NULL) {
        ram_space_give(&v->space, stream_cost(len));
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    if (taken != NULL && taken != s)
        ram_stream_remove(v, h->node, taken);
    ram_space_give(&v->space, stream_cost(s->name_len));
    smbkit_free(s->name);
    s->name = name;
    s->name_len = len;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_rename_stream(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    smbkit_status status = SMBKIT_STATUS_DELETE_PENDING;
    pthread_mutex_lock(&v->lock);
    if (h->stream == NULL)
        status = name_unnamed(v, h, to, flags);
    else if (!h->stream->gone)
        status = rename_to(v, h, to, flags);
    if (status == SMBKIT_STATUS_SUCCESS)
        h->node->change_time = smbkit_op_time(op);
    ram_finish(op, v, h, status);
}
