// SPDX-License-Identifier: Apache-2.0
/* Whole core: what watchers of a folder are told, and when their waiting ends
   ([MS-SMB2] 3.3.5.19, [MS-FSA] 2.1.5.11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/notify_rec.h"

#define ALL_ACCESS 0x001f01ffu
#define SHARE_ALL  7u

static struct world w;
static struct harness_client watcher, other;

static void start_with(void (*answer)(struct smbkit_op *op, void *vol, void *file, bool tree))
{
    struct world_config cfg = harness_world_config();
    cfg.watch = answer;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&watcher, &w, &ccfg);
    harness_ready(&other, &w, &ccfg);
}

static void start(void)
{
    start_with(NULL);
}

static void end(void)
{
    harness_drop(&watcher);
    harness_drop(&other);
    harness_world_end(&w);
}

static struct wire_file_id open_at(struct harness_client *c, const char *name, uint32_t disposition,
                                   uint32_t options)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(c, name, ALL_ACCESS, SHARE_ALL, disposition, options, &id),
                     SMBKIT_STATUS_SUCCESS);
    return id;
}

/* Sends a CHANGE_NOTIFY that waits. */
static void watch(struct wire_file_id id, uint32_t filter)
{
    union wire_any body = {
        .change_notify_req = {.output_length = 4096, .file_id = id, .completion_filter = filter}};
    harness_call(&watcher, SMB2_CHANGE_NOTIFY, &body);
    assert_true(watcher.count == 1 && watcher.replies[0].interim);
    /* the end of the server must not wait for it */
    struct core_stats st;
    core_get_stats(w.core, &st);
    assert_int_equal(st.requests_parked, 1);
    assert_int_equal(st.requests_running, 1);
}

static smbkit_status watch_answer;

static void refuse_watch(struct smbkit_op *op, void *vol, void *file, bool tree)
{
    (void)vol, (void)file, (void)tree;
    smbkit_reply_status(op, watch_answer);
}

/* A volume of which nobody is told anything says so, each time; one that is only short of something
   does not keep anybody from what goes through the server ([MS-SMB2] 3.3.5.19). */
static void test_volume_without_watches(void **state)
{
    start_with(refuse_watch);
    struct wire_file_id folder = open_at(&watcher, "d", FILE_CREATE, FILE_DIRECTORY_FILE);
    union wire_any body = {.change_notify_req = {.output_length = 4096,
                                                 .file_id = folder,
                                                 .completion_filter = FILE_NOTIFY_CHANGE_DIR_NAME}};
    watch_answer = SMBKIT_STATUS_NOT_SUPPORTED;
    for (int i = 0; i < 2; i++)
        assert_int_equal(harness_call(&watcher, SMB2_CHANGE_NOTIFY, &body),
                         SMBKIT_STATUS_NOT_SUPPORTED);
    harness_close(&watcher, folder);
    folder = open_at(&watcher, "d", FILE_OPEN, FILE_DIRECTORY_FILE);
    watch_answer = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    watch(folder, FILE_NOTIFY_CHANGE_DIR_NAME);
    end();
}

/* A folder that others watch goes with the handle that was to delete it: they are told at once, not
   when the last of them closes. */
static void test_watched_folder_deleted_on_close(void **state)
{
    start();
    struct wire_file_id folder = open_at(&watcher, "d", FILE_CREATE, FILE_DIRECTORY_FILE);
    watch(folder, FILE_NOTIFY_CHANGE_FILE_NAME);
    struct wire_file_id doomed =
        open_at(&other, "d", FILE_OPEN, FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE);
    watcher.count = 0;
    assert_int_equal(harness_close(&other, doomed), SMBKIT_STATUS_SUCCESS);
    harness_run(&watcher);
    assert_int_equal(watcher.count, 1);
    assert_int_equal(harness_last(&watcher)->status, SMBKIT_STATUS_DELETE_PENDING);
    end();
}

static void rename_to(struct harness_client *c, struct wire_file_id id, const char *utf16,
                      size_t len)
{
    uint8_t info[64] = {0};
    le32_store(info + 16, (uint32_t)len);
    memcpy(info + 20, utf16, len);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = 10, /* FileRenameInformation */
                                            .file_id = id,
                                            .payload = {info, MAX(20 + len, 24)}}};
    assert_int_equal(harness_call(c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
}

/* Windows tells of a renamed file once more, as modified, to those who watch attributes, when it is
   closed. */
static void test_rename_is_a_change_of_attributes(void **state)
{
    start();
    struct wire_file_id root; /* with DELETE it would keep files from being renamed in it */
    assert_int_equal(harness_create(&watcher, "", ALL_ACCESS & ~DELETE, SHARE_ALL, FILE_OPEN,
                                    FILE_DIRECTORY_FILE, &root),
                     SMBKIT_STATUS_SUCCESS);
    struct wire_file_id file = open_at(&other, "f", FILE_CREATE, 0);
    watch(root, FILE_NOTIFY_CHANGE_ATTRIBUTES);
    watcher.count = 0;
    rename_to(&other, file, "g\0h\0", 4);
    harness_run(&watcher);
    assert_int_equal(watcher.count, 0);
    assert_int_equal(harness_close(&other, file), SMBKIT_STATUS_SUCCESS);
    harness_run(&watcher);
    assert_int_equal(watcher.count, 1);
    assert_int_equal(harness_last(&watcher)->status, SMBKIT_STATUS_SUCCESS);
    const struct wire_blob *news = &harness_last(&watcher)->body.change_notify_rsp.payload;
    assert_int_equal(news->len, 16);
    assert_int_equal(le32_load(news->data + 4), FILE_ACTION_MODIFIED);
    assert_memory_equal(news->data + 12, "g\0h\0", 4);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_volume_without_watches),
        cmocka_unit_test(test_watched_folder_deleted_on_close),
        cmocka_unit_test(test_rename_is_a_change_of_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
