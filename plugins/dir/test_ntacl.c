// SPDX-License-Identifier: Apache-2.0
/* The attribute security.NTACL: as Samba's own code makes it for one descriptor, and nonsense. */
#include "dir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* O:S-1-5-21-1-2-3-1000 G:S-1-22-2-0 D:(A;;FA;;;WD) */
#define SD                                                                         \
    "0100048014000000300000000000000040000000010500000000000515000000010000000200" \
    "000003000000e80300000102000000000016020000000000000004001c000100000000001400" \
    "ff011f00010100000000000100000000"
/* version 1 */
#define V1                                                                         \
    "0100010000000200010004801c00000038000000000000004800000001050000000000051500" \
    "0000010000000200000003000000e80300000102000000000016020000000000000004001c00" \
    "0100000000001400ff011f00010100000000000100000000"
/* version 2 */
#define V2                                                                         \
    "0200020000000200040002000101010101010101010101010101010101000480300000004c00" \
    "0000000000005c000000010500000000000515000000010000000200000003000000e8030000" \
    "0102000000000016020000000000000004001c000100000000001400ff011f00010100000000" \
    "000100000000"
/* version 3 */
#define V3                                                                         \
    "0300030000000200040002000100020202020202020202020202020202020202020202020202" \
    "0202020202020202020202020202020202020202020202020202020202020202020202020202" \
    "0202000001000480640000008000000000000000900000000105000000000005150000000100" \
    "00000200000003000000e80300000102000000000016020000000000000004001c0001000000" \
    "00001400ff011f00010100000000000100000000"
/* version 4 */
#define V4                                                                         \
    "0400040000000200040002000100020202020202020202020202020202020202020202020202" \
    "0202020202020202020202020202020202020202020202020202020202020202020202020202" \
    "0202706f7369785f61636c008877665544332211030303030303030303030303030303030303" \
    "0303030303030303030303030303030303030303030303030303030303030303030303030303" \
    "030303030303030301000480b4000000d000000000000000e000000001050000000000051500" \
    "0000010000000200000003000000e80300000102000000000016020000000000000004001c00" \
    "0100000000001400ff011f00010100000000000100000000"

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return n;
}

static void check_version(const char *hex)
{
    uint8_t data[512], want[256], *sd;
    size_t len = unhex(hex, data), want_len = unhex(SD, want), sd_len;
    assert_true(ntacl_decode(data, len, &sd, &sd_len));
    assert_int_equal(sd_len, want_len);
    assert_memory_equal(sd, want, want_len);
    /* cut anywhere it is none, or one whose offsets are inside */
    for (size_t cut = 0; cut < len; cut++) {
        unhex(hex, data);
        if (ntacl_decode(data, cut, &sd, &sd_len))
            assert_true(sd_len >= 20 && sd + sd_len == data + cut);
    }
}

static void test_versions(void **state)
{
    check_version(V1);
    check_version(V2);
    check_version(V3);
    check_version(V4);
}

static void test_encode(void **state)
{
    uint8_t sd[256], want[256], data[256];
    size_t len = unhex(SD, sd), want_len = unhex(V1, want);
    assert_int_equal(want_len, len + NTACL_HEAD);
    assert_true(ntacl_encode(sd, len, data));
    assert_memory_equal(data, want, want_len);
    assert_false(ntacl_encode(sd, 19, data));
    sd[4] = 0xff; /* the owner is behind the end */
    assert_false(ntacl_encode(sd, len, data));
}

static void test_nonsense(void **state)
{
    uint8_t data[512], *sd;
    size_t sd_len, len = unhex(V1, data);
    data[0] = data[2] = 5;
    assert_false(ntacl_decode(data, len, &sd, &sd_len));
    data[0] = 1;
    assert_false(ntacl_decode(data, len, &sd, &sd_len));
    data[2] = 1;
    data[4] = data[6] = 0; /* nothing is there */
    assert_false(ntacl_decode(data, len, &sd, &sd_len));
    len = unhex(V1, data);
    data[12] = 4; /* the owner is in the head */
    assert_false(ntacl_decode(data, len, &sd, &sd_len));
    len = unhex(V4, data);
    memset(data + 78, 'x', len - 78); /* the text has no end */
    assert_false(ntacl_decode(data, len, &sd, &sd_len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
