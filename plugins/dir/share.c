// SPDX-License-Identifier: Apache-2.0
/* A share of the dir plugin: its parameters, its space, and the table of callbacks. */
#include "volume.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DESCRIPTORS_MAX (1u << 20)

/* --- parameters --- */

/* In the order of the enums. */
#define LINKS      "follow|reparse|refuse"
#define MAKE_LINKS "below|any|off"

/* An octal mode, or -1 for an empty value. */
static bool parse_mode(const char *text, int *mode)
{
    char *end;
    *mode = -1;
    if (text[0] == '\0')
        return true;
    unsigned long m = strtoul(text, &end, 8);
    *mode = (int)m;
    return *end == '\0' && m <= 07777 && text[0] >= '0' && text[0] <= '7';
}

/* Which of "a|b|c" it is: the library has seen to it that it is one. */
static unsigned choice(const char *values, const char *text)
{
    unsigned n = 0;
    size_t len = strlen(text);
    while (strncmp(values, text, len) != 0 || (values[len] != '|' && values[len] != '\0')) {
        values += strcspn(values, "|") + 1;
        n++;
    }
    return n;
}

static bool parse(struct dir_volume *v, struct smbkit_share *share, const struct smbkit_arg *args,
                  size_t count)
{
    uint64_t limit = smbkit_arg_number(args, count, "index-memory");
    const char *acls = smbkit_arg_text(args, count, "acls");
    v->hide_dots = smbkit_arg_bool(args, count, "hide-dot-files");
    v->trees.max = (size_t)smbkit_arg_number(args, count, "watch-folders");
    v->index_limit = limit < SIZE_MAX ? (size_t)limit : SIZE_MAX;
    v->links = (enum dir_links)choice(LINKS, smbkit_arg_text(args, count, "links"));
    v->make_links =
        (enum dir_make_links)choice(MAKE_LINKS, smbkit_arg_text(args, count, "make-links"));
    if (!dir_acls_choose(v, acls)) {
        smbkit_error(share, "acls=%s: it can be auto, off, or an attribute like user.NTACL", acls);
        return false;
    }
    if (!parse_mode(smbkit_arg_text(args, count, "file-mode"), &v->file_mode) ||
        !parse_mode(smbkit_arg_text(args, count, "folder-mode"), &v->folder_mode)) {
        smbkit_error(share, "file-mode and folder-mode are octal numbers like 0640");
        return false;
    }
    return dir_users_init(&v->users, smbkit_arg_text(args, count, "as"), share);
}

/* --- opening and closing --- */

/* The root is from now on the folder `below` it. No link is followed on the way, and nothing that
   others do meanwhile leads out of it. */
static bool go_below(struct dir_volume *v, const char *below)
{
    if (below[0] == '\0')
        return true;
    int fd = fs_open(v->root, below, FS_SEE | FS_FOLDER, 0);
    if (fd < 0)
        return false;
    close(v->root);
    v->root = fd;
    return true;
}

static bool open_root(struct dir_volume *v, struct smbkit_share *share, const char *path,
                      const char *below)
{
    struct statx st;
    v->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (v->root < 0 || !go_below(v, below) || fs_stat(v->root, "", &st) < 0) {
        smbkit_error(share, "%s%s%s: %s", path, below[0] != '\0' ? "/" : "", below,
                     strerror(errno));
        return false;
    }
    v->dev = dir_dev(&st);
    int fd = fs_open(v->root, "", FS_SEE | FS_FOLDER, 0);
    if (fd < 0) {
        smbkit_error(share, "%s: %s", path,
                     errno == ENOSYS ? "the kernel has no openat2 (Linux 5.6)" : strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

/* What the disk or the parameters do not give. */
static void tell_lacks(const struct dir_volume *v, struct smbkit_share *share)
{
    struct fs_name root = fs_name(v->root, NULL);
    uint32_t lacks = v->links != DIR_LINKS_REPARSE ? SMBKIT_CAP_REPARSE_POINTS : 0;
    bool acls = v->acl_xattr[0] != '\0' &&
                (getxattr(root.text, v->acl_xattr, NULL, 0) >= 0 || errno != ENOTSUP);
    if (!acls)
        lacks |= SMBKIT_CAP_ACLS;
    if (getxattr(root.text, DOSATTR_XATTR, NULL, 0) < 0 && errno == ENOTSUP)
        lacks |= SMBKIT_CAP_STREAMS | SMBKIT_CAP_EXTENDED_ATTRS;
    if (!dir_can_clone(v->root))
        lacks |= SMBKIT_CAP_CLONE;
    if (!v->compresses)
        lacks |= SMBKIT_CAP_COMPRESSION;
    if (!v->quotas.on)
        lacks |= SMBKIT_CAP_QUOTAS;
    smbkit_share_lacks(share, lacks);
}

/* Each open file takes a descriptor; the usual soft limit is made for programs that use select. */
static void raise_descriptor_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= DESCRIPTORS_MAX)
        return;
    r.rlim_cur = r.rlim_max < DESCRIPTORS_MAX ? r.rlim_max : DESCRIPTORS_MAX;
    (void)setrlimit(RLIMIT_NOFILE, &r);
}

static void dir_share_close(void *vol)
{
    struct dir_volume *v = vol;
    dir_watch_quit(v->watch);
    if (v->folders != NULL)
        dir_folders_free(v);
    dir_watch_free(v->watch);
    dir_users_free(&v->users);
    dir_quotas_free(v);
    if (v->root >= 0)
        close(v->root);
    pthread_mutex_destroy(&v->trees.lock);
    pthread_mutex_destroy(&v->lock);
    smbkit_free(v->folders);
    smbkit_free(v->nodes);
    smbkit_free(v);
}

static smbkit_status dir_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                    size_t count, void **vol)
{
    struct dir_volume *v = smbkit_alloc(sizeof(*v));
    if (v == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    v->share = share;
    v->root = -1;
    pthread_mutex_init(&v->lock, NULL);
    pthread_mutex_init(&v->trees.lock, NULL);
    pthread_mutex_init(&v->quotas.lock, NULL);
    smbkit_random(share, &v->serial, sizeof(v->serial));
    v->folders = smbkit_alloc(DIR_TABLE_SIZE * sizeof(*v->folders));
    v->nodes = smbkit_alloc(DIR_TABLE_SIZE * sizeof(*v->nodes));
    if (v->folders == NULL || v->nodes == NULL || !parse(v, share, args, count) ||
        !open_root(v, share, smbkit_arg_text(args, count, "path"),
                   smbkit_arg_text(args, count, "below"))) {
        dir_share_close(v);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    v->compresses = dir_can_compress(v->root);
    dir_quotas_init(v);
    tell_lacks(v, share);
    raise_descriptor_limit();
    if (smbkit_arg_bool(args, count, "watch"))
        v->watch = dir_watch_new(v);
    *vol = v;
    return SMBKIT_STATUS_SUCCESS;
}

/* --- space --- */

static void dir_statfs(struct smbkit_op *op, void *vol)
{
    struct dir_volume *v = vol;
    struct statvfs fs;
    struct dir_user *user;
    if (fstatvfs(v->root, &fs) < 0) {
        smbkit_reply_status(op, dir_status(errno));
        return;
    }
    struct smbkit_statfs st = {
        .total_bytes = (uint64_t)fs.f_blocks * fs.f_frsize,
        .free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize,
        .block_size = 4096,
        .serial = fs.f_fsid != 0 ? (uint32_t)(fs.f_fsid ^ fs.f_fsid >> 32) : v->serial,
    };
    if (dir_user_get(&v->users, smbkit_op_user(op), &user) == SMBKIT_STATUS_SUCCESS) {
        dir_quota_seen(v, op, user);
        dir_quota_statfs(v, dir_user_uid(user), &st);
    }
    dir_user_put(user);
    smbkit_reply_statfs(op, &st);
}

/* --- the plugin --- */

static const struct smbkit_param dir_params[] = {
    {.name = "path", .type = SMBKIT_PARAM_PATH, .text = "the folder to share"},
    {.name = "below",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text = "share this folder below path instead; no link is followed to get there"},
    {.name = "as",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "user",
     .text = "whose rights count: user (each client's, when root), server, or a Unix user's name"},
    {.name = "links",
     .type = SMBKIT_PARAM_CHOICE,
     .values = LINKS,
     .default_value = "follow",
     .text = "symbolic links: follow (inside the share), reparse (left to the client), or refuse"},
    {.name = "make-links",
     .type = SMBKIT_PARAM_CHOICE,
     .values = MAKE_LINKS,
     .default_value = "below",
     .text = "the links that clients may make with links=reparse: to what is below their folder, "
             "any, or none"},
    {.name = "acls",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "auto",
     .text =
         "the extended attribute for security descriptors, auto (security.NTACL when root, else "
         "user.NTACL), or off"},
    {.name = "file-mode",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text = "permissions of new files, octal"},
    {.name = "folder-mode",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text = "permissions of new folders, octal"},
    {.name = "hide-dot-files",
     .type = SMBKIT_PARAM_BOOL,
     .default_value = "on",
     .text = "names that begin with a dot have the attribute hidden"},
    {.name = "watch",
     .type = SMBKIT_PARAM_BOOL,
     .default_value = "on",
     .text = "notice what others change on the disk"},
    {.name = "watch-folders",
     .type = SMBKIT_PARAM_UINT,
     .unit = "folders",
     .min = 1,
     .max = 1u << 20,
     .default_value = "16384",
     .text = "the most that are watched for clients that watch whole trees"},
    {.name = "index-memory",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .min = 1u << 16,
     .max = 1ull << 40,
     .default_value = "256M",
     .text = "room for the names of folders in use"},
    {.name = NULL},
};

SMBKIT_PLUGIN_TABLE = {
    SMBKIT_PLUGIN_INIT,
    .thread_model = SMBKIT_THREAD_PARALLEL,
    .name = "dir",
    .version = SMBKIT_VERSION,
    .summary = "a folder of this machine",
    .fs_name = "NTFS",
    .capabilities = SMBKIT_CAP_STABLE_IDS | SMBKIT_CAP_SPARSE | SMBKIT_CAP_HARD_LINKS |
                    SMBKIT_CAP_CHANGE_SOURCE | SMBKIT_CAP_STREAMS | SMBKIT_CAP_EXTENDED_ATTRS |
                    SMBKIT_CAP_ACLS | SMBKIT_CAP_REPARSE_POINTS | SMBKIT_CAP_CLONE |
                    SMBKIT_CAP_COMPRESSION | SMBKIT_CAP_QUOTAS,
    .params = dir_params,
    .vfs =
        &(const struct smbkit_vfs){
            .share_open = dir_share_open,
            .share_close = dir_share_close,
            .statfs = dir_statfs,
            .open = dir_open,
            .create = dir_create,
            .cleanup = dir_cleanup,
            .close = dir_close,
            .read = dir_read,
            .write = dir_write,
            .flush = dir_flush,
            .getattr = dir_getattr,
            .setattr = dir_setattr,
            .set_size = dir_set_size,
            .set_alloc = dir_set_alloc,
            .readdir = dir_readdir,
            .can_delete = dir_can_delete,
            .rename = dir_rename,
            .link = dir_link,
            .zero_range = dir_zero_range,
            .allocated_ranges = dir_allocated_ranges,
            .overwrite = dir_overwrite,
            .copy_range = dir_copy_range,
            .quotas = dir_list_quotas,
            .set_quota = dir_set_quota,
            .quota_control = dir_quota_control,
            .set_quota_control = dir_set_quota_control,
            .watch = dir_watch_tree,
            .list_streams = dir_list_streams,
            .rename_stream = dir_rename_stream,
            .get_eas = dir_get_eas,
            .set_eas = dir_set_eas,
            .get_sd = dir_get_sd,
            .path_sd = dir_path_sd,
            .set_sd = dir_set_sd,
            .get_reparse = dir_get_reparse,
            .set_reparse = dir_set_reparse,
            .set_sparse = dir_set_sparse,
            .set_compression = dir_set_compression,
        },
};
