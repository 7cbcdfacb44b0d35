// SPDX-License-Identifier: Apache-2.0
/* Who may use a share: users that are named, descriptors, the number of uses, orders through pipes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/harness.h"
#include "core/share.h"
#include "core/state.h"
#include "wire/sd.h"

#define ACCESS    0x0012019fu
#define SHARE_ALL 7u

static struct world w;
static struct harness_client alice, bob;

static void logon(struct harness_client *c, const char *user, const char *password, uint8_t guid)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    ccfg.guid.b[0] = guid;
    harness_connect(c, &w, &ccfg);
    assert_int_equal(harness_negotiate(c), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_logon(c, user, password, 0), SMBKIT_STATUS_SUCCESS);
}

static void start(void)
{
    struct world_config cfg = harness_world_config();
    harness_world(&w, &cfg);
    logon(&alice, "alice", "alice-pw", 1);
    logon(&bob, "bob", "bob-pw", 2);
}

static void end(void)
{
    harness_drop(&alice);
    harness_drop(&bob);
    harness_world_end(&w);
}

static void set(const struct core_share_config *cfg)
{
    assert_int_equal(core_share_set(w.core, cfg, w.volume), SMBKIT_STATUS_SUCCESS);
}

static smbkit_status create(struct harness_client *c, const char *name, uint32_t access)
{
    struct wire_file_id id;
    smbkit_status st = harness_create(c, name, access, SHARE_ALL, FILE_OPEN_IF, 0, &id);
    if (st == SMBKIT_STATUS_SUCCESS)
        assert_int_equal(harness_close(c, id), SMBKIT_STATUS_SUCCESS);
    return st;
}

/* Only those who are named; who is connected and is not named any more is disconnected. */
static void users(void **state)
{
    (void)state;
    start();
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_SUCCESS);
    set(&(struct core_share_config){.name = "data", .users = "nobody+ALICE+x"});
    assert_int_equal(create(&bob, "f", ACCESS), SMBKIT_STATUS_NETWORK_NAME_DELETED);
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(harness_tree(&alice, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(create(&alice, "f", ACCESS), SMBKIT_STATUS_SUCCESS);
    set(&(struct core_share_config){.name = "data", .users = "+"});
    assert_int_equal(harness_tree(&alice, "data"), SMBKIT_STATUS_ACCESS_DENIED);
    set(&(struct core_share_config){.name = "data"});
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_SUCCESS);
    end();
}

static const struct rpc_directory *directory(void)
{
    return &w.core->pipes.directory;
}

/* Everybody may do what `mask` says. */
static smbkit_status set_sd(uint32_t mask)
{
    struct wire_ace e = {.mask = mask, .sid = wire_sid_everyone};
    const struct wire_acl dacl = {ACL_REVISION, 1, &e};
    const struct wire_sd sd = {.control = SE_DACL_PRESENT, .dacl = &dacl};
    uint8_t mem[128];
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    wire_sd_encode(&b, &sd);
    return directory()->share_set(
        w.core, "data", &(struct rpc_share){.sd = mem, .sd_len = (uint32_t)b.len}, RPC_SHARE_SD);
}

/* What the share gives and what the file gives must both be there; it counts from the next open. */
static void descriptors(void **state)
{
    (void)state;
    start();
    assert_int_equal(harness_tree(&alice, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(create(&alice, "f", ACCESS), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(set_sd(FILE_GENERIC_READ), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(create(&alice, "f", ACCESS), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(create(&alice, "f", FILE_GENERIC_READ), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(create(&alice, "new", FILE_GENERIC_READ), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(set_sd(READ_CONTROL), SMBKIT_STATUS_SUCCESS); /* nothing to use it for */
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(set_sd(FILE_ALL_ACCESS), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(create(&alice, "new", ACCESS), SMBKIT_STATUS_SUCCESS);
    const struct rpc_share bad = {.sd = (const uint8_t *)"nonsense", .sd_len = 8, .comment = "x"};
    assert_int_equal(directory()->share_set(w.core, "data", &bad, RPC_SHARE_SD | RPC_SHARE_COMMENT),
                     SMBKIT_STATUS_INVALID_SECURITY_DESCR);
    assert_int_equal(create(&alice, "new", ACCESS), SMBKIT_STATUS_SUCCESS);
    end();
}

static void uses(void **state)
{
    (void)state;
    start();
    const struct rpc_share one = {.max_uses = 1};
    assert_int_equal(directory()->share_set(w.core, "DATA", &one, RPC_SHARE_MAX_USES),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&alice, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_REQUEST_NOT_ACCEPTED);
    assert_int_equal(directory()->share_set(w.core, "IPC$", &one, RPC_SHARE_MAX_USES),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(directory()->share_set(w.core, "none", &one, RPC_SHARE_MAX_USES),
                     SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    end();
}

static uint32_t seen_by(const char *user, bool admin, bool guest)
{
    const struct rpc_caller who = {.user = user, .domain = "", .admin = admin, .guest = guest};
    struct rpc_shares all;
    struct arena a;
    arena_init(&a, 1u << 16);
    assert_true(directory()->shares(w.core, &who, &a, &all));
    arena_clear(&a);
    return all.count;
}

/* A list has what its reader may connect to, where the share wants that. */
static void lists(void **state)
{
    (void)state;
    start();
    uint32_t all = seen_by("bob", false, false);
    set(&(struct core_share_config){.name = "mine", .users = "alice"});
    assert_int_equal(seen_by("bob", false, false), all + 1);
    set(&(struct core_share_config){.name = "mine", .users = "alice", .hide_unreachable = true});
    assert_int_equal(seen_by("bob", false, false), all);
    assert_int_equal(seen_by("alice", false, false), all + 1);
    assert_int_equal(seen_by("bob", true, false), all + 1);
    set(&(struct core_share_config){.name = "mine", .hidden = true});
    assert_int_equal(seen_by("alice", false, false), all);
    assert_int_equal(seen_by("alice", true, false), all + 1);
    end();
}

/* Orders come from inside a request: they are carried out behind it. */
static void orders(void **state)
{
    struct wire_file_id id;
    (void)state;
    start();
    assert_int_equal(harness_tree(&alice, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(harness_create(&alice, "f", ACCESS, SHARE_ALL, FILE_OPEN_IF, 0, &id),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(directory()->share_del(w.core, "data"), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(directory()->share_del(w.core, "data"), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_BAD_NETWORK_NAME);
    world_advance(&w, 0);
    assert_int_equal(create(&alice, "f", ACCESS), SMBKIT_STATUS_NETWORK_NAME_DELETED);
    assert_int_equal(directory()->end_sessions(w.core, NULL, "nobody"), 0);
    assert_int_equal(directory()->end_sessions(w.core, NULL, "ALICE"), 1);
    assert_int_equal(directory()->end_sessions(w.core, NULL, "alice"), 0);
    world_advance(&w, 0);
    assert_int_equal(harness_tree(&alice, "IPC$"), SMBKIT_STATUS_USER_SESSION_DELETED);
    end();
}

/* Every allocation of a share's settings can fail; then all is as it was. */
static void memory(void **state)
{
    smbkit_status st = SMBKIT_STATUS_NO_MEMORY;
    (void)state;
    start();
    for (size_t n = 1; st != SMBKIT_STATUS_SUCCESS; n++) {
        testmem_fail_nth(n);
        st = core_share_set(w.core, &(struct core_share_config){.name = "data", .users = "alice"},
                            w.volume);
        testmem_fail_none();
        if (st != SMBKIT_STATUS_SUCCESS)
            assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_SUCCESS);
    }
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_ACCESS_DENIED);
    for (st = SMBKIT_STATUS_NO_MEMORY; st != SMBKIT_STATUS_SUCCESS;) {
        static size_t n;
        testmem_fail_nth(++n);
        st = set_sd(FILE_ALL_ACCESS);
        testmem_fail_none();
    }
    assert_int_equal(harness_tree(&bob, "data"), SMBKIT_STATUS_SUCCESS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users), cmocka_unit_test(descriptors), cmocka_unit_test(uses),
        cmocka_unit_test(lists), cmocka_unit_test(orders),      cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
