// SPDX-License-Identifier: Apache-2.0
/*
 * Inputs and outputs of the control codes that file systems answer ([MS-FSCC] 2.3). See info.h for
 * what the codecs have in common. Offsets and lengths are signed on the wire: a value above
 * INT64_MAX is a negative one, which the caller refuses.
 */
#ifndef WIRE_FSCTL_FILE_H
#define WIRE_FSCTL_FILE_H

#include "base/guid.h"
#include "wire/info.h"

/* Of one list, either way. The attack is a request or a file that makes us answer with millions. */
#define WIRE_RANGES_MAX 65536

/* FSCTL_SET_SPARSE (2.3.83): no input at all means true. */
struct wire_set_sparse {
    bool set_sparse;
};
WIRE_RECORD_DECL(set_sparse);

/* FSCTL_SET_ZERO_DATA (2.3.85). */
struct wire_zero_data {
    uint64_t file_offset;
    uint64_t beyond_final_zero;
};
WIRE_RECORD_DECL(zero_data);

/* FILE_ALLOCATED_RANGE_BUFFER: FSCTL_QUERY_ALLOCATED_RANGES request, and element of its reply
 * (2.3.51, 2.3.52). */
struct wire_range {
    uint64_t file_offset;
    uint64_t length;
};
WIRE_RECORD_DECL(range);
#define WIRE_RANGE_SIZE 16
/* The reply: ranges without a count. */
NODISCARD bool wire_ranges_decode(struct cursor *c, struct arena *a, struct wire_range **out,
                                  uint32_t *count);

/* FSCTL_DUPLICATE_EXTENTS_TO_FILE (2.3.7.2) and ..._EX (2.3.9.2), whose flags the first form lacks.
 */
#define DUPLICATE_EXTENTS_DATA_EX_SOURCE_ATOMIC 0x00000001u

struct wire_duplicate_extents {
    uint64_t source_persistent; /* SMB2_FILEID of the source */
    uint64_t source_volatile;
    uint64_t source_offset;
    uint64_t target_offset;
    uint64_t byte_count;
    uint32_t flags;
};
void wire_duplicate_extents_encode(struct builder *b, const struct wire_duplicate_extents *in,
                                   bool ex);
NODISCARD bool wire_duplicate_extents_decode(struct cursor *c, struct wire_duplicate_extents *out,
                                             bool ex);

/* FSCTL_FILE_LEVEL_TRIM (2.3.13, 2.3.14). */
struct wire_trim_req {
    uint32_t key;
    uint32_t range_count;
    struct wire_range *ranges;
};
void wire_trim_req_encode(struct builder *b, const struct wire_trim_req *in);
NODISCARD bool wire_trim_req_decode(struct cursor *c, struct arena *a, struct wire_trim_req *out);

struct wire_trim_rsp {
    uint32_t ranges_processed;
};
WIRE_RECORD_DECL(trim_rsp);

/* FSCTL_GET_COMPRESSION reply, FSCTL_SET_COMPRESSION request (2.3.18, 2.3.67). */
#define COMPRESSION_FORMAT_DEFAULT 0x0001u

struct wire_compression_state {
    uint16_t state;
};
WIRE_RECORD_DECL(compression_state);

/* FSCTL_GET_INTEGRITY_INFORMATION reply (2.3.20), FSCTL_SET_INTEGRITY_INFORMATION request (2.3.73).
 */
#define CHECKSUM_TYPE_NONE                            0x0000u
#define CHECKSUM_TYPE_CRC32                           0x0001u
#define CHECKSUM_TYPE_CRC64                           0x0002u
#define CHECKSUM_TYPE_UNCHANGED                       0xffffu
#define FSCTL_INTEGRITY_FLAG_CHECKSUM_ENFORCEMENT_OFF 0x00000001u

struct wire_get_integrity {
    uint16_t checksum_algorithm;
    uint32_t flags;
    uint32_t checksum_chunk_size;
    uint32_t cluster_size;
};
WIRE_RECORD_DECL(get_integrity);

struct wire_set_integrity {
    uint16_t checksum_algorithm;
    uint32_t flags;
};
WIRE_RECORD_DECL(set_integrity);

/* FSCTL_QUERY_FILE_REGIONS (2.3.55, 2.3.56). The request may be empty: the whole file, any usage;
   the decoder then sets `whole`. */
#define FILE_REGION_USAGE_VALID_CACHED_DATA    0x00000001u
#define FILE_REGION_USAGE_VALID_NONCACHED_DATA 0x00000002u

struct wire_region {
    uint64_t file_offset;
    uint64_t length;
    uint32_t usage;
};

struct wire_regions_req {
    bool whole;
    struct wire_region region;
};
void wire_regions_req_encode(struct builder *b, const struct wire_regions_req *in);
NODISCARD bool wire_regions_req_decode(struct cursor *c, struct wire_regions_req *out);

struct wire_regions_rsp {
    uint32_t flags;
    uint32_t total; /* regions that there are */
    uint32_t count; /* regions here */
    struct wire_region *regions;
};
void wire_regions_rsp_encode(struct builder *b, const struct wire_regions_rsp *in);
NODISCARD bool wire_regions_rsp_decode(struct cursor *c, struct arena *a,
                                       struct wire_regions_rsp *out);

/* FILE_OBJECTID_BUFFER (2.1.3): replies of FSCTL_GET_OBJECT_ID and FSCTL_CREATE_OR_GET_OBJECT_ID,
   request of FSCTL_SET_OBJECT_ID. ExtendedInfo of type 2 is the last three fields together. */
struct wire_object_id {
    struct guid object_id;
    struct guid birth_volume_id;
    struct guid birth_object_id;
    struct guid domain_id;
};
WIRE_RECORD_DECL(object_id);

#endif
