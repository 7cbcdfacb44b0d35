// SPDX-License-Identifier: Apache-2.0
/*
 * Several threads and somebody on the disk do what they like in the same two folders; in the end
 * the plugin, its index and the disk agree. Run it with a thread sanitizer.
 */
#include "test_bench.h"
#include <dirent.h>

#define THREADS 4
#define STEPS   1500
#define NAMES   6

static struct dirtest tt, *t = &tt;

struct player {
    struct dirtest t;
    pthread_t thread;
    unsigned seed;
};

static unsigned roll(unsigned *seed, unsigned n)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % n;
}

static void pick(unsigned *seed, char path[32])
{
    static const char *const folders[] = {"a", "B", "A", "b"};
    unsigned n = roll(seed, NAMES);
    snprintf(path, 32, "%s/%c%u", folders[roll(seed, 4)], roll(seed, 2) ? 'n' : 'N', n);
}

static void step(struct player *p)
{
    struct dirtest *me = &p->t;
    char path[32], to[32];
    void *f;
    pick(&p->seed, path);
    pick(&p->seed, to);
    unsigned what = roll(&p->seed, 8);
    smbkit_status st = what < 3 ? xcreate(me, path, what == 0 ? SMBKIT_ATTR_DIRECTORY : 0, &f)
                                : xopen(me, path, &f);
    if (st != SMBKIT_STATUS_SUCCESS)
        return;
    if (what >= 6)
        xrename(me, f, to, SMBKIT_RENAME_REPLACE);
    if (what == 5)
        XWAIT(me, vfs_link(&me->op, me->vol, f, to, SMBKIT_RENAME_REPLACE));
    if (what == 4 || what == 7)
        xdelete(me, f);
    else
        xclose(me, f);
    if (roll(&p->seed, 20) == 0)
        (void)listing(me, roll(&p->seed, 2) ? "a" : "b");
}

static void *play(void *ctx)
{
    struct player *p = ctx;
    for (int i = 0; i < STEPS; i++)
        step(p);
    vfs_op_clear(&p->t.op);
    return NULL;
}

/* Somebody without a client. */
static void *meddle(void *ctx)
{
    unsigned seed = 99;
    char a[32], b[32];
    for (int i = 0; i < STEPS; i++) {
        pick(&seed, a);
        pick(&seed, b);
        a[0] |= 0x20;
        b[0] |= 0x20;
        struct dirtest_path from = disk(t, a), to = disk(t, b);
        switch (roll(&seed, 3)) {
        case 0: close(open(from.text, O_CREAT | O_WRONLY, 0666)); break;
        case 1: (void)rename(from.text, to.text); break;
        case 2: (void)remove(from.text); break;
        }
    }
    return NULL;
}

static void compare(const char *folder)
{
    char mine[512], disks[512] = "";
    struct dirent **names;
    snprintf(mine, sizeof(mine), "%s", listing(t, folder));
    int n = scandir(disk(t, folder).text, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(disks);
        if (names[i]->d_name[0] != '.')
            snprintf(disks + len, sizeof(disks) - len, "%s ", names[i]->d_name);
        free(names[i]);
    }
    free(names);
    assert_string_equal(mine, disks);
}

static void test_threads(void **state)
{
    static struct player players[THREADS];
    pthread_t other;
    testmem_install();
    dirtest_init(t);
    assert_true(dirtest_open_volume(t, NULL, 0));
    make(t, "a", SMBKIT_ATTR_DIRECTORY);
    make(t, "b", SMBKIT_ATTR_DIRECTORY);
    assert_int_equal(pthread_create(&other, NULL, meddle, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        players[i] = (struct player){.seed = i, .t = {.vol = t->vol, .queues = &t->host}};
        vfs_op_init(&players[i].t.op, dirtest_done);
        assert_int_equal(pthread_create(&players[i].thread, NULL, play, &players[i]), 0);
    }
    pthread_join(other, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(players[i].thread, NULL);
    compare("a");
    compare("b");
    dirtest_end(t);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
