// SPDX-License-Identifier: Apache-2.0
/*
 * Directory entries of every class from one table. In all of them the parts that a class has stand
 * in the same order: times, sizes and attributes; FileNameLength; EaSize; ReparsePointTag or 4
 * reserved bytes; 64-bit FileId; 128-bit FileId; short name; FileName. The one exception is
 * FileIdBothDirectoryInformation, whose FileId stands behind the short name (LATE_ID).
 */
#include "wire/info_dir.h"

enum part {
    STAT = 1 << 0,     /* four times, EndOfFile, AllocationSize, FileAttributes: 52 bytes */
    EA = 1 << 1,       /* EaSize */
    TAG = 1 << 2,      /* ReparsePointTag */
    RESERVED = 1 << 3, /* 4 bytes */
    ID64 = 1 << 4,
    ID128 = 1 << 5,
    SHORT = 1 << 6,   /* length, a reserved byte, 24 bytes */
    LATE_ID = 1 << 7, /* 2 reserved bytes, 64-bit FileId */
};

struct layout {
    uint8_t num;
    uint8_t fixed; /* bytes before FileName */
    uint8_t parts;
};

/* ([MS-FSCC] 2.4; FileIdExtdBothDirectoryInformation follows the pattern of its neighbours) */
static const struct layout layouts[] = {
    {FileDirectoryInformation, 64, STAT},
    {FileFullDirectoryInformation, 68, STAT | EA},
    {FileBothDirectoryInformation, 94, STAT | EA | SHORT},
    {FileNamesInformation, 12, 0},
    {FileIdBothDirectoryInformation, 104, STAT | EA | SHORT | LATE_ID},
    {FileIdFullDirectoryInformation, 80, STAT | EA | RESERVED | ID64},
    {FileIdExtdDirectoryInformation, 88, STAT | EA | TAG | ID128},
    {FileIdExtdBothDirectoryInformation, 114, STAT | EA | TAG | ID128 | SHORT},
    {FileId64ExtdDirectoryInformation, 80, STAT | EA | TAG | ID64},
    {FileId64ExtdBothDirectoryInformation, 106, STAT | EA | TAG | ID64 | SHORT},
    {FileIdAllExtdDirectoryInformation, 96, STAT | EA | TAG | ID64 | ID128},
    {FileIdAllExtdBothDirectoryInformation, 122, STAT | EA | TAG | ID64 | ID128 | SHORT},
};

#define SHORT_NAME_BYTES (2 * WIRE_SHORT_NAME_MAX)

static const struct layout *layout_find(uint8_t num)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(layouts); i++)
        if (layouts[i].num == num)
            return &layouts[i];
    return NULL;
}

bool wire_dir_class_known(uint8_t num)
{
    return layout_find(num) != NULL;
}

size_t wire_dir_fixed_size(uint8_t num)
{
    const struct layout *l = layout_find(num);

    ASSERT(l != NULL);
    return l->fixed;
}

/* Classes without a field for the tag carry it in EaSize ([MS-FSCC] 2.4.8). */
static bool tag_in_ea_size(const struct layout *l, uint32_t attributes)
{
    return (l->parts & TAG) == 0 && (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
}

static void stat_encode(struct builder *e, const struct wire_dir_entry *in)
{
    builder_u64(e, in->creation_time);
    builder_u64(e, in->last_access_time);
    builder_u64(e, in->last_write_time);
    builder_u64(e, in->change_time);
    builder_u64(e, in->end_of_file);
    builder_u64(e, in->allocation_size);
    builder_u32(e, in->attributes);
}

static void short_name_encode(struct builder *e, const struct wire_dir_entry *in, size_t bytes)
{
    builder_u8(e, (uint8_t)bytes);
    builder_u8(e, 0);
    wire_text_put(e, in->short_name, in->short_name_len);
    builder_zero(e, SHORT_NAME_BYTES - bytes);
}

enum wire_fit wire_dir_add(struct wire_chain *w, uint8_t num, const struct wire_dir_entry *in)
{
    const struct layout *l = layout_find(num);
    size_t bytes = wire_text_size(in->name, in->name_len);
    size_t short_bytes = wire_text_size(in->short_name, in->short_name_len);
    struct builder e;
    enum wire_fit fit;

    ASSERT(l != NULL);
    if (bytes > UINT32_MAX / 2 || short_bytes > SHORT_NAME_BYTES)
        return WIRE_FIT_BAD_TEXT;
    fit = wire_chain_add(w, l->fixed + bytes, &e);
    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u32(&e, in->file_index);
    if (l->parts & STAT)
        stat_encode(&e, in);
    builder_u32(&e, (uint32_t)bytes);
    if (l->parts & EA)
        builder_u32(&e, tag_in_ea_size(l, in->attributes) ? in->reparse_tag : in->ea_size);
    if (l->parts & TAG)
        builder_u32(&e, in->reparse_tag);
    if (l->parts & RESERVED)
        builder_u32(&e, 0);
    if (l->parts & ID64)
        builder_u64(&e, in->file_id);
    if (l->parts & ID128)
        builder_bytes(&e, in->file_id128, sizeof(in->file_id128));
    if (l->parts & SHORT)
        short_name_encode(&e, in, short_bytes);
    if (l->parts & LATE_ID) {
        builder_u16(&e, 0);
        builder_u64(&e, in->file_id);
    }
    wire_text_put(&e, in->name, in->name_len);
    ASSERT(!builder_failed(&e) && e.len == l->fixed + bytes);
    return WIRE_FIT_OK;
}

static void stat_decode(struct cursor *e, struct wire_dir_entry *out)
{
    out->creation_time = cursor_u64(e);
    out->last_access_time = cursor_u64(e);
    out->last_write_time = cursor_u64(e);
    out->change_time = cursor_u64(e);
    out->end_of_file = cursor_u64(e);
    out->allocation_size = cursor_u64(e);
    out->attributes = cursor_u32(e);
}

static bool short_name_decode(struct cursor *e, struct arena *a, struct wire_dir_entry *out)
{
    uint8_t bytes = cursor_u8(e);
    struct cursor raw;

    cursor_skip(e, 1);
    raw = cursor_sub(e, e->pos, SHORT_NAME_BYTES);
    cursor_skip(e, SHORT_NAME_BYTES);
    return wire_text_take(&raw, a, bytes, &out->short_name, &out->short_name_len);
}

static bool entry_decode(struct cursor *e, struct arena *a, const struct layout *l,
                         struct wire_dir_entry *out)
{
    uint32_t bytes;

    out->file_index = cursor_u32(e);
    if (l->parts & STAT)
        stat_decode(e, out);
    bytes = cursor_u32(e);
    if (l->parts & EA)
        out->ea_size = cursor_u32(e);
    if (l->parts & TAG)
        out->reparse_tag = cursor_u32(e);
    if (tag_in_ea_size(l, out->attributes)) {
        out->reparse_tag = out->ea_size;
        out->ea_size = 0;
    }
    if (l->parts & RESERVED)
        cursor_skip(e, 4);
    if (l->parts & ID64)
        out->file_id = cursor_u64(e);
    if (l->parts & ID128)
        cursor_bytes(e, out->file_id128, sizeof(out->file_id128));
    if ((l->parts & SHORT) && !short_name_decode(e, a, out))
        return false;
    if (l->parts & LATE_ID) {
        cursor_skip(e, 2);
        out->file_id = cursor_u64(e);
    }
    return wire_text_take(e, a, bytes, &out->name, &out->name_len);
}

bool wire_dir_next(struct wire_chain_reader *r, struct arena *a, uint8_t num,
                   struct wire_dir_entry *out)
{
    const struct layout *l = layout_find(num);
    struct cursor e;

    ASSERT(l != NULL);
    *out = (struct wire_dir_entry){0};
    if (!wire_chain_next(r, &e))
        return false;
    if (!entry_decode(&e, a, l, out))
        r->failed = true;
    return !r->failed;
}
