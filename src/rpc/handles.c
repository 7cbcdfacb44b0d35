// SPDX-License-Identifier: Apache-2.0
/* Context handles: see handles.h. On the wire a handle is a number that is never given twice. */
#include "rpc/handles.h"
#include "base/list.h"
#include "base/mem.h"
#include <string.h>

struct entry {
    struct list link;
    uint64_t number;
    struct rpc_handle handle;
    size_t size; /* of all of it */
    char name[];
};

struct rpc_handles {
    struct list entries;
    uint64_t next;
    unsigned count;
    size_t size; /* of the entries */
};

struct rpc_handles *rpc_handles_new(void)
{
    struct rpc_handles *h = mem_zalloc(sizeof *h);
    if (h == NULL)
        return NULL;
    list_init(&h->entries);
    h->next = 1;
    return h;
}

static void drop(struct rpc_handles *h, struct entry *e)
{
    list_remove(&e->link);
    h->count--;
    h->size -= e->size;
    mem_free(e);
}

void rpc_handles_free(struct rpc_handles *h)
{
    if (h == NULL)
        return;
    while (!list_empty(&h->entries))
        drop(h, LIST_ENTRY(h->entries.next, struct entry, link));
    mem_free(h);
}

size_t rpc_handles_size(const struct rpc_handles *h)
{
    return h->size;
}

static smbkit_status open_entry(struct rpc_call *call, const struct rpc_handle *handle,
                                uint8_t out[RPC_HANDLE_SIZE])
{
    struct rpc_handles *h = call->handles;
    size_t room = handle->name != NULL ? strlen(handle->name) + 1 : 0;
    struct entry *e = h->count < RPC_HANDLES_MAX ? mem_zalloc(sizeof *e + room) : NULL;
    if (e == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    e->number = h->next++;
    e->handle = *handle;
    e->size = sizeof *e + room;
    if (room > 0)
        e->handle.name = memcpy(e->name, handle->name, room);
    list_append(&h->entries, &e->link);
    h->count++;
    h->size += e->size;
    memset(out, 0, RPC_HANDLE_SIZE);
    le64_store(out + 8, e->number);
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status rpc_handle_open(struct rpc_call *call, enum rpc_handle_kind kind,
                              const struct wire_sid *sid, uint8_t out[RPC_HANDLE_SIZE])
{
    struct rpc_handle h = {.kind = kind};
    if (sid != NULL)
        h.sid = *sid;
    return open_entry(call, &h, out);
}

smbkit_status rpc_handle_open_named(struct rpc_call *call, enum rpc_handle_kind kind,
                                    const char *name, uint8_t out[RPC_HANDLE_SIZE])
{
    return open_entry(call, &(struct rpc_handle){.kind = kind, .name = name}, out);
}

static struct entry *find(const struct rpc_call *call, const uint8_t wire[RPC_HANDLE_SIZE])
{
    uint64_t number = le64_load(wire + 8);
    LIST_FOREACH (it, &call->handles->entries) {
        struct entry *e = LIST_ENTRY(it, struct entry, link);
        if (e->number == number)
            return e;
    }
    return NULL;
}

const struct rpc_handle *rpc_handle_find(const struct rpc_call *call, enum rpc_handle_kind kind,
                                         const uint8_t wire[RPC_HANDLE_SIZE])
{
    const struct entry *e = find(call, wire);
    return e != NULL && e->handle.kind == kind ? &e->handle : NULL;
}

bool rpc_handle_close(struct rpc_call *call, const uint8_t wire[RPC_HANDLE_SIZE])
{
    struct entry *e = find(call, wire);
    if (e != NULL)
        drop(call->handles, e);
    return e != NULL;
}

struct close_in {
    uint8_t handle[RPC_HANDLE_SIZE];
};
NDR_RECORD(close_in, close_in, NDR_F(NDR_HANDLE, close_in, handle));

struct close_out {
    uint8_t handle[RPC_HANDLE_SIZE];
    uint32_t status;
};
NDR_RECORD(close_out, close_out, NDR_F(NDR_HANDLE, close_out, handle),
           NDR_F(NDR_U32, close_out, status));

static uint32_t close_handle(struct rpc_call *call, const void *in, void *out)
{
    const struct close_in *q = in;
    (void)out; /* zeros, SUCCESS */
    return rpc_handle_close(call, q->handle) ? 0 : NCA_S_FAULT_CONTEXT_MISMATCH;
}

const struct rpc_operation rpc_close_handle = {"Close", &close_in, &close_out, close_handle};
