// SPDX-License-Identifier: Apache-2.0
/* Volume information classes ([MS-FSCC] 2.5). See info.h for what the codecs have in common. */
#ifndef WIRE_INFO_FS_H
#define WIRE_INFO_FS_H

#include "base/guid.h"
#include "wire/info.h"

/* The label is what stands on the wire without trailing NULs; a server shows at most 32 characters
   ([MS-FSCC] 2.5.9), which the caller sees to. */
struct wire_info_fs_volume {
    uint64_t creation_time;
    uint32_t serial_number;
    bool supports_objects;
    const char *label;
    size_t label_len;
};
void wire_info_fs_volume_encode(struct builder *b, const struct wire_info_fs_volume *in);
NODISCARD bool wire_info_fs_volume_decode(struct cursor *c, struct arena *a,
                                          struct wire_info_fs_volume *out);

struct wire_info_fs_label {
    const char *label;
    size_t label_len;
};
void wire_info_fs_label_encode(struct builder *b, const struct wire_info_fs_label *in);
NODISCARD bool wire_info_fs_label_decode(struct cursor *c, struct arena *a,
                                         struct wire_info_fs_label *out);

struct wire_info_fs_size {
    uint64_t total_units;
    uint64_t available_units;
    uint32_t sectors_per_unit;
    uint32_t bytes_per_sector;
};
WIRE_RECORD_DECL(info_fs_size);

#define FILE_DEVICE_CD_ROM 0x00000002u
#define FILE_DEVICE_DISK   0x00000007u
/* Not in [MS-FSCC]; what Windows answers on IPC$. */
#define FILE_DEVICE_NAMED_PIPE 0x00000011u

#define FILE_REMOVABLE_MEDIA    0x00000001u
#define FILE_READ_ONLY_DEVICE   0x00000002u
#define FILE_WRITE_ONCE_MEDIA   0x00000008u
#define FILE_REMOTE_DEVICE      0x00000010u
#define FILE_DEVICE_IS_MOUNTED  0x00000020u
#define FILE_VIRTUAL_VOLUME     0x00000040u
#define FILE_DEVICE_SECURE_OPEN 0x00000100u

struct wire_info_fs_device {
    uint32_t device_type;
    uint32_t characteristics;
};
WIRE_RECORD_DECL(info_fs_device);

#define FILE_CASE_SENSITIVE_SEARCH        0x00000001u
#define FILE_CASE_PRESERVED_NAMES         0x00000002u
#define FILE_UNICODE_ON_DISK              0x00000004u
#define FILE_PERSISTENT_ACLS              0x00000008u
#define FILE_FILE_COMPRESSION             0x00000010u
#define FILE_VOLUME_QUOTAS                0x00000020u
#define FILE_SUPPORTS_SPARSE_FILES        0x00000040u
#define FILE_SUPPORTS_REPARSE_POINTS      0x00000080u
#define FILE_SUPPORTS_REMOTE_STORAGE      0x00000100u
#define FILE_RETURNS_CLEANUP_RESULT_INFO  0x00000200u
#define FILE_SUPPORTS_POSIX_UNLINK_RENAME 0x00000400u
#define FILE_VOLUME_IS_COMPRESSED         0x00008000u
#define FILE_SUPPORTS_OBJECT_IDS          0x00010000u
#define FILE_SUPPORTS_ENCRYPTION          0x00020000u
#define FILE_NAMED_STREAMS                0x00040000u
#define FILE_READ_ONLY_VOLUME             0x00080000u
#define FILE_SEQUENTIAL_WRITE_ONCE        0x00100000u
#define FILE_SUPPORTS_TRANSACTIONS        0x00200000u
#define FILE_SUPPORTS_HARD_LINKS          0x00400000u
#define FILE_SUPPORTS_EXTENDED_ATTRIBUTES 0x00800000u
#define FILE_SUPPORTS_OPEN_BY_FILE_ID     0x01000000u
#define FILE_SUPPORTS_USN_JOURNAL         0x02000000u
#define FILE_SUPPORT_INTEGRITY_STREAMS    0x04000000u
#define FILE_SUPPORTS_BLOCK_REFCOUNTING   0x08000000u
#define FILE_SUPPORTS_SPARSE_VDL          0x10000000u

struct wire_info_fs_attribute {
    uint32_t attributes;
    uint32_t maximum_component_name_length; /* in characters */
    const char *name;                       /* "NTFS" and the like */
    size_t name_len;
};
void wire_info_fs_attribute_encode(struct builder *b, const struct wire_info_fs_attribute *in);
NODISCARD bool wire_info_fs_attribute_decode(struct cursor *c, struct arena *a,
                                             struct wire_info_fs_attribute *out);

/* FileSystemControlFlags ([MS-FSCC] 2.5.2); for plugins some of them are SMBKIT_QUOTA_*. */
#define FILE_VC_QUOTA_TRACK            0x00000001u
#define FILE_VC_QUOTA_ENFORCE          0x00000002u
#define FILE_VC_CONTENT_INDEX_DISABLED 0x00000008u
#define FILE_VC_LOG_QUOTA_THRESHOLD    0x00000010u
#define FILE_VC_LOG_QUOTA_LIMIT        0x00000020u
#define FILE_VC_LOG_VOLUME_THRESHOLD   0x00000040u
#define FILE_VC_LOG_VOLUME_LIMIT       0x00000080u

struct wire_info_fs_control {
    uint64_t free_space_start_filtering;
    uint64_t free_space_threshold;
    uint64_t free_space_stop_filtering;
    uint64_t default_quota_threshold;
    uint64_t default_quota_limit;
    uint32_t flags;
};
WIRE_RECORD_DECL(info_fs_control);

struct wire_info_fs_full_size {
    uint64_t total_units;
    uint64_t caller_available_units;
    uint64_t actual_available_units;
    uint32_t sectors_per_unit;
    uint32_t bytes_per_sector;
};
WIRE_RECORD_DECL(info_fs_full_size);

struct wire_info_fs_object_id {
    struct guid object_id;
    uint8_t extended_info[48];
};
WIRE_RECORD_DECL(info_fs_object_id);

#define SSINFO_FLAGS_ALIGNED_DEVICE              0x00000001u
#define SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE 0x00000002u
#define SSINFO_FLAGS_NO_SEEK_PENALTY             0x00000004u
#define SSINFO_FLAGS_TRIM_ENABLED                0x00000008u
#define SSINFO_OFFSET_UNKNOWN                    0xffffffffu

struct wire_info_fs_sector_size {
    uint32_t logical_bytes_per_sector;
    uint32_t physical_bytes_per_sector_for_atomicity;
    uint32_t physical_bytes_per_sector_for_performance;
    uint32_t effective_physical_bytes_per_sector_for_atomicity;
    uint32_t flags;
    uint32_t byte_offset_for_sector_alignment;
    uint32_t byte_offset_for_partition_alignment;
};
WIRE_RECORD_DECL(info_fs_sector_size);

#endif
