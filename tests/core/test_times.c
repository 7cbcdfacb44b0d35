// SPDX-License-Identifier: Apache-2.0
/* Whole core: when changes of a file show as times, and times that stay as they were set
   ([MS-FSA] 2.1.4.17, 2.1.5.15.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "core/open.h"
#include "core/state.h"
#include "wire/info.h"
#include "wire/info_file.h"

#define SECOND     UINT64_C(1000000000)
#define ALL_ACCESS 0x001f01ffu

static struct world w;
static struct harness_client c;
static struct wire_file_id file;
static uint64_t made; /* the file's times at first */

static void start(void)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    assert_int_equal(harness_create(&c, "f", ALL_ACCESS, 7, FILE_CREATE, 0, &file),
                     SMBKIT_STATUS_SUCCESS);
    made = harness_last(&c)->body.create_rsp.last_write_time;
    world_advance(&w, SECOND);
}

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

static struct wire_info_basic times(void)
{
    struct wire_info_basic v;
    struct cursor in;
    union wire_any body = {.query_info_req = {.info_type = SMB2_0_INFO_FILE,
                                              .info_class = FileBasicInformation,
                                              .output_length = 40,
                                              .file_id = file}};
    assert_int_equal(harness_call(&c, SMB2_QUERY_INFO, &body), SMBKIT_STATUS_SUCCESS);
    const struct wire_blob *data = &harness_last(&c)->body.query_info_rsp.payload;
    cursor_init(&in, data->data, data->len);
    assert_true(wire_info_basic_decode(&in, &v));
    return v;
}

static void set(const struct wire_info_basic *v)
{
    struct builder b;
    builder_init_grow(&b, 64);
    wire_info_basic_encode(&b, v);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileBasicInformation,
                                            .file_id = file,
                                            .payload = {b.data, b.len}}};
    assert_int_equal(harness_call(&c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
    builder_free(&b);
}

static void put(void)
{
    assert_int_equal(harness_write(&c, file, 0, "x", 1), SMBKIT_STATUS_SUCCESS);
}

/* The first write shows after two seconds, the second one at the end. */
static void test_writes_show_later(void **state)
{
    start();
    put();
    assert_true(times().last_write_time == made);
    world_advance(&w, 3 * SECOND);
    uint64_t first = times().last_write_time;
    assert_true(first > made && first < made + 2 * (SECOND / 100));
    put();
    world_advance(&w, 3 * SECOND);
    assert_true(times().last_write_time == first);
    union wire_any body = {
        .close_req = {.flags = SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB, .file_id = file}};
    assert_int_equal(harness_call(&c, SMB2_CLOSE, &body), SMBKIT_STATUS_SUCCESS);
    assert_true(harness_last(&c)->body.close_rsp.last_write_time > first);
    end();
}

/* A plugin need not answer a write with attributes, and its clock is not ours: what it says later
   is the time of the write, also when the file is closed. */
static void test_time_of_write_is_the_plugins(void **state)
{
    struct core core = {.now = SECOND, .filetime = 7000};
    struct core_open open = {.core = &core, .times = {.write = 1000}};
    struct smbkit_attr a = {.write_time = 2000};
    times_wrote(&open, NULL);
    times_show(&open, &a);
    assert_int_equal(a.write_time, 1000);
    core.now += 3 * SECOND;
    a.write_time = 2000;
    times_show(&open, &a);
    assert_int_equal(a.write_time, 2000);
    times_wrote(&open, NULL); /* shows at the end only */
    a.write_time = 3000;
    times_show(&open, &a);
    assert_int_equal(a.write_time, 2000);
}

static void flush(void)
{
    union wire_any body = {.flush_req = {.file_id = file}};
    assert_int_equal(harness_call(&c, SMB2_FLUSH, &body), SMBKIT_STATUS_SUCCESS);
}

static void set_nothing(void)
{
    set(&(struct wire_info_basic){0});
}

static void set_same_size(void)
{
    uint8_t size[8] = {1};
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileEndOfFileInformation,
                                            .file_id = file,
                                            .payload = {size, 8}}};
    assert_int_equal(harness_call(&c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
}

static void test_writes_show_at_once_after(void **state)
{
    static void (*const rows[])(void) = {flush, set_nothing, set_same_size};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        start();
        put();
        assert_true(times().last_write_time == made);
        rows[i]();
        assert_true(times().last_write_time > made);
        end();
    }
}

/* What was set through the open stays, whatever it does afterwards. */
static void test_set_times_stay(void **state)
{
    const uint64_t then = UINT64_C(130000000000000000);
    start();
    set(&(struct wire_info_basic){.last_write_time = then, .change_time = then + 1});
    world_advance(&w, SECOND);
    put();
    set_same_size();
    set(&(struct wire_info_basic){.attributes = FILE_ATTRIBUTE_HIDDEN});
    flush();
    assert_true(times().last_write_time == then);
    assert_true(times().change_time == then + 1);
    set(&(struct wire_info_basic){.last_write_time = WIRE_TIME_THAW});
    put();
    flush();
    assert_true(times().last_write_time > then);
    assert_true(times().change_time == then + 1);
    end();
}

static void test_frozen_times_stay(void **state)
{
    start();
    set(&(struct wire_info_basic){.last_write_time = WIRE_TIME_FREEZE,
                                  .change_time = WIRE_TIME_FREEZE});
    put();
    flush();
    assert_true(times().last_write_time == made);
    assert_true(times().change_time == made);
    end();
}

/* Note 187 */
static void test_rename_is_no_change_until_the_end(void **state)
{
    static const uint8_t info[24] = {[16] = 2, [20] = 'g'};
    start();
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileRenameInformation,
                                            .file_id = file,
                                            .payload = {info, sizeof info}}};
    assert_int_equal(harness_call(&c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
    assert_true(times().change_time == made);
    assert_int_equal(harness_close(&c, file), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&c, "g", ALL_ACCESS, 7, FILE_OPEN, 0, &file),
                     SMBKIT_STATUS_SUCCESS);
    assert_true(times().change_time > made);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_show_later),
        cmocka_unit_test(test_time_of_write_is_the_plugins),
        cmocka_unit_test(test_writes_show_at_once_after),
        cmocka_unit_test(test_set_times_stay),
        cmocka_unit_test(test_frozen_times_stay),
        cmocka_unit_test(test_rename_is_no_change_until_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
