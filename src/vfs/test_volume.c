// SPDX-License-Identifier: Apache-2.0
/* Volumes: plugin checks, parameters and their messages, sizes, references, errno table. */
#include "base/mem.h"
#include "base/testmem.h"
#include "vfs/testhost.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct testhost host;
static int opened, closed;
static smbkit_status open_status;
static const char *open_error;
static struct smbkit_arg seen[8];
static size_t seen_count;
static struct smbkit_share *the_share;
static int told;
static char told_user[16], told_path[64];
static uint32_t told_action;

static smbkit_status share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                size_t count, void **vol)
{
    opened++;
    for (size_t i = 0; i < count; i++)
        seen[i] = args[i];
    seen_count = count;
    if (open_error != NULL)
        smbkit_error(share, "%s", open_error);
    *vol = &opened;
    the_share = share;
    smbkit_notify(share, "early", SMBKIT_ACTION_ADDED); /* nobody can watch yet */
    smbkit_share_lacks(share, SMBKIT_CAP_STREAMS);
    assert_string_equal(smbkit_share_name(share), "data");
    assert_int_equal(smbkit_share_time(share), TESTHOST_TIME);
    uint8_t random[4] = {0};
    smbkit_random(share, random, sizeof(random));
    assert_true(random[0] | random[1] | random[2] | random[3]);
    return open_status;
}

static void share_close(void *vol)
{
    assert_ptr_equal(vol, &opened);
    smbkit_notify(the_share, "late", SMBKIT_ACTION_REMOVED);
    closed++;
}

static void do_open(struct smbkit_op *op, void *vol, const struct smbkit_open_args *args)
{
    smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

static void do_getattr(struct smbkit_op *op, void *vol, void *file)
{
    smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}

static const struct smbkit_param params[] = {
    {.name = "size",
     .type = SMBKIT_PARAM_SIZE,
     .unit = "bytes",
     .min = 65536,
     .max = 1ull << 40,
     .default_value = "1G",
     .text = "room for data"},
    {.name = "files",
     .type = SMBKIT_PARAM_UINT,
     .unit = "files",
     .min = 1,
     .max = 100,
     .default_value = "10",
     .text = "how many"},
    {.name = "dir", .type = SMBKIT_PARAM_PATH, .text = "the folder"},
    {.name = "sync", .type = SMBKIT_PARAM_BOOL, .default_value = "off", .text = "write through"},
    {.name = "links",
     .type = SMBKIT_PARAM_CHOICE,
     .values = "follow|refuse",
     .default_value = "follow",
     .text = "what to do"},
    {.name = NULL},
};

static struct smbkit_plugin plugin = {
    SMBKIT_PLUGIN_INIT,
    .name = "testing",
    .fs_name = "NTFS",
    .capabilities = SMBKIT_CAP_SPARSE | SMBKIT_CAP_STREAMS,
    .params = params,
    .vfs = &(const struct smbkit_vfs){.share_open = share_open,
                                      .share_close = share_close,
                                      .open = do_open,
                                      .getattr = do_getattr},
};

static char error[VFS_ERROR_TEXT_MAX];
static int gone;

static void note_gone(void *ctx)
{
    assert_ptr_equal(ctx, &host);
    assert_true(closed > 0);
    gone++;
}

static struct vfs_volume *make(const struct smbkit_plugin *p, const char *k1, const char *v1,
                               const char *k2, const char *v2)
{
    struct smbkit_arg args[] = {{k1, v1}, {k2, v2}};
    return vfs_volume_new(p, "data", args, k1 == NULL ? 0 : k2 == NULL ? 1 : 2, &host.host, error);
}

static void test_params_ok(void **state)
{
    struct vfs_volume *v = make(&plugin, "dir", "/x", "size", "1.5M");
    assert_non_null(v);
    assert_int_equal(seen_count, 5);
    assert_string_equal(seen[0].key, "size");
    assert_string_equal(seen[0].value, "1.5M");
    assert_string_equal(seen[1].value, "10");
    assert_string_equal(seen[2].value, "/x");
    assert_string_equal(seen[3].value, "off");
    assert_int_equal(vfs_volume_capabilities(v), SMBKIT_CAP_SPARSE);
    assert_string_equal(vfs_volume_fs_name(v), "NTFS");
    smbkit_share_lacks(the_share, SMBKIT_CAP_SPARSE); /* too late: clients know */
    assert_int_equal(vfs_volume_capabilities(v), SMBKIT_CAP_SPARSE);
    uint64_t id = vfs_volume_id(v);
    int before = closed;
    vfs_volume_ref(v);
    vfs_volume_unref(v);
    assert_int_equal(closed, before);
    assert_int_equal(gone, 0);
    vfs_volume_unref(v);
    assert_int_equal(closed, before + 1);
    assert_int_equal(gone, 1);
    v = make(&plugin, "dir", "/x", NULL, NULL);
    assert_int_not_equal(vfs_volume_id(v), id);
    vfs_volume_unref(v);
}

static void test_param_choice(void **state)
{
    struct vfs_volume *v = make(&plugin, "dir", "/x", "links", "refuse");
    assert_non_null(v);
    assert_string_equal(seen[4].value, "refuse");
    vfs_volume_unref(v);
}

static void test_params_messages(void **state)
{
    static const struct {
        const char *k1, *v1, *k2, *v2, *message;
    } rows[] = {
        {NULL, NULL, NULL, NULL, "testing: parameter 'dir' must be given: a path (the folder)"},
        {"dri", "x", NULL, NULL,
         "testing: unknown parameter 'dri'; it takes: size, files, dir, sync, links"},
        {"dir", "x", "dir", "y", "testing: parameter 'dir' is given twice"},
        {"dir", "x", "size", "12x",
         "testing: size=12x is not valid: it must be a size from 64K to 1T bytes, such as 512, 64K "
         "or 1.5G"},
        {"dir", "x", "size", "512",
         "testing: size=512 is not valid: it must be a size from 64K to 1T bytes, such as 512, 64K "
         "or 1.5G"},
        {"dir", "x", "files", "101",
         "testing: files=101 is not valid: it must be a whole number from 1 to 100 files"},
        {"dir", "x", "files", "-1",
         "testing: files=-1 is not valid: it must be a whole number from 1 to 100 files"},
        {"dir", "x", "sync", "maybe", "testing: sync=maybe is not valid: it must be on or off"},
        {"dir", "x", "links", "fol",
         "testing: links=fol is not valid: it must be one of follow|refuse"},
        {"dir", "x", "links", "", "testing: links= is not valid: it must be one of follow|refuse"},
        {"dir", "", NULL, NULL, "testing: dir= is not valid: it must be a path"},
    };
    int before = opened;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_null(make(&plugin, rows[i].k1, rows[i].v1, rows[i].k2, rows[i].v2));
        assert_string_equal(error, rows[i].message);
    }
    assert_int_equal(opened, before);
    struct smbkit_plugin bare = plugin;
    bare.params = NULL;
    assert_null(make(&bare, "x", "y", NULL, NULL));
    assert_string_equal(error, "testing: unknown parameter 'x'; it takes: none");
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"0", 0},
        {"512", 512},
        {"64K", 65536},
        {"64k", 65536},
        {"2G", 2ull << 30},
        {"1.5T", 3ull << 39},
        {"0.5K", 512},
        {"15E", 15ull << 60},
        {"15.5E", 31ull << 59},
        {"3.123456789K", 3072 + 126},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {
        "",
        "K",
        "1.5",
        "1.",
        ".5K",
        "1KB",
        "-1",
        "1 K",
        "x",
        "16E",
        "18446744073709551616",
        "17179869184G",
        "1.0000000001K",
    };
    uint64_t n;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(smbkit_parse_size(good[i].text, &n));
        assert_true(n == good[i].bytes);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(smbkit_parse_size(bad[i], &n));
    assert_false(smbkit_parse_size(NULL, &n));
}

static void test_share_open_fails(void **state)
{
    int before = closed;
    open_status = SMBKIT_STATUS_ACCESS_DENIED;
    assert_null(make(&plugin, "dir", "x", NULL, NULL));
    assert_string_equal(error, "testing: cannot open share 'data': access denied");
    open_error = "x: is not a folder";
    assert_null(make(&plugin, "dir", "x", NULL, NULL));
    assert_string_equal(error, "testing: x: is not a folder");
    assert_int_equal(closed, before);
    open_error = NULL;
    open_status = SMBKIT_STATUS_SUCCESS;
}

static void expect_refused(const struct smbkit_plugin *p, const char *message)
{
    assert_null(make(p, "dir", "x", NULL, NULL));
    assert_string_equal(error, message);
}

static void test_plugin_checks(void **state)
{
    struct smbkit_plugin p = plugin;
    p.abi_version++;
    expect_refused(&p, "plugin testing was made for another version of the plugin interface; "
                       "compile it anew");
    p = plugin;
    p.vfs_size = 0;
    expect_refused(&p, "plugin testing has a table of a wrong size; compile it anew");
    p = plugin;
    p.name = "Bad Name";
    expect_refused(&p, "plugin ? has a name that is not made of a-z, 0-9 and '-'");
    p = plugin;
    p.thread_model = (enum smbkit_thread_model)7;
    expect_refused(&p, "plugin testing has an unknown thread model");
    p = plugin;
    p.fs_name = "sixteen letters!";
    expect_refused(&p, "plugin testing has an fs_name of more than 15 characters");
    p = plugin;
    struct smbkit_vfs calls = *plugin.vfs;
    calls.getattr = NULL;
    p.vfs = &calls;
    expect_refused(&p, "plugin testing lacks the callback getattr");
    static const struct smbkit_param no_values[] = {
        {.name = "links", .type = SMBKIT_PARAM_CHOICE, .text = "what to do"}, {.name = NULL}};
    p = plugin;
    p.params = no_values;
    expect_refused(&p, "plugin testing has a parameter without a known type, values or text");
    /* An older plugin's table ends earlier: what lies behind it is not looked at. */
    p = plugin;
    p.vfs_size = offsetof(struct smbkit_vfs, getattr);
    expect_refused(&p, "plugin testing lacks the callback getattr");
}

static void test_memory_out(void **state)
{
    testmem_install();
    size_t n = 1;
    for (;; n++) {
        testmem_fail_nth(n);
        struct vfs_volume *v = make(&plugin, "dir", "x", NULL, NULL);
        bool failed = testmem_failed() > 0;
        assert_int_equal(v == NULL, failed);
        if (!failed) {
            vfs_volume_unref(v);
            break;
        }
        assert_string_equal(error, "testing: out of memory");
        assert_int_equal(testmem_live(), 0);
    }
    assert_in_range(n, 3, 10);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

static void test_errno(void **state)
{
    assert_int_equal(smbkit_status_from_errno(0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(smbkit_status_from_errno(ENOENT), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(smbkit_status_from_errno(ENOTDIR), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    assert_int_equal(smbkit_status_from_errno(ENOSPC), SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(smbkit_status_from_errno(EDQUOT), SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(smbkit_status_from_errno(EOPNOTSUPP), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(smbkit_status_from_errno(99999), SMBKIT_STATUS_UNSUCCESSFUL);
}

static void test_helpers(void **state)
{
    assert_int_equal(smbkit_name_compare("ABC", 3, "abc", 3), 0);
    assert_true(smbkit_name_compare("abc", 3, "abd", 3) < 0);
    assert_true(smbkit_name_hash("ABC", 3) == smbkit_name_hash("abc", 3));
    uint8_t *p = smbkit_alloc(16);
    assert_int_equal(p[0] | p[15], 0);
    p = smbkit_realloc(p, 1000);
    assert_non_null(p);
    smbkit_free(p);
}

static void note_changed(void *ctx, struct vfs_volume *v, const char *user, const char *path,
                         uint32_t action)
{
    assert_ptr_equal(ctx, &host);
    told++;
    snprintf(told_user, sizeof(told_user), "%s", user != NULL ? user : "-");
    snprintf(told_path, sizeof(told_path), "%s", path);
    told_action = action;
    struct vfs_volume *mine = vfs_volume_try_ref(v);
    assert_int_equal(mine == NULL, strcmp(path, "late") == 0);
    if (mine != NULL)
        vfs_volume_unref(mine);
}

static void test_notify(void **state)
{
    told = 0;
    struct vfs_volume *v = make(&plugin, "dir", "/x", NULL, NULL);
    assert_non_null(v);
    assert_ptr_equal(smbkit_share_plugin(the_share), &plugin);
    smbkit_notify(the_share, "nobody listens", SMBKIT_ACTION_ADDED);
    vfs_volume_unref(v);
    assert_int_equal(told, 0);
    host.host.changed = note_changed;
    v = make(&plugin, "dir", "/x", NULL, NULL);
    assert_int_equal(told, 0);
    smbkit_notify(the_share, "a/b", SMBKIT_ACTION_MODIFIED);
    assert_int_equal(told, 1);
    assert_string_equal(told_path, "a/b");
    assert_string_equal(told_user, "-");
    assert_int_equal(told_action, SMBKIT_ACTION_MODIFIED);
    smbkit_notify_user(the_share, "alice", "c", SMBKIT_ACTION_REMOVED);
    assert_string_equal(told_user, "alice");
    smbkit_notify(the_share, "a/../b", SMBKIT_ACTION_ADDED);
    smbkit_notify(the_share, "a?", SMBKIT_ACTION_ADDED);
    assert_int_equal(told, 2);
    vfs_volume_unref(v);
    assert_int_equal(told, 3);
    assert_string_equal(told_path, "late");
    host.host.changed = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params_ok),        cmocka_unit_test(test_param_choice),
        cmocka_unit_test(test_params_messages),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_share_open_fails), cmocka_unit_test(test_plugin_checks),
        cmocka_unit_test(test_memory_out),       cmocka_unit_test(test_errno),
        cmocka_unit_test(test_helpers),          cmocka_unit_test(test_notify),
    };
    testhost_init(&host);
    host.host.gone = note_gone;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
