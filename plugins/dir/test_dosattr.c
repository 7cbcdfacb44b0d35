// SPDX-License-Identifier: Apache-2.0
/* The codec of user.DOSATTRIB, on what smbd wrote. */
#include "dir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A file with the attributes RHSA, as smbd 4.22 keeps it. */
static const uint8_t recorded[] = {0x00, 0x00, 0x05, 0x00, 0x05, 0x00, 0x00, 0x00,
                                   0x11, 0x00, 0x00, 0x00, 0x27, 0x00, 0x00, 0x00,
                                   0xa5, 0x16, 0xd8, 0xb1, 0x2f, 0x7b, 0xdd, 0x01};

static void test_recorded(void **state)
{
    struct dosattr d;
    uint8_t again[DOSATTR_SIZE];
    assert_true(dosattr_decode(recorded, sizeof(recorded), &d));
    assert_true(d.has_attributes && d.has_create_time);
    assert_int_equal(d.attributes, 0x27);
    assert_int_equal(d.create_time, 0x01dd7b2fb1d816a5);
    assert_int_equal(dosattr_encode(&d, again), sizeof(recorded));
    assert_memory_equal(again, recorded, sizeof(recorded));
}

static void test_older(void **state)
{
    struct dosattr d;
    uint8_t v4[32] = {0, 0, 4, 0, 4, 0, 0, 0, 0x11, 0, 0, 0, 0x22, 0, 0, 0};
    uint8_t v3[48] = {0, 0, 3, 0, 3, 0, 0, 0, 0x11, 0, 0, 0, 0x06, 0, 0, 0};
    v4[24] = 9;
    v3[40] = 8;
    assert_true(dosattr_decode(v4, sizeof(v4), &d));
    assert_int_equal(d.attributes, 0x22);
    assert_int_equal(d.create_time, 9);
    assert_true(dosattr_decode(v3, sizeof(v3), &d));
    assert_int_equal(d.attributes, 0x06);
    assert_int_equal(d.create_time, 8);
    assert_true(dosattr_decode("0x21", 5, &d));
    assert_int_equal(d.attributes, 0x21);
    assert_false(d.has_create_time);
}

/* Whatever stands there, nothing is read behind its end, and what is not known is refused. */
static void test_rubbish(void **state)
{
    struct dosattr d;
    uint8_t copy[sizeof(recorded)];
    for (size_t n = 0; n < sizeof(recorded); n++) {
        memcpy(copy, recorded, sizeof(copy));
        bool good = dosattr_decode(copy, n, &d);
        assert_int_equal(good, n >= 16);
        assert_false(good && d.has_create_time);
    }
    memcpy(copy, recorded, sizeof(copy));
    copy[2] = copy[4] = 6;
    assert_false(dosattr_decode(copy, sizeof(copy), &d));
    assert_false(dosattr_decode("0xzz", 4, &d));
    assert_false(dosattr_decode("0x123456789", 11, &d));
    assert_false(dosattr_decode("", 0, &d));
}

/* A change time follows what smbd writes, and no part of one counts. */
static void test_change_time(void **state)
{
    struct dosattr d;
    uint8_t data[DOSATTR_SIZE];
    assert_true(dosattr_decode(recorded, sizeof(recorded), &d));
    assert_false(d.has_change_time);
    d.has_change_time = true;
    d.change_time = 0x0123456789abcdef;
    d.change_until = 0xfedcba9876543210;
    assert_int_equal(dosattr_encode(&d, data), DOSATTR_SIZE);
    assert_memory_equal(data, recorded, sizeof(recorded));
    for (size_t n = sizeof(recorded); n <= DOSATTR_SIZE; n++) {
        assert_true(dosattr_decode(data, n, &d));
        assert_int_equal(d.attributes, 0x27);
        assert_int_equal(d.has_change_time, n == DOSATTR_SIZE);
    }
    assert_int_equal(d.change_time, 0x0123456789abcdef);
    assert_int_equal(d.change_until, 0xfedcba9876543210);
    data[24]++;
    assert_true(dosattr_decode(data, DOSATTR_SIZE, &d));
    assert_false(d.has_change_time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_older),
        cmocka_unit_test(test_rubbish),
        cmocka_unit_test(test_change_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
