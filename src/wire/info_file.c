// SPDX-License-Identifier: Apache-2.0
/* Codecs of the file information classes ([MS-FSCC] 2.4). Pure functions, any thread. */
#include "wire/info_file.h"

#include "wire/info_record.h"

/* ([MS-FSCC] 2.4.7) */
WIRE_RECORD(info_basic, U64(info_basic, creation_time), U64(info_basic, last_access_time),
            U64(info_basic, last_write_time), U64(info_basic, change_time),
            U32(info_basic, attributes), PAD(4));

/* ([MS-FSCC] 2.4.47) */
WIRE_RECORD(info_standard, U64(info_standard, allocation_size), U64(info_standard, end_of_file),
            U32(info_standard, number_of_links), BOOL(info_standard, delete_pending),
            BOOL(info_standard, directory), PAD(2));

/* ([MS-FSCC] 2.4.27) */
WIRE_RECORD(info_internal, U64(info_internal, index_number));

/* ([MS-FSCC] 2.4.13) */
WIRE_RECORD(info_ea_size, U32(info_ea_size, ea_size));

/* ([MS-FSCC] 2.4.1) */
WIRE_RECORD(info_access, U32(info_access, access_flags));

/* ([MS-FSCC] 2.4.40) */
WIRE_RECORD(info_position, U64(info_position, current_byte_offset));

/* ([MS-FSCC] 2.4.31) */
WIRE_RECORD(info_mode, U32(info_mode, mode));

/* ([MS-FSCC] 2.4.3) */
WIRE_RECORD(info_alignment, U32(info_alignment, alignment_requirement));

/* ([MS-FSCC] 2.4.11) */
WIRE_RECORD(info_disposition, BOOL(info_disposition, delete_pending));

/* ([MS-FSCC] 2.4.12) */
WIRE_RECORD(info_disposition_ex, U32(info_disposition_ex, flags));

/* ([MS-FSCC] 2.4.4) */
WIRE_RECORD(info_allocation, U64(info_allocation, allocation_size));

/* ([MS-FSCC] 2.4.14) */
WIRE_RECORD(info_end_of_file, U64(info_end_of_file, end_of_file));

/* ([MS-FSCC] 2.4.50) */
WIRE_RECORD(info_valid_data_length, U64(info_valid_data_length, valid_data_length));

/* ([MS-FSCC] 2.4.9) */
WIRE_RECORD(info_compression, U64(info_compression, compressed_file_size),
            U16(info_compression, compression_format), U8(info_compression, compression_unit_shift),
            U8(info_compression, chunk_shift), U8(info_compression, cluster_shift), PAD(3));

/* ([MS-FSCC] 2.4.34) */
WIRE_RECORD(info_network_open, U64(info_network_open, creation_time),
            U64(info_network_open, last_access_time), U64(info_network_open, last_write_time),
            U64(info_network_open, change_time), U64(info_network_open, allocation_size),
            U64(info_network_open, end_of_file), U32(info_network_open, attributes), PAD(4));

/* ([MS-FSCC] 2.4.6) */
WIRE_RECORD(info_attribute_tag, U32(info_attribute_tag, attributes),
            U32(info_attribute_tag, reparse_tag));

/* ([MS-FSCC] 2.4.37) */
WIRE_RECORD(info_pipe, U32(info_pipe, read_mode), U32(info_pipe, completion_mode));

/* ([MS-FSCC] 2.4.38) */
WIRE_RECORD(info_pipe_local, U32(info_pipe_local, type), U32(info_pipe_local, configuration),
            U32(info_pipe_local, maximum_instances), U32(info_pipe_local, current_instances),
            U32(info_pipe_local, inbound_quota), U32(info_pipe_local, read_data_available),
            U32(info_pipe_local, outbound_quota), U32(info_pipe_local, write_quota_available),
            U32(info_pipe_local, state), U32(info_pipe_local, end));

/* ([MS-FSCC] 2.4.39) */
WIRE_RECORD(info_pipe_remote, U64(info_pipe_remote, collect_data_time),
            U32(info_pipe_remote, maximum_collection_count));

/* ([MS-FSCC] 2.4.26) */
WIRE_RECORD(info_id, U64(info_id, volume_serial_number), BYTES(info_id, file_id, 16));

/* FILE_CASE_SENSITIVE_INFORMATION, which no document of the protocol describes: one word of flags.
 */
WIRE_RECORD(info_case_sensitive, U32(info_case_sensitive, flags));

/* ([MS-FSCC] 2.1.7) */
void wire_info_name_encode(struct builder *b, const struct wire_info_name *in)
{
    size_t at = b->len;

    builder_u32(b, 0);
    builder_patch_u32(b, at, (uint32_t)wire_text_put(b, in->name, in->name_len));
}

bool wire_info_name_decode(struct cursor *c, struct arena *a, struct wire_info_name *out)
{
    uint32_t bytes = cursor_u32(c);

    return wire_text_take(c, a, bytes, &out->name, &out->name_len);
}

/* ([MS-FSCC] 2.4.2) */
void wire_info_all_encode(struct builder *b, const struct wire_info_all *in)
{
    wire_info_basic_encode(b, &in->basic);
    wire_info_standard_encode(b, &in->standard);
    wire_info_internal_encode(b, &in->internal);
    wire_info_ea_size_encode(b, &in->ea);
    wire_info_access_encode(b, &in->access);
    wire_info_position_encode(b, &in->position);
    wire_info_mode_encode(b, &in->mode);
    wire_info_alignment_encode(b, &in->alignment);
    wire_info_name_encode(b, &in->name);
}

bool wire_info_all_decode(struct cursor *c, struct arena *a, struct wire_info_all *out)
{
    return wire_info_basic_decode(c, &out->basic) && wire_info_standard_decode(c, &out->standard) &&
           wire_info_internal_decode(c, &out->internal) && wire_info_ea_size_decode(c, &out->ea) &&
           wire_info_access_decode(c, &out->access) &&
           wire_info_position_decode(c, &out->position) && wire_info_mode_decode(c, &out->mode) &&
           wire_info_alignment_decode(c, &out->alignment) &&
           wire_info_name_decode(c, a, &out->name);
}

/* FILE_RENAME_INFORMATION_TYPE_2 asks for at least 24 bytes, which a name of one character does not
   fill ([MS-FSCC] 2.4.42.2). */
#define RENAME_SIZE_MIN 24

void wire_info_rename_encode(struct builder *b, const struct wire_info_rename *in, bool ex)
{
    size_t start = b->len;

    if (ex) {
        builder_u32(b, in->flags);
        builder_zero(b, 4);
    } else {
        builder_u8(b, (in->flags & FILE_RENAME_REPLACE_IF_EXISTS) != 0);
        builder_zero(b, 7);
    }
    builder_u64(b, in->root_directory);
    builder_u32(b, 0);
    builder_patch_u32(b, start + 16, (uint32_t)wire_text_put(b, in->name, in->name_len));
    if (b->len - start < RENAME_SIZE_MIN)
        builder_zero(b, RENAME_SIZE_MIN - (b->len - start));
}

bool wire_info_rename_decode(struct cursor *c, struct arena *a, struct wire_info_rename *out,
                             bool ex)
{
    uint32_t bytes;

    if (ex) {
        out->flags = cursor_u32(c);
        cursor_skip(c, 4);
    } else {
        out->flags = cursor_u8(c) != 0 ? FILE_RENAME_REPLACE_IF_EXISTS : 0;
        cursor_skip(c, 7);
    }
    out->root_directory = cursor_u64(c);
    bytes = cursor_u32(c);
    return wire_text_take(c, a, bytes, &out->name, &out->name_len);
}

/* FILE_STREAM_INFORMATION ([MS-FSCC] 2.4.49): the bytes before the name. */
#define STREAM_FIXED 24

enum wire_fit wire_info_stream_add(struct wire_chain *w, const struct wire_info_stream *in)
{
    size_t bytes = wire_text_size(in->name, in->name_len);
    struct builder e;
    enum wire_fit fit;

    if (bytes > UINT32_MAX / 2)
        return WIRE_FIT_BAD_TEXT;
    fit = wire_chain_add(w, STREAM_FIXED + bytes, &e);
    if (fit != WIRE_FIT_OK)
        return fit;
    builder_u32(&e, (uint32_t)bytes);
    builder_u64(&e, in->size);
    builder_u64(&e, in->allocation_size);
    wire_text_put(&e, in->name, in->name_len);
    return WIRE_FIT_OK;
}

bool wire_info_stream_next(struct wire_chain_reader *r, struct arena *a,
                           struct wire_info_stream *out)
{
    struct cursor e;
    uint32_t bytes;

    if (!wire_chain_next(r, &e))
        return false;
    bytes = cursor_u32(&e);
    out->size = cursor_u64(&e);
    out->allocation_size = cursor_u64(&e);
    if (!wire_text_take(&e, a, bytes, &out->name, &out->name_len))
        r->failed = true;
    return !r->failed;
}
