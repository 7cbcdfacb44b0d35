// SPDX-License-Identifier: Apache-2.0
/* Whole core: renames and links that wait for somebody else ([MS-FSA] 2.1.5.15.11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/info_file.h"

#define ALL     (FILE_READ_DATA | FILE_WRITE_DATA | DELETE)
#define NOTHING 0xffffffffu /* of harness_send: no answer yet */

static struct world w;
static struct harness_client one, two;

static void start(void)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&one, &w, &ccfg);
    ccfg.guid.b[0]++;
    harness_ready(&two, &w, &ccfg);
}

static void end(void)
{
    harness_drop(&one);
    harness_drop(&two);
    harness_world_end(&w);
}

static struct wire_file_id open_batch(struct harness_client *c, const char *name)
{
    struct arena a;
    arena_init(&a, 4096);
    union wire_any body = harness_create_req(&a, name, ALL, 7, FILE_OPEN_IF, 0);
    body.create_req.oplock_level = SMB2_OPLOCK_LEVEL_BATCH;
    assert_int_equal(harness_call(c, SMB2_CREATE, &body), SMBKIT_STATUS_SUCCESS);
    arena_clear(&a);
    assert_int_equal(harness_last(c)->body.create_rsp.oplock_level, SMB2_OPLOCK_LEVEL_BATCH);
    return harness_last(c)->body.create_rsp.file_id;
}

static smbkit_status set_name(struct harness_client *c, struct wire_file_id id, uint8_t class,
                              const char *to)
{
    uint8_t mem[128];
    struct builder b;
    const struct wire_info_rename info = {.flags = 1, .name = to, .name_len = strlen(to)};
    builder_init_fixed(&b, mem, sizeof mem);
    wire_info_rename_encode(&b, &info, false);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = class,
                                            .file_id = id,
                                            .payload = {b.data, b.len}}};
    return harness_call(c, SMB2_SET_INFO, &body);
}

static void delete_file(struct harness_client *c, struct wire_file_id id)
{
    uint8_t yes = 1;
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileDispositionInformation,
                                            .file_id = id,
                                            .payload = {&yes, 1}}};
    assert_int_equal(harness_call(c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(c, id), SMBKIT_STATUS_SUCCESS);
}

/* It waits for whoever has the file of the new name open to give way, who deletes it: then there is
   nothing to be replaced. */
static void target_goes(uint8_t class)
{
    struct wire_file_id from;
    start();
    struct wire_file_id target = open_batch(&one, "b");
    assert_int_equal(harness_create(&two, "a", ALL, 7, FILE_OPEN_IF, 0, &from),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(set_name(&two, from, class, "b"), NOTHING);
    delete_file(&one, target);
    world_advance(&w, 1);
    harness_run(&two);
    assert_int_equal(harness_last(&two)->command, SMB2_SET_INFO);
    assert_int_equal(harness_last(&two)->status, SMBKIT_STATUS_SUCCESS);
    end();
}

static void test_rename_target_goes(void **state)
{
    target_goes(FileRenameInformation);
}

static void test_link_target_goes(void **state)
{
    target_goes(FileLinkInformation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rename_target_goes),
        cmocka_unit_test(test_link_target_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
