// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of published trees share: a volume over a tree, driven through vfs/ as the server
 * does, short words for operations, and a record of what was told to watching clients.
 *
 * Events are one letter and a path: + added, - removed, ~ modified, < old name, > new name; with a
 * user in front ("alice:+a") where only he is told.
 */
#ifndef TREE_TEST_TREE_H
#define TREE_TEST_TREE_H

#include "base/mem.h"
#include "base/testmem.h"
#include "vfs/testhost.h"
#include <setjmp.h>
#include <smbkit/tree.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define OK       SMBKIT_STATUS_SUCCESS
#define DENIED   SMBKIT_STATUS_ACCESS_DENIED
#define MISSING  SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND
#define NO_PATH  SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND
#define TAKEN    SMBKIT_STATUS_OBJECT_NAME_COLLISION
#define NOT_OK   SMBKIT_STATUS_UNSUCCESSFUL
#define NO_ROOM  SMBKIT_STATUS_INSUFFICIENT_RESOURCES
#define BAD_ARG  SMBKIT_STATUS_INVALID_PARAMETER
#define BAD_NAME SMBKIT_STATUS_OBJECT_NAME_INVALID

static struct testhost host;
static struct smbkit_tree *tree;
static struct vfs_volume *vol;
static struct vfs_op op;
static const char *user = "alice";

static char events[8192];
static size_t event_count, event_sum[6];

/* Instead of the record. */
static void (*event_hook)(const char *path, uint32_t action);

static inline void on_changed(void *ctx, struct vfs_volume *v, const char *who, const char *path,
                              uint32_t action)
{
    static const char letters[] = "?+-~<>";
    pthread_mutex_lock(&host.mutex);
    event_count++;
    event_sum[action < 6 ? action : 0]++;
    size_t used = strlen(events);
    if (event_hook != NULL)
        event_hook(path, action);
    else if (used + strlen(path) + 32 < sizeof(events))
        snprintf(events + used, sizeof(events) - used, "%s%s%s%s%c%s", used > 0 ? " " : "",
                 v == vol ? "" : "2", who != NULL ? who : "", who != NULL ? ":" : "",
                 letters[action < 6 ? action : 0], path);
    pthread_mutex_unlock(&host.mutex);
}

static inline void events_clear(void)
{
    events[0] = '\0';
    event_count = 0;
    memset(event_sum, 0, sizeof(event_sum));
}

#define assert_events(text)                \
    do {                                   \
        assert_string_equal(events, text); \
        events_clear();                    \
    } while (0)

static inline void on_done(struct vfs_op *o)
{
    fail_msg("%s came later", vfs_code_name(o->code));
}

static inline struct vfs_volume *serve(struct smbkit_tree *t)
{
    char error[VFS_ERROR_TEXT_MAX];
    return vfs_volume_new(smbkit_tree_plugin(t, SMBKIT_THREAD_ASYNC), "share", NULL, 0, &host.host,
                          error);
}

static inline void begin(const struct smbkit_tree_options *options)
{
    testmem_install();
    host.host.changed = on_changed;
    vfs_op_init(&op, on_done);
    user = "alice";
    tree = smbkit_tree_new(options);
    assert_non_null(tree);
    vol = serve(tree);
    assert_non_null(vol);
    events_clear();
}

static inline void end(void)
{
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
    smbkit_tree_unref(tree);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

static inline struct smbkit_node *root(void)
{
    return smbkit_tree_root(tree);
}

static inline smbkit_status xopen_for(const char *path, uint32_t access, void **file)
{
    op.user = user;
    assert_true(vfs_open(&op, vol, &(struct smbkit_open_args){.path = path, .access = access}));
    *file = op.opened;
    return op.status;
}

static inline smbkit_status xopen(const char *path, void **file)
{
    return xopen_for(path, SMBKIT_ACCESS_READ, file);
}

static inline void *must_open(const char *path)
{
    void *f;
    assert_int_equal(xopen(path, &f), OK);
    return f;
}

static inline smbkit_status xcreate(const char *path, uint32_t attributes, void **file)
{
    op.user = user;
    assert_true(
        vfs_create(&op, vol, &(struct smbkit_create_args){.path = path, .attributes = attributes}));
    *file = op.opened;
    return op.status;
}

static inline smbkit_status xclose(void *file)
{
    assert_true(vfs_cleanup(&op, vol, file, 0));
    smbkit_status status = op.status;
    assert_true(vfs_close(&op, vol, file));
    return status;
}

/* Deletes what is open, as the core does it, and closes. */
static inline smbkit_status xdelete(void *file)
{
    op.user = user;
    assert_true(vfs_can_delete(&op, vol, file, false));
    smbkit_status status = op.status;
    op.user = user;
    assert_true(vfs_cleanup(&op, vol, file, status == OK ? SMBKIT_CLEANUP_DELETE : 0));
    if (status == OK)
        status = op.status;
    assert_true(vfs_close(&op, vol, file));
    return status;
}

static inline smbkit_status xunlink(const char *path)
{
    void *f;
    smbkit_status status = xopen(path, &f);
    return status == OK ? xdelete(f) : status;
}

static inline smbkit_status xrename(const char *path, const char *to, uint32_t flags)
{
    void *f;
    smbkit_status status = xopen(path, &f);
    if (status != OK)
        return status;
    op.user = user;
    assert_true(vfs_rename(&op, vol, f, to, flags));
    status = op.status;
    xclose(f);
    return status;
}

static inline smbkit_status xwrite(void *file, uint64_t offset, const char *text)
{
    op.user = user;
    assert_true(vfs_write(&op, vol, file, offset, text, (uint32_t)strlen(text)));
    return op.status;
}

static inline const char *xread(void *file, uint64_t offset, uint32_t n)
{
    static char text[4096];
    assert_true(vfs_read(&op, vol, file, offset, n));
    if (op.status != OK)
        return smbkit_status_name(op.status);
    snprintf(text, sizeof(text), "%.*s", (int)op.data.len, (const char *)op.data.data);
    return text;
}

static inline struct smbkit_attr xattr(void *file)
{
    assert_true(vfs_getattr(&op, vol, file));
    assert_int_equal(op.status, OK);
    return op.attr;
}

/* "a b c" in the order of the listing, in answers of at most `max` entries. */
static inline const char *xlist_by(const char *path, const char *pattern, size_t max)
{
    static char text[8192];
    void *f;
    uint64_t cookie = 0;
    bool more = true;
    text[0] = '\0';
    smbkit_status status = xopen(path, &f);
    while (more && status == OK) {
        const struct smbkit_readdir_args args = {cookie, pattern, max};
        op.user = user;
        assert_true(vfs_readdir(&op, vol, f, &args));
        status = op.status;
        for (size_t i = 0; status == OK && i < op.dirent_count; i++) {
            size_t used = strlen(text);
            snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? " " : "",
                     op.dirents[i].name);
            cookie = op.dirents[i].next_cookie;
        }
        more = status == OK && !op.dir_end;
    }
    if (f != NULL)
        xclose(f);
    return status == OK ? text : smbkit_status_name(status);
}

static inline const char *xlist(const char *path)
{
    return xlist_by(path, "*", 0);
}

static inline const char *xcontent(const char *path)
{
    void *f;
    smbkit_status status = xopen(path, &f);
    if (status != OK)
        return smbkit_status_name(status);
    const char *text = xread(f, 0, 4000);
    xclose(f);
    return text;
}

#endif
