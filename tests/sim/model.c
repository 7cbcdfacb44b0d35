// SPDX-License-Identifier: Apache-2.0
/* See model.h. */
#include "sim/model.h"

#include "base/mem.h"
#include "sim/cache.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define READING  (FILE_READ_DATA | FILE_EXECUTE)
#define WRITING  (FILE_WRITE_DATA | FILE_APPEND_DATA)
#define COUNTING (READING | WRITING | DELETE)

static const char *const names[MODEL_FILES] = {"f0", "f1", "f2", "d\\f3", "d\\f4", "d\\f5"};

static const char *wrong(const char *format, ...) PRINTF_LIKE(1, 2);

static const char *wrong(const char *format, ...)
{
    static char text[160];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return text;
}

static const char *expect(const struct model_file *f, smbkit_status expected, smbkit_status got)
{
    if (f->fuzzy || expected == got)
        return NULL;
    return wrong("%s: %s, the model expects %s", f->name, smbkit_status_name(got),
                 smbkit_status_name(expected));
}

void model_init(struct model *m)
{
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < MODEL_FILES; i++) {
        m->files[i].name = names[i];
        m->files[i].size_known = true;
        list_init(&m->files[i].handles);
        list_init(&m->files[i].caches);
    }
}

static void handle_free(struct model_handle *h)
{
    if (h->cache != NULL)
        cache_put(h->cache);
    list_remove(&h->link);
    mem_free(h);
}

void model_free(struct model *m)
{
    for (size_t i = 0; i < MODEL_FILES; i++)
        LIST_FOREACH_SAFE (it, tmp, &m->files[i].handles)
            handle_free(LIST_ENTRY(it, struct model_handle, link));
}

/* ---------------------------------------------------------------- doubt */

void model_lose(struct model_file *f, bool lost_names, bool lost_data)
{
    f->fuzzy = true;
    f->lost_names = f->lost_names || lost_names;
    f->lost_data = f->lost_data || lost_data;
    f->version++;
}

void model_handle_lost(struct model_handle *h)
{
    struct model_file *f = h->file;
    model_lose(f, h->delete_on_close || f->delete_pending != MODEL_NO, false);
    handle_free(h);
}

static void forget_data(struct model_file *f)
{
    f->size_known = false;
    for (size_t i = 0; i < MODEL_SIZE_MAX; i++)
        f->data[i] = -1;
}

void model_settle(struct model_file *f)
{
    f->fuzzy = false;
    if (f->lost_names) {
        f->exists = MODEL_MAYBE;
        f->delete_pending = list_empty(&f->handles) ? MODEL_NO : MODEL_MAYBE;
    }
    if (f->lost_data || f->lost_names)
        forget_data(f);
    f->lost_names = f->lost_data = false;
    LIST_FOREACH (it, &f->caches)
        LIST_ENTRY(it, struct model_cache, link)->doubtful = true;
    f->version++;
}

/* ---------------------------------------------------------------- data */

static void set_size(struct model_file *f, uint32_t size)
{
    if (f->size_known)
        for (uint32_t i = f->size; i < size; i++)
            f->data[i] = 0;
    for (uint32_t i = size; i < MODEL_SIZE_MAX; i++)
        f->data[i] = 0;
    f->size = size;
    f->size_known = true;
}

static void new_file(struct model_file *f)
{
    f->exists = MODEL_YES;
    f->delete_pending = MODEL_NO;
    f->size_known = true;
    f->size = 0;
    memset(f->data, 0, sizeof f->data);
    f->version++;
}

static const char *learn_size(struct model_file *f, uint64_t size)
{
    if (f->size_known && f->size != size && !f->fuzzy)
        return wrong("%s: size %llu, the model expects %u", f->name, (unsigned long long)size,
                     f->size);
    if (size > MODEL_SIZE_MAX)
        return wrong("%s: size %llu", f->name, (unsigned long long)size);
    if (!f->size_known) {
        f->size = (uint32_t)size;
        f->size_known = true;
    }
    return NULL;
}

/* ---------------------------------------------------------------- share modes */

static bool denies(uint32_t access, uint32_t share)
{
    return ((access & READING) && !(share & FILE_SHARE_READ)) ||
           ((access & WRITING) && !(share & FILE_SHARE_WRITE)) ||
           ((access & DELETE) && !(share & FILE_SHARE_DELETE));
}

/* [MS-FSA] 2.1.5.1.2.2 */
static bool sharing_violation(const struct model_file *f, uint32_t access, uint32_t share)
{
    if (!(access & COUNTING))
        return false;
    LIST_FOREACH (it, &f->handles) {
        const struct model_handle *h = LIST_ENTRY(it, struct model_handle, link);
        if ((h->access & COUNTING) && (denies(access, h->share) || denies(h->access, share)))
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- CREATE */

static bool overwrites(uint32_t d)
{
    return d == FILE_SUPERSEDE || d == FILE_OVERWRITE || d == FILE_OVERWRITE_IF;
}

static smbkit_status expect_existing(const struct model_file *f, const struct model_create *args)
{
    uint32_t implied = args->disposition == FILE_SUPERSEDE ? DELETE
                       : overwrites(args->disposition)     ? FILE_WRITE_DATA
                                                           : 0;
    if (f->delete_pending == MODEL_YES)
        return SMBKIT_STATUS_DELETE_PENDING;
    if (args->disposition == FILE_CREATE)
        return SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    if (sharing_violation(f, args->access | implied, args->share))
        return SMBKIT_STATUS_SHARING_VIOLATION;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status expect_missing(const struct model_create *args)
{
    if (args->disposition == FILE_OPEN || args->disposition == FILE_OVERWRITE)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    return SMBKIT_STATUS_SUCCESS;
}

/* What an answer says about things that were unknown. */
static void learn_existence(struct model_file *f, const struct model_create *args,
                            smbkit_status status, const struct wire_create_rsp *rsp)
{
    bool found = status == SMBKIT_STATUS_SUCCESS ? rsp->create_action != FILE_CREATED
                                                 : status != SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    if (f->exists == MODEL_MAYBE)
        f->exists = found ? MODEL_YES : MODEL_NO;
    if (f->delete_pending == MODEL_MAYBE) {
        bool pending = status == SMBKIT_STATUS_DELETE_PENDING;
        f->delete_pending = pending ? MODEL_YES : MODEL_NO;
        f->exists = pending || found ? MODEL_YES : MODEL_NO;
    }
    (void)args;
}

static const char *take_action(struct model_file *f, const struct model_create *args,
                               const struct wire_create_rsp *rsp)
{
    static const uint32_t existing[] = {[FILE_SUPERSEDE] = FILE_SUPERSEDED,
                                        [FILE_OPEN] = FILE_OPENED,
                                        [FILE_OPEN_IF] = FILE_OPENED,
                                        [FILE_OVERWRITE] = FILE_OVERWRITTEN,
                                        [FILE_OVERWRITE_IF] = FILE_OVERWRITTEN};
    bool existed = f->exists == MODEL_YES && args->disposition != FILE_CREATE;
    uint32_t expected = existed ? existing[args->disposition] : FILE_CREATED;
    if (!f->fuzzy && rsp->create_action != expected)
        return wrong("%s: create action %u, the model expects %u", f->name, rsp->create_action,
                     expected);
    if (rsp->create_action == FILE_CREATED)
        new_file(f);
    else if (rsp->create_action != FILE_OPENED)
        set_size(f, 0);
    f->exists = MODEL_YES;
    if (f->fuzzy)
        f->lost_data = true;
    return learn_size(f, rsp->end_of_file);
}

const char *model_created(struct model_file *f, const struct model_create *args,
                          smbkit_status status, const struct wire_create_rsp *rsp, void *owner,
                          struct model_handle **out)
{
    *out = NULL;
    learn_existence(f, args, status, rsp);
    smbkit_status expected =
        f->exists == MODEL_YES ? expect_existing(f, args) : expect_missing(args);
    const char *bad = expect(f, expected, status);
    if (bad != NULL || status != SMBKIT_STATUS_SUCCESS)
        return bad;
    if ((bad = take_action(f, args, rsp)) != NULL)
        return bad;
    struct model_handle *h = mem_zalloc(sizeof *h);
    if (h == NULL)
        return wrong("out of memory");
    h->file = f;
    h->owner = owner;
    h->id = rsp->file_id;
    h->access = args->access;
    h->share = args->share;
    h->delete_on_close = (args->options & FILE_DELETE_ON_CLOSE) != 0;
    list_append(&f->handles, &h->link);
    *out = h;
    return NULL;
}

const char *model_closed(struct model_handle *h, smbkit_status status)
{
    struct model_file *f = h->file;
    const char *bad = expect(f, SMBKIT_STATUS_SUCCESS, status);
    if (bad != NULL || status != SMBKIT_STATUS_SUCCESS)
        return bad;
    if (h->delete_on_close)
        f->delete_pending = MODEL_YES;
    handle_free(h);
    if (list_empty(&f->handles) && f->delete_pending != MODEL_NO) {
        f->exists = f->delete_pending == MODEL_YES ? MODEL_NO : MODEL_MAYBE;
        f->delete_pending = MODEL_NO;
        if (f->exists == MODEL_MAYBE)
            forget_data(f);
        f->version++;
    }
    if (f->fuzzy)
        f->lost_names = true;
    return NULL;
}

/* ---------------------------------------------------------------- locks */

static bool overlap(const struct model_lock *l, uint64_t offset, uint64_t length)
{
    return l->offset < offset + length && offset < l->offset + l->length;
}

/* Is there a lock in the way of this open's read, write, shared or exclusive lock? */
static bool conflict(const struct model_handle *me, uint64_t offset, uint64_t length, bool write,
                     bool lock, bool exclusive)
{
    LIST_FOREACH (it, &me->file->handles) {
        const struct model_handle *h = LIST_ENTRY(it, struct model_handle, link);
        for (size_t i = 0; i < h->lock_count; i++) {
            const struct model_lock *l = &h->locks[i];
            if (!overlap(l, offset, length))
                continue;
            if (lock && exclusive)
                return true;
            if (l->exclusive ? h != me : write)
                return true;
        }
    }
    return false;
}

const char *model_locked(struct model_handle *h, const struct model_lock *l, smbkit_status status)
{
    smbkit_status expected = SMBKIT_STATUS_SUCCESS;
    if (!(h->access & (FILE_READ_DATA | FILE_WRITE_DATA)))
        expected = SMBKIT_STATUS_ACCESS_DENIED;
    else if (conflict(h, l->offset, l->length, false, true, l->exclusive))
        expected = SMBKIT_STATUS_LOCK_NOT_GRANTED;
    const char *bad = expect(h->file, expected, status);
    if (bad == NULL && status == SMBKIT_STATUS_SUCCESS)
        h->locks[h->lock_count++] = *l;
    return bad;
}

/* An exclusive lock goes before a shared one ([MS-FSA] 2.1.5.9). */
static size_t find_lock(const struct model_handle *h, const struct model_lock *l)
{
    size_t found = MODEL_LOCKS_MAX;
    for (size_t i = 0; i < h->lock_count; i++)
        if (h->locks[i].offset == l->offset && h->locks[i].length == l->length &&
            (found == MODEL_LOCKS_MAX || h->locks[i].exclusive))
            found = i;
    return found;
}

const char *model_unlocked(struct model_handle *h, const struct model_lock *l, smbkit_status status)
{
    size_t i = find_lock(h, l);
    smbkit_status expected =
        i < MODEL_LOCKS_MAX ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_RANGE_NOT_LOCKED;
    if (!(h->access & (FILE_READ_DATA | FILE_WRITE_DATA)))
        expected = SMBKIT_STATUS_ACCESS_DENIED;
    const char *bad = expect(h->file, expected, status);
    if (bad == NULL && status == SMBKIT_STATUS_SUCCESS && i < MODEL_LOCKS_MAX)
        h->locks[i] = h->locks[--h->lock_count];
    return bad;
}

/* ---------------------------------------------------------------- data in and out */

static const char *compare(const struct model_file *f, uint64_t offset,
                           const struct wire_blob *data)
{
    for (size_t i = 0; i < data->len; i++)
        if (f->data[offset + i] >= 0 && f->data[offset + i] != data->data[i])
            return wrong("%s: byte %llu is %02x, the model expects %02x", f->name,
                         (unsigned long long)(offset + i), data->data[i],
                         (unsigned)f->data[offset + i]);
    return NULL;
}

const char *model_was_read(struct model_handle *h, uint64_t offset, uint32_t length,
                           smbkit_status status, const struct wire_blob *data)
{
    struct model_file *f = h->file;
    smbkit_status expected = SMBKIT_STATUS_SUCCESS;
    if (!(h->access & READING))
        expected = SMBKIT_STATUS_ACCESS_DENIED;
    else if (conflict(h, offset, length, false, false, false))
        expected = SMBKIT_STATUS_FILE_LOCK_CONFLICT;
    else if (!f->size_known)
        expected = status == SMBKIT_STATUS_END_OF_FILE ? status : SMBKIT_STATUS_SUCCESS;
    else if (offset >= f->size)
        expected = SMBKIT_STATUS_END_OF_FILE;
    const char *bad = expect(f, expected, status);
    if (bad != NULL || status != SMBKIT_STATUS_SUCCESS || f->fuzzy)
        return bad;
    if (f->size_known && data->len != MIN(length, f->size - offset))
        return wrong("%s: %zu bytes read at %llu of %u", f->name, data->len,
                     (unsigned long long)offset, f->size);
    if (offset + data->len > MODEL_SIZE_MAX)
        return wrong("%s: bytes behind the largest size", f->name);
    if ((bad = compare(f, offset, data)) != NULL)
        return bad;
    for (size_t i = 0; i < data->len; i++)
        f->data[offset + i] = data->data[i];
    return NULL;
}

const char *model_written(struct model_handle *h, uint64_t offset, const uint8_t *data,
                          uint32_t length, smbkit_status status, uint32_t count)
{
    struct model_file *f = h->file;
    smbkit_status expected = SMBKIT_STATUS_SUCCESS;
    if (!(h->access & WRITING))
        expected = SMBKIT_STATUS_ACCESS_DENIED;
    else if (conflict(h, offset, length, true, false, false))
        expected = SMBKIT_STATUS_FILE_LOCK_CONFLICT;
    const char *bad = expect(f, expected, status);
    if (bad != NULL || status != SMBKIT_STATUS_SUCCESS)
        return bad;
    if (count != length)
        return wrong("%s: %u of %u bytes written", f->name, count, length);
    if (f->size_known && offset + length > f->size)
        set_size(f, (uint32_t)(offset + length));
    for (uint32_t i = 0; i < length; i++)
        f->data[offset + i] = data[i];
    if (f->fuzzy)
        f->lost_data = true;
    return NULL;
}

const char *model_flushed(struct model_handle *h, smbkit_status status)
{
    return expect(
        h->file, h->access & WRITING ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED, status);
}

const char *model_end_of_file_set(struct model_handle *h, uint32_t size, smbkit_status status)
{
    struct model_file *f = h->file;
    bool allowed = (h->access & FILE_WRITE_DATA) != 0;
    const char *bad =
        expect(f, allowed ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED, status);
    if (bad != NULL || status != SMBKIT_STATUS_SUCCESS)
        return bad;
    if (f->size_known)
        set_size(f, size);
    else
        forget_data(f);
    f->size = size;
    f->size_known = true;
    if (f->fuzzy)
        f->lost_data = true;
    return NULL;
}

/* ---------------------------------------------------------------- names */

const char *model_disposed(struct model_handle *h, bool delete_file, smbkit_status status)
{
    struct model_file *f = h->file;
    bool allowed = (h->access & DELETE) != 0;
    const char *bad =
        expect(f, allowed ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED, status);
    if (bad != NULL || status != SMBKIT_STATUS_SUCCESS)
        return bad;
    f->delete_pending = delete_file ? MODEL_YES : MODEL_NO;
    f->version++;
    if (f->fuzzy)
        f->lost_names = true;
    return NULL;
}

const char *model_standard_info(struct model_handle *h, smbkit_status status, uint64_t size,
                                bool delete_pending, bool directory)
{
    struct model_file *f = h->file;
    const char *bad = expect(f, SMBKIT_STATUS_SUCCESS, status);
    if (bad != NULL || status != SMBKIT_STATUS_SUCCESS || f->fuzzy)
        return bad;
    if (directory)
        return wrong("%s: is said to be a folder", f->name);
    if (f->delete_pending != MODEL_MAYBE && delete_pending != (f->delete_pending == MODEL_YES))
        return wrong("%s: delete pending %d", f->name, delete_pending);
    return learn_size(f, size);
}

static void move_file(struct model_file *from, struct model_file *to)
{
    LIST_FOREACH (it, &from->handles)
        LIST_ENTRY(it, struct model_handle, link)->file = to;
    list_splice(&to->handles, &from->handles);
    LIST_FOREACH (it, &from->caches)
        LIST_ENTRY(it, struct model_cache, link)->file = to;
    list_splice(&to->caches, &from->caches);
    to->exists = from->exists;
    to->delete_pending = from->delete_pending;
    to->size_known = from->size_known;
    to->size = from->size;
    memcpy(to->data, from->data, sizeof to->data);
    to->fuzzy = from->fuzzy;
    to->lost_names = from->lost_names;
    to->lost_data = from->lost_data;
    to->version++;
    from->exists = MODEL_NO;
    from->delete_pending = MODEL_NO;
    from->version++;
}

const char *model_renamed(struct model_handle *h, struct model_file *to, smbkit_status status)
{
    struct model_file *f = h->file;
    smbkit_status expected = SMBKIT_STATUS_SUCCESS;
    if (!(h->access & DELETE))
        expected = SMBKIT_STATUS_ACCESS_DENIED;
    else if (to->exists == MODEL_MAYBE)
        expected = status == SMBKIT_STATUS_SUCCESS ? status : SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    else if (to->exists == MODEL_YES)
        expected = SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    const char *bad = expect(f, expected, status);
    if (bad != NULL)
        return bad;
    if (status == SMBKIT_STATUS_OBJECT_NAME_COLLISION && to->exists == MODEL_MAYBE)
        to->exists = MODEL_YES;
    if (status == SMBKIT_STATUS_SUCCESS)
        move_file(f, to);
    return NULL;
}
