// SPDX-License-Identifier: Apache-2.0
/* Whole core: the window of message ids and the credits ([MS-SMB2] 3.3.1.1, 3.3.5.2.3, .5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

static struct world w;
static struct harness_client c;

static void start(uint32_t max_credits, uint16_t max_dialect)
{
    struct world_config cfg = harness_world_config();
    cfg.core.max_credits = max_credits;
    cfg.core.max_dialect = max_dialect;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.max_credits = max_credits;
    harness_ready(&c, &w, &ccfg);
}

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

static smbkit_status echo_at(uint64_t id, uint16_t credits)
{
    union wire_any none = {0};
    struct smbclient_element e = harness_element(&c, SMB2_ECHO, &none);
    e.use_id = true;
    e.message_id = id;
    e.credits = credits;
    return harness_send(&c, &e, 1, 0);
}

/* Asking for everything gives what there is, and asking for nothing never ends with none. */
static void test_grants(void **state)
{
    start(50, 0);
    assert_int_equal(echo_at(smbclient_reserve(&c.smb, 1), 65535), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(smbclient_credits(&c.smb), 50);
    for (int i = 0; i < 60; i++)
        assert_int_equal(echo_at(smbclient_reserve(&c.smb, 1), 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(smbclient_credits(&c.smb), 1);
    assert_int_equal(echo_at(smbclient_reserve(&c.smb, 1), 10), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(smbclient_credits(&c.smb), 10);
    end();
}

/* Ids may be used in any order, each once. */
static void test_any_order(void **state)
{
    uint64_t ids[8];
    start(50, 0);
    assert_int_equal(echo_at(smbclient_reserve(&c.smb, 1), 20), SMBKIT_STATUS_SUCCESS);
    for (int i = 0; i < 8; i++)
        ids[i] = smbclient_reserve(&c.smb, 1);
    for (int i = 7; i >= 0; i--)
        assert_int_equal(echo_at(ids[i], 1), SMBKIT_STATUS_SUCCESS);
    echo_at(ids[3], 1);
    assert_int_equal(c.count, 0);
    assert_true(c.closed);
    end();
}

static void test_outside(void **state)
{
    for (int i = 0; i < 3; i++) {
        start(50, 0);
        uint64_t end_id = c.smb.end_id;
        echo_at(i == 0 ? end_id : i == 1 ? UINT64_MAX : 0, 1);
        assert_int_equal(c.count, 0);
        assert_true(c.closed);
        end();
    }
}

/* An id that is never used holds the window: it grows no further than it can remember, and the
   client still has the one credit. */
static void test_hole(void **state)
{
    start(8192, 0);
    uint64_t hole = smbclient_reserve(&c.smb, 1);
    for (int i = 0; i < 20000 && smbclient_credits(&c.smb) > 0; i++)
        assert_int_equal(echo_at(smbclient_reserve(&c.smb, 1), 1), SMBKIT_STATUS_SUCCESS);
    assert_true(c.smb.end_id - hole <= 16384);
    assert_int_equal(smbclient_credits(&c.smb), 0);
    assert_int_equal(echo_at(hole, 100), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(smbclient_credits(&c.smb), 100);
    assert_int_equal(echo_at(smbclient_reserve(&c.smb, 1), 1), SMBKIT_STATUS_SUCCESS);
    end();
}

/* A large operation costs its charge, uses as many ids, and cannot be had for less. */
static void test_charge(void **state)
{
    struct wire_file_id id;
    start(50, 0);
    assert_int_equal(
        harness_create(&c, "f", FILE_READ_DATA | FILE_WRITE_DATA, 7, FILE_OPEN_IF, 0, &id),
        SMBKIT_STATUS_SUCCESS);
    assert_int_equal(echo_at(smbclient_reserve(&c.smb, 1), 40), SMBKIT_STATUS_SUCCESS);
    union wire_any body = {.read_req = {.length = 200000, .file_id = id}};
    struct smbclient_element e = harness_element(&c, SMB2_READ, &body);
    uint64_t before = c.smb.next_id;
    e.charge = 3;
    assert_int_equal(harness_send(&c, &e, 1, 0), SMBKIT_STATUS_INVALID_PARAMETER);
    e.charge = 4;
    assert_int_equal(harness_send(&c, &e, 1, 0), SMBKIT_STATUS_END_OF_FILE);
    assert_int_equal(c.smb.next_id - before, 7);
    e.charge = 9;
    assert_int_equal(harness_send(&c, &e, 1, 0), SMBKIT_STATUS_END_OF_FILE);
    end();
}

/* 2.0.2 knows no charge: 64 KiB are the limit, and CreditCharge is not looked at. */
static void test_no_multi_credit(void **state)
{
    struct wire_file_id id;
    start(50, SMB2_DIALECT_202);
    assert_int_equal(c.smb.max_read, 65536);
    assert_int_equal(harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&c, id, 0, 65536), SMBKIT_STATUS_END_OF_FILE);
    assert_int_equal(harness_read(&c, id, 0, 65537), SMBKIT_STATUS_INVALID_PARAMETER);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grants),  cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_outside), cmocka_unit_test(test_hole),
        cmocka_unit_test(test_charge),  cmocka_unit_test(test_no_multi_credit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
