// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin as a volume that several shares look at: what stands below a filter can be
 * looked at, and changed, beside it. And random operations on two volumes that must do the same.
 */
#ifndef FILTERS_TEST_TWINS_H
#define FILTERS_TEST_TWINS_H

#include "base/testmem.h"
#include "base/testrand.h"
#include "memory/memory.h"
#include "vfs/testhost.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* --- one memory for several volumes --- */

static struct smbkit_plugin shared_plugin;
static struct smbkit_vfs shared_vfs;
static void *shared_vol;
static struct smbkit_share *shared_share; /* that of the last one */
static unsigned shared_refs;

static smbkit_status shared_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                 size_t count, void **vol)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (shared_refs == 0)
        status = smbkit_plugin_memory.vfs->share_open(share, args, count, &shared_vol);
    if (status == SMBKIT_STATUS_SUCCESS)
        shared_refs++;
    shared_share = share;
    *vol = shared_vol;
    return status;
}

static void shared_close(void *vol)
{
    if (--shared_refs == 0)
        smbkit_plugin_memory.vfs->share_close(vol);
}

static struct testhost host;
static bool twin_done;

static inline void twin_on_done(struct vfs_op *o)
{
    twin_done = true;
}

/* Of tests that give all memory back. */
static inline int twin_setup(void **state)
{
    testmem_install();
    return 0;
}

static inline int twin_teardown(void **state)
{
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

static inline struct vfs_volume *shared_volume(const struct vfs_filter *filter, size_t count)
{
    char error[VFS_ERROR_TEXT_MAX] = "";
    struct vfs_volume *v =
        vfs_volume_new_filtered(&shared_plugin, "s", NULL, 0, filter, count, &host.host, error);
    if (v == NULL && testmem_failed() == 0)
        fail_msg("%s", error);
    return v;
}

static inline void twins_init(void)
{
    testhost_init(&host);
    shared_plugin = smbkit_plugin_memory;
    shared_vfs = *smbkit_plugin_memory.vfs;
    shared_vfs.share_open = shared_open;
    shared_vfs.share_close = shared_close;
    shared_plugin.vfs = &shared_vfs;
}

/* --- one side --- */

#define TWIN_HANDLES 6
#define TWIN_IO      20000u

struct side {
    struct vfs_volume *vol;
    struct vfs_op op;
    void *h[TWIN_HANDLES];
    bool folder[TWIN_HANDLES];
};

static inline smbkit_status wait_for(struct side *s, bool now)
{
    twin_done = now;
    if (!now)
        testhost_drain(&host);
    assert_true(twin_done);
    return s->op.status;
}

/* Calls one of vfs_* and waits for its answer. */
#define DO(s, call, ...) wait_for((s), call(&(s)->op, (s)->vol, __VA_ARGS__))

static inline void side_open(struct side *s, struct vfs_volume *v)
{
    *s = (struct side){.vol = v};
    vfs_op_init(&s->op, twin_on_done);
}

static inline void side_put(struct side *s, unsigned slot, smbkit_status *st, uint32_t flags)
{
    if (s->h[slot] == NULL)
        return;
    smbkit_status status = DO(s, vfs_cleanup, s->h[slot], flags);
    if (st != NULL)
        *st = status;
    DO(s, vfs_close, s->h[slot]);
    s->h[slot] = NULL;
}

static inline void side_close(struct side *s)
{
    for (unsigned i = 0; i < TWIN_HANDLES; i++)
        side_put(s, i, NULL, 0);
    vfs_op_clear(&s->op);
    vfs_volume_unref(s->vol);
}

/* --- everything in a volume as text, names in order --- */

struct dump {
    char text[65536];
    size_t used;
};

static inline int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline uint64_t content_hash(struct side *s, void *file, uint64_t size)
{
    uint64_t sum = 14695981039346656037ull;
    for (uint64_t at = 0; at < size; at += s->op.data.len) {
        assert_int_equal(DO(s, vfs_read, file, at, 50000), SMBKIT_STATUS_SUCCESS);
        assert_true(s->op.data.len > 0);
        for (size_t i = 0; i < s->op.data.len; i++)
            sum = (sum ^ s->op.data.data[i]) * 1099511628211ull;
    }
    return sum;
}

/* The names in a folder, to be freed; batches are small so that cookies matter. */
static inline size_t names_of(struct side *s, void *dir, char **names, size_t max)
{
    size_t n = 0;
    uint64_t cookie = 0;
    for (bool end = false; !end;) {
        const struct smbkit_readdir_args args = {cookie, "*", 3};
        assert_int_equal(DO(s, vfs_readdir, dir, &args), SMBKIT_STATUS_SUCCESS);
        for (size_t i = 0; i < s->op.dirent_count && i < 3; i++) {
            assert_true(n < max);
            names[n] = malloc(300);
            snprintf(names[n++], 300, "%s%s %llu", s->op.dirents[i].name,
                     s->op.dirents[i].attr.attributes & SMBKIT_ATTR_DIRECTORY ? "/" : "",
                     (unsigned long long)s->op.dirents[i].attr.size);
            cookie = s->op.dirents[i].next_cookie;
        }
        end = s->op.dir_end && s->op.dirent_count <= 3;
    }
    qsort(names, n, sizeof(*names), by_text);
    return n;
}

static inline void dump_folder(struct side *s, const char *path, struct dump *d)
{
    char *names[256];
    char sub[512];
    assert_int_equal(DO(s, vfs_open, &(struct smbkit_open_args){.path = path, .access = 1}),
                     SMBKIT_STATUS_SUCCESS);
    void *dir = s->op.opened;
    size_t n = names_of(s, dir, names, 256);
    DO(s, vfs_cleanup, dir, 0);
    DO(s, vfs_close, dir);
    for (size_t i = 0; i < n; i++) {
        bool folder = strstr(names[i], "/ ") != NULL;
        d->used +=
            (size_t)snprintf(d->text + d->used, sizeof(d->text) - d->used, "%s:%s", path, names[i]);
        *strrchr(names[i], folder ? '/' : ' ') = '\0';
        snprintf(sub, sizeof(sub), "%s%s%s", path, path[0] != '\0' ? "/" : "", names[i]);
        free(names[i]);
        if (!folder) {
            assert_int_equal(DO(s, vfs_open, &(struct smbkit_open_args){.path = sub, .access = 1}),
                             SMBKIT_STATUS_SUCCESS);
            void *f = s->op.opened;
            uint64_t size = s->op.attr.size;
            d->used += (size_t)snprintf(d->text + d->used, sizeof(d->text) - d->used, " %x %llx",
                                        (unsigned)s->op.attr.attributes,
                                        (unsigned long long)content_hash(s, f, size));
            DO(s, vfs_cleanup, f, 0);
            DO(s, vfs_close, f);
        }
        d->used += (size_t)snprintf(d->text + d->used, sizeof(d->text) - d->used, "\n");
        if (folder)
            dump_folder(s, sub, d);
    }
}

static inline struct dump *dump_new(struct side *s)
{
    struct dump *d = calloc(1, sizeof(*d));
    dump_folder(s, "", d);
    return d;
}

static inline void assert_same(struct side *a, struct side *b)
{
    struct dump *x = dump_new(a), *y = dump_new(b);
    if (strcmp(x->text, y->text) != 0)
        fail_msg("the volumes differ:\n%s\n--- and ---\n%s", x->text, y->text);
    free(x);
    free(y);
}

/* --- random operations --- */

static const char *const twin_names[] = {
    "a",   "b",   "C",   "c",   "d",     "e",     "d/a",   "d/b",
    "d/C", "D/c", "e/a", "e/f", "e/f/g", "e/F/H", "d/e/a",
};

static inline const char *some_name(struct testrand *r)
{
    return twin_names[testrand_below(r, ARRAY_LEN(twin_names))];
}

static inline uint64_t some_offset(struct testrand *r)
{
    static const uint64_t spans[] = {10, 5000, 70000};
    return testrand_below(r, spans[testrand_below(r, 3)]);
}

static inline bool some_sparse(const struct side *s, unsigned slot)
{
    return s->h[slot] != NULL && !s->folder[slot];
}

/* One operation, the same on both sides, and what it answered. */
struct twin_op {
    unsigned kind, slot;
    const char *path;
    bool flag;
    uint64_t offset, length;
    uint8_t fill;
};

static inline smbkit_status twin_open(struct side *s, const struct twin_op *o)
{
    const struct smbkit_open_args open = {.path = o->path, .access = 3};
    const struct smbkit_create_args create = {.path = o->path,
                                              .access = 3,
                                              .attributes = o->flag ? SMBKIT_ATTR_DIRECTORY
                                                                    : SMBKIT_ATTR_ARCHIVE};
    if (s->h[o->slot] != NULL)
        return 0;
    smbkit_status st = o->kind == 0 ? DO(s, vfs_create, &create) : DO(s, vfs_open, &open);
    if (st == SMBKIT_STATUS_SUCCESS) {
        s->h[o->slot] = s->op.opened;
        s->folder[o->slot] = (s->op.attr.attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    }
    return st;
}

static inline smbkit_status twin_change(struct side *s, const struct twin_op *o)
{
    static uint8_t bytes[TWIN_IO];
    void *f = s->h[o->slot];
    const struct smbkit_attr attr = {.attributes = o->flag ? SMBKIT_ATTR_HIDDEN : 0,
                                     .write_time = o->offset};
    memset(bytes, o->fill, sizeof(bytes));
    switch (o->kind) {
    case 4: return DO(s, vfs_write, f, o->offset, bytes, (uint32_t)o->length);
    case 5: return DO(s, vfs_set_size, f, o->offset);
    case 6: return DO(s, vfs_zero_range, f, o->offset, o->length * 3);
    case 7: return DO(s, vfs_setattr, f, &attr, SMBKIT_SET_ATTRIBUTES | SMBKIT_SET_WRITE_TIME);
    case 8: return DO(s, vfs_overwrite, f);
    case 9: return DO(s, vfs_set_sparse, f, o->flag);
    default: return DO(s, vfs_set_alloc, f, o->offset);
    }
}

static inline smbkit_status twin_do(struct side *s, const struct twin_op *o)
{
    smbkit_status st = 0;
    if (o->kind <= 1)
        return twin_open(s, o);
    if (s->h[o->slot] == NULL)
        return 0;
    switch (o->kind) {
    case 2: side_put(s, o->slot, NULL, 0); return 0;
    case 3: side_put(s, o->slot, &st, SMBKIT_CLEANUP_DELETE); return st;
    case 11: return DO(s, vfs_rename, s->h[o->slot], o->path, o->flag ? SMBKIT_RENAME_REPLACE : 0);
    case 12: return DO(s, vfs_read, s->h[o->slot], o->offset, (uint32_t)o->length);
    case 13: return DO(s, vfs_getattr, s->h[o->slot]);
    case 14: return DO(s, vfs_can_delete, s->h[o->slot], s->folder[o->slot]);
    default: return s->folder[o->slot] ? 0 : twin_change(s, o);
    }
}

static inline struct twin_op some_op(struct testrand *r)
{
    static const uint8_t kinds[] = {0, 0, 0, 1, 1, 1, 1,  2,  2,  2,  3,  4,  4,  4, 4,
                                    5, 5, 6, 7, 8, 9, 10, 11, 11, 12, 12, 12, 13, 14};
    struct twin_op o = {.kind = kinds[testrand_below(r, sizeof(kinds))],
                        .slot = (unsigned)testrand_below(r, TWIN_HANDLES),
                        .path = some_name(r),
                        .flag = testrand_below(r, 3) == 0,
                        .offset = some_offset(r),
                        .length = testrand_below(r, TWIN_IO),
                        .fill = (uint8_t)testrand_next(r)};
    if (o.kind == 11)
        o.flag = testrand_below(r, 3) != 0;
    return o;
}

/* A folder is not renamed while something in it is open: the core sees to it. */
static inline bool allowed(const struct side *s, const struct twin_op *o)
{
    bool others = false;
    for (unsigned i = 0; i < TWIN_HANDLES; i++)
        others |= i != o->slot && s->h[i] != NULL;
    return o->kind != 11 || !s->folder[o->slot] || !others;
}

/* Runs so many operations on both; says which one differed. */
static inline void run_twins(struct side *a, struct side *b, uint64_t seed, unsigned count,
                             void (*between)(struct testrand *r))
{
    struct testrand r = {seed};
    for (unsigned i = 0; i < count; i++) {
        struct twin_op o = some_op(&r);
        if (!allowed(a, &o))
            continue;
        if (between != NULL)
            between(&r);
        smbkit_status x = twin_do(a, &o), y = twin_do(b, &o);
        bool same = x == y;
        if (same && x == SMBKIT_STATUS_SUCCESS && o.kind != 2 && o.kind != 3 &&
            a->h[o.slot] != NULL && o.kind != 14)
            same = o.kind == 12
                       ? a->op.data.len == b->op.data.len &&
                             (a->op.data.len == 0 ||
                              memcmp(a->op.data.data, b->op.data.data, a->op.data.len) == 0)
                       : a->op.attr.size == b->op.attr.size &&
                             (a->op.attr.attributes & ~SMBKIT_ATTR_NORMAL) ==
                                 (b->op.attr.attributes & ~SMBKIT_ATTR_NORMAL);
        if (!same)
            fail_msg("seed %llu, operation %u (kind %u, '%s', slot %u, %llu+%llu, %d): %s and %s, "
                     "sizes %llu and %llu, attributes %x and %x",
                     (unsigned long long)seed, i, o.kind, o.path, o.slot,
                     (unsigned long long)o.offset, (unsigned long long)o.length, o.flag,
                     smbkit_status_name(x), smbkit_status_name(y),
                     (unsigned long long)a->op.attr.size, (unsigned long long)b->op.attr.size,
                     a->op.attr.attributes, b->op.attr.attributes);
        if (i % 50 == 0)
            assert_same(a, b);
        host.now += 10;
    }
    assert_same(a, b);
}

#endif
