// SPDX-License-Identifier: Apache-2.0
/* What CREATE makes of descriptors, streams that do not exist yet, and symbolic links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/fsctl.h"
#include "wire/fsctl_reparse.h"
#include "wire/sd.h"

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define ALL       FILE_ALL_ACCESS

static struct world w;
static struct harness_client c;

static int setup(void **state)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    return 0;
}

static int teardown(void **state)
{
    harness_drop(&c);
    harness_world_end(&w);
    return 0;
}

static smbkit_status try(const char *name, uint32_t access, uint32_t disposition, uint32_t options)
{
    struct wire_file_id id;
    smbkit_status st = harness_create(&c, name, access, SHARE_ALL, disposition, options, &id);
    if (st == SMBKIT_STATUS_SUCCESS)
        assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    return st;
}

static struct wire_file_id must(const char *name, uint32_t access, uint32_t disposition,
                                uint32_t options)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(&c, name, access, SHARE_ALL, disposition, options, &id),
                     SMBKIT_STATUS_SUCCESS);
    return id;
}

/* Lets everybody do what `mask` says, and nothing else; handed down with `flags`. */
static void set_dacl(const char *name, uint32_t mask, uint8_t flags)
{
    struct wire_file_id id = must(name, WRITE_DAC, FILE_OPEN, 0);
    struct wire_ace e = {.mask = mask, .flags = flags, .sid = wire_sid_everyone};
    const struct wire_acl dacl = {ACL_REVISION, 1, &e};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = &dacl};
    uint8_t mem[128];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_sd_encode(&b, &sd);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_SECURITY,
                                            .additional_information = DACL_SECURITY_INFORMATION,
                                            .file_id = id,
                                            .payload = {mem, b.len}}};
    assert_int_equal(harness_call(&c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
}

/* The rights that a new open got. */
static uint32_t granted(const char *name, uint32_t access)
{
    struct wire_file_id id = must(name, access, FILE_OPEN, 0);
    union wire_any body = {.query_info_req = {.info_type = SMB2_0_INFO_FILE,
                                              .info_class = 8, /* FileAccessInformation */
                                              .output_length = 4,
                                              .file_id = id}};
    assert_int_equal(harness_call(&c, SMB2_QUERY_INFO, &body), SMBKIT_STATUS_SUCCESS);
    uint32_t access_now = le32_load(harness_last(&c)->body.query_info_rsp.payload.data);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    return access_now;
}

static void test_existing(void **state)
{
    assert_int_equal(try("f", ALL, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    set_dacl("f", FILE_READ_DATA, 0);
    assert_int_equal(try("f", FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("f", FILE_WRITE_DATA, FILE_OPEN, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("f", FILE_READ_DATA, FILE_OVERWRITE, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("f", MAXIMUM_ALLOWED | FILE_WRITE_DATA, FILE_OPEN, 0),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("f:s", FILE_READ_DATA, FILE_CREATE, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("f", FILE_READ_DATA | ACCESS_SYSTEM_SECURITY, FILE_OPEN, 0),
                     SMBKIT_STATUS_PRIVILEGE_NOT_HELD);
    /* the owner's rights, and what the folder adds: DELETE, FILE_READ_ATTRIBUTES */
    assert_int_equal(granted("f", MAXIMUM_ALLOWED),
                     FILE_READ_DATA | READ_CONTROL | WRITE_DAC | DELETE | FILE_READ_ATTRIBUTES);
    assert_int_equal(try("f", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("f", DELETE, FILE_OPEN, 0), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_new(void **state)
{
    assert_int_equal(try("d", ALL, FILE_CREATE, FILE_DIRECTORY_FILE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("d\\kept", ALL, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    set_dacl("d", FILE_ADD_FILE | FILE_GENERIC_READ, OBJECT_INHERIT_ACE);
    assert_int_equal(try("d\\sub", ALL, FILE_CREATE, FILE_DIRECTORY_FILE),
                     SMBKIT_STATUS_ACCESS_DENIED);
    /* the maker gets what he asks for, and from then on what the file inherited */
    assert_int_equal(try("d\\f", ALL, FILE_CREATE, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("d\\f", FILE_EXECUTE, FILE_OPEN, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("d\\f", DELETE, FILE_OPEN, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("d\\f", FILE_WRITE_DATA, FILE_OPEN, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("d\\none\\f", ALL, FILE_CREATE, 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    set_dacl("d", FILE_GENERIC_READ, 0);
    assert_int_equal(try("d\\g", ALL, FILE_OPEN_IF, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("d\\g:s", ALL, FILE_OPEN_IF, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("d\\kept", ALL & ~DELETE, FILE_OPEN_IF, 0), SMBKIT_STATUS_SUCCESS);
}

/* A stream brings its file along; one that is refused leaves nothing behind. */
static void test_new_stream(void **state)
{
    struct wire_file_id s = must("f:s", ALL, FILE_CREATE, 0);
    assert_int_equal(harness_last(&c)->body.create_rsp.create_action, FILE_CREATED);
    assert_int_equal(harness_write(&c, s, 0, "stream", 6), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("f", FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_last(&c)->status, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("f:s", ALL, FILE_CREATE, 0), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(harness_close(&c, s), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("g:s", FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(try("g", FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    /* the file is to go, and goes when its stream is closed */
    s = must("f:s", FILE_READ_DATA, FILE_OPEN, 0);
    assert_int_equal(try("f", DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_read(&c, s, 0, 6), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("f:s", FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_DELETE_PENDING);
    assert_int_equal(harness_close(&c, s), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("f", FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

static void make_link(const char *name, const char *target)
{
    struct wire_file_id id = must(name, ALL, FILE_CREATE, 0);
    uint8_t mem[256];
    struct builder b;
    const struct wire_symlink link = {.flags = 1,
                                      .substitute = target,
                                      .substitute_len = strlen(target),
                                      .print = target,
                                      .print_len = strlen(target)};
    builder_init_fixed(&b, mem, sizeof mem);
    wire_symlink_encode(&b, &link, IO_REPARSE_TAG_SYMLINK);
    union wire_any body = {.ioctl_req = {.ctl_code = FSCTL_SET_REPARSE_POINT,
                                         .flags = SMB2_0_IOCTL_IS_FSCTL,
                                         .file_id = id,
                                         .input = {mem, b.len}}};
    assert_int_equal(harness_call(&c, SMB2_IOCTL, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
}

static void test_symlink(void **state)
{
    make_link("link", "..\\elsewhere");
    assert_int_equal(try("link", FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(try("link\\below", FILE_READ_DATA, FILE_OPEN_IF, 0),
                     SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(try("link", FILE_READ_DATA, FILE_OPEN, FILE_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("link", DELETE, FILE_OPEN, FILE_OPEN_REPARSE_POINT | FILE_DELETE_ON_CLOSE),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(try("link", FILE_READ_DATA, FILE_OPEN, 0),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
}

/* Sets an extended attribute with the flag FILE_NEED_EA, or without. */
static void set_ea(const char *name, uint8_t flags)
{
    struct wire_file_id id = must(name, FILE_WRITE_EA, FILE_OPEN, 0);
    const uint8_t ea[] = {0, 0, 0, 0, flags, 1, 1, 0, 'A', 0, 'v'};
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = 15, /* FileFullEaInformation */
                                            .file_id = id,
                                            .payload = {ea, sizeof ea}}};
    assert_int_equal(harness_call(&c, SMB2_SET_INFO, &body), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
}

/* Who does not know of extended attributes cannot open what needs one; its streams he can. */
static void test_needed_eas(void **state)
{
    static const char *const names[] = {"f", "d"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *f = names[i];
        assert_int_equal(try(f, ALL, FILE_CREATE, i == 1 ? FILE_DIRECTORY_FILE : 0),
                         SMBKIT_STATUS_SUCCESS);
        set_ea(f, 0);
        assert_int_equal(try(f, FILE_READ_DATA, FILE_OPEN, FILE_NO_EA_KNOWLEDGE),
                         SMBKIT_STATUS_SUCCESS);
        set_ea(f, SMBKIT_EA_NEED);
        assert_int_equal(try(f, FILE_READ_DATA, FILE_OPEN, FILE_NO_EA_KNOWLEDGE),
                         SMBKIT_STATUS_ACCESS_DENIED);
        assert_int_equal(try(f, FILE_READ_DATA, FILE_CREATE, FILE_NO_EA_KNOWLEDGE),
                         SMBKIT_STATUS_OBJECT_NAME_COLLISION);
        assert_int_equal(try(f, FILE_READ_DATA, FILE_OPEN, 0), SMBKIT_STATUS_SUCCESS);
    }
    assert_int_equal(try("f", FILE_WRITE_DATA, FILE_OVERWRITE_IF, FILE_NO_EA_KNOWLEDGE),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(try("f:s", FILE_READ_DATA, FILE_OPEN_IF, FILE_NO_EA_KNOWLEDGE),
                     SMBKIT_STATUS_SUCCESS);
    /* one that does not exist has none */
    assert_int_equal(try("new", FILE_READ_DATA, FILE_OPEN_IF, FILE_NO_EA_KNOWLEDGE),
                     SMBKIT_STATUS_SUCCESS);
}

/* How many entries a listing has. */
static unsigned listed(const char *pattern, uint8_t flags)
{
    struct wire_file_id id = must("", FILE_LIST_DIRECTORY, FILE_OPEN, 0);
    unsigned n = 0;
    uint8_t utf16[32];
    size_t len = strlen(pattern);
    for (size_t i = 0; i < len; i++)
        le16_store(utf16 + 2 * i, (uint8_t)pattern[i]);
    union wire_any body = {.query_directory_req = {.info_class = 12, /* FileNamesInformation */
                                                   .flags = flags,
                                                   .file_id = id,
                                                   .pattern = {utf16, 2 * len},
                                                   .output_length = 4096}};
    while (harness_call(&c, SMB2_QUERY_DIRECTORY, &body) == SMBKIT_STATUS_SUCCESS) {
        const struct wire_blob *out = &harness_last(&c)->body.query_directory_rsp.payload;
        uint32_t next, at = 0;
        do {
            n++;
            next = le32_load(out->data + at);
            at += next;
        } while (next != 0);
    }
    assert_int_equal(harness_close(&c, id), SMBKIT_STATUS_SUCCESS);
    return n;
}

/* With access-based enumeration a listing has what may be read, and the dots. */
static void test_access_based(void **state)
{
    static const char *const names[] = {"f", "g", "h", "d", "e"};
    for (unsigned on = 0; on < 2; on++) {
        teardown(NULL);
        struct world_config cfg = harness_world_config();
        cfg.access_based = on;
        harness_world(&w, &cfg);
        struct smbclient_config ccfg = harness_client_config(&w);
        harness_ready(&c, &w, &ccfg);
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            assert_int_equal(try(names[i], ALL, FILE_CREATE, i < 3 ? 0 : FILE_DIRECTORY_FILE),
                             SMBKIT_STATUS_SUCCESS);
        set_dacl("f", FILE_WRITE_DATA, 0);
        set_dacl("g", FILE_GENERIC_READ & ~FILE_READ_ATTRIBUTES, 0); /* the folder does not help */
        set_dacl("d", FILE_GENERIC_READ & ~FILE_LIST_DIRECTORY, 0);
        unsigned hidden = on ? 3 : 0;
        assert_int_equal(listed("*", 0), 7 - hidden);
        assert_int_equal(listed("*", SMB2_RETURN_SINGLE_ENTRY), 7 - hidden);
        assert_int_equal(listed("f", 0), on ? 0 : 1);
        assert_int_equal(listed("g", 0), on ? 0 : 1);
        assert_int_equal(listed("?", 0), 6 - hidden);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_existing), T(test_new),        T(test_new_stream),
        T(test_symlink),  T(test_needed_eas), T(test_access_based),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
