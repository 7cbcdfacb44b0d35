// SPDX-License-Identifier: Apache-2.0
/*
 * File information classes ([MS-FSCC] 2.4). See info.h for what the codecs have in common.
 *
 * Times are FILETIMEs as they stand on the wire. In a set request of FileBasicInformation 0 means
 * "leave", -1 "leave, and stop updating it on this open", -2 "resume updating it"
 * ([MS-FSCC] 2.4.7).
 */
#ifndef WIRE_INFO_FILE_H
#define WIRE_INFO_FILE_H

#include "wire/info.h"

#define WIRE_TIME_KEEP   0ull
#define WIRE_TIME_FREEZE 0xffffffffffffffffull
#define WIRE_TIME_THAW   0xfffffffffffffffeull

struct wire_info_basic {
    uint64_t creation_time;
    uint64_t last_access_time;
    uint64_t last_write_time;
    uint64_t change_time;
    uint32_t attributes;
};
WIRE_RECORD_DECL(info_basic);

struct wire_info_standard {
    uint64_t allocation_size;
    uint64_t end_of_file;
    uint32_t number_of_links;
    bool delete_pending;
    bool directory;
};
WIRE_RECORD_DECL(info_standard);

struct wire_info_internal {
    uint64_t index_number;
};
WIRE_RECORD_DECL(info_internal);

struct wire_info_ea_size {
    uint32_t ea_size;
};
WIRE_RECORD_DECL(info_ea_size);

struct wire_info_access {
    uint32_t access_flags;
};
WIRE_RECORD_DECL(info_access);

struct wire_info_position {
    uint64_t current_byte_offset;
};
WIRE_RECORD_DECL(info_position);

/* Bits of Mode: those of CreateOptions that remain visible ([MS-FSCC] 2.4.31). */
#define WIRE_MODE_VALID 0x0000103eu

struct wire_info_mode {
    uint32_t mode;
};
WIRE_RECORD_DECL(info_mode);

struct wire_info_alignment {
    uint32_t alignment_requirement;
};
WIRE_RECORD_DECL(info_alignment);

/* FileName-, FileAlternateName-, FileNormalizedName- and FileShortNameInformation:
   FILE_NAME_INFORMATION
   ([MS-FSCC] 2.1.7). */
struct wire_info_name {
    const char *name;
    size_t name_len;
};
void wire_info_name_encode(struct builder *b, const struct wire_info_name *in);
NODISCARD bool wire_info_name_decode(struct cursor *c, struct arena *a, struct wire_info_name *out);

struct wire_info_all {
    struct wire_info_basic basic;
    struct wire_info_standard standard;
    struct wire_info_internal internal;
    struct wire_info_ea_size ea;
    struct wire_info_access access;
    struct wire_info_position position;
    struct wire_info_mode mode;
    struct wire_info_alignment alignment;
    struct wire_info_name name; /* Windows sends an empty one ([MS-SMB2] 3.3.5.20.1) */
};
void wire_info_all_encode(struct builder *b, const struct wire_info_all *in);
NODISCARD bool wire_info_all_decode(struct cursor *c, struct arena *a, struct wire_info_all *out);

#define FILE_RENAME_REPLACE_IF_EXISTS                    0x00000001u
#define FILE_RENAME_POSIX_SEMANTICS                      0x00000002u
#define FILE_RENAME_SUPPRESS_PIN_STATE_INHERITANCE       0x00000004u
#define FILE_RENAME_SUPPRESS_STORAGE_RESERVE_INHERITANCE 0x00000008u
#define FILE_RENAME_NO_INCREASE_AVAILABLE_SPACE          0x00000010u
#define FILE_RENAME_NO_DECREASE_AVAILABLE_SPACE          0x00000020u
#define FILE_RENAME_IGNORE_READONLY_ATTRIBUTE            0x00000040u
#define FILE_RENAME_FORCE_RESIZE_TARGET_SR               0x00000080u
#define FILE_RENAME_FORCE_RESIZE_SOURCE_SR               0x00000100u

/* FileRename-, FileLinkInformation in the SMB2 form (`ex` false: ReplaceIfExists becomes
   FILE_RENAME_REPLACE_IF_EXISTS) and their Ex forms (`ex` true). The encoder pads to the size that
   the specification asks for, the decoder wants only what it needs. */
struct wire_info_rename {
    uint32_t flags;
    uint64_t root_directory; /* must be zero over the network */
    const char *name;
    size_t name_len;
};
void wire_info_rename_encode(struct builder *b, const struct wire_info_rename *in, bool ex);
NODISCARD bool wire_info_rename_decode(struct cursor *c, struct arena *a,
                                       struct wire_info_rename *out, bool ex);

struct wire_info_disposition {
    bool delete_pending;
};
WIRE_RECORD_DECL(info_disposition);

#define FILE_DISPOSITION_DELETE                    0x00000001u
#define FILE_DISPOSITION_POSIX_SEMANTICS           0x00000002u
#define FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK 0x00000004u
#define FILE_DISPOSITION_ON_CLOSE                  0x00000008u
#define FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE 0x00000010u

struct wire_info_disposition_ex {
    uint32_t flags;
};
WIRE_RECORD_DECL(info_disposition_ex);

/* The sizes of these three are signed on the wire: a value above INT64_MAX is a negative one. */
struct wire_info_allocation {
    uint64_t allocation_size;
};
WIRE_RECORD_DECL(info_allocation);

struct wire_info_end_of_file {
    uint64_t end_of_file;
};
WIRE_RECORD_DECL(info_end_of_file);

struct wire_info_valid_data_length {
    uint64_t valid_data_length;
};
WIRE_RECORD_DECL(info_valid_data_length);

#define COMPRESSION_FORMAT_NONE  0x0000u
#define COMPRESSION_FORMAT_LZNT1 0x0002u

struct wire_info_compression {
    uint64_t compressed_file_size;
    uint16_t compression_format;
    uint8_t compression_unit_shift;
    uint8_t chunk_shift;
    uint8_t cluster_shift;
};
WIRE_RECORD_DECL(info_compression);

struct wire_info_network_open {
    uint64_t creation_time;
    uint64_t last_access_time;
    uint64_t last_write_time;
    uint64_t change_time;
    uint64_t allocation_size;
    uint64_t end_of_file;
    uint32_t attributes;
};
WIRE_RECORD_DECL(info_network_open);

struct wire_info_attribute_tag {
    uint32_t attributes;
    uint32_t reparse_tag;
};
WIRE_RECORD_DECL(info_attribute_tag);

#define FILE_PIPE_BYTE_STREAM_MODE   0u
#define FILE_PIPE_MESSAGE_MODE       1u
#define FILE_PIPE_QUEUE_OPERATION    0u
#define FILE_PIPE_COMPLETE_OPERATION 1u

struct wire_info_pipe {
    uint32_t read_mode;
    uint32_t completion_mode;
};
WIRE_RECORD_DECL(info_pipe);

#define FILE_PIPE_BYTE_STREAM_TYPE   0u
#define FILE_PIPE_MESSAGE_TYPE       1u
#define FILE_PIPE_INBOUND            0u
#define FILE_PIPE_OUTBOUND           1u
#define FILE_PIPE_FULL_DUPLEX        2u
#define FILE_PIPE_DISCONNECTED_STATE 1u
#define FILE_PIPE_LISTENING_STATE    2u
#define FILE_PIPE_CONNECTED_STATE    3u
#define FILE_PIPE_CLOSING_STATE      4u
#define FILE_PIPE_CLIENT_END         0u
#define FILE_PIPE_SERVER_END         1u

struct wire_info_pipe_local {
    uint32_t type;
    uint32_t configuration;
    uint32_t maximum_instances;
    uint32_t current_instances;
    uint32_t inbound_quota;
    uint32_t read_data_available;
    uint32_t outbound_quota;
    uint32_t write_quota_available;
    uint32_t state;
    uint32_t end;
};
WIRE_RECORD_DECL(info_pipe_local);

struct wire_info_pipe_remote {
    uint64_t collect_data_time;
    uint32_t maximum_collection_count;
};
WIRE_RECORD_DECL(info_pipe_remote);

struct wire_info_id {
    uint64_t volume_serial_number;
    uint8_t file_id[16];
};
WIRE_RECORD_DECL(info_id);

#define FILE_CS_FLAG_CASE_SENSITIVE_DIR 0x00000001u

struct wire_info_case_sensitive {
    uint32_t flags;
};
WIRE_RECORD_DECL(info_case_sensitive);

/* FileStreamInformation: a list (wire_chain, align 8) of these; the name has the form
 * ":name:$DATA". */
#define WIRE_STREAM_ALIGN 8

struct wire_info_stream {
    uint64_t size;
    uint64_t allocation_size;
    const char *name;
    size_t name_len;
};
enum wire_fit wire_info_stream_add(struct wire_chain *w, const struct wire_info_stream *in);
/* False at the end and on failure (r->failed). */
NODISCARD bool wire_info_stream_next(struct wire_chain_reader *r, struct arena *a,
                                     struct wire_info_stream *out);

#endif
