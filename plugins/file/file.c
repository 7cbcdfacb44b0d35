// SPDX-License-Identifier: Apache-2.0
/* The file plugin: the share and its callbacks. See file.h. */
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define EPOCH_1601  116444736000000000ull
#define TICKS_PER_S 10000000ull
#define ROOT_ID     1u
#define FILES_MAX   4096u

struct file_open_file {
    int fd; /* -1: the root */
};

/* --- attributes --- */

static uint64_t filetime(const struct timespec *t)
{
    if (t->tv_sec < -(int64_t)(EPOCH_1601 / TICKS_PER_S))
        return 0;
    return EPOCH_1601 + (uint64_t)t->tv_sec * TICKS_PER_S + (uint64_t)t->tv_nsec / 100;
}

/* A block device says its size only when asked for its end. */
static uint64_t size_of(int fd, const struct stat *st)
{
    if (!S_ISBLK(st->st_mode))
        return (uint64_t)st->st_size;
    off_t end = lseek(fd, 0, SEEK_END);
    return end > 0 ? (uint64_t)end : 0;
}

static void fill_attr(int fd, const struct stat *st, struct smbkit_attr *a)
{
    uint64_t id = st->st_ino ^ ((uint64_t)st->st_dev * 0x9e3779b97f4a7c15ull);
    uint64_t m = filetime(&st->st_mtim), c = filetime(&st->st_ctim);
    *a = (struct smbkit_attr){
        .file_id = id > ROOT_ID ? id : id + 2,
        .size = size_of(fd, st),
        .alloc_size = (uint64_t)st->st_blocks * 512,
        .create_time = m < c ? m : c,
        .access_time = filetime(&st->st_atim),
        .write_time = m,
        .change_time = c,
        .attributes = SMBKIT_ATTR_READONLY,
    };
}

static void fill_root(const struct file_volume *v, struct smbkit_attr *a)
{
    uint64_t t = v->create_time;
    *a = (struct smbkit_attr){
        .file_id = ROOT_ID,
        .create_time = t,
        .access_time = t,
        .write_time = t,
        .change_time = t,
        .attributes = SMBKIT_ATTR_DIRECTORY,
    };
}

static smbkit_status get_attr(const struct file_volume *v, const struct file_open_file *h,
                              struct smbkit_attr *a)
{
    struct stat st;
    if (h->fd < 0)
        fill_root(v, a);
    else if (fstat(h->fd, &st) == 0)
        fill_attr(h->fd, &st, a);
    else
        return smbkit_status_from_errno(errno);
    return SMBKIT_STATUS_SUCCESS;
}

/* --- files --- */

static struct file_item *find(const struct file_volume *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (smbkit_name_compare(v->items[i].name, strlen(v->items[i].name), name, strlen(name)) ==
            0)
            return &v->items[i];
    return NULL;
}

/* -1 and errno. Only what can be read at any place is served; O_NONBLOCK keeps a pipe from holding
   us up before we know that it is one. */
static int open_item(const struct file_item *it)
{
    struct stat st;
    int fd = open(it->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
        return fd;
    close(fd);
    errno = EACCES;
    return -1;
}

static void file_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    const struct file_volume *v = vol;
    const struct file_item *it = NULL;
    struct smbkit_attr attr;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    struct file_open_file *h = smbkit_alloc(sizeof(*h));
    if (h != NULL)
        h->fd = -1;
    if (h == NULL) {
        status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    } else if (args->path[0] != '\0') {
        it = find(v, args->path);
        if (it != NULL)
            h->fd = open_item(it);
        if (it == NULL)
            status = strchr(args->path, '/') != NULL ? SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND
                                                     : SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
        else if (h->fd < 0)
            status = smbkit_status_from_errno(errno);
    }
    if (status == SMBKIT_STATUS_SUCCESS && args->stream != NULL)
        status = SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (status == SMBKIT_STATUS_SUCCESS)
        status = get_attr(v, h, &attr);
    if (status == SMBKIT_STATUS_SUCCESS) {
        smbkit_reply_open(op, h, &attr, it != NULL ? it->name : NULL);
        return;
    }
    if (h != NULL && h->fd >= 0)
        close(h->fd);
    smbkit_free(h);
    smbkit_reply_status(op, status);
}

static void file_close(void *vol, void *file)
{
    struct file_open_file *h = file;
    if (h->fd >= 0)
        close(h->fd);
    smbkit_free(h);
}

static void file_getattr(struct smbkit_op *op, void *vol, void *file)
{
    struct smbkit_attr attr;
    smbkit_status status = get_attr(vol, file, &attr);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}

static void file_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    const struct file_open_file *h = file;
    if (h->fd < 0) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    uint8_t *buffer = smbkit_op_buffer(op);
    if (buffer == NULL && length > 0) {
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    uint32_t done = 0;
    while (done < length && offset + done <= INT64_MAX) {
        ssize_t n = pread(h->fd, buffer + done, length - done, (off_t)(offset + done));
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR) {
            smbkit_reply_status(op, smbkit_status_from_errno(errno));
            return;
        }
        done += n > 0 ? (uint32_t)n : 0;
    }
    smbkit_reply_read(op, done);
}

/* The cookie is the number of the next file; files that are not there are left out. */
static void file_readdir(struct smbkit_op *op, void *vol, void *dir,
                         const struct smbkit_readdir_args *args)
{
    const struct file_volume *v = vol;
    bool room = true;
    if (((struct file_open_file *)dir)->fd >= 0) {
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    for (size_t i = args->cookie; i < v->count && room; i++) {
        struct smbkit_attr attr;
        struct stat st;
        int fd = open_item(&v->items[i]);
        if (fd < 0)
            continue;
        if (fstat(fd, &st) == 0) {
            fill_attr(fd, &st, &attr);
            room = smbkit_dir_add(op, v->items[i].name, &attr, i + 1);
        }
        close(fd);
    }
    smbkit_reply_readdir(op, room);
}

/* As much as the files take, and nothing free. */
static void file_statfs(struct smbkit_op *op, void *vol)
{
    const struct file_volume *v = vol;
    struct smbkit_statfs fs = {.serial = v->serial, .create_time = v->create_time};
    for (size_t i = 0; i < v->count; i++) {
        struct stat st;
        if (stat(v->items[i].path, &st) == 0 && S_ISREG(st.st_mode))
            fs.total_bytes += ((uint64_t)st.st_size + 4095) & ~4095ull;
    }
    smbkit_reply_statfs(op, &fs);
}

/* --- the share --- */

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > 255 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || strchr("\"*:<>?\\|", name[i]) != NULL)
            return false;
    return true;
}

/* Adds one path; says what is wrong with it otherwise. */
static bool add_item(struct file_volume *v, char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct file_item it = {.path = path, .name = name, .watch_file = -1, .watch_folder = -1};
    int fd = open_item(&it);
    if (fd < 0) {
        smbkit_error(v->share, "%s: %s", path,
                     errno == EACCES ? "cannot be read, or is not a file" : strerror(errno));
        return false;
    }
    close(fd);
    if (!name_ok(name)) {
        smbkit_error(v->share, "%s: clients cannot use this name", path);
        return false;
    }
    if (find(v, name) != NULL) {
        smbkit_error(v->share, "%s: there is another file of that name", path);
        return false;
    }
    struct file_item *items = smbkit_realloc(v->items, (v->count + 1) * sizeof(it));
    if (items == NULL || v->count == FILES_MAX) {
        v->items = items != NULL ? items : v->items;
        smbkit_error(v->share, "too many files");
        return false;
    }
    v->items = items;
    v->items[v->count++] = it;
    return true;
}

/* Splits the list in place. */
static bool add_items(struct file_volume *v)
{
    for (char *at = v->paths; at != NULL;) {
        char *colon = strchr(at, ':');
        if (colon != NULL)
            *colon = '\0';
        if (!add_item(v, at))
            return false;
        at = colon != NULL ? colon + 1 : NULL;
    }
    return true;
}

static void file_share_close(void *vol)
{
    struct file_volume *v = vol;
    file_watch_stop(v);
    smbkit_free(v->items);
    smbkit_free(v->paths);
    smbkit_free(v);
}

static smbkit_status file_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                     size_t count, void **vol)
{
    struct file_volume *v = smbkit_alloc(sizeof(*v));
    if (v == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    v->share = share;
    v->inotify = v->stop = -1;
    v->create_time = smbkit_share_time(share);
    smbkit_random(share, &v->serial, sizeof(v->serial));
    v->paths = smbkit_arg_copy(args, count, "path");
    if (v->paths == NULL || !add_items(v)) {
        file_share_close(v);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    file_watch_start(v);
    *vol = v;
    return SMBKIT_STATUS_SUCCESS;
}

/* --- the plugin --- */

static const struct smbkit_param file_params[] = {
    {.name = "path",
     .type = SMBKIT_PARAM_STRING,
     .text = "the files, with ':' between their paths"},
    {.name = NULL},
};

SMBKIT_PLUGIN_TABLE = {
    SMBKIT_PLUGIN_INIT,
    .thread_model = SMBKIT_THREAD_PARALLEL,
    .name = "file",
    .version = SMBKIT_VERSION,
    .summary = "some files of this machine, read-only",
    .fs_name = "NTFS",
    .capabilities = SMBKIT_CAP_READ_ONLY | SMBKIT_CAP_CHANGE_SOURCE,
    .params = file_params,
    .vfs =
        &(const struct smbkit_vfs){
            .share_open = file_share_open,
            .share_close = file_share_close,
            .statfs = file_statfs,
            .open = file_open,
            .close = file_close,
            .read = file_read,
            .getattr = file_getattr,
            .readdir = file_readdir,
        },
};
