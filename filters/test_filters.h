// SPDX-License-Identifier: Apache-2.0
/* What the tests of filters share: a share of the memory plugin behind one filter, with a clock
   that says what was slept. */
#ifndef FILTERS_TEST_FILTERS_H
#define FILTERS_TEST_FILTERS_H

#include "base/testmem.h"
#include "memory/memory.h"
#include "vfs/testhost.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct testhost host;
static struct vfs_volume *vol;
static struct vfs_op op;
static char error[VFS_ERROR_TEXT_MAX];
static int done_count;
static uint64_t slept;

static inline void on_done(struct vfs_op *o)
{
    done_count++;
}

static inline void test_later(void *ctx, struct vfs_op *o, uint64_t ns)
{
    slept += ns;
    testhost_post(ctx, o);
}

static inline bool open_volume(const struct smbkit_filter *f, const struct smbkit_arg *args,
                               size_t count)
{
    const struct vfs_filter spec = {f, args, count};
    vol = vfs_volume_new_filtered(&smbkit_plugin_memory, "s", NULL, 0, &spec, 1, &host.host, error);
    return vol != NULL;
}

/* The rest of an operation that is not answered at once. */
static inline void finish(bool now)
{
    int before = done_count;
    if (now)
        return;
    testhost_drain(&host);
    assert_int_equal(done_count, before + 1);
}

/* Opens or makes a file. */
static inline void *make(const char *path)
{
    finish(vfs_create(&op, vol, &(struct smbkit_create_args){.path = path}));
    if (op.status == SMBKIT_STATUS_OBJECT_NAME_COLLISION)
        finish(vfs_open(&op, vol, &(struct smbkit_open_args){.path = path}));
    return op.status == SMBKIT_STATUS_SUCCESS ? op.opened : NULL;
}

static inline smbkit_status put(void *f, uint64_t offset, const char *text)
{
    finish(vfs_write(&op, vol, f, offset, text, (uint32_t)strlen(text)));
    return op.status;
}

static inline void put_away(void *f)
{
    finish(vfs_cleanup(&op, vol, f, 0));
    finish(vfs_close(&op, vol, f));
}

static int setup(void **state)
{
    testmem_install();
    testhost_init(&host);
    host.host.executor.later = test_later;
    vfs_op_init(&op, on_done);
    slept = 0;
    done_count = 0;
    return 0;
}

static int teardown(void **state)
{
    vfs_op_clear(&op);
    if (vol != NULL)
        vfs_volume_unref(vol);
    vol = NULL;
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

#endif
