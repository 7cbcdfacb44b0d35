// SPDX-License-Identifier: Apache-2.0
/*
 * The null plugin: a share that costs nothing, to measure everything else. Its root holds one file
 * of any size that reads as zeros or as a pattern; what is written, there or to new files, is
 * thrown away.
 *
 * A handle has a file's size for itself: the file of the share begins at `size`, a new file at 0,
 * and writing or cutting changes only what this handle sees. So nothing is shared but constants,
 * and no lock is needed; the size is atomic because requests on one handle run at the same time.
 * A new file is gone when its handle is closed.
 *
 * Threads: SMBKIT_THREAD_ASYNC; every callback answers at once.
 */
#include <stdatomic.h>
#include <string.h>

#include <smbkit/vfs.h>

struct null_volume {
    uint64_t size;
    uint64_t create_time;
    uint32_t serial;
    bool pattern;
    const char *name;
    _Atomic uint64_t last_id;
    char name_text[]; /* what `name` points to */
};

struct null_file {
    uint64_t id;
    bool folder;
    uint64_t time;
    _Atomic uint64_t size;
};

#define ROOT_ID 1u
#define FILE_ID 2u

#define WORD sizeof(uint64_t)

/* Reads up to this long are answered with these bytes in place. Nothing writes here, so that the
   kernel backs it all with one page. */
static const uint8_t zeros[8u << 20];

/* --- the share --- */

static bool name_ok(const char *name)
{
    return name[0] != '\0' && strlen(name) <= 255 && strpbrk(name, "/\\:*?\"<>|") == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static smbkit_status null_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                     size_t count, void **vol)
{
    const char *name = smbkit_arg_text(args, count, "name");
    const char *content = smbkit_arg_text(args, count, "content");
    bool pattern = strcmp(content, "pattern") == 0;
    if (!pattern && strcmp(content, "zeros") != 0) {
        smbkit_error(share, "content=%s: it can be zeros or pattern", content);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    if (!name_ok(name)) {
        smbkit_error(share, "name=%s is not a name that a file can have", name);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    size_t len = strlen(name);
    struct null_volume *v = smbkit_alloc(sizeof(*v) + len + 1);
    if (v == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    memcpy(v->name_text, name, len);
    v->name = v->name_text;
    v->pattern = pattern;
    v->size = smbkit_arg_number(args, count, "size");
    v->create_time = smbkit_share_time(share);
    v->last_id = FILE_ID;
    smbkit_random(share, &v->serial, sizeof(v->serial));
    *vol = v;
    return SMBKIT_STATUS_SUCCESS;
}

static void null_share_close(void *vol)
{
    smbkit_free(vol);
}

static void null_statfs(struct smbkit_op *op, void *vol)
{
    const struct null_volume *v = vol;
    const struct smbkit_statfs st = {
        .total_bytes = 1ull << 60,
        .free_bytes = 1ull << 60,
        .block_size = 4096,
        .serial = v->serial,
        .create_time = v->create_time,
    };
    smbkit_reply_statfs(op, &st);
}

/* --- files --- */

static struct smbkit_attr attr_of(const struct null_file *f)
{
    uint64_t size = f->folder ? 0 : f->size;
    return (struct smbkit_attr){
        .file_id = f->id,
        .size = size,
        .alloc_size = (size + 4095) & ~4095ull,
        .create_time = f->time,
        .access_time = f->time,
        .write_time = f->time,
        .change_time = f->time,
        .attributes = f->folder ? SMBKIT_ATTR_DIRECTORY : SMBKIT_ATTR_ARCHIVE,
    };
}

static void answer_open(struct smbkit_op *op, uint64_t id, uint64_t size, uint64_t time,
                        const char *path)
{
    struct null_file *f = smbkit_alloc(sizeof(*f));
    if (f == NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    f->id = id;
    f->folder = id == ROOT_ID;
    f->size = size;
    f->time = time;
    const struct smbkit_attr attr = attr_of(f);
    smbkit_reply_open(op, f, &attr, path);
}

static bool is_the_file(const struct null_volume *v, const char *path)
{
    return smbkit_name_compare(path, strlen(path), v->name, strlen(v->name)) == 0;
}

static void null_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    const struct null_volume *v = vol;
    if (args->stream != NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    else if (args->path[0] == '\0')
        answer_open(op, ROOT_ID, 0, v->create_time, NULL);
    else if (is_the_file(v, args->path))
        answer_open(op, FILE_ID, v->size, v->create_time, v->name);
    else
        smbkit_reply_status(op, strchr(args->path, '/') != NULL
                                    ? SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND
                                    : SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void null_create(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args)
{
    struct null_volume *v = vol;
    if (args->stream != NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_SUPPORTED);
    else if (strchr(args->path, '/') != NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    else if (args->attributes & SMBKIT_ATTR_DIRECTORY)
        smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
    else if (args->path[0] == '\0' || is_the_file(v, args->path))
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    else
        answer_open(op, ++v->last_id, 0, smbkit_op_time(op), NULL);
}

/* Deleting succeeds: a new file goes anyway, and the other one is there again at once. */
static void null_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    const struct null_file *f = file;
    bool root = f->folder && (flags & SMBKIT_CLEANUP_DELETE);
    smbkit_reply_status(op, root ? SMBKIT_STATUS_CANNOT_DELETE : SMBKIT_STATUS_SUCCESS);
}

static void null_close(void *vol, void *file)
{
    smbkit_free(file);
}

static void null_getattr(struct smbkit_op *op, void *vol, void *file)
{
    const struct smbkit_attr attr = attr_of(file);
    smbkit_reply_attr(op, &attr);
}

/* --- data --- */

/* Each aligned word of a pattern is its own offset, little-endian: whoever reads it can tell what
   came from where. */
static void fill_pattern(uint8_t *dst, uint64_t offset, uint32_t length)
{
    for (uint32_t i = 0; i < length;) {
        uint64_t word = (offset + i) & ~(uint64_t)(WORD - 1);
        uint8_t bytes[WORD];
        for (unsigned b = 0; b < WORD; b++)
            bytes[b] = (uint8_t)(word >> (8 * b));
        unsigned skip = (unsigned)((offset + i) % WORD);
        uint32_t n = WORD - skip < length - i ? (uint32_t)(WORD - skip) : length - i;
        memcpy(dst + i, bytes + skip, n);
        i += n;
    }
}

static void null_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    const struct null_volume *v = vol;
    const struct null_file *f = file;
    if (f->folder) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    uint64_t size = f->size;
    uint64_t left = offset < size ? size - offset : 0;
    if (left < length)
        length = (uint32_t)left;
    if (length > 0 && !v->pattern && length <= sizeof(zeros)) {
        smbkit_reply_read_ref(op, zeros, length, NULL, NULL);
        return;
    }
    uint8_t *buffer = length > 0 ? smbkit_op_buffer(op) : NULL;
    if (length > 0 && buffer == NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    if (length > 0 && v->pattern)
        fill_pattern(buffer, offset, length);
    else if (length > 0)
        memset(buffer, 0, length);
    smbkit_reply_read(op, length);
}

static void null_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                       const void *data, uint32_t length)
{
    struct null_file *f = file;
    if (f->folder) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    if (offset > (uint64_t)INT64_MAX - length) {
        smbkit_reply_status(op, SMBKIT_STATUS_DISK_FULL);
        return;
    }
    uint64_t size = f->size;
    while (offset + length > size &&
           !atomic_compare_exchange_weak(&f->size, &size, offset + length)) {
    }
    null_getattr(op, vol, file);
}

static void null_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct null_file *f = file;
    if (f->folder) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    f->size = size;
    null_getattr(op, vol, file);
}

static void null_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                            uint64_t length)
{
    null_getattr(op, vol, file);
}

static void null_readdir(struct smbkit_op *op, void *vol, void *dir,
                         const struct smbkit_readdir_args *args)
{
    const struct null_volume *v = vol;
    const struct null_file *f = dir;
    if (!f->folder) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    const struct null_file it = {.id = FILE_ID, .time = v->create_time, .size = v->size};
    const struct smbkit_attr attr = attr_of(&it);
    bool end = args->cookie != 0 || smbkit_dir_add(op, v->name, &attr, 1);
    smbkit_reply_readdir(op, end);
}

/* --- the plugin --- */

static const struct smbkit_param null_params[] = {
    {.name = "size",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .max = 1ull << 60,
     .default_value = "1T",
     .text = "size of the file"},
    {.name = "name",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "data",
     .text = "name of the file"},
    {.name = "content",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "zeros",
     .text = "what it reads as: zeros, or pattern (each 8 bytes are their own offset)"},
    {.name = NULL},
};

SMBKIT_PLUGIN_TABLE = {
    SMBKIT_PLUGIN_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "null",
    .version = SMBKIT_VERSION,
    .summary = "a file of any size that reads as zeros or a pattern, and swallows writes",
    .fs_name = "NTFS",
    .params = null_params,
    .vfs =
        &(const struct smbkit_vfs){
            .share_open = null_share_open,
            .share_close = null_share_close,
            .statfs = null_statfs,
            .open = null_open,
            .create = null_create,
            .cleanup = null_cleanup,
            .close = null_close,
            .read = null_read,
            .write = null_write,
            .getattr = null_getattr,
            .set_size = null_set_size,
            .readdir = null_readdir,
            .zero_range = null_zero_range,
        },
};
