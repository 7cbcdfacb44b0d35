// SPDX-License-Identifier: Apache-2.0
/* The memory plugin: random operations against a naive model. */
#include "test_memory.h"
#include <stdlib.h>
#include <strings.h>

#define NAMES_MAX 64
#define PATH_SIZE 512
#define FILE_MAX  (5 * CHUNK)

struct mfile {
    bool dir;
    int links;
    size_t size;
    uint8_t data[FILE_MAX];
};

static struct mname {
    char path[PATH_SIZE];
    struct mfile *f;
} names[NAMES_MAX];
static int names_n;
static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % below;
}

static int m_find(const char *path)
{
    for (int i = 0; i < names_n; i++)
        if (strcasecmp(names[i].path, path) == 0)
            return i;
    return -1;
}

/* Does the folder that `path` lies in exist? */
static bool m_parent(const char *path)
{
    char dir[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return true;
    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
    int i = m_find(dir);
    return i >= 0 && names[i].f->dir;
}

static bool m_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncasecmp(path, dir, n) == 0 && path[n] == '/';
}

static bool m_empty(const char *dir)
{
    for (int i = 0; i < names_n; i++)
        if (m_below(names[i].path, dir))
            return false;
    return true;
}

static void m_drop(int i)
{
    if (--names[i].f->links == 0)
        free(names[i].f);
    names[i] = names[--names_n];
}

static void random_path(char path[PATH_SIZE])
{
    static const char *const parts[] = {"a", "B", "cc", "Dd", "eE", "a much longer name than that"};
    int depth = 1 + (int)rnd(3);
    path[0] = '\0';
    for (int k = 0; k < depth; k++) {
        size_t at = strlen(path);
        snprintf(path + at, PATH_SIZE - at, "%s%s", k > 0 ? "/" : "", parts[rnd(k == 0 ? 6 : 3)]);
    }
    for (char *p = path; *p != '\0'; p++)
        if (*p >= 'a' && *p <= 'z' && rnd(4) == 0)
            *p = (char)(*p - 32);
}

/* A path that exists, when there is one. */
static void old_path(char path[PATH_SIZE])
{
    random_path(path);
    if (names_n > 0)
        snprintf(path, PATH_SIZE, "%s", names[rnd((uint32_t)names_n)].path);
}

/* Adds the spelling that the parent has, since listings show that. */
static void m_add(const char *path, struct mfile *f)
{
    struct mname *m = &names[names_n++];
    const char *slash = strrchr(path, '/');
    snprintf(m->path, sizeof(m->path), "%s", path);
    if (slash != NULL) {
        char dir[PATH_SIZE];
        snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
        memcpy(m->path, names[m_find(dir)].path, strlen(dir));
    }
    m->f = f;
}

static void step_create(bool dir)
{
    char path[PATH_SIZE];
    void *f;
    random_path(path);
    if (names_n == NAMES_MAX)
        return;
    smbkit_status want = !m_parent(path)     ? SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND
                         : m_find(path) >= 0 ? SMBKIT_STATUS_OBJECT_NAME_COLLISION
                                             : OK;
    assert_int_equal(xcreate(path, dir ? DIR : 0, &f), want);
    if (want != OK)
        return;
    xclose(f);
    struct mfile *m = calloc(1, sizeof(*m));
    m->dir = dir;
    m->links = 1;
    m_add(path, m);
}

static void step_delete(void)
{
    char path[PATH_SIZE];
    old_path(path);
    int i = m_find(path);
    if (i < 0)
        return;
    void *f = must_open(path);
    bool ok = !names[i].f->dir || m_empty(path);
    assert_int_equal(xunlink(f), ok ? OK : SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    xclose(f);
    if (ok)
        m_drop(i);
}

static void step_data(void)
{
    static uint8_t block[2 * CHUNK + 100];
    char path[PATH_SIZE];
    old_path(path);
    int i = m_find(path);
    if (i < 0 || names[i].f->dir)
        return;
    struct mfile *m = names[i].f;
    void *f = must_open(path);
    size_t at = rnd(3) == 0 ? rnd(FILE_MAX) : rnd(1000), n = rnd(rnd(2) ? 2 * CHUNK + 100 : 300);
    if (at + n > FILE_MAX)
        n = FILE_MAX - at;
    switch (rnd(4)) {
    case 0:
    case 1:
        memset(block, (int)rnd(256), n);
        assert_int_equal(xwrite(f, at, block, n), OK);
        memcpy(m->data + at, block, n);
        if (n > 0 && at + n > m->size)
            m->size = at + n;
        break;
    case 2:
        assert_true(vfs_set_size(&op, vol, f, at));
        if (at < m->size)
            memset(m->data + at, 0, m->size - at);
        m->size = at;
        break;
    default:
        assert_true(vfs_zero_range(&op, vol, f, at, n));
        if (at < m->size)
            memset(m->data + at, 0, at + n > m->size ? m->size - at : n);
        break;
    }
    assert_int_equal(op.attr.size, m->size);
    xclose(f);
}

static void step_rename(bool link)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    old_path(from);
    random_path(to);
    int i = m_find(from), t = m_find(to);
    bool replace = rnd(2);
    if (i < 0 || (link && (names[i].f->dir || names_n == NAMES_MAX)))
        return;
    bool self = t >= 0 && t == i && !link;
    if (link && t >= 0 && names[t].f == names[i].f) /* tested elsewhere */
        return;
    bool inside = names[i].f->dir && m_below(to, from);
    smbkit_status want = OK;
    if (!m_parent(to))
        want = SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    else if (t >= 0 && !self && (names[t].f->dir || !replace))
        want = SMBKIT_STATUS_OBJECT_NAME_COLLISION;
    else if (inside)
        want = SMBKIT_STATUS_INVALID_PARAMETER;
    void *f = must_open(from);
    uint32_t flags = replace ? SMBKIT_RENAME_REPLACE : 0;
    assert_int_equal(link ? xlink(f, to, flags) : xrename(f, to, flags), want);
    xclose(f);
    if (want != OK)
        return;
    struct mfile *m = names[i].f;
    if (t >= 0 && !self)
        m_drop(t);
    if (link) {
        m->links++;
        m_add(to, m);
        return;
    }
    char old[PATH_SIZE];
    snprintf(old, sizeof(old), "%s", from);
    m->links++;
    m_drop(m_find(from));
    m_add(to, m);
    char now[PATH_SIZE];
    snprintf(now, sizeof(now), "%s", names[names_n - 1].path);
    for (int k = 0; k < names_n; k++) {
        if (m_below(names[k].path, old)) {
            char path[2 * PATH_SIZE];
            snprintf(path, sizeof(path), "%s%s", now, names[k].path + strlen(old));
            assert_in_range(strlen(path), 1, PATH_SIZE - 1);
            memcpy(names[k].path, path, strlen(path) + 1);
        }
    }
}

/* Walks the whole tree and compares it with the model. */
static int compare_folder(const char *path)
{
    struct vfs_op l;
    int n = 0;
    void *d = must_open(path);
    vfs_op_init(&l, on_done);
    assert_true(vfs_readdir(&l, vol, d, &(struct smbkit_readdir_args){.pattern = "*"}));
    assert_true(l.dir_end);
    for (size_t i = 0; i < l.dirent_count; i++) {
        char child[PATH_SIZE + 256];
        snprintf(child, sizeof(child), "%s%s%s", path, path[0] != '\0' ? "/" : "",
                 l.dirents[i].name);
        int k = m_find(child);
        assert_true(k >= 0);
        assert_string_equal(names[k].path, child); /* the spelling too */
        const struct mfile *m = names[k].f;
        assert_int_equal((l.dirents[i].attr.attributes & DIR) != 0, m->dir);
        assert_int_equal(l.dirents[i].attr.size, m->size);
        assert_int_equal(l.dirents[i].attr.links, m->links);
        n++;
        if (m->dir) {
            n += compare_folder(child);
            continue;
        }
        void *f = must_open(child);
        assert_int_equal(xread(f, 0, FILE_MAX), OK);
        assert_int_equal(op.data.len, m->size);
        if (m->size > 0)
            assert_memory_equal(op.data.data, m->data, m->size);
        xclose(f);
    }
    vfs_op_clear(&l);
    xclose(d);
    return n;
}

static void test_random(void **state)
{
    uint64_t empty = used();
    seed = 42;
    for (int i = 0; i < 20000; i++) {
        uint32_t what = rnd(20);
        if (what < 3)
            step_create(false);
        else if (what < 5)
            step_create(true);
        else if (what < 7)
            step_delete();
        else if (what < 15)
            step_data();
        else if (what < 18)
            step_rename(false);
        else
            step_rename(true);
        if (i % 200 == 0)
            assert_int_equal(compare_folder(""), names_n);
    }
    assert_int_equal(compare_folder(""), names_n);
    while (names_n > 0)
        step_delete();
    assert_int_equal(used(), empty); /* every charge was given back */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_random),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
