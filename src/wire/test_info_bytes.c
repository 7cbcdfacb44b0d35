// SPDX-License-Identifier: Apache-2.0
/* Information classes: bytes that the specification draws, and text and lengths that lie. */
#include "wire/test_info_util.h"

#include "wire/info_dir.h"
#include "wire/info_file.h"
#include "wire/info_fs.h"
#include "wire/info_quota.h"

/* A record decoded from bytes 0, 1, 2...: a member must be what stands at its offset. */
#define AT(record, member, offset)                         \
    do {                                                   \
        uint8_t bytes[128] = {0};                          \
        struct wire_##record s;                            \
        struct cursor c = cursor_of(bytes, sizeof(bytes)); \
        uint64_t want = 0;                                 \
        for (size_t at = 0; at < sizeof(bytes); at++)      \
            bytes[at] = (uint8_t)at;                       \
        assert_true(wire_##record##_decode(&c, &s));       \
        for (size_t at = sizeof(s.member); at-- > 0;)      \
            want = want << 8 | bytes[(offset) + at];       \
        assert_int_equal(s.member, want);                  \
    } while (0)

static void test_offsets_of_file_records(void **state)
{
    AT(info_basic, creation_time, 0);
    AT(info_basic, last_access_time, 8);
    AT(info_basic, last_write_time, 16);
    AT(info_basic, change_time, 24);
    AT(info_basic, attributes, 32);
    AT(info_standard, allocation_size, 0);
    AT(info_standard, end_of_file, 8);
    AT(info_standard, number_of_links, 16);
    AT(info_compression, compressed_file_size, 0);
    AT(info_compression, compression_format, 8);
    AT(info_compression, compression_unit_shift, 10);
    AT(info_compression, chunk_shift, 11);
    AT(info_compression, cluster_shift, 12);
    AT(info_network_open, creation_time, 0);
    AT(info_network_open, last_access_time, 8);
    AT(info_network_open, last_write_time, 16);
    AT(info_network_open, change_time, 24);
    AT(info_network_open, allocation_size, 32);
    AT(info_network_open, end_of_file, 40);
    AT(info_network_open, attributes, 48);
    AT(info_attribute_tag, attributes, 0);
    AT(info_attribute_tag, reparse_tag, 4);
    AT(info_pipe, read_mode, 0);
    AT(info_pipe, completion_mode, 4);
    AT(info_pipe_local, type, 0);
    AT(info_pipe_local, configuration, 4);
    AT(info_pipe_local, maximum_instances, 8);
    AT(info_pipe_local, current_instances, 12);
    AT(info_pipe_local, inbound_quota, 16);
    AT(info_pipe_local, read_data_available, 20);
    AT(info_pipe_local, outbound_quota, 24);
    AT(info_pipe_local, write_quota_available, 28);
    AT(info_pipe_local, state, 32);
    AT(info_pipe_local, end, 36);
    AT(info_id, volume_serial_number, 0);
    AT(info_id, file_id[0], 8);
}

static void test_offsets_of_volume_records(void **state)
{
    AT(info_fs_size, total_units, 0);
    AT(info_fs_size, available_units, 8);
    AT(info_fs_size, sectors_per_unit, 16);
    AT(info_fs_size, bytes_per_sector, 20);
    AT(info_fs_full_size, total_units, 0);
    AT(info_fs_full_size, caller_available_units, 8);
    AT(info_fs_full_size, actual_available_units, 16);
    AT(info_fs_full_size, sectors_per_unit, 24);
    AT(info_fs_full_size, bytes_per_sector, 28);
    AT(info_fs_device, device_type, 0);
    AT(info_fs_device, characteristics, 4);
    AT(info_fs_control, default_quota_threshold, 24);
    AT(info_fs_control, default_quota_limit, 32);
    AT(info_fs_control, flags, 40);
    AT(info_fs_object_id, object_id.b[0], 0);
    AT(info_fs_object_id, extended_info[0], 16);
    AT(info_fs_sector_size, logical_bytes_per_sector, 0);
    AT(info_fs_sector_size, physical_bytes_per_sector_for_atomicity, 4);
    AT(info_fs_sector_size, physical_bytes_per_sector_for_performance, 8);
    AT(info_fs_sector_size, effective_physical_bytes_per_sector_for_atomicity, 12);
    AT(info_fs_sector_size, flags, 16);
    AT(info_fs_sector_size, byte_offset_for_sector_alignment, 20);
    AT(info_fs_sector_size, byte_offset_for_partition_alignment, 24);
}

/* Where FileAllInformation puts its parts ([MS-FSCC] 2.4.2). */
static void test_offsets_of_all(void **state)
{
    uint8_t mem[128];
    struct builder b;
    struct wire_info_all in = {
        .basic.creation_time = 0x11,
        .standard.allocation_size = 0x22,
        .internal.index_number = 0x33,
        .ea.ea_size = 0x44,
        .access.access_flags = 0x55,
        .position.current_byte_offset = 0x66,
        .mode.mode = 0x77,
        .alignment.alignment_requirement = 0x88,
        .name = {"x", 1},
    };
    static const uint8_t at[] = {0, 40, 64, 72, 76, 80, 88, 92};
    size_t i;

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_info_all_encode(&b, &in);
    assert_int_equal(b.len, 102);
    for (i = 0; i < ARRAY_LEN(at); i++)
        assert_int_equal(mem[at[i]], 0x11 * (i + 1));
    assert_int_equal(mem[96], 2);
    assert_int_equal(mem[100], 'x');
}

/* One entry of FileIdBothDirectoryInformation and of two more, byte by byte where it matters. */
static void test_offsets_of_directory_entries(void **state)
{
    struct wire_dir_entry d = {
        .file_index = 1,
        .creation_time = 2,
        .end_of_file = 3,
        .allocation_size = 4,
        .attributes = FILE_ATTRIBUTE_REPARSE_POINT,
        .ea_size = 5,
        .reparse_tag = 6,
        .file_id = 7,
        .file_id128 = {8},
        .short_name = "S",
        .short_name_len = 1,
        .name = "name",
        .name_len = 4,
    };
    uint8_t mem[256];
    struct builder b;
    struct wire_chain w;

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, sizeof(mem), WIRE_DIR_ALIGN);
    assert_int_equal(wire_dir_add(&w, FileIdBothDirectoryInformation, &d), WIRE_FIT_OK);
    assert_int_equal(b.len, 112);
    assert_int_equal(le32_load(mem), 0);
    assert_int_equal(le32_load(mem + 4), 1);
    assert_int_equal(le64_load(mem + 8), 2);
    assert_int_equal(le64_load(mem + 40), 3);
    assert_int_equal(le64_load(mem + 48), 4);
    assert_int_equal(le32_load(mem + 56), FILE_ATTRIBUTE_REPARSE_POINT);
    assert_int_equal(le32_load(mem + 60), 8);
    assert_int_equal(le32_load(mem + 64), 6); /* the tag, not the size */
    assert_int_equal(mem[68], 2);
    assert_int_equal(mem[70], 'S');
    assert_int_equal(le64_load(mem + 96), 7);
    assert_int_equal(mem[104], 'n');

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, sizeof(mem), WIRE_DIR_ALIGN);
    assert_int_equal(wire_dir_add(&w, FileIdFullDirectoryInformation, &d), WIRE_FIT_OK);
    assert_int_equal(le64_load(mem + 72), 7);
    assert_int_equal(mem[80], 'n');

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_chain_init(&w, &b, sizeof(mem), WIRE_DIR_ALIGN);
    assert_int_equal(wire_dir_add(&w, FileIdAllExtdBothDirectoryInformation, &d), WIRE_FIT_OK);
    assert_int_equal(le32_load(mem + 64), 5);
    assert_int_equal(le32_load(mem + 68), 6);
    assert_int_equal(le64_load(mem + 72), 7);
    assert_int_equal(mem[80], 8);
    assert_int_equal(mem[96], 2);
    assert_int_equal(mem[98], 'S');
    assert_int_equal(mem[122], 'n');
}

static void test_rename_of_one_character_is_padded(void **state)
{
    uint8_t mem[32];
    struct builder b;
    struct wire_info_rename in = {.flags = 1, .name = "x", .name_len = 1}, out;
    struct arena a;
    struct cursor c;

    arena_init(&a, TEST_MAX);
    builder_init_fixed(&b, mem, sizeof(mem));
    wire_info_rename_encode(&b, &in, false);
    assert_int_equal(b.len, 24);
    assert_int_equal(le32_load(mem + 16), 2);
    mem[0] = 0xff; /* any value but zero is true */
    c = cursor_of(mem, 22);
    assert_true(wire_info_rename_decode(&c, &a, &out, false));
    assert_int_equal(out.flags, FILE_RENAME_REPLACE_IF_EXISTS);
    assert_string_equal(out.name, "x");
    arena_clear(&a);
}

static void test_labels_lose_their_terminator(void **state)
{
    static const uint8_t wire[] = {6, 0, 0, 0, 'A', 0, 'B', 0, 0, 0};
    static const uint8_t odd[] = {3, 0, 0, 0, 'A', 0, 'B'};
    struct wire_info_fs_label out;
    struct arena a;
    struct cursor c = cursor_of(wire, sizeof(wire));

    arena_init(&a, TEST_MAX);
    assert_true(wire_info_fs_label_decode(&c, &a, &out));
    assert_string_equal(out.label, "AB");
    c = cursor_of(odd, sizeof(odd));
    assert_false(wire_info_fs_label_decode(&c, &a, &out));
    arena_clear(&a);
}

static void test_bad_text(void **state)
{
    struct wire_info_name in = {"\xff", 1};
    static const uint8_t nul[] = {4, 0, 0, 0, 'A', 0, 0, 0};
    struct wire_info_name out;
    struct builder b;
    struct arena a;
    struct cursor c = cursor_of(nul, sizeof(nul));
    uint8_t mem[16];

    arena_init(&a, TEST_MAX);
    builder_init_fixed(&b, mem, sizeof(mem));
    wire_info_name_encode(&b, &in);
    assert_true(builder_failed(&b));
    assert_false(wire_info_name_decode(&c, &a, &out));
    arena_clear(&a);
}

static void query_quota_case(const struct wire_query_quota *in, struct wire_query_quota *out,
                             uint8_t mem[256])
{
    struct builder b;
    struct cursor c;
    size_t n;

    builder_init_fixed(&b, mem, 256);
    wire_query_quota_encode(&b, in);
    assert_false(builder_failed(&b));
    for (n = 0; n < b.len; n++) {
        uint8_t *copy = exact_copy(mem, n);

        c = cursor_of(copy, n);
        assert_false(wire_query_quota_decode(&c, out));
        mem_free(copy);
    }
    c = cursor_of(mem, b.len);
    assert_true(wire_query_quota_decode(&c, out));
    assert_int_equal(in->return_single, out->return_single);
    assert_int_equal(in->restart_scan, out->restart_scan);
}

static void test_query_quota(void **state)
{
    uint8_t list_mem[64], mem[256];
    struct wire_query_quota in = {.return_single = true}, out;
    struct wire_chain_reader r;
    struct wire_chain w;
    struct builder list;
    struct wire_sid sid;
    struct cursor c;

    query_quota_case(&in, &out, mem);
    assert_false(out.has_start_sid || out.sid_list_len != 0);

    in.restart_scan = true;
    in.has_start_sid = true;
    in.start_sid = wire_sid_builtin_users;
    query_quota_case(&in, &out, mem);
    assert_true(out.has_start_sid && wire_sid_equal(&out.start_sid, &wire_sid_builtin_users));

    builder_init_fixed(&list, list_mem, sizeof(list_mem));
    wire_chain_init(&w, &list, sizeof(list_mem), WIRE_GET_QUOTA_ALIGN);
    assert_int_equal(wire_get_quota_add(&w, &wire_sid_everyone), WIRE_FIT_OK);
    assert_int_equal(wire_get_quota_add(&w, &wire_sid_builtin_admins), WIRE_FIT_OK);
    in.sid_list = list_mem;
    in.sid_list_len = list.len;
    query_quota_case(&in, &out, mem);
    assert_false(out.has_start_sid);
    c = cursor_of(out.sid_list, out.sid_list_len);
    wire_chain_open(&r, &c, WIRE_GET_QUOTA_ALIGN);
    assert_true(wire_get_quota_next(&r, &sid) && wire_sid_equal(&sid, &wire_sid_everyone));
    assert_true(wire_get_quota_next(&r, &sid) && wire_sid_equal(&sid, &wire_sid_builtin_admins));
    assert_false(wire_get_quota_next(&r, &sid) || r.failed);
}

/* SidLength must be that of the SID. */
static void test_quota_sid_length_that_lies(void **state)
{
    struct wire_quota in = {.sid = wire_sid_everyone}, out;
    struct wire_chain_reader r;
    struct wire_chain w;
    struct builder b;
    struct cursor c;
    uint8_t mem[64];
    int wrong;

    for (wrong = -4; wrong <= 4; wrong += 4) {
        builder_init_fixed(&b, mem, sizeof(mem));
        wire_chain_init(&w, &b, sizeof(mem), WIRE_QUOTA_ALIGN);
        assert_int_equal(wire_quota_add(&w, &in), WIRE_FIT_OK);
        builder_zero(&b, 4);
        builder_patch_u32(&b, 4, (uint32_t)(12 + wrong));
        c = cursor_of(mem, b.len);
        wire_chain_open(&r, &c, WIRE_QUOTA_ALIGN);
        assert_int_equal(wire_quota_next(&r, &out), wrong == 0);
        assert_int_equal(r.failed, wrong != 0);
    }
}

/* A start SID need not be the first thing in its buffer. */
static void test_start_sid_with_an_offset(void **state)
{
    struct wire_query_quota in = {.has_start_sid = true, .start_sid = wire_sid_everyone}, out;
    struct builder b;
    struct cursor c;
    uint8_t mem[64];

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_query_quota_encode(&b, &in);
    memmove(mem + 24, mem + 16, 12);
    le32_store(mem + 12, 8);
    c = cursor_of(mem, 36);
    assert_true(wire_query_quota_decode(&c, &out));
    assert_true(out.has_start_sid && wire_sid_equal(&out.start_sid, &wire_sid_everyone));
    le32_store(mem + 12, 9);
    c = cursor_of(mem, 36);
    assert_false(wire_query_quota_decode(&c, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets_of_file_records),
        cmocka_unit_test(test_offsets_of_volume_records),
        cmocka_unit_test(test_offsets_of_all),
        cmocka_unit_test(test_offsets_of_directory_entries),
        cmocka_unit_test(test_rename_of_one_character_is_padded),
        cmocka_unit_test(test_labels_lose_their_terminator),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_query_quota),
        cmocka_unit_test(test_quota_sid_length_that_lies),
        cmocka_unit_test(test_start_sid_with_an_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
