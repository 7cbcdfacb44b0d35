// SPDX-License-Identifier: Apache-2.0
/*
 * links=reparse: symbolic links are shown as what they are, and left to the client, which can make
 * them too.
 */
#include "test_bench.h"

static struct dirtest tt, *t = &tt;

static int setup(void **state)
{
    const struct smbkit_arg args[] = {{"links", "reparse"}};
    return dirtest_setup(t, args, 1);
}

static int teardown(void **state)
{
    return dirtest_teardown(t);
}

static void put_link(const char *name, const char *to)
{
    assert_int_equal(symlink(to, disk(t, name).text), 0);
}

static smbkit_status open_flags(const char *path, uint32_t access, uint32_t flags)
{
    const struct smbkit_open_args args = {.path = path, .access = access, .flags = flags};
    return XWAIT(t, vfs_open(&t->op, t->vol, &args));
}

/* The answer is a link to `target`, whose characters are ASCII. */
static void check_buffer(const char *target, bool relative)
{
    size_t n = strlen(target);
    const uint8_t *p = t->op.blob;
    assert_int_equal(t->op.blob_len, 20 + 4 * n);
    const uint8_t tag[] = {0x0c, 0, 0, 0xa0};
    assert_memory_equal(p, tag, 4);
    assert_int_equal(p[4], 12 + 4 * n);
    assert_int_equal(p[10], 2 * n);
    assert_int_equal(p[12], 2 * n);
    assert_int_equal(p[16], relative);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p[20 + 2 * i], target[i] == '/' ? '\\' : target[i]);
        assert_int_equal(p[20 + 2 * n + 2 * i], target[i] == '/' ? '\\' : target[i]);
    }
}

static void test_stopped(void **state)
{
    make(t, "Dir", SMBKIT_ATTR_DIRECTORY);
    make(t, "Dir/file", 0);
    put_link("Dir/link", "file");
    put_link("out", "../../etc");
    assert_int_equal(open_flags("dir/LINK", 1, 0), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(t->op.reparse_at, 8);
    check_buffer("file", true);
    assert_int_equal(open_flags("OUT/passwd", 1, SMBKIT_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(t->op.reparse_at, 3);
    check_buffer("../../etc", true);
    assert_int_equal(open_flags("dir/link/x/y", 1, 0), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(t->op.reparse_at, 8);
    assert_int_equal(XWAIT(t, vfs_path_sd(&t->op, t->vol, "out/x")),
                     SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    void *f;
    assert_int_equal(xcreate(t, "out/new", 0, &f), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    assert_int_equal(xcreate(t, "OUT", 0, &f), SMBKIT_STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(status_of(t, "dir/file/x"), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    f = must_open(t, "dir/file");
    assert_int_equal(xrename(t, f, "out/f", 0), SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    xclose(t, f);
}

static void test_itself(void **state)
{
    make(t, "dir", SMBKIT_ATTR_DIRECTORY);
    make(t, "dir/file", 0);
    put_link("dir/link", "/etc/passwd");
    put_link("folder", "dir");
    assert_string_equal(listing(t, "dir"), "file link ");
    assert_int_equal(open_flags("dir/link", ACCESS_FULL, SMBKIT_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_SUCCESS);
    void *f = t->op.opened;
    assert_int_equal(t->op.attr.attributes & (SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY),
                     SMBKIT_ATTR_REPARSE_POINT);
    assert_int_equal(t->op.attr.reparse_tag, DIR_TAG_SYMLINK);
    assert_int_equal(XWAIT(t, vfs_get_reparse(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    check_buffer("/etc/passwd", false);
    assert_int_equal(XWAIT(t, vfs_read(&t->op, t->vol, f, 0, 10)), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(XWAIT(t, vfs_get_sd(&t->op, t->vol, f)), SMBKIT_STATUS_NOT_FOUND);
    /* it is the link that is renamed and removed */
    assert_int_equal(xrename(t, f, "moved", 0), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_has(t, "moved") && !disk_has(t, "dir/link"));
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_false(disk_has(t, "moved"));
    assert_int_equal(open_flags("folder", 1, SMBKIT_OPEN_REPARSE_POINT), SMBKIT_STATUS_SUCCESS);
    f = t->op.opened;
    assert_int_equal(t->op.attr.attributes & (SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY),
                     SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY);
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_false(disk_has(t, "folder"));
    assert_true(disk_has(t, "dir/file"));
    f = must_open(t, "dir/file");
    assert_int_equal(XWAIT(t, vfs_get_reparse(&t->op, t->vol, f)),
                     SMBKIT_STATUS_NOT_A_REPARSE_POINT);
    xclose(t, f);
}

/* What cannot be said to a client is refused. */
static void test_unspeakable(void **state)
{
    put_link("colon", "a:b");
    put_link("wide", "\xf0\x9f\x98\x80"); /* U+1F600 */
    assert_int_equal(open_flags("colon", 1, 0), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(open_flags("wide", 1, 0), SMBKIT_STATUS_STOPPED_ON_SYMLINK);
    const uint8_t want[] = {0x3d, 0xd8, 0x00, 0xde};
    assert_int_equal(t->op.blob_len, 28);
    assert_memory_equal(t->op.blob + 20, want, 4);
}

/* --- made by clients --- */

static int setup_make(const char *which)
{
    const struct smbkit_arg args[] = {{"links", "reparse"}, {"make-links", which}};
    return dirtest_setup(t, args, 2);
}

static int setup_any(void **state)
{
    return setup_make("any");
}

static int setup_off(void **state)
{
    return setup_make("off");
}

/* A link's reparse data buffer with a target of ASCII, separated by backslashes. */
static size_t link_data(uint8_t *b, const char *target, bool relative)
{
    size_t n = strlen(target);
    memset(b, 0, 20 + 4 * n);
    const uint8_t head[] = {0x0c, 0, 0, 0xa0, (uint8_t)(12 + 4 * n), (uint8_t)((12 + 4 * n) >> 8)};
    memcpy(b, head, sizeof(head));
    b[8] = b[14] = b[10] = (uint8_t)(2 * n); /* the print name comes first */
    b[9] = b[15] = b[11] = (uint8_t)(2 * n >> 8);
    b[16] = relative;
    for (size_t i = 0; i < n; i++) {
        b[20 + 2 * i] = '-';
        b[20 + 2 * n + 2 * i] = (uint8_t)target[i];
    }
    return 20 + 4 * n;
}

static smbkit_status set_link(void *f, const char *target, bool relative)
{
    uint8_t b[20000];
    size_t len = link_data(b, target, relative);
    return XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, b, len));
}

static smbkit_status make_link(const char *name, const char *target, bool relative)
{
    void *f = must_create(t, name, 0);
    smbkit_status st = set_link(f, target, relative);
    if (st == SMBKIT_STATUS_SUCCESS)
        xclose(t, f);
    else
        xdelete(t, f);
    return st;
}

static bool disk_leads(const char *name, const char *target)
{
    char to[5000];
    ssize_t n = readlink(disk(t, name).text, to, sizeof(to));
    return n == (ssize_t)strlen(target) && memcmp(to, target, (size_t)n) == 0;
}

static void test_make(void **state)
{
    make(t, "dir", SMBKIT_ATTR_DIRECTORY);
    make(t, "dir/file", 0);
    void *f = must_create(t, "dir/link", 0);
    assert_int_equal(set_link(f, "sub\\to", true), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.attributes & SMBKIT_ATTR_REPARSE_POINT, SMBKIT_ATTR_REPARSE_POINT);
    assert_int_equal(t->op.attr.reparse_tag, DIR_TAG_SYMLINK);
    uint64_t id = t->op.attr.file_id;
    assert_true(disk_leads("dir/link", "sub/to"));
    assert_string_equal(listing(t, "dir"), "file link ");
    /* the handle is the link's now */
    assert_int_equal(XWAIT(t, vfs_get_reparse(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    check_buffer("sub/to", true);
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 0, "x", 1)),
                     SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(open_flags("dir/LINK", ACCESS_FULL, SMBKIT_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.file_id, id);
    xclose(t, t->op.opened);
    /* it can be led elsewhere, renamed and removed by it */
    assert_int_equal(set_link(f, "file", true), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_leads("dir/link", "file"));
    assert_int_equal(xrename(t, f, "moved", 0), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_leads("moved", "file"));
    assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
    assert_string_equal(listing(t, ""), "dir ");
    /* what we do ourselves is no news */
    assert_string_equal(told(t), "");
}

static void test_folder(void **state)
{
    make(t, "dir", SMBKIT_ATTR_DIRECTORY);
    void *f = must_create(t, "link", SMBKIT_ATTR_DIRECTORY);
    assert_int_equal(set_link(f, "dir", true), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_leads("link", "dir"));
    assert_int_equal(t->op.attr.attributes & (SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY),
                     SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY);
    /* and back: a link to a folder becomes a folder, any other a file */
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, NULL, 0)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.attributes & (SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY),
                     SMBKIT_ATTR_DIRECTORY);
    xclose(t, f);
    make(t, "link/file", 0);
    f = must_open(t, "link");
    assert_int_equal(set_link(f, "dir", true), SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    xclose(t, f);
    assert_true(disk_has(t, "link/file"));
    assert_string_equal(listing(t, ""), "dir link ");
    assert_int_equal(make_link("other", "nothing", true), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(open_flags("other", ACCESS_FULL, SMBKIT_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_SUCCESS);
    f = t->op.opened;
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, NULL, 0)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.attr.attributes & (SMBKIT_ATTR_REPARSE_POINT | SMBKIT_ATTR_DIRECTORY),
                     0);
    xclose(t, f);
    f = must_open(t, "other");
    assert_int_equal(XWAIT(t, vfs_write(&t->op, t->vol, f, 0, "x", 1)), SMBKIT_STATUS_SUCCESS);
    xclose(t, f);
}

/* Nothing is lost: what is not empty, or has more than a link can have, stays. */
static void test_not_made(void **state)
{
    make(t, "empty", 0);
    disk_write(t, "full", "data");
    void *f = must_open(t, "full"), *g;
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    xclose(t, f);
    f = must_open(t, "empty");
    g = must_open(t, "empty");
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_SHARING_VIOLATION);
    xclose(t, g);
    const struct smbkit_ea ea = {.name = "key", .value = "value", .value_len = 5};
    assert_int_equal(XWAIT(t, vfs_set_eas(&t->op, t->vol, f, &ea, 1)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_EAS_NOT_SUPPORTED);
    assert_int_equal(lremovexattr(disk(t, "empty").text, "user.key"), 0);
    assert_int_equal(link(disk(t, "empty").text, disk(t, "second").text), 0);
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_int_equal(unlink(disk(t, "second").text), 0);
    /* somebody else has put another file there */
    disk_write(t, "new", "");
    assert_int_equal(rename(disk(t, "new").text, disk(t, "empty").text), 0);
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND);
    xclose(t, f);
    f = must_open(t, "");
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_ACCESS_DENIED);
    xclose(t, f);
    assert_string_equal(listing(t, ""), "empty full ");
}

static int setup_acls(const char *acls)
{
    const struct smbkit_arg args[] = {{"links", "reparse"}, {"acls", acls}};
    return dirtest_setup(t, args, 2);
}

static int setup_users(void **state)
{
    const struct smbkit_arg args[] = {{"links", "reparse"},
                                      {"as", geteuid() == 0 ? "user" : "server"}};
    return dirtest_setup(t, args, 2);
}

static int setup_modes(void **state)
{
    const struct smbkit_arg args[] = {
        {"links", "reparse"}, {"file-mode", "0664"}, {"folder-mode", "0775"}};
    return dirtest_setup(t, args, 3);
}

static int setup_acl_user(void **state)
{
    return setup_acls("user.NTACL");
}

static int setup_acl_security(void **state)
{
    return setup_acls("security.NTACL");
}

/* A DACL that says nothing to anybody. */
static const uint8_t empty_sd[28] = {1, 0, 4, 0x80, [16] = 20, [20] = 2, [22] = 8};

static void check_sd(void *f)
{
    assert_int_equal(XWAIT(t, vfs_get_sd(&t->op, t->vol, f)), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(t->op.blob_len, sizeof(empty_sd));
    assert_memory_equal(t->op.blob, empty_sd, sizeof(empty_sd));
}

/* Nobody is rid of a descriptor by way of a link. */
static void test_descriptor(void **state)
{
    make(t, "f", 0);
    if (setxattr(disk(t, "f").text, "security.NTACL", "", 0, 0) != 0)
        skip();
    void *f = must_open(t, "f");
    assert_int_equal(XWAIT(t, vfs_set_sd(&t->op, t->vol, f, empty_sd, sizeof(empty_sd))),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_SUCCESS);
    check_sd(f);
    assert_int_equal(set_link(f, "y", true), SMBKIT_STATUS_SUCCESS);
    check_sd(f);
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, NULL, 0)), SMBKIT_STATUS_SUCCESS);
    check_sd(f);
    xclose(t, f);
}

/* A file whose descriptor no link can have stays what it is. */
static void test_descriptor_stays(void **state)
{
    make(t, "f", 0);
    void *f = must_open(t, "f");
    assert_int_equal(XWAIT(t, vfs_set_sd(&t->op, t->vol, f, empty_sd, sizeof(empty_sd))),
                     SMBKIT_STATUS_SUCCESS);
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_ACCESS_DENIED);
    check_sd(f);
    xclose(t, f);
    f = must_open(t, "f");
    check_sd(f);
    xclose(t, f);
    assert_string_equal(listing(t, ""), "f ");
}

/* Nor does a file change its owner so. */
static void test_owner(void **state)
{
    make(t, "f", 0);
    if (chown(disk(t, "f").text, 4711, 4712) != 0)
        skip();
    void *f = must_open(t, "f");
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_ACCESS_DENIED);
    xclose(t, f);
    put_link("l", "x");
    assert_int_equal(lchown(disk(t, "l").text, 4711, 4712), 0);
    assert_int_equal(open_flags("l", ACCESS_FULL, SMBKIT_OPEN_REPARSE_POINT),
                     SMBKIT_STATUS_SUCCESS);
    f = t->op.opened;
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, NULL, 0)),
                     SMBKIT_STATUS_ACCESS_DENIED);
    xclose(t, f);
    struct stat st;
    assert_int_equal(lstat(disk(t, "l").text, &st), 0);
    assert_true(S_ISLNK(st.st_mode) && st.st_uid == 4711);
}

static enum { SWAP_AS_EVER, SWAP_BUSY, SWAP_BROKEN } swaps;

int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

/* While a name is swapped somebody else writes to the file, and from then on no swap is done. */
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (!(flags & RENAME_EXCHANGE) || swaps == SWAP_AS_EVER)
        return __real_renameat2(from_dir, from, to_dir, to, flags);
    if (swaps == SWAP_BROKEN) {
        errno = EIO;
        return -1;
    }
    swaps = SWAP_BROKEN;
    int fd = openat(to_dir, to, O_WRONLY);
    assert_int_equal(write(fd, "data", 4), 4);
    close(fd);
    return __real_renameat2(from_dir, from, to_dir, to, flags);
}

/* Links do not tell which folders there are where the user may not go. */
static void test_not_told(void **state)
{
    if (geteuid() != 0)
        skip();
    t->op.user = "root";
    make(t, "shut", SMBKIT_ATTR_DIRECTORY);
    make(t, "shut/in", SMBKIT_ATTR_DIRECTORY);
    put_link("l", "shut/in");
    assert_int_equal(chmod(t->base, 0755) | chmod(t->root, 0777), 0);
    assert_int_equal(chmod(disk(t, "shut").text, 0700), 0);
    for (int i = 0; i < 2; i++) {
        t->op.user = i == 0 ? "root" : "daemon";
        assert_int_equal(open_flags("l", 0x80, SMBKIT_OPEN_REPARSE_POINT), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(t->op.attr.attributes & SMBKIT_ATTR_DIRECTORY,
                         i == 0 ? SMBKIT_ATTR_DIRECTORY : 0);
        xclose(t, t->op.opened);
    }
    t->op.user = NULL;
}

/* What becomes plain again has the mode that new files have. */
static void test_mode(void **state)
{
    struct stat st;
    mode_t mask = umask(077);
    for (int i = 0; i < 2; i++) {
        void *f = must_create(t, "f", i == 0 ? 0 : SMBKIT_ATTR_DIRECTORY);
        put_link("to", i == 0 ? "nothing" : ".");
        assert_int_equal(set_link(f, i == 0 ? "nothing" : "to", true), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, NULL, 0)),
                         SMBKIT_STATUS_SUCCESS);
        assert_int_equal(lstat(disk(t, "f").text, &st), 0);
        assert_int_equal(st.st_mode, i == 0 ? S_IFREG | 0664 : S_IFDIR | 0775);
        assert_int_equal(xdelete(t, f), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(unlink(disk(t, "to").text), 0);
    }
    umask(mask);
}

static void test_nothing_lost(void **state)
{
    struct stat st;
    make(t, "f", 0);
    void *f = must_open(t, "f");
    int fd = open(disk(t, "f").text, O_RDONLY);
    swaps = SWAP_BUSY;
    assert_int_equal(set_link(f, "x", true), SMBKIT_STATUS_SHARING_VIOLATION);
    swaps = SWAP_AS_EVER;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(st.st_nlink, 1);
    close(fd);
    xclose(t, f);
}

static void test_below(void **state)
{
    static const char *const out[] = {"..",    "..\\x",         "a\\..\\..\\x",
                                      "a\\..", "\\etc\\passwd", "/etc"};
    static const char *const in[] = {"x", "a\\b", "..x", "a\\...", ".\\a", "x.."};
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        assert_int_equal(make_link("out", out[i], true), SMBKIT_STATUS_ACCESS_DENIED);
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
        assert_int_equal(make_link("in", in[i], true), SMBKIT_STATUS_SUCCESS);
        assert_int_equal(unlink(disk(t, "in").text), 0);
    }
    assert_string_equal(listing(t, ""), "");
}

static void test_any(void **state)
{
    static char much[4200];
    assert_int_equal(make_link("up", "..\\..\\x", true), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_leads("up", "../../x"));
    assert_int_equal(make_link("full", "\\etc\\passwd", false), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_leads("full", "/etc/passwd"));
    /* so the Linux kernel's client says it */
    assert_int_equal(make_link("root", "etc\\passwd", false), SMBKIT_STATUS_SUCCESS);
    assert_true(disk_leads("root", "/etc/passwd"));
    /* what could not be told again: drives, UNC paths, too much */
    assert_int_equal(make_link("bad", "\\??\\C:\\x", false), SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    assert_int_equal(make_link("bad", "C:\\x", false), SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    static const char *const far[] = {"\\\\server\\share", "\\Device\\Mup\\server",
                                      "\\GLOBALROOT\\x", "\\dosdevices\\C", "device\\x"};
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
        assert_int_equal(make_link("bad", far[i], false), SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    assert_int_equal(make_link("bad", "\\\\server\\share", true),
                     SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    assert_int_equal(make_link("bad", "", true), SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    memset(much, 'x', sizeof(much) - 1);
    assert_int_equal(make_link("bad", much, true), SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    /* and one that is not wholly there */
    uint8_t b[100];
    void *f = must_create(t, "bad", 0);
    size_t len = link_data(b, "x", true);
    b[10]++;
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, b, len)),
                     SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    b[10] = 6;
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, b, len)),
                     SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, b, 12)),
                     SMBKIT_STATUS_IO_REPARSE_DATA_INVALID);
    b[0]++;
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, b, len)),
                     SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    xdelete(t, f);
    assert_string_equal(listing(t, ""), "full root up ");
}

/* Beyond the first plane of Unicode and back. */
static void test_wide(void **state)
{
    const uint8_t data[] = {0x0c, 0, 0, 0xa0, 18, 0, 0, 0,    0,    0, 6,    0,    0,
                            0,    0, 0, 1,    0,  0, 0, 0x3d, 0xd8, 0, 0xde, 0xe9, 0};
    void *f = must_create(t, "wide", 0);
    assert_int_equal(XWAIT(t, vfs_set_reparse(&t->op, t->vol, f, data, sizeof(data))),
                     SMBKIT_STATUS_SUCCESS);
    assert_true(disk_leads("wide", "\xf0\x9f\x98\x80\xc3\xa9"));
    xclose(t, f);
}

static void test_off(void **state)
{
    assert_int_equal(make_link("link", "x", true), SMBKIT_STATUS_ACCESS_DENIED);
    assert_string_equal(listing(t, ""), "");
}

/* What a parameter can be is said when it is something else. */
static void test_words(void **state)
{
    static const struct smbkit_arg wrong[] = {{"links", "inside"}, {"make-links", "belo"}};
    static const char *const words[] = {"follow|reparse|refuse", "below|any|off"};
    testmem_install();
    dirtest_init(t);
    for (size_t i = 0; i < 2; i++) {
        assert_false(dirtest_open_volume(t, &wrong[i], 1));
        assert_non_null(strstr(t->error, words[i]));
        dirtest_close_volume(t);
    }
    (void)teardown(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unspeakable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_make, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_descriptor, setup_acl_security, teardown),
        cmocka_unit_test_setup_teardown(test_descriptor_stays, setup_acl_user, teardown),
        cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_told, setup_users, teardown),
        cmocka_unit_test_setup_teardown(test_mode, setup_modes, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_below, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any, setup_any, teardown),
        cmocka_unit_test_setup_teardown(test_wide, setup, teardown),
        cmocka_unit_test_setup_teardown(test_off, setup_off, teardown),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
