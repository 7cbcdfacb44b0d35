// SPDX-License-Identifier: Apache-2.0
/* Steps that name their successor, and looking at a path. */
#include "core/cmd/flow.h"
#include "core/open.h"
#include <string.h>

enum core_verdict flow_run(struct core_request *r)
{
    return flow_of(r)->next(r);
}

/* ---------------------------------------------------------------- looking at a path */

static enum core_verdict look_closed(struct core_request *r)
{
    return flow_goto(r, flow_of(r)->probe.then);
}

static enum core_verdict look_cleaned(struct core_request *r)
{
    struct flow_probe *p = &flow_of(r)->probe;
    return flow_await(r, vfs_close(&r->op, r->open->volume, p->file), look_closed);
}

static enum core_verdict look_opened(struct core_request *r)
{
    struct flow_probe *p = &flow_of(r)->probe;
    p->status = r->op.status;
    if (p->status != SMBKIT_STATUS_SUCCESS)
        return flow_goto(r, p->then);
    p->attr = r->op.attr;
    p->file = r->op.opened;
    p->true_path = p->path;
    if (r->op.true_path != NULL) {
        p->true_path = arena_strndup(request_arena(r), r->op.true_path, strlen(r->op.true_path));
        if (p->true_path == NULL)
            p->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    return flow_await(r, vfs_cleanup(&r->op, r->open->volume, p->file, 0), look_cleaned);
}

enum core_verdict flow_look(struct core_request *r, const char *path, flow_step *then)
{
    struct flow_probe *p = &flow_of(r)->probe;
    struct smbkit_open_args args = {
        .path = path,
        .access = FILE_READ_ATTRIBUTES,
        .flags = SMBKIT_OPEN_REPARSE_POINT,
    };
    *p = (struct flow_probe){.path = path, .then = then};
    return flow_await(r, vfs_open(&r->op, r->open->volume, &args), look_opened);
}

/* ---------------------------------------------------------------- paths */

char *flow_join(struct arena *a, const char *dir, const char *name, size_t name_len)
{
    size_t dir_len = strlen(dir);
    char *out = arena_alloc(a, dir_len + name_len + 2);
    if (out == NULL)
        return NULL;
    memcpy(out, dir, dir_len);
    if (dir_len > 0)
        out[dir_len++] = '/';
    memcpy(out + dir_len, name, name_len);
    return out; /* the arena's memory is zeroed */
}
