// SPDX-License-Identifier: Apache-2.0
/* Codecs of the volume information classes ([MS-FSCC] 2.5). Pure functions, any thread. */
#include "wire/info_fs.h"

#include "wire/info_record.h"

/* ([MS-FSCC] 2.5.8) */
WIRE_RECORD(info_fs_size, U64(info_fs_size, total_units), U64(info_fs_size, available_units),
            U32(info_fs_size, sectors_per_unit), U32(info_fs_size, bytes_per_sector));

/* ([MS-FSCC] 2.5.10) */
WIRE_RECORD(info_fs_device, U32(info_fs_device, device_type), U32(info_fs_device, characteristics));

/* ([MS-FSCC] 2.5.2) */
WIRE_RECORD(info_fs_control, U64(info_fs_control, free_space_start_filtering),
            U64(info_fs_control, free_space_threshold),
            U64(info_fs_control, free_space_stop_filtering),
            U64(info_fs_control, default_quota_threshold),
            U64(info_fs_control, default_quota_limit), U32(info_fs_control, flags), PAD(4));

/* ([MS-FSCC] 2.5.4) */
WIRE_RECORD(info_fs_full_size, U64(info_fs_full_size, total_units),
            U64(info_fs_full_size, caller_available_units),
            U64(info_fs_full_size, actual_available_units),
            U32(info_fs_full_size, sectors_per_unit), U32(info_fs_full_size, bytes_per_sector));

/* ([MS-FSCC] 2.5.6) */
WIRE_RECORD(info_fs_object_id, BYTES(info_fs_object_id, object_id, 16),
            BYTES(info_fs_object_id, extended_info, 48));

/* ([MS-FSCC] 2.5.7) */
WIRE_RECORD(info_fs_sector_size, U32(info_fs_sector_size, logical_bytes_per_sector),
            U32(info_fs_sector_size, physical_bytes_per_sector_for_atomicity),
            U32(info_fs_sector_size, physical_bytes_per_sector_for_performance),
            U32(info_fs_sector_size, effective_physical_bytes_per_sector_for_atomicity),
            U32(info_fs_sector_size, flags),
            U32(info_fs_sector_size, byte_offset_for_sector_alignment),
            U32(info_fs_sector_size, byte_offset_for_partition_alignment));

/* ([MS-FSCC] 2.5.1) */
void wire_info_fs_attribute_encode(struct builder *b, const struct wire_info_fs_attribute *in)
{
    size_t start = b->len;

    builder_u32(b, in->attributes);
    builder_u32(b, in->maximum_component_name_length);
    builder_u32(b, 0);
    builder_patch_u32(b, start + 8, (uint32_t)wire_text_put(b, in->name, in->name_len));
}

bool wire_info_fs_attribute_decode(struct cursor *c, struct arena *a,
                                   struct wire_info_fs_attribute *out)
{
    uint32_t bytes;

    out->attributes = cursor_u32(c);
    out->maximum_component_name_length = cursor_u32(c);
    bytes = cursor_u32(c);
    return wire_text_take(c, a, bytes, &out->name, &out->name_len);
}

/* A label as text. Its length may count a trailing NUL ([MS-FSCC] 2.5.5, 2.5.9). */
static bool label_take(struct cursor *c, struct arena *a, uint32_t bytes, const char **label,
                       size_t *len)
{
    struct cursor raw = cursor_sub(c, c->pos, bytes);
    size_t used = bytes;

    cursor_skip(c, bytes);
    while (!cursor_failed(c) && used >= 2 && le16_load(raw.base + used - 2) == 0)
        used -= 2;
    return wire_text_take(&raw, a, used, label, len);
}

/* ([MS-FSCC] 2.5.9) */
void wire_info_fs_volume_encode(struct builder *b, const struct wire_info_fs_volume *in)
{
    size_t start = b->len;

    builder_u64(b, in->creation_time);
    builder_u32(b, in->serial_number);
    builder_u32(b, 0);
    builder_u8(b, in->supports_objects);
    builder_u8(b, 0);
    builder_patch_u32(b, start + 12, (uint32_t)wire_text_put(b, in->label, in->label_len));
}

bool wire_info_fs_volume_decode(struct cursor *c, struct arena *a, struct wire_info_fs_volume *out)
{
    uint32_t bytes;

    out->creation_time = cursor_u64(c);
    out->serial_number = cursor_u32(c);
    bytes = cursor_u32(c);
    out->supports_objects = cursor_u8(c) != 0;
    cursor_skip(c, 1);
    return label_take(c, a, bytes, &out->label, &out->label_len);
}

/* ([MS-FSCC] 2.5.5) */
void wire_info_fs_label_encode(struct builder *b, const struct wire_info_fs_label *in)
{
    size_t start = b->len;

    builder_u32(b, 0);
    builder_patch_u32(b, start, (uint32_t)wire_text_put(b, in->label, in->label_len));
}

bool wire_info_fs_label_decode(struct cursor *c, struct arena *a, struct wire_info_fs_label *out)
{
    uint32_t bytes = cursor_u32(c);

    return label_take(c, a, bytes, &out->label, &out->label_len);
}
