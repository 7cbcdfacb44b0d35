// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of chains of filters share: a plugin with every callback, which answers or keeps
 * the operation, filters that pass on and look at what comes back, any operation by its code, and a
 * trace of what was called.
 */
#ifndef VFS_TEST_FILTER_H
#define VFS_TEST_FILTER_H

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

static inline void note(const char *format, ...)
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

static inline void answer(struct smbkit_op *o, enum vfs_code code)
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

static inline void p_act(struct smbkit_op *o)
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

static inline smbkit_status p_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                         size_t count, void **v)
{
    note("+plugin ");
    *v = share;
    return SMBKIT_STATUS_SUCCESS;
}

static inline void p_share_close(void *v)
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

static inline void p_statfs(struct smbkit_op *o, void *v)
{
    p_act(o);
}
static inline void p_open(struct smbkit_op *o, void *v, const struct smbkit_open_args *a)
{
    p_act(o);
}
static inline void p_create(struct smbkit_op *o, void *v, const struct smbkit_create_args *a)
{
    p_act(o);
}
static inline void p_path_sd(struct smbkit_op *o, void *v, const char *path)
{
    p_act(o);
}
static inline void p_cleanup(struct smbkit_op *o, void *v, void *f, uint32_t flags)
{
    p_act(o);
}
static inline void p_close(void *v, void *f)
{
    assert_ptr_equal(f, &plugin_file);
    note("close ");
}
static inline void p_read(struct smbkit_op *o, void *v, void *f, uint64_t offset, uint32_t n)
{
    p_act(o);
}
static inline void p_write(struct smbkit_op *o, void *v, void *f, uint64_t at, const void *d,
                           uint32_t n)
{
    assert_memory_equal(d, "data", n);
    p_act(o);
}
static inline void p_setattr(struct smbkit_op *o, void *v, void *f, const struct smbkit_attr *a,
                             uint32_t which)
{
    assert_int_equal(which, SMBKIT_SET_WRITE_TIME);
    p_act(o);
}
static inline void p_size(struct smbkit_op *o, void *v, void *f, uint64_t size)
{
    p_act(o);
}
static inline void p_readdir(struct smbkit_op *o, void *v, void *f,
                             const struct smbkit_readdir_args *a)
{
    assert_string_equal(a->pattern, "*");
    p_act(o);
}
static inline void p_name(struct smbkit_op *o, void *v, void *f, const char *to, uint32_t flags)
{
    assert_string_equal(to, "c");
    p_act(o);
}
static inline void p_range(struct smbkit_op *o, void *v, void *f, uint64_t offset, uint64_t length)
{
    p_act(o);
}
static inline void p_set_eas(struct smbkit_op *o, void *v, void *f, const struct smbkit_ea *e,
                             size_t n)
{
    assert_int_equal(n, 3);
    p_act(o);
}
static inline void p_blob(struct smbkit_op *o, void *v, void *f, const void *data, size_t len)
{
    assert_memory_equal(data, "blob", len);
    p_act(o);
}
static inline void p_set_sparse(struct smbkit_op *o, void *v, void *f, bool on)
{
    assert_true(on);
    p_act(o);
}

static inline void p_copy(struct smbkit_op *o, void *v, void *f, const struct smbkit_copy_args *a)
{
    assert_ptr_equal(a->from, &plugin_file);
    p_act(o);
}
static inline void p_fsctl(struct smbkit_op *o, void *v, void *f, const struct smbkit_fsctl_args *a)
{
    assert_int_equal(a->code, SMBKIT_FSCTL_PIPE_TRANSCEIVE);
    p_act(o);
}

static inline void p_quotas(struct smbkit_op *o, void *v, const struct smbkit_quotas_args *a)
{
    assert_int_equal(a->cookie, 7);
    p_act(o);
}
static inline void p_set_quota(struct smbkit_op *o, void *v, const struct smbkit_quota *q)
{
    assert_int_equal(q->limit, 5);
    p_act(o);
}
static inline void p_control(struct smbkit_op *o, void *v, const struct smbkit_quota_control *c)
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
static const struct smbkit_plugin bare = {
    SMBKIT_PLUGIN_INIT,
    .name = "bare",
    .vfs = &(
        const struct smbkit_vfs){.share_open = p_share_open, .open = p_open, .getattr = p_getattr},
};

/* Starts any operation. */
static inline bool start_code(enum vfs_code code)
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

static inline smbkit_status f_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                         size_t count, void **v)
{
    note("+filter ");
    *v = share;
    return SMBKIT_STATUS_SUCCESS;
}

static inline void f_share_close(void *v)
{
    note("-filter ");
}

static inline void pass_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
{
    note("pass ");
    smbkit_pass(o);
}

static inline void hooked(struct smbkit_op *o, void *f, void *ctx)
{
    struct smbkit_call c;
    struct smbkit_result r;
    smbkit_call_of(o, &c);
    smbkit_result(o, &r);
    note("hook:%s:%s ", c.name, smbkit_status_name(r.status) + 7);
    assert_ptr_equal(ctx, f);
    smbkit_reply_result(o);
}

static inline void hook_any(struct smbkit_op *o, void *f, const struct smbkit_call *c)
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

static inline void on_done(struct vfs_op *o)
{
    done_count++;
}

static inline bool try_open(const struct smbkit_plugin *p, size_t n,
                            struct smbkit_filter *const *filters)
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
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
static inline bool complete(enum vfs_code code)
{
    int before = done_count;
    bool now = start_code(code);
    if (!now) {
        testhost_drain(&host);
        assert_int_equal(done_count, before + 1);
    }
    return now;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

#endif
