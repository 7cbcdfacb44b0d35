// SPDX-License-Identifier: Apache-2.0
/* Whole core: what becomes of a CREATE that cannot end as it began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"

/* Sends a CREATE of a new file and stops when the plugin has made it and the core does not know. */
static void make_and_stop(struct harness_client *c, const char *name)
{
    struct world *w = c->world;
    struct arena a;
    struct builder out;
    arena_init(&a, 4096);
    union wire_any body = harness_create_req(&a, name, FILE_READ_DATA | FILE_WRITE_DATA, 0,
                                             FILE_CREATE, FILE_NON_DIRECTORY_FILE);
    struct smbclient_element e = harness_element(c, SMB2_CREATE, &body);
    builder_init_grow(&out, 4096);
    e.credits = 10;
    assert_true(smbclient_send(&c->smb, &e, 1, 0, &out));
    w->config.late_per_mille = 1000;
    world_send(c->conn, out.data, out.len);
    assert_true(world_deliver_to_server(c->conn));
    assert_true(world_plugin_event(w)); /* open: not there */
    assert_true(world_plugin_event(w)); /* ... is told */
    assert_true(world_plugin_event(w)); /* path_sd: the folder's descriptor */
    assert_true(world_plugin_event(w)); /* ... is told */
    assert_true(world_plugin_event(w)); /* create */
    assert_int_equal(w->posted_count, 1);
    w->config.late_per_mille = 0;
    builder_free(&out);
    arena_clear(&a);
    c->count = 0;
}

/* The new file is opened by somebody else before its maker could claim it: the maker fails, and
   must not take the file away. */
static void test_made_and_lost(void **state)
{
    struct world w;
    struct harness_client a, b;
    struct wire_file_id id;
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&a, &w, &ccfg);
    harness_ready(&b, &w, &ccfg);
    make_and_stop(&a, "new");
    w.config.late_per_mille = 0;
    /* only b's frames move: a's result stays where it is */
    struct vfs_op *held = LIST_ENTRY(list_pop(&w.posted), struct vfs_op, link);
    w.posted_count--;
    assert_int_equal(harness_create(&b, "new", FILE_WRITE_DATA, 0, FILE_OPEN, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    list_append(&w.posted, &held->link);
    w.posted_count++;
    harness_run(&a);
    assert_int_equal(harness_last(&a)->status, SMBKIT_STATUS_SHARING_VIOLATION);
    assert_int_equal(harness_write(&b, id, 0, "mine", 4), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&b, id), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&a, "new", FILE_READ_DATA, 0, FILE_OPEN, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&a, id, 0, 4), SMBKIT_STATUS_SUCCESS);
    harness_drop(&a);
    harness_drop(&b);
    harness_world_end(&w);
}

/* A file that was made for a tree which is gone stays, as after an immediate close. */
static void test_made_too_late(void **state)
{
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    make_and_stop(&c, "late");
    struct vfs_op *held = LIST_ENTRY(list_pop(&w.posted), struct vfs_op, link);
    w.posted_count--;
    union wire_any none = {0};
    assert_int_equal(harness_call(&c, SMB2_TREE_DISCONNECT, &none), SMBKIT_STATUS_SUCCESS);
    list_append(&w.posted, &held->link);
    w.posted_count++;
    harness_run(&c);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_NETWORK_NAME_DELETED);
    assert_int_equal(harness_tree(&c, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&c, "late", FILE_READ_DATA, 0, FILE_OPEN, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    harness_drop(&c);
    harness_world_end(&w);
}

/* While the plugin removes the name, the file is still found; nobody gets a handle to it. */
static void test_going_away(void **state)
{
    struct world w;
    struct harness_client a, b;
    struct wire_file_id id;
    struct builder out;
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&a, &w, &ccfg);
    harness_ready(&b, &w, &ccfg);
    assert_int_equal(harness_create(&a, "f", DELETE, 7, FILE_CREATE, FILE_DELETE_ON_CLOSE, &id),
                     SMBKIT_STATUS_SUCCESS);
    union wire_any body = {.close_req = {.file_id = id}};
    struct smbclient_element e = harness_element(&a, SMB2_CLOSE, &body);
    builder_init_grow(&out, 4096);
    assert_true(smbclient_send(&a.smb, &e, 1, 0, &out));
    w.config.late_per_mille = 1000;
    world_send(a.conn, out.data, out.len);
    builder_free(&out);
    assert_true(world_deliver_to_server(a.conn));
    assert_int_equal(w.held_count, 1); /* cleanup */
    w.config.late_per_mille = 0;
    struct list *held = list_pop(&w.held);
    w.held_count = 0;
    assert_int_equal(harness_create(&b, "f", FILE_READ_DATA, 7, FILE_OPEN_IF, 0, NULL),
                     SMBKIT_STATUS_DELETE_PENDING);
    assert_int_equal(harness_create(&b, "f", FILE_READ_DATA, 7, FILE_CREATE, 0, NULL),
                     SMBKIT_STATUS_DELETE_PENDING);
    list_append(&w.held, held);
    w.held_count = 1;
    harness_run(&a);
    assert_int_equal(harness_create(&b, "f", FILE_READ_DATA, 7, FILE_CREATE, 0, NULL),
                     SMBKIT_STATUS_SUCCESS);
    harness_drop(&a);
    harness_drop(&b);
    harness_world_end(&w);
}

/* Options that are refused, ignored, or none of the client's business; and what is wrong first. */
static void test_options(void **state)
{
    static const struct {
        uint32_t options;
        smbkit_status status;
    } rows[] = {
        {FILE_OPEN_FOR_FREE_SPACE_QUERY, SMBKIT_STATUS_SUCCESS},
        {FILE_OPEN_REQUIRING_OPLOCK, SMBKIT_STATUS_SUCCESS},
        {FILE_OPEN_BY_FILE_ID, SMBKIT_STATUS_NOT_SUPPORTED},
        {FILE_RESERVE_OPFILTER, SMBKIT_STATUS_NOT_SUPPORTED},
        {FILE_CREATE_TREE_CONNECTION, SMBKIT_STATUS_NOT_SUPPORTED},
        {0x01000000, SMBKIT_STATUS_INVALID_PARAMETER},
    };
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        smbkit_status st =
            harness_create(&c, "o", FILE_READ_DATA, 7, FILE_OPEN_IF, rows[i].options, &id);
        assert_int_equal(st, rows[i].status);
        if (st == SMBKIT_STATUS_SUCCESS)
            assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    }
    assert_int_equal(harness_create(&c, "o", 0x08000000, 7, FILE_OPEN_IF, 0x01000000, &id),
                     SMBKIT_STATUS_ACCESS_DENIED);
    harness_drop(&c);
    harness_world_end(&w);
}

/* Where there are no streams a colon is a character that names cannot have. */
static void test_no_streams(void **state)
{
    static const char *const names[] = {"f:s", "f:s:$DATA", "f::$DATA", "::$INDEX_ALLOCATION"};
    struct world w;
    struct harness_client c;
    struct wire_file_id id;
    struct world_config cfg = harness_world_config();
    (void)state;
    for (unsigned lacks = 0; lacks < 2; lacks++) {
        cfg.lacks = lacks ? SMBKIT_CAP_STREAMS : 0;
        harness_world(&w, &cfg);
        struct smbclient_config ccfg = harness_client_config(&w);
        harness_ready(&c, &w, &ccfg);
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            assert_int_equal(harness_create(&c, names[i], FILE_READ_DATA, 7, FILE_OPEN_IF, 0, &id),
                             lacks ? SMBKIT_STATUS_OBJECT_NAME_INVALID : SMBKIT_STATUS_SUCCESS);
        harness_drop(&c);
        harness_world_end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_going_away),    cmocka_unit_test(test_made_and_lost),
        cmocka_unit_test(test_made_too_late), cmocka_unit_test(test_options),
        cmocka_unit_test(test_no_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
