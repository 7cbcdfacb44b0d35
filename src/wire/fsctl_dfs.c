// SPDX-License-Identifier: Apache-2.0
/* DFS referrals ([MS-DFSC] 2.2). Pure functions, any thread. */
#include "wire/fsctl_dfs.h"

#define HEADER_SIZE 8
#define SITE_NAME   0x0001u /* RequestFlags: a SiteName is there */

/* What comes before the strings in an entry; of version 1 its string follows at once. */
static const size_t entry_size[WIRE_DFS_VERSION_MAX + 1] = {0, 8, 22, 34, 34};

/* Text up to a NUL, which must be there. */
static bool take_terminated(struct cursor *c, struct arena *a, const char **text, size_t *len)
{
    size_t bytes = 0, left = cursor_left(c);

    while (bytes + 2 <= left && le16_load(c->base + c->pos + bytes) != 0)
        bytes += 2;
    if (!wire_text_take(c, a, bytes, text, len))
        return false;
    cursor_skip(c, 2);
    return !cursor_failed(c);
}

static void put_terminated(struct builder *b, const char *text, size_t len)
{
    wire_text_put(b, text, len);
    builder_u16(b, 0);
}

/* ---------------------------------------------------------------- the request */

/* A length of 16 bits and text, whose NUL counts when there is one ([MS-DFSC] 2.2.3.1 wants none,
   2.2.1 wants one). */
static bool take_counted(struct cursor *c, struct arena *a, const char **text, size_t *len)
{
    size_t bytes = cursor_u16(c);
    struct cursor sub = cursor_sub(c, c->pos, bytes);

    cursor_skip(c, bytes);
    if (bytes >= 2 && !cursor_failed(&sub) && le16_load(sub.base + bytes - 2) == 0)
        return take_terminated(&sub, a, text, len);
    return wire_text_take(&sub, a, bytes, text, len);
}

static void put_counted(struct builder *b, const char *text, size_t len)
{
    size_t bytes = wire_text_size(text, len);

    if (bytes > UINT16_MAX - 2) {
        b->failed = true;
        return;
    }
    builder_u16(b, (uint16_t)(bytes + 2));
    put_terminated(b, text, len);
}

void wire_dfs_req_encode(struct builder *b, const struct wire_dfs_req *in, bool ex)
{
    size_t length_at;

    builder_u16(b, in->max_level);
    if (!ex) {
        put_terminated(b, in->path, in->path_len);
        return;
    }
    builder_u16(b, in->has_site ? SITE_NAME : 0);
    length_at = b->len;
    builder_u32(b, 0);
    put_counted(b, in->path, in->path_len);
    if (in->has_site)
        put_counted(b, in->site, in->site_len);
    builder_patch_u32(b, length_at, (uint32_t)(b->len - length_at - 4));
}

static bool req_ex_decode(struct cursor *c, struct arena *a, struct wire_dfs_req *out)
{
    uint16_t flags = cursor_u16(c);
    uint32_t length = cursor_u32(c);
    struct cursor data = cursor_sub(c, c->pos, length);

    out->has_site = (flags & SITE_NAME) != 0;
    return take_counted(&data, a, &out->path, &out->path_len) &&
           (!out->has_site || take_counted(&data, a, &out->site, &out->site_len));
}

bool wire_dfs_req_decode(struct cursor *c, struct arena *a, struct wire_dfs_req *out, bool ex)
{
    *out = (struct wire_dfs_req){0};
    out->max_level = cursor_u16(c);
    if (ex)
        return req_ex_decode(c, a, out);
    return take_terminated(c, a, &out->path, &out->path_len);
}

/* ---------------------------------------------------------------- the response */

static size_t terminated_size(const char *text, size_t len)
{
    size_t bytes = wire_text_size(text, len);

    return bytes == SIZE_MAX ? SIZE_MAX : bytes + 2;
}

/* Version 1 says nothing of the path, and without entries nobody does. */
static size_t path_size(const struct wire_dfs_rsp *in)
{
    return in->version > 1 && in->count > 0 ? terminated_size(in->path, in->path_len) : 0;
}

size_t wire_dfs_rsp_size(const struct wire_dfs_rsp *in)
{
    size_t size = path_size(in);

    if (size == SIZE_MAX)
        return SIZE_MAX;
    size += HEADER_SIZE;
    for (size_t i = 0; i < in->count; i++) {
        size_t bytes = terminated_size(in->targets[i].path, in->targets[i].path_len);

        if (bytes == SIZE_MAX)
            return SIZE_MAX;
        size += entry_size[in->version] + bytes;
    }
    return size;
}

/* DFSPathOffset, DFSAlternatePathOffset, which is the same string, and NetworkAddressOffset, all
   counted from the entry. */
static void put_offsets(struct builder *b, size_t path_at, size_t target_at)
{
    builder_u16(b, (uint16_t)path_at);
    builder_u16(b, (uint16_t)path_at);
    builder_u16(b, (uint16_t)target_at);
}

/* Entries of version 2 to 4 have their strings behind the last of them, the path first. */
static void put_entries(struct builder *b, const struct wire_dfs_rsp *in)
{
    size_t size = entry_size[in->version];
    size_t target_at = size * in->count + path_size(in);

    for (size_t i = 0; i < in->count; i++) {
        size_t path_at = size * (in->count - i);

        builder_u16(b, in->version);
        builder_u16(b, (uint16_t)size);
        builder_u16(b, in->server_type);
        builder_u16(b, in->version == 4 && i == 0 ? DFS_TARGET_SET_BOUNDARY : 0);
        if (in->version == 2)
            builder_u32(b, 0); /* Proximity */
        builder_u32(b, in->ttl);
        put_offsets(b, path_at, target_at - size * i);
        if (in->version > 2)
            builder_zero(b, 16); /* ServiceSiteGuid */
        target_at += terminated_size(in->targets[i].path, in->targets[i].path_len);
    }
    if (in->count > 0)
        put_terminated(b, in->path, in->path_len);
    for (size_t i = 0; i < in->count; i++)
        put_terminated(b, in->targets[i].path, in->targets[i].path_len);
}

/* ([MS-DFSC] 2.2.5.1) */
static void put_entries_v1(struct builder *b, const struct wire_dfs_rsp *in)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct wire_dfs_target *t = &in->targets[i];

        builder_u16(b, 1);
        builder_u16(b, (uint16_t)(entry_size[1] + terminated_size(t->path, t->path_len)));
        builder_u16(b, in->server_type);
        builder_u16(b, 0);
        put_terminated(b, t->path, t->path_len);
    }
}

void wire_dfs_rsp_encode(struct builder *b, const struct wire_dfs_rsp *in)
{
    ASSERT(in->version >= 1 && in->version <= WIRE_DFS_VERSION_MAX);
    ASSERT(in->count <= WIRE_DFS_TARGETS_MAX);
    if (wire_dfs_rsp_size(in) > UINT16_MAX) {
        b->failed = true;
        return;
    }
    builder_u16(b, in->path_consumed);
    builder_u16(b, (uint16_t)in->count);
    builder_u32(b, in->flags);
    if (in->version == 1)
        put_entries_v1(b, in);
    else
        put_entries(b, in);
}

/* The string at an offset from the entry. */
static bool string_at(const struct cursor *entry, size_t offset, struct arena *a, const char **text,
                      size_t *len)
{
    struct cursor c = *entry;

    cursor_seek(&c, offset);
    return take_terminated(&c, a, text, len);
}

/* An entry of version 2 to 4 as far as it goes after its flags. */
static bool take_entry(struct cursor *entry, struct arena *a, struct wire_dfs_rsp *out,
                       struct wire_dfs_target *target)
{
    struct cursor fields = *entry;
    uint16_t path_at, target_at;

    cursor_skip(&fields, out->version == 2 ? 12 : 8);
    out->ttl = cursor_u32(&fields);
    path_at = cursor_u16(&fields);
    cursor_skip(&fields, 2);
    target_at = cursor_u16(&fields);
    return !cursor_failed(&fields) && string_at(entry, path_at, a, &out->path, &out->path_len) &&
           string_at(entry, target_at, a, &target->path, &target->path_len);
}

static bool take_target(struct cursor *c, struct arena *a, struct wire_dfs_rsp *out,
                        struct wire_dfs_target *target)
{
    struct cursor entry = cursor_sub(c, c->pos, cursor_left(c)), head = entry;
    uint16_t version = cursor_u16(&head), size = cursor_u16(&head);
    uint16_t flags;

    out->server_type = cursor_u16(&head);
    flags = cursor_u16(&head);
    if (version < 1 || version > WIRE_DFS_VERSION_MAX || size < entry_size[version] ||
        (out->version != 0 && version != out->version) || (flags & DFS_NAME_LIST_REFERRAL))
        return false;
    out->version = version;
    cursor_skip(c, size);
    if (version == 1)
        return string_at(&entry, entry_size[1], a, &target->path, &target->path_len);
    return take_entry(&entry, a, out, target);
}

bool wire_dfs_rsp_decode(struct cursor *c, struct arena *a, struct wire_dfs_rsp *out)
{
    struct wire_dfs_target *targets;

    *out = (struct wire_dfs_rsp){.path = ""};
    out->path_consumed = cursor_u16(c);
    out->count = cursor_u16(c);
    out->flags = cursor_u32(c);
    if (cursor_failed(c) || out->count > WIRE_DFS_TARGETS_MAX)
        return false;
    targets = arena_array(a, MAX(out->count, 1), sizeof(targets[0]));
    if (targets == NULL)
        return false;
    for (size_t i = 0; i < out->count; i++)
        if (!take_target(c, a, out, &targets[i]))
            return false;
    if (out->count == 0)
        out->version = WIRE_DFS_VERSION_MAX; /* of nothing */
    out->targets = targets;
    return !cursor_failed(c);
}
