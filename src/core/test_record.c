// SPDX-License-Identifier: Apache-2.0
/* Records of opens: both ways, cut short, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/record.h"
#include "core/store.h"
#include <string.h>

static struct arena arena;
static struct record_lock two_locks[] = {{0, 10, true}, {UINT64_MAX, 1, false}};

static struct record_open sample(void)
{
    return (struct record_open){
        .id = 0x100000007u,
        .share = "data",
        .path = "folder/f\303\244",
        .stream = "s",
        .file_id = 77,
        .owner = "alice@X",
        .user = "alice",
        .client = {{1, 2}},
        .create_guid = {{3, 4}},
        .timeout_ms = 60000,
        .replayable = true,
        .access = 0x0012019f,
        .share_access = 3,
        .create_options = 0x40,
        .create_action = 2,
        .mode = 2,
        .delete_on_close = true,
        .caching = RECORD_LEASE,
        .caching_state = 7,
        .lease_key = {{5}},
        .parent_key = {{6}},
        .has_parent_key = true,
        .lease_version = 2,
        .lease_epoch = 0x1234,
        .has_app = true,
        .app_id = {{7}},
        .app_client = {{8}},
        .app_versioned = true,
        .app_version_high = 9,
        .app_version_low = 10,
        .lockseq = {{0x11, [63] = 0x1f}},
        .lock_count = 2,
        .locks = two_locks,
    };
}

static bool decode(const void *data, size_t len, struct record_open *out)
{
    struct cursor c;
    cursor_init(&c, data, len);
    return record_decode(&c, &arena, out);
}

static void encode(struct builder *b, const struct record_open *r)
{
    builder_init_grow(b, CORE_STORE_RECORD_MAX);
    record_encode(b, r);
}

static int start(void **state)
{
    arena_init(&arena, 8u << 20);
    return 0;
}

static int end(void **state)
{
    arena_clear(&arena);
    return 0;
}

static void test_both_ways(void **state)
{
    struct record_open in = sample(), out;
    struct builder b, again;
    encode(&b, &in);
    assert_false(builder_failed(&b));
    assert_true(decode(b.data, b.len, &out));
    assert_string_equal(out.path, in.path);
    assert_string_equal(out.stream, "s");
    assert_int_equal(out.lock_count, 2);
    assert_true(out.locks[1].offset == UINT64_MAX && !out.locks[1].exclusive);
    assert_int_equal(out.lease_epoch, 0x1234);
    encode(&again, &out); /* all the others */
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.data, b.data, b.len);
    builder_free(&again);
    builder_free(&b);
}

static void test_little(void **state)
{
    struct record_open in = {.share = "data", .owner = "alice"}, out;
    struct builder b;
    encode(&b, &in);
    assert_true(decode(b.data, b.len, &out));
    assert_string_equal(out.path, "");
    assert_int_equal(out.lock_count, 0);
    assert_true(b.len < 300);
    builder_free(&b);
}

static void test_cut_short(void **state)
{
    struct record_open in = sample(), out;
    struct builder b;
    encode(&b, &in);
    for (size_t n = 0; n < b.len; n++) {
        uint8_t *part = mem_dup(b.data, n + 1); /* so that the sanitizer sees what is read beyond */
        assert_false(decode(part, n, &out));
        mem_free(part);
    }
    builder_u8(&b, 0);
    assert_false(decode(b.data, b.len, &out)); /* and with something behind it */
    builder_free(&b);
}

/* No byte, changed, gives a record with what we never write. */
static void test_damaged(void **state)
{
    struct record_open in = sample(), out;
    struct builder b;
    encode(&b, &in);
    for (size_t i = 0; i < b.len; i++) {
        b.data[i] ^= 0xff;
        if (decode(b.data, b.len, &out)) {
            assert_true(out.caching < RECORD_CACHINGS && out.lease_version <= 2);
            assert_true(out.lock_count <= RECORD_LOCKS_MAX && out.owner[0] != '\0');
            assert_true(i >= 6); /* magic and version */
        }
        b.data[i] ^= 0xff;
    }
    assert_true(decode(b.data, b.len, &out));
    builder_free(&b);
}

static void test_refuses_a_text_with_a_hole(void **state)
{
    struct record_open in = sample(), out;
    struct builder b;
    encode(&b, &in);
    uint8_t *path = memmem(b.data, b.len, "folder", 6);
    assert_non_null(path);
    *path = '\0';
    assert_false(decode(b.data, b.len, &out));
    *path = 0xff; /* no UTF-8 */
    assert_false(decode(b.data, b.len, &out));
    builder_free(&b);
}

/* As many locks as an open may have: the largest record. */
static void test_largest(void **state)
{
    struct record_open in = sample(), out;
    struct builder b;
    in.lock_count = RECORD_LOCKS_MAX;
    in.locks = mem_zalloc(RECORD_LOCKS_MAX * sizeof in.locks[0]);
    assert_non_null(in.locks);
    encode(&b, &in);
    assert_false(builder_failed(&b));
    assert_true(decode(b.data, b.len, &out));
    assert_int_equal(out.lock_count, RECORD_LOCKS_MAX);
    builder_free(&b);
    in.lock_count++;
    encode(&b, &in);
    assert_true(builder_failed(&b));
    builder_free(&b);
    mem_free(in.locks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_ways, start, end),
        cmocka_unit_test_setup_teardown(test_little, start, end),
        cmocka_unit_test_setup_teardown(test_cut_short, start, end),
        cmocka_unit_test_setup_teardown(test_damaged, start, end),
        cmocka_unit_test_setup_teardown(test_refuses_a_text_with_a_hole, start, end),
        cmocka_unit_test_setup_teardown(test_largest, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
