// SPDX-License-Identifier: Apache-2.0
/* QUERY_INFO of volumes ([MS-SMB2] 3.3.5.20.2, [MS-FSA] 2.1.5.13, [MS-FSCC] 2.5). */
#include "base/utf.h"
#include "core/cmd/object_id.h"
#include "core/cmd/query_info.h"
#include "core/open.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "vfs/name.h"
#include "wire/info_fs.h"
#include <string.h>

#define SECTOR_SIZE     512u
#define BLOCK_SIZE      4096u /* where the plugin does not say */
#define LABEL_UNITS_MAX 32    /* [MS-FSCC] 2.5.9 */
#define PAGE_SIZE_USUAL 4096u

/* How a volume's bytes are counted: clients want sectors and allocation units. */
struct geometry {
    uint32_t sector;
    uint32_t sectors_per_unit;
    uint64_t total, available; /* units */
};

static struct geometry geometry_of(const struct smbkit_statfs *st)
{
    uint32_t block = st->block_size != 0 ? st->block_size : BLOCK_SIZE;
    struct geometry g;
    g.sector = MIN(block, SECTOR_SIZE);
    g.sectors_per_unit = block / g.sector;
    g.total = st->total_bytes / block;
    g.available = st->free_bytes / block;
    return g;
}

/* Bytes of the first 32 UTF-16 units. */
static size_t label_length(const char *label)
{
    const char *s = label, *end = label + strlen(label);
    unsigned units = 0;
    while (s < end) {
        const char *next = s;
        int32_t c = utf8_next(&next, end);
        units += c > 0xffff ? 2 : 1;
        if (units > LABEL_UNITS_MAX)
            break;
        s = next;
    }
    return (size_t)(s - label);
}

static smbkit_status fill_volume(struct core_request *r, struct builder *b)
{
    const struct smbkit_statfs *st = &r->op.statfs;
    const char *label = st->label != NULL ? st->label : r->tree->share->name;
    if (!utf8_valid(label, strlen(label)))
        label = "";
    struct wire_info_fs_volume v = {
        .creation_time = st->create_time,
        .serial_number = st->serial,
        .label = label,
        .label_len = label_length(label),
    };
    wire_info_fs_volume_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status fill_size(struct core_request *r, struct builder *b)
{
    struct geometry g = geometry_of(&r->op.statfs);
    struct wire_info_fs_size v = {
        .total_units = g.total,
        .available_units = g.available,
        .sectors_per_unit = g.sectors_per_unit,
        .bytes_per_sector = g.sector,
    };
    wire_info_fs_size_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status fill_full_size(struct core_request *r, struct builder *b)
{
    const struct smbkit_statfs *st = &r->op.statfs;
    struct geometry g = geometry_of(st);
    uint64_t all = st->device_free_bytes != 0 ? st->device_free_bytes : st->free_bytes;
    uint64_t actual = all / ((uint64_t)g.sector * g.sectors_per_unit);
    struct wire_info_fs_full_size v = {
        .total_units = g.total,
        .caller_available_units = g.available,
        .actual_available_units = actual,
        .sectors_per_unit = g.sectors_per_unit,
        .bytes_per_sector = g.sector,
    };
    wire_info_fs_full_size_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static bool is_read_only(const struct core_request *r)
{
    return r->tree->share->read_only ||
           (vfs_volume_capabilities(r->open->volume) & SMBKIT_CAP_READ_ONLY);
}

static smbkit_status fill_device(struct core_request *r, struct builder *b)
{
    struct wire_info_fs_device v = {
        .device_type = FILE_DEVICE_DISK,
        .characteristics = FILE_REMOTE_DEVICE | FILE_DEVICE_IS_MOUNTED,
    };
    if (is_read_only(r))
        v.characteristics |= FILE_READ_ONLY_DEVICE;
    wire_info_fs_device_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

/* What a capability of the plugin is called here. */
static const struct {
    uint32_t capability, attribute;
} attribute_rows[] = {
    {SMBKIT_CAP_SPARSE, FILE_SUPPORTS_SPARSE_FILES},
    {SMBKIT_CAP_HARD_LINKS, FILE_SUPPORTS_HARD_LINKS},
    {SMBKIT_CAP_STREAMS, FILE_NAMED_STREAMS},
    {SMBKIT_CAP_EXTENDED_ATTRS, FILE_SUPPORTS_EXTENDED_ATTRIBUTES},
    {SMBKIT_CAP_ACLS, FILE_PERSISTENT_ACLS},
    {SMBKIT_CAP_REPARSE_POINTS, FILE_SUPPORTS_REPARSE_POINTS},
    {SMBKIT_CAP_COMPRESSION, FILE_FILE_COMPRESSION},
    {SMBKIT_CAP_CLONE, FILE_SUPPORTS_BLOCK_REFCOUNTING},
    {SMBKIT_CAP_QUOTAS, FILE_VOLUME_QUOTAS},
};

static smbkit_status fill_attribute(struct core_request *r, struct builder *b)
{
    uint32_t caps = vfs_volume_capabilities(r->open->volume);
    const char *name = vfs_volume_fs_name(r->open->volume);
    struct wire_info_fs_attribute v = {
        /* NTFS says so too: names that differ in case only can be told apart by who wants to */
        .attributes = FILE_CASE_SENSITIVE_SEARCH | FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK,
        .maximum_component_name_length = VFS_NAME_UNITS_MAX,
        .name = name,
        .name_len = strlen(name),
    };
    for (size_t i = 0; i < ARRAY_LEN(attribute_rows); i++)
        if (caps & attribute_rows[i].capability)
            v.attributes |= attribute_rows[i].attribute;
    if (is_read_only(r))
        v.attributes |= FILE_READ_ONLY_VOLUME;
    wire_info_fs_attribute_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status fill_object_id(struct core_request *r, struct builder *b)
{
    struct wire_info_fs_object_id v = {.object_id =
                                           object_id_of_volume(request_core(r), r->open->volume)};
    wire_info_fs_object_id_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status fill_sector_size(struct core_request *r, struct builder *b)
{
    struct geometry g = geometry_of(&r->op.statfs);
    uint32_t block = g.sector * g.sectors_per_unit;
    struct wire_info_fs_sector_size v = {
        .logical_bytes_per_sector = g.sector,
        .physical_bytes_per_sector_for_atomicity = block,
        .physical_bytes_per_sector_for_performance = block,
        .effective_physical_bytes_per_sector_for_atomicity = MIN(block, PAGE_SIZE_USUAL),
        .flags = SSINFO_FLAGS_ALIGNED_DEVICE | SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE,
    };
    if (vfs_volume_capabilities(r->open->volume) & SMBKIT_CAP_SPARSE)
        v.flags |= SSINFO_FLAGS_TRIM_ENABLED; /* ioctl_trim makes holes */
    wire_info_fs_sector_size_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.13.6 */
static smbkit_status fill_control(struct core_request *r, struct builder *b)
{
    const struct smbkit_quota_control *control = &r->op.quota_control;
    wire_info_fs_control_encode(b, &(struct wire_info_fs_control){
                                       .default_quota_threshold = control->default_threshold,
                                       .default_quota_limit = control->default_limit,
                                       .flags = control->flags,
                                   });
    return SMBKIT_STATUS_SUCCESS;
}

static const struct query_class classes[] = {
    {FileFsVolumeInformation, QUERY_STATFS, fill_volume},
    {FileFsSizeInformation, QUERY_STATFS, fill_size},
    {FileFsDeviceInformation, QUERY_OPEN, fill_device},
    {FileFsAttributeInformation, QUERY_OPEN, fill_attribute},
    {FileFsControlInformation, QUERY_CONTROL, fill_control},
    {FileFsFullSizeInformation, QUERY_STATFS, fill_full_size},
    {FileFsObjectIdInformation, QUERY_OPEN, fill_object_id},
    {FileFsSectorSizeInformation, QUERY_STATFS, fill_sector_size},
};

const struct query_class *query_fs_class(uint8_t num)
{
    return query_class_find(classes, ARRAY_LEN(classes), num);
}
