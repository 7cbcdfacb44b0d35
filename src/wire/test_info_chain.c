// SPDX-License-Identifier: Apache-2.0
/* Lists with NextEntryOffset: what fits, and links that lie; EA lists and notifications on top of
 * them. */
#include "wire/test_info_util.h"

#include "wire/ea.h"
#include "wire/info_dir.h"
#include "wire/notify_rec.h"

static void put32(uint8_t *list, size_t at, uint32_t v)
{
    le32_store(list + at, v);
}

/* Reads the list to its end; the number of entries, or -1 when the reader failed. */
static int count_entries(const uint8_t *list, size_t n, size_t align)
{
    uint8_t *copy = exact_copy(list, n);
    struct cursor c = cursor_of(copy, n), entry;
    struct wire_chain_reader r;
    int count = 0;

    wire_chain_open(&r, &c, align);
    while (wire_chain_next(&r, &entry)) {
        while (cursor_left(&entry) > 0)
            (void)cursor_u8(&entry); /* every byte must be there */
        assert_false(cursor_failed(&entry));
        count++;
    }
    assert_false(wire_chain_next(&r, &entry)); /* and stays so */
    mem_free(copy);
    return r.failed ? -1 : count;
}

static void test_links_that_lie(void **state)
{
    uint8_t list[32] = {0};

    assert_int_equal(count_entries(list, 0, 8), 0);
    assert_int_equal(count_entries(list, 3, 8), -1); /* not even a link */
    assert_int_equal(count_entries(list, 4, 8), -1); /* nothing but a link */
    assert_int_equal(count_entries(list, 5, 8), 1);
    assert_int_equal(count_entries(list, 32, 8), 1);
    put32(list, 0, 16);
    assert_int_equal(count_entries(list, 32, 8), 2);
    assert_int_equal(count_entries(list, 20, 8), -1); /* the second is only a link */
    assert_int_equal(count_entries(list, 16, 8), -1); /* the link points to the end */
    assert_int_equal(count_entries(list, 15, 8), -1); /* past it */
    put32(list, 0, 4);
    assert_int_equal(count_entries(list, 32, 4), -1); /* into its own header */
    put32(list, 0, 12);
    assert_int_equal(count_entries(list, 32, 8), -1); /* off the alignment */
    assert_int_equal(count_entries(list, 32, 4), 2);
    put32(list, 0, 0xfffffff8);
    assert_int_equal(count_entries(list, 32, 8), -1); /* backwards */
    put32(list, 0, 0x80000000);
    assert_int_equal(count_entries(list, 32, 8), -1);
    put32(list, 0, 8);
    put32(list, 8, 8);
    put32(list, 16, 8);
    assert_int_equal(count_entries(list, 32, 8), 4);
}

static void test_list_need_not_be_aligned_in_memory(void **state)
{
    uint8_t mem[33] = {0};
    struct wire_chain_reader r;
    struct cursor c = cursor_of(mem, sizeof(mem)), entry;

    put32(mem, 1, 16);
    cursor_skip(&c, 1);
    wire_chain_open(&r, &c, 8);
    assert_true(wire_chain_next(&r, &entry));
    assert_int_equal(cursor_left(&entry), 12);
    assert_true(wire_chain_next(&r, &entry));
    assert_int_equal(cursor_left(&entry), 12);
    assert_false(wire_chain_next(&r, &entry));
    assert_false(r.failed);
}

static void test_failed_cursor_gives_a_failed_reader(void **state)
{
    struct cursor c = cursor_of("", 0), entry;
    struct wire_chain_reader r;

    cursor_fail(&c);
    wire_chain_open(&r, &c, 8);
    assert_false(wire_chain_next(&r, &entry));
    assert_true(r.failed);
}

/* For every limit: as many entries as fit, no partial bytes, the list readable. */
static void test_full_list_is_complete(void **state)
{
    static const struct wire_dir_entry entries[] = {
        {.name = "a", .name_len = 1}, {.name = "bcd", .name_len = 3}, {.name = "e", .name_len = 1}};
    /* FileNamesInformation: 12 bytes and the name; the second begins at 16, the third at 40. */
    static const size_t ends[] = {14, 34, 54};
    uint8_t mem[80];
    size_t max, i, fit;

    for (max = 0; max <= sizeof(mem); max++) {
        struct builder b;
        struct wire_chain w;

        builder_init_fixed(&b, mem, sizeof(mem));
        wire_chain_init(&w, &b, max, WIRE_DIR_ALIGN);
        for (i = 0; i < 3; i++)
            if (wire_dir_add(&w, FileNamesInformation, &entries[i]) != WIRE_FIT_OK)
                break;
        for (fit = 0; fit < 3 && ends[fit] <= max; fit++)
            ;
        assert_int_equal(i, fit);
        assert_int_equal(w.count, fit);
        assert_int_equal(b.len, fit == 0 ? 0 : ends[fit - 1]);
        assert_false(builder_failed(&b));
        assert_int_equal(count_entries(mem, b.len, WIRE_DIR_ALIGN), (int)fit);
    }
}

/* The builder's own end counts like the limit, and does not make it fail. */
static void test_small_builder_is_full(void **state)
{
    static const struct wire_dir_entry entry = {.name = "a", .name_len = 1};
    uint8_t mem[20];
    struct builder b;
    struct wire_chain w;

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, 1000, WIRE_DIR_ALIGN);
    assert_int_equal(wire_dir_add(&w, FileNamesInformation, &entry), WIRE_FIT_OK);
    assert_int_equal(wire_dir_add(&w, FileNamesInformation, &entry), WIRE_FIT_FULL);
    assert_false(builder_failed(&b));
    assert_int_equal(b.len, 14);
    b.failed = true;
    assert_int_equal(wire_dir_add(&w, FileNamesInformation, &entry), WIRE_FIT_NO_MEMORY);
}

static void test_bad_names_write_nothing(void **state)
{
    struct wire_dir_entry bad = {.name = "\xc3", .name_len = 1};
    struct wire_dir_entry long_short = {
        .name = "a", .name_len = 1, .short_name = "ABCDEFGH.IJKL", .short_name_len = 13};
    struct wire_notify notify = {.name = "\xff", .name_len = 1};
    uint8_t mem[256];
    struct builder b;
    struct wire_chain w;

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, sizeof(mem), 8);
    assert_int_equal(wire_dir_add(&w, FileDirectoryInformation, &bad), WIRE_FIT_BAD_TEXT);
    assert_int_equal(wire_dir_add(&w, FileBothDirectoryInformation, &long_short),
                     WIRE_FIT_BAD_TEXT);
    assert_int_equal(wire_notify_add(&w, &notify), WIRE_FIT_BAD_TEXT);
    assert_int_equal(b.len, 0);
    assert_int_equal(w.count, 0);
}

/* A short name longer than its field, from a server that lies. */
static void test_short_name_length_that_lies(void **state)
{
    struct wire_dir_entry out,
        in = {
            .short_name = "ABCDEFGH.IJK", .short_name_len = 12, .name = "abcdefgh", .name_len = 8};
    uint8_t mem[256];
    struct builder b;
    struct wire_chain w;
    struct wire_chain_reader r;
    struct arena a;
    struct cursor c;

    arena_init(&a, TEST_MAX);
    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, sizeof(mem), 8);
    assert_int_equal(wire_dir_add(&w, FileBothDirectoryInformation, &in), WIRE_FIT_OK);
    mem[68] = 26;
    c = cursor_of(mem, b.len);
    wire_chain_open(&r, &c, 8);
    assert_false(wire_dir_next(&r, &a, FileBothDirectoryInformation, &out));
    assert_true(r.failed);
    arena_clear(&a);
}

/* ---- extended attributes ---- */

static bool ea_check(const void *list, size_t n, uint32_t *count, size_t *at)
{
    uint8_t *copy = exact_copy(list, n);
    struct cursor c = cursor_of(copy, n);
    bool ok = wire_ea_list_check(&c, count, at);

    mem_free(copy);
    return ok;
}

static void test_ea_bytes(void **state)
{
    static const uint8_t want[] = {16, 0, 0, 0, 0x80, 3, 2, 0, 'F', 'O', 'O', 0,   1,
                                   2,  0, 0, 0, 0,    0, 0, 0, 1,   0,   0,   'B', 0};
    struct wire_ea foo = {FILE_NEED_EA, "FOO", 3, (const uint8_t *)"\1\2", 2};
    struct wire_ea bar = {0, "B", 1, NULL, 0};
    uint8_t mem[64];
    struct builder b;
    struct wire_chain w;
    uint32_t count;
    size_t at;

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, sizeof(mem), WIRE_EA_ALIGN);
    assert_int_equal(wire_ea_add(&w, &foo), WIRE_FIT_OK);
    assert_int_equal(wire_ea_add(&w, &bar), WIRE_FIT_OK);
    assert_int_equal(b.len, sizeof(want));
    assert_memory_equal(mem, want, sizeof(want));
    assert_true(ea_check(mem, b.len, &count, &at));
    assert_int_equal(count, 2);

    mem[26 - 1] = 'x'; /* no NUL behind the name */
    assert_false(ea_check(mem, b.len, &count, &at));
    assert_int_equal(at, 16);
    mem[25] = 0;
    mem[24] = 0; /* a NUL inside it */
    assert_false(ea_check(mem, b.len, &count, &at));
    mem[24] = 'B';
    mem[6] = 5; /* a value longer than the entry */
    assert_false(ea_check(mem, b.len, &count, &at));
    assert_int_equal(at, 0);
}

static void test_ea_refusals(void **state)
{
    static uint8_t big[UINT16_MAX + 1];
    struct wire_ea ea = {0, "A", 1, big, sizeof(big)};
    struct builder b;
    struct wire_chain w;
    uint32_t count;
    size_t at, i;

    builder_init_grow(&b, TEST_MAX);
    wire_chain_init(&w, &b, TEST_MAX, WIRE_EA_ALIGN);
    assert_int_equal(wire_ea_add(&w, &ea), WIRE_FIT_BAD_TEXT);
    ea.value_len = 0;
    ea.name_len = 0;
    assert_int_equal(wire_ea_add(&w, &ea), WIRE_FIT_BAD_TEXT);
    ea.name_len = 1;
    for (i = 0; i < WIRE_EA_LIST_MAX; i++)
        assert_int_equal(wire_ea_add(&w, &ea), WIRE_FIT_OK);
    assert_true(ea_check(b.data, b.len, &count, &at));
    assert_int_equal(wire_ea_add(&w, &ea), WIRE_FIT_OK);
    assert_false(ea_check(b.data, b.len, &count, &at));
    builder_free(&b);
}

static void test_ea_names(void **state)
{
    static const char forbidden[] = "\\/:*?\"<>|,+=[];\x1f\x7f\x80";
    char name[256];
    size_t i;

    assert_true(wire_ea_name_valid("SECURITY.CAPABILITY", 19));
    assert_false(wire_ea_name_valid("", 0));
    for (i = 0; i < sizeof(forbidden) - 1; i++)
        assert_false(wire_ea_name_valid(&forbidden[i], 1));
    assert_false(wire_ea_name_valid("\0", 1));
    memset(name, 'A', sizeof(name));
    assert_true(wire_ea_name_valid(name, WIRE_EA_NAME_MAX));
    assert_false(wire_ea_name_valid(name, WIRE_EA_NAME_MAX + 1));
}

/* A request for one attribute with a name of one letter is the shortest entry there is: 7 bytes. */
static void test_shortest_get_ea(void **state)
{
    static const uint8_t list[] = {0, 0, 0, 0, 1, 'A', 0};
    struct wire_chain_reader r;
    struct cursor c = cursor_of(list, sizeof(list));
    const char *name;
    size_t len;

    wire_chain_open(&r, &c, WIRE_EA_ALIGN);
    assert_true(wire_get_ea_next(&r, &name, &len));
    assert_string_equal(name, "A");
    assert_false(wire_get_ea_next(&r, &name, &len) || r.failed);
}

/* ---- notifications ---- */

static void test_notify(void **state)
{
    static const uint8_t want[] = {16, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 'a', 0, 0,    0,
                                   0,  0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 'b', 0, 0xac, 0x20};
    static const struct wire_notify records[] = {
        {FILE_ACTION_RENAMED_OLD_NAME, "a", 1},
        {FILE_ACTION_RENAMED_NEW_NAME, "b\xe2\x82\xac", 4},
    };
    uint8_t mem[64];
    struct builder b;
    struct wire_chain w;
    struct wire_chain_reader r;
    struct wire_notify got;
    struct arena a;
    size_t n, i;

    arena_init(&a, TEST_MAX);
    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, sizeof(want), WIRE_NOTIFY_ALIGN);
    for (i = 0; i < 2; i++)
        assert_int_equal(wire_notify_add(&w, &records[i]), WIRE_FIT_OK);
    assert_int_equal(wire_notify_size(&records[1]), 16);
    assert_int_equal(wire_notify_add(&w, &records[0]), WIRE_FIT_FULL);
    assert_int_equal(b.len, sizeof(want));
    assert_memory_equal(mem, want, sizeof(want));
    for (n = 1; n <= b.len; n++) {
        uint8_t *copy = exact_copy(mem, n);
        struct cursor c = cursor_of(copy, n);

        wire_chain_open(&r, &c, WIRE_NOTIFY_ALIGN);
        for (i = 0; wire_notify_next(&r, &a, &got); i++) {
            assert_int_equal(got.action, records[i].action);
            assert_text(got.name, got.name_len, records[i].name, records[i].name_len);
        }
        assert_int_equal(r.failed, n != b.len);
        mem_free(copy);
    }
    assert_int_equal(i, 2);
    arena_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_that_lie),
        cmocka_unit_test(test_list_need_not_be_aligned_in_memory),
        cmocka_unit_test(test_failed_cursor_gives_a_failed_reader),
        cmocka_unit_test(test_full_list_is_complete),
        cmocka_unit_test(test_small_builder_is_full),
        cmocka_unit_test(test_bad_names_write_nothing),
        cmocka_unit_test(test_short_name_length_that_lies),
        cmocka_unit_test(test_ea_bytes),
        cmocka_unit_test(test_ea_refusals),
        cmocka_unit_test(test_ea_names),
        cmocka_unit_test(test_shortest_get_ea),
        cmocka_unit_test(test_notify),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
