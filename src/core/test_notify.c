// SPDX-License-Identifier: Apache-2.0
/* Watches: who is told what, what is kept and when it is given up. Requests are stood in for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/testmem.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/request.h"
#include "core/state.h"
#include "core/told.h"
#include "core/viewer.h"
#include "wire/notify_rec.h"

#define ALL   0xfffu
#define NAMES (FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME)

/* Volumes are only compared. */
static int volume_places[2];
#define VOLUME ((struct vfs_volume *)(void *)&volume_places[0])
#define OTHER  ((struct vfs_volume *)(void *)&volume_places[1])

struct fixture {
    struct core core;
    struct core_open open;
    struct core_request request;
    struct notify_wait wait;
};

static struct fixture fx;
static unsigned resumed;
static smbkit_status completed;
static struct core_open *close_on_resume;
static struct notify_wait close_wait;

void request_resume(struct core_request *r)
{
    (void)r;
    resumed++;
    if (close_on_resume != NULL) {
        struct core_open *o = close_on_resume;
        close_on_resume = NULL;
        list_remove(&close_wait.link);
        notify_forget(o);
    }
}

void request_complete(struct core_request *r, smbkit_status status)
{
    (void)r;
    completed = status;
}

static unsigned caches_told, caches_below, caches_lost;

void oplock_volume_changed(struct core *c, struct vfs_volume *v, const char *user, const char *path,
                           bool below)
{
    (void)c;
    (void)v;
    (void)user;
    (void)path;
    caches_told++;
    caches_below += below;
}

void oplock_volume_lost(struct core *c, struct vfs_volume *v)
{
    (void)c;
    (void)v;
    caches_lost++;
}

void told_changed(struct core *c, struct vfs_volume *v, const char *user, const char *path,
                  uint32_t action)
{
    (void)c;
    (void)v;
    (void)user;
    (void)path;
    (void)action;
}

void told_lost(struct core *c)
{
    (void)c;
}

/* Volumes are no real ones: who has a name sees only his own. */
const char *viewer_user(const struct core_open *o)
{
    (void)o;
    return "somebody";
}

const char *viewer_of(const struct core_open *o)
{
    return o->durable.user;
}

bool viewer_sees(const struct core_open *o, const char *user)
{
    return user == NULL || o->durable.user == NULL || strcmp(user, o->durable.user) == 0;
}

/* Through what something is changed. */
static struct core_open *by(struct vfs_volume *v, const char *path, bool is_directory)
{
    static struct core_open o;
    o = (struct core_open){
        .core = &fx.core, .volume = v, .path = (char *)path, .is_directory = is_directory};
    return &o;
}

static void watch_begin_with(struct core_open *o, char *path, uint32_t filter, bool tree,
                             size_t room)
{
    memset(o, 0, sizeof *o);
    o->core = &fx.core;
    o->volume = VOLUME;
    o->path = path;
    assert_true(notify_watch(o, filter, tree, room));
}

static void watch_begin(struct core_open *o, char *path, uint32_t filter, bool tree)
{
    watch_begin_with(o, path, filter, tree, 65536);
}

static int setup(void **state)
{
    (void)state;
    testmem_install();
    memset(&fx, 0, sizeof fx);
    MAGIC_SET(&fx.core, CORE_MAGIC);
    list_init(&fx.core.watches);
    resumed = caches_told = caches_below = caches_lost = 0;
    completed = SMBKIT_STATUS_SUCCESS;
    fx.wait.request = &fx.request;
    list_init(&fx.wait.link);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    notify_forget(&fx.open);
    assert_true(list_empty(&fx.core.watches));
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

static void changed(const char *path, uint32_t action)
{
    notify_changed(by(VOLUME, NULL, false), path, FILE_NOTIFY_CHANGE_FILE_NAME, action);
}

/* What is to be taken, as "action:name action:name". */
static void expect_taken(struct core_open *o, const char *expected)
{
    struct builder b;
    struct arena a;
    struct cursor c;
    struct wire_chain_reader list;
    struct wire_notify rec;
    char text[512] = "";
    size_t len = 0;
    builder_init_grow(&b, 1 << 20);
    arena_init(&a, 1 << 20);
    assert_int_equal(notify_take(o, &b, 65536), SMBKIT_STATUS_SUCCESS);
    cursor_init(&c, b.data, b.len);
    wire_chain_open(&list, &c, WIRE_NOTIFY_ALIGN);
    while (wire_notify_next(&list, &a, &rec))
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%u:%s", len > 0 ? " " : "",
                                (unsigned)rec.action, rec.name);
    assert_false(list.failed);
    assert_string_equal(text, expected);
    builder_free(&b);
    arena_clear(&a);
}

static void expect_enum_dir(struct core_open *o, size_t max)
{
    struct builder b;
    builder_init_grow(&b, 1 << 20);
    assert_int_equal(notify_take(o, &b, max), SMBKIT_STATUS_NOTIFY_ENUM_DIR);
    assert_int_equal(b.len, 0);
    assert_false(notify_ready(o));
    builder_free(&b);
}

static void test_children_only(void **state)
{
    (void)state;
    char dir[] = "a/b";
    watch_begin(&fx.open, dir, ALL, false);
    changed("a/b/new", FILE_ACTION_ADDED);
    changed("a/b/sub/deeper", FILE_ACTION_ADDED);
    changed("a/b", FILE_ACTION_ADDED);
    changed("a/bc", FILE_ACTION_ADDED);
    changed("a", FILE_ACTION_ADDED);
    changed("", FILE_ACTION_ADDED);
    assert_true(notify_ready(&fx.open));
    expect_taken(&fx.open, "1:new");
    assert_false(notify_ready(&fx.open));
}

static void test_tree_without_regard_to_case(void **state)
{
    (void)state;
    char dir[] = "\xc3\x84"; /* a capital A with dots */
    watch_begin(&fx.open, dir, ALL, true);
    changed("\xc3\xa4/Sub/x", FILE_ACTION_REMOVED);
    expect_taken(&fx.open, "2:Sub\\x");
}

static void test_root(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin(&fx.open, dir, ALL, true);
    changed("x/y", FILE_ACTION_ADDED);
    changed("", FILE_ACTION_MODIFIED);
    expect_taken(&fx.open, "1:x\\y");
}

static void test_filter_and_volume(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin(&fx.open, dir, NAMES, false);
    notify_changed(by(VOLUME, NULL, false), "a", FILE_NOTIFY_CHANGE_SIZE, FILE_ACTION_MODIFIED);
    notify_changed(by(OTHER, NULL, false), "b", FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED);
    notify_changed(by(VOLUME, NULL, false), "c", 0, FILE_ACTION_ADDED);
    core_volume_changed(&fx.core, VOLUME, NULL, "d", FILE_ACTION_MODIFIED);
    assert_false(notify_ready(&fx.open));
    core_volume_changed(&fx.core, VOLUME, NULL, "e", FILE_ACTION_ADDED);
    assert_int_equal(caches_told, 2);
    expect_taken(&fx.open, "1:e");
}

/* The first request decides. */
static void test_second_watch_changes_nothing(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin(&fx.open, dir, NAMES, false);
    assert_true(notify_watch(&fx.open, FILE_NOTIFY_CHANGE_SIZE, true, 65536));
    changed("x/y", FILE_ACTION_ADDED);
    notify_changed(by(VOLUME, NULL, false), "a", FILE_NOTIFY_CHANGE_SIZE, FILE_ACTION_MODIFIED);
    assert_false(notify_ready(&fx.open));
}

static void test_repeated_modification_is_one(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin(&fx.open, dir, ALL, false);
    changed("a", FILE_ACTION_MODIFIED);
    changed("a", FILE_ACTION_MODIFIED);
    changed("b", FILE_ACTION_MODIFIED);
    changed("a", FILE_ACTION_MODIFIED);
    changed("a", FILE_ACTION_ADDED);
    changed("a", FILE_ACTION_ADDED);
    expect_taken(&fx.open, "3:a 3:b 3:a 1:a 1:a");
}

static void test_rename(void **state)
{
    (void)state;
    char dir[] = "d";
    watch_begin(&fx.open, dir, NAMES, true);
    notify_renamed(by(VOLUME, NULL, false), "d/a", "d/b");
    notify_renamed(by(VOLUME, NULL, false), "d/a", "e/a");
    notify_renamed(by(VOLUME, NULL, true), "e/a", "d/a");
    notify_renamed(by(VOLUME, NULL, false), "d/x/a", "d/y/a");
    expect_taken(&fx.open, "4:a 5:b 2:a 1:a 2:x\\a 1:y\\a");
}

/* Old and new name go into one answer. */
static void test_rename_wakes_once(void **state)
{
    (void)state;
    char dir[] = "d";
    watch_begin(&fx.open, dir, NAMES, false);
    notify_wait(&fx.open, &fx.wait);
    notify_renamed(by(VOLUME, NULL, false), "d/a", "d/b");
    assert_int_equal(resumed, 1);
    assert_false(list_linked(&fx.wait.link));
    expect_taken(&fx.open, "4:a 5:b");
}

static void test_oldest_waits_first(void **state)
{
    (void)state;
    char dir[] = "";
    struct notify_wait second = {.request = &fx.request};
    list_init(&second.link);
    watch_begin(&fx.open, dir, ALL, false);
    notify_wait(&fx.open, &fx.wait);
    notify_wait(&fx.open, &second);
    changed("a", FILE_ACTION_ADDED);
    assert_int_equal(resumed, 1);
    assert_false(list_linked(&fx.wait.link));
    assert_true(list_linked(&second.link));
    list_remove(&second.link);
}

/* The first request's room is that of the watch. */
static void test_room_of_the_first(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin_with(&fx.open, dir, ALL, false, 1);
    changed("a", FILE_ACTION_ADDED);
    expect_enum_dir(&fx.open, 65536);
    changed("a", FILE_ACTION_REMOVED);
    expect_enum_dir(&fx.open, 65536);
}

static void test_too_much(void **state)
{
    (void)state;
    char dir[] = "", name[] = "name-0000";
    watch_begin(&fx.open, dir, ALL, false);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "name-%04u", i);
        changed(name, FILE_ACTION_ADDED);
    }
    assert_true(notify_ready(&fx.open));
    expect_enum_dir(&fx.open, 65536);
    changed("a", FILE_ACTION_ADDED);
    expect_taken(&fx.open, "1:a");
}

static void test_buffer_too_small(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin(&fx.open, dir, ALL, false);
    changed("a", FILE_ACTION_ADDED);
    expect_enum_dir(&fx.open, 0);
    changed("a", FILE_ACTION_ADDED);
    changed("b", FILE_ACTION_ADDED);
    expect_enum_dir(&fx.open, 20);
}

static void test_not_text(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin(&fx.open, dir, ALL, false);
    changed("\xff", FILE_ACTION_ADDED);
    expect_enum_dir(&fx.open, 65536);
}

static void test_deleted(void **state)
{
    (void)state;
    char dir[] = "Dir";
    watch_begin(&fx.open, dir, 0, false);
    notify_wait(&fx.open, &fx.wait);
    notify_deleted(by(VOLUME, "dir/x", true));
    notify_deleted(by(OTHER, "dir", true));
    assert_int_equal(completed, SMBKIT_STATUS_SUCCESS);
    notify_deleted(by(VOLUME, "dir", true));
    assert_int_equal(completed, SMBKIT_STATUS_DELETE_PENDING);
    assert_false(list_linked(&fx.wait.link));
}

/* The plugin removes a folder: also the watches of those in it have nothing to wait for. */
static void test_removed_by_plugin(void **state)
{
    (void)state;
    char dir[] = "a/Dir";
    watch_begin(&fx.open, dir, NAMES, false);
    notify_wait(&fx.open, &fx.wait);
    core_volume_changed(&fx.core, VOLUME, NULL, "a/di", FILE_ACTION_REMOVED);
    core_volume_changed(&fx.core, VOLUME, NULL, "a/dir/x", FILE_ACTION_MODIFIED);
    assert_int_equal(completed, SMBKIT_STATUS_SUCCESS);
    assert_false(notify_gone(&fx.open));
    core_volume_changed(&fx.core, VOLUME, NULL, "A", FILE_ACTION_REMOVED);
    assert_int_equal(completed, SMBKIT_STATUS_DELETE_PENDING);
    assert_true(notify_gone(&fx.open));
    assert_false(list_linked(&fx.wait.link));
    assert_int_equal(caches_below, 2);
}

/* What only one user sees. */
static void test_users(void **state)
{
    (void)state;
    char dir[] = "", ann[] = "ann", bob[] = "bob";
    struct core_open other, doer = {.core = &fx.core, .volume = VOLUME, .durable.user = bob};
    watch_begin(&fx.open, dir, NAMES, false);
    watch_begin(&other, dir, NAMES, false);
    fx.open.durable.user = ann;
    other.durable.user = bob;
    core_volume_changed(&fx.core, VOLUME, "ann", "a", FILE_ACTION_ADDED);
    core_volume_changed(&fx.core, VOLUME, "bob", "b", FILE_ACTION_ADDED);
    core_volume_changed(&fx.core, VOLUME, "carol", "c", FILE_ACTION_ADDED);
    core_volume_changed(&fx.core, VOLUME, NULL, "all", FILE_ACTION_ADDED);
    notify_changed(&doer, "own", FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED);
    expect_taken(&fx.open, "1:a 1:all");
    expect_taken(&other, "1:b 1:all 1:own");
    notify_forget(&other);
}

/* Both names of a rename in one answer. */
static void test_rename_by_plugin(void **state)
{
    (void)state;
    char dir[] = "";
    watch_begin(&fx.open, dir, NAMES, true);
    notify_wait(&fx.open, &fx.wait);
    core_volume_changed(&fx.core, VOLUME, NULL, "d/a", FILE_ACTION_RENAMED_OLD_NAME);
    assert_int_equal(resumed, 0);
    core_volume_changed(&fx.core, VOLUME, NULL, "d/b", FILE_ACTION_RENAMED_NEW_NAME);
    assert_int_equal(resumed, 1);
    expect_taken(&fx.open, "4:d\\a 5:d\\b");
}

/* Nobody knows what has been lost: every watch of the volume begins anew. */
static void test_lost(void **state)
{
    (void)state;
    char dir[] = "";
    struct core_open other;
    watch_begin(&fx.open, dir, NAMES, false);
    watch_begin(&other, dir, NAMES, false);
    other.volume = OTHER;
    changed("a", FILE_ACTION_ADDED);
    expect_taken(&fx.open, "1:a");
    notify_wait(&fx.open, &fx.wait);
    core_volume_lost(&fx.core, VOLUME);
    assert_int_equal(resumed, 1);
    assert_int_equal(caches_lost, 1);
    expect_enum_dir(&fx.open, 65536);
    assert_false(notify_ready(&other));
    changed("b", FILE_ACTION_ADDED);
    expect_taken(&fx.open, "1:b");
    notify_forget(&other);
}

/* Answering the first watch closes the second, which was to be told as well. */
static void test_watch_goes_while_telling(void **state)
{
    (void)state;
    char dir[] = "";
    struct core_open second;
    watch_begin(&fx.open, dir, ALL, false);
    watch_begin(&second, dir, ALL, false);
    list_init(&close_wait.link);
    notify_wait(&fx.open, &fx.wait);
    notify_wait(&second, &close_wait);
    close_on_resume = &second;
    changed("a", FILE_ACTION_ADDED);
    assert_int_equal(resumed, 1);
    assert_null(second.watch);
}

static void test_no_memory(void **state)
{
    (void)state;
    char dir[] = "";
    struct core_open second = {.core = &fx.core, .volume = VOLUME, .path = dir};
    watch_begin(&fx.open, dir, ALL, false);
    testmem_fail_nth(1);
    changed("a", FILE_ACTION_ADDED);
    assert_int_equal(testmem_failed(), 1);
    testmem_fail_nth(1);
    assert_false(notify_watch(&second, ALL, false, 65536));
    testmem_fail_none();
    expect_enum_dir(&fx.open, 65536);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_children_only),
        TEST(test_tree_without_regard_to_case),
        TEST(test_root),
        TEST(test_filter_and_volume),
        TEST(test_second_watch_changes_nothing),
        TEST(test_repeated_modification_is_one),
        TEST(test_rename),
        TEST(test_rename_wakes_once),
        TEST(test_oldest_waits_first),
        TEST(test_room_of_the_first),
        TEST(test_too_much),
        TEST(test_buffer_too_small),
        TEST(test_not_text),
        TEST(test_deleted),
        TEST(test_removed_by_plugin),
        TEST(test_users),
        TEST(test_rename_by_plugin),
        TEST(test_lost),
        TEST(test_watch_goes_while_telling),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
