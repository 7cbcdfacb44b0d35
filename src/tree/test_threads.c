// SPDX-License-Identifier: Apache-2.0
/*
 * Publishing from threads of the plugin while clients look: every change is told, once and in
 * order, and nothing is left behind.
 */
#include "tree/test_tree.h"
#include <stdlib.h>
#include <time.h>

#define THREADS 4
#define FILES   10000

/* What a watching client knows of each file; changed under host.mutex. */
static uint8_t known[THREADS][FILES];
static size_t out_of_order;

enum { ABSENT, PRESENT, CHANGED, GONE };

static void watch(const char *path, uint32_t action)
{
    unsigned thread, number;
    if (sscanf(path, "all/%u-%u", &thread, &number) != 2)
        return;
    uint8_t *is = &known[thread][number];
    bool right = (action == SMBKIT_ACTION_ADDED && *is == ABSENT) ||
                 (action == SMBKIT_ACTION_MODIFIED && *is == PRESENT) ||
                 (action == SMBKIT_ACTION_REMOVED && *is == CHANGED);
    out_of_order += !right;
    *is = (uint8_t)(*is + 1);
}

static struct smbkit_node *all, *ring;
static _Atomic int running;
static size_t per_thread;

static void *push(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    char name[32];
    struct smbkit_node **n = calloc(per_thread, sizeof(struct smbkit_node *));
    for (unsigned i = 0; i < per_thread; i++) {
        snprintf(name, sizeof(name), "%u-%u", me, i);
        if (smbkit_tree_add_bytes(all, name, name, strlen(name), &n[i]) != OK ||
            smbkit_tree_add_bytes(ring, name, NULL, 0, NULL) != OK)
            abort();
    }
    for (unsigned i = 0; i < per_thread; i++)
        if (smbkit_node_set_bytes(n[i], "changed", 7) != OK)
            abort();
    for (unsigned i = 0; i < per_thread; i++) {
        smbkit_node_remove(n[i]);
        smbkit_node_unref(n[i]);
    }
    free(n);
    running--;
    return NULL;
}

/* A client that lists and reads while the others push. */
static size_t look(void)
{
    size_t seen = 0;
    uint64_t cookie = 0;
    char path[64];
    void *dir = must_open("all");
    do {
        const struct smbkit_readdir_args args = {cookie, "*", 100};
        assert_true(vfs_readdir(&op, vol, dir, &args));
        assert_int_equal(op.status, OK);
        size_t count = op.dirent_count;
        bool last = op.dir_end;
        for (size_t i = 0; i < count; i++)
            assert_true(op.dirents[i].next_cookie > cookie);
        path[0] = '\0';
        if (count > 0) {
            cookie = op.dirents[count - 1].next_cookie;
            snprintf(path, sizeof(path), "all/%s", op.dirents[count - 1].name);
        }
        void *f;
        if (path[0] != '\0' && xopen(path, &f) == OK) {
            const char *text = xread(f, 0, 100);
            assert_true(strcmp(text, "changed") == 0 || strcmp(text, path + 4) == 0);
            xclose(f);
        }
        seen += count;
        if (last)
            break;
    } while (true);
    xclose(dir);
    return seen;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(unsigned threads, size_t files)
{
    pthread_t t[THREADS];
    size_t seen = 0;
    begin(NULL);
    event_hook = watch;
    memset(known, 0, sizeof(known));
    out_of_order = 0;
    smbkit_tree_add_folder(root(), "all", NULL, NULL, &all);
    smbkit_tree_add_ring(root(), "ring", 100, &ring);
    events_clear();
    size_t before = testmem_live();
    running = (int)threads;
    per_thread = files;
    double start = seconds();
    for (unsigned i = 0; i < threads; i++)
        pthread_create(&t[i], NULL, push, (void *)(uintptr_t)i);
    while (running > 0)
        seen += look();
    for (unsigned i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    print_message("%zu files of %u threads added, changed, removed in %.3f s; %zu listed\n",
                  files * threads, threads, seconds() - start, seen);
    size_t total = threads * files;
    assert_int_equal(out_of_order, 0);
    for (unsigned i = 0; i < threads; i++)
        for (size_t j = 0; j < files; j++)
            assert_int_equal(known[i][j], GONE);
    assert_int_equal(event_sum[SMBKIT_ACTION_ADDED], 2 * total);
    assert_int_equal(event_sum[SMBKIT_ACTION_MODIFIED], total);
    assert_int_equal(event_sum[SMBKIT_ACTION_REMOVED], 2 * total - 100);
    assert_int_equal(smbkit_node_count(all), 0);
    assert_int_equal(smbkit_node_count(ring), 100);
    smbkit_node_clear(ring);
    vfs_op_clear(&op);
    /* left: the arrays of the two folders */
    assert_true(testmem_live() <= before + 4);
    smbkit_node_unref(all);
    smbkit_node_unref(ring);
    event_hook = NULL;
    end();
}

static void test_one_thread(void **state)
{
    run(1, FILES);
}

static void test_four_threads(void **state)
{
    run(THREADS, FILES / THREADS);
}

/* What a file without content costs: a hundred thousand of them stay below 32 MiB. */
static void test_cost(void **state)
{
    static const struct smbkit_file_ops nothing = {.struct_size = sizeof(nothing)};
    char name[32];
    begin(NULL);
    size_t before = testmem_live_bytes();
    double start = seconds();
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "file number %u", i);
        assert_int_equal(smbkit_tree_add_file(root(), name, &nothing, NULL, NULL), OK);
    }
    size_t each = (testmem_live_bytes() - before) / 100000;
    print_message("100000 files in %.3f s, %zu bytes each\n", seconds() - start, each);
    assert_true(each < 320);
    start = seconds();
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "FILE number %u", i);
        struct smbkit_node *n = smbkit_node_find(root(), name);
        assert_non_null(n);
        smbkit_node_remove(n);
        smbkit_node_unref(n);
    }
    print_message("found and removed in %.3f s\n", seconds() - start);
    end();
}

/* --- loading is done by one thread at a time --- */

static _Atomic int loading, load_calls;

static smbkit_status slow_load(struct smbkit_op *o, void *ctx, struct smbkit_node *folder)
{
    if (loading++ != 0)
        abort();
    load_calls++;
    smbkit_status status = smbkit_tree_add_bytes(folder, "a", NULL, 0, NULL);
    loading--;
    return status == TAKEN ? OK : status;
}

static const struct smbkit_folder_ops load_ops = {.struct_size = sizeof(load_ops),
                                                  .load = slow_load};

static void *open_often(void *arg)
{
    struct vfs_op mine;
    vfs_op_init(&mine, NULL);
    for (int i = 0; i < 200; i++) {
        const struct smbkit_open_args args = {.path = i % 2 ? "lazy/a" : "lazy/b"};
        if (!vfs_open(&mine, vol, &args))
            abort();
        if (mine.status == OK) {
            void *f = mine.opened;
            if (!vfs_close(&mine, vol, f))
                abort();
        }
    }
    vfs_op_clear(&mine);
    return NULL;
}

static void test_loading(void **state)
{
    pthread_t t[THREADS];
    const struct smbkit_node_spec spec = {.struct_size = sizeof(spec),
                                          .name = "lazy",
                                          .folder = &load_ops,
                                          .flags = SMBKIT_NODE_REFRESH};
    begin(NULL);
    smbkit_tree_add(root(), &spec, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, open_often, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_true(load_calls >= 100);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thread),
        cmocka_unit_test(test_four_threads),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_loading),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
