// SPDX-License-Identifier: Apache-2.0
/* Published trees: publishing and telling, listings that go on, the life of a tree. */
#include "tree/test_store.h"

/* --- publishing and telling --- */

static void test_bytes(void **state)
{
    void *f;
    begin(NULL);
    assert_int_equal(smbkit_tree_add_bytes(root(), "Hello.txt", "Hello!", 6, NULL), OK);
    assert_int_equal(smbkit_tree_add_bytes(root(), "empty", NULL, 0, NULL), OK);
    assert_string_equal(xlist(""), "Hello.txt empty");
    assert_string_equal(xcontent("hello.TXT"), "Hello!");
    assert_string_equal(xcontent("empty"), "");
    f = must_open("HELLO.TXT");
    assert_string_equal(op.true_path, "Hello.txt");
    assert_string_equal(xread(f, 3, 2), "lo");
    assert_string_equal(xread(f, 6, 10), "");
    assert_string_equal(xread(f, UINT64_MAX, 10), "");
    struct smbkit_attr a = xattr(f);
    assert_int_equal(a.size, 6);
    assert_int_equal(a.write_time, TESTHOST_TIME);
    assert_int_equal(xwrite(f, 0, "x"), DENIED);
    assert_int_equal(xdelete(f), DENIED);
    assert_int_equal(xopen_for("Hello.txt", SMBKIT_ACCESS_WRITE, &f), DENIED);
    /* who asks for all there is gets what there is */
    assert_int_equal(xopen_for("Hello.txt", 0x001f01ff, &f), OK);
    xclose(f);
    assert_int_equal(xopen("nothing", &f), MISSING);
    assert_int_equal(xopen("nothing/more", &f), NO_PATH);
    assert_int_equal(xopen("hello.txt/more", &f), NO_PATH);
    assert_int_equal(xcreate("new", 0, &f), DENIED);
    assert_int_equal(xcreate("empty", 0, &f), TAKEN);
    assert_int_equal(xrename("empty", "other", 0), DENIED);
    assert_true(vfs_statfs(&op, vol));
    assert_string_equal(op.statfs.label, "share");
    end();
}

static void test_changes_are_told(void **state)
{
    struct smbkit_node *a, *b, *f, *g;
    begin(NULL);
    assert_int_equal(smbkit_tree_add_folder(root(), "a", NULL, NULL, &a), OK);
    assert_int_equal(smbkit_tree_add_folder(a, "b", NULL, NULL, &b), OK);
    assert_int_equal(smbkit_tree_add_bytes(b, "f", "1", 1, &f), OK);
    assert_events("+a +a/b +a/b/f");
    assert_int_equal(smbkit_node_set_bytes(f, "22", 2), OK);
    smbkit_node_update(f);
    smbkit_node_set_info(f, &(struct smbkit_attr){.attributes = SMBKIT_ATTR_HIDDEN},
                         SMBKIT_SET_ATTRIBUTES);
    assert_events("~a/b/f ~a/b/f ~a/b/f");
    assert_string_equal(xcontent("a/b/f"), "22");
    assert_int_equal(smbkit_node_rename(f, NULL, "F2"), OK);
    assert_events("<a/b/f >a/b/F2");
    assert_int_equal(smbkit_node_rename(f, NULL, "f2"), OK);
    assert_events("<a/b/F2 >a/b/f2");
    assert_int_equal(smbkit_node_rename(f, root(), "top"), OK);
    assert_events("-a/b/f2 +top");
    assert_int_equal(smbkit_node_rename(a, b, "loop"), BAD_ARG);
    assert_int_equal(smbkit_node_rename(a, f, "x"), SMBKIT_STATUS_NOT_A_DIRECTORY);
    assert_int_equal(smbkit_node_rename(a, NULL, "TOP"), TAKEN);
    assert_int_equal(smbkit_node_rename(root(), a, "x"), SMBKIT_STATUS_CANNOT_DELETE);
    assert_int_equal(smbkit_node_rename(f, a, "f"), OK);
    assert_events("-top +a/f");
    smbkit_node_remove(a); /* as if a client deleted it: leaves first */
    assert_events("-a/b -a/f -a");
    smbkit_node_remove(a);
    smbkit_node_update(f);
    assert_events("");
    assert_int_equal(smbkit_tree_add_bytes(a, "late", NULL, 0, &g), NO_PATH);
    assert_null(g);
    assert_int_equal(smbkit_node_rename(f, root(), "back"), NO_PATH);
    assert_string_equal(xlist(""), "");
    smbkit_node_unref(a);
    smbkit_node_unref(b);
    smbkit_node_unref(f);
    end();
}

static void test_adding_fails(void **state)
{
    struct smbkit_node *f, *g;
    const struct smbkit_file_ops no_size = {0};
    struct smbkit_node_spec spec = {.struct_size = sizeof(spec), .name = "f"};
    begin(NULL);
    assert_int_equal(smbkit_tree_add(root(), &spec, &f), OK);
    assert_int_equal(smbkit_tree_add_folder(root(), "F", NULL, NULL, &g), TAKEN);
    assert_ptr_equal(f, g);
    smbkit_node_unref(g);
    assert_int_equal(smbkit_tree_add_bytes(f, "x", NULL, 0, NULL), SMBKIT_STATUS_NOT_A_DIRECTORY);
    static const char *const bad[] = {"", ".", "..", "a/b", "a:b", "x?", "a\\b", "\x01", "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(smbkit_tree_add_bytes(root(), bad[i], NULL, 0, NULL), BAD_NAME);
    assert_int_equal(smbkit_tree_add(root(), NULL, NULL), BAD_ARG);
    assert_int_equal(smbkit_tree_add(NULL, &spec, NULL), BAD_ARG);
    spec.name = "g";
    spec.file = &no_size;
    assert_int_equal(smbkit_tree_add(root(), &spec, NULL), BAD_ARG);
    spec = (struct smbkit_node_spec){.name = "g"};
    assert_int_equal(smbkit_tree_add(root(), &spec, NULL), BAD_ARG);
    spec.struct_size = sizeof(spec);
    spec.data_size = 1;
    assert_int_equal(smbkit_tree_add(root(), &spec, NULL), BAD_ARG);
    assert_int_equal(smbkit_node_set_bytes(root(), "x", 1), SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    assert_events("+f");
    spec = (struct smbkit_node_spec){.struct_size = sizeof(spec), .name = "F"};
    spec.flags = SMBKIT_NODE_REPLACE;
    assert_int_equal(smbkit_tree_add(root(), &spec, &g), OK);
    assert_events("-f +F");
    assert_true(smbkit_node_id(f) != smbkit_node_id(g));
    smbkit_node_unref(f);
    smbkit_node_unref(g);
    end();
}

static void test_asking(void **state)
{
    struct smbkit_node *a, *f, *g;
    char text[16];
    begin(NULL);
    smbkit_tree_add_folder(root(), "folder", NULL, &text, &a);
    smbkit_tree_add_bytes(a, "file", "x", 1, &f);
    assert_ptr_equal(smbkit_node_ctx(a), &text);
    assert_int_equal(smbkit_node_path(f, text, sizeof(text)), 11);
    assert_string_equal(text, "folder/file");
    assert_int_equal(smbkit_node_path(f, text, 12), 11);
    assert_int_equal(smbkit_node_path(f, text, 11), SIZE_MAX);
    assert_string_equal(text, "");
    assert_int_equal(smbkit_node_name(f, text, 5), 4);
    assert_string_equal(text, "file");
    assert_int_equal(smbkit_node_name(f, text, 4), SIZE_MAX);
    assert_int_equal(smbkit_node_path(root(), text, sizeof(text)), 0);
    assert_int_equal(smbkit_node_count(root()), 1);
    assert_int_equal(smbkit_node_count(f), 0);
    assert_true(smbkit_node_is_folder(a) && !smbkit_node_is_folder(f));
    g = smbkit_node_find(root(), "FOLDER/FILE");
    assert_ptr_equal(f, g);
    smbkit_node_unref(g);
    assert_null(smbkit_node_find(root(), "folder/no"));
    assert_null(smbkit_node_find(root(), "folder/file/no"));
    smbkit_node_clear(root());
    assert_int_equal(smbkit_node_path(f, text, sizeof(text)), SIZE_MAX);
    assert_int_equal(smbkit_node_name(f, text, sizeof(text)), SIZE_MAX);
    smbkit_node_unref(a);
    smbkit_node_unref(f);
    end();
}

/* --- listings that go on --- */

static void test_listing_goes_on(void **state)
{
    struct smbkit_node *n[20];
    char name[8];
    begin(NULL);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "%02d", i);
        smbkit_tree_add_bytes(root(), name, NULL, 0, &n[i]);
    }
    assert_string_equal(xlist_by("", "*", 3),
                        "00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19");
    assert_string_equal(xlist_by("", "?5", 1), "05 15");
    assert_string_equal(xlist_by("", "05", 0), "05");
    void *f = must_open("");
    assert_true(vfs_readdir(&op, vol, f, &(struct smbkit_readdir_args){0, "*", 5}));
    uint64_t cookie = op.dirents[4].next_cookie;
    assert_false(op.dir_end);
    for (int i = 0; i < 18; i += 2) /* also what the cookie stands for */
        smbkit_node_remove(n[i]);
    for (int i = 0; i < 40; i++) { /* so that gaps are squeezed out */
        snprintf(name, sizeof(name), "x%02d", i);
        smbkit_tree_add_bytes(root(), name, NULL, 0, NULL);
    }
    assert_true(vfs_readdir(&op, vol, f, &(struct smbkit_readdir_args){cookie, "*", 9}));
    static const char *const rest[] = {"05", "07", "09", "11", "13", "15", "17", "18", "19"};
    assert_int_equal(op.dirent_count, 9);
    for (size_t i = 0; i < 9; i++)
        assert_string_equal(op.dirents[i].name, rest[i]);
    xclose(f);
    for (int i = 0; i < 20; i++)
        smbkit_node_unref(n[i]);
    end();
}

/* --- the tree's own life --- */

static int stops, tree_releases;
static struct smbkit_tree *stopping;

static void on_stop(void *ctx)
{
    stops++;
    smbkit_tree_add_bytes(smbkit_tree_root(stopping), "last words", NULL, 0, NULL);
}

static void on_tree_release(void *ctx)
{
    assert_int_equal(releases, 1);
    tree_releases++;
}

static void on_space(void *ctx, struct smbkit_statfs *st)
{
    st->total_bytes = 100;
    st->free_bytes = 50;
    st->label = "disk";
}

static void test_life(void **state)
{
    struct smbkit_tree_options options = {.struct_size = sizeof(options),
                                          .stop = on_stop,
                                          .release = on_tree_release,
                                          .space = on_space};
    struct smbkit_node *n;
    void *f;
    begin(&options);
    reset_store("");
    stops = tree_releases = 0;
    stopping = tree;
    smbkit_tree_add_file(root(), "f", &file_ops, store, &n);
    f = must_open("f");
    assert_true(vfs_statfs(&op, vol));
    assert_int_equal(op.statfs.free_bytes, 50);
    assert_string_equal(op.statfs.label, "disk");
    smbkit_tree_unref(tree);
    assert_int_equal(stops, 0);
    xclose(f);
    vfs_volume_unref(vol);
    assert_int_equal(stops, 1);
    assert_int_equal(tree_releases, 0); /* the node is still held */
    smbkit_node_update(n);
    smbkit_node_remove(n);
    smbkit_node_unref(n);
    assert_int_equal(tree_releases, 1);
    vfs_op_clear(&op);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    options.struct_size = 1;
    assert_null(smbkit_tree_new(&options));
    smbkit_tree_unref(NULL);
    smbkit_node_unref(NULL);
    /* a tree that no share ever served takes its times from the clock */
    tree = smbkit_tree_new(NULL);
    smbkit_tree_add_bytes(root(), "x", NULL, 0, NULL);
    smbkit_tree_unref(tree);
}

static smbkit_status setup_says;

static smbkit_status setup_tree(struct smbkit_share *share, const struct smbkit_arg *args,
                                size_t count, struct smbkit_tree **t)
{
    assert_string_equal(smbkit_arg_text(args, count, "colour"), "red");
    assert_string_equal(smbkit_arg_text(args, count, "shape"), "");
    *t = smbkit_tree_new(NULL);
    if (setup_says != OK)
        smbkit_error(share, "not today");
    return setup_says;
}

static const struct smbkit_param setup_params[] = {
    {.name = "colour", .type = SMBKIT_PARAM_STRING, .default_value = "red", .text = "its colour"},
    {.name = NULL},
};

SMBKIT_TREE_PLUGIN_NAMED(test_plugin, setup_tree, SMBKIT_THREAD_SERIAL, .name = "test",
                         .version = "1", .summary = "a test", .params = setup_params);

static void test_plugin_macro(void **state)
{
    char error[VFS_ERROR_TEXT_MAX];
    testmem_install();
    setup_says = OK;
    struct vfs_volume *v = vfs_volume_new(&test_plugin, "s", NULL, 0, &host.host, error);
    assert_non_null(v);
    assert_int_equal(vfs_volume_thread_model(v), SMBKIT_THREAD_SERIAL);
    vfs_volume_unref(v);
    setup_says = NOT_OK;
    assert_null(vfs_volume_new(&test_plugin, "s", NULL, 0, &host.host, error));
    assert_string_equal(error, "test: not today");
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),           cmocka_unit_test(test_changes_are_told),
        cmocka_unit_test(test_adding_fails),    cmocka_unit_test(test_asking),
        cmocka_unit_test(test_listing_goes_on), cmocka_unit_test(test_life),
        cmocka_unit_test(test_plugin_macro),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
