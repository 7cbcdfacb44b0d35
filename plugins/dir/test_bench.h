// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of the dir plugin share: a volume on a scratch folder (below SMBKIT_TEST_FOLDER,
 * or else TMPDIR, or else /tmp: the same tests run on any file system), and short words for
 * operations, which run to their end before they return.
 */
#ifndef PLUGINS_DIR_TEST_BENCH_H
#define PLUGINS_DIR_TEST_BENCH_H

#include "base/mem.h"
#include "base/testmem.h"
#include "dir.h"
#include "vfs/testhost.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct smbkit_plugin smbkit_plugin_dir;

/* One thread's way to the volume: a host's queues are drained by whoever waits. */
struct dirtest {
    struct testhost host;
    struct vfs_volume *vol;
    struct vfs_op op;
    _Atomic bool done;
    struct testhost *queues; /* its own host's, or that of the one whose volume it shares */
    char *base;              /* the scratch folder */
    char *root;              /* the share: base/share */
    char error[VFS_ERROR_TEXT_MAX];
    char notes[4096]; /* what smbkit_notify told: "+path " "-path " "*path " ... */
};

static inline void dirtest_done(struct vfs_op *op)
{
    CONTAINER_OF(op, struct dirtest, op)->done = true;
}

static inline void dirtest_changed(void *ctx, struct vfs_volume *volume, const char *user,
                                   const char *path, uint32_t action)
{
    struct dirtest *t = CONTAINER_OF((struct testhost *)ctx, struct dirtest, host);
    pthread_mutex_lock(&t->host.mutex);
    size_t n = strlen(t->notes);
    snprintf(t->notes + n, sizeof(t->notes) - n, "%c%s ", "?+-*<>"[action], path);
    pthread_mutex_unlock(&t->host.mutex);
}

static inline bool dirtest_open_volume(struct dirtest *t, const struct smbkit_arg *more,
                                       size_t count)
{
    struct smbkit_arg args[8] = {{"path", t->root}, {"as", "server"}};
    size_t at = 2;
    for (size_t i = 0; i < count; i++)
        args[strcmp(more[i].key, "as") == 0 ? 1 : at++] = more[i];
    t->host.host.changed = dirtest_changed;
    t->vol = vfs_volume_new(&smbkit_plugin_dir, "d", args, at, &t->host.host, t->error);
    vfs_op_init(&t->op, dirtest_done);
    return t->vol != NULL;
}

static inline void dirtest_init(struct dirtest *t)
{
    const char *where = getenv("SMBKIT_TEST_FOLDER");
    if (where == NULL)
        where = getenv("TMPDIR");
    memset(t, 0, sizeof(*t));
    testhost_init(&t->host);
    t->queues = &t->host;
    assert_true(asprintf(&t->base, "%s/smbkit-dir.XXXXXX", where != NULL ? where : "/tmp") > 0);
    assert_non_null(mkdtemp(t->base));
    assert_true(asprintf(&t->root, "%s/share", t->base) > 0);
    assert_int_equal(mkdir(t->root, 0777), 0);
}

static inline int dirtest_remove(const char *path, const struct stat *st, int type, struct FTW *w)
{
    return remove(path);
}

static inline void dirtest_close_volume(struct dirtest *t)
{
    vfs_op_clear(&t->op);
    if (t->vol != NULL)
        vfs_volume_unref(t->vol);
    t->vol = NULL;
}

static inline void dirtest_end(struct dirtest *t)
{
    dirtest_close_volume(t);
    nftw(t->base, dirtest_remove, 64, FTW_DEPTH | FTW_PHYS);
    free(t->base);
    free(t->root);
}

/* The beginning and the end of a test, for cmocka. */
static inline int dirtest_setup(struct dirtest *t, const struct smbkit_arg *args, size_t count)
{
    testmem_install();
    dirtest_init(t);
    return !dirtest_open_volume(t, args, count);
}

static inline int dirtest_teardown(struct dirtest *t)
{
    dirtest_end(t);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

/* --- operations; each returns the status --- */

static inline smbkit_status dirtest_wait(struct dirtest *t, bool answered)
{
    while (!answered && !t->done)
        testhost_drain(t->queues);
    t->done = false;
    return t->op.status;
}

#define XWAIT(t, call) dirtest_wait((t), (call))

#define ACCESS_FULL 0x1f01ffu
#define ACCESS_LIST 0x100081u /* and attributes, SYNCHRONIZE */

static inline smbkit_status xopen_as(struct dirtest *t, const char *path, uint32_t access,
                                     void **file)
{
    smbkit_status st = XWAIT(
        t, vfs_open(&t->op, t->vol, &(struct smbkit_open_args){.path = path, .access = access}));
    *file = t->op.opened;
    return st;
}

static inline smbkit_status xopen(struct dirtest *t, const char *path, void **file)
{
    return xopen_as(t, path, ACCESS_FULL, file);
}

static inline smbkit_status xcreate(struct dirtest *t, const char *path, uint32_t attributes,
                                    void **file)
{
    smbkit_status st =
        XWAIT(t, vfs_create(&t->op, t->vol,
                            &(struct smbkit_create_args){
                                .path = path, .access = ACCESS_FULL, .attributes = attributes}));
    *file = t->op.opened;
    return st;
}

static inline void xclose(struct dirtest *t, void *file)
{
    XWAIT(t, vfs_cleanup(&t->op, t->vol, file, 0));
    XWAIT(t, vfs_close(&t->op, t->vol, file));
}

static inline smbkit_status xdelete(struct dirtest *t, void *file)
{
    smbkit_status st = XWAIT(t, vfs_cleanup(&t->op, t->vol, file, SMBKIT_CLEANUP_DELETE));
    XWAIT(t, vfs_close(&t->op, t->vol, file));
    return st;
}

static inline void *must_open(struct dirtest *t, const char *path)
{
    void *f = NULL;
    smbkit_status st = xopen(t, path, &f);
    if (st != SMBKIT_STATUS_SUCCESS)
        fail_msg("open %s: %08x", path, (unsigned)st);
    return f;
}

static inline void *must_create(struct dirtest *t, const char *path, uint32_t attributes)
{
    void *f = NULL;
    smbkit_status st = xcreate(t, path, attributes, &f);
    if (st != SMBKIT_STATUS_SUCCESS)
        fail_msg("create %s: %08x", path, (unsigned)st);
    return f;
}

static inline void make(struct dirtest *t, const char *path, uint32_t attributes)
{
    xclose(t, must_create(t, path, attributes));
}

static inline smbkit_status status_of(struct dirtest *t, const char *path)
{
    void *f;
    smbkit_status st = xopen(t, path, &f);
    if (st == SMBKIT_STATUS_SUCCESS)
        xclose(t, f);
    return st;
}

static inline smbkit_status xrename(struct dirtest *t, void *file, const char *to, uint32_t flags)
{
    return XWAIT(t, vfs_rename(&t->op, t->vol, file, to, flags));
}

/* What was told since the last call, once all events are applied: a lookup does that. */
static inline const char *told(struct dirtest *t)
{
    static char text[4096];
    (void)status_of(t, "no such name");
    pthread_mutex_lock(&t->host.mutex);
    memcpy(text, t->notes, sizeof(text));
    t->notes[0] = '\0';
    pthread_mutex_unlock(&t->host.mutex);
    return text;
}

/* Names in the folder, sorted, each with a space after it. */
static inline int dirtest_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline const char *listing_as(struct dirtest *t, const char *path, uint32_t access)
{
    static _Thread_local char text[8192];
    const char *names[512];
    size_t n = 0, len = 0;
    void *d = NULL;
    assert_int_equal(xopen_as(t, path, access, &d), SMBKIT_STATUS_SUCCESS);
    const struct smbkit_readdir_args args = {.pattern = "*", .max_entries = 512};
    assert_int_equal(XWAIT(t, vfs_readdir(&t->op, t->vol, d, &args)), SMBKIT_STATUS_SUCCESS);
    for (; n < t->op.dirent_count && n < 512; n++)
        names[n] = t->op.dirents[n].name;
    qsort(names, n, sizeof(names[0]), dirtest_compare);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ", names[i]);
    xclose(t, d);
    return text;
}

static inline const char *listing(struct dirtest *t, const char *path)
{
    return listing_as(t, path, ACCESS_FULL);
}

/* --- what others do, on the disk --- */

struct dirtest_path {
    char text[600];
};

static inline struct dirtest_path disk(const struct dirtest *t, const char *path)
{
    struct dirtest_path p;
    snprintf(p.text, sizeof(p.text), "%s/%s", t->root, path);
    return p;
}

static inline bool disk_has(const struct dirtest *t, const char *path)
{
    struct stat st;
    return lstat(disk(t, path).text, &st) == 0;
}

static inline uint64_t disk_changed(const char *path)
{
    struct statx st;
    assert_int_equal(fs_stat(AT_FDCWD, path, &st), 0);
    return fs_ns(&st.stx_ctime);
}

/* Waits until what changes from now on has a change time more than `ns` after the file's. */
static inline void disk_pass(const struct dirtest *t, const char *path, uint64_t ns)
{
    struct dirtest_path probe = disk(t, "../probe");
    uint64_t since = disk_changed(disk(t, path).text), began = fs_now();
    close(open(probe.text, O_CREAT | O_WRONLY, 0666));
    while (disk_changed(probe.text) <= since + ns) {
        assert_true(fs_now() - began < 60000000000u);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_int_equal(chmod(probe.text, 0666), 0);
    }
}

/* A new file comes into the share in one step, so that there is one event; one that is there is cut
   and written. */
static inline void disk_write(const struct dirtest *t, const char *path, const char *content)
{
    struct dirtest_path to = disk(t, path), at = disk(t, "../made");
    bool there = disk_has(t, path);
    FILE *f = fopen(there ? to.text : at.text, "w");
    assert_non_null(f);
    fputs(content, f);
    assert_int_equal(fclose(f), 0);
    assert_true(there || rename(at.text, to.text) == 0);
}

#endif
