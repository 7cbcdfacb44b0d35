// SPDX-License-Identifier: Apache-2.0
/*
 * Quotas of the memory plugin: what is counted for whom, what limits stop and what they do not, the
 * defaults, lists, and what fails when memory is out.
 */
#include "base/mem.h"
#include "base/testmem.h"
#include "memory/memory.h"
#include "vfs/testhost.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OK SMBKIT_STATUS_SUCCESS

/* S-1-5-21-1-2-3-RID */
#define SID(rid)                                                                                \
    {                                                                                           \
        1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, (rid), 0, 0, 0 \
    }
#define SID_SIZE 28u

static const uint8_t ann[] = SID(1), ben[] = SID(2), nobody[] = SID(3);

static struct testhost host;
static struct vfs_volume *vol;
static struct vfs_op op;

static void on_done(struct vfs_op *o)
{
    fail_msg("%s came later", vfs_code_name(o->code));
}

static int setup(void **state)
{
    char error[VFS_ERROR_TEXT_MAX];
    testmem_install();
    vol = vfs_volume_new(&smbkit_plugin_memory, "ram", NULL, 0, &host.host, error);
    vfs_op_init(&op, on_done);
    return vol == NULL;
}

static int teardown(void **state)
{
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

/* A descriptor with this owner and nothing else. */
static const uint8_t *owned(const uint8_t *sid)
{
    static uint8_t sd[20 + SID_SIZE];
    memset(sd, 0, sizeof sd);
    sd[0] = 1;
    sd[3] = 0x80; /* SE_SELF_RELATIVE */
    sd[4] = 20;
    memcpy(sd + 20, sid, SID_SIZE);
    return sd;
}

static void *create(const char *path, const char *stream, const uint8_t *owner, smbkit_status want)
{
    const struct smbkit_create_args a = {
        .path = path,
        .stream = stream,
        .sd = owner != NULL ? owned(owner) : NULL,
        .sd_len = owner != NULL ? 20 + SID_SIZE : 0,
    };
    assert_true(vfs_create(&op, vol, &a));
    assert_int_equal(op.status, want);
    return op.opened;
}

static void shut(void *file, uint32_t flags)
{
    assert_true(vfs_cleanup(&op, vol, file, flags));
    assert_int_equal(op.status, OK);
    assert_true(vfs_close(&op, vol, file));
}

static smbkit_status put(void *file, uint64_t offset, size_t len)
{
    static const uint8_t bytes[65536];
    assert_true(vfs_write(&op, vol, file, offset, bytes, (uint32_t)len));
    return op.status;
}

static smbkit_status limit(const uint8_t *sid, uint64_t bytes)
{
    const struct smbkit_quota q = {sid, SID_SIZE, .threshold = 7, .limit = bytes};
    assert_true(vfs_set_quota(&op, vol, &q));
    return op.status;
}

static void control(uint64_t bytes, uint32_t flags)
{
    const struct smbkit_quota_control c = {.default_limit = bytes, .flags = flags};
    assert_true(vfs_set_quota_control(&op, vol, &c));
    assert_int_equal(op.status, OK);
}

/* How many there are of this SID (NULL: all); op has the list. */
static size_t list(const uint8_t *sid, uint64_t cookie, size_t max)
{
    const struct smbkit_quotas_args a = {sid, sid != NULL ? SID_SIZE : 0, cookie, max};
    assert_true(vfs_quotas(&op, vol, &a));
    assert_int_equal(op.status, OK);
    return op.quota_count;
}

static uint64_t used(const uint8_t *sid)
{
    return list(sid, 0, 0) > 0 ? op.quotas[0].quota.used : UINT64_MAX;
}

/* --- what is counted --- */

static void test_counted(void **state)
{
    void *f = create("f", NULL, ann, OK), *g = create("g", NULL, ben, OK);
    void *n = create("n", NULL, NULL, OK);
    assert_true(used(ann) == 0 && used(ben) == 0 && used(nobody) == UINT64_MAX);
    assert_int_equal(put(f, 0, 65536), OK);
    assert_int_equal(put(n, 0, 65536), OK);
    assert_int_equal(used(ann), 65536);
    assert_int_equal(put(f, 0, 65536), OK); /* no more of the same */
    assert_int_equal(used(ann), 65536);
    void *s = create("f", "s", NULL, OK);
    assert_int_equal(put(s, 0, 65536), OK);
    assert_int_equal(used(ann), 131072);
    assert_true(vfs_set_alloc(&op, vol, g, 1 << 20));
    assert_int_equal(used(ben), 1 << 20);
    assert_true(
        vfs_copy_range(&op, vol, g, &(struct smbkit_copy_args){.from = f, .length = 65536}));
    assert_int_equal(op.status, OK);
    assert_int_equal(used(ben), 1 << 20);
    assert_true(vfs_set_size(&op, vol, f, 0));
    assert_int_equal(used(ann), 65536);
    shut(s, SMBKIT_CLEANUP_DELETE);
    assert_int_equal(used(ann), 0);
    shut(g, 0); /* what was reserved and not used */
    assert_int_equal(used(ben), 65536);
    shut(f, SMBKIT_CLEANUP_DELETE);
    assert_true(used(ann) == UINT64_MAX);
    shut(n, 0);
}

static void test_new_owner(void **state)
{
    void *f = create("f", NULL, ann, OK), *d = create("d", NULL, ben, OK);
    void *s = create("f", "s", NULL, OK);
    assert_int_equal(put(f, 0, 65536), OK);
    assert_int_equal(put(s, 0, 65536), OK);
    assert_true(vfs_set_sd(&op, vol, f, owned(ben), 20 + SID_SIZE));
    assert_int_equal(op.status, OK);
    assert_true(used(ann) == UINT64_MAX);
    assert_int_equal(used(ben), 131072);
    /* one who may not have as much does not get it */
    assert_int_equal(limit(nobody, 1000), OK);
    assert_true(vfs_set_sd(&op, vol, f, owned(nobody), 20 + SID_SIZE));
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(used(ben), 131072);
    assert_int_equal(used(nobody), 0);
    assert_true(vfs_get_sd(&op, vol, f));
    assert_memory_equal(op.blob, owned(ben), 20 + SID_SIZE);
    /* the stream becomes the file's own data */
    assert_true(vfs_rename_stream(&op, vol, s, "", SMBKIT_RENAME_REPLACE));
    assert_int_equal(op.status, OK);
    assert_int_equal(used(ben), 65536);
    assert_true(vfs_set_size(&op, vol, s, 0));
    assert_int_equal(used(ben), 0);
    assert_true(vfs_set_sd(&op, vol, f, "no descriptor", 13));
    assert_int_equal(put(f, 0, 65536), OK);
    assert_int_equal(used(ben), 0);
    shut(s, 0);
    shut(f, 0);
    shut(d, 0);
}

/* A stream that is open and has no name any more is charged to nobody: its file may get another
   owner, and the old one be forgotten, before it is closed. */
static void test_stream_without_name(void **state)
{
    void *f = create("f", NULL, ann, OK), *s = create("f", "s", NULL, OK);
    assert_int_equal(put(s, 0, 65536), OK);
    assert_true(vfs_overwrite(&op, vol, f));
    assert_int_equal(op.status, OK);
    assert_int_equal(used(ann), 0);
    assert_true(vfs_set_sd(&op, vol, f, owned(ben), 20 + SID_SIZE));
    assert_true(used(ann) == UINT64_MAX);
    assert_int_equal(put(s, 65536, 65536), OK);
    assert_int_equal(used(ben), 0);
    shut(s, 0);
    assert_int_equal(used(ben), 0);
    shut(f, SMBKIT_CLEANUP_DELETE);
}

/* --- limits --- */

static void test_limit(void **state)
{
    void *f = create("f", NULL, ann, OK), *g = create("g", NULL, ben, OK);
    assert_int_equal(limit(ann, 100000), OK);
    assert_int_equal(put(f, 0, 65536), OK);
    assert_int_equal(put(f, 65536, 1), SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(op.attr_valid, false);
    assert_int_equal(used(ann), 65536);
    assert_int_equal(put(g, 0, 65536), OK);
    assert_int_equal(put(g, 65536, 65536), OK);
    assert_true(vfs_set_alloc(&op, vol, f, 200000));
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    assert_true(vfs_copy_range(
        &op, vol, f, &(struct smbkit_copy_args){.from = g, .to_offset = 65536, .length = 65536}));
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    /* above the limit nothing grows, but everything else can be done */
    assert_int_equal(limit(ann, 10), OK);
    assert_int_equal(put(f, 100, 1000), OK);
    void *e = create("e", NULL, ann, OK);
    assert_int_equal(put(e, 0, 1), SMBKIT_STATUS_DISK_FULL);
    shut(e, SMBKIT_CLEANUP_DELETE);
    assert_true(vfs_set_size(&op, vol, f, 0));
    assert_int_equal(op.status, OK);
    assert_int_equal(limit(ann, SMBKIT_QUOTA_REMOVE), OK);
    assert_int_equal(put(f, 0, 65536), OK);
    assert_int_equal(limit(nobody, SMBKIT_QUOTA_REMOVE), SMBKIT_STATUS_NO_MATCH);
    shut(f, 0);
    shut(g, 0);
}

static void test_defaults(void **state)
{
    void *f = create("f", NULL, ann, OK), *g = create("g", NULL, ben, OK);
    assert_int_equal(limit(ben, SMBKIT_QUOTA_NONE), OK);
    control(1000, SMBKIT_QUOTA_ENFORCE);
    assert_int_equal(put(f, 0, 65536), SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(put(g, 0, 65536), OK);
    assert_int_equal(list(ann, 0, 0), 1);
    assert_int_equal(op.quotas[0].quota.limit, 1000);
    control(1000, SMBKIT_QUOTA_ENFORCE | SMBKIT_QUOTA_TRACK);
    assert_int_equal(put(f, 0, 65536), OK);
    control(1000, 0);
    assert_int_equal(put(f, 65536, 65536), OK);
    assert_true(vfs_quota_control(&op, vol));
    assert_int_equal(op.quota_control.default_limit, 1000);
    assert_int_equal(op.quota_control.flags, 0);
    shut(f, 0);
    shut(g, 0);
}

static void test_space(void **state)
{
    const uint64_t all = 1ull << 30;
    void *f = create("f", NULL, ann, OK);
    op.user_sid = ann;
    op.user_sid_len = SID_SIZE;
    assert_int_equal(put(f, 0, 65536), OK);
    assert_int_equal(limit(ann, 100000), OK);
    assert_true(vfs_statfs(&op, vol));
    assert_int_equal(op.statfs.total_bytes, 100000);
    assert_int_equal(op.statfs.free_bytes, 100000 - 65536);
    assert_true(op.statfs.device_free_bytes > all / 2);
    assert_int_equal(limit(ann, 5), OK);
    assert_true(vfs_statfs(&op, vol));
    assert_int_equal(op.statfs.free_bytes, 0);
    op.user_sid = nobody; /* has no files yet */
    control(3000, SMBKIT_QUOTA_ENFORCE);
    assert_true(vfs_statfs(&op, vol));
    assert_int_equal(op.statfs.free_bytes, 3000);
    op.user_sid_len = 0;
    assert_true(vfs_statfs(&op, vol));
    assert_int_equal(op.statfs.total_bytes, all);
    shut(f, 0);
}

/* --- lists --- */

static void test_list(void **state)
{
    static uint8_t sids[20][SID_SIZE];
    for (uint8_t i = 0; i < 20; i++) {
        const uint8_t sid[] = SID(100 + i);
        memcpy(sids[i], sid, SID_SIZE);
        assert_int_equal(limit(sids[i], i), OK);
    }
    size_t seen = 0;
    for (uint64_t cookie = 0; seen < 20;) {
        size_t n = list(NULL, cookie, 7);
        assert_true(n > 0 && n <= 7);
        for (size_t i = 0; i < n; i++, seen++) {
            assert_memory_equal(op.quotas[i].quota.sid, sids[seen], SID_SIZE);
            assert_int_equal(op.quotas[i].quota.limit, seen);
            assert_int_equal(op.quotas[i].quota.threshold, 7);
        }
        cookie = op.quotas[n - 1].next_cookie;
        assert_int_equal(op.dir_end, seen == 20);
        if (seen == 7) /* one that goes meanwhile, and one that has been listed */
            assert_int_equal(limit(sids[6], SMBKIT_QUOTA_REMOVE), OK);
    }
    assert_int_equal(list(sids[3], 0, 1), 1);
    assert_int_equal(list(NULL, op.quotas[0].next_cookie, 1), 1);
    assert_memory_equal(op.quotas[0].quota.sid, sids[4], SID_SIZE);
    for (uint8_t i = 20; i-- > 0;) /* from the end, which the list must find again */
        assert_int_equal(limit(sids[i], SMBKIT_QUOTA_REMOVE), i == 6 ? SMBKIT_STATUS_NO_MATCH : OK);
    assert_int_equal(list(NULL, 0, 0), 0);
    assert_true(op.dir_end);
    assert_int_equal(limit(ann, 1), OK);
    assert_int_equal(list(NULL, 0, 0), 1);
}

/* --- memory --- */

static void test_no_memory(void **state)
{
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        const struct smbkit_create_args a = {
            .path = "f", .sd = owned(ann), .sd_len = 20 + SID_SIZE};
        assert_true(n < 100);
        testmem_fail_nth(n);
        assert_true(vfs_create(&op, vol, &a));
        failed = testmem_failed() > 0;
        testmem_fail_none();
        if (op.status == OK)
            shut(op.opened, SMBKIT_CLEANUP_DELETE);
        else
            assert_int_equal(op.status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        assert_int_equal(list(NULL, 0, 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stream_without_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_space, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
