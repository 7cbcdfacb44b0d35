// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of the memory plugin share: a volume that is driven through vfs/ as the server
 * does, short words for operations, and the check that a test gives back what it took.
 */
#ifndef MEMORY_TEST_MEMORY_H
#define MEMORY_TEST_MEMORY_H

#include "base/mem.h"
#include "base/testmem.h"
#include "memory/memory.h"
#include "vfs/testhost.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CHUNK 65536u

static struct testhost host;
static struct vfs_volume *vol;
static struct vfs_op op;

static inline void on_done(struct vfs_op *o)
{
    fail_msg("%s came later", vfs_code_name(o->code));
}

static inline void open_volume(const char *size)
{
    char error[VFS_ERROR_TEXT_MAX];
    const struct smbkit_arg arg = {"size", size};
    vol = vfs_volume_new(&smbkit_plugin_memory, "ram", &arg, size != NULL, &host.host, error);
    vfs_op_init(&op, on_done);
}

static inline void close_volume(void)
{
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
}

static inline int setup(void **state)
{
    testmem_install();
    open_volume(NULL);
    return vol == NULL;
}

static inline int teardown(void **state)
{
    close_volume();
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

/* --- short words for operations; all answer at once --- */

static inline smbkit_status xopen(const char *path, void **file)
{
    assert_true(vfs_open(&op, vol, &(struct smbkit_open_args){.path = path}));
    *file = op.opened;
    return op.status;
}

static inline smbkit_status xcreate(const char *path, uint32_t attributes, void **file)
{
    assert_true(
        vfs_create(&op, vol, &(struct smbkit_create_args){.path = path, .attributes = attributes}));
    *file = op.opened;
    return op.status;
}

static inline void xclose(void *file)
{
    assert_true(vfs_cleanup(&op, vol, file, 0));
    assert_true(vfs_close(&op, vol, file));
}

static inline smbkit_status xunlink(void *file)
{
    assert_true(vfs_cleanup(&op, vol, file, SMBKIT_CLEANUP_DELETE));
    return op.status;
}

static inline smbkit_status xwrite(void *file, uint64_t offset, const void *data, size_t n)
{
    assert_true(vfs_write(&op, vol, file, offset, data, (uint32_t)n));
    return op.status;
}

static inline smbkit_status xread(void *file, uint64_t offset, uint32_t n)
{
    assert_true(vfs_read(&op, vol, file, offset, n));
    return op.status;
}

static inline struct smbkit_attr xattr(void *file)
{
    assert_true(vfs_getattr(&op, vol, file));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    return op.attr;
}

static inline smbkit_status xrename(void *file, const char *to, uint32_t flags)
{
    assert_true(vfs_rename(&op, vol, file, to, flags));
    return op.status;
}

static inline smbkit_status xlink(void *file, const char *to, uint32_t flags)
{
    assert_true(vfs_link(&op, vol, file, to, flags));
    return op.status;
}

static inline uint64_t used(void)
{
    assert_true(vfs_statfs(&op, vol));
    return op.statfs.total_bytes - op.statfs.free_bytes;
}

static inline void *must_create(const char *path, uint32_t attributes)
{
    void *f;
    assert_int_equal(xcreate(path, attributes, &f), SMBKIT_STATUS_SUCCESS);
    return f;
}

static inline void *must_open(const char *path)
{
    void *f;
    assert_int_equal(xopen(path, &f), SMBKIT_STATUS_SUCCESS);
    return f;
}

static inline void make(const char *path, uint32_t attributes)
{
    xclose(must_create(path, attributes));
}

static inline bool exists(const char *path)
{
    void *f;
    smbkit_status st = xopen(path, &f);
    if (st == SMBKIT_STATUS_SUCCESS)
        xclose(f);
    return st == SMBKIT_STATUS_SUCCESS;
}

#define DIR SMBKIT_ATTR_DIRECTORY
#define OK  SMBKIT_STATUS_SUCCESS

#endif
