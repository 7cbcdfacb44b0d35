// SPDX-License-Identifier: Apache-2.0
/* Tokens, access checks and the making of descriptors. */
#include "acl/acl.h"
#include "base/testmem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OK SMBKIT_STATUS_SUCCESS

static struct acl_token alice, bob;
static struct wire_sid machine;
static struct arena arena;

static int setup(void **state)
{
    machine = acl_machine_sid("SERVER");
    acl_token_make(&alice, &machine, ACL_USER, "Alice");
    acl_token_make(&bob, &machine, ACL_USER, "bob");
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_clear(&arena);
    return 0;
}

static struct wire_ace ace(uint8_t type, uint8_t flags, uint32_t mask, const struct wire_sid *sid)
{
    return (struct wire_ace){.type = type, .flags = flags, .mask = mask, .sid = *sid};
}

#define ALLOW(flags, mask, sid) ace(ACCESS_ALLOWED_ACE_TYPE, flags, mask, sid)
#define DENY(mask, sid)         ace(ACCESS_DENIED_ACE_TYPE, 0, mask, sid)

static struct wire_sd sd_of(const struct wire_acl *dacl, const struct wire_sid *owner)
{
    struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = dacl};
    sd.has_owner = owner != NULL;
    if (owner != NULL)
        sd.owner = *owner;
    return sd;
}

/* ---- identities ---- */

static void test_tokens(void **state)
{
    struct acl_token other, guest, anonymous;
    struct wire_sid elsewhere = acl_machine_sid("OTHER");
    acl_token_make(&other, &machine, ACL_USER, "ALICE");
    assert_true(wire_sid_equal(&alice.user, &other.user)); /* names have no case */
    assert_false(wire_sid_equal(&alice.user, &bob.user));
    acl_token_make(&other, &elsewhere, ACL_USER, "Alice");
    assert_false(wire_sid_equal(&alice.user, &other.user));
    assert_int_equal(alice.user.count, 5);
    assert_in_range(alice.user.sub[4], 1000, 0x7fffffff);

    acl_token_make(&guest, &machine, ACL_GUEST, NULL);
    acl_token_make(&anonymous, &machine, ACL_ANONYMOUS, NULL);
    assert_true(acl_token_has(&alice, &wire_sid_authenticated_users));
    assert_false(acl_token_has(&guest, &wire_sid_authenticated_users));
    assert_false(acl_token_has(&anonymous, &wire_sid_authenticated_users));
    assert_true(acl_token_has(&guest, &wire_sid_everyone));
    assert_true(wire_sid_equal(&anonymous.user, &wire_sid_anonymous));
    assert_false(acl_token_has(&alice, &wire_sid_builtin_admins));
}

/* ---- access ---- */

/* Each of the 3^4 ways in which four entries for one of two users, or nobody, can allow and deny
   two rights, against the meaning of the words: the first entry that speaks of a right decides. */
static void test_order(void **state)
{
    const struct wire_sid *sids[] = {&alice.user, &wire_sid_everyone, &bob.user};
    for (unsigned n = 0; n < 12 * 12 * 12; n++) {
        struct wire_ace aces[3];
        uint32_t expected = 0, decided = 0;
        for (unsigned i = 0, x = n; i < 3; i++, x /= 12) {
            bool allows = x % 2;
            uint32_t mask = (x / 2) % 2 ? FILE_READ_DATA : FILE_READ_DATA | FILE_WRITE_DATA;
            const struct wire_sid *sid = sids[(x / 4) % 3];
            aces[i] = allows ? ALLOW(0, mask, sid) : DENY(mask, sid);
            if (sid == &bob.user)
                continue;
            if (allows)
                expected |= mask & ~decided;
            decided |= mask;
        }
        const struct wire_acl dacl = {ACL_REVISION, 3, aces};
        struct wire_sd sd = sd_of(&dacl, NULL);
        assert_int_equal(acl_granted(&sd, &alice), expected);
    }
}

static void test_no_dacl(void **state)
{
    const struct wire_acl empty = {ACL_REVISION, 0, NULL};
    struct wire_sd sd = sd_of(NULL, &bob.user); /* a NULL DACL */
    assert_int_equal(acl_granted(&sd, &alice), FILE_ALL_ACCESS);
    sd.control = 0;
    assert_int_equal(acl_granted(&sd, &alice), FILE_ALL_ACCESS);
    sd = sd_of(&empty, &bob.user);
    assert_int_equal(acl_granted(&sd, &alice), 0);
    assert_int_equal(acl_granted(&sd, &bob), READ_CONTROL | WRITE_DAC);
}

static void test_owner_rights(void **state)
{
    struct wire_ace aces[2] = {ALLOW(0, FILE_READ_DATA, &wire_sid_owner_rights),
                               ALLOW(0, FILE_WRITE_DATA, &wire_sid_everyone)};
    const struct wire_acl dacl = {ACL_REVISION, 2, aces};
    struct wire_sd sd = sd_of(&dacl, &alice.user);
    assert_int_equal(acl_granted(&sd, &alice), FILE_READ_DATA | FILE_WRITE_DATA);
    assert_int_equal(acl_granted(&sd, &bob), FILE_WRITE_DATA);
    aces[0] = DENY(FILE_WRITE_DATA, &wire_sid_owner_rights);
    assert_int_equal(acl_granted(&sd, &alice), 0);
    /* one that is only inherited says nothing here */
    aces[0] = ALLOW(INHERIT_ONLY_ACE | OBJECT_INHERIT_ACE, 0, &wire_sid_owner_rights);
    assert_int_equal(acl_granted(&sd, &alice), READ_CONTROL | WRITE_DAC | FILE_WRITE_DATA);
    /* a group can own */
    sd.owner = wire_sid_builtin_users;
    assert_int_equal(acl_granted(&sd, &bob), READ_CONTROL | WRITE_DAC | FILE_WRITE_DATA);
}

static void test_odd_entries(void **state)
{
    struct wire_ace aces[2] = {ace(ACCESS_ALLOWED_OBJECT_ACE_TYPE, 0, GENERIC_READ, &alice.user),
                               ALLOW(INHERIT_ONLY_ACE, FILE_ALL_ACCESS, &alice.user)};
    const struct wire_acl dacl = {ACL_REVISION, 2, aces};
    struct wire_sd sd = sd_of(&dacl, NULL);
    assert_int_equal(acl_granted(&sd, &alice), FILE_GENERIC_READ);
    aces[0].object_flags = ACE_OBJECT_TYPE_PRESENT;
    assert_int_equal(acl_granted(&sd, &alice), 0);
    /* a condition that we cannot judge never opens a door, and may shut it */
    aces[0] = ace(ACCESS_ALLOWED_CALLBACK_ACE_TYPE, 0, FILE_ALL_ACCESS, &alice.user);
    assert_int_equal(acl_granted(&sd, &alice), 0);
    aces[0] = ace(ACCESS_DENIED_CALLBACK_ACE_TYPE, 0, FILE_READ_DATA, &alice.user);
    aces[1] = ALLOW(0, GENERIC_ALL | ACCESS_SYSTEM_SECURITY, &alice.user);
    assert_int_equal(acl_granted(&sd, &alice), FILE_ALL_ACCESS & ~FILE_READ_DATA);
}

static void test_generic(void **state)
{
    assert_int_equal(acl_map_generic(GENERIC_READ | DELETE), FILE_GENERIC_READ | DELETE);
    assert_int_equal(acl_map_generic(GENERIC_WRITE), FILE_GENERIC_WRITE);
    assert_int_equal(acl_map_generic(GENERIC_EXECUTE), FILE_GENERIC_EXECUTE);
    assert_int_equal(acl_map_generic(GENERIC_ALL), FILE_ALL_ACCESS);
    assert_int_equal(acl_map_generic(MAXIMUM_ALLOWED), MAXIMUM_ALLOWED);
}

static void test_default(void **state)
{
    struct wire_sd sd, child;
    acl_default_sd(&alice, true, &sd);
    assert_int_equal(acl_granted(&sd, &bob), FILE_ALL_ACCESS);
    assert_true(wire_sid_equal(&sd.owner, &alice.user));
    /* what is made below is as open, for both */
    assert_int_equal(acl_new_sd(&arena, &sd, NULL, false, &bob, &child), OK);
    assert_int_equal(acl_granted(&child, &alice), FILE_ALL_ACCESS);
    assert_true(wire_sid_equal(&child.owner, &bob.user));
    assert_int_equal(acl_new_sd(&arena, &sd, NULL, true, &bob, &child), OK);
    assert_int_equal(child.dacl->count, 1);
    assert_int_equal(child.dacl->aces[0].flags, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
}

/* ---- inheritance ---- */

#define OI OBJECT_INHERIT_ACE
#define CI CONTAINER_INHERIT_ACE
#define NP NO_PROPAGATE_INHERIT_ACE
#define IO INHERIT_ONLY_ACE
#define NO 0xff /* no such entry */

/* The table of [MS-DTYP] 2.5.3.4.4: what a folder and a file get of an entry with these flags. For
   CREATOR OWNER the folder's entry that counts comes first, then the one that is passed on. */
static void test_inheritance_table(void **state)
{
    static const struct {
        uint8_t parent, folder, file, creator_here, creator_onward;
    } rows[] = {
        {0, NO, NO, NO, NO},
        {IO, NO, NO, NO, NO},
        {OI, OI | IO, 0, NO, OI | IO},
        {OI | IO, OI | IO, 0, NO, OI | IO},
        {OI | NP, NO, 0, NO, NO},
        {CI, CI, NO, 0, CI | IO},
        {CI | IO, CI, NO, 0, CI | IO},
        {CI | NP, 0, NO, 0, NO},
        {OI | CI, OI | CI, 0, 0, OI | CI | IO},
        {OI | CI | NP, 0, 0, 0, NO},
        {OI | CI | NP | IO, 0, 0, 0, NO},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int automatic = 0; automatic < 2; automatic++) {
            uint8_t mark = automatic ? INHERITED_ACE : 0;
            struct wire_ace e = ALLOW(rows[i].parent, FILE_READ_DATA, &bob.user);
            const struct wire_acl dacl = {ACL_REVISION, 1, &e};
            struct wire_sd parent = sd_of(&dacl, &bob.user), out;
            if (automatic)
                parent.control |= SE_DACL_AUTO_INHERITED;
            uint8_t want[2] = {rows[i].file, rows[i].folder};
            for (int folder = 0; folder < 2; folder++) {
                assert_int_equal(acl_new_sd(&arena, &parent, NULL, folder, &alice, &out), OK);
                bool none = want[folder] == NO;
                assert_int_equal(out.dacl->count, none ? 2 : 1); /* the default has two */
                if (!none)
                    assert_int_equal(out.dacl->aces[0].flags, want[folder] | mark);
                assert_int_equal((out.control & SE_DACL_AUTO_INHERITED) != 0, !none && automatic);
            }
            e.sid = wire_sid_creator_owner;
            assert_int_equal(acl_new_sd(&arena, &parent, NULL, true, &alice, &out), OK);
            unsigned n = 0;
            if (rows[i].creator_here != NO) {
                assert_true(wire_sid_equal(&out.dacl->aces[n].sid, &alice.user));
                assert_int_equal(out.dacl->aces[n++].flags, rows[i].creator_here | mark);
            }
            if (rows[i].creator_onward != NO) {
                assert_true(wire_sid_equal(&out.dacl->aces[n].sid, &wire_sid_creator_owner));
                assert_int_equal(out.dacl->aces[n++].flags, rows[i].creator_onward | mark);
            }
            assert_int_equal(out.dacl->count, n != 0 ? n : 2);
        }
    }
}

static void test_inherit_generic(void **state)
{
    struct wire_ace e = ALLOW(OI | CI, GENERIC_READ, &bob.user);
    const struct wire_acl dacl = {ACL_REVISION, 1, &e};
    struct wire_sd parent = sd_of(&dacl, &bob.user), out;
    assert_int_equal(acl_new_sd(&arena, &parent, NULL, true, &alice, &out), OK);
    assert_int_equal(out.dacl->count, 2);
    assert_int_equal(out.dacl->aces[0].mask, FILE_GENERIC_READ);
    assert_int_equal(out.dacl->aces[0].flags, 0);
    assert_int_equal(out.dacl->aces[1].mask, GENERIC_READ);
    assert_int_equal(out.dacl->aces[1].flags, OI | CI | IO);
}

/* Without anything to inherit a file is its maker's. */
static void test_default_dacl(void **state)
{
    struct wire_ace e = ALLOW(0, FILE_ALL_ACCESS, &wire_sid_everyone);
    const struct wire_acl dacl = {ACL_REVISION, 1, &e};
    struct wire_sd parent = sd_of(&dacl, &bob.user), out;
    assert_int_equal(acl_new_sd(&arena, &parent, NULL, false, &alice, &out), OK);
    assert_int_equal(acl_granted(&out, &alice), FILE_ALL_ACCESS);
    assert_int_equal(acl_granted(&out, &bob), 0);
}

static void test_given(void **state)
{
    struct wire_ace inherited = ALLOW(OI | CI, FILE_ALL_ACCESS, &wire_sid_everyone);
    struct wire_ace own = ALLOW(0, GENERIC_READ, &bob.user);
    const struct wire_acl parent_dacl = {ACL_REVISION, 1, &inherited};
    const struct wire_acl given_dacl = {ACL_REVISION, 1, &own};
    struct wire_sd parent = sd_of(&parent_dacl, &bob.user), out;
    struct wire_sd given = sd_of(&given_dacl, NULL);
    assert_int_equal(acl_new_sd(&arena, &parent, &given, false, &alice, &out), OK);
    assert_int_equal(out.dacl->count, 1);
    assert_int_equal(out.dacl->aces[0].mask, FILE_GENERIC_READ);
    assert_true(wire_sid_equal(&out.owner, &alice.user));
    given.has_owner = true;
    given.owner = bob.user; /* nobody gives files away */
    assert_int_equal(acl_new_sd(&arena, &parent, &given, false, &alice, &out),
                     SMBKIT_STATUS_INVALID_OWNER);
    given = (struct wire_sd){.has_group = true, .group = bob.user};
    assert_int_equal(acl_new_sd(&arena, &parent, &given, false, &alice, &out), OK);
    assert_true(wire_sid_equal(&out.group, &bob.user));
    assert_int_equal(acl_granted(&out, &bob), FILE_ALL_ACCESS); /* no DACL given: inherited */
    given = (struct wire_sd){.control = SE_DACL_PRESENT};       /* a NULL DACL */
    assert_int_equal(acl_new_sd(&arena, &parent, &given, false, &alice, &out), OK);
    assert_null(out.dacl);
    assert_int_equal(out.control, SE_DACL_PRESENT);
}

/* ---- setting ---- */

static void test_merge(void **state)
{
    struct wire_ace a = ALLOW(0, FILE_READ_DATA, &bob.user);
    struct wire_ace b = ALLOW(0, GENERIC_WRITE, &bob.user);
    const struct wire_acl first = {ACL_REVISION, 1, &a}, second = {ACL_REVISION, 1, &b};
    struct wire_sd old = sd_of(&first, &alice.user), in = sd_of(&second, &bob.user), out;
    in.has_group = true;
    in.group = wire_sid_everyone;
    const uint32_t owner = OWNER_SECURITY_INFORMATION, group = GROUP_SECURITY_INFORMATION,
                   dacl = DACL_SECURITY_INFORMATION;
    assert_int_equal(acl_merge_sd(&arena, &old, &in, group, &alice, &out), OK);
    assert_true(wire_sid_equal(&out.group, &wire_sid_everyone));
    assert_ptr_equal(out.dacl, &first);
    assert_true(wire_sid_equal(&out.owner, &alice.user));
    assert_int_equal(acl_merge_sd(&arena, &old, &in, owner, &alice, &out),
                     SMBKIT_STATUS_INVALID_OWNER);
    assert_int_equal(acl_merge_sd(&arena, &old, &in, owner, &bob, &out), OK); /* takes it */
    assert_true(wire_sid_equal(&out.owner, &bob.user));
    assert_int_equal(acl_merge_sd(&arena, &old, &in, dacl, &alice, &out), OK);
    assert_int_equal(out.dacl->aces[0].mask, FILE_GENERIC_WRITE);
    in.has_owner = false;
    assert_int_equal(acl_merge_sd(&arena, &old, &in, owner, &alice, &out),
                     SMBKIT_STATUS_INVALID_OWNER);
}

/* AUTO_INHERITED stays only beside its request, which never stays; PROTECTED as it is given. */
static void test_control(void **state)
{
    const struct wire_acl empty = {ACL_REVISION, 0, NULL};
    struct wire_sd old = sd_of(&empty, &alice.user), in = old, out;
    old.control |= SE_DACL_PROTECTED | SE_SACL_PROTECTED;
    for (unsigned i = 0; i < 8; i++) {
        in.control = SE_DACL_PRESENT | SE_SELF_RELATIVE;
        in.control |= i & 1 ? SE_DACL_AUTO_INHERITED : 0;
        in.control |= i & 2 ? SE_DACL_AUTO_INHERIT_REQ : 0;
        in.control |= i & 4 ? SE_DACL_PROTECTED : 0;
        uint16_t want = SE_DACL_PRESENT | SE_SACL_PROTECTED;
        want |= (i & 3) == 3 ? SE_DACL_AUTO_INHERITED : 0;
        want |= i & 4 ? SE_DACL_PROTECTED : 0;
        assert_int_equal(acl_merge_sd(&arena, &old, &in, DACL_SECURITY_INFORMATION, &alice, &out),
                         OK);
        assert_int_equal(out.control, want);
    }
}

static void test_select(void **state)
{
    const struct wire_acl empty = {ACL_REVISION, 0, NULL};
    struct wire_sd sd = sd_of(&empty, &alice.user), out;
    sd.control |= SE_DACL_PROTECTED;
    assert_int_equal(acl_select_sd(&arena, &sd, OWNER_SECURITY_INFORMATION, &out), OK);
    assert_true(out.has_owner && !out.has_group && out.dacl == NULL && out.control == 0);
    assert_int_equal(acl_select_sd(&arena, &sd, DACL_SECURITY_INFORMATION, &out), OK);
    assert_false(out.has_owner);
    assert_int_equal(out.control, SE_DACL_PRESENT | SE_DACL_PROTECTED);
    assert_ptr_equal(out.dacl, &empty);
}

/* ---- memory ---- */

static void test_memory_out(void **state)
{
    struct wire_ace e = ALLOW(OI | CI, GENERIC_READ, &bob.user);
    const struct wire_acl dacl = {ACL_REVISION, 1, &e};
    struct wire_sd parent = sd_of(&dacl, &bob.user), out;
    struct arena tiny;
    arena_init(&tiny, 16);
    assert_int_equal(acl_new_sd(&tiny, &parent, NULL, true, &alice, &out),
                     SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(acl_new_sd(&tiny, &parent, &parent, true, &bob, &out),
                     SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(acl_merge_sd(&tiny, &parent, &parent, DACL_SECURITY_INFORMATION, &bob, &out),
                     SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    arena_clear(&tiny);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_tokens),          T(test_order),
        T(test_no_dacl),         T(test_owner_rights),
        T(test_odd_entries),     T(test_generic),
        T(test_default),         T(test_inheritance_table),
        T(test_inherit_generic), T(test_default_dacl),
        T(test_given),           T(test_merge),
        T(test_control),         T(test_select),
        T(test_memory_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
