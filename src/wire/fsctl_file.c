// SPDX-License-Identifier: Apache-2.0
/* Control codes of file systems ([MS-FSCC] 2.3). Pure functions, any thread. */
#include "wire/fsctl_file.h"

#include "wire/info_record.h"

/* ([MS-FSCC] 2.3.85) */
WIRE_RECORD(zero_data, U64(zero_data, file_offset), U64(zero_data, beyond_final_zero));

/* ([MS-FSCC] 2.3.51) */
WIRE_RECORD(range, U64(range, file_offset), U64(range, length));

/* ([MS-FSCC] 2.3.14) */
WIRE_RECORD(trim_rsp, U32(trim_rsp, ranges_processed));

/* ([MS-FSCC] 2.3.18) */
WIRE_RECORD(compression_state, U16(compression_state, state));

/* ([MS-FSCC] 2.3.20) */
WIRE_RECORD(get_integrity, U16(get_integrity, checksum_algorithm), PAD(2),
            U32(get_integrity, flags), U32(get_integrity, checksum_chunk_size),
            U32(get_integrity, cluster_size));

/* ([MS-FSCC] 2.3.73) */
WIRE_RECORD(set_integrity, U16(set_integrity, checksum_algorithm), PAD(2),
            U32(set_integrity, flags));

/* ([MS-FSCC] 2.1.3.1) */
WIRE_RECORD(object_id, BYTES(object_id, object_id, 16), BYTES(object_id, birth_volume_id, 16),
            BYTES(object_id, birth_object_id, 16), BYTES(object_id, domain_id, 16));

/* ([MS-FSCC] 2.3.83) */
void wire_set_sparse_encode(struct builder *b, const struct wire_set_sparse *in)
{
    builder_u8(b, in->set_sparse);
}

bool wire_set_sparse_decode(struct cursor *c, struct wire_set_sparse *out)
{
    out->set_sparse = true;
    if (cursor_left(c) != 0)
        out->set_sparse = cursor_u8(c) != 0;
    return !cursor_failed(c);
}

/* `count` elements that are there, or NULL. */
static struct wire_range *ranges_take(struct cursor *c, struct arena *a, uint32_t count)
{
    struct wire_range *ranges;
    uint32_t i;

    if (count > WIRE_RANGES_MAX || count > cursor_left(c) / WIRE_RANGE_SIZE)
        return NULL;
    ranges = arena_array(a, count, sizeof(ranges[0]));
    for (i = 0; ranges != NULL && i < count; i++)
        if (!wire_range_decode(c, &ranges[i]))
            return NULL;
    return ranges;
}

/* ([MS-FSCC] 2.3.52) */
bool wire_ranges_decode(struct cursor *c, struct arena *a, struct wire_range **out, uint32_t *count)
{
    size_t left = cursor_left(c);

    *out = NULL;
    *count = 0;
    if (cursor_failed(c) || left % WIRE_RANGE_SIZE != 0 || left / WIRE_RANGE_SIZE > WIRE_RANGES_MAX)
        return false;
    *count = (uint32_t)(left / WIRE_RANGE_SIZE);
    *out = ranges_take(c, a, *count);
    return *out != NULL;
}

/* StructureSize of the Ex form: 48, though its fields take 56 bytes ([MS-FSCC] 2.3.9.2). */
#define DUPLICATE_EX_SIZE 0x30

void wire_duplicate_extents_encode(struct builder *b, const struct wire_duplicate_extents *in,
                                   bool ex)
{
    if (ex)
        builder_u64(b, DUPLICATE_EX_SIZE);
    builder_u64(b, in->source_persistent);
    builder_u64(b, in->source_volatile);
    builder_u64(b, in->source_offset);
    builder_u64(b, in->target_offset);
    builder_u64(b, in->byte_count);
    if (ex) {
        builder_u32(b, in->flags);
        builder_u32(b, 0);
    }
}

bool wire_duplicate_extents_decode(struct cursor *c, struct wire_duplicate_extents *out, bool ex)
{
    *out = (struct wire_duplicate_extents){0};
    if (ex && cursor_u64(c) != DUPLICATE_EX_SIZE)
        cursor_fail(c);
    out->source_persistent = cursor_u64(c);
    out->source_volatile = cursor_u64(c);
    out->source_offset = cursor_u64(c);
    out->target_offset = cursor_u64(c);
    out->byte_count = cursor_u64(c);
    if (ex) {
        out->flags = cursor_u32(c);
        cursor_skip(c, 4);
    }
    return !cursor_failed(c);
}

/* ([MS-FSCC] 2.3.13) */
void wire_trim_req_encode(struct builder *b, const struct wire_trim_req *in)
{
    uint32_t i;

    builder_u32(b, in->key);
    builder_u32(b, in->range_count);
    for (i = 0; i < in->range_count; i++)
        wire_range_encode(b, &in->ranges[i]);
}

bool wire_trim_req_decode(struct cursor *c, struct arena *a, struct wire_trim_req *out)
{
    out->key = cursor_u32(c);
    out->range_count = cursor_u32(c);
    out->ranges = ranges_take(c, a, out->range_count);
    return out->ranges != NULL && !cursor_failed(c);
}

#define REGION_SIZE 24

static void region_encode(struct builder *b, const struct wire_region *in)
{
    builder_u64(b, in->file_offset);
    builder_u64(b, in->length);
    builder_u32(b, in->usage);
    builder_u32(b, 0);
}

static void region_decode(struct cursor *c, struct wire_region *out)
{
    out->file_offset = cursor_u64(c);
    out->length = cursor_u64(c);
    out->usage = cursor_u32(c);
    cursor_skip(c, 4);
}

/* ([MS-FSCC] 2.3.55) */
void wire_regions_req_encode(struct builder *b, const struct wire_regions_req *in)
{
    if (!in->whole)
        region_encode(b, &in->region);
}

bool wire_regions_req_decode(struct cursor *c, struct wire_regions_req *out)
{
    *out = (struct wire_regions_req){0};
    out->whole = cursor_left(c) == 0;
    if (!out->whole)
        region_decode(c, &out->region);
    return !cursor_failed(c);
}

/* ([MS-FSCC] 2.3.56) */
void wire_regions_rsp_encode(struct builder *b, const struct wire_regions_rsp *in)
{
    uint32_t i;

    builder_u32(b, in->flags);
    builder_u32(b, in->total);
    builder_u32(b, in->count);
    builder_u32(b, 0);
    for (i = 0; i < in->count; i++)
        region_encode(b, &in->regions[i]);
}

bool wire_regions_rsp_decode(struct cursor *c, struct arena *a, struct wire_regions_rsp *out)
{
    uint32_t i;

    *out = (struct wire_regions_rsp){0};
    out->flags = cursor_u32(c);
    out->total = cursor_u32(c);
    out->count = cursor_u32(c);
    cursor_skip(c, 4);
    if (cursor_failed(c) || out->count > WIRE_RANGES_MAX ||
        out->count > cursor_left(c) / REGION_SIZE)
        return false;
    out->regions = arena_array(a, out->count, sizeof(out->regions[0]));
    if (out->regions == NULL)
        return false;
    for (i = 0; i < out->count; i++)
        region_decode(c, &out->regions[i]);
    return !cursor_failed(c);
}
