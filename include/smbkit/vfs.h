// SPDX-License-Identifier: Apache-2.0
/*
 * The low-level, asynchronous plugin interface: a file system for smbkit.
 *
 * A plugin is a table of callbacks. The core speaks SMB, keeps handles, share modes, locks and
 * notifications; the plugin only keeps files. Each operation comes with a request handle (struct
 * smbkit_op). The plugin answers it EXACTLY ONCE with one of the smbkit_reply_* functions named in
 * the operation's comment, during the callback or later, from any thread. Everything else that was
 * passed to the callback (paths, buffers, argument structs) stays valid until the answer, not
 * after.
 *
 * Paths are (W)TF-8, relative to the root of the share, components separated by '/', no leading or
 * trailing '/'; "" is the root. Names in them obey the rules of Windows: no control characters,
 * none of : * ? " < > | \\ , not "." or "..", at most 255 UTF-16 units each. They are compared
 * without regard to case (smbkit_name_compare), keeping the case they were made with.
 *
 * Times are FILETIME: 100 ns units since 1601-01-01 UTC. Sizes and offsets are bytes. Attributes
 * are the FILE_ATTRIBUTE_* values of [MS-FSCC] 2.6, access masks those of [MS-SMB2] 2.2.13.1.
 *
 * A callback that is left NULL gets the default named beside it. A section in brackets says where
 * the specification tells what the client expects of the operation.
 *
 * Errors are NTSTATUS values (<smbkit/status.h>), any of them: what a plugin answers is what the
 * client sees. smbkit_status_from_errno has the right one for a POSIX error number.
 *
 * Promise: what is compiled against this file keeps loading into later servers. Structs only grow:
 * at the end, where their size is said (struct_size, vfs_size) or the server makes them; out of
 * their `reserved` members, which must be zero, everywhere else. Functions are added, never
 * changed.
 */
#ifndef SMBKIT_VFS_H
#define SMBKIT_VFS_H

#include <smbkit/status.h>
#include <smbkit/version.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SMBKIT_ABI_VERSION 1u

struct smbkit_op;
struct smbkit_share;

/* FILE_ATTRIBUTE_* ([MS-FSCC] 2.6). */
#define SMBKIT_ATTR_READONLY      0x00000001u
#define SMBKIT_ATTR_HIDDEN        0x00000002u
#define SMBKIT_ATTR_SYSTEM        0x00000004u
#define SMBKIT_ATTR_DIRECTORY     0x00000010u
#define SMBKIT_ATTR_ARCHIVE       0x00000020u
#define SMBKIT_ATTR_NORMAL        0x00000080u
#define SMBKIT_ATTR_TEMPORARY     0x00000100u
#define SMBKIT_ATTR_SPARSE        0x00000200u
#define SMBKIT_ATTR_REPARSE_POINT 0x00000400u
#define SMBKIT_ATTR_COMPRESSED    0x00000800u
#define SMBKIT_ATTR_OFFLINE       0x00001000u
#define SMBKIT_ATTR_NOT_INDEXED   0x00002000u
#define SMBKIT_ATTR_ENCRYPTED     0x00004000u

/* What the core knows of a file. Fill all of it; zero is right for what does not apply. */
struct smbkit_attr {
    uint64_t file_id;     /* the same number for the same file as long as it exists; never 0 */
    uint64_t size;        /* end of file, bytes; 0 for folders */
    uint64_t alloc_size;  /* bytes taken in storage */
    uint64_t create_time; /* FILETIMEs */
    uint64_t access_time;
    uint64_t write_time;
    uint64_t change_time;
    uint32_t attributes;  /* SMBKIT_ATTR_*; DIRECTORY decides what it is; 0 counts as NORMAL */
    uint32_t links;       /* hard links; 0 counts as 1 */
    uint32_t reparse_tag; /* with SMBKIT_ATTR_REPARSE_POINT */
    uint32_t ea_size;     /* bytes of all extended attributes */
    uint32_t flags;       /* SMBKIT_FILE_* */
    uint32_t reserved_flags;
    uint64_t reserved[4];
};

#define SMBKIT_FILE_NO_CACHE 0x1u /* changes unsaid: clients get no oplock or lease */
#define SMBKIT_FILE_HIDDEN_BY_NAME \
    0x2u /* HIDDEN is only shown: who overwrites the file need not know of it */

/* Which fields smbkit_vfs.setattr shall change. */
#define SMBKIT_SET_CREATE_TIME 0x01u
#define SMBKIT_SET_ACCESS_TIME 0x02u
#define SMBKIT_SET_WRITE_TIME  0x04u
#define SMBKIT_SET_CHANGE_TIME 0x08u
#define SMBKIT_SET_ATTRIBUTES \
    0x10u /* keep DIRECTORY, SPARSE, REPARSE_POINT, COMPRESSED as they are */

/* Space and name of the volume ([MS-FSCC] 2.5). */
struct smbkit_statfs {
    uint64_t total_bytes;       /* that the asking user could ever have: his quota, or all */
    uint64_t free_bytes;        /* that he may still take */
    uint32_t block_size;        /* bytes; a power of two; 0 counts as 4096 */
    uint32_t serial;            /* volume serial number */
    uint64_t create_time;       /* of the volume, FILETIME */
    const char *label;          /* volume label; NULL: the share's name. Copied by the answer. */
    uint64_t device_free_bytes; /* free whatever his quota; 0 counts as free_bytes */
    uint64_t reserved[4];
};

/* How the server may call the plugin. The strictest of plugin, filters and platform wins. */
enum smbkit_thread_model {
    /* Callbacks never block and answer at once, or keep the handle and answer later from any
       thread. One that blocks stops the whole server; the log names it after 5 seconds. They may be
       called from any number of threads at the same time. */
    SMBKIT_THREAD_ASYNC = 0,
    /* Callbacks may block; they run on worker threads, several at the same time. */
    SMBKIT_THREAD_PARALLEL = 1,
    /* Callbacks may block; the server makes one call at a time for each share. The default for a
       plugin that says nothing better. */
    SMBKIT_THREAD_SERIAL = 2,
};

/* What the file system can do beyond plain files and folders; shown to clients as it is. */
#define SMBKIT_CAP_READ_ONLY      0x00000001u /* nothing can be changed */
#define SMBKIT_CAP_STABLE_IDS     0x00000002u /* file_id survives a restart */
#define SMBKIT_CAP_SPARSE         0x00000004u
#define SMBKIT_CAP_HARD_LINKS     0x00000008u
#define SMBKIT_CAP_STREAMS        0x00000010u /* named streams: smbkit_open_args.stream */
#define SMBKIT_CAP_EXTENDED_ATTRS 0x00000020u
#define SMBKIT_CAP_ACLS           0x00000040u
#define SMBKIT_CAP_REPARSE_POINTS 0x00000080u
#define SMBKIT_CAP_CHANGE_SOURCE  0x00000100u /* calls smbkit_notify for changes made elsewhere */
#define SMBKIT_CAP_PER_USER       0x00000200u /* each user sees files of his own */
#define SMBKIT_CAP_CLONE          0x00000400u /* copy_range with SMBKIT_COPY_CLONE */
#define SMBKIT_CAP_COMPRESSION    0x00000800u /* set_compression */
#define SMBKIT_CAP_QUOTAS         0x00001000u /* quotas and what is beside it */

/* One `key=value` given by the user for a share. */
struct smbkit_arg {
    const char *key;
    const char *value;
};

enum smbkit_param_type {
    SMBKIT_PARAM_STRING,
    SMBKIT_PARAM_SIZE, /* 512, 64K, 2G, 1.5T: bytes */
    SMBKIT_PARAM_UINT,
    SMBKIT_PARAM_BOOL, /* on/off, yes/no, true/false, 1/0 */
    SMBKIT_PARAM_PATH,
    SMBKIT_PARAM_DURATION, /* 500ms, 30s, 5m, 2h; a bare number is seconds. min, max: ms */
    SMBKIT_PARAM_CHOICE,   /* one of `values` */
};

/* One row of a plugin's parameter table, from which --help, checks and messages are made. */
struct smbkit_param {
    const char *name;
    enum smbkit_param_type type;
    const char *unit;          /* "bytes", "files", ...; NULL for none */
    uint64_t min, max;         /* SIZE, UINT and DURATION */
    const char *default_value; /* as the user would write it; NULL: must be given */
    const char *text;          /* one line */
    const char *values;        /* CHOICE: "follow|refuse"; else NULL */
    const void *reserved[2];
};

/* The argument structs of callbacks grow at the end: a server never has shorter ones than the
   plugin was compiled with. */

struct smbkit_open_args {
    const char *path;
    const char *stream; /* named stream, or NULL for the file itself */
    uint32_t access;    /* the access rights that the handle will be used with */
    uint32_t flags;     /* SMBKIT_OPEN_* */
};

#define SMBKIT_OPEN_REPARSE_POINT    0x1u /* open the reparse point itself, do not follow it */
#define SMBKIT_CREATE_NO_COMPRESSION 0x2u /* of create: not compressed, whatever its folder is */

struct smbkit_create_args {
    const char *path;
    const char *stream; /* makes this stream of a file or folder that exists, or NULL */
    uint32_t access;
    uint32_t flags;      /* SMBKIT_OPEN_*, SMBKIT_CREATE_* */
    uint32_t attributes; /* SMBKIT_ATTR_*; DIRECTORY makes a folder; of no meaning for a stream */
    uint64_t alloc_size; /* a hint; 0: none */
    const void *sd;      /* self-relative security descriptor to keep with what is made; NULL on
                            volumes without SMBKIT_CAP_ACLS, and for a stream */
    size_t sd_len;
};

/* One extended attribute ([MS-FSCC] 2.4.16). */
struct smbkit_ea {
    const char
        *name; /* ASCII, 1 to 254 characters, compared without regard to the case of a to z */
    const void *value;
    size_t value_len; /* at most 65535; in set_eas 0 removes the attribute */
    uint8_t flags;    /* SMBKIT_EA_* */
};

#define SMBKIT_EA_NEED 0x80u /* the file cannot be understood without it */

#define SMBKIT_EA_TOTAL_MAX 65535u /* of all names and values of a file, each with 5 bytes more */
#define SMBKIT_SD_MAX       65535u /* longest security descriptor, bytes */
#define SMBKIT_REPARSE_MAX  16384u /* longest reparse data buffer, bytes */

struct smbkit_readdir_args {
    uint64_t cookie;     /* 0: from the beginning; else one that smbkit_dir_add was given */
    const char *pattern; /* a hint: only names that match are wanted ("*" for all); extra ones
                            are filtered by the core */
    size_t max_entries;  /* a hint */
};

#define SMBKIT_CLEANUP_DELETE 0x1u /* remove the name (the last handle of a file to be deleted) */
/* Instead of the former, only for a stream's handle: remove the name of the file. */
#define SMBKIT_CLEANUP_DELETE_FILE 0x2u

#define SMBKIT_RENAME_REPLACE 0x1u /* replace a file that has the new name */

/* A byte range that holds data, for allocated_ranges. */
struct smbkit_range {
    uint64_t offset;
    uint64_t length;
};

struct smbkit_copy_args {
    void *from; /* the open file of the same volume that is read; may be the one that is written */
    uint64_t from_offset;
    uint64_t to_offset;
    uint64_t length; /* not 0; `from` is that long, and the two ranges do not overlap */
    uint32_t flags;  /* SMBKIT_COPY_* */
};

#define SMBKIT_COPY_CLONE \
    0x1u /* by sharing storage, in a moment whatever the length, or not at all */

struct smbkit_fsctl_args {
    uint32_t code;    /* the control code ([MS-FSCC] 2.3) */
    uint32_t max_out; /* bytes that the client takes */
    const void *in;
    size_t in_len;
};

/* Control codes of named pipes, for files that answer messages. */
#define SMBKIT_FSCTL_PIPE_PEEK       0x0011400Cu /* [MS-FSCC] 2.3.45 */
#define SMBKIT_FSCTL_PIPE_TRANSCEIVE 0x0011C017u /* [MS-FSCC] 2.3.47 */

#define SMBKIT_FSCTL_OUT_MAX (1u << 20) /* longest answer, bytes */

/* What one user takes of a volume, and may take ([MS-FSCC] 2.4.41). All in bytes. */
struct smbkit_quota {
    const void *sid; /* whose files: the owner of their descriptors ([MS-DTYP] 2.4.2.2) */
    size_t sid_len;
    uint64_t used;
    uint64_t threshold;   /* when to warn, or SMBKIT_QUOTA_NONE */
    uint64_t limit;       /* SMBKIT_QUOTA_NONE: no limit */
    uint64_t change_time; /* of the limits, FILETIME */
    uint64_t reserved[2];
};

#define SMBKIT_QUOTA_NONE 0xffffffffffffffffull
#define SMBKIT_QUOTA_REMOVE                                               \
    0xfffffffffffffffeull /* as limit for set_quota: back to the defaults \
                           */

struct smbkit_quotas_args {
    const void *sid; /* only this one's; NULL: all, from `cookie` on */
    size_t sid_len;
    uint64_t cookie;    /* 0: from the beginning; else one that smbkit_quota_add was given */
    size_t max_entries; /* a hint */
};

/* What holds for the whole volume ([MS-FSCC] 2.5.2). */
struct smbkit_quota_control {
    uint64_t default_threshold; /* of users without limits of their own */
    uint64_t default_limit;
    uint32_t flags; /* SMBKIT_QUOTA_*: those of FileSystemControlFlags */
    uint32_t reserved_flags;
    uint64_t reserved[2];
};

#define SMBKIT_QUOTA_TRACK         0x00000001u /* limits are for reading only; goes before ENFORCE */
#define SMBKIT_QUOTA_ENFORCE       0x00000002u /* who is at his limit gets DISK_FULL */
#define SMBKIT_QUOTA_LOG_THRESHOLD 0x00000010u
#define SMBKIT_QUOTA_LOG_LIMIT     0x00000020u

/* The callbacks. `vol` is what share_open made, `file` what open or create answered with. */
struct smbkit_vfs {
    /* --- a share's life; called from one thread at a time --- */

    /* Makes a volume for one share from its arguments (already checked against `params`, with the
       defaults filled in). Returns SUCCESS and sets *vol, or an error after smbkit_error(). Must be
       given. */
    smbkit_status (*share_open)(struct smbkit_share *share, const struct smbkit_arg *args,
                                size_t count, void **vol);
    /* The last handle is closed; nothing calls the volume any more. Default: nothing. */
    void (*share_close)(void *vol);

    /* --- operations --- */

    /* Space and label. Answer: smbkit_reply_statfs or smbkit_reply_status.
       Default: 1 TiB free. [MS-FSA] 2.1.5.13 */
    void (*statfs)(struct smbkit_op *op, void *vol);

    /* Opens what exists, without changing anything; with args->stream, a named stream of it, whose
       handle has the stream's data and size and everything else of the file. Answer:
       smbkit_reply_open; OBJECT_NAME_NOT_FOUND (last component or stream missing),
       OBJECT_PATH_NOT_FOUND (an earlier one), ACCESS_DENIED, ...; smbkit_reply_reparse when a
       symbolic link is in the way, or when the path ends at a reparse point and
       SMBKIT_OPEN_REPARSE_POINT is not set. The core closes each file it was given. Must be given.
       [MS-FSA] 2.1.5.1.2 */
    void (*open)(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args);

    /* Makes a file, folder or stream that does not exist yet and opens it. Answer:
       smbkit_reply_open; OBJECT_NAME_COLLISION when it does exist (the core then opens it);
       smbkit_reply_reparse as for open. Default: ACCESS_DENIED. [MS-FSA] 2.1.5.1.1 */
    void (*create)(struct smbkit_op *op, void *vol, const struct smbkit_create_args *args);

    /* The last use of this handle by a client is over. With SMBKIT_CLEANUP_DELETE the name goes
       away now (of a stream's handle: the stream); the file itself, with all its streams, when its
       last handle is closed. Answer: smbkit_reply_status
       (DIRECTORY_NOT_EMPTY, CANNOT_DELETE, ...). Default: success; deleting is ACCESS_DENIED.
       [MS-FSA] 2.1.5.5 */
    void (*cleanup)(struct smbkit_op *op, void *vol, void *file, uint32_t flags);

    /* Frees the handle. Always after cleanup; never fails. No answer. Default: nothing. */
    void (*close)(void *vol, void *file);

    /* Answer: smbkit_reply_read (with bytes in smbkit_op_buffer), smbkit_reply_read_ref or
       smbkit_reply_status. Fewer bytes than asked means end of file. Default: ACCESS_DENIED.
       [MS-FSA] 2.1.5.3 */
    void (*read)(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length);

    /* Writes all of it, growing the file as needed (a gap reads as zeros). Answer:
       smbkit_reply_attr with fresh attributes, or smbkit_reply_status (DISK_FULL, ...). Default:
       ACCESS_DENIED. [MS-FSA] 2.1.5.4 */
    void (*write)(struct smbkit_op *op, void *vol, void *file, uint64_t offset, const void *data,
                  uint32_t length);

    /* Makes what was written durable. Answer: smbkit_reply_status. Default: success.
       [MS-FSA] 2.1.5.7 */
    void (*flush)(struct smbkit_op *op, void *vol, void *file);

    /* Answer: smbkit_reply_attr. Must be given. [MS-FSA] 2.1.5.12 */
    void (*getattr)(struct smbkit_op *op, void *vol, void *file);

    /* Changes the fields named in `which` (SMBKIT_SET_*). Answer: smbkit_reply_attr.
       Default: success without a change. [MS-FSA] 2.1.5.15.2 */
    void (*setattr)(struct smbkit_op *op, void *vol, void *file, const struct smbkit_attr *attr,
                    uint32_t which);

    /* Sets the end of file; growing adds zeros. Answer: smbkit_reply_attr. Default: ACCESS_DENIED.
       [MS-FSA] 2.1.5.15.5 */
    void (*set_size)(struct smbkit_op *op, void *vol, void *file, uint64_t size);

    /* Reserves storage (and cuts the file when smaller than its size). Answer: smbkit_reply_attr.
       Default: cuts by set_size when smaller, else success. [MS-FSA] 2.1.5.15.1 */
    void (*set_alloc)(struct smbkit_op *op, void *vol, void *file, uint64_t size);

    /* Lists a folder: smbkit_dir_add for each entry from `args->cookie` on until it says false or
       all are listed, then smbkit_reply_readdir. Without "." and "..". Default:
       INVALID_DEVICE_REQUEST. [MS-FSA] 2.1.5.6.3 */
    void (*readdir)(struct smbkit_op *op, void *vol, void *dir,
                    const struct smbkit_readdir_args *args);

    /* May this handle's file be deleted? Folders must be empty (DIRECTORY_NOT_EMPTY).
       Answer: smbkit_reply_status. Default: yes, for folders when readdir lists nothing.
       [MS-FSA] 2.1.5.15.3 */
    void (*can_delete)(struct smbkit_op *op, void *vol, void *file);

    /* Gives the file the path `to`; the parent exists. Answer: smbkit_reply_attr;
       OBJECT_NAME_COLLISION when it is taken (a folder always, a file unless
       SMBKIT_RENAME_REPLACE). A new spelling of the same name is allowed. Default: ACCESS_DENIED.
       [MS-FSA] 2.1.5.15.12 */
    void (*rename)(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);

    /* Another name for the same file. Answer: smbkit_reply_attr. Default: NOT_SUPPORTED.
       [MS-FSA] 2.1.5.15.7 */
    void (*link)(struct smbkit_op *op, void *vol, void *file, const char *to, uint32_t flags);

    /* Zeroes [offset, offset + length) without changing the size, freeing storage where it can.
       Answer: smbkit_reply_attr. Default: writes zeros. [MS-FSA] 2.1.5.10.39 */
    void (*zero_range)(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                       uint64_t length);

    /* Which parts of [offset, offset + length) hold data: smbkit_range_add for each in order, then
       smbkit_reply_status. Default: all of it up to the end of file. [MS-FSA] 2.1.5.10.22 */
    void (*allocated_ranges)(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                             uint64_t length);

    /* Empties a file that a client overwrites: its content, and, unless the handle is a stream's,
       its named streams and extended attributes too; open streams lose their names at once. The
       core sets attributes and times afterwards. Answer: smbkit_reply_attr. Default: set_size.
       [MS-FSA] 2.1.5.1.2 */
    void (*overwrite)(struct smbkit_op *op, void *vol, void *file);

    /* --- what only some file systems have --- */

    /* Lists the streams of a file or folder, also when the handle is a stream's: smbkit_stream_add
       for each, then smbkit_reply_status. The unnamed one, which every file and no folder has, has
       the name "". Default: the unnamed one. [MS-FSA] 2.1.5.12.29 */
    void (*list_streams)(struct smbkit_op *op, void *vol, void *file);

    /* Gives the handle's stream another name, `to`, "" for the unnamed stream. Answer:
       smbkit_reply_attr; OBJECT_NAME_COLLISION when there is one of that name (the unnamed one
       always is, in a file) and not SMBKIT_RENAME_REPLACE. Other handles of the stream go with it.
       When the handle is of the unnamed stream, its data go and an empty one stays; a file system
       that cannot do that answers INVALID_PARAMETER. Default: NOT_SUPPORTED.
       [MS-FSA] 2.1.5.15.12 */
    void (*rename_stream)(struct smbkit_op *op, void *vol, void *file, const char *to,
                          uint32_t flags);

    /* Lists the extended attributes: smbkit_ea_add for each, then smbkit_reply_status. Their size
       in struct smbkit_attr is the sum over all of 5 + length of the name + length of the value,
       and 4 for the list, 0 when there are none. Default: there are none. [MS-FSA] 2.1.5.12.12 */
    void (*get_eas)(struct smbkit_op *op, void *vol, void *file);

    /* Sets each of `eas`, and removes each that has no value; others stay. All or nothing. Answer:
       smbkit_reply_attr; EA_TOO_LARGE for more than SMBKIT_EA_TOTAL_MAX. Default:
       EAS_NOT_SUPPORTED. [MS-FSA] 2.1.5.15.6 */
    void (*set_eas)(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                    size_t count);

    /* The self-relative security descriptor ([MS-DTYP] 2.4.6) that create or set_sd gave last.
       Called only with SMBKIT_CAP_ACLS: the core judges by it who may do what, and makes the
       descriptors of new files from their folder's. Answer: smbkit_reply_data; NOT_FOUND for a
       file that has none (the core then takes one by which everybody may do everything). Default:
       NOT_FOUND. [MS-FSA] 2.1.5.14 */
    void (*get_sd)(struct smbkit_op *op, void *vol, void *file);

    /* The same for what `path` names, without a handle. Answer as get_sd or as open. Default:
       open, get_sd, cleanup, close. */
    void (*path_sd)(struct smbkit_op *op, void *vol, const char *path);

    /* Replaces the security descriptor. Answer: smbkit_reply_attr. Default: NOT_SUPPORTED.
[MS-FSA] 2.1.5.17 */
    void (*set_sd)(struct smbkit_op *op, void *vol, void *file, const void *sd, size_t len);

    /* Sets or clears SMBKIT_ATTR_SPARSE; a file without it has no holes that show in
       allocated_ranges. Answer: smbkit_reply_attr. Default: nothing to do when the volume has
       SMBKIT_CAP_SPARSE, else INVALID_DEVICE_REQUEST. [MS-FSA] 2.1.5.10.38 */
    void (*set_sparse)(struct smbkit_op *op, void *vol, void *file, bool sparse);

    /* The reparse data buffer ([MS-FSCC] 2.1.2) with its header. Answer: smbkit_reply_data.
       Default: NOT_A_REPARSE_POINT. [MS-FSA] 2.1.5.10.14 */
    void (*get_reparse)(struct smbkit_op *op, void *vol, void *file);

    /* Makes the file a reparse point with this buffer (checked by the core, as is its tag against
       one that is there), or, with len 0, a plain file again. Answer: smbkit_reply_attr with
       SMBKIT_ATTR_REPARSE_POINT, reparse_tag and file_id (which may be another one from then on) as
       they are now; DIRECTORY_NOT_EMPTY. Default: INVALID_DEVICE_REQUEST. [MS-FSA] 2.1.5.10.37 */
    void (*set_reparse)(struct smbkit_op *op, void *vol, void *file, const void *data, size_t len);

    /* Copies a range of another open file (args->from) into this one, growing it as needed, without
       the bytes going through the server: all of it or an error. Rights and locks are checked
       before. Answer: smbkit_reply_attr with the attributes of `file`; NOT_SUPPORTED when it cannot
       be done for these two files, and nothing has happened: the core then reads and writes, or,
       with SMBKIT_COPY_CLONE, which is asked of volumes with SMBKIT_CAP_CLONE only, says so to the
       client. Default: NOT_SUPPORTED. [MS-SMB2] 3.3.5.15.6, [MS-FSA] 2.1.5.10.4 */
    void (*copy_range)(struct smbkit_op *op, void *vol, void *file,
                       const struct smbkit_copy_args *args);

    /* A control code that the core does not know, and that the handle has the rights for which the
       code asks (its bits 14 and 15). A file that answers messages like a named pipe takes
       SMBKIT_FSCTL_PIPE_TRANSCEIVE. Answer: smbkit_reply_data (of more than args->max_out bytes the
       client gets the first ones, and BUFFER_OVERFLOW), or smbkit_reply_status, SUCCESS for no
       bytes. Default: INVALID_DEVICE_REQUEST.
       [MS-FSA] 2.1.5.10 */
    void (*fsctl)(struct smbkit_op *op, void *vol, void *file,
                  const struct smbkit_fsctl_args *args);

    /* Sets or clears SMBKIT_ATTR_COMPRESSED. What is made in a folder that has it gets it too. How
       it saves storage, if it does, is the plugin's own affair. Called only with
       SMBKIT_CAP_COMPRESSION. Answer: smbkit_reply_attr. Default: NOT_SUPPORTED.
       [MS-FSA] 2.1.5.10.30 */
    void (*set_compression)(struct smbkit_op *op, void *vol, void *file, bool on);

    /* A client begins to watch this open folder, with `tree` also what is below it: until its
       handle is closed, smbkit_notify shall tell what others change there. Asked once for each
       handle. Answer: smbkit_reply_status; NOT_SUPPORTED or NOT_IMPLEMENTED when clients shall not
       watch at all, and be told so; whatever else it is, they wait. Default: success. For what can
       tell of changes only where it looks. [MS-SMB2] 3.3.5.19 */
    void (*watch)(struct smbkit_op *op, void *vol, void *file, bool tree);

    /* The following four are called only with SMBKIT_CAP_QUOTAS, which wants them all, and for
       users who may: a user sees his own quota, those who administer the server see and set all;
       quota_control for everybody. */

    /* What users take and may take: smbkit_quota_add for each who has files or limits, from
       `args->cookie` on until it says false or all are listed, then smbkit_reply_quotas. With
       args->sid only for that one (nothing at all when he has neither); its cookie is the one to go
       on after it. Default: NOT_SUPPORTED. [MS-FSA] 2.1.5.21 */
    void (*quotas)(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args);

    /* Sets limit and threshold of one user, whose other fields say nothing. Answer:
       smbkit_reply_status; NO_MATCH when SMBKIT_QUOTA_REMOVE finds nothing to remove. Default:
       NOT_SUPPORTED. [MS-FSA] 2.1.5.22 */
    void (*set_quota)(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota);

    /* Defaults and flags of the volume. Answer: smbkit_reply_quota_control. Default: NOT_SUPPORTED.
       [MS-FSA] 2.1.5.13.6 */
    void (*quota_control)(struct smbkit_op *op, void *vol);

    /* Changes them, all at once. Answer: smbkit_reply_status. Default: NOT_SUPPORTED.
       [MS-FSA] 2.1.5.16.6 */
    void (*set_quota_control)(struct smbkit_op *op, void *vol,
                              const struct smbkit_quota_control *control);
};

/* What a plugin's shared object exports as `smbkit_plugin`. */
struct smbkit_plugin {
    uint32_t struct_size; /* sizeof(struct smbkit_plugin) as the plugin was compiled */
    uint32_t abi_version; /* SMBKIT_ABI_VERSION as the plugin was compiled */
    uint32_t vfs_size;    /* sizeof(struct smbkit_vfs) as the plugin was compiled */
    enum smbkit_thread_model thread_model;
    const char *name; /* [a-z0-9-]+, the name on the command line */
    const char *version;
    const char *summary; /* one line */
    const char *fs_name; /* shown to clients, at most 15 characters; "NTFS" pleases most programs */
    uint32_t capabilities;             /* SMBKIT_CAP_* */
    const struct smbkit_param *params; /* ends with a NULL name; NULL: no parameters */
    const struct smbkit_vfs *vfs;      /* lives as long as this table */
};

/* The beginning of the table, and its first members:

       static const struct smbkit_vfs my_vfs = {.share_open = ..., .open = ..., .getattr = ...};
       SMBKIT_PLUGIN_TABLE = {
           SMBKIT_PLUGIN_INIT, .thread_model = SMBKIT_THREAD_PARALLEL, .name = "my", .version = "1",
           .summary = "what it is", .vfs = &my_vfs};

   A program that links several plugins gives each table another name by
   -DSMBKIT_STATIC_PLUGIN=name. */
#ifndef SMBKIT_STATIC_PLUGIN
#define SMBKIT_STATIC_PLUGIN smbkit_plugin
#endif
#define SMBKIT_PLUGIN_TABLE                                            \
    SMBKIT_API extern const struct smbkit_plugin SMBKIT_STATIC_PLUGIN; \
    const struct smbkit_plugin SMBKIT_STATIC_PLUGIN
#define SMBKIT_PLUGIN_INIT                                                          \
    .struct_size = sizeof(struct smbkit_plugin), .abi_version = SMBKIT_ABI_VERSION, \
    .vfs_size = sizeof(struct smbkit_vfs)

/* --- answering; each exactly once per op, from any thread --- */

/* An operation that failed, or one whose success needs no more than its status. */
SMBKIT_API void smbkit_reply_status(struct smbkit_op *op, smbkit_status status);
/* open and create. `file` is handed back to later callbacks. `path` is the true spelling of the
   whole path (its case may differ from what was asked), or NULL when it is as asked. */
SMBKIT_API void smbkit_reply_open(struct smbkit_op *op, void *file, const struct smbkit_attr *attr,
                                  const char *path);
SMBKIT_API void smbkit_reply_attr(struct smbkit_op *op, const struct smbkit_attr *attr);
SMBKIT_API void smbkit_reply_statfs(struct smbkit_op *op, const struct smbkit_statfs *st);

/* Memory for the bytes of a read, at least as long as was asked for; NULL when memory is out.
   Belongs to the op; its first `length` bytes are sent without a copy after smbkit_reply_read(op,
   length). */
SMBKIT_API void *smbkit_op_buffer(struct smbkit_op *op);
SMBKIT_API void smbkit_reply_read(struct smbkit_op *op, uint32_t length);
/* The plugin's own memory, which must not change until release(ctx) is called (from any thread,
   exactly once, also when sending fails). `release` may be NULL for memory that lives forever. */
SMBKIT_API void smbkit_reply_read_ref(struct smbkit_op *op, const void *data, uint32_t length,
                                      void (*release)(void *ctx), void *ctx);
/* `length` bytes of the file that `fd` has open, from `offset` on; fewer when it ends before. They
   are read when the server needs them, maybe during this call: descriptor and bytes must stay as
   they are until release(ctx) is called (as above; NULL: at once). Reading it must not take longer
   than the caller's thread may block. INVALID_DEVICE_REQUEST to the client where there are no
   descriptors. */
SMBKIT_API void smbkit_reply_read_fd(struct smbkit_op *op, int fd, uint64_t offset, uint32_t length,
                                     void (*release)(void *ctx), void *ctx);

/* Adds an entry to a readdir answer. `next_cookie` (not 0) is where a later readdir shall go on
   after this entry. False: no room; this entry was not taken. */
SMBKIT_API bool smbkit_dir_add(struct smbkit_op *op, const char *name,
                               const struct smbkit_attr *attr, uint64_t next_cookie);
/* `end`: there is nothing after the entries that were taken. */
SMBKIT_API void smbkit_reply_readdir(struct smbkit_op *op, bool end);

/* Adds a range to an allocated_ranges answer. False: no room. */
SMBKIT_API bool smbkit_range_add(struct smbkit_op *op, uint64_t offset, uint64_t length);

/* Adds a stream to a list_streams answer; the name without ':' and type. False: no room. */
SMBKIT_API bool smbkit_stream_add(struct smbkit_op *op, const char *name, uint64_t size,
                                  uint64_t alloc_size);
/* Adds an extended attribute to a get_eas answer; copied. False: no room. */
SMBKIT_API bool smbkit_ea_add(struct smbkit_op *op, const struct smbkit_ea *ea);

/* Adds a user to an answer of quotas; the SID is copied. `next_cookie` (not 0) as in
   smbkit_dir_add. False: no room; this one was not taken. */
SMBKIT_API bool smbkit_quota_add(struct smbkit_op *op, const struct smbkit_quota *quota,
                                 uint64_t next_cookie);
/* `end`: there is nothing after the users that were taken. */
SMBKIT_API void smbkit_reply_quotas(struct smbkit_op *op, bool end);
SMBKIT_API void smbkit_reply_quota_control(struct smbkit_op *op,
                                           const struct smbkit_quota_control *control);

/* get_sd, path_sd, get_reparse and fsctl; copied. */
SMBKIT_API void smbkit_reply_data(struct smbkit_op *op, const void *data, size_t len);
/* open, create and path_sd: the first `at` bytes of the path name a reparse point with this buffer
   (copied), and what is behind it, if anything, was not looked at. */
SMBKIT_API void smbkit_reply_reparse(struct smbkit_op *op, size_t at, const void *data, size_t len);

/* --- asking about the request; valid until it is answered --- */

/* The authenticated user's name, "" for an anonymous one. */
SMBKIT_API const char *smbkit_op_user(const struct smbkit_op *op);
/* Who that is in security descriptors: a SID ([MS-DTYP] 2.4.2.2), its length is returned; 0 when it
   is not known. */
SMBKIT_API size_t smbkit_op_user_sid(const struct smbkit_op *op, const void **sid);
/* The client has gone or cancelled: the answer will not be seen. A hint for slow operations. */
SMBKIT_API bool smbkit_op_cancelled(const struct smbkit_op *op);
/* Now, as FILETIME, by the server's clock: plugins take all times from here. */
SMBKIT_API uint64_t smbkit_op_time(const struct smbkit_op *op);

/* --- the share --- */

SMBKIT_API const char *smbkit_share_name(const struct smbkit_share *share);
/* Says in one line why share_open fails; kept for the program's message. */
SMBKIT_API void smbkit_error(struct smbkit_share *share, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;
/* In share_open only: this share has not what these SMBKIT_CAP_* of the plugin's table say. */
SMBKIT_API void smbkit_share_lacks(struct smbkit_share *share, uint32_t capabilities);
enum smbkit_log_level {
    SMBKIT_LOG_ERROR,
    SMBKIT_LOG_WARNING,
    SMBKIT_LOG_INFO,
    SMBKIT_LOG_DEBUG,
};

/* Writes a line to the server's log, after the names of plugin and share. Any thread. */
SMBKIT_API void smbkit_log(struct smbkit_share *share, enum smbkit_log_level level,
                           const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 4)))
#endif
    ;
/* Random bytes from the server's source. */
SMBKIT_API void smbkit_random(struct smbkit_share *share, void *dst, size_t size);
/* Now, as FILETIME, outside an operation. */
SMBKIT_API uint64_t smbkit_share_time(struct smbkit_share *share);
/* The table that the share was opened with: lets several tables have one share_open. */
SMBKIT_API const struct smbkit_plugin *smbkit_share_plugin(const struct smbkit_share *share);

/* What smbkit_notify tells: the FILE_ACTION_* values of [MS-FSCC] 2.7.1. */
#define SMBKIT_ACTION_ADDED       1u
#define SMBKIT_ACTION_REMOVED     2u
#define SMBKIT_ACTION_MODIFIED    3u /* content, times or attributes: caches are told to go */
#define SMBKIT_ACTION_RENAMED_OLD 4u /* at once followed by RENAMED_NEW, in the same folder */
#define SMBKIT_ACTION_RENAMED_NEW 5u

/*
 * Something has changed in another way than by an operation of this interface (what operations
 * change, the core tells by itself). Clients that watch are told, and caches of `path` are broken.
 * Any thread, from share_open's return until share_close returns; also inside callbacks, and with a
 * lock of the plugin held, because it calls nothing back: it only puts the event into a queue, in
 * the order of the calls. What was told before an operation is answered, clients hear before they
 * can ask for anything else. Before share_open has returned and after the last handle is gone
 * nobody can watch, and nothing happens. `path` is copied; one that breaks the rules for paths is
 * ignored, as no client could name it. A folder that is removed or renamed goes with what is in it:
 * that needs no events of its own.
 *
 * The queue of a share has a limit (65536 events, 16 MiB): what is told on top of it is lost, and
 * then all who watch the share list their folders again, and nothing of it stays cached.
 */
SMBKIT_API void smbkit_notify(struct smbkit_share *share, const char *path, uint32_t action);
/* The same for what only one user sees, on a volume with SMBKIT_CAP_PER_USER. There the core tells
   what a client changes only that client's user; others who see the same file, the plugin tells. */
SMBKIT_API void smbkit_notify_user(struct smbkit_share *share, const char *user, const char *path,
                                   uint32_t action);

/* --- arguments: what share_open was given, checked against the plugin's table --- */

/* The value as text. For a key that is not there: "". Valid as long as `args`. */
SMBKIT_API const char *smbkit_arg_text(const struct smbkit_arg *args, size_t count,
                                       const char *key);
/* SIZE in bytes, and UINT; 0 for a key that is not there or no number. */
SMBKIT_API uint64_t smbkit_arg_number(const struct smbkit_arg *args, size_t count, const char *key);
/* DURATION in milliseconds; likewise. */
SMBKIT_API uint64_t smbkit_arg_duration(const struct smbkit_arg *args, size_t count,
                                        const char *key);
/* BOOL; false for a key that is not there. */
SMBKIT_API bool smbkit_arg_bool(const struct smbkit_arg *args, size_t count, const char *key);
/* A copy of the text, from smbkit_alloc: "" for one that is not there. NULL: memory is out. */
SMBKIT_API char *smbkit_arg_copy(const struct smbkit_arg *args, size_t count, const char *key);

/* --- helpers --- */

/* Names without regard to case, by the upper-case table of the server. */
SMBKIT_API int smbkit_name_compare(const char *a, size_t a_len, const char *b, size_t b_len);
SMBKIT_API uint64_t smbkit_name_hash(const char *name, size_t len);
/* Memory from the server's allocator; NULL when it is out. */
SMBKIT_API void *smbkit_alloc(size_t size); /* zeroed */
SMBKIT_API void *smbkit_realloc(void *ptr, size_t size);
SMBKIT_API void smbkit_free(void *ptr);
/* What a POSIX error number means to a client; UNSUCCESSFUL for one that is not in the table. */
SMBKIT_API smbkit_status smbkit_status_from_errno(int err);
/* Parses "2G" and the like; false when it is not a size. */
SMBKIT_API bool smbkit_parse_size(const char *text, uint64_t *bytes);
/* Parses "500ms", "30s", "5m", "2h" or "30" (seconds); false when it is not a time. */
SMBKIT_API bool smbkit_parse_duration(const char *text, uint64_t *ms);

#ifdef __cplusplus
}
#endif

#endif
