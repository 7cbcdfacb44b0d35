// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: every command cut off at every byte, and with every byte changed. Nobody may fall
 * over; each request is answered or the connection ends ([MS-SMB2] 3.3.5.2.6); a body shorter than
 * its StructureSize says is INVALID_PARAMETER.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/fsctl.h"
#include "wire/info_file.h"

static struct world w;
static struct harness_client c;
static struct wire_file_id file, folder;
static struct wire_lock_element lock = {0, 1, SMB2_LOCKFLAG_UNLOCK};
static const uint8_t name[] = {'f', 0, '2', 0};
static const uint8_t zeros[64];

static void start(void)
{
    struct world_config cfg = harness_world_config();
    cfg.core.encryption = CORE_ENCRYPTION_OFFERED;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.max_credits = 0;
    harness_ready(&c, &w, &ccfg);
    const uint32_t access = FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES;
    assert_int_equal(harness_create(&c, "f", access, 7, FILE_OPEN_IF, 0, &file),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(
        harness_create(&c, "d", FILE_LIST_DIRECTORY, 7, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &folder),
        SMBKIT_STATUS_SUCCESS);
}

static void end(void)
{
    harness_drop(&c);
    harness_world_end(&w);
}

/* One sound request of each command that works on an established session. */
static bool sound(uint16_t command, union wire_any *body)
{
    *body = (union wire_any){0};
    switch (command) {
    case SMB2_CREATE:
        body->create_req = (struct wire_create_req){.impersonation_level = 2,
                                                    .desired_access = FILE_READ_DATA,
                                                    .share_access = 7,
                                                    .create_disposition = FILE_OPEN_IF,
                                                    .name = {name, sizeof name}};
        break;
    case SMB2_CLOSE: body->close_req.file_id = (struct wire_file_id){9, 9}; break;
    case SMB2_FLUSH: body->flush_req.file_id = file; break;
    case SMB2_READ: body->read_req = (struct wire_read_req){.length = 9, .file_id = file}; break;
    case SMB2_WRITE:
        body->write_req = (struct wire_write_req){.file_id = file, .payload = {zeros, 20}};
        break;
    case SMB2_LOCK:
        body->lock_req = (struct wire_lock_req){.file_id = file, .locks = &lock, .lock_count = 1};
        break;
    case SMB2_IOCTL:
        body->ioctl_req = (struct wire_ioctl_req){.ctl_code = FSCTL_SET_ZERO_DATA,
                                                  .file_id = file,
                                                  .max_output_response = 8,
                                                  .flags = SMB2_0_IOCTL_IS_FSCTL,
                                                  .input = {zeros, 16}};
        break;
    case SMB2_QUERY_DIRECTORY:
        body->query_directory_req = (struct wire_query_directory_req){
            .info_class = 1, .file_id = folder, .output_length = 500, .pattern = {name, 2}};
        break;
    case SMB2_CHANGE_NOTIFY:
        body->change_notify_req = (struct wire_change_notify_req){
            .output_length = 500, .file_id = folder, .completion_filter = 1};
        break;
    case SMB2_QUERY_INFO:
        body->query_info_req = (struct wire_query_info_req){
            .info_type = 1, .info_class = 5, .output_length = 100, .file_id = file};
        break;
    case SMB2_SET_INFO:
        body->set_info_req = (struct wire_set_info_req){.info_type = 1,
                                                        .info_class = FileEndOfFileInformation,
                                                        .file_id = file,
                                                        .payload = {zeros, 8}};
        break;
    case SMB2_OPLOCK_BREAK: body->oplock_break_req.file_id = file; break;
    case SMB2_TREE_CONNECT:
    case SMB2_ECHO: break;
    default: return false; /* negotiation and authentication: below */
    }
    return true;
}

/* The encoded body without its header; the length, 0 when the command is not in the list. */
static size_t encode(uint16_t command, uint8_t *out, size_t size)
{
    union wire_any body;
    struct builder b;
    struct wire_hdr h = {.command = command};
    if (!sound(command, &body))
        return 0;
    builder_init_grow(&b, 4096);
    assert_true(wire_hdr_encode(&b, &h));
    assert_true(wire_req_codec(command)->encode(&b, 0, &body));
    size_t len = b.len - SMB2_HEADER_SIZE;
    assert_true(len <= size);
    memcpy(out, b.data + SMB2_HEADER_SIZE, len);
    builder_free(&b);
    return len;
}

static smbkit_status send_raw(uint16_t command, const uint8_t *bytes, size_t len)
{
    struct smbclient_element e = harness_element(&c, command, NULL);
    e.raw = bytes;
    e.raw_len = len;
    e.credits = 2;
    return harness_send(&c, &e, 1, 0);
}

static void test_cut(void **state)
{
    uint8_t bytes[512];
    start();
    for (uint16_t command = 0; command < WIRE_COMMAND_COUNT; command++) {
        size_t full = encode(command, bytes, sizeof bytes);
        /* without a StructureSize it is no message at all, which is test_short */
        for (size_t len = 2; len < full; len++) {
            smbkit_status st = send_raw(command, bytes, len);
            assert_false(c.closed);
            assert_int_equal(c.count, 1);
            if (len < (wire_command(command)->req_size & ~1u))
                assert_int_equal(st, SMBKIT_STATUS_INVALID_PARAMETER);
        }
    }
    end();
}

static void test_short(void **state)
{
    for (size_t len = 0; len < 2; len++) {
        start();
        send_raw(SMB2_ECHO, zeros, len);
        assert_true(c.closed);
        assert_int_equal(c.count, 0);
        end();
    }
}

/* Every byte of every body through some values. What is left waiting is of no interest. */
static void test_changed(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    uint8_t bytes[512];
    start();
    for (uint16_t command = 0; command < WIRE_COMMAND_COUNT; command++) {
        size_t full = encode(command, bytes, sizeof bytes);
        for (size_t i = 0; i < full * ARRAY_LEN(values); i++) {
            uint8_t *at = &bytes[i / ARRAY_LEN(values)], was = *at;
            *at = values[i % ARRAY_LEN(values)];
            send_raw(command, bytes, full);
            *at = was;
            assert_true(c.count > 0 || c.closed);
            if (c.closed || smbclient_credits(&c.smb) < 8 || c.smb.outstanding > 100) {
                end();
                start();
            }
        }
    }
    end();
}

/* NEGOTIATE and SESSION_SETUP, each cut off everywhere, on connections of their own. */
static void cut_setup(bool negotiate)
{
    struct world_config cfg = harness_world_config();
    struct builder out;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    struct auth_client_config who = {
        .user = "alice", .domain = "", .password = "alice-pw", .random = ccfg.random};
    size_t full = SMB2_HEADER_SIZE + 3;
    for (size_t len = SMB2_HEADER_SIZE + 2; len < full; len++) {
        harness_connect(&c, &w, &ccfg);
        builder_init_grow(&out, 65536);
        if (negotiate) {
            assert_true(smbclient_negotiate(&c.smb, &out));
        } else {
            assert_int_equal(harness_negotiate(&c), SMBKIT_STATUS_SUCCESS);
            assert_true(smbclient_session_setup(smbclient_session_new(&c.smb, &who), 0, &out));
        }
        full = out.len;
        /* what the client makes of a success to half a message is not the question */
        c.conn->receive = NULL;
        harness_raw(&c, out.data, len);
        builder_free(&out);
        harness_drop(&c);
    }
    harness_world_end(&w);
}

static void test_cut_setup(void **state)
{
    cut_setup(true);
    cut_setup(false);
}

/* NextCommand may point nowhere but to the next aligned header. */
static void test_compound(void **state)
{
    static const uint32_t nexts[] = {1, 4, 8, 63, 64, 68, 71, 76, 80, 1000, 0xfffffff8};
    for (size_t i = 0; i < ARRAY_LEN(nexts); i++) {
        struct builder out;
        union wire_any none = {0};
        start();
        struct smbclient_element e[2] = {harness_element(&c, SMB2_ECHO, &none),
                                         harness_element(&c, SMB2_ECHO, &none)};
        c.session->sign = false;
        builder_init_grow(&out, 4096);
        assert_true(smbclient_send(&c.smb, e, 2, 0, &out));
        builder_patch_u32(&out, WIRE_HDR_NEXT_COMMAND, nexts[i]);
        harness_raw(&c, out.data, out.len);
        builder_free(&out);
        assert_true(c.closed);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),      cmocka_unit_test(test_short),
        cmocka_unit_test(test_changed),  cmocka_unit_test(test_cut_setup),
        cmocka_unit_test(test_compound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
