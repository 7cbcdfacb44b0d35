// SPDX-License-Identifier: Apache-2.0
/* LockSequenceArray ([MS-SMB2] 3.3.1.10, 3.3.5.14). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lease/lockseq.h"

static uint32_t field(uint32_t index, uint32_t number)
{
    return index << 4 | number;
}

static void test_replay_of_a_recorded_number(void **state)
{
    struct lease_lockseq s = {0};
    assert_false(lease_lockseq_is_replay(&s, field(1, 0)));
    lease_lockseq_record(&s, field(1, 0));
    assert_true(lease_lockseq_is_replay(&s, field(1, 0)));
    assert_true(lease_lockseq_is_replay(&s, field(1, 0)));
    assert_false(lease_lockseq_is_replay(&s, field(2, 0)));
}

/* "If the sequence numbers are not equal, the server MUST reset the entry" */
static void test_other_number_resets_the_entry(void **state)
{
    struct lease_lockseq s = {0};
    lease_lockseq_record(&s, field(64, 15));
    assert_false(lease_lockseq_is_replay(&s, field(64, 14)));
    assert_false(lease_lockseq_is_replay(&s, field(64, 15)));
    lease_lockseq_record(&s, field(64, 14));
    assert_true(lease_lockseq_is_replay(&s, field(64, 14)));
}

static void test_indices_outside_1_to_64(void **state)
{
    struct lease_lockseq s = {0};
    static const uint32_t outside[] = {0, 65, 66, 0x0fffffff};
    for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
        lease_lockseq_record(&s, field(outside[i], 3));
        assert_false(lease_lockseq_is_replay(&s, field(outside[i], 3)));
    }
    for (size_t i = 0; i < LEASE_LOCKSEQ_ENTRIES; i++)
        assert_int_equal(s.entry[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_of_a_recorded_number),
        cmocka_unit_test(test_other_number_resets_the_entry),
        cmocka_unit_test(test_indices_outside_1_to_64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
