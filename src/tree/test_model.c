// SPDX-License-Identifier: Apache-2.0
/*
 * Published trees against a naive model: random steps of the plugin and of clients with predicted
 * statuses, a mirror that is kept from notifications alone, and every allocation that can fail.
 */
#include "base/testrand.h"
#include "tree/test_tree.h"
#include <strings.h>

/* --- the model: a list of paths --- */

#define ITEMS_MAX 256

struct item {
    char path[40];
    bool dir;
};

struct model {
    struct item items[ITEMS_MAX];
    size_t count;
};

static struct model model, mirror;
static smbkit_status verdict;

static struct item *find(struct model *m, const char *path)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcasecmp(m->items[i].path, path) == 0)
            return &m->items[i];
    return NULL;
}

/* Is `path` below `top`? */
static bool below(const char *path, const char *top)
{
    size_t len = strlen(top);
    return strncasecmp(path, top, len) == 0 && path[len] == '/';
}

static void model_add(struct model *m, const char *path, bool dir)
{
    assert_null(find(m, path));
    assert_true(m->count < ITEMS_MAX);
    snprintf(m->items[m->count].path, sizeof(m->items[0].path), "%s", path);
    m->items[m->count++].dir = dir;
}

static void model_remove(struct model *m, const char *path)
{
    char top[40];
    snprintf(top, sizeof(top), "%s", path);
    assert_non_null(find(m, top));
    for (size_t i = 0; i < m->count;)
        if (strcasecmp(m->items[i].path, top) == 0 || below(m->items[i].path, top))
            m->items[i] = m->items[--m->count];
        else
            i++;
}

static void model_rename(struct model *m, const char *path, const char *to)
{
    char from[40], moved[80];
    snprintf(from, sizeof(from), "%s", path);
    assert_non_null(find(m, from));
    for (size_t i = 0; i < m->count; i++) {
        char *p = m->items[i].path;
        if (strcasecmp(p, from) != 0 && !below(p, from))
            continue;
        snprintf(moved, sizeof(moved), "%s%s", to, p + strlen(from));
        memcpy(p, moved, sizeof(m->items[i].path));
    }
}

static bool full_dir(struct model *m, const char *path)
{
    for (size_t i = 0; i < m->count; i++)
        if (below(m->items[i].path, path))
            return true;
    return false;
}

/* The spelling that the parent has in the model, with the last component as it is. False: there is
   no such folder. */
static bool spell(struct model *m, const char *path, char dst[40])
{
    const char *slash = strrchr(path, '/');
    char parent[40];
    if (slash == NULL) {
        snprintf(dst, 40, "%s", path);
        return true;
    }
    snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
    const struct item *it = find(m, parent);
    if (it == NULL || !it->dir)
        return false;
    snprintf(dst, 40, "%.30s/%.8s", it->path, slash + 1);
    return true;
}

/* --- the mirror, as a client would keep it --- */

static char renamed_from[40];
static unsigned modified;

static void mirror_event(const char *path, uint32_t action)
{
    const struct item *it;
    if (renamed_from[0] != '\0')
        assert_int_equal(action, SMBKIT_ACTION_RENAMED_NEW);
    switch (action) {
    case SMBKIT_ACTION_ADDED:
        it = find(&model, path);
        assert_non_null(it);
        model_add(&mirror, path, it->dir);
        /* who sees a folder come lists it: one that was moved here is not empty */
        for (size_t i = 0; i < model.count; i++)
            if (below(model.items[i].path, path))
                model_add(&mirror, model.items[i].path, model.items[i].dir);
        break;
    case SMBKIT_ACTION_REMOVED: model_remove(&mirror, path); break;
    case SMBKIT_ACTION_MODIFIED:
        assert_non_null(find(&mirror, path));
        modified++;
        break;
    case SMBKIT_ACTION_RENAMED_OLD: snprintf(renamed_from, sizeof(renamed_from), "%s", path); break;
    case SMBKIT_ACTION_RENAMED_NEW:
        model_rename(&mirror, renamed_from, path);
        renamed_from[0] = '\0';
        break;
    default: fail();
    }
}

/* --- the plugin: everything is allowed --- */

static const struct smbkit_folder_ops all_ops;

static smbkit_status yes_file(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                              struct smbkit_node_spec *spec)
{
    return verdict;
}

static smbkit_status yes_folder(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                                struct smbkit_node_spec *spec)
{
    spec->folder = &all_ops;
    return verdict;
}

static smbkit_status yes_rename(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                                const struct smbkit_rename *r)
{
    return verdict;
}

static smbkit_status yes_remove(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                                struct smbkit_node *child)
{
    return verdict;
}

static const struct smbkit_folder_ops all_ops = {
    .struct_size = sizeof(all_ops),
    .create_file = yes_file,
    .create_folder = yes_folder,
    .rename = yes_rename,
    .remove = yes_remove,
};

/* --- steps --- */

static struct testrand rnd;

static void random_path(char path[40])
{
    static const char names[] = "aAbBcCdD";
    size_t n = 0, depth = 1 + testrand_below(&rnd, 3);
    for (size_t i = 0; i < depth; i++) {
        if (i > 0)
            path[n++] = '/';
        path[n++] = names[testrand_below(&rnd, 8)];
    }
    path[n] = '\0';
}

static struct smbkit_node *parent_node(const char *path)
{
    char parent[40];
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof(parent), "%.*s", slash != NULL ? (int)(slash - path) : 0, path);
    return smbkit_node_find(root(), parent);
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void push_add(const char *path)
{
    char name[40];
    bool dir = testrand_below(&rnd, 2) == 0, room = spell(&model, path, name);
    struct smbkit_node *parent = parent_node(path);
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec),
        .name = base(path),
        .folder = dir ? &all_ops : NULL,
    };
    if (parent == NULL)
        assert_false(room);
    else if (!smbkit_node_is_folder(parent))
        assert_int_equal(smbkit_tree_add(parent, &spec, NULL), SMBKIT_STATUS_NOT_A_DIRECTORY);
    else if (find(&model, path) != NULL)
        assert_int_equal(smbkit_tree_add(parent, &spec, NULL), TAKEN);
    else {
        model_add(&model, name, dir);
        assert_int_equal(smbkit_tree_add(parent, &spec, NULL), OK);
    }
    smbkit_node_unref(parent);
}

static void push_remove(const char *path)
{
    struct smbkit_node *n = smbkit_node_find(root(), path);
    assert_int_equal(n != NULL, find(&model, path) != NULL);
    if (n == NULL)
        return;
    smbkit_node_update(n);
    model_remove(&model, path);
    smbkit_node_remove(n);
    smbkit_node_unref(n);
}

static void push_rename(const char *path)
{
    char to[40], name[40];
    random_path(to);
    struct smbkit_node *n = smbkit_node_find(root(), path), *parent = parent_node(to);
    smbkit_status wanted = OK;
    if (n == NULL || parent == NULL)
        wanted = NOT_OK;
    else if (!smbkit_node_is_folder(parent))
        wanted = SMBKIT_STATUS_NOT_A_DIRECTORY;
    else if (below(to, path))
        wanted = BAD_ARG;
    else if (find(&model, to) != NULL && strcasecmp(path, to) != 0)
        wanted = TAKEN;
    if (wanted != NOT_OK) {
        if (wanted == OK) {
            assert_true(spell(&model, to, name));
            model_rename(&model, path, name);
        }
        assert_int_equal(smbkit_node_rename(n, parent, base(to)), wanted);
    }
    smbkit_node_unref(n);
    smbkit_node_unref(parent);
}

/* Clients hear of their own changes from the core: the mirror is changed here. */
static void client_create(const char *path)
{
    char name[40];
    void *f;
    bool dir = testrand_below(&rnd, 2) == 0;
    smbkit_status wanted = !spell(&model, path, name) ? NO_PATH : find(&model, path) ? TAKEN : OK;
    assert_int_equal(xcreate(path, dir ? SMBKIT_ATTR_DIRECTORY : 0, &f), wanted);
    if (wanted != OK)
        return;
    model_add(&model, name, dir);
    model_add(&mirror, name, dir);
    xclose(f);
}

static void client_delete(const char *path)
{
    char name[40];
    smbkit_status wanted = !spell(&model, path, name)   ? NO_PATH
                           : find(&model, path) == NULL ? MISSING
                           : full_dir(&model, path)     ? SMBKIT_STATUS_DIRECTORY_NOT_EMPTY
                                                        : OK;
    assert_int_equal(xunlink(path), wanted);
    if (wanted != OK)
        return;
    model_remove(&model, path);
    model_remove(&mirror, path);
}

static void client_rename(const char *path)
{
    char from_name[40], to[40], name[40];
    random_path(to);
    bool replace = testrand_below(&rnd, 2) == 0;
    const struct item *from = find(&model, path), *target = find(&model, to);
    smbkit_status wanted = OK;
    if (from == NULL)
        wanted = spell(&model, path, from_name) ? MISSING : NO_PATH;
    else if (!spell(&model, to, name))
        wanted = NO_PATH;
    else if (target != NULL && target != from && (target->dir || !replace))
        wanted = TAKEN;
    else if (below(to, path))
        wanted = BAD_ARG;
    assert_int_equal(xrename(path, to, replace ? SMBKIT_RENAME_REPLACE : 0), wanted);
    if (wanted != OK)
        return;
    if (target != NULL && target != from) {
        model_remove(&model, to);
        model_remove(&mirror, to);
    }
    model_rename(&model, path, name);
    model_rename(&mirror, path, name);
}

/* --- comparing --- */

static void compare(void)
{
    size_t shown = smbkit_node_count(root());
    char path[40];
    assert_int_equal(model.count, mirror.count);
    for (size_t i = 0; i < model.count; i++) {
        const struct item *it = &model.items[i];
        const struct item *seen = find(&mirror, it->path);
        assert_non_null(seen);
        assert_string_equal(seen->path, it->path);
        struct smbkit_node *n = smbkit_node_find(root(), it->path);
        assert_non_null(n);
        assert_int_equal(smbkit_node_is_folder(n), it->dir);
        smbkit_node_path(n, path, sizeof(path));
        assert_string_equal(path, it->path);
        shown += smbkit_node_count(n);
        smbkit_node_unref(n);
    }
    assert_int_equal(shown, model.count);
}

static void run_model(uint64_t seed, unsigned steps)
{
    static void (*const moves[])(const char *path) = {
        push_add, push_add, push_remove, push_rename, client_create, client_delete, client_rename,
    };
    const struct smbkit_tree_options options = {.struct_size = sizeof(options), .root = &all_ops};
    verdict = OK;
    model.count = mirror.count = 0;
    begin(&options);
    event_hook = mirror_event;
    rnd.state = seed;
    for (unsigned i = 0; i < steps; i++) {
        char path[40];
        random_path(path);
        moves[testrand_below(&rnd, ARRAY_LEN(moves))](path);
        if (i % 16 == 0)
            compare();
    }
    compare();
    smbkit_node_clear(root());
    assert_int_equal(mirror.count, 0);
    event_hook = NULL;
    end();
}

static void test_model(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        run_model(seed, 3000);
    assert_true(modified > 1000);
}

/* --- memory that is out --- */

static smbkit_status give(struct smbkit_op *o, void *ctx, void **data, size_t *size)
{
    *data = smbkit_alloc(4);
    *size = 4;
    return *data != NULL ? OK : NO_ROOM;
}

static smbkit_status take(struct smbkit_op *o, void *ctx, const void *data, size_t size)
{
    return OK;
}

static const struct smbkit_file_ops doc_ops = {
    .struct_size = sizeof(doc_ops), .get = give, .put = take};

static struct smbkit_node *any_root(void *ctx, struct smbkit_tree *t, const char *who)
{
    return smbkit_tree_add_root(t, &all_ops, NULL);
}

static void push_things(void)
{
    struct smbkit_node *a = NULL, *f = NULL;
    smbkit_tree_add_folder(root(), "a", &all_ops, NULL, &a);
    if (a != NULL) {
        smbkit_tree_add_bytes(a, "f", "bytes", 5, &f);
        smbkit_tree_set_icon(a, "ICO", 3, NULL, 0);
    }
    if (f != NULL) {
        smbkit_node_set_bytes(f, "more bytes", 10);
        smbkit_node_rename(f, root(), "moved");
    }
    smbkit_tree_add_file(root(), "doc", &doc_ops, NULL, NULL);
    smbkit_node_unref(a);
    smbkit_node_unref(f);
}

static void use_things(void)
{
    void *f;
    xlist("");
    xcontent("moved");
    if (xopen_for("doc", SMBKIT_ACCESS_WRITE, &f) == OK) {
        xwrite(f, 0, "some more than four");
        xclose(f);
    }
    if (xcreate("new", 0, &f) == OK)
        xclose(f);
    if (xcreate("A/dir", SMBKIT_ATTR_DIRECTORY, &f) == OK)
        xclose(f);
    xrename("new", "newer", 0);
    xrename("newer", "a/moved", 0);
    xunlink("a/moved");
}

static void scenario(bool users)
{
    const struct smbkit_tree_options options = {
        .struct_size = sizeof(options),
        .root = &all_ops,
        .user_root = users ? any_root : NULL,
    };
    tree = smbkit_tree_new(&options);
    if (tree == NULL)
        return;
    vol = serve(tree);
    push_things();
    if (vol != NULL) {
        vfs_op_init(&op, on_done);
        use_things();
        vfs_op_clear(&op);
        vfs_volume_unref(vol);
    }
    smbkit_tree_unref(tree);
}

static void fail_each(bool users)
{
    size_t n = 1;
    testmem_install();
    host.host.changed = on_changed;
    verdict = OK;
    for (testmem_fail_nth(n); scenario(users), testmem_failed() > 0; testmem_fail_nth(++n))
        assert_int_equal(testmem_live(), 0);
    assert_true(n > 40);
    for (uint64_t seed = 1; seed <= 100; seed++) {
        testmem_fail_share(100, seed);
        scenario(users);
        assert_int_equal(testmem_live(), 0);
    }
    testmem_remove();
    events_clear();
}

static void test_memory_out(void **state)
{
    fail_each(false);
    fail_each(true);
}

/* What has been agreed with the plugin happens, even if no memory can be had afterwards. */
static smbkit_status last_memory(struct smbkit_op *o, void *ctx, struct smbkit_node *folder,
                                 const struct smbkit_rename *r)
{
    testmem_fail_from(1);
    return OK;
}

static void test_agreed_is_done(void **state)
{
    static const struct smbkit_folder_ops ops = {.struct_size = sizeof(ops), .rename = last_memory};
    const struct smbkit_tree_options options = {.struct_size = sizeof(options), .root = &ops};
    begin(&options);
    smbkit_tree_add_bytes(root(), "a", "x", 1, NULL);
    assert_int_equal(xrename("a", "b", 0), OK);
    testmem_fail_none();
    assert_string_equal(xlist(""), "b");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_memory_out),
        cmocka_unit_test(test_agreed_is_done),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
