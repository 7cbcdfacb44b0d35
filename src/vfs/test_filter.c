// SPDX-License-Identifier: Apache-2.0
/*
 * Chains of filters: what is passed on, looked at, changed, answered, delayed; in every order and
 * thread model; and the tables that a filter is refused for.
 */
#include "base/mem.h"
#include "base/testmem.h"
#include "vfs/testhost.h"
#include "vfs/vfs_int.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct testhost host;
static struct vfs_volume *vol;
static struct vfs_op op;
static int done_count;
static char error[VFS_ERROR_TEXT_MAX];
static char trace[8192]; /* what was called, in order */

static const struct smbkit_attr attr_ok = {.file_id = 7, .size = 100};
static int plugin_file;

static void note(const char *format, ...)
{
    size_t n = strlen(trace);
    va_list ap;
    va_start(ap, format);
    vsnprintf(trace + n, sizeof(trace) - n, format, ap);
    va_end(ap);
}

/* --- a plugin with every callback, which answers or keeps --- */

static bool keep;
static struct smbkit_op *kept;

static void answer(struct smbkit_op *o, enum vfs_code code)
{
    unsigned answers = vfs_calls[code].answers;
    if (answers & VFS_ANSWER_OPEN)
        smbkit_reply_open(o, &plugin_file, &attr_ok, "A/b");
    else if (answers & VFS_ANSWER_ATTR)
        smbkit_reply_attr(o, &attr_ok);
    else if (answers & VFS_ANSWER_DATA)
        smbkit_reply_data(o, "bytes", 5);
    else if (answers & VFS_ANSWER_READ)
        smbkit_reply_read_ref(o, "plugin's", 8, NULL, NULL);
    else if (answers & VFS_ANSWER_STATFS)
        smbkit_reply_statfs(o, &(struct smbkit_statfs){.total_bytes = 10});
    else if (answers & VFS_ANSWER_READDIR) {
        smbkit_dir_add(o, "entry", &attr_ok, 5);
        smbkit_reply_readdir(o, true);
    } else if (answers & VFS_ANSWER_QUOTAS)
        smbkit_reply_quotas(o, true);
    else if (answers & VFS_ANSWER_CONTROL)
        smbkit_reply_quota_control(o, &(struct smbkit_quota_control){.flags = 2});
    else
        smbkit_reply_status(o, SMBKIT_STATUS_SUCCESS);
}

static void p_act(struct smbkit_op *o)
{
    struct smbkit_call c;
    smbkit_call_of(o, &c);
    if (vfs_calls[c.code].shape >= VFS_SHAPE_FILE)
        assert_ptr_equal(c.file, &plugin_file);
    note("%s(%s%llu+%llu) ", c.name, c.path != NULL ? c.path : "", (unsigned long long)c.offset,
         (unsigned long long)c.length);
    if (keep)
        kept = o;
    else
        answer(o, (enum vfs_code)c.code);
}

static smbkit_status p_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                  size_t count, void **v)
{
    note("+plugin ");
    *v = share;
    return SMBKIT_STATUS_SUCCESS;
}

static void p_share_close(void *v)
{
    note("-plugin ");
}

#define PLAIN(name)                                                \
    static void p_##name(struct smbkit_op *o, void *v, void *file) \
    {                                                              \
        assert_ptr_equal(file, &plugin_file);                      \
        p_act(o);                                                  \
    }
PLAIN(flush)
PLAIN(getattr)
PLAIN(overwrite)
PLAIN(can_delete)
PLAIN(list_streams)
PLAIN(get_eas)
PLAIN(get_sd)
PLAIN(get_reparse)

static void p_statfs(struct smbkit_op *o, void *v)
{
    p_act(o);
}
static void p_open(struct smbkit_op *o, void *v, const struct smbkit_open_args *a)
{
    p_act(o);
}
static void p_create(struct smbkit_op *o, void *v, const struct smbkit_create_args *a)
{
    p_act(o);
}
static void p_path_sd(struct smbkit_op *o, void *v, const char *path)
{
    p_act(o);
}
static void p_cleanup(struct smbkit_op *o, void *v, void *f, uint32_t flags)
{
    p_act(o);
}
static void p_close(void *v, void *f)
{
    assert_ptr_equal(f, &plugin_file);
    note("close ");
}
static void p_read(struct smbkit_op *o, void *v, void *f, uint64_t offset, uint32_t n)
{
    p_act(o);
}
static void p_write(struct smbkit_op *o, void *v, void *f, uint64_t at, const void *d, uint32_t n)
{
    assert_memory_equal(d, "data", n);
    p_act(o);
}
static void p_setattr(struct smbkit_op *o, void *v, void *f, const struct smbkit_attr *a,
                      uint32_t which)
{
    assert_int_equal(which, SMBKIT_SET_WRITE_TIME);
    p_act(o);
}
static void p_size(struct smbkit_op *o, void *v, void *f, uint64_t size)
{
    p_act(o);
}
static void p_readdir(struct smbkit_op *o, void *v, void *f, const struct smbkit_readdir_args *a)
{
    assert_string_equal(a->pattern, "*");
    p_act(o);
}
static void p_name(struct smbkit_op *o, void *v, void *f, const char *to, uint32_t flags)
{
    assert_string_equal(to, "c");
    p_act(o);
}
static void p_range(struct smbkit_op *o, void *v, void *f, uint64_t offset, uint64_t length)
{
    p_act(o);
}
static void p_set_eas(struct smbkit_op *o, void *v, void *f, const struct smbkit_ea *e, size_t n)
{
    assert_int_equal(n, 3);
    p_act(o);
}
static void p_blob(struct smbkit_op *o, void *v, void *f, const void *data, size_t len)
{
    assert_memory_equal(data, "blob", len);
    p_act(o);
}
static void p_set_sparse(struct smbkit_op *o, void *v, void *f, bool on)
{
    assert_true(on);
    p_act(o);
}

static void p_copy(struct smbkit_op *o, void *v, void *f, const struct smbkit_copy_args *a)
{
    assert_ptr_equal(a->from, &plugin_file);
    p_act(o);
}
static void p_fsctl(struct smbkit_op *o, void *v, void *f, const struct smbkit_fsctl_args *a)
{
    assert_int_equal(a->code, SMBKIT_FSCTL_PIPE_TRANSCEIVE);
    p_act(o);
}

static void p_quotas(struct smbkit_op *o, void *v, const struct smbkit_quotas_args *a)
{
    assert_int_equal(a->cookie, 7);
    p_act(o);
}
static void p_set_quota(struct smbkit_op *o, void *v, const struct smbkit_quota *q)
{
    assert_int_equal(q->limit, 5);
    p_act(o);
}
static void p_control(struct smbkit_op *o, void *v, const struct smbkit_quota_control *c)
{
    assert_int_equal(c->default_limit, 5);
    p_act(o);
}

static struct smbkit_plugin plugin = {
    SMBKIT_PLUGIN_INIT,
    .name = "full",
    .capabilities = SMBKIT_CAP_STREAMS,
    .vfs =
        &(const struct smbkit_vfs){
            p_share_open, p_share_close, p_statfs,    p_open,         p_create,     p_cleanup,
            p_close,      p_read,        p_write,     p_flush,        p_getattr,    p_setattr,
            p_size,       p_size,        p_readdir,   p_can_delete,   p_name,       p_name,
            p_range,      p_range,       p_overwrite, p_list_streams, p_name,       p_get_eas,
            p_set_eas,    p_get_sd,      p_path_sd,   p_blob,         p_set_sparse, p_get_reparse,
            p_blob,       p_copy,        p_fsctl,     p_set_sparse,   p_set_sparse, p_quotas,
            p_set_quota,  p_statfs,      p_control},
};

/* A plugin with the least there can be. */
static struct smbkit_plugin bare = {
    SMBKIT_PLUGIN_INIT,
    .name = "bare",
    .vfs = &(
        const struct smbkit_vfs){.share_open = p_share_open, .open = p_open, .getattr = p_getattr},
};

/* Starts any operation. */
static bool start_code(enum vfs_code code)
{
    void *f = &plugin_file;
    switch (code) {
    case VFS_STATFS: return vfs_statfs(&op, vol);
    case VFS_OPEN: return vfs_open(&op, vol, &(struct smbkit_open_args){.path = "a/b"});
    case VFS_CREATE: return vfs_create(&op, vol, &(struct smbkit_create_args){.path = "a/b"});
    case VFS_CLEANUP: return vfs_cleanup(&op, vol, f, 0);
    case VFS_READ: return vfs_read(&op, vol, f, 5, 10);
    case VFS_WRITE: return vfs_write(&op, vol, f, 6, "data", 4);
    case VFS_FLUSH: return vfs_flush(&op, vol, f);
    case VFS_GETATTR: return vfs_getattr(&op, vol, f);
    case VFS_SETATTR: return vfs_setattr(&op, vol, f, &attr_ok, SMBKIT_SET_WRITE_TIME);
    case VFS_SET_SIZE: return vfs_set_size(&op, vol, f, 5);
    case VFS_SET_ALLOC: return vfs_set_alloc(&op, vol, f, 5);
    case VFS_READDIR:
        return vfs_readdir(&op, vol, f, &(struct smbkit_readdir_args){.pattern = "*"});
    case VFS_CAN_DELETE: return vfs_can_delete(&op, vol, f, true);
    case VFS_RENAME: return vfs_rename(&op, vol, f, "c", 0);
    case VFS_LINK: return vfs_link(&op, vol, f, "c", 0);
    case VFS_ZERO_RANGE: return vfs_zero_range(&op, vol, f, 1, 10);
    case VFS_ALLOCATED_RANGES: return vfs_allocated_ranges(&op, vol, f, 2, 10);
    case VFS_OVERWRITE: return vfs_overwrite(&op, vol, f);
    case VFS_LIST_STREAMS: return vfs_list_streams(&op, vol, f);
    case VFS_RENAME_STREAM: return vfs_rename_stream(&op, vol, f, "c", 0);
    case VFS_GET_EAS: return vfs_get_eas(&op, vol, f);
    case VFS_SET_EAS: return vfs_set_eas(&op, vol, f, NULL, 3);
    case VFS_GET_SD: return vfs_get_sd(&op, vol, f);
    case VFS_PATH_SD: return vfs_path_sd(&op, vol, "a/b");
    case VFS_SET_SD: return vfs_set_sd(&op, vol, f, "blob", 4);
    case VFS_SET_SPARSE: return vfs_set_sparse(&op, vol, f, true);
    case VFS_GET_REPARSE: return vfs_get_reparse(&op, vol, f);
    case VFS_SET_REPARSE: return vfs_set_reparse(&op, vol, f, "blob", 4);
    case VFS_COPY_RANGE:
        return vfs_copy_range(
            &op, vol, f,
            &(struct smbkit_copy_args){.from = f, .from_offset = 1, .to_offset = 2, .length = 3});
    case VFS_FSCTL:
        return vfs_fsctl(
            &op, vol, f,
            &(struct smbkit_fsctl_args){.code = SMBKIT_FSCTL_PIPE_TRANSCEIVE, .max_out = 100});
    case VFS_WATCH: return vfs_watch(&op, vol, f, true);
    case VFS_QUOTAS:
        return vfs_quotas(&op, vol, &(struct smbkit_quotas_args){.cookie = 7, .max_entries = 3});
    case VFS_SET_QUOTA: return vfs_set_quota(&op, vol, &(struct smbkit_quota){.limit = 5});
    case VFS_QUOTA_CONTROL: return vfs_quota_control(&op, vol);
    case VFS_SET_QUOTA_CONTROL:
        return vfs_set_quota_control(&op, vol, &(struct smbkit_quota_control){.default_limit = 5});
    case VFS_SET_COMPRESSION: return vfs_set_compression(&op, vol, f, true);
    case VFS_CLOSE: return vfs_close(&op, vol, f);
    default: fail(); return false;
    }
}

/* --- filters --- */

static smbkit_status f_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                  size_t count, void **v)
{
    note("+filter ");
    *v = share;
    return SMBKIT_STATUS_SUCCESS;
}

static void f_share_close(void *v)
{
    note("-filter ");
}

static void pass_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
{
    note("pass ");
    smbkit_pass(o);
}

static void hooked(struct smbkit_op *o, void *f, void *ctx)
{
    struct smbkit_call c;
    struct smbkit_result r;
    smbkit_call_of(o, &c);
    smbkit_result(o, &r);
    note("hook:%s:%s ", c.name, smbkit_status_name(r.status) + 7);
    assert_ptr_equal(ctx, f);
    smbkit_reply_result(o);
}

static void hook_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
{
    note("then ");
    assert_true(smbkit_then(o, hooked, f));
    smbkit_pass(o);
}

#define FILTER(filter_name, ...)                                                               \
    {                                                                                          \
        SMBKIT_FILTER_INIT, .name = filter_name,                                               \
                            .vfs = {.share_open = f_share_open, .share_close = f_share_close}, \
                            __VA_ARGS__                                                        \
    }

static struct smbkit_filter passing = FILTER("passing", .any = pass_any);
static struct smbkit_filter hooking = FILTER("hooking", .any = hook_any);
static struct smbkit_filter absent = FILTER("absent", .flags = 0);

static void on_done(struct vfs_op *o)
{
    done_count++;
}

static bool try_open(const struct smbkit_plugin *p, size_t n, struct smbkit_filter *const *filters)
{
    struct vfs_filter specs[VFS_FILTERS_MAX + 1] = {0};
    for (size_t i = 0; i < n; i++)
        specs[i].filter = filters[i];
    vol = vfs_volume_new_filtered(p, "s", NULL, 0, specs, n, &host.host, error);
    return vol != NULL;
}

#define OPEN(p, ...)                                                    \
    do {                                                                \
        struct smbkit_filter *const list[] = {__VA_ARGS__};             \
        assert_true(try_open(p, sizeof(list) / sizeof(list[0]), list)); \
        trace[0] = '\0';                                                \
    } while (0)

static int setup(void **state)
{
    testmem_install();
    testhost_init(&host);
    vfs_op_init(&op, on_done);
    done_count = 0;
    keep = false;
    trace[0] = '\0';
    plugin.thread_model = passing.thread_model = hooking.thread_model = SMBKIT_THREAD_ASYNC;
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

/* Does the operation; true when it was answered at once. */
static bool complete(enum vfs_code code)
{
    int before = done_count;
    bool now = start_code(code);
    if (!now) {
        testhost_drain(&host);
        assert_int_equal(done_count, before + 1);
    }
    return now;
}

/* --- tests --- */

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

/* --- tables that are refused --- */

static void test_bad_filters(void **state)
{
    struct smbkit_filter bad[6];
    static const char *const why[] = {
        "another version", "another version", "another version", "name", "thread model", "close"};
    for (size_t i = 0; i < 6; i++)
        bad[i] = passing;
    bad[0].abi_version++;
    bad[1].struct_size -= 8;
    bad[2].vfs_size += 8;
    bad[3].name = "A";
    bad[4].thread_model = (enum smbkit_thread_model)9;
    bad[5].flags = SMBKIT_FILTER_OWN_FILES;
    for (size_t i = 0; i < 6; i++) {
        struct smbkit_filter *const list[] = {&passing, &bad[i]};
        assert_false(try_open(&plugin, 2, list));
        assert_non_null(strstr(error, why[i]));
        assert_non_null(strstr(error, "filter 2"));
    }
    struct smbkit_filter *many[VFS_FILTERS_MAX + 1];
    for (size_t i = 0; i <= VFS_FILTERS_MAX; i++)
        many[i] = &passing;
    assert_false(try_open(&plugin, VFS_FILTERS_MAX + 1, many));
    assert_true(try_open(&plugin, VFS_FILTERS_MAX, many));
    complete(VFS_READ);
    assert_int_equal(op.status, SMBKIT_STATUS_SUCCESS);
}

static smbkit_status refuse_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                 size_t count, void **v)
{
    smbkit_error(share, "not %s", args[0].value);
    return SMBKIT_STATUS_INVALID_PARAMETER;
}

static void test_parameters(void **state)
{
    static const struct smbkit_param params[] = {
        {.name = "how", .type = SMBKIT_PARAM_STRING, .text = "how to"},
        {.name = NULL},
    };
    struct smbkit_filter f = {SMBKIT_FILTER_INIT, .name = "choosy", .params = params};
    struct smbkit_filter *const list[] = {&f, &passing};
    f.vfs.share_open = refuse_open;
    assert_false(try_open(&plugin, 2, list));
    assert_non_null(strstr(error, "choosy: parameter 'how' must be given"));
    assert_string_equal(trace, "+plugin +filter -filter -plugin ");
    const struct smbkit_arg arg = {"how", "so"};
    const struct vfs_filter spec = {&f, &arg, 1};
    vol = vfs_volume_new_filtered(&plugin, "s", NULL, 0, &spec, 1, &host.host, error);
    assert_null(vol);
    assert_string_equal(error, "choosy: not so");
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

static void test_names(void **state)
{
    uint64_t mask;
    const char *bad;
    assert_true(smbkit_calls_parse("read", &mask, NULL));
    assert_int_equal(mask, 1ull << VFS_READ);
    assert_true(smbkit_calls_parse("data,open+close", &mask, NULL));
    assert_int_equal(mask,
                     1ull << VFS_READ | 1ull << VFS_WRITE | 1ull << VFS_OPEN | 1ull << VFS_CLOSE);
    assert_true(smbkit_calls_parse("all", &mask, NULL));
    assert_int_equal(mask, (1ull << VFS_CODES) - 1);
    assert_true(smbkit_calls_parse("changes", &mask, NULL));
    assert_true(mask & 1ull << VFS_RENAME);
    assert_false(mask & 1ull << VFS_READ);
    assert_false(smbkit_calls_parse("read,raed", &mask, &bad));
    assert_string_equal(bad, "raed");
    assert_false(smbkit_calls_parse("", &mask, NULL));
    assert_false(smbkit_calls_parse("read,", &mask, NULL));
    assert_null(smbkit_call_name(VFS_CODES));
}

static void test_values(void **state)
{
    static const struct smbkit_arg args[] = {
        {"a", "2K"}, {"b", "5m"}, {"c", "yes"}, {"d", "read+x"}};
    uint64_t mask, ms;
    assert_string_equal(smbkit_arg_text(args, 4, "a"), "2K");
    assert_string_equal(smbkit_arg_text(args, 4, "z"), "");
    assert_int_equal(smbkit_arg_number(args, 4, "a"), 2048);
    assert_int_equal(smbkit_arg_duration(args, 4, "b"), 300000);
    assert_true(smbkit_arg_bool(args, 4, "c"));
    assert_false(smbkit_arg_bool(args, 4, "a"));
    assert_false(smbkit_parse_duration("1d", &ms));
    assert_false(smbkit_parse_duration("99999999999999999h", &ms));
    OPEN(&plugin, &passing);
    assert_false(smbkit_arg_calls(vol->levels[0].vol, args, 4, "d", &mask));
    assert_non_null(strstr(host.last_line, "d: 'x' is not an operation; there are all"));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

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
        TEST(test_bad_filters),
        TEST(test_parameters),
        TEST(test_counts),
        TEST(test_names),
        TEST(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
