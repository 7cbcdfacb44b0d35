// SPDX-License-Identifier: Apache-2.0
/* Filters: tables that are refused, parameters, operations by name. */
#include "vfs/test_filter.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bad_filters),
        TEST(test_parameters),
        TEST(test_names),
        TEST(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
