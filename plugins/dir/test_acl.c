// SPDX-License-Identifier: Apache-2.0
/* Security descriptors: kept, made up, hidden from clients, and whose they are. */
#include "test_bench.h"
#include <pwd.h>

static struct dirtest tt, *t = &tt;

static int setup_as(const char *as, const char *acls)
{
    const struct smbkit_arg args[] = {{"as", as}, {"acls", acls}};
    testmem_install();
    dirtest_init(t);
    assert_int_equal(chmod(t->base, 0755) | chmod(t->root, 0777), 0);
    return !dirtest_open_volume(t, args, 2);
}

static int setup(void **state)
{
    return setup_as("server", "user.NTACL");
}

static int setup_users(void **state)
{
    return geteuid() == 0 ? setup_as("user", "user.NTACL") : setup(state);
}

static int setup_off(void **state)
{
    return setup_as("server", "off");
}

static int teardown(void **state)
{
    return dirtest_teardown(t);
}

static bool kept(const char *path)
{
    return getxattr(disk(t, path).text, "user.NTACL", NULL, 0) > 0;
}

/* Everyone: everything; and the same with a DACL that says nothing to anybody. */
static const uint8_t open_sd[48] = {
    1,         0,           4, 0x80, [16] = 20, [20] = 2, [22] = 28, [24] = 1,
    [30] = 20, [32] = 0xff, 1, 0x1f, 0,         1,        1,         [43] = 1};
static const uint8_t empty_sd[28] = {1, 0, 4, 0x80, [16] = 20, [20] = 2, [22] = 8};

static smbkit_status get_sd(void *f)
{
    return XWAIT(t, vfs_get_sd(&t->op, t->vol, f));
}

static smbkit_status make_with(const char *path, const void *sd, size_t len, void **f)
{
    const struct smbkit_create_args args = {
        .path = path, .access = ACCESS_FULL, .sd = sd, .sd_len = len};
    smbkit_status st = XWAIT(t, vfs_create(&t->op, t->vol, &args));
    *f = t->op.opened;
    return st;
}

static void test_kept(void **state)
{
    void *f;
    assert_int_equal(make_with("f", empty_sd, sizeof(empty_sd), &f), SMBKIT_STATUS_SUCCESS);
    assert_true(kept("f"));
    assert_int_equal(get_sd(f), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.blob_len, sizeof(empty_sd));
    assert_memory_equal(t->op.blob, empty_sd, sizeof(empty_sd));
    /* clients do not see the attribute, nor count it */
    assert_int_equal(XWAIT(t, vfs_get_eas(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.ea_count, 0);
    const struct smbkit_ea ea = {.name = "ntacl", .value = "x", .value_len = 1};
    assert_int_equal(XWAIT(t, vfs_set_eas(&t->op, t->vol, f, &ea, 1)), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(XWAIT(t, vfs_set_sd(&t->op, t->vol, f, open_sd, sizeof(open_sd))),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.ea_size, 0);
    assert_int_equal(XWAIT(t, vfs_path_sd(&t->op, t->vol, "F")), SMBKIT_STATUS_SUCCESS);
    assert_memory_equal(t->op.blob, open_sd, sizeof(open_sd));
    /* nor does it go with the others when the file is overwritten */
    assert_int_equal(XWAIT(t, vfs_overwrite(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_true(kept("f"));
    xclose(t, f);
    assert_int_equal(XWAIT(t, vfs_path_sd(&t->op, t->vol, "g")),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

/* What says no more than a file without one is not kept. */
static void test_says_nothing(void **state)
{
    void *f;
    assert_int_equal(make_with("f", open_sd, sizeof(open_sd), &f), SMBKIT_STATUS_SUCCESS);
    assert_false(kept("f"));
    assert_int_equal(get_sd(f), SMBKIT_STATUS_NOT_FOUND);
    xclose(t, f);
    uint8_t sd[sizeof(open_sd)];
    memcpy(sd, open_sd, sizeof(sd));
    sd[3] |= 0x10; /* protected from what the folder may say later */
    assert_int_equal(make_with("g", sd, sizeof(sd), &f), SMBKIT_STATUS_SUCCESS);
    assert_true(kept("g"));
    xclose(t, f);
    sd[3] = (uint8_t)((sd[3] & ~0x10) | 0x04); /* inherited */
    assert_int_equal(make_with("i", sd, sizeof(sd), &f), SMBKIT_STATUS_SUCCESS);
    assert_true(kept("i"));
    xclose(t, f);
    sd[3] = 0x80;
    sd[32] = 0xa9; /* only to be read */
    assert_int_equal(make_with("h", sd, sizeof(sd), &f), SMBKIT_STATUS_SUCCESS);
    assert_true(kept("h"));
    xclose(t, f);
}

/* What is there and cannot be understood allows nobody anything. */
static void test_nonsense(void **state)
{
    make(t, "f", 0);
    assert_int_equal(setxattr(disk(t, "f").text, "user.NTACL", "nonsense", 8, 0), 0);
    void *f = must_open(t, "f");
    assert_int_equal(get_sd(f), SMBKIT_STATUS_ACCESS_DENIED);
    xclose(t, f);
}

/* With rights by user, only the one who owns the file on the disk may change its descriptor. */
static void test_made_up(void **state)
{
    if (geteuid() != 0) {
        print_message("not root: descriptors by owner are not tested\n");
        return;
    }
    const struct passwd *daemon = getpwnam("daemon");
    assert_non_null(daemon);
    make(t, "dir", SMBKIT_ATTR_DIRECTORY);
    assert_int_equal(chown(disk(t, "dir").text, 4711, 4712), 0);
    t->op.user = "daemon";
    assert_int_equal(XWAIT(t, vfs_path_sd(&t->op, t->vol, "dir")), SMBKIT_STATUS_SUCCESS);
    const uint8_t *sd = t->op.blob, owner[] = {1, 2, 0, 0, 0, 0, 0, 22, 1, 0, 0, 0, 0x67, 0x12};
    assert_int_equal(t->op.blob_len, 80);
    assert_memory_equal(sd + 20, owner, sizeof(owner));
    const uint8_t ace[] = {0, 3, 20, 0, 0xff, 1, 0x13, 0, 1, 1};
    assert_memory_equal(sd + 60, ace, sizeof(ace));
    assert_int_equal(chown(disk(t, "dir").text, daemon->pw_uid, 0), 0);
    assert_int_equal(XWAIT(t, vfs_path_sd(&t->op, t->vol, "dir")), SMBKIT_STATUS_NOT_FOUND);
    t->op.user = NULL;
}

static void test_off(void **state)
{
    assert_int_equal(vfs_volume_capabilities(t->vol) & SMBKIT_CAP_ACLS, 0);
}

static void test_parameter(void **state)
{
    const struct smbkit_arg bad[] = {{"acls", "NTACL"}};
    testmem_install();
    dirtest_init(t);
    assert_false(dirtest_open_volume(t, bad, 1));
    assert_non_null(strstr(t->error, "acls=NTACL"));
    dirtest_end(t);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_up, setup_users, teardown),
        cmocka_unit_test_setup_teardown(test_off, setup_off, teardown),
        cmocka_unit_test(test_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
