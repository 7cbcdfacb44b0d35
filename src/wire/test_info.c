// SPDX-License-Identifier: Apache-2.0
/*
 * The table of information classes, and a round trip for every row of it: a row without a function
 * rt_<name> here does not compile.
 */
#include "wire/test_info_util.h"

#include "wire/ea.h"
#include "wire/info_dir.h"
#include "wire/info_file.h"
#include "wire/info_fs.h"
#include "wire/info_quota.h"
#include "wire/sd.h"

struct env {
    struct testrand rng;
    struct arena arena;
    struct builder b;
};

/* The two forms of the harness for records with text. */
typedef void encode_fn(struct env *e, const void *in);
typedef bool decode_fn(struct cursor *c, struct arena *a, void *out);

/* Encodes, decodes what was written, and refuses every cut before `least` bytes. */
static void var_round_trip(struct env *e, encode_fn *encode, decode_fn *decode, const void *in,
                           void *out, size_t least)
{
    struct cursor c;
    uint8_t *copy;
    size_t n;

    builder_init_grow(&e->b, TEST_MAX);
    encode(e, in);
    assert_false(builder_failed(&e->b));
    for (n = 0; n < MIN(least, e->b.len); n++) {
        copy = exact_copy(e->b.data, n);
        c = cursor_of(copy, n);
        assert_false(decode(&c, &e->arena, out));
        mem_free(copy);
    }
    c = cursor_of(e->b.data, e->b.len);
    assert_true(decode(&c, &e->arena, out));
    builder_free(&e->b);
}

/* ---- file classes ---- */

#define FIXED_ROW(row, record, size, unused)                           \
    FIXED_CODEC(record, size, unused);                                 \
    static void rt_##row(struct env *e, const struct wire_info_row *r) \
    {                                                                  \
        if (r->flags & WIRE_INFO_QUERY)                                \
            assert_int_equal(r->query_min, size);                      \
        if (r->flags & WIRE_INFO_SET)                                  \
            assert_int_equal(r->set_min, size);                        \
        fixed_round_trip(&record##_codec, &e->rng);                    \
    }

FIXED_ROW(basic, info_basic, 40, 4)
FIXED_ROW(standard, info_standard, 24, 2)
FIXED_ROW(internal, info_internal, 8, 0)
FIXED_ROW(ea_size, info_ea_size, 4, 0)
FIXED_ROW(access, info_access, 4, 0)
FIXED_ROW(disposition, info_disposition, 1, 0)
FIXED_ROW(position, info_position, 8, 0)
FIXED_ROW(mode, info_mode, 4, 0)
FIXED_ROW(alignment, info_alignment, 4, 0)
FIXED_ROW(allocation, info_allocation, 8, 0)
FIXED_ROW(end_of_file, info_end_of_file, 8, 0)
FIXED_ROW(pipe, info_pipe, 8, 0)
FIXED_ROW(pipe_local, info_pipe_local, 40, 0)
FIXED_ROW(pipe_remote, info_pipe_remote, 12, 0)
FIXED_ROW(compression, info_compression, 16, 3)
FIXED_ROW(network_open, info_network_open, 56, 4)
FIXED_ROW(attribute_tag, info_attribute_tag, 8, 0)
FIXED_ROW(valid_data_length, info_valid_data_length, 8, 0)
FIXED_ROW(id, info_id, 24, 0)
FIXED_ROW(disposition_ex, info_disposition_ex, 4, 0)
FIXED_ROW(case_sensitive, info_case_sensitive, 4, 0)
FIXED_ROW(fs_size, info_fs_size, 24, 0)
FIXED_ROW(fs_device, info_fs_device, 8, 0)
FIXED_ROW(fs_control, info_fs_control, 48, 4)
FIXED_ROW(fs_full_size, info_fs_full_size, 32, 0)
FIXED_ROW(fs_object_id, info_fs_object_id, 64, 0)
FIXED_ROW(fs_sector_size, info_fs_sector_size, 28, 0)

/* Classes that nobody asks for over the network. */
static void rt_none(struct env *e, const struct wire_info_row *r)
{
    assert_int_equal(r->flags, WIRE_INFO_LOCAL);
}

static void name_enc(struct env *e, const void *in)
{
    wire_info_name_encode(&e->b, in);
}

static bool name_dec(struct cursor *c, struct arena *a, void *out)
{
    return wire_info_name_decode(c, a, out);
}

static void rt_name(struct env *e, const struct wire_info_row *r)
{
    struct wire_info_name in, out;

    in.name = random_text(&e->rng, &e->arena, 0, 40, &in.name_len);
    var_round_trip(e, name_enc, name_dec, &in, &out, SIZE_MAX);
    assert_text(in.name, in.name_len, out.name, out.name_len);
}
#define rt_alternate_name  rt_name
#define rt_normalized_name rt_name
#define rt_short_name      rt_name

static void all_enc(struct env *e, const void *in)
{
    wire_info_all_encode(&e->b, in);
}

static bool all_dec(struct cursor *c, struct arena *a, void *out)
{
    return wire_info_all_decode(c, a, out);
}

static void rt_all(struct env *e, const struct wire_info_row *r)
{
    uint8_t wire[100];
    struct wire_info_all in, out, zero;
    struct cursor c;

    random_bytes(&e->rng, wire, sizeof(wire));
    le32_store(wire + 96, 0);
    memset(&in, 0, sizeof(in));
    memset(&out, 0, sizeof(out));
    c = cursor_of(wire, sizeof(wire));
    assert_true(wire_info_all_decode(&c, &e->arena, &in));
    in.name.name = random_text(&e->rng, &e->arena, 0, 40, &in.name.name_len);
    var_round_trip(e, all_enc, all_dec, &in, &out, SIZE_MAX);
    assert_text(in.name.name, in.name.name_len, out.name.name, out.name.name_len);
    zero = out;
    zero.name = in.name;
    assert_memory_equal(&in, &zero, sizeof(in));
    /* The fixed part and the smallest name, as [MS-FSA] 2.1.5.12.3 counts. */
    assert_int_equal(r->query_min, (100 + 2 + 7) / 8 * 8);
}

static void rename_enc(struct env *e, const void *in)
{
    wire_info_rename_encode(&e->b, in, false);
}

static bool rename_dec(struct cursor *c, struct arena *a, void *out)
{
    return wire_info_rename_decode(c, a, out, false);
}

static void rename_ex_enc(struct env *e, const void *in)
{
    wire_info_rename_encode(&e->b, in, true);
}

static bool rename_ex_dec(struct cursor *c, struct arena *a, void *out)
{
    return wire_info_rename_decode(c, a, out, true);
}

static void rename_both(struct env *e, bool ex)
{
    struct wire_info_rename in, out;

    in.flags = (uint32_t)testrand_next(&e->rng) & (ex ? UINT32_MAX : 1);
    in.root_directory = testrand_next(&e->rng);
    in.name = random_text(&e->rng, &e->arena, 2, 40, &in.name_len);
    var_round_trip(e, ex ? rename_ex_enc : rename_enc, ex ? rename_ex_dec : rename_dec, &in, &out,
                   SIZE_MAX);
    assert_int_equal(in.flags, out.flags);
    assert_int_equal(in.root_directory, out.root_directory);
    assert_text(in.name, in.name_len, out.name, out.name_len);
}

static void rt_rename(struct env *e, const struct wire_info_row *r)
{
    rename_both(e, false);
}
#define rt_link rt_rename

static void rt_rename_ex(struct env *e, const struct wire_info_row *r)
{
    rename_both(e, true);
}
#define rt_link_ex rt_rename_ex

/* ---- lists: a random number of entries, all of them read back, every cut refused ---- */

typedef void list_add_fn(struct env *e, struct wire_chain *w);
/* Compares with what the same seed makes again. */
typedef bool list_next_fn(struct env *e, struct wire_chain_reader *r);

static void list_round_trip(struct env *e, size_t align, list_add_fn *add, list_next_fn *next)
{
    uint64_t seed = testrand_next(&e->rng);
    size_t count = 1 + (size_t)testrand_below(&e->rng, 5), i, n;
    struct testrand keep = e->rng;
    struct wire_chain w;
    struct wire_chain_reader r;
    struct cursor c;

    builder_init_grow(&e->b, TEST_MAX);
    builder_u8(&e->b, 0); /* the list does not begin where the builder does */
    wire_chain_init(&w, &e->b, TEST_MAX / 2, align);
    e->rng.state = seed;
    for (i = 0; i < count; i++)
        add(e, &w);
    assert_int_equal(w.count, count);
    for (n = 0; n <= e->b.len - 1; n++) {
        uint8_t *copy = exact_copy(e->b.data + 1, n);

        c = cursor_of(copy, n);
        wire_chain_open(&r, &c, align);
        e->rng.state = seed;
        i = 0;
        while (next(e, &r))
            i++;
        assert_true(n == 0 || i < count || n == e->b.len - 1);
        assert_int_equal(r.failed, n != 0 && n != e->b.len - 1);
        mem_free(copy);
    }
    assert_int_equal(i, count);
    e->rng = keep;
    builder_free(&e->b);
}

static void stream_make(struct env *e, struct wire_info_stream *s)
{
    s->size = testrand_next(&e->rng);
    s->allocation_size = testrand_next(&e->rng);
    s->name = random_text(&e->rng, &e->arena, 0, 20, &s->name_len);
}

static void stream_add(struct env *e, struct wire_chain *w)
{
    struct wire_info_stream s;

    stream_make(e, &s);
    assert_int_equal(wire_info_stream_add(w, &s), WIRE_FIT_OK);
}

static bool stream_next(struct env *e, struct wire_chain_reader *r)
{
    struct wire_info_stream want, got;

    stream_make(e, &want);
    if (!wire_info_stream_next(r, &e->arena, &got))
        return false;
    assert_int_equal(want.size, got.size);
    assert_int_equal(want.allocation_size, got.allocation_size);
    assert_text(want.name, want.name_len, got.name, got.name_len);
    return true;
}

static void rt_stream(struct env *e, const struct wire_info_row *r)
{
    list_round_trip(e, WIRE_STREAM_ALIGN, stream_add, stream_next);
}

static void ea_make(struct env *e, struct wire_ea *ea)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ._";
    char *name = arena_alloc(&e->arena, 256);
    uint8_t *value = arena_alloc(&e->arena, 64);
    size_t i;

    assert_true(name != NULL && value != NULL);
    ea->flags = testrand_below(&e->rng, 2) ? FILE_NEED_EA : 0;
    ea->name_len = 1 + (size_t)testrand_below(&e->rng, 20);
    for (i = 0; i < ea->name_len; i++)
        name[i] = letters[testrand_below(&e->rng, sizeof(letters) - 1)];
    ea->name = name;
    ea->value_len = (size_t)testrand_below(&e->rng, 64);
    random_bytes(&e->rng, value, ea->value_len);
    ea->value = value;
}

static void ea_add(struct env *e, struct wire_chain *w)
{
    struct wire_ea ea;

    ea_make(e, &ea);
    assert_true(wire_ea_name_valid(ea.name, ea.name_len));
    assert_int_equal(wire_ea_add(w, &ea), WIRE_FIT_OK);
}

static bool ea_next(struct env *e, struct wire_chain_reader *r)
{
    struct wire_ea want, got;

    ea_make(e, &want);
    if (!wire_ea_next(r, &got))
        return false;
    assert_int_equal(want.flags, got.flags);
    assert_text(want.name, want.name_len, got.name, got.name_len);
    assert_int_equal(got.name[got.name_len], 0);
    assert_text((const char *)want.value, want.value_len, (const char *)got.value, got.value_len);
    return true;
}

static void get_ea_add(struct env *e, struct wire_chain *w)
{
    struct wire_ea ea;

    ea_make(e, &ea);
    assert_int_equal(wire_get_ea_add(w, ea.name, ea.name_len), WIRE_FIT_OK);
}

static bool get_ea_next(struct env *e, struct wire_chain_reader *r)
{
    struct wire_ea want;
    const char *name;
    size_t len;

    ea_make(e, &want);
    if (!wire_get_ea_next(r, &name, &len))
        return false;
    assert_text(want.name, want.name_len, name, len);
    return true;
}

static void rt_full_ea(struct env *e, const struct wire_info_row *r)
{
    list_round_trip(e, WIRE_EA_ALIGN, ea_add, ea_next);
    list_round_trip(e, WIRE_EA_ALIGN, get_ea_add, get_ea_next);
}

static void sid_make(struct env *e, struct wire_sid *sid)
{
    int i;

    *sid = (struct wire_sid){0};
    sid->authority = testrand_next(&e->rng) >> 16;
    sid->count = (uint8_t)testrand_below(&e->rng, WIRE_SID_SUB_MAX + 1);
    for (i = 0; i < sid->count; i++)
        sid->sub[i] = (uint32_t)testrand_next(&e->rng);
}

static void quota_make(struct env *e, struct wire_quota *q)
{
    q->change_time = testrand_next(&e->rng);
    q->used = testrand_next(&e->rng);
    q->threshold = testrand_next(&e->rng);
    q->limit = testrand_next(&e->rng);
    sid_make(e, &q->sid);
}

static void quota_add(struct env *e, struct wire_chain *w)
{
    struct wire_quota q;

    quota_make(e, &q);
    assert_int_equal(wire_quota_add(w, &q), WIRE_FIT_OK);
}

static bool quota_next(struct env *e, struct wire_chain_reader *r)
{
    struct wire_quota want, got;

    quota_make(e, &want);
    if (!wire_quota_next(r, &got))
        return false;
    assert_int_equal(want.change_time, got.change_time);
    assert_int_equal(want.used, got.used);
    assert_int_equal(want.threshold, got.threshold);
    assert_int_equal(want.limit, got.limit);
    assert_true(wire_sid_equal(&want.sid, &got.sid));
    return true;
}

static void get_quota_add(struct env *e, struct wire_chain *w)
{
    struct wire_sid sid;

    sid_make(e, &sid);
    assert_int_equal(wire_get_quota_add(w, &sid), WIRE_FIT_OK);
}

static bool get_quota_next(struct env *e, struct wire_chain_reader *r)
{
    struct wire_sid want, got;

    sid_make(e, &want);
    if (!wire_get_quota_next(r, &got))
        return false;
    assert_true(wire_sid_equal(&want, &got));
    return true;
}

static void rt_quota(struct env *e, const struct wire_info_row *r)
{
    list_round_trip(e, WIRE_QUOTA_ALIGN, quota_add, quota_next);
    list_round_trip(e, WIRE_GET_QUOTA_ALIGN, get_quota_add, get_quota_next);
}

/* Descriptors have tests of their own (test_sd.c); here only that the row has a codec. */
static void rt_security(struct env *e, const struct wire_info_row *r)
{
    struct wire_sd in = {.control = SE_DACL_PRESENT | SE_SELF_RELATIVE, .has_owner = true}, out;
    struct cursor c;

    sid_make(e, &in.owner);
    builder_init_grow(&e->b, TEST_MAX);
    wire_sd_encode(&e->b, &in);
    c = cursor_of(e->b.data, e->b.len);
    assert_true(wire_sd_decode(&c, &e->arena, &out));
    assert_true(out.has_owner && wire_sid_equal(&in.owner, &out.owner));
    assert_int_equal(out.control, in.control);
    builder_free(&e->b);
}

/* ---- volume classes ---- */

static void fs_volume_enc(struct env *e, const void *in)
{
    wire_info_fs_volume_encode(&e->b, in);
}

static bool fs_volume_dec(struct cursor *c, struct arena *a, void *out)
{
    return wire_info_fs_volume_decode(c, a, out);
}

static void rt_fs_volume(struct env *e, const struct wire_info_row *r)
{
    struct wire_info_fs_volume in, out;

    in.creation_time = testrand_next(&e->rng);
    in.serial_number = (uint32_t)testrand_next(&e->rng);
    in.supports_objects = testrand_below(&e->rng, 2) != 0;
    in.label = random_text(&e->rng, &e->arena, 0, 32, &in.label_len);
    var_round_trip(e, fs_volume_enc, fs_volume_dec, &in, &out, SIZE_MAX);
    assert_int_equal(in.creation_time, out.creation_time);
    assert_int_equal(in.serial_number, out.serial_number);
    assert_int_equal(in.supports_objects, out.supports_objects);
    assert_text(in.label, in.label_len, out.label, out.label_len);
}

static void fs_label_enc(struct env *e, const void *in)
{
    wire_info_fs_label_encode(&e->b, in);
}

static bool fs_label_dec(struct cursor *c, struct arena *a, void *out)
{
    return wire_info_fs_label_decode(c, a, out);
}

static void rt_fs_label(struct env *e, const struct wire_info_row *r)
{
    struct wire_info_fs_label in, out;

    in.label = random_text(&e->rng, &e->arena, 0, 32, &in.label_len);
    var_round_trip(e, fs_label_enc, fs_label_dec, &in, &out, SIZE_MAX);
    assert_text(in.label, in.label_len, out.label, out.label_len);
}

static void fs_attribute_enc(struct env *e, const void *in)
{
    wire_info_fs_attribute_encode(&e->b, in);
}

static bool fs_attribute_dec(struct cursor *c, struct arena *a, void *out)
{
    return wire_info_fs_attribute_decode(c, a, out);
}

static void rt_fs_attribute(struct env *e, const struct wire_info_row *r)
{
    struct wire_info_fs_attribute in, out;

    in.attributes = (uint32_t)testrand_next(&e->rng);
    in.maximum_component_name_length = (uint32_t)testrand_next(&e->rng);
    in.name = random_text(&e->rng, &e->arena, 0, 12, &in.name_len);
    var_round_trip(e, fs_attribute_enc, fs_attribute_dec, &in, &out, SIZE_MAX);
    assert_int_equal(in.attributes, out.attributes);
    assert_int_equal(in.maximum_component_name_length, out.maximum_component_name_length);
    assert_text(in.name, in.name_len, out.name, out.name_len);
}

/* ---- directory classes: the row says which ---- */

static uint8_t dir_class;

/* What a class carries ([MS-FSCC] 2.4), written down a second time, by name. */
static bool dir_has(const char *part)
{
    static const struct {
        uint8_t num;
        const char *parts;
    } has[] = {
        {FileDirectoryInformation, "stat"},
        {FileFullDirectoryInformation, "stat ea"},
        {FileBothDirectoryInformation, "stat ea short"},
        {FileNamesInformation, ""},
        {FileIdBothDirectoryInformation, "stat ea short id64"},
        {FileIdFullDirectoryInformation, "stat ea id64"},
        {FileIdExtdDirectoryInformation, "stat ea tag id128"},
        {FileIdExtdBothDirectoryInformation, "stat ea tag id128 short"},
        {FileId64ExtdDirectoryInformation, "stat ea tag id64"},
        {FileId64ExtdBothDirectoryInformation, "stat ea tag id64 short"},
        {FileIdAllExtdDirectoryInformation, "stat ea tag id64 id128"},
        {FileIdAllExtdBothDirectoryInformation, "stat ea tag id64 id128 short"},
    };
    size_t i;

    for (i = 0; i < ARRAY_LEN(has); i++)
        if (has[i].num == dir_class)
            return strstr(has[i].parts, part) != NULL;
    fail();
    return false;
}

static void dir_make(struct env *e, struct wire_dir_entry *d)
{
    d->file_index = (uint32_t)testrand_next(&e->rng);
    d->creation_time = testrand_next(&e->rng);
    d->last_access_time = testrand_next(&e->rng);
    d->last_write_time = testrand_next(&e->rng);
    d->change_time = testrand_next(&e->rng);
    d->end_of_file = testrand_next(&e->rng);
    d->allocation_size = testrand_next(&e->rng);
    d->attributes = (uint32_t)testrand_next(&e->rng);
    d->ea_size = (uint32_t)testrand_next(&e->rng);
    d->reparse_tag = (uint32_t)testrand_next(&e->rng);
    d->file_id = testrand_next(&e->rng);
    random_bytes(&e->rng, d->file_id128, 16);
    d->short_name = random_text(&e->rng, &e->arena, 0, WIRE_SHORT_NAME_MAX, &d->short_name_len);
    d->name = random_text(&e->rng, &e->arena, 1, 40, &d->name_len);
}

static void dir_add(struct env *e, struct wire_chain *w)
{
    struct wire_dir_entry d;

    dir_make(e, &d);
    assert_int_equal(wire_dir_add(w, dir_class, &d), WIRE_FIT_OK);
}

static void dir_compare_stat(const struct wire_dir_entry *want, const struct wire_dir_entry *got)
{
    assert_int_equal(want->creation_time, got->creation_time);
    assert_int_equal(want->last_access_time, got->last_access_time);
    assert_int_equal(want->last_write_time, got->last_write_time);
    assert_int_equal(want->change_time, got->change_time);
    assert_int_equal(want->end_of_file, got->end_of_file);
    assert_int_equal(want->allocation_size, got->allocation_size);
    assert_int_equal(want->attributes, got->attributes);
}

static bool dir_next(struct env *e, struct wire_chain_reader *r)
{
    static const uint8_t none[16];
    struct wire_dir_entry want, got;
    bool reparse;

    dir_make(e, &want);
    if (!wire_dir_next(r, &e->arena, dir_class, &got))
        return false;
    assert_int_equal(want.file_index, got.file_index);
    if (dir_has("stat"))
        dir_compare_stat(&want, &got);
    reparse = (want.attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    if (dir_has("tag") || (dir_has("ea") && !reparse))
        assert_int_equal(want.ea_size, got.ea_size);
    if (dir_has("tag") || (dir_has("ea") && reparse))
        assert_int_equal(want.reparse_tag, got.reparse_tag);
    assert_int_equal(got.file_id, dir_has("id64") ? want.file_id : 0);
    assert_memory_equal(got.file_id128, dir_has("id128") ? want.file_id128 : none, 16);
    if (dir_has("short"))
        assert_text(want.short_name, want.short_name_len, got.short_name, got.short_name_len);
    assert_text(want.name, want.name_len, got.name, got.name_len);
    return true;
}

static void rt_directory(struct env *e, const struct wire_info_row *r)
{
    assert_true(r->flags & WIRE_INFO_DIR);
    assert_true(wire_dir_class_known(r->num));
    assert_int_equal(wire_dir_fixed_size(r->num), r->query_min);
    dir_class = r->num;
    list_round_trip(e, WIRE_DIR_ALIGN, dir_add, dir_next);
}
#define rt_full_directory             rt_directory
#define rt_both_directory             rt_directory
#define rt_names                      rt_directory
#define rt_id_both_directory          rt_directory
#define rt_id_full_directory          rt_directory
#define rt_id_extd_directory          rt_directory
#define rt_id_extd_both_directory     rt_directory
#define rt_id64_extd_directory        rt_directory
#define rt_id64_extd_both_directory   rt_directory
#define rt_id_all_extd_directory      rt_directory
#define rt_id_all_extd_both_directory rt_directory

/* ---- the table ---- */

static void (*const round_trips[])(struct env *e, const struct wire_info_row *r) = {
#define X(type, num, NAME, name, ...) rt_##name,
#include "wire/tables/info.def"
#undef X
};

static void test_every_row_round_trips(void **state)
{
    size_t count, i, k;
    const struct wire_info_row *rows = wire_info_rows(&count);

    assert_int_equal(count, ARRAY_LEN(round_trips));
    for (i = 0; i < count; i++) {
        for (k = 0; k < 20; k++) {
            struct env e = {.rng = {.state = i * 1000 + k}};

            arena_init(&e.arena, 64 * TEST_MAX);
            round_trips[i](&e, &rows[i]);
            arena_clear(&e.arena);
        }
    }
}

static void test_rows_are_consistent(void **state)
{
    size_t count, i;
    const struct wire_info_row *rows = wire_info_rows(&count);

    for (i = 0; i < count; i++) {
        const struct wire_info_row *r = &rows[i];

        assert_ptr_equal(wire_info_find(r->type, r->num), r); /* also: no row twice */
        assert_true(r->query_min == 0 || (r->flags & (WIRE_INFO_QUERY | WIRE_INFO_DIR)));
        assert_true((r->set_min != 0) == ((r->flags & WIRE_INFO_SET) != 0));
        assert_true(r->set_access == 0 || (r->flags & WIRE_INFO_SET));
        assert_true(r->flags != 0);
        assert_int_equal((r->flags & WIRE_INFO_DIR) != 0,
                         r->type == SMB2_0_INFO_FILE && wire_dir_class_known(r->num));
    }
    assert_null(wire_info_find(SMB2_0_INFO_FILE, 30));
    assert_null(wire_info_find(SMB2_0_INFO_FILESYSTEM, 12));
    assert_null(wire_info_find(0, 4));
    assert_int_equal(wire_info_find(SMB2_0_INFO_QUOTA, 0x20)->type, SMB2_0_INFO_QUOTA);
    assert_string_equal(wire_info_find(SMB2_0_INFO_FILE, 4)->name, "FileBasicInformation");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_round_trips),
        cmocka_unit_test(test_rows_are_consistent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
