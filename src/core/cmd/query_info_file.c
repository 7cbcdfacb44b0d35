// SPDX-License-Identifier: Apache-2.0
/* QUERY_INFO of files ([MS-SMB2] 3.3.5.20.1, [MS-FSA] 2.1.5.12, [MS-FSCC] 2.4). */
#include "base/utf.h"
#include "core/cmd/query_info.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/pipe.h"
#include "core/rights.h"
#include "core/state.h"
#include "vfs/shortname.h"
#include "wire/info_file.h"
#include <string.h>

/* One fill function of a record without a variable part. */
#define FILL(name)                                                              \
    static smbkit_status fill_##name(struct core_request *r, struct builder *b) \
    {                                                                           \
        struct wire_info_##name v = get_##name(r);                              \
        wire_info_##name##_encode(b, &v);                                       \
        return SMBKIT_STATUS_SUCCESS;                                           \
    }

static struct wire_info_basic get_basic(const struct core_request *r)
{
    const struct smbkit_attr *a = &r->op.attr;
    return (struct wire_info_basic){
        .creation_time = a->create_time,
        .last_access_time = a->access_time,
        .last_write_time = a->write_time,
        .change_time = a->change_time,
        .attributes = meta_open_attributes(r->open, a),
    };
}
FILL(basic)

static bool delete_pending(const struct core_open *o)
{
    return lease_open_attached(&o->lease) && lease_open_delete_pending(&o->lease);
}

/* A link that is about to go does not count ([MS-FSA] 2.1.5.12.27). */
static struct wire_info_standard get_standard(const struct core_request *r)
{
    const struct smbkit_attr *a = &r->op.attr;
    struct wire_info_standard v = {
        .number_of_links = a->links != 0 ? a->links : 1,
        .delete_pending = delete_pending(r->open),
        .directory = r->open->is_directory,
    };
    if (!v.directory) {
        v.allocation_size = a->alloc_size;
        v.end_of_file = a->size;
    }
    if (v.delete_pending)
        v.number_of_links--;
    return v;
}
FILL(standard)

static struct wire_info_internal get_internal(const struct core_request *r)
{
    return (struct wire_info_internal){.index_number = r->open->file_id};
}
FILL(internal)

static struct wire_info_ea_size get_ea_size(const struct core_request *r)
{
    return (struct wire_info_ea_size){.ea_size = r->op.attr.ea_size};
}
FILL(ea_size)

static struct wire_info_access get_access(const struct core_request *r)
{
    return (struct wire_info_access){.access_flags = request_access(r)};
}
FILL(access)

static struct wire_info_position get_position(const struct core_request *r)
{
    return (struct wire_info_position){.current_byte_offset = r->open->position};
}
FILL(position)

static struct wire_info_mode get_mode(const struct core_request *r)
{
    return (struct wire_info_mode){.mode = r->open->mode & WIRE_MODE_VALID};
}
FILL(mode)

static struct wire_info_alignment get_alignment(const struct core_request *r)
{
    (void)r;
    return (struct wire_info_alignment){.alignment_requirement = 0}; /* FILE_BYTE_ALIGNMENT */
}
FILL(alignment)

static struct wire_info_compression get_compression(const struct core_request *r)
{
    return (struct wire_info_compression){
        .compressed_file_size = r->open->is_directory ? 0 : r->op.attr.alloc_size,
        .compression_format = r->op.attr.attributes & SMBKIT_ATTR_COMPRESSED
                                  ? COMPRESSION_FORMAT_LZNT1
                                  : COMPRESSION_FORMAT_NONE,
    };
}
FILL(compression)

static struct wire_info_network_open get_network_open(const struct core_request *r)
{
    struct wire_info_basic basic = get_basic(r);
    struct wire_info_standard standard = get_standard(r);
    return (struct wire_info_network_open){
        .creation_time = basic.creation_time,
        .last_access_time = basic.last_access_time,
        .last_write_time = basic.last_write_time,
        .change_time = basic.change_time,
        .allocation_size = standard.allocation_size,
        .end_of_file = standard.end_of_file,
        .attributes = basic.attributes,
    };
}
FILL(network_open)

static struct wire_info_attribute_tag get_attribute_tag(const struct core_request *r)
{
    const struct smbkit_attr *a = &r->op.attr;
    return (struct wire_info_attribute_tag){
        .attributes = meta_open_attributes(r->open, a),
        .reparse_tag = a->attributes & SMBKIT_ATTR_REPARSE_POINT ? a->reparse_tag : 0,
    };
}
FILL(attribute_tag)

static struct wire_info_id get_id(const struct core_request *r)
{
    struct wire_info_id v = {.volume_serial_number = r->op.statfs.serial};
    le64_store(v.file_id, r->open->file_id);
    return v;
}
FILL(id)

/* ---------------------------------------------------------------- names and lists */

/* The open's name with backslashes, and its stream's, after `prefix`. NULL: memory is out. */
static char *wire_path(struct core_request *r, const char *prefix, const char *stream, size_t *len)
{
    const struct core_open *o = r->open;
    size_t path_len = strlen(o->path), stream_len = stream != NULL ? strlen(stream) : 0;
    size_t at = strlen(prefix);
    char *name = arena_alloc(request_arena(r), at + path_len + 1 + stream_len + 1);
    if (name == NULL)
        return NULL;
    memcpy(name, prefix, at);
    for (size_t i = 0; i < path_len; i++)
        name[at++] = o->path[i] == '/' ? '\\' : o->path[i];
    if (stream_len > 0) {
        name[at++] = ':';
        memcpy(name + at, stream, stream_len);
        at += stream_len;
    }
    *len = at;
    return name;
}

/* 3.3.5.20.1 would have an empty name here, as newer versions of Windows send. The Linux kernel's
   client refuses a record that ends with the length of the name, so it gets the name, as from older
   versions and from [MS-FSA] 2.1.5.12.3. */
static smbkit_status fill_all(struct core_request *r, struct builder *b)
{
    size_t len;
    char *name = wire_path(r, "\\", r->open->stream, &len);
    if (name == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    struct wire_info_all v = {
        .basic = get_basic(r),
        .standard = get_standard(r),
        .internal = get_internal(r),
        .ea = get_ea_size(r),
        .access = get_access(r),
        .position = get_position(r),
        .mode = get_mode(r),
        .alignment = get_alignment(r),
        .name = {.name = name, .name_len = len},
    };
    wire_info_all_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

/* The stream as it was spelled when it was made. */
static const char *true_stream(const struct core_request *r)
{
    const char *asked = r->open->stream;
    for (size_t i = 0; asked != NULL && i < r->op.stream_count; i++) {
        const struct vfs_stream *s = &r->op.streams[i];
        if (utf8_casecmp(s->name, s->name_len, asked, strlen(asked)) == 0)
            return s->name;
    }
    return asked;
}

/* Relative to the share, without a leading backslash. */
static smbkit_status fill_normalized_name(struct core_request *r, struct builder *b)
{
    uint16_t dialect = request_conn(r)->dialect;
    struct wire_info_name v;
    if (dialect != SMB2_DIALECT_300 && dialect != SMB2_DIALECT_311)
        return SMBKIT_STATUS_NOT_SUPPORTED; /* 3.3.5.20.1 */
    v.name = wire_path(r, "", true_stream(r), &v.name_len);
    if (v.name == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    wire_info_name_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status fill_alternate_name(struct core_request *r, struct builder *b)
{
    const char *slash = strrchr(r->open->path, '/');
    const char *name = slash != NULL ? slash + 1 : r->open->path;
    char made[VFS_SHORT_MAX + 1];
    if (!vfs_short_is(name, strlen(name))) {
        if (!request_core(r)->config.short_names || *name == '\0')
            return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
        vfs_short_make(name, strlen(name), made);
        name = made;
    }
    struct wire_info_name v = {.name = name, .name_len = strlen(name)};
    wire_info_name_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static enum wire_fit add_stream(struct wire_chain *list, struct arena *a,
                                const struct vfs_stream *in)
{
    static const char type[] = ":$DATA";
    size_t len = 1 + in->name_len + sizeof type - 1;
    char *name = arena_alloc(a, len);
    if (name == NULL)
        return WIRE_FIT_NO_MEMORY;
    name[0] = ':';
    memcpy(name + 1, in->name, in->name_len);
    memcpy(name + 1 + in->name_len, type, sizeof type - 1);
    struct wire_info_stream v = {
        .size = in->size, .allocation_size = in->alloc_size, .name = name, .name_len = len};
    return wire_info_stream_add(list, &v);
}

static smbkit_status fill_stream(struct core_request *r, struct builder *b)
{
    struct wire_chain list;
    wire_chain_init(&list, b, r->in.query_info.output_length, WIRE_STREAM_ALIGN);
    for (size_t i = 0; i < r->op.stream_count; i++) {
        enum wire_fit fit = add_stream(&list, request_arena(r), &r->op.streams[i]);
        if (fit == WIRE_FIT_FULL)
            return SMBKIT_STATUS_BUFFER_OVERFLOW;
        if (fit == WIRE_FIT_NO_MEMORY)
            return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    return SMBKIT_STATUS_SUCCESS;
}

/* [MS-FSA] has these for named pipes only; Windows file systems say INVALID_PARAMETER. */
static smbkit_status fill_pipe(struct core_request *r, struct builder *b)
{
    if (r->open->pipe == NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    struct wire_info_pipe v = pipe_get_info(r->open);
    wire_info_pipe_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status fill_pipe_local(struct core_request *r, struct builder *b)
{
    if (r->open->pipe == NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    struct wire_info_pipe_local v = pipe_get_local_info(r->open);
    wire_info_pipe_local_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

/* Nothing is collected before it is sent. */
static smbkit_status fill_pipe_remote(struct core_request *r, struct builder *b)
{
    struct wire_info_pipe_remote v = {0};
    if (r->open->pipe == NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    wire_info_pipe_remote_encode(b, &v);
    return SMBKIT_STATUS_SUCCESS;
}

static const struct query_class classes[] = {
    {FileBasicInformation, QUERY_ATTR, fill_basic},
    {FileStandardInformation, QUERY_ATTR, fill_standard},
    {FileInternalInformation, QUERY_OPEN, fill_internal},
    {FileEaInformation, QUERY_ATTR, fill_ea_size},
    {FileAccessInformation, QUERY_OPEN, fill_access},
    {FilePositionInformation, QUERY_OPEN, fill_position},
    {FileFullEaInformation, QUERY_EAS, query_fill_full_ea},
    {FileModeInformation, QUERY_OPEN, fill_mode},
    {FileAlignmentInformation, QUERY_OPEN, fill_alignment},
    {FileAllInformation, QUERY_ATTR, fill_all},
    {FileAlternateNameInformation, QUERY_OPEN, fill_alternate_name},
    {FileStreamInformation, QUERY_STREAMS, fill_stream},
    {FilePipeInformation, QUERY_OPEN, fill_pipe},
    {FilePipeLocalInformation, QUERY_OPEN, fill_pipe_local},
    {FilePipeRemoteInformation, QUERY_OPEN, fill_pipe_remote},
    {FileCompressionInformation, QUERY_ATTR, fill_compression},
    {FileNetworkOpenInformation, QUERY_ATTR, fill_network_open},
    {FileAttributeTagInformation, QUERY_ATTR, fill_attribute_tag},
    {FileNormalizedNameInformation, QUERY_STREAM, fill_normalized_name},
    {FileIdInformation, QUERY_STATFS, fill_id},
};

const struct query_class *query_file_class(uint8_t num)
{
    return query_class_find(classes, ARRAY_LEN(classes), num);
}
