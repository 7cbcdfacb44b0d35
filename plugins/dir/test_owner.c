// SPDX-License-Identifier: Apache-2.0
/* SIDs of owners: found, told apart, and replaced wherever they stand; in nonsense nothing is. */
#include "dir.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SID(domain, rid)                                                                           \
    {                                                                                              \
        1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, domain, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, rid, 0, 0, 0 \
    }

static const uint8_t theirs[OWNER_SID_SIZE] = SID(1, 9);
static const uint8_t ours[OWNER_SID_SIZE] = SID(7, 8);
static const uint8_t other[OWNER_SID_SIZE] = SID(1, 10);

/* Owner, group, SACL and DACL; the DACL allows `theirs` and denies `other`. */
#define OWNER_AT 20
#define GROUP_AT 48
#define SACL_AT  76
#define DACL_AT  84
#define ACE_1    92
#define ACE_2    128
#define SD_SIZE  164

static void build(uint8_t sd[SD_SIZE])
{
    memset(sd, 0, SD_SIZE);
    sd[0] = 1;
    sd[2] = 0x14;
    sd[3] = 0x80;
    sd[4] = OWNER_AT;
    sd[8] = GROUP_AT;
    sd[12] = SACL_AT;
    sd[16] = DACL_AT;
    memcpy(sd + OWNER_AT, theirs, OWNER_SID_SIZE);
    memcpy(sd + GROUP_AT, other, OWNER_SID_SIZE);
    sd[SACL_AT] = sd[DACL_AT] = 2;
    sd[SACL_AT + 2] = 8;
    sd[DACL_AT + 2] = SD_SIZE - DACL_AT;
    sd[DACL_AT + 4] = 2;
    sd[ACE_1 + 2] = sd[ACE_2 + 2] = 8 + OWNER_SID_SIZE;
    sd[ACE_2] = 1;
    memcpy(sd + ACE_1 + 8, theirs, OWNER_SID_SIZE);
    memcpy(sd + ACE_2 + 8, other, OWNER_SID_SIZE);
}

static void test_replace(void **state)
{
    uint8_t sd[SD_SIZE], sid[OWNER_SID_SIZE], before[SD_SIZE];
    build(sd);
    build(before);
    assert_true(owner_of(sd, sizeof(sd), sid));
    assert_memory_equal(sid, theirs, sizeof(sid));
    assert_true(owner_is_foreign(sid, ours, sizeof(ours)));
    assert_false(owner_is_foreign(sid, other, sizeof(other)));
    assert_false(owner_is_foreign(sid, NULL, 0));
    owner_replace(sd, sizeof(sd), theirs, ours);
    assert_memory_equal(sd + OWNER_AT, ours, OWNER_SID_SIZE);
    assert_memory_equal(sd + GROUP_AT, other, OWNER_SID_SIZE);
    assert_memory_equal(sd + ACE_1 + 8, ours, OWNER_SID_SIZE);
    assert_memory_equal(sd + ACE_2 + 8, other, OWNER_SID_SIZE);
    owner_replace(sd, sizeof(sd), ours, theirs);
    assert_memory_equal(sd, before, sizeof(sd));
}

/* Cut anywhere, or with any byte of the heads wrong, nothing outside is touched (sanitizers see).
 */
static void test_nonsense(void **state)
{
    uint8_t sd[SD_SIZE], sid[OWNER_SID_SIZE];
    build(sd);
    for (size_t len = 0; len <= SD_SIZE; len++) {
        uint8_t *copy = malloc(len != 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, sd, len);
        (void)owner_of(copy, len, sid);
        owner_replace(copy, len, theirs, ours);
        free(copy);
    }
    for (size_t at = 0; at < SD_SIZE; at++) {
        for (unsigned value = 0; value < 256; value += 5) {
            uint8_t *copy = malloc(SD_SIZE);
            assert_non_null(copy);
            memcpy(copy, sd, SD_SIZE);
            copy[at] = (uint8_t)value;
            (void)owner_of(copy, SD_SIZE, sid);
            owner_replace(copy, SD_SIZE, theirs, ours);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
