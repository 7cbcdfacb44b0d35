// SPDX-License-Identifier: Apache-2.0
/* Whole core: when memory runs out in the middle of a request, INSUFFICIENT_RESOURCES means that
   nothing was done. Each request is tried once for each allocation that it makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/info_file.h"

#define ALL          (FILE_READ_DATA | FILE_WRITE_DATA | DELETE)
#define NEVER_SO_BIG 200 /* allocations of one request */

static struct world w;
static struct harness_client c;
static struct wire_file_id id;

static void start(void)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    assert_int_equal(harness_create(&c, "f", ALL, 7, FILE_OPEN_IF, 0, &id), SMBKIT_STATUS_SUCCESS);
}

static void end(void)
{
    w.fail_nth = 0;
    harness_drop(&c);
    harness_world_end(&w);
}

/* What one test does, and how it finds out whether it was done. */
struct trial {
    smbkit_status (*request)(void);
    bool (*done)(void);
};

static void check(const struct trial *t)
{
    bool failed = true;
    unsigned refused = 0;
    for (size_t n = 1; failed && n < NEVER_SO_BIG; n++) {
        start();
        w.fail_nth = n;
        smbkit_status st = t->request();
        failed = w.fail_nth == 0;
        w.fail_nth = 0;
        /* without memory for the least of answers the connection goes, and nothing was said */
        if (!c.closed) {
            assert_true(st == SMBKIT_STATUS_SUCCESS || failed);
            assert_int_equal(t->done(), st == SMBKIT_STATUS_SUCCESS);
            refused += st == SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        }
        end();
    }
    assert_false(failed);
    assert_true(refused > 0);
}

static smbkit_status do_close(void)
{
    return harness_close(&c, id);
}

static bool is_closed(void)
{
    smbkit_status st = harness_close(&c, id);
    assert_true(st == SMBKIT_STATUS_SUCCESS || st == SMBKIT_STATUS_FILE_CLOSED);
    return st == SMBKIT_STATUS_FILE_CLOSED;
}

static void test_close(void **state)
{
    check(&(struct trial){do_close, is_closed});
}

static smbkit_status do_lock(void)
{
    return harness_lock(&c, id, 0, 10,
                        SMB2_LOCKFLAG_EXCLUSIVE_LOCK | SMB2_LOCKFLAG_FAIL_IMMEDIATELY);
}

static bool is_locked(void)
{
    return harness_lock(&c, id, 0, 10, SMB2_LOCKFLAG_UNLOCK) == SMBKIT_STATUS_SUCCESS;
}

static void test_lock(void **state)
{
    check(&(struct trial){do_lock, is_locked});
}

static smbkit_status do_write(void)
{
    return harness_write(&c, id, 0, "x", 1);
}

static bool is_written(void)
{
    return harness_read(&c, id, 0, 1) == SMBKIT_STATUS_SUCCESS;
}

static void test_write(void **state)
{
    check(&(struct trial){do_write, is_written});
}

static smbkit_status do_delete(void)
{
    uint8_t yes = 1;
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileDispositionInformation,
                                            .file_id = id,
                                            .payload = {&yes, 1}}};
    return harness_call(&c, SMB2_SET_INFO, &body);
}

static bool is_deleted(void)
{
    struct wire_file_id other;
    smbkit_status st = harness_create(&c, "f", FILE_READ_DATA, 7, FILE_OPEN, 0, &other);
    assert_true(st == SMBKIT_STATUS_SUCCESS || st == SMBKIT_STATUS_DELETE_PENDING);
    return st == SMBKIT_STATUS_DELETE_PENDING;
}

static void test_delete(void **state)
{
    check(&(struct trial){do_delete, is_deleted});
}

/* A CREATE that cannot be answered is undone. */
static smbkit_status do_create(void)
{
    struct wire_file_id made;
    return harness_create(&c, "new", ALL, 0, FILE_CREATE, 0, &made);
}

static bool is_created(void)
{
    struct wire_file_id other;
    return harness_create(&c, "new", FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &other) ==
           SMBKIT_STATUS_SUCCESS;
}

static void test_create(void **state)
{
    check(&(struct trial){do_create, is_created});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close),  cmocka_unit_test(test_lock),   cmocka_unit_test(test_write),
        cmocka_unit_test(test_delete), cmocka_unit_test(test_create),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
