// SPDX-License-Identifier: Apache-2.0
/* NDR in both directions: bytes by hand, round trips, the other byte order, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/testmem.h"
#include "rpc/ndr.h"
#include <string.h>

struct item {
    uint32_t number;
    const char *name;
};
NDR_RECORD(item_record, item, NDR_F(NDR_U32, item, number), NDR_F(NDR_WSTR, item, name));

struct inner {
    uint32_t kind;
    uint64_t when;
    const char *text;
    const struct wire_sid *sid;
};
NDR_RECORD(inner_record, inner, NDR_F(NDR_ENUM, inner, kind), NDR_F(NDR_TIME, inner, when),
           NDR_F(NDR_USTR, inner, text), NDR_F(NDR_SID, inner, sid));

struct box {
    uint32_t count;
    struct item *items;
};
NDR_RECORD(box_record, box, NDR_F(NDR_U32, box, count),
           NDR_A(NDR_ARRAY, box, items, count, item_record, 100));

static const struct ndr_arm arms[] = {{1, &item_record}, {2, &inner_record}, {0, NULL}};
static const struct ndr_arm pointer_arms[] = {{1, &box_record}, {0, NULL}};

struct all {
    uint8_t small;
    uint16_t middle;
    uint64_t large;
    const char *server;
    const char *must;
    struct box box;
    uint32_t level;
    void *arm;
    uint32_t level2;
    void *arm2;
    uint32_t varying_count;
    struct item *varying;
    uint8_t handle[20];
    struct wire_sid sid;
    struct inner *maybe;
};
NDR_RECORD(all_record, all, NDR_F(NDR_U8, all, small), NDR_F(NDR_U16, all, middle),
           NDR_F(NDR_U64, all, large), NDR_F(NDR_WSTR, all, server), NDR_F(NDR_WSTR_REF, all, must),
           NDR_SUB(NDR_STRUCT, all, box, box_record), NDR_F(NDR_U32, all, level),
           NDR_U(NDR_UNION, all, arm, level, arms, 2), NDR_F(NDR_U32, all, level2),
           NDR_U(NDR_UNION_PTR, all, arm2, level2, pointer_arms, 4),
           NDR_F(NDR_U32, all, varying_count),
           NDR_A(NDR_VARYING_REF, all, varying, varying_count, item_record, 50),
           NDR_F(NDR_HANDLE, all, handle), NDR_F(NDR_SID_REF, all, sid),
           NDR_SUB(NDR_PTR, all, maybe, inner_record));

static const struct wire_sid some_sid = {5, 4, {21, 1, 2, 3}};

/* A string and an array of pointers, as [C706] 14.3 lays them out. */
static void by_hand(void **state)
{
    static const uint8_t want[] = {
        2, 0, 0, 0, 0, 0, 2, 0, /* count, pointer */
        2, 0, 0, 0,             /* the array's own count */
        7, 0, 0, 0, 4, 0, 2, 0, /* 7, pointer */
        8, 0, 0, 0, 0, 0, 0, 0, /* 8, NULL */
        3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'h', 0, 'i', 0, 0, 0,
    };
    struct item items[] = {{7, "hi"}, {8, NULL}};
    struct box b = {2, items};
    struct builder out;
    (void)state;
    builder_init_grow(&out, 1000);
    ndr_encode(&out, &box_record, &b);
    assert_false(builder_failed(&out));
    /* as parameters the count and the pointer come alone, with what is pointed to right behind */
    assert_int_equal(out.len, sizeof want);
    assert_memory_equal(out.data, want, sizeof want);
    builder_free(&out);
}

static void fill(struct all *v, struct item *items, struct inner *in, struct box *box)
{
    items[0] = (struct item){1, "one"};
    items[1] = (struct item){2, "z\xc3\xbcrich"};
    items[2] = (struct item){3, ""};
    *in = (struct inner){5, 0x0123456789abcdef, "text", &some_sid};
    *box = (struct box){3, items};
    *v = (struct all){
        .small = 1,
        .middle = 2,
        .large = 0x1122334455667788,
        .must = "here",
        .box = {2, items},
        .level = 2,
        .arm = in,
        .level2 = 1,
        .arm2 = box,
        .varying_count = 1,
        .varying = items + 1,
        .handle = {1, 2, 3, 4, 5},
        .sid = some_sid,
        .maybe = in,
    };
}

static void compare(const struct all *a)
{
    const struct inner *in = a->arm;
    const struct box *box = a->arm2;
    assert_int_equal(a->small, 1);
    assert_int_equal(a->middle, 2);
    assert_true(a->large == 0x1122334455667788);
    assert_null(a->server);
    assert_string_equal(a->must, "here");
    assert_int_equal(a->box.count, 2);
    assert_string_equal(a->box.items[1].name, "z\xc3\xbcrich");
    assert_int_equal(in->kind, 5);
    assert_true(in->when == 0x0123456789abcdef);
    assert_string_equal(in->text, "text");
    assert_true(wire_sid_equal(in->sid, &some_sid));
    assert_int_equal(box->count, 3);
    assert_string_equal(box->items[2].name, "");
    assert_int_equal(a->varying[0].number, 2);
    assert_int_equal(a->handle[4], 5);
    assert_true(wire_sid_equal(&a->sid, &some_sid));
    assert_int_equal(a->maybe->kind, 5);
}

static void encode_all(struct builder *out)
{
    struct all v;
    struct item items[3];
    struct inner in;
    struct box box;
    fill(&v, items, &in, &box);
    builder_init_grow(out, 10000);
    ndr_encode(out, &all_record, &v);
    assert_false(builder_failed(out));
}

static void round_trip(void **state)
{
    struct builder out;
    struct arena a;
    struct all back;
    (void)state;
    encode_all(&out);
    arena_init(&a, 100000);
    assert_true(ndr_decode(out.data, out.len, false, &a, &all_record, &back));
    compare(&back);
    arena_clear(&a);
    builder_free(&out);
}

/* Every shorter stub is refused or read as something, and never past its end; likewise with each
   byte changed. */
static void damaged(void **state)
{
    struct builder out;
    struct all back;
    (void)state;
    encode_all(&out);
    for (size_t n = 0; n < out.len; n++) {
        struct arena a;
        uint8_t *copy = mem_dup(out.data, n + 1);
        assert_non_null(copy);
        arena_init(&a, 100000);
        if (ndr_decode(copy, n, false, &a, &all_record, &back))
            assert_true(n > 0);
        copy[n] ^= 0xff;
        if (ndr_decode(copy, n + 1, n & 1, &a, &all_record, &back))
            assert_true(back.must != NULL);
        arena_clear(&a);
        mem_free(copy);
    }
    builder_free(&out);
}

static void big_endian(void **state)
{
    static const uint8_t stub[] = {0, 0, 0, 1, 0, 2, 0, 0,             /* one item */
                                   0, 0, 0, 1, 0, 0, 0, 9, 0, 2, 0, 4, /* 9 */
                                   0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 'x', 0, 0};
    struct arena a;
    struct box b;
    (void)state;
    arena_init(&a, 10000);
    assert_true(ndr_decode(stub, sizeof stub, true, &a, &box_record, &b));
    assert_int_equal(b.items[0].number, 9);
    assert_string_equal(b.items[0].name, "x");
    assert_false(ndr_decode(stub, sizeof stub, false, &a, &box_record, &b));
    arena_clear(&a);
}

static void refuse(const void *stub, size_t n, const struct ndr_record *rec, void *host)
{
    struct arena a;
    arena_init(&a, 10000);
    assert_false(ndr_decode(stub, n, false, &a, rec, host));
    arena_clear(&a);
}

static void refused(void **state)
{
    struct box b;
    /* two counts that differ; more elements than bytes; more than the field allows */
    static const uint8_t differ[40] = {1, 0, 0, 0, 1, 0, 0, 0, 2};
    static const uint8_t many[40] = {99, 0, 0, 0, 1, 0, 0, 0, 99};
    static const uint8_t limit[400] = {101, 0, 0, 0, 1, 0, 0, 0, 101};
    /* a string that begins in the middle, and one that is longer than it says at most */
    static const uint8_t middle[40] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
                                       0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2};
    static const uint8_t longer[40] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
                                       0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2};
    (void)state;
    refuse(differ, sizeof differ, &box_record, &b);
    refuse(many, sizeof many, &box_record, &b);
    refuse(limit, sizeof limit, &box_record, &b);
    refuse(middle, sizeof middle, &box_record, &b);
    refuse(longer, sizeof longer, &box_record, &b);
}

static void no_memory(void **state)
{
    struct builder out;
    struct arena a;
    struct all back;
    (void)state;
    encode_all(&out);
    for (size_t max = 0; max < 2000; max += 16) {
        arena_init(&a, max);
        if (ndr_decode(out.data, out.len, false, &a, &all_record, &back))
            compare(&back);
        arena_clear(&a);
    }
    builder_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),    cmocka_unit_test(round_trip), cmocka_unit_test(damaged),
        cmocka_unit_test(big_endian), cmocka_unit_test(refused),    cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
