// SPDX-License-Identifier: Apache-2.0
/* SIDs and security descriptors. */
#include "wire/test_info_util.h"

#include "wire/sd.h"

#include <stdio.h>

/* ---- SIDs ---- */

static void test_sid_text(void **state)
{
    static const char *const good[] = {
        "S-1-0-0",
        "S-1-1-0",
        "S-1-5-32-544",
        "S-1-5-21-4294967295-0-1-500",
        "S-1-5",
        "S-1-4294967295-1",
        "S-1-0x000100000000-7",
        "S-1-0xFFFFFFFFFFFF-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
    };
    static const char *const bad[] = {
        "",
        "S",
        "S-1",
        "S-1-",
        "S-2-5-1",
        "S-1-5-",
        "S-1-05-1",
        "S-1-5-01",
        "S-1-5-4294967296",
        "S-1-4294967296-1",
        "S-1-5-1 ",
        " S-1-5-1",
        "S-1-5--1",
        "S-1-0x1-1",
        "S-1-0x00000000000G-1",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
        "S-1-5-a",
        "S-1-0x",
    };
    char text[WIRE_SID_TEXT_SIZE];
    struct wire_sid sid;
    size_t i;

    for (i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(wire_sid_parse(good[i], &sid));
        wire_sid_format(&sid, text);
        assert_string_equal(text, good[i]);
    }
    for (i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(wire_sid_parse(bad[i], &sid));
    assert_true(wire_sid_parse("s-1-5-32-544", &sid));
    assert_true(wire_sid_equal(&sid, &wire_sid_builtin_admins));
}

static void test_longest_sid_text(void **state)
{
    struct wire_sid sid = {.authority = 0xffffffffffff, .count = WIRE_SID_SUB_MAX}, back;
    char text[WIRE_SID_TEXT_SIZE];
    int i;

    for (i = 0; i < WIRE_SID_SUB_MAX; i++)
        sid.sub[i] = UINT32_MAX;
    wire_sid_format(&sid, text);
    assert_int_equal(strlen(text), WIRE_SID_TEXT_SIZE - 1);
    assert_true(wire_sid_parse(text, &back) && wire_sid_equal(&sid, &back));
}

static void test_sid_bytes(void **state)
{
    /* BUILTIN\Administrators: the authority is big-endian, the rest is not. */
    static const uint8_t want[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
    uint8_t mem[WIRE_SID_SIZE_MAX + 4];
    struct wire_sid sid;
    struct builder b;
    struct cursor c;
    size_t n;

    builder_init_fixed(&b, mem, sizeof(mem));
    wire_sid_encode(&b, &wire_sid_builtin_admins);
    assert_int_equal(b.len, sizeof(want));
    assert_int_equal(wire_sid_size(&wire_sid_builtin_admins), sizeof(want));
    assert_memory_equal(mem, want, sizeof(want));
    for (n = 0; n <= sizeof(want); n++) {
        uint8_t *copy = exact_copy(mem, n);

        c = cursor_of(copy, n);
        assert_int_equal(wire_sid_decode(&c, &sid), n == sizeof(want));
        mem_free(copy);
    }
    assert_true(wire_sid_equal(&sid, &wire_sid_builtin_admins));
    mem[0] = 2;
    c = cursor_of(mem, b.len);
    assert_false(wire_sid_decode(&c, &sid));
    mem[0] = 1;
    mem[1] = 16; /* 16 sub-authorities, and the bytes for them */
    c = cursor_of(mem, sizeof(mem));
    assert_false(wire_sid_decode(&c, &sid));
    assert_false(wire_sid_equal(&wire_sid_builtin_admins, &wire_sid_builtin_users));
    assert_false(wire_sid_equal(&wire_sid_everyone, &wire_sid_nobody));
}

/* ---- descriptors ---- */

static void random_sid(struct testrand *rng, struct wire_sid *sid)
{
    int i;

    *sid = (struct wire_sid){.authority = testrand_next(rng) >> 16};
    sid->count = (uint8_t)testrand_below(rng, WIRE_SID_SUB_MAX + 1);
    for (i = 0; i < sid->count; i++)
        sid->sub[i] = (uint32_t)testrand_next(rng);
}

static void random_ace(struct testrand *rng, struct arena *a, struct wire_ace *ace)
{
    uint8_t *data;

    ace->type = (uint8_t)testrand_below(rng, SYSTEM_SCOPED_POLICY_ID_ACE_TYPE + 4);
    ace->flags = (uint8_t)testrand_next(rng);
    if (wire_ace_form(ace->type) != WIRE_ACE_OPAQUE) {
        ace->mask = (uint32_t)testrand_next(rng);
        random_sid(rng, &ace->sid);
    }
    if (wire_ace_form(ace->type) == WIRE_ACE_OBJECT) {
        ace->object_flags = (uint32_t)testrand_next(rng);
        if (ace->object_flags & ACE_OBJECT_TYPE_PRESENT)
            random_bytes(rng, &ace->object_type, 16);
        if (ace->object_flags & ACE_INHERITED_OBJECT_TYPE_PRESENT)
            random_bytes(rng, &ace->inherited_object_type, 16);
    }
    ace->data_len = 4 * (size_t)testrand_below(rng, 5);
    data = arena_alloc(a, ace->data_len);
    assert_non_null(data);
    random_bytes(rng, data, ace->data_len);
    ace->data = data;
}

static struct wire_acl *random_acl(struct testrand *rng, struct arena *a)
{
    struct wire_acl *acl = arena_alloc(a, sizeof(*acl));
    int i;

    assert_non_null(acl);
    acl->revision = testrand_below(rng, 2) ? ACL_REVISION : ACL_REVISION_DS;
    acl->count = (uint16_t)testrand_below(rng, 6);
    acl->aces = arena_array(a, acl->count, sizeof(acl->aces[0]));
    assert_non_null(acl->aces);
    for (i = 0; i < acl->count; i++)
        random_ace(rng, a, &acl->aces[i]);
    return acl;
}

static void random_sd(struct testrand *rng, struct arena *a, struct wire_sd *sd)
{
    *sd = (struct wire_sd){0};
    sd->rm_control = (uint8_t)testrand_next(rng);
    sd->control = (uint16_t)testrand_next(rng) | SE_SELF_RELATIVE;
    sd->has_owner = testrand_below(rng, 4) != 0;
    sd->has_group = testrand_below(rng, 4) != 0;
    random_sid(rng, &sd->owner);
    random_sid(rng, &sd->group);
    if ((sd->control & SE_SACL_PRESENT) && testrand_below(rng, 4) != 0)
        sd->sacl = random_acl(rng, a);
    if ((sd->control & SE_DACL_PRESENT) && testrand_below(rng, 4) != 0)
        sd->dacl = random_acl(rng, a);
}

static void assert_ace(const struct wire_ace *a, const struct wire_ace *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->mask, b->mask);
    assert_int_equal(a->object_flags, b->object_flags);
    assert_memory_equal(&a->object_type, &b->object_type, 16);
    assert_memory_equal(&a->inherited_object_type, &b->inherited_object_type, 16);
    assert_true(wire_sid_equal(&a->sid, &b->sid));
    assert_text((const char *)a->data, a->data_len, (const char *)b->data, b->data_len);
}

static void assert_acl(const struct wire_acl *a, const struct wire_acl *b)
{
    int i;

    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL)
        return;
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->count, b->count);
    for (i = 0; i < a->count; i++)
        assert_ace(&a->aces[i], &b->aces[i]);
}

static void test_sd_round_trip(void **state)
{
    uint64_t seed;

    for (seed = 0; seed < 300; seed++) {
        struct testrand rng = {.state = seed * 100000};
        struct wire_sd in, out;
        struct arena a;
        struct builder b;
        struct cursor c;
        size_t n;

        arena_init(&a, 64 * TEST_MAX);
        random_sd(&rng, &a, &in);
        builder_init_grow(&b, TEST_MAX);
        builder_u8(&b, 0); /* offsets count from the descriptor, not from the buffer */
        wire_sd_encode(&b, &in);
        assert_false(builder_failed(&b));
        assert_int_equal(b.len - 1, wire_sd_size(&in));
        c = cursor_of(b.data, b.len);
        cursor_skip(&c, 1);
        assert_true(wire_sd_decode(&c, &a, &out));
        assert_int_equal(in.rm_control, out.rm_control);
        assert_int_equal(in.control, out.control);
        assert_int_equal(in.has_owner, out.has_owner);
        assert_int_equal(in.has_group, out.has_group);
        assert_true(!in.has_owner || wire_sid_equal(&in.owner, &out.owner));
        assert_true(!in.has_group || wire_sid_equal(&in.group, &out.group));
        assert_acl(in.sacl, out.sacl);
        assert_acl(in.dacl, out.dacl);
        for (n = 0; n < b.len - 1; n++) {
            uint8_t *copy = exact_copy(b.data + 1, n);

            c = cursor_of(copy, n);
            assert_false(wire_sd_decode(&c, &a, &out));
            mem_free(copy);
        }
        builder_free(&b);
        arena_clear(&a);
    }
}

/* O:BAG:SYD:P(A;OICI;FA;;;WD) as Windows writes it, with the parts in another order than ours. */
static const uint8_t windows_sd[] = {
    1, 0, 0x04, 0x90, 48, 0, 0,    0, 64,   0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2,  0, 28, 0, 1, 0,
    0, 0, 0,    3,    20, 0, 0xff, 1, 0x1f, 0, 1, 1, 0, 0, 0, 0, 0,  1, 0, 0, 0,  0, 1,  2, 0, 0,
    0, 0, 0,    5,    32, 0, 0,    0, 0x20, 2, 0, 0, 1, 1, 0, 0, 0,  0, 0, 5, 18, 0, 0,  0,
};

static bool sd_decode(const uint8_t *sd, size_t n, struct arena *a, struct wire_sd *out)
{
    struct cursor c = cursor_of(sd, n);

    return wire_sd_decode(&c, a, out);
}

static void test_sd_from_windows(void **state)
{
    struct wire_sd sd;
    struct arena a;

    arena_init(&a, TEST_MAX);
    assert_true(sd_decode(windows_sd, sizeof(windows_sd), &a, &sd));
    assert_int_equal(sd.control, SE_SELF_RELATIVE | SE_DACL_PROTECTED | SE_DACL_PRESENT);
    assert_true(sd.has_owner && wire_sid_equal(&sd.owner, &wire_sid_builtin_admins));
    assert_true(sd.has_group && wire_sid_equal(&sd.group, &wire_sid_local_system));
    assert_null(sd.sacl);
    assert_int_equal(sd.dacl->count, 1);
    assert_int_equal(sd.dacl->aces[0].type, ACCESS_ALLOWED_ACE_TYPE);
    assert_int_equal(sd.dacl->aces[0].flags, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
    assert_int_equal(sd.dacl->aces[0].mask, FILE_ALL_ACCESS);
    assert_true(wire_sid_equal(&sd.dacl->aces[0].sid, &wire_sid_everyone));
    assert_int_equal(sd.dacl->aces[0].data_len, 0);
    arena_clear(&a);
}

/* One byte of the descriptor above changed: is it still one? */
static void test_sd_that_lies(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } lies[] = {
        {0, 2},             /* revision */
        {3, 0x10},          /* not self-relative */
        {4, 19},            /* owner inside the header */
        {4, 76},            /* owner at the end */
        {5, 1},             /* owner far past it */
        {16, 73},           /* DACL that does not fit */
        {20, 1},            /* revision of the ACL */
        {20, 5},   {22, 7}, /* AclSize below its header */
        {22, 27},           /* AclSize that cuts the ACE */
        {22, 60},           /* AclSize past the end */
        {24, 2},            /* an ACE more than there is */
        {25, 255}, {30, 3}, /* AceSize below its header */
        {30, 18},           /* AceSize that is no multiple of 4 */
        {30, 16},           /* AceSize that cuts the SID */
        {30, 24},           /* AceSize past the ACL */
        {36, 2},            /* revision of the SID */
        {37, 2},            /* more sub-authorities than the ACE has */
    };
    uint8_t mem[sizeof(windows_sd)];
    struct wire_sd sd;
    struct arena a;
    size_t i;

    arena_init(&a, TEST_MAX);
    for (i = 0; i < ARRAY_LEN(lies); i++) {
        memcpy(mem, windows_sd, sizeof(mem));
        mem[lies[i].at] = lies[i].value;
        assert_false(sd_decode(mem, sizeof(mem), &a, &sd));
    }
    arena_clear(&a);
}

/* A SID could be read out of the header, but no part may lie there. */
static void test_part_inside_the_header(void **state)
{
    uint8_t mem[sizeof(windows_sd)];
    struct wire_sd sd;
    struct arena a;

    arena_init(&a, TEST_MAX);
    memcpy(mem, windows_sd, sizeof(mem));
    mem[12] = 1; /* OffsetSacl, not looked at: there is no SACL */
    assert_true(sd_decode(mem, sizeof(mem), &a, &sd));
    mem[4] = 12;
    assert_false(sd_decode(mem, sizeof(mem), &a, &sd));
    arena_clear(&a);
}

static void test_largest_sd(void **state)
{
    static uint8_t mem[WIRE_SD_SIZE_MAX + 1];
    struct wire_sd sd;
    struct arena a;

    arena_init(&a, TEST_MAX);
    memcpy(mem, windows_sd, sizeof(windows_sd));
    assert_true(sd_decode(mem, WIRE_SD_SIZE_MAX, &a, &sd));
    assert_false(sd_decode(mem, WIRE_SD_SIZE_MAX + 1, &a, &sd));
    arena_clear(&a);
}

static void test_ace_sizes(void **state)
{
    uint8_t mem[] = {ACL_REVISION, 0, 20, 0, 1, 0, 0, 0, 0x77, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct wire_acl acl;
    struct arena a;
    struct cursor c;
    uint8_t size;

    arena_init(&a, TEST_MAX);
    for (size = 0; size <= 16; size++) {
        mem[10] = size;
        c = cursor_of(mem, sizeof(mem));
        assert_int_equal(wire_acl_decode(&c, &a, &acl), size >= 4 && size <= 12 && size % 4 == 0);
    }
    arena_clear(&a);
}

/* An ACL whose present bit is clear is nothing, whatever its offset says; present with offset 0 is
 * a NULL DACL. */
static void test_null_and_absent_dacl(void **state)
{
    uint8_t mem[sizeof(windows_sd)];
    struct wire_sd sd;
    struct arena a;

    arena_init(&a, TEST_MAX);
    memcpy(mem, windows_sd, sizeof(mem));
    mem[2] = 0;
    mem[16] = 1;
    assert_true(sd_decode(mem, sizeof(mem), &a, &sd));
    assert_null(sd.dacl);
    mem[2] = SE_DACL_PRESENT;
    assert_false(sd_decode(mem, sizeof(mem), &a, &sd));
    mem[16] = 0;
    assert_true(sd_decode(mem, sizeof(mem), &a, &sd));
    assert_null(sd.dacl);
    assert_true(sd.control & SE_DACL_PRESENT);
    arena_clear(&a);
}

static void test_acl_bounds(void **state)
{
    static uint8_t mem[65536];
    struct wire_acl acl;
    struct arena a;
    struct cursor c;
    int i;

    for (i = 0; i < (int)sizeof(mem) / 4; i++)
        le32_store(mem + 4 * i, 4u << 16 | 0x04); /* empty opaque ACEs */
    mem[0] = ACL_REVISION;
    mem[1] = 0;
    le16_store(mem + 2, 65532);
    le16_store(mem + 4, WIRE_ACL_ACE_MAX);
    arena_init(&a, TEST_MAX);
    c = cursor_of(mem, sizeof(mem));
    assert_true(wire_acl_decode(&c, &a, &acl));
    assert_int_equal(acl.count, WIRE_ACL_ACE_MAX);
    assert_int_equal(c.pos, 65532);
    le16_store(mem + 4, WIRE_ACL_ACE_MAX + 1);
    c = cursor_of(mem, sizeof(mem));
    assert_false(wire_acl_decode(&c, &a, &acl));
    arena_clear(&a);
    arena_init(&a, 64); /* an arena that is too small is an error, not a crash */
    le16_store(mem + 4, 100);
    c = cursor_of(mem, sizeof(mem));
    assert_false(wire_acl_decode(&c, &a, &acl));
    arena_clear(&a);
}

static void test_encoder_refuses_what_does_not_fit(void **state)
{
    static uint8_t data[65536];
    struct wire_ace aces[4] = {{.type = 0x04, .data = data, .data_len = 65528}};
    struct wire_acl acl = {.revision = ACL_REVISION, .count = 1, .aces = aces};
    struct builder b;
    int i;

    builder_init_grow(&b, TEST_MAX);
    wire_acl_encode(&b, &acl);
    assert_true(builder_failed(&b)); /* 8 bytes of header more than 65535 */
    builder_free(&b);
    builder_init_grow(&b, TEST_MAX);
    aces[0].data_len = 65520;
    wire_acl_encode(&b, &acl);
    assert_false(builder_failed(&b));
    builder_free(&b);
    for (i = 0; i < 4; i++)
        aces[i] = (struct wire_ace){.type = 0x04, .data = data, .data_len = 20000};
    acl.count = 4;
    builder_init_grow(&b, TEST_MAX);
    wire_acl_encode(&b, &acl);
    assert_true(builder_failed(&b));
    builder_free(&b);
}

static void test_rights_for_security(void **state)
{
    assert_int_equal(wire_security_query_access(0), 0);
    assert_int_equal(wire_security_query_access(DACL_SECURITY_INFORMATION), READ_CONTROL);
    assert_int_equal(wire_security_query_access(SACL_SECURITY_INFORMATION), ACCESS_SYSTEM_SECURITY);
    assert_int_equal(
        wire_security_query_access(OWNER_SECURITY_INFORMATION | SACL_SECURITY_INFORMATION),
        READ_CONTROL | ACCESS_SYSTEM_SECURITY);
    assert_int_equal(wire_security_set_access(0), 0);
    assert_int_equal(wire_security_set_access(DACL_SECURITY_INFORMATION), WRITE_DAC);
    assert_int_equal(wire_security_set_access(GROUP_SECURITY_INFORMATION), WRITE_OWNER);
    assert_int_equal(wire_security_set_access(LABEL_SECURITY_INFORMATION), WRITE_OWNER);
    assert_int_equal(wire_security_set_access(SACL_SECURITY_INFORMATION), ACCESS_SYSTEM_SECURITY);
    assert_int_equal(wire_security_set_access(BACKUP_SECURITY_INFORMATION),
                     WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sid_text),
        cmocka_unit_test(test_longest_sid_text),
        cmocka_unit_test(test_sid_bytes),
        cmocka_unit_test(test_sd_round_trip),
        cmocka_unit_test(test_sd_from_windows),
        cmocka_unit_test(test_sd_that_lies),
        cmocka_unit_test(test_part_inside_the_header),
        cmocka_unit_test(test_largest_sd),
        cmocka_unit_test(test_ace_sizes),
        cmocka_unit_test(test_null_and_absent_dacl),
        cmocka_unit_test(test_acl_bounds),
        cmocka_unit_test(test_encoder_refuses_what_does_not_fit),
        cmocka_unit_test(test_rights_for_security),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
