// SPDX-License-Identifier: Apache-2.0
/* Published trees: folders with callbacks, where clients create, remove and rename, and folders
   that are loaded when somebody looks; rings, roots of users, mapped names, pictures. */
#include "tree/test_store.h"

/* --- a folder with callbacks --- */

static char asked[256];
static int folder_releases;
static struct smbkit_file_ops made_ops = {.struct_size = sizeof(made_ops), .release = file_release};

static void note(const char *what, const char *name)
{
    size_t used = strlen(asked);
    snprintf(asked + used, sizeof(asked) - used, "%s%s=%s", used > 0 ? " " : "", what, name);
}

#define assert_asked(text)                \
    do {                                  \
        assert_string_equal(asked, text); \
        asked[0] = '\0';                  \
    } while (0)

static const struct smbkit_folder_ops full_ops;

static smbkit_status make_file(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                               struct smbkit_node_spec *spec)
{
    note("file", spec->name);
    /* the name is taken as long as nobody knows whether there will be a file */
    assert_int_equal(smbkit_tree_add_bytes(folder, spec->name, NULL, 0, NULL), TAKEN);
    assert_null(smbkit_node_find(folder, spec->name));
    spec->file = &made_ops;
    spec->ctx = store;
    return verdict;
}

static smbkit_status make_folder(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                                 struct smbkit_node_spec *spec)
{
    note("folder", spec->name);
    spec->folder = &full_ops;
    return verdict;
}

static smbkit_status do_rename(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                               const struct smbkit_rename *r)
{
    note(r->replaced != NULL ? "replace" : "rename", r->name);
    return verdict;
}

static smbkit_status do_remove(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                               struct smbkit_node *child)
{
    char name[64];
    smbkit_node_name(child, name, sizeof(name));
    note("remove", name);
    return verdict;
}

static smbkit_status do_set_info(struct smbkit_op *o, void *ctx, const struct smbkit_attr *attr,
                                 uint32_t which)
{
    note("info", "");
    return verdict;
}

static void release_folder(void *ctx)
{
    folder_releases++;
}

static const struct smbkit_folder_ops full_ops = {
    .struct_size = sizeof(full_ops),
    .create_file = make_file,
    .create_folder = make_folder,
    .rename = do_rename,
    .remove = do_remove,
    .set_info = do_set_info,
    .release = release_folder,
};

static void begin_full(void)
{
    const struct smbkit_tree_options options = {.struct_size = sizeof(options), .root = &full_ops};
    begin(&options);
    reset_store("");
    asked[0] = '\0';
    folder_releases = 0;
}

static void test_clients_create(void **state)
{
    void *f;
    begin_full();
    assert_int_equal(xcreate("New", 0, &f), OK);
    assert_asked("file=New");
    assert_null(op.true_path);
    xclose(f);
    assert_int_equal(xcreate("new", 0, &f), TAKEN);
    assert_int_equal(xcreate("Dir", SMBKIT_ATTR_DIRECTORY, &f), OK);
    xclose(f);
    assert_int_equal(xcreate("dir/in", 0, &f), OK);
    assert_string_equal(op.true_path, "Dir/in");
    xclose(f);
    assert_asked("folder=Dir file=in");
    verdict = NOT_OK;
    assert_int_equal(xcreate("fails", 0, &f), NOT_OK);
    assert_asked("file=fails");
    assert_string_equal(xlist(""), "New Dir");
    verdict = OK;
    made_ops.struct_size = 0; /* a mistake of the plugin */
    assert_int_equal(xcreate("bad", 0, &f), SMBKIT_STATUS_INTERNAL_ERROR);
    made_ops.struct_size = sizeof(made_ops);
    assert_int_equal(xcreate("bad", 0, &f), OK);
    xclose(f);
    assert_int_equal(xcreate("x/y", 0, &f), NO_PATH);
    assert_int_equal(xcreate("New/y", 0, &f), NO_PATH);
    assert_int_equal(xcreate("", 0, &f), BAD_NAME);
    assert_events("");
    assert_int_equal(releases, 0);
    end();
    assert_int_equal(releases, 3);
    assert_int_equal(folder_releases, 1);
}

static void test_clients_remove(void **state)
{
    void *f;
    begin_full();
    xcreate("d", SMBKIT_ATTR_DIRECTORY, &f);
    xclose(f);
    xcreate("d/f", 0, &f);
    asked[0] = '\0';
    assert_int_equal(xunlink("d"), SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    assert_asked("");
    assert_int_equal(xunlink("d/f"), OK);
    assert_asked("remove=f");
    assert_int_equal(xattr(f).links, 1); /* lives on while it is open */
    assert_int_equal(releases, 0);
    assert_int_equal(xdelete(f), OK); /* it is gone already */
    assert_int_equal(releases, 1);
    verdict = NOT_OK;
    assert_int_equal(xunlink("d"), NOT_OK);
    assert_string_equal(xlist(""), "d");
    verdict = OK;
    assert_int_equal(xunlink("d"), OK);
    assert_int_equal(folder_releases, 1);
    assert_int_equal(xunlink(""), SMBKIT_STATUS_CANNOT_DELETE);
    xcreate("r", 0, &f);
    assert_true(vfs_setattr(&op, vol, f, &(struct smbkit_attr){.attributes = SMBKIT_ATTR_READONLY},
                            SMBKIT_SET_ATTRIBUTES));
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_NORMAL); /* made_ops lets nobody write */
    xclose(f);
    assert_events("");
    end();
}

static void test_clients_rename(void **state)
{
    void *f;
    struct smbkit_node *closed;
    begin_full();
    xcreate("d", SMBKIT_ATTR_DIRECTORY, &f);
    xclose(f);
    xcreate("a", 0, &f);
    xclose(f);
    xcreate("b", 0, &f);
    xclose(f);
    smbkit_tree_add_folder(root(), "closed", NULL, NULL, &closed);
    smbkit_tree_add_bytes(closed, "in", NULL, 0, NULL);
    asked[0] = '\0';
    events_clear();
    assert_int_equal(xrename("a", "A", 0), OK);
    assert_asked("rename=A");
    assert_string_equal(xlist(""), "d A b closed"); /* keeps its place */
    assert_int_equal(xrename("a", "B", 0), TAKEN);
    assert_int_equal(xrename("a", "D", SMBKIT_RENAME_REPLACE), TAKEN);
    assert_int_equal(xrename("a", "B", SMBKIT_RENAME_REPLACE), OK);
    assert_asked("replace=B");
    assert_int_equal(releases, 1);
    assert_int_equal(xrename("b", "d/c", 0), OK);
    assert_string_equal(xlist(""), "d closed");
    assert_string_equal(xlist("d"), "c");
    assert_int_equal(xrename("d", "d/e", 0), BAD_ARG);
    assert_int_equal(xrename("d/c", "closed/x", 0), DENIED);
    assert_int_equal(xrename("closed/in", "x", 0), DENIED);
    assert_int_equal(xrename("", "x", 0), DENIED);
    assert_int_equal(xrename("d", "no/x", 0), NO_PATH);
    assert_asked("rename=c");
    verdict = NOT_OK;
    assert_int_equal(xrename("d/c", "x", 0), NOT_OK);
    assert_string_equal(xlist("d"), "c");
    verdict = OK;
    assert_int_equal(xrename("d", "D2", 0), OK);
    assert_string_equal(xlist("d2"), "c");
    assert_events("");
    smbkit_node_unref(closed);
    end();
}

static void test_other_shares_are_told(void **state)
{
    void *f;
    begin_full();
    struct vfs_volume *second = serve(tree);
    assert_non_null(second);
    xcreate("f", 0, &f);
    assert_true(vfs_setattr(&op, vol, f, &(struct smbkit_attr){0}, 0));
    xclose(f);
    assert_int_equal(xrename("f", "g", 0), OK);
    assert_int_equal(xunlink("g"), OK);
    assert_events("2+f 2<f 2>g 2-g");
    smbkit_tree_add_bytes(root(), "x", NULL, 0, NULL);
    assert_events("+x 2+x");
    vfs_volume_unref(second);
    end();
}

/* --- loading --- */

static int loads;
static const char *wanted = "a b";

static smbkit_status do_load(struct smbkit_op *o, void *ctx, struct smbkit_node *folder)
{
    char names[64];
    loads++;
    if (verdict != OK)
        return verdict;
    snprintf(names, sizeof(names), "%s", wanted);
    for (char *s = names, *name; *s != '\0';) {
        name = s;
        s += strcspn(s, " ");
        if (*s != '\0')
            *s++ = '\0';
        struct smbkit_node *n;
        smbkit_status status = smbkit_tree_add_bytes(folder, name, NULL, 0, &n);
        assert_true(status == OK || status == TAKEN);
        smbkit_node_unref(n);
    }
    return OK;
}

static smbkit_status do_missing(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                                const char *name)
{
    note("missing", name);
    if (strncmp(name, "q=", 2) == 0)
        return smbkit_tree_add_bytes(folder, name, name + 2, strlen(name) - 2, NULL);
    return verdict;
}

static const struct smbkit_folder_ops load_ops = {
    .struct_size = sizeof(load_ops),
    .load = do_load,
    .missing = do_missing,
};

static void begin_load(uint32_t flags)
{
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec), .name = "lazy", .folder = &load_ops, .flags = flags};
    begin(NULL);
    verdict = OK;
    loads = 0;
    wanted = "a b";
    asked[0] = '\0';
    smbkit_tree_add(root(), &spec, NULL);
    events_clear();
}

static void test_lazy_folder(void **state)
{
    void *f;
    begin_load(0);
    assert_string_equal(xlist(""), "lazy");
    assert_int_equal(loads, 0);
    verdict = NOT_OK;
    assert_string_equal(xlist("lazy"), "STATUS_UNSUCCESSFUL");
    assert_int_equal(xopen("lazy/a", &f), NOT_OK);
    verdict = OK;
    assert_string_equal(xlist("lazy"), "a b");
    assert_string_equal(xlist("lazy"), "a b");
    assert_int_equal(loads, 3);
    assert_events(""); /* nobody has looked into it before */
    assert_asked("");
    assert_int_equal(xopen("lazy/c", &f), MISSING);
    assert_string_equal(xcontent("lazy/q=1"), "1");
    assert_string_equal(xlist_by("lazy", "q=2", 0), "q=2");
    assert_asked("missing=c missing=q=1 missing=q=2");
    assert_events("+lazy/q=1 +lazy/q=2");
    verdict = NOT_OK;
    assert_int_equal(xopen("lazy/d", &f), NOT_OK);
    end();
}

static void test_refreshed_folder(void **state)
{
    void *f;
    begin_load(SMBKIT_NODE_REFRESH);
    struct smbkit_node *lazy = smbkit_node_find(root(), "lazy");
    assert_string_equal(xlist("lazy"), "a b");
    void *b = must_open("lazy/b");
    uint64_t id = op.attr.file_id;
    wanted = "b c";
    assert_string_equal(xlist("lazy"), "b c");
    assert_events("+lazy/c -lazy/a");
    assert_int_equal(xattr(b).file_id, id);
    wanted = "b c d";
    assert_int_equal(xopen("lazy/d", &f), OK);
    xclose(f);
    assert_int_equal(loads, 3);
    assert_events("+lazy/d");
    verdict = NOT_OK; /* what is known stays */
    assert_string_equal(xlist("lazy"), "STATUS_UNSUCCESSFUL");
    verdict = OK;
    wanted = "";
    assert_string_equal(xlist("lazy"), "");
    assert_events("-lazy/b -lazy/c -lazy/d");
    xclose(b);
    smbkit_node_unref(lazy);
    end();
}

/* --- rings, users, names, pictures --- */

static void test_ring(void **state)
{
    struct smbkit_node *ring;
    char name[16];
    begin(NULL);
    assert_int_equal(smbkit_tree_add_ring(root(), "last", 3, &ring), OK);
    smbkit_tree_set_icon(ring, "ico", 3, NULL, 0);
    events_clear();
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof(name), "%d", i);
        smbkit_tree_add_bytes(ring, name, NULL, 0, NULL);
    }
    assert_events("+last/1 +last/2 +last/3 +last/4 -last/1 +last/5 -last/2");
    assert_int_equal(smbkit_node_count(ring), 3);
    assert_string_equal(xlist_by("last", "?", 0), "3 4 5");
    smbkit_node_unref(ring);
    end();
}

static int roots_made;

static struct smbkit_node *pick_root(void *ctx, struct smbkit_tree *t, const char *who)
{
    roots_made++;
    if (strcmp(who, "guest") == 0)
        return NULL;
    struct smbkit_node *n = smbkit_tree_add_root(t, NULL, NULL);
    smbkit_tree_add_bytes(n, who, NULL, 0, NULL);
    return n;
}

static void test_users(void **state)
{
    const struct smbkit_tree_options options = {.struct_size = sizeof(options),
                                                .user_root = pick_root};
    begin(&options);
    roots_made = 0;
    smbkit_tree_add_bytes(root(), "common", NULL, 0, NULL);
    assert_events("");
    user = "alice";
    assert_string_equal(xlist(""), "alice");
    user = "Bob";
    assert_string_equal(xlist(""), "Bob");
    user = "ALICE";
    assert_string_equal(xlist(""), "alice");
    user = "guest";
    assert_string_equal(xlist(""), "common");
    assert_int_equal(roots_made, 3);
    smbkit_tree_add_bytes(root(), "news", NULL, 0, NULL);
    assert_events("guest:+news");
    user = "bob";
    void *f = must_open("bob");
    smbkit_tree_forget_user(tree, "BOB");
    xclose(f);
    assert_string_equal(xlist(""), "bob");
    assert_int_equal(roots_made, 4);
    end();
}

static smbkit_status setup_users(struct smbkit_share *share, const struct smbkit_arg *args,
                                 size_t count, struct smbkit_tree **t)
{
    const struct smbkit_tree_options options = {.struct_size = sizeof(options),
                                                .user_root = pick_root};
    *t = smbkit_tree_new(&options);
    return OK;
}

SMBKIT_TREE_PLUGIN_NAMED(test_users_plugin, setup_users, SMBKIT_THREAD_ASYNC, .name = "users");

static void test_user_roots_need_the_capability(void **state)
{
    char error[VFS_ERROR_TEXT_MAX];
    testmem_install();
    assert_null(vfs_volume_new(&test_users_plugin, "s", NULL, 0, &host.host, error));
    assert_string_equal(error, "users: a tree with user_root needs SMBKIT_CAP_PER_USER");
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

static void test_mapped_names(void **state)
{
    const struct smbkit_tree_options options = {
        .struct_size = sizeof(options), .flags = SMBKIT_TREE_MAP_NAMES, .root = &load_ops};
    char text[64];
    wanted = "";
    verdict = OK;
    begin(&options);
    struct smbkit_node *n;
    assert_int_equal(smbkit_tree_add_bytes(root(), "a:b?.", "x", 1, &n), OK);
    assert_events("+a\xef\x80\xa2"
                  "b\xef\x80\xa5\xef\x80\xa9");
    assert_string_equal(xcontent("A\xef\x80\xa2"
                                 "B\xef\x80\xa5\xef\x80\xa9"),
                        "x");
    smbkit_node_path(n, text, sizeof(text));
    assert_string_equal(text, "a:b?.");
    smbkit_node_unref(n);
    n = smbkit_node_find(root(), "A:B?.");
    assert_non_null(n);
    smbkit_node_unref(n);
    asked[0] = '\0';
    void *f;
    assert_int_equal(xopen("z\xef\x80\xa1\xef\x80\x8d", &f), MISSING);
    assert_asked("missing=z*\r");
    end();
}

static void test_icon(void **state)
{
    struct smbkit_node *d;
    begin(NULL);
    smbkit_tree_add_folder(root(), "d", NULL, NULL, &d);
    events_clear();
    assert_int_equal(smbkit_tree_set_icon(d, "ICO", 3, "ICNS", 4), OK);
    assert_events("+d/folder.ico +d/desktop.ini ~d");
    assert_string_equal(xcontent("d/folder.ico"), "ICO");
    assert_non_null(strstr(xcontent("d/desktop.ini"), "IconResource=folder.ico,0\r\n"));
    void *f = must_open("d");
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_SYSTEM);
    xclose(f);
    f = must_open("d/desktop.ini");
    assert_int_equal(op.attr.attributes, SMBKIT_ATTR_HIDDEN | SMBKIT_ATTR_SYSTEM);
    xclose(f);
    assert_int_equal(smbkit_node_count(d), 0);
    events_clear();
    assert_int_equal(smbkit_tree_set_icon(d, NULL, 0, NULL, 0), OK);
    assert_events("-d/folder.ico -d/desktop.ini ~d");
    assert_int_equal(smbkit_tree_set_icon(root(), NULL, 0, "ICNS", 4), OK);
    assert_string_equal(xlist(""), "d .VolumeIcon.icns ._.");
    f = must_open("._.");
    assert_true(vfs_read(&op, vol, f, 0, 100));
    assert_int_equal(op.data.len, 82);
    assert_int_equal(op.data.data[58], 4);
    xclose(f);
    smbkit_tree_add_bytes(root(), "desktop.ini", "own", 3, NULL);
    assert_int_equal(smbkit_tree_set_icon(root(), "ICO", 3, NULL, 0), TAKEN);
    assert_string_equal(xcontent("desktop.ini"), "own");
    smbkit_node_unref(d);
    end();
}

static void test_deleting_a_folder_with_a_picture(void **state)
{
    void *f;
    begin_full();
    xcreate("d", SMBKIT_ATTR_DIRECTORY, &f);
    xclose(f);
    struct smbkit_node *d = smbkit_node_find(root(), "d");
    smbkit_tree_set_icon(d, "ICO", 3, NULL, 0);
    smbkit_node_unref(d);
    assert_int_equal(xunlink("d/desktop.ini"), DENIED);
    assert_int_equal(xunlink("d"), OK);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients_create),
        cmocka_unit_test(test_clients_remove),
        cmocka_unit_test(test_clients_rename),
        cmocka_unit_test(test_other_shares_are_told),
        cmocka_unit_test(test_lazy_folder),
        cmocka_unit_test(test_refreshed_folder),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_user_roots_need_the_capability),
        cmocka_unit_test(test_mapped_names),
        cmocka_unit_test(test_icon),
        cmocka_unit_test(test_deleting_a_folder_with_a_picture),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
