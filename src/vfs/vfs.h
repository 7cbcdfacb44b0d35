// SPDX-License-Identifier: Apache-2.0
/*
 * What the core sees of a file system: volumes and operations. Plugins see the same operation as
 * `struct smbkit_op` (include/smbkit/vfs.h).
 *
 * An operation's life:
 *
 *          vfs_start            answered during the call
 *   IDLE ------------> STARTED ------------------------> ANSWERED   (vfs_start returns true)
 *                         | call returned unanswered
 *                         v          smbkit_reply_*
 *                      PENDING ------------------------> ANSWERED -> executor's post -> op->done
 *
 * Defaults for missing callbacks may take several calls of other callbacks (defaults.c); then the
 * post at the end of one call leads to the next, and the last one to op->done.
 *
 * The state is atomic because an answer may race with the end of the call on another thread. With a
 * blocking plugin the call itself is made by the executor on a worker; vfs_start then returns
 * false. op->done is always called on the thread that owns the op (the loop), never inside
 * vfs_start.
 *
 * Ownership: the op lives inside the caller's request, which must outlive the answer. Results are
 * the caller's from the answer on; vfs_op_clear drops what was not taken.
 * A second answer is the plugin's bug: it is logged with the plugin's name and ignored.
 */
#ifndef VFS_VFS_H
#define VFS_VFS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/random.h"
#include <smbkit/filter.h>
#include <smbkit/smbkit.h>
#include <smbkit/vfs.h>
#include <stdatomic.h>

struct vfs_op;
struct vfs_volume;

/* How the host runs operations. Both functions may be called from any thread. */
struct vfs_executor {
    /* Calls fn(op) on a worker thread, obeying the volume's thread model. False: too much is
       queued; the operation then fails with INSUFFICIENT_RESOURCES. */
    bool (*run)(void *ctx, struct vfs_op *op, void (*fn)(struct vfs_op *op));
    /* Calls vfs_op_finish(op) soon on the thread that owns the op. Never fails: it may use
     * op->link. */
    void (*post)(void *ctx, struct vfs_op *op);
    void *ctx;
    /* Like post, but after so many nanoseconds. Called on the thread that owns the op. NULL:
       filters that wait (smbkit_sleep) do not. */
    void (*later)(void *ctx, struct vfs_op *op, uint64_t ns);
    /* Optional: a callback that must not block begins, and has returned; on the thread that owns
       the op. What the text points to is there until then. */
    void (*calling)(void *ctx, const char *share, const char *holder, const char *operation);
    void (*called)(void *ctx);
};

/* What a volume needs of its host. */
struct vfs_host {
    struct vfs_executor executor;
    struct random_source random;
    uint64_t (*time)(void *ctx); /* FILETIME */
    /* Optional: the plugin says that something has changed (smbkit_notify), for everybody or, with
       `user`, for one. Any thread; maybe with locks of the plugin held: it must not call the
       plugin, nor drop a reference to the volume, but queue the event. To keep the volume until
       then it takes a reference with vfs_volume_try_ref. `path` and `user` are valid during the
       call. */
    void (*changed)(void *ctx, struct vfs_volume *volume, const char *user, const char *path,
                    uint32_t action);
    /* Optional. The volume is gone: nothing here will be used again. Called on the thread that
       dropped the last reference, for every volume that vfs_volume_new returned. */
    void (*gone)(void *ctx);
    void *ctx;
    const struct log *log;
    struct smbkit_server *server; /* for plugins that ask (smbkit_share_server), or NULL */
    /* Optional: reads from a descriptor of the plugin's, on the thread that answers. Bytes read,
       fewer only at the end of the file; -1: it could not. */
    int64_t (*read_fd)(void *ctx, int fd, uint64_t offset, void *dst, size_t size);
};

const struct vfs_host *vfs_share_host(const struct smbkit_share *share);

#define VFS_ERROR_TEXT_MAX 512

/* One plugin instance: what a share serves. Referenced by its share, and by every open file and
   running operation on it, so that a share can be replaced while clients still use the old volume.
   smbkit_share is the plugin's name for it. */
struct vfs_volume;

/* Makes a volume by the plugin's share_open, after checking `args` against the plugin's parameters.
   The plugin struct must outlive it; callbacks that an older ABI lacks count as NULL. On failure
   returns NULL and one line in `error`. */
NODISCARD struct vfs_volume *vfs_volume_new(const struct smbkit_plugin *plugin, const char *share,
                                            const struct smbkit_arg *args, size_t count,
                                            const struct vfs_host *host,
                                            char error[VFS_ERROR_TEXT_MAX]);

#define VFS_FILTERS_MAX 16 /* in one chain: bounds how deep one operation can go */

/* One filter of a chain, the first one nearest to the client. */
struct vfs_filter {
    const struct smbkit_filter *filter; /* must outlive the volume */
    const struct smbkit_arg *args;
    size_t count;
};

/* The same with filters before the plugin. */
NODISCARD struct vfs_volume *
vfs_volume_new_filtered(const struct smbkit_plugin *plugin, const char *share,
                        const struct smbkit_arg *args, size_t count,
                        const struct vfs_filter *filters, size_t filter_count,
                        const struct vfs_host *host, char error[VFS_ERROR_TEXT_MAX]);
/* What is wrong with a plugin's or filter's table, as the end of a sentence; NULL: nothing. */
const char *vfs_plugin_problem(const struct smbkit_plugin *p);
const char *vfs_filter_problem(const struct smbkit_filter *f);

struct vfs_volume *vfs_volume_ref(struct vfs_volume *v);
/* The same for somebody who holds none but knows that the memory is there (vfs_host.changed): NULL
   when the last reference is gone. */
NODISCARD struct vfs_volume *vfs_volume_try_ref(struct vfs_volume *v);
void vfs_volume_unref(struct vfs_volume *v);
uint32_t vfs_volume_capabilities(const struct vfs_volume *v);
const char *vfs_volume_fs_name(const struct vfs_volume *v);
/* The strictest of plugin and filters: ASYNC only when nothing of it needs a worker. */
enum smbkit_thread_model vfs_volume_thread_model(const struct vfs_volume *v);
const char *vfs_volume_share_name(const struct vfs_volume *v);
const char *vfs_volume_plugin_name(const struct vfs_volume *v);
/* What was done on it so far. On the thread that owns its operations. */
const struct smbkit_share_counts *vfs_volume_counts(const struct vfs_volume *v);
/* From now on nothing of it changes: what would change it is answered MEDIA_WRITE_PROTECTED, and
   files that are to be deleted stay. On the thread that owns its operations. */
void vfs_volume_freeze(struct vfs_volume *v);
bool vfs_volume_frozen(const struct vfs_volume *v);
/* A number that no other volume of this process had: keys file state together with the file id. */
uint64_t vfs_volume_id(const struct vfs_volume *v);

enum vfs_code {
    VFS_STATFS,
    VFS_OPEN,
    VFS_CREATE,
    VFS_CLEANUP,
    VFS_READ,
    VFS_WRITE,
    VFS_FLUSH,
    VFS_GETATTR,
    VFS_SETATTR,
    VFS_SET_SIZE,
    VFS_SET_ALLOC,
    VFS_READDIR,
    VFS_CAN_DELETE,
    VFS_RENAME,
    VFS_LINK,
    VFS_ZERO_RANGE,
    VFS_ALLOCATED_RANGES,
    VFS_OVERWRITE,
    VFS_LIST_STREAMS,
    VFS_RENAME_STREAM,
    VFS_GET_EAS,
    VFS_SET_EAS,
    VFS_GET_SD,
    VFS_PATH_SD,
    VFS_SET_SD,
    VFS_SET_SPARSE,
    VFS_GET_REPARSE,
    VFS_SET_REPARSE,
    VFS_COPY_RANGE,
    VFS_FSCTL,
    VFS_SET_COMPRESSION,
    VFS_WATCH,
    VFS_QUOTAS,
    VFS_SET_QUOTA,
    VFS_QUOTA_CONTROL,
    VFS_SET_QUOTA_CONTROL,
    VFS_CLOSE,
    VFS_CODES
};

const char *vfs_code_name(enum vfs_code code);

/* A directory entry as the op collects it, in op->arena. */
struct vfs_dirent {
    const char *name;
    size_t name_len;
    struct smbkit_attr attr;
    uint64_t next_cookie;
};

struct vfs_stream {
    const char *name;
    size_t name_len;
    uint64_t size, alloc_size;
};

/* A user of quotas; the SID in op->arena. */
struct vfs_quota {
    struct smbkit_quota quota;
    uint64_t next_cookie;
};

#define VFS_STREAMS_MAX 4096
#define VFS_QUOTAS_MAX  1024 /* in one answer */
#define VFS_DIRENTS_MAX 4096 /* entries in one answer: bounds what a plugin can make us hold */
#define VFS_RANGES_MAX  4096

/* Says after a callback was answered what comes next: true when it has set up another call for the
   same operation, false when the results stand. Runs on the thread that owns the op. */
typedef bool vfs_step(struct vfs_op *op);

union vfs_arg {
    struct smbkit_open_args open;
    struct smbkit_create_args create;
    struct {
        uint32_t flags;
    } cleanup;
    struct {
        uint64_t offset;
        uint32_t length;
        const void *data;
    } io;
    struct {
        struct smbkit_attr attr;
        uint32_t which;
    } setattr;
    struct {
        uint64_t size;
    } size;
    struct smbkit_readdir_args readdir;
    struct {
        const char *to;
        uint32_t flags;
    } rename;
    struct {
        uint64_t offset, length;
    } range;
    struct {
        const struct smbkit_ea *eas;
        size_t count;
    } eas;
    struct {
        const void *data;
        size_t len;
    } blob;
    struct {
        bool on;
    } mark; /* set_sparse, set_compression, watch */
    struct smbkit_copy_args copy;
    struct smbkit_fsctl_args fsctl;
    struct smbkit_quotas_args quotas;
    struct smbkit_quota quota;
    struct smbkit_quota_control quota_control;
};

struct vfs_level;
struct vfs_frame;

/* How a filter brought an operation on. */
enum vfs_pass {
    VFS_PASS_NONE,  /* answered */
    VFS_PASS_NEXT,  /* to the next level */
    VFS_PASS_SLEEP, /* its hook is to be called later */
    VFS_PASS_WAKE,  /* it is later */
};

struct vfs_op {
    uint32_t magic;
    _Atomic unsigned state;          /* bits, see op.c */
    enum vfs_code code;              /* what was started */
    struct vfs_volume *volume;       /* a reference while started */
    struct list link;                /* the executor's, while posted or queued */
    void (*done)(struct vfs_op *op); /* set by the caller before vfs_start */
    const char *user;                /* set by the caller; valid until the answer */
    const uint8_t *user_sid;         /* the same; NULL: not known */
    size_t user_sid_len;
    _Atomic bool cancelled;

    /* arguments: set by the vfs_* starters; what they point to must live until the answer */
    void *file;
    union vfs_arg arg;

    /* results, valid once answered */
    smbkit_status status;
    struct smbkit_attr attr;     /* open, create, getattr, setattr, write, ... */
    bool attr_valid;             /* a write answered by status alone leaves it false */
    void *opened;                /* open, create */
    char *true_path;             /* open, create: in `arena`, or NULL */
    struct slice data;           /* read: the bytes; owned until taken or cleared */
    struct buf *buffer;          /* read: made by smbkit_op_buffer */
    struct smbkit_statfs statfs; /* label in `arena` */
    struct vfs_dirent *dirents;  /* readdir */
    size_t dirent_count, dirent_cap;
    bool dir_end;                /* readdir, quotas */
    struct smbkit_range *ranges; /* allocated_ranges */
    size_t range_count, range_cap;
    struct vfs_stream *streams; /* list_streams */
    size_t stream_count, stream_cap;
    struct smbkit_ea *eas; /* get_eas */
    size_t ea_count, ea_cap, ea_bytes;
    struct vfs_quota *quotas; /* quotas */
    size_t quota_count, quota_cap;
    struct smbkit_quota_control quota_control;
    const uint8_t
        *blob; /* get_sd, path_sd, get_reparse, fsctl; STOPPED_ON_SYMLINK: the reparse data */
    size_t blob_len;
    size_t reparse_at; /* STOPPED_ON_SYMLINK: as smbkit_reply_reparse has it */

    struct arena arena; /* results that have text or arrays */

    /* op.c's and defaults.c's own */
    enum vfs_code call; /* the callback that runs: differs from `code` in a default */
    vfs_step *next;     /* what to do with its answer; NULL: hand it to the caller */
    uint64_t pos, end;  /* how far a default made of several calls has come */
    smbkit_status then; /* the status to end with once a step has tidied up */
    bool memory_out;    /* an entry or range of the answer could not be kept */
    bool bad_answer;    /* ... or was impossible */
    bool again;         /* the same call is to be made once more */

    uint64_t begun; /* FILETIME: for the counts */

    /* filters: chain.c's own */
    struct vfs_level *level;   /* whose callback runs, or whose answer stands */
    struct vfs_frame *frame;   /* the innermost call whose answer somebody above wants */
    struct vfs_frame *pending; /* made by smbkit_then for the call to come */
    struct vfs_frame *spare;   /* to be used again */
    smbkit_hook *hook;         /* the next call is this hook, not a callback */
    void *hook_ctx;
    uint64_t sleep; /* ns, with VFS_PASS_SLEEP */
    enum vfs_pass pass;
    bool in_hook; /* the results are the next level's */

    const struct log *log; /* for a second answer, when the volume may be gone */
    const char *plugin;
};

/* An idle op. */
void vfs_op_init(struct vfs_op *op, void (*done)(struct vfs_op *op));
/* Drops results and makes the op idle again; it must not be running. */
void vfs_op_clear(struct vfs_op *op);
/* The arrays and texts of the results move to `to`, an empty arena, and live as long as that. */
void vfs_op_take_arena(struct vfs_op *op, struct arena *to);
bool vfs_op_running(const struct vfs_op *op);
/* The plugin or filter in whose hands a running operation is. On the thread that owns it. */
const char *vfs_op_holder(const struct vfs_op *op);
/* Tells the plugin, if it asks, that nobody waits any more. From the owner's thread. */
void vfs_op_cancel(struct vfs_op *op);
/* For the executor: calls op->done on the owner's thread. */
void vfs_op_finish(struct vfs_op *op);

/* Starters: each returns true when the op is already answered (op->done is then NOT called), false
   when op->done will be called later. The op is cleared first. Missing callbacks behave as the
   plugin header says. */
bool vfs_statfs(struct vfs_op *op, struct vfs_volume *v);
bool vfs_open(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_open_args *args);
bool vfs_create(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_create_args *args);
bool vfs_cleanup(struct vfs_op *op, struct vfs_volume *v, void *file, uint32_t flags);
bool vfs_read(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
              uint32_t length);
bool vfs_write(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
               const void *data, uint32_t length);
bool vfs_flush(struct vfs_op *op, struct vfs_volume *v, void *file);
bool vfs_getattr(struct vfs_op *op, struct vfs_volume *v, void *file);
bool vfs_setattr(struct vfs_op *op, struct vfs_volume *v, void *file,
                 const struct smbkit_attr *attr, uint32_t which);
bool vfs_set_size(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t size);
bool vfs_set_alloc(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t size);
bool vfs_readdir(struct vfs_op *op, struct vfs_volume *v, void *dir,
                 const struct smbkit_readdir_args *args);
bool vfs_can_delete(struct vfs_op *op, struct vfs_volume *v, void *file, bool is_directory);
bool vfs_rename(struct vfs_op *op, struct vfs_volume *v, void *file, const char *to,
                uint32_t flags);
bool vfs_link(struct vfs_op *op, struct vfs_volume *v, void *file, const char *to, uint32_t flags);
bool vfs_zero_range(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
                    uint64_t length);
bool vfs_allocated_ranges(struct vfs_op *op, struct vfs_volume *v, void *file, uint64_t offset,
                          uint64_t length);
bool vfs_overwrite(struct vfs_op *op, struct vfs_volume *v, void *file);
bool vfs_list_streams(struct vfs_op *op, struct vfs_volume *v, void *file);
bool vfs_rename_stream(struct vfs_op *op, struct vfs_volume *v, void *file, const char *to,
                       uint32_t flags);
bool vfs_get_eas(struct vfs_op *op, struct vfs_volume *v, void *file);
bool vfs_set_eas(struct vfs_op *op, struct vfs_volume *v, void *file, const struct smbkit_ea *eas,
                 size_t count);
bool vfs_get_sd(struct vfs_op *op, struct vfs_volume *v, void *file);
bool vfs_path_sd(struct vfs_op *op, struct vfs_volume *v, const char *path);
bool vfs_set_sd(struct vfs_op *op, struct vfs_volume *v, void *file, const void *sd, size_t len);
bool vfs_set_sparse(struct vfs_op *op, struct vfs_volume *v, void *file, bool sparse);
bool vfs_get_reparse(struct vfs_op *op, struct vfs_volume *v, void *file);
/* len 0 removes it. */
bool vfs_set_reparse(struct vfs_op *op, struct vfs_volume *v, void *file, const void *data,
                     size_t len);
bool vfs_copy_range(struct vfs_op *op, struct vfs_volume *v, void *file,
                    const struct smbkit_copy_args *args);
bool vfs_fsctl(struct vfs_op *op, struct vfs_volume *v, void *file,
               const struct smbkit_fsctl_args *args);
bool vfs_watch(struct vfs_op *op, struct vfs_volume *v, void *file, bool tree);
bool vfs_set_compression(struct vfs_op *op, struct vfs_volume *v, void *file, bool on);
bool vfs_quotas(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_quotas_args *args);
bool vfs_set_quota(struct vfs_op *op, struct vfs_volume *v, const struct smbkit_quota *quota);
bool vfs_quota_control(struct vfs_op *op, struct vfs_volume *v);
bool vfs_set_quota_control(struct vfs_op *op, struct vfs_volume *v,
                           const struct smbkit_quota_control *control);
/* No answer; always inline for ASYNC plugins, else on a worker before the volume goes. `op` carries
   the call to the worker; done is called when it has been made. */
bool vfs_close(struct vfs_op *op, struct vfs_volume *v, void *file);

#endif
