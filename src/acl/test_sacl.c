// SPDX-License-Identifier: Apache-2.0
/* The four lists that a SACL is: which a query shows, which a set replaces, what a new file has. */
#include "acl/acl.h"
#include "base/testmem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OK    SMBKIT_STATUS_SUCCESS
#define OI    OBJECT_INHERIT_ACE
#define CI    CONTAINER_INHERIT_ACE
#define KINDS 4

/* An entry of each kind, with the bit that names it. */
static const struct {
    uint32_t info;
    uint8_t type;
} kinds[KINDS] = {
    {SACL_SECURITY_INFORMATION, SYSTEM_AUDIT_ACE_TYPE},
    {LABEL_SECURITY_INFORMATION, SYSTEM_MANDATORY_LABEL_ACE_TYPE},
    {ATTRIBUTE_SECURITY_INFORMATION, SYSTEM_RESOURCE_ATTRIBUTE_ACE_TYPE},
    {SCOPE_SECURITY_INFORMATION, SYSTEM_SCOPED_POLICY_ID_ACE_TYPE},
};
#define FREE (LABEL_SECURITY_INFORMATION | ATTRIBUTE_SECURITY_INFORMATION)

static struct acl_token alice, admin;
static struct arena arena;

static int setup(void **state)
{
    struct wire_sid machine = acl_machine_sid("SERVER");
    acl_token_make(&alice, &machine, ACL_USER, "alice");
    acl_token_make(&admin, &machine, ACL_USER, "admin");
    admin.has_security_privilege = true;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_clear(&arena);
    return 0;
}

struct sample {
    struct wire_ace aces[KINDS];
    struct wire_acl sacl;
    struct wire_sd sd;
};

/* A descriptor with an entry of each of these kinds; the mask tells where an entry came from. */
static void sample(struct sample *x, uint32_t info, uint32_t mask, uint8_t flags)
{
    *x = (struct sample){.sacl = {.revision = ACL_REVISION, .aces = x->aces}};
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].info & info)
            x->aces[x->sacl.count++] = (struct wire_ace){
                .type = kinds[i].type, .mask = mask, .flags = flags, .sid = wire_sid_everyone};
    x->sd.control = SE_SACL_PRESENT;
    x->sd.sacl = &x->sacl;
}

/* The mask of the entry of that kind, 0: there is none. There is never more than one. */
static uint32_t mask_of(const struct wire_sd *sd, uint32_t info)
{
    uint32_t mask = 0;
    for (uint16_t i = 0; sd->sacl != NULL && i < sd->sacl->count; i++)
        for (size_t k = 0; k < KINDS; k++)
            if (kinds[k].info == info && sd->sacl->aces[i].type == kinds[k].type) {
                assert_int_equal(mask, 0);
                mask = sd->sacl->aces[i].mask;
            }
    return mask;
}

/* All sixteen ways to name kinds ([MS-FSA] 2.1.5.14). */
static void test_select(void **state)
{
    const uint32_t all = 0x78;
    struct sample x;
    struct wire_sd out;
    sample(&x, all, 1, 0);
    x.sd.control |= SE_SACL_PROTECTED | SE_DACL_PRESENT;
    for (uint32_t info = 0; info <= all; info += 8) {
        assert_int_equal(acl_select_sd(&arena, &x.sd, info, &out), OK);
        assert_int_equal(out.control, info != 0 ? SE_SACL_PRESENT | SE_SACL_PROTECTED : 0);
        for (size_t i = 0; i < KINDS; i++)
            assert_int_equal(mask_of(&out, kinds[i].info), kinds[i].info & info ? 1 : 0);
    }
    /* one that has nothing of the kind shows an empty list, one without a list none */
    sample(&x, LABEL_SECURITY_INFORMATION, 1, 0);
    assert_int_equal(acl_select_sd(&arena, &x.sd, SACL_SECURITY_INFORMATION, &out), OK);
    assert_true(out.sacl != NULL && out.sacl->count == 0);
    x.sd = (struct wire_sd){0};
    assert_int_equal(acl_select_sd(&arena, &x.sd, SACL_SECURITY_INFORMATION, &out), OK);
    assert_true(out.sacl == NULL && out.control == 0);
}

static void test_backup(void **state)
{
    const struct wire_acl dacl = {ACL_REVISION, 0, NULL};
    struct sample x, y;
    struct wire_sd out, restored;
    sample(&x, 0x78, 1, 0);
    x.sd.has_owner = x.sd.has_group = true;
    x.sd.owner = x.sd.group = alice.user;
    x.sd.control |= SE_DACL_PRESENT;
    x.sd.dacl = &dacl;
    assert_int_equal(acl_select_sd(&arena, &x.sd, BACKUP_SECURITY_INFORMATION, &out), OK);
    assert_true(out.has_owner && out.has_group && out.dacl == &dacl && out.sacl->count == KINDS);
    sample(&y, 0x78, 2, 0);
    assert_int_equal(
        acl_merge_sd(&arena, &y.sd, &out, BACKUP_SECURITY_INFORMATION, &alice, &restored), OK);
    assert_true(restored.has_owner && restored.has_group && restored.dacl != NULL);
    assert_int_equal(mask_of(&restored, SACL_SECURITY_INFORMATION), 1);
    /* what a backup has not got, it does not take away */
    out = (struct wire_sd){0};
    assert_int_equal(
        acl_merge_sd(&arena, &x.sd, &out, BACKUP_SECURITY_INFORMATION, &alice, &restored), OK);
    assert_true(restored.has_owner && restored.dacl == &dacl && restored.sacl == &x.sacl);
}

/* Whatever a set names is replaced, the rest stays. */
static void test_merge(void **state)
{
    struct sample old, in;
    struct wire_sd out;
    for (uint32_t have = 0; have <= 0x78; have += 8)
        for (uint32_t give = 0; give <= 0x78; give += 8)
            for (uint32_t info = 8; info <= 0x78; info += 8) {
                arena_clear(&arena);
                arena_init(&arena, 1 << 20);
                sample(&old, have, 1, 0);
                sample(&in, give, 2, 0);
                assert_int_equal(acl_merge_sd(&arena, &old.sd, &in.sd, info, &alice, &out), OK);
                for (size_t i = 0; i < KINDS; i++) {
                    uint32_t k = kinds[i].info;
                    uint32_t want = k & info ? (k & give ? 2 : 0) : (k & have ? 1 : 0);
                    assert_int_equal(mask_of(&out, k), want);
                }
                assert_true(out.sacl->count == 0 || (out.control & SE_SACL_PRESENT));
            }
}

static void test_merge_control(void **state)
{
    struct sample old, in;
    struct wire_sd out;
    sample(&old, 0x78, 1, 0);
    old.sd.control |= SE_SACL_PROTECTED;
    sample(&in, SACL_SECURITY_INFORMATION, GENERIC_READ, 0);
    /* only audit says what holds for all */
    assert_int_equal(
        acl_merge_sd(&arena, &old.sd, &in.sd, LABEL_SECURITY_INFORMATION, &alice, &out), OK);
    assert_int_equal(out.control, SE_SACL_PRESENT | SE_SACL_PROTECTED);
    assert_int_equal(acl_merge_sd(&arena, &old.sd, &in.sd, SACL_SECURITY_INFORMATION, &alice, &out),
                     OK);
    assert_int_equal(out.control, SE_SACL_PRESENT);
    assert_int_equal(mask_of(&out, SACL_SECURITY_INFORMATION), FILE_GENERIC_READ);
    /* none given: none left, but of the other kinds */
    in.sd = (struct wire_sd){0};
    assert_int_equal(acl_merge_sd(&arena, &old.sd, &in.sd, SACL_SECURITY_INFORMATION, &alice, &out),
                     OK);
    assert_int_equal(out.sacl->count, KINDS - 1);
    assert_int_equal(out.control, SE_SACL_PRESENT);
    assert_int_equal(acl_merge_sd(&arena, &old.sd, &in.sd, 0x78, &alice, &out), OK);
    assert_true(out.sacl == NULL && out.control == 0);
}

static void test_inherit(void **state)
{
    struct sample parent;
    struct wire_sd out;
    sample(&parent, SACL_SECURITY_INFORMATION, GENERIC_READ, OI);
    assert_int_equal(acl_new_sd(&arena, &parent.sd, NULL, false, &alice, &out), OK);
    assert_int_equal(out.sacl->count, 1);
    assert_int_equal(out.sacl->aces[0].mask, FILE_GENERIC_READ);
    assert_int_equal(out.sacl->aces[0].flags, 0);
    assert_int_equal(out.control, SE_SACL_PRESENT | SE_DACL_PRESENT);
    assert_int_equal(acl_new_sd(&arena, &parent.sd, NULL, true, &alice, &out), OK);
    assert_int_equal(out.sacl->count, 1);
    assert_int_equal(out.sacl->aces[0].flags, OI | INHERIT_ONLY_ACE);
    parent.sd.control |= SE_SACL_AUTO_INHERITED;
    assert_int_equal(acl_new_sd(&arena, &parent.sd, NULL, false, &alice, &out), OK);
    assert_int_equal(out.sacl->aces[0].flags, INHERITED_ACE);
    assert_int_equal(out.control, SE_SACL_PRESENT | SE_SACL_AUTO_INHERITED | SE_DACL_PRESENT);
    /* nothing to inherit: there is no default ([MS-DTYP] 2.5.3.4.2) */
    parent.aces[0].flags = CI;
    assert_int_equal(acl_new_sd(&arena, &parent.sd, NULL, false, &alice, &out), OK);
    assert_true(out.sacl == NULL && !(out.control & SE_SACL_PRESENT));
}

/* One who may not see SACLs cannot be rid of what is inherited by giving another. */
static void test_given(void **state)
{
    struct sample parent, given;
    struct wire_sd out;
    sample(&parent, 0x78, 1, OI);
    for (uint32_t give = 0; give <= 0x78; give += 8) {
        sample(&given, give, 2, 0);
        assert_int_equal(acl_new_sd(&arena, &parent.sd, &given.sd, false, &admin, &out), OK);
        for (size_t i = 0; i < KINDS; i++)
            assert_int_equal(mask_of(&out, kinds[i].info), kinds[i].info & give ? 2 : 0);
        smbkit_status st = acl_new_sd(&arena, &parent.sd, &given.sd, false, &alice, &out);
        assert_int_equal(st, give & ~FREE ? SMBKIT_STATUS_PRIVILEGE_NOT_HELD : OK);
        for (size_t i = 0; st == OK && i < KINDS; i++) {
            uint32_t k = kinds[i].info;
            assert_int_equal(mask_of(&out, k), !(k & FREE) ? 1 : k & give ? 2 : 0);
        }
    }
}

static void test_memory_out(void **state)
{
    struct sample x, y;
    struct wire_sd out;
    sample(&x, 0x78, 1, OI | CI);
    sample(&y, LABEL_SECURITY_INFORMATION, 2, 0);
    for (size_t limit = 16; limit < 4096; limit += 16) {
        struct arena tiny;
        const uint32_t info = LABEL_SECURITY_INFORMATION;
        arena_init(&tiny, limit);
        smbkit_status st[] = {acl_select_sd(&tiny, &x.sd, info, &out),
                              acl_merge_sd(&tiny, &x.sd, &y.sd, info, &alice, &out),
                              acl_new_sd(&tiny, &x.sd, &y.sd, true, &alice, &out)};
        for (size_t i = 0; i < ARRAY_LEN(st); i++)
            assert_true(st[i] == OK || st[i] == SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        if (limit == 16)
            assert_int_equal(st[0], SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        arena_clear(&tiny);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_select),  T(test_backup), T(test_merge),      T(test_merge_control),
        T(test_inherit), T(test_given),  T(test_memory_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
