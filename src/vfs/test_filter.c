// SPDX-License-Identifier: Apache-2.0
/*
 * Chains of filters: what is passed on, looked at, changed, answered, delayed and counted, in every
 * order and thread model.
 */
#include "vfs/test_filter.h"

static struct smbkit_filter absent = FILTER("absent", .flags = 0);

static void test_order_of_life(void **state)
{
    struct smbkit_filter *const list[] = {&passing, &hooking};
    assert_true(try_open(&plugin, 2, list));
    assert_string_equal(trace, "+plugin +filter +filter ");
    trace[0] = '\0';
    vfs_volume_unref(vol);
    vol = NULL;
    assert_string_equal(trace, "-filter -filter -plugin ");
}

/* The same calls reach the plugin, with the same arguments and answers, whatever is in between. */
static void test_everything_passes(void **state)
{
    char plain[64];
    for (int model = SMBKIT_THREAD_ASYNC; model <= SMBKIT_THREAD_SERIAL; model++) {
        for (enum vfs_code code = 0; code < VFS_CODES; code++) {
            plugin.thread_model = hooking.thread_model = passing.thread_model = SMBKIT_THREAD_ASYNC;
            OPEN(&plugin, &absent);
            assert_true(complete(code));
            smbkit_status status = op.status;
            snprintf(plain, sizeof(plain), "%s", trace);
            vfs_volume_unref(vol);
            hooking.thread_model = passing.thread_model = plugin.thread_model =
                (enum smbkit_thread_model)model;
            OPEN(&plugin, &passing, &hooking, &absent, &hooking);
            assert_int_equal(complete(code), model == SMBKIT_THREAD_ASYNC);
            char expect[256];
            snprintf(expect, sizeof(expect), "pass then then %shook:%s:%s hook:%s:%s ", plain,
                     vfs_code_name(code), smbkit_status_name(status) + 7, vfs_code_name(code),
                     smbkit_status_name(status) + 7);
            assert_string_equal(trace, expect);
            assert_int_equal(op.status, status);
            if (code == VFS_READ)
                assert_memory_equal(op.data.data, "plugin's", 8);
            if (code == VFS_OPEN)
                assert_string_equal(op.true_path, "A/b");
            if (code == VFS_READDIR)
                assert_int_equal(op.dirent_count, 1);
            vfs_op_clear(&op);
            vfs_volume_unref(vol);
            vol = NULL;
        }
    }
}

/* smbkit_next has every callback: a new row of vfs_calls wants a new one. */
static void test_next_is_complete(void **state)
{
    for (enum vfs_code code = 0; code < VFS_CODES; code++)
        if (code != VFS_CLOSE)
            assert_true(vfs_calls[code].present(smbkit_next(NULL)));
}

/* What a plugin lacks is the same with filters: the default is made behind them. */
static void test_defaults_behind(void **state)
{
    smbkit_status plain[VFS_CODES];
    OPEN(&bare, &absent);
    for (enum vfs_code code = 0; code < VFS_CODES; code++) {
        assert_true(complete(code));
        plain[code] = op.status;
    }
    vfs_op_clear(&op);
    vfs_volume_unref(vol);
    OPEN(&bare, &hooking, &passing);
    for (enum vfs_code code = 0; code < VFS_CODES; code++) {
        assert_true(complete(code));
        assert_int_equal(op.status, plain[code]);
    }
}

static void deny_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
{
    smbkit_reply_status(o, c->changes ? SMBKIT_STATUS_MEDIA_WRITE_PROTECTED
                                      : SMBKIT_STATUS_ACCESS_DENIED);
}

static struct smbkit_filter denying =
    FILTER("denying", .any = deny_any, .add_capabilities = SMBKIT_CAP_READ_ONLY,
           .remove_capabilities = SMBKIT_CAP_STREAMS);

static void test_answers_itself(void **state)
{
    OPEN(&plugin, &hooking, &denying);
    assert_int_equal(vfs_volume_capabilities(vol), SMBKIT_CAP_READ_ONLY);
    assert_true(complete(VFS_WRITE));
    assert_int_equal(op.status, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    assert_true(complete(VFS_CLEANUP));
    assert_int_equal(op.status, SMBKIT_STATUS_ACCESS_DENIED);
    assert_true(vfs_cleanup(&op, vol, &plugin_file, SMBKIT_CLEANUP_DELETE));
    assert_int_equal(op.status, SMBKIT_STATUS_MEDIA_WRITE_PROTECTED);
    assert_null(strstr(trace, "write("));
}

/* --- a filter that makes several calls of one, with files of its own --- */

struct own_file {
    struct smbkit_filter_file base;
    int opens;
};

static void own_opened(struct smbkit_op *o, void *f, void *ctx)
{
    struct own_file *file = ctx;
    struct smbkit_result r;
    smbkit_result(o, &r);
    if (r.status != SMBKIT_STATUS_SUCCESS) {
        smbkit_free(file);
    } else {
        file->base.next = r.file;
        smbkit_result_set_file(o, file);
        r.attr.size = 4;
        smbkit_result_set_attr(o, &r.attr);
    }
    smbkit_reply_result(o);
}

static void own_open(struct smbkit_op *o, void *f, const struct smbkit_open_args *a)
{
    struct own_file *file = smbkit_alloc(sizeof(*file));
    if (file != NULL && smbkit_then(o, own_opened, file)) {
        smbkit_pass(o);
        return;
    }
    smbkit_free(file);
    smbkit_reply_status(o, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
}

static void own_close(struct smbkit_op *o, void *f, void *file)
{
    void *next = ((struct own_file *)file)->base.next;
    smbkit_free(file);
    smbkit_next_close(o, next);
}

/* read: getattr, then a read of a byte less, whose bytes are answered in upper case. */
static void own_read_done(struct smbkit_op *o, void *f, void *ctx)
{
    struct smbkit_result r;
    char bytes[16];
    smbkit_result(o, &r);
    assert_int_equal(r.length, 8);
    memcpy(bytes, r.data, r.length);
    smbkit_result_clear(o);
    char *dst = smbkit_op_buffer(o);
    for (size_t i = 0; i < 8; i++)
        dst[i] = (char)(bytes[i] & ~0x20);
    smbkit_reply_read(o, 8);
}

static void own_read_known(struct smbkit_op *o, void *f, void *ctx)
{
    struct own_file *file = ctx;
    struct smbkit_call c;
    smbkit_call_of(o, &c);
    assert_in_range(c.length, 9, 10); /* there are two of these filters */
    assert_string_equal(c.name, "read");
    assert_ptr_equal(c.file, file);
    assert_true(smbkit_then(o, own_read_done, file));
    smbkit_next(o)->read(o, NULL, file->base.next, c.offset, (uint32_t)c.length - 1);
}

static void own_read(struct smbkit_op *o, void *f, void *file, uint64_t offset, uint32_t length)
{
    assert_true(smbkit_then(o, own_read_known, file));
    smbkit_next(o)->getattr(o, NULL, ((struct own_file *)file)->base.next);
}

static struct smbkit_filter owning = {
    SMBKIT_FILTER_INIT,
    .name = "owning",
    .flags = SMBKIT_FILTER_OWN_FILES,
    .close = own_close,
    .vfs = {.open = own_open, .create = NULL, .read = own_read},
};

static void test_own_files(void **state)
{
    for (int model = SMBKIT_THREAD_ASYNC; model <= SMBKIT_THREAD_SERIAL; model++) {
        owning.thread_model = (enum smbkit_thread_model)model;
        OPEN(&plugin, &hooking, &owning, &passing, &owning);
        complete(VFS_OPEN);
        assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
        assert_int_equal(op.attr.size, 4);
        void *f = op.opened;
        assert_ptr_not_equal(f, &plugin_file);
        trace[0] = '\0';
        if (!vfs_read(&op, vol, f, 3, 10))
            testhost_drain(&host);
        assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
        assert_int_equal(op.data.len, 8);
        assert_memory_equal(op.data.data, "PLUGIN", 6);
        if (!vfs_flush(&op, vol, f))
            testhost_drain(&host);
        assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
        /* What the filter keeps of a file would not be copied by the next one. */
        if (!vfs_copy_range(&op, vol, f, &(struct smbkit_copy_args){.from = f, .length = 3}))
            testhost_drain(&host);
        assert_int_equal(op.status, SMBKIT_STATUS_NOT_SUPPORTED);
        assert_null(strstr(trace, "copy_range("));
        if (!vfs_close(&op, vol, f))
            testhost_drain(&host);
        assert_non_null(strstr(trace, "close"));
        vfs_op_clear(&op);
        vfs_volume_unref(vol);
        vol = NULL;
    }
    owning.thread_model = SMBKIT_THREAD_ASYNC;
}

/* Every allocation of an open fails once; nothing is lost, nothing stays open. */
static void test_memory_out(void **state)
{
    OPEN(&plugin, &owning, &owning);
    for (size_t n = 1;; n++) {
        testmem_fail_nth(n);
        bool now = start_code(VFS_OPEN);
        testmem_fail_none();
        assert_true(now);
        if (op.status == SMBKIT_STATUS_SUCCESS) {
            assert_true(n > 3);
            break;
        }
        assert_int_equal(op.status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        vfs_op_clear(&op);
    }
    void *f = op.opened;
    assert_true(vfs_close(&op, vol, f));
}

/* --- answers that come later, from elsewhere --- */

static void test_answer_later(void **state)
{
    OPEN(&plugin, &hooking, &hooking);
    keep = true;
    assert_false(start_code(VFS_READ));
    assert_int_equal(done_count, 0);
    answer(kept, VFS_READ);
    assert_int_equal(done_count, 0);
    assert_null(strstr(trace, "hook")); /* hooks run where the op belongs */
    testhost_drain(&host);
    assert_int_equal(done_count, 1);
    assert_non_null(strstr(trace, "hook:read:SUCCESS hook:read:SUCCESS"));
}

static struct smbkit_op *held;

static void hold_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
{
    held = o;
}

static struct smbkit_filter holding = FILTER("holding", .any = hold_any);

static void test_pass_later(void **state)
{
    OPEN(&plugin, &passing, &holding);
    assert_false(start_code(VFS_GETATTR));
    smbkit_pass(held);
    assert_null(strstr(trace, "getattr"));
    testhost_drain(&host);
    assert_non_null(strstr(trace, "getattr"));
    assert_int_equal(done_count, 1);
    assert_int_equal(host.lines, 0);
}

static void test_twice(void **state)
{
    OPEN(&plugin, &holding);
    assert_false(start_code(VFS_GETATTR));
    smbkit_reply_status(held, SMBKIT_STATUS_ACCESS_DENIED);
    smbkit_pass(held);
    assert_int_equal(host.lines, 1);
    assert_non_null(strstr(host.last_line, "holding"));
    testhost_drain(&host);
    assert_int_equal(op.status, SMBKIT_STATUS_ACCESS_DENIED);
}

/* --- sleeping --- */

static uint64_t slept;

static void test_later(void *ctx, struct vfs_op *o, uint64_t ns)
{
    slept += ns;
    testhost_post(ctx, o);
}

static void slept_before(struct smbkit_op *o, void *f, void *ctx)
{
    note("awake ");
    smbkit_pass(o);
}

static void slept_after(struct smbkit_op *o, void *f, void *ctx)
{
    note("awake ");
    smbkit_reply_result(o);
}

static void sleep_after(struct smbkit_op *o, void *f, void *ctx)
{
    smbkit_sleep(o, 20, slept_after, NULL);
}

static void sleep_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
{
    if (c->changes) {
        assert_true(smbkit_then(o, sleep_after, NULL));
        smbkit_pass(o);
    } else {
        smbkit_sleep(o, 3, slept_before, NULL);
    }
}

static struct smbkit_filter sleeping = FILTER("sleeping", .any = sleep_any);

static void test_sleep(void **state)
{
    host.host.executor.later = test_later;
    for (int model = SMBKIT_THREAD_ASYNC; model <= SMBKIT_THREAD_SERIAL; model++) {
        sleeping.thread_model = (enum smbkit_thread_model)model;
        OPEN(&plugin, &hooking, &sleeping);
        slept = 0;
        assert_false(complete(VFS_READ));
        assert_int_equal(slept, 3);
        assert_string_equal(trace, "then awake read(5+10) hook:read:SUCCESS ");
        trace[0] = '\0';
        assert_false(complete(VFS_WRITE));
        assert_int_equal(slept, 23);
        assert_string_equal(trace, "then write(6+4) awake hook:write:SUCCESS ");
        assert_int_equal(op.attr.size, 100);
        vfs_op_clear(&op);
        vfs_volume_unref(vol);
        vol = NULL;
    }
    host.host.executor.later = NULL; /* a host without time */
    sleeping.thread_model = SMBKIT_THREAD_ASYNC;
    OPEN(&plugin, &sleeping);
    assert_false(complete(VFS_READ));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
}

/* --- a chain over workers that refuse --- */

static void test_refused_hooks_are_called(void **state)
{
    hooking.thread_model = SMBKIT_THREAD_PARALLEL;
    OPEN(&plugin, &hooking);
    keep = true;
    assert_false(start_code(VFS_READ));
    testhost_drain(&host);
    host.refuse = true;
    answer(kept, VFS_READ);
    for (int i = 0; i < 3; i++)
        assert_true(testhost_deliver(&host)); /* the hook is tried again and again */
    assert_int_equal(done_count, 0);
    host.refuse = false;
    testhost_drain(&host);
    assert_int_equal(done_count, 1);
    assert_non_null(strstr(trace, "hook:read:SUCCESS"));
}

/* --- defaults made of the filter's own callbacks --- */

static void z_write(struct smbkit_op *o, void *f, void *file, uint64_t offset, const void *data,
                    uint32_t length)
{
    note("z%llu+%u ", (unsigned long long)offset, length);
    smbkit_next(o)->getattr(o, NULL, file);
}

static struct smbkit_filter zeroing = {
    SMBKIT_FILTER_INIT,
    .name = "zeroing",
    .flags = SMBKIT_FILTER_COMPLETE,
    .any = NULL,
};

static void z_getattr(struct smbkit_op *o, void *f, void *file)
{
    assert_true(smbkit_then(o, hooked, f));
    smbkit_pass(o);
}

static void test_own_defaults(void **state)
{
    zeroing.vfs.write = z_write;
    zeroing.vfs.getattr = z_getattr;
    OPEN(&plugin, &passing, &zeroing);
    assert_true(complete(VFS_ZERO_RANGE));
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    /* getattr through the filter's hook, a write of the filter that the plugin sees as getattr */
    assert_string_equal(trace, "pass getattr(0+0) hook:getattr:SUCCESS z1+10 getattr(0+0) ");
    trace[0] = '\0';
    assert_true(complete(VFS_SET_EAS)); /* what it lacks never reaches the plugin */
    assert_int_equal(op.status, SMBKIT_STATUS_EAS_NOT_SUPPORTED);
    assert_string_equal(trace, "pass ");
}

/* --- a retry --- */

static int tries;

static void again(struct smbkit_op *o, void *f, void *ctx)
{
    struct smbkit_result r;
    smbkit_result(o, &r);
    if (++tries == 40) {
        smbkit_reply_result(o);
        return;
    }
    assert_true(smbkit_then(o, again, NULL));
    smbkit_pass(o);
}

static void again_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
{
    tries = 0;
    assert_true(smbkit_then(o, again, NULL));
    smbkit_pass(o);
}

static struct smbkit_filter retrying = FILTER("retrying", .any = again_any);

static void test_retry(void **state)
{
    OPEN(&plugin, &retrying);
    complete(VFS_READ); /* gives the loop back now and then */
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(tries, 40);
    const char *p = trace;
    for (int i = 0; i < 40; i++, p++)
        assert_non_null(p = strstr(p, "read("));
    assert_null(strstr(p, "read("));
}

/* --- what plugins tell of --- */

static void f_changed(void *f, const char *path, uint32_t action)
{
    note("changed:%s ", path);
}

static void h_changed(void *ctx, struct vfs_volume *v, const char *user, const char *path,
                      uint32_t action)
{
    note("told:%s ", path);
}

static void test_changes(void **state)
{
    struct smbkit_filter hears = FILTER("hears", .changed = f_changed);
    host.host.changed = h_changed;
    OPEN(&plugin, &hears, &passing, &hears);
    smbkit_notify(vol->levels[3].vol, "x", SMBKIT_ACTION_MODIFIED);
    assert_string_equal(trace, "changed:x changed:x told:x ");
    trace[0] = '\0';
    smbkit_notify(vol->levels[1].vol, "y", SMBKIT_ACTION_MODIFIED);
    assert_string_equal(trace, "changed:y told:y ");
    smbkit_error(vol->levels[1].vol, "trouble");
    assert_string_equal(host.last_line, "filter passing: share 's': trouble");
    vfs_volume_unref(vol); /* `hears` goes */
    vol = NULL;
}

/* An operation counts once, as it was asked and answered, whatever filters make of it. */
static void test_counts(void **state)
{
    OPEN(&plugin, &hooking, &retrying);
    const struct smbkit_share_counts *c = vfs_volume_counts(vol);
    complete(VFS_READ);
    complete(VFS_WRITE);
    assert_int_equal(c->operations, 2);
    assert_int_equal(c->bytes_read, 8);
    assert_int_equal(c->bytes_written, 4);
    assert_int_equal(c->failed, 0);
    assert_int_equal(c->latency[0], 2);
    keep = true;
    assert_false(start_code(VFS_GETATTR));
    keep = false;
    host.now += 10 * 1000; /* a millisecond: below 2^10 microseconds */
    smbkit_reply_status(kept, SMBKIT_STATUS_ACCESS_DENIED);
    testhost_drain(&host);
    assert_int_equal(c->operations, 3);
    assert_int_equal(c->failed, 0); /* the retry has helped */
    assert_int_equal(c->latency[10], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order_of_life),
        TEST(test_everything_passes),
        TEST(test_next_is_complete),
        TEST(test_defaults_behind),
        TEST(test_answers_itself),
        TEST(test_own_files),
        TEST(test_memory_out),
        TEST(test_answer_later),
        TEST(test_pass_later),
        TEST(test_twice),
        TEST(test_sleep),
        TEST(test_refused_hooks_are_called),
        TEST(test_own_defaults),
        TEST(test_retry),
        TEST(test_changes),
        TEST(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
