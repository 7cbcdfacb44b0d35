// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE: a path that meets a reparse point ([MS-SMB2] 3.3.5.9, 2.2.2.2.1). Symbolic links are
 * followed by the client, which is told where the link leads and how much of the path is left.
 * Nobody here follows mount points or other tags.
 */
#include "core/cmd/create.h"
#include "wire/fsctl_reparse.h"
#include "wire/info.h"
#include <string.h>

/* Bytes on the wire of what stands behind the link, its separator and the stream included. */
static bool unparsed_length(const struct vfs_path *path, size_t at, uint16_t *len)
{
    size_t bytes = wire_text_size(path->path + at, path->path_len - at);
    size_t stream = path->stream != NULL ? wire_text_size(path->stream, strlen(path->stream)) : 0;
    if (bytes > UINT16_MAX || stream > UINT16_MAX)
        return false;
    bytes += path->stream != NULL ? stream + 2 : 0;
    *len = (uint16_t)bytes;
    return bytes <= UINT16_MAX;
}

/* A name of the link as the wire has it. */
static bool wire_name(struct core_request *r, const char *text, size_t len, struct wire_blob *out)
{
    struct builder b;
    size_t bytes = wire_text_size(text, len);
    uint8_t *mem = bytes != SIZE_MAX ? arena_alloc(request_arena(r), bytes + 1) : NULL;
    if (mem == NULL)
        return false;
    builder_init_fixed(&b, mem, bytes);
    wire_text_put(&b, text, len);
    *out = (struct wire_blob){mem, bytes};
    return !builder_failed(&b);
}

#define SYMLINK_ERROR_MAX (WIRE_REPARSE_MAX + 64)

static bool symlink_error(struct core_request *r, const struct wire_symlink *link, size_t at)
{
    struct wire_symlink_error err = {.flags = link->flags};
    struct builder b;
    uint8_t *mem = arena_alloc(request_arena(r), SYMLINK_ERROR_MAX);
    if (mem == NULL || !unparsed_length(&create_state(r)->path, at, &err.unparsed_path_length) ||
        !wire_name(r, link->substitute, link->substitute_len, &err.substitute_name) ||
        !wire_name(r, link->print, link->print_len, &err.print_name))
        return false;
    builder_init_fixed(&b, mem, SYMLINK_ERROR_MAX);
    if (!wire_symlink_error_encode(&b, &err))
        return false;
    r->error_data = mem;
    r->error_len = b.len;
    return true;
}

enum core_verdict create_stopped(struct core_request *r)
{
    struct wire_reparse reparse;
    struct wire_symlink link;
    struct cursor c;
    cursor_init(&c, r->op.blob, r->op.blob_len);
    if (!wire_reparse_decode(&c, &reparse) || reparse.tag != IO_REPARSE_TAG_SYMLINK ||
        !wire_symlink_decode(&reparse, request_arena(r), &link))
        return request_done(r, SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    if (!symlink_error(r, &link, r->op.reparse_at))
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_done(r, SMBKIT_STATUS_STOPPED_ON_SYMLINK);
}
