// SPDX-License-Identifier: Apache-2.0
/* Whole core: files that are asked for by short names, and names that come back through the tunnel
   ([MS-FSA] 2.1.1.2, 2.1.5.1.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf.h"
#include "core/harness.h"
#include "vfs/shortname.h"
#include <stdio.h>

#define ALL_ACCESS 0x001f01ffu
#define SECOND     UINT64_C(1000000000)

static struct world w;
static struct harness_client c;

static void start(bool on)
{
    struct world_config cfg = harness_world_config();
    cfg.core.short_names = on;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
}

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

static smbkit_status use(const char *path, uint32_t disposition, uint32_t options)
{
    struct wire_file_id id;
    smbkit_status st = harness_create(&c, path, ALL_ACCESS, 7, disposition, options, &id);
    if (st == SMBKIT_STATUS_SUCCESS)
        assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    return st;
}

/* The path of two components by their short names. */
static const char *short_path(const char *folder, const char *file)
{
    static char path[64];
    char a[VFS_SHORT_MAX + 1], b[VFS_SHORT_MAX + 1];
    vfs_short_make(folder, strlen(folder), a);
    vfs_short_make(file, strlen(file), b);
    snprintf(path, sizeof path, "%s\\%s", a, b);
    return path;
}

#define FOLDER "a folder with a long name"
#define FILE_  "a file with a long name.text"

static void test_open(void **state)
{
    start(true);
    assert_int_equal(use(FOLDER, FILE_CREATE, FILE_DIRECTORY_FILE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(use(FOLDER "\\" FILE_, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    const char *path = short_path(FOLDER, FILE_);
    assert_int_equal(use(path, FILE_OPEN, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(use(path, FILE_CREATE, 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(use(short_path(FOLDER, "another long name"), FILE_OPEN, 0),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(use(short_path("another long name", FILE_), FILE_OPEN, 0),
                     SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    end();
    start(false);
    assert_int_equal(use(FOLDER, FILE_CREATE, FILE_DIRECTORY_FILE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(use(FOLDER "\\" FILE_, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(use(path, FILE_OPEN, 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    end();
}

/* Removed by its short name and made again: it has its long name again, but not for ever. */
static void test_tunnel(void **state)
{
    for (int late = 0; late < 2; late++) {
        start(true);
        assert_int_equal(use(FOLDER, FILE_CREATE, FILE_DIRECTORY_FILE), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(use(FOLDER "\\" FILE_, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
        const char *path = short_path(FOLDER, FILE_);
        assert_int_equal(use(path, FILE_OPEN, FILE_DELETE_ON_CLOSE), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(use(path, FILE_OPEN, 0), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
        world_advance(&w, late ? 16 * SECOND : SECOND);
        assert_int_equal(use(path, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(use(FOLDER "\\" FILE_, FILE_OPEN, 0),
                         late ? SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND : SMBKIT_STATUS_SUCCESS);
        end();
    }
}

/* The first entry of a listing that is no dot. */
static smbkit_status list(struct wire_file_id folder, const char *pattern, char *name, size_t size)
{
    struct builder b;
    builder_init_grow(&b, 256);
    utf8_to_utf16(&b, pattern, strlen(pattern));
    union wire_any body = {.query_directory_req = {.info_class = 12, /* FileNamesInformation */
                                                   .file_id = folder,
                                                   .flags = SMB2_RETURN_SINGLE_ENTRY | SMB2_REOPEN,
                                                   .pattern = {b.data, b.len},
                                                   .output_length = 4096}};
    smbkit_status st = harness_call(&c, SMB2_QUERY_DIRECTORY, &body);
    builder_free(&b);
    *name = '\0';
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    const struct wire_blob *out = &harness_last(&c)->body.query_directory_rsp.payload;
    size_t n = le32_load(out->data + 8) / 2;
    for (size_t i = 0; i < n && i + 1 < size; i++)
        name[i] = (char)out->data[12 + 2 * i];
    name[n] = '\0';
    return st;
}

static void test_list(void **state)
{
    char name[64], asked[VFS_SHORT_MAX + 1];
    struct wire_file_id folder;
    start(true);
    assert_int_equal(use("first", FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(use(FILE_, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&c, "", FILE_LIST_DIRECTORY, 7, FILE_OPEN, 0, &folder),
                     SMBKIT_STATUS_SUCCESS);
    vfs_short_make(FILE_, strlen(FILE_), asked);
    assert_int_equal(list(folder, asked, name, sizeof name), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(name, FILE_);
    vfs_short_make("another long name", 17, asked);
    assert_int_equal(list(folder, asked, name, sizeof name), SMBKIT_STATUS_NO_SUCH_FILE);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
