// SPDX-License-Identifier: Apache-2.0
/*
 * A plugin of version 1 of the interface, kept as a binary (old_vfs-amd64.so) so that a later
 * server can show that it still loads it. Not to be changed: what a later version brings is tested
 * elsewhere. Built by tests/abi/build.sh.
 *
 * One folder with up to eight files of at most 4 KiB, without regard to who asks; one call at a
 * time.
 */
#include <smbkit/vfs.h>
#include <string.h>

#define FILES 8
#define BYTES 4096u
#define ROOT  (&vol->files[FILES])

struct file {
    bool used, named;
    unsigned opens;
    char name[64];
    uint32_t size;
    uint64_t time;
    uint32_t attributes;
    uint8_t data[BYTES];
};

struct volume {
    struct smbkit_share *share;
    uint64_t room;
    struct file files[FILES + 1]; /* the last one is the folder */
};

static smbkit_status old_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                    size_t count, void **out)
{
    struct volume *vol = smbkit_alloc(sizeof(*vol));
    uint8_t byte;
    if (vol == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (strcmp(smbkit_arg_text(args, count, "mode"), "broken") == 0) {
        smbkit_error(share, "broken, as was asked for");
        smbkit_free(vol);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    smbkit_random(share, &byte, 1);
    vol->share = share;
    vol->room = smbkit_arg_number(args, count, "room");
    vol->files[FILES].attributes = SMBKIT_ATTR_DIRECTORY;
    vol->files[FILES].time = smbkit_share_time(share);
    if (!smbkit_arg_bool(args, count, "readable"))
        smbkit_share_lacks(share, SMBKIT_CAP_STABLE_IDS);
    smbkit_log(share, SMBKIT_LOG_INFO, "%s is open, with %llu ms to wait", smbkit_share_name(share),
               (unsigned long long)smbkit_arg_duration(args, count, "wait"));
    *out = vol;
    return SMBKIT_STATUS_SUCCESS;
}

static void old_share_close(void *vol)
{
    smbkit_free(vol);
}

static struct smbkit_attr attr_of(const struct volume *vol, const struct file *f)
{
    return (struct smbkit_attr){
        .file_id = (uint64_t)(f - vol->files) + 1,
        .size = f->size,
        .alloc_size = f->size,
        .create_time = f->time,
        .access_time = f->time,
        .write_time = f->time,
        .change_time = f->time,
        .attributes = f->attributes,
    };
}

static void reply_attr(struct smbkit_op *op, const struct volume *vol, const struct file *f)
{
    struct smbkit_attr attr = attr_of(vol, f);
    smbkit_reply_attr(op, &attr);
}

static void reply_open(struct smbkit_op *op, const struct volume *vol, struct file *f)
{
    struct smbkit_attr attr = attr_of(vol, f);
    f->opens++;
    smbkit_reply_open(op, f, &attr, f->name);
}

static struct file *find(struct volume *vol, const char *path)
{
    if (path[0] == '\0')
        return ROOT;
    for (struct file *f = vol->files; f < ROOT; f++)
        if (f->named && smbkit_name_compare(path, strlen(path), f->name, strlen(f->name)) == 0)
            return f;
    return NULL;
}

static void old_statfs(struct smbkit_op *op, void *v)
{
    const struct volume *vol = v;
    smbkit_reply_statfs(op, &(struct smbkit_statfs){.total_bytes = vol->room,
                                                    .free_bytes = vol->room / 2,
                                                    .device_free_bytes = vol->room,
                                                    .label = "version 1"});
}

static void old_open(struct smbkit_op *op, void *v, const struct smbkit_open_args *args)
{
    struct volume *vol = v;
    struct file *f = find(vol, args->path);
    if (f != NULL)
        reply_open(op, vol, f);
    else
        smbkit_reply_status(op, strchr(args->path, '/') != NULL
                                    ? SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND
                                    : SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void old_create(struct smbkit_op *op, void *v, const struct smbkit_create_args *args)
{
    struct volume *vol = v;
    struct file *f = vol->files;
    if (find(vol, args->path) != NULL || strlen(args->path) >= sizeof(f->name) ||
        args->attributes & SMBKIT_ATTR_DIRECTORY) {
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
        return;
    }
    while (f < ROOT && f->used)
        f++;
    if (f == ROOT) {
        smbkit_reply_status(op, SMBKIT_STATUS_DISK_FULL);
        return;
    }
    *f = (struct file){.used = true, .named = true, .attributes = args->attributes};
    memcpy(f->name, args->path, strlen(args->path));
    f->time = smbkit_op_time(op);
    reply_open(op, vol, f);
}

static void old_cleanup(struct smbkit_op *op, void *vol, void *file, uint32_t flags)
{
    struct file *f = file;
    if (flags & SMBKIT_CLEANUP_DELETE)
        f->named = false;
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

static void old_close(void *vol, void *file)
{
    struct file *f = file;
    if (--f->opens == 0 && !f->named)
        f->used = false;
}

static void old_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    const struct file *f = file;
    uint32_t n = offset < f->size ? f->size - (uint32_t)offset : 0;
    uint8_t *buffer = smbkit_op_buffer(op);
    if (n > length)
        n = length;
    if (buffer == NULL) {
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    if (n > 0)
        memcpy(buffer, f->data + offset, n);
    smbkit_reply_read(op, n);
}

static void old_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                      const void *data, uint32_t length)
{
    struct file *f = file;
    if (offset > BYTES || length > BYTES - offset) {
        smbkit_reply_status(op, SMBKIT_STATUS_DISK_FULL);
        return;
    }
    memcpy(f->data + offset, data, length);
    if (f->size < offset + length)
        f->size = (uint32_t)offset + length;
    f->time = smbkit_op_time(op);
    reply_attr(op, vol, f);
}

static void old_getattr(struct smbkit_op *op, void *vol, void *file)
{
    reply_attr(op, vol, file);
}

static void old_setattr(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *attr,
                        uint32_t which)
{
    struct file *f = file;
    if (which & SMBKIT_SET_WRITE_TIME)
        f->time = attr->write_time;
    if (which & SMBKIT_SET_ATTRIBUTES)
        f->attributes = attr->attributes;
    reply_attr(op, vol, f);
}

static void old_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct file *f = file;
    if (size > BYTES) {
        smbkit_reply_status(op, SMBKIT_STATUS_DISK_FULL);
        return;
    }
    if (size > f->size)
        memset(f->data + f->size, 0, size - f->size);
    f->size = (uint32_t)size;
    reply_attr(op, vol, f);
}

static void old_readdir(struct smbkit_op *op, void *v, void *dir,
                        const struct smbkit_readdir_args *args)
{
    struct volume *vol = v;
    bool all = true;
    for (uint64_t i = args->cookie; i < FILES && all; i++) {
        const struct file *f = &vol->files[i];
        struct smbkit_attr attr = attr_of(vol, f);
        if (f->named)
            all = smbkit_dir_add(op, f->name, &attr, i + 1);
    }
    smbkit_reply_readdir(op, all);
}

static void old_rename(struct smbkit_op *op, void *v, void *file, const char *to, uint32_t flags)
{
    struct volume *vol = v;
    struct file *f = file, *there = find(vol, to);
    if (strlen(to) >= sizeof(f->name)) {
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_NAME_INVALID);
        return;
    }
    if (there != NULL && there != f && !(flags & SMBKIT_RENAME_REPLACE)) {
        smbkit_reply_status(op, SMBKIT_STATUS_OBJECT_NAME_COLLISION);
        return;
    }
    if (there != NULL && there != f)
        there->named = false;
    memcpy(f->name, to, strlen(to) + 1);
    smbkit_notify(vol->share, f->name, SMBKIT_ACTION_MODIFIED);
    reply_attr(op, vol, f);
}

static void old_copy_range(struct smbkit_op *op, void *vol, void *file,
                           const struct smbkit_copy_args *args)
{
    const struct file *from = args->from;
    struct file *to = file;
    if (args->to_offset > BYTES || args->length > BYTES - args->to_offset ||
        args->from_offset > from->size || args->length > from->size - args->from_offset) {
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_SUPPORTED);
        return;
    }
    memmove(to->data + args->to_offset, from->data + args->from_offset, args->length);
    if (to->size < args->to_offset + args->length)
        to->size = (uint32_t)(args->to_offset + args->length);
    reply_attr(op, vol, to);
}

static void old_fsctl(struct smbkit_op *op, void *vol, void *file,
                      const struct smbkit_fsctl_args *args)
{
    if (args->code == SMBKIT_FSCTL_PIPE_TRANSCEIVE && args->in_len > 0)
        smbkit_reply_data(op, args->in, args->in_len);
    else
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
}

static const struct smbkit_param params[] = {
    {.name = "room",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .min = 1024,
     .max = 1u << 30,
     .default_value = "1M",
     .text = "space that is shown"},
    {.name = "wait",
     .type = SMBKIT_PARAM_DURATION,
     .max = 1000,
     .default_value = "10ms",
     .text = "nothing, a time"},
    {.name = "readable", .type = SMBKIT_PARAM_BOOL, .default_value = "on", .text = "nothing"},
    {.name = "mode",
     .type = SMBKIT_PARAM_CHOICE,
     .values = "whole|broken",
     .default_value = "whole",
     .text = "broken: the share cannot be opened"},
    {.name = NULL},
};

static const struct smbkit_vfs old_vfs = {
    .share_open = old_share_open,
    .share_close = old_share_close,
    .statfs = old_statfs,
    .open = old_open,
    .create = old_create,
    .cleanup = old_cleanup,
    .close = old_close,
    .read = old_read,
    .write = old_write,
    .getattr = old_getattr,
    .setattr = old_setattr,
    .set_size = old_set_size,
    .readdir = old_readdir,
    .rename = old_rename,
    .copy_range = old_copy_range,
    .fsctl = old_fsctl,
};

SMBKIT_API const struct smbkit_plugin smbkit_plugin = {
    SMBKIT_PLUGIN_INIT,
    .thread_model = SMBKIT_THREAD_SERIAL,
    .name = "old-vfs",
    .version = "1",
    .summary = "a plugin of version 1 of the interface",
    .fs_name = "NTFS",
    .capabilities = SMBKIT_CAP_STABLE_IDS,
    .params = params,
    .vfs = &old_vfs,
};
