// SPDX-License-Identifier: Apache-2.0
/*
 * What files ought to look like: a reference model in a few arrays, against which the simulator
 * judges every reply that it can.
 *
 * How it stays sound although operations run side by side: on a file of the model ("exact") the
 * clients have at most one operation (or one compound) in flight at a time, all clients together;
 * operations on different files overlap freely. Files that are not in the model ("wild") are used
 * by everybody at once, and of them only the protocol is judged.
 *
 * Some things end without an answer: a connection drops, a session is logged off or replaced under
 * its requests, an allocation fails in the middle. Then the file becomes *fuzzy*: what the server
 * says about it is believed and not judged. When everything that was dying has come to rest, the
 * file is *settled*: what was in doubt becomes unknown (existence, size, single bytes), and is
 * learned again from the next replies.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "base/list.h"
#include "wire/wire.h"
#include <smbkit/status.h>

#define MODEL_FILES     6
#define MODEL_SIZE_MAX  4096
#define MODEL_LOCKS_MAX 8

enum model_tri {
    MODEL_NO,
    MODEL_YES,
    MODEL_MAYBE,
};

struct model_lock {
    uint64_t offset, length;
    bool exclusive;
};

struct model_cache; /* cache.h */
struct model_file;

struct model_handle {
    struct list link; /* model_file.handles */
    struct model_file *file;
    void *owner; /* the session it belongs to */
    struct wire_file_id id;
    uint32_t access, share;
    bool delete_on_close;
    bool closing; /* a CLOSE is in flight */
    struct model_lock locks[MODEL_LOCKS_MAX];
    size_t lock_count;
    struct model_cache *cache; /* or NULL */
};

struct model_file {
    const char *name; /* with backslashes */
    enum model_tri exists, delete_pending;
    bool size_known;
    uint32_t size;
    int16_t data[MODEL_SIZE_MAX]; /* -1: unknown */
    struct list handles;
    struct list caches; /* model_cache.link */
    unsigned busy;      /* operations in flight */
    bool fuzzy, lost_names, lost_data;
    uint64_t version; /* grows whenever existence may have changed */
};

struct model {
    struct model_file files[MODEL_FILES];
};

struct model_create {
    uint32_t access, share, disposition, options;
};

void model_init(struct model *m);
/* Frees all handles. */
void model_free(struct model *m);

/* Each judges the answer to an operation and changes the model accordingly. NULL, or what is wrong
   (valid until the next call). On a fuzzy file they only learn. */
const char *model_created(struct model_file *f, const struct model_create *args,
                          smbkit_status status, const struct wire_create_rsp *rsp, void *owner,
                          struct model_handle **out);
/* The handle is gone afterwards when the status is SUCCESS. */
const char *model_closed(struct model_handle *h, smbkit_status status);
const char *model_was_read(struct model_handle *h, uint64_t offset, uint32_t length,
                           smbkit_status status, const struct wire_blob *data);
const char *model_written(struct model_handle *h, uint64_t offset, const uint8_t *data,
                          uint32_t length, smbkit_status status, uint32_t count);
const char *model_flushed(struct model_handle *h, smbkit_status status);
const char *model_locked(struct model_handle *h, const struct model_lock *l, smbkit_status status);
const char *model_unlocked(struct model_handle *h, const struct model_lock *l,
                           smbkit_status status);
const char *model_end_of_file_set(struct model_handle *h, uint32_t size, smbkit_status status);
const char *model_disposed(struct model_handle *h, bool delete_file, smbkit_status status);
const char *model_standard_info(struct model_handle *h, smbkit_status status, uint64_t size,
                                bool delete_pending, bool directory);
/* To a name whose file is idle and not fuzzy, without ReplaceIfExists. */
const char *model_renamed(struct model_handle *h, struct model_file *to, smbkit_status status);

/* Something happened, nobody knows what. */
void model_lose(struct model_file *f, bool names, bool data);
/* The server closes the handle at a time of its own. */
void model_handle_lost(struct model_handle *h);
/* Nothing of what made the file fuzzy is under way any more. */
void model_settle(struct model_file *f);

#endif
