// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of vfs/ share: the volume's inside, the table of operations, and the two ends of
 * an operation (starting a call, answering it). Not for other modules.
 */
#ifndef VFS_VFS_INT_H
#define VFS_VFS_INT_H

#include "vfs/vfs.h"

#define VFS_VOLUME_MAGIC 0x564f4c31u
#define VFS_LEVEL_MAGIC  0x564c564cu
#define VFS_OP_MAGIC     0x56465331u

/* The queue of a SERIAL volume. Any thread pushes on `incoming` (newest first); only the thread
   that has the turn touches `fifo`. `count` is what is queued or being called: whoever makes it
   nonzero has the turn, and it passes on with the job given to the executor. */
struct vfs_serial {
    _Atomic(struct vfs_op *) incoming; /* chained by link.next of each op */
    struct list *fifo;                 /* singly linked by `next`, oldest first */
    _Atomic size_t count;
};

/* A filter or the plugin, which is the last one. smbkit_share is its name for it. */
struct vfs_level {
    uint32_t magic;
    struct vfs_volume *volume;
    const char *name;
    const struct smbkit_filter *filter; /* NULL: the plugin */
    struct smbkit_vfs vfs;              /* a copy: callbacks that an older ABI lacks are NULL */
    void *vol;                          /* what share_open made */
    enum smbkit_thread_model model;
    uint32_t flags; /* SMBKIT_FILTER_* */
    struct vfs_serial serial;
};

struct vfs_volume {
    uint32_t magic;
    _Atomic int refs; /* the share, open files, running operations, jobs on workers */
    const struct smbkit_plugin *plugin;
    uint32_t capabilities;
    bool frozen;
    char *share;
    struct smbkit_share_counts counts; /* the thread that owns the ops */
    struct vfs_host host;
    uint64_t id;
    _Atomic bool opened; /* every share_open has succeeded */
    char *error;         /* where smbkit_error writes while share_open runs, else NULL */
    size_t level_count;
    struct vfs_level levels[]; /* from the client to the plugin */
};

/* A call of a filter that will hear of the answer, or in the middle of a default: what op had. In
   the op's arena. */
struct vfs_frame {
    struct vfs_frame *prev;
    struct vfs_level *level;
    smbkit_hook *hook; /* NULL: only op->next waits */
    void *ctx;
    enum vfs_code call;
    void *file;
    union vfs_arg arg;
    vfs_step *next;
    uint64_t pos, end;
    smbkit_status then;
};

static inline struct smbkit_op *vfs_op_public(struct vfs_op *op)
{
    return (struct smbkit_op *)op;
}

/* Which arguments an operation has: for filters, which see them as struct smbkit_call. */
enum vfs_shape {
    VFS_SHAPE_VOLUME, /* none, not even a file */
    VFS_SHAPE_OPEN,   /* arg.open, no file */
    VFS_SHAPE_CREATE, /* arg.create, no file */
    VFS_SHAPE_FILE,   /* from here on with a file; this one without more that matters */
    VFS_SHAPE_CLEANUP,
    VFS_SHAPE_IO,
    VFS_SHAPE_SIZE,
    VFS_SHAPE_RANGE,
    VFS_SHAPE_NAME,
    VFS_SHAPE_COPY, /* with a second file */
};

/* One row for each operation. */
struct vfs_call {
    const char *name;
    unsigned answers;                            /* VFS_ANSWER_* that mean success */
    bool (*present)(const struct smbkit_vfs *f); /* is there a callback? */
    void (*invoke)(struct vfs_op *op);           /* calls it with op->arg */
    /* Stands in for a missing callback: sets op->status and results and returns false, or sets up
       calls of others and returns true. */
    vfs_step *fallback;
    enum vfs_shape shape;
    bool changes; /* it changes files; for a cleanup see vfs_call_changes */
};

#define VFS_ANSWER_STATUS  0x01u
#define VFS_ANSWER_ATTR    0x02u
#define VFS_ANSWER_OPEN    0x04u
#define VFS_ANSWER_READ    0x08u
#define VFS_ANSWER_STATFS  0x10u
#define VFS_ANSWER_READDIR 0x20u
#define VFS_ANSWER_DATA    0x40u
#define VFS_ANSWER_QUOTAS  0x100u
#define VFS_ANSWER_CONTROL 0x200u
#define VFS_ANSWER_REPARSE 0x80u /* smbkit_reply_reparse, which is a failure with data */

extern const struct vfs_call vfs_calls[VFS_CODES];

/* Prepares a call of one callback in the middle of an operation; `next` gets its answer. False when
   the plugin has no such callback: the operation then ends with ACCESS_DENIED. */
NODISCARD bool vfs_step_call(struct vfs_op *op, enum vfs_code call, vfs_step *next);

/* Claims the right to answer; false when it was answered already (logged). Between the two calls
   the results belong to the answering thread. In a hook the results of the next level go, unless
   it is only claimed. */
NODISCARD bool vfs_answer_begin(struct vfs_op *op);
NODISCARD bool vfs_answer_claim(struct vfs_op *op);
void vfs_answer_end(struct vfs_op *op, smbkit_status status);
/* Forgets the results so far; what was opened is the caller's. */
void vfs_results_drop(struct vfs_op *op);

/* --- chain.c: levels --- */

/* Has the level something to call? */
bool vfs_level_has(const struct vfs_level *l, enum vfs_code call);
/* Makes op->call at op->level, by callback, hook or `any`. */
void vfs_level_invoke(struct vfs_op *op);
/* Goes to the next level that does something with op->call. True: there is a call to make; false:
   the results stand. */
NODISCARD bool vfs_level_descend(struct vfs_op *op);
/* Gives the results to whoever waits for them. True: there is a call to make; false: the caller of
   the operation gets them. */
NODISCARD bool vfs_level_ascend(struct vfs_op *op);

vfs_step vfs_default_statfs, vfs_default_denied, vfs_default_cleanup, vfs_default_success,
    vfs_default_setattr, vfs_default_set_alloc, vfs_default_not_here, vfs_default_can_delete,
    vfs_default_not_supported, vfs_default_zero_range, vfs_default_ranges, vfs_default_overwrite,
    vfs_default_no_eas, vfs_default_no_sd, vfs_default_path_sd, vfs_default_set_sparse,
    vfs_default_no_reparse, vfs_default_list_streams;
/* Closes op->opened, which no caller will get, and ends with op->then. */
vfs_step vfs_step_close_opened;

/* Checks `args` against the table of the plugin or filter of that name and fills in defaults.
   Returns an array as long as the table (from mem.h; NULL with *count == 0 for none), or false and
   one line in `error`. */
NODISCARD bool vfs_params_check(const char *plugin, const struct smbkit_param *params,
                                const struct smbkit_arg *args, size_t count,
                                struct smbkit_arg **out, size_t *out_count,
                                char error[VFS_ERROR_TEXT_MAX]);

#endif
