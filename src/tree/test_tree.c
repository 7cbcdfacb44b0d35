// SPDX-License-Identifier: Apache-2.0
/* Published trees: what clients see and may do, and what is told, callback by callback. */
#include "tree/test_tree.h"

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

/* --- a file with callbacks --- */

static char store[64];
static size_t store_size;
static int opens, closes, releases, flushes;
static smbkit_status verdict;
static struct smbkit_op *kept;
static void *kept_buffer;

static smbkit_status file_open(struct smbkit_op *o, void *ctx, uint32_t access, void **handle)
{
    opens += verdict == OK;
    *handle = &opens;
    return verdict;
}

static void file_close(void *ctx, void *handle)
{
    assert_ptr_equal(ctx, store);
    assert_ptr_equal(handle, &opens);
    closes++;
}

static smbkit_status file_size(struct smbkit_op *o, void *ctx, uint64_t *size)
{
    *size = store_size;
    return verdict;
}

static smbkit_status file_read(struct smbkit_op *o, void *ctx, void *handle, uint64_t offset,
                               void *buffer, uint32_t length, uint32_t *done)
{
    assert_ptr_equal(ctx, store);
    if (verdict == SMBKIT_STATUS_PENDING) {
        kept = o;
        kept_buffer = buffer;
        return verdict;
    }
    *done = offset >= store_size ? 0 : (uint32_t)MIN(length, store_size - offset);
    memcpy(buffer, store + MIN(offset, store_size), *done);
    return verdict;
}

static smbkit_status file_write(struct smbkit_op *o, void *ctx, void *handle, uint64_t offset,
                                const void *data, uint32_t length)
{
    if (offset + length > sizeof(store))
        return SMBKIT_STATUS_DISK_FULL;
    if (verdict == SMBKIT_STATUS_PENDING) {
        kept = o;
        return verdict;
    }
    memcpy(store + offset, data, length);
    store_size = MAX(store_size, offset + length);
    return verdict;
}

static smbkit_status file_set_size(struct smbkit_op *o, void *ctx, void *handle, uint64_t size)
{
    store_size = (size_t)size;
    return verdict;
}

static smbkit_status file_flush(struct smbkit_op *o, void *ctx, void *handle)
{
    flushes++;
    return verdict;
}

static bool file_can_execute(struct smbkit_op *o, void *ctx)
{
    return false;
}

static bool file_can_cache(void *ctx)
{
    return false;
}

static void file_release(void *ctx)
{
    assert_ptr_equal(ctx, store);
    releases++;
}

static const struct smbkit_file_ops file_ops = {
    .struct_size = sizeof(file_ops),
    .open = file_open,
    .close = file_close,
    .size = file_size,
    .read = file_read,
    .write = file_write,
    .set_size = file_set_size,
    .flush = file_flush,
    .can_execute = file_can_execute,
    .can_cache = file_can_cache,
    .release = file_release,
};

static void reset_store(const char *text)
{
    memset(store, 0, sizeof(store));
    store_size = strlen(text);
    memcpy(store, text, store_size);
    opens = closes = releases = flushes = 0;
    verdict = OK;
}

static void test_file_callbacks(void **state)
{
    void *f;
    begin(NULL);
    reset_store("content");
    assert_int_equal(smbkit_tree_add_file(root(), "f", &file_ops, store, NULL), OK);
    events_clear();
    assert_int_equal(xopen_for("f", SMBKIT_ACCESS_READ | SMBKIT_ACCESS_WRITE, &f), OK);
    assert_int_equal(op.attr.size, 7);
    assert_int_equal(op.attr.flags, SMBKIT_FILE_NO_CACHE);
    assert_string_equal(xread(f, 3, 100), "tent");
    assert_string_equal(xread(f, 30, 100), "");
    host.now++;
    assert_int_equal(xwrite(f, 7, "ed"), OK);
    assert_int_equal(op.attr.size, 9);
    assert_int_equal(op.attr.write_time, host.now);
    assert_int_equal(xwrite(f, 64, "x"), SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(xwrite(f, UINT64_MAX, "x"), SMBKIT_STATUS_DISK_FULL);
    assert_true(vfs_set_size(&op, vol, f, 2));
    assert_int_equal(op.attr.size, 2);
    assert_true(vfs_flush(&op, vol, f));
    assert_int_equal(flushes, 1);
    verdict = NOT_OK;
    assert_true(vfs_set_size(&op, vol, f, 1));
    assert_int_equal(op.status, NOT_OK);
    assert_true(vfs_flush(&op, vol, f));
    assert_int_equal(op.status, NOT_OK);
    assert_string_equal(xread(f, 0, 1), "STATUS_UNSUCCESSFUL");
    verdict = SMBKIT_STATUS_END_OF_FILE;
    assert_string_equal(xread(f, 0, 1), "");
    verdict = OK;
    xclose(f);
    verdict = NOT_OK;
    assert_int_equal(xopen("f", &f), NOT_OK);
    verdict = OK;
    assert_int_equal(xopen_for("f", SMBKIT_ACCESS_EXECUTE, &f), DENIED);
    assert_int_equal(opens, closes);
    assert_events(""); /* the core tells of what clients do */
    assert_int_equal(releases, 0);
    end();
    assert_int_equal(releases, 1);
}

static int late;

static void on_late(struct vfs_op *o)
{
    late++;
}

static void *answer_read(void *arg)
{
    memcpy(kept_buffer, "late", 4);
    smbkit_reply_read(kept, 4);
    return NULL;
}

static void test_answered_later(void **state)
{
    pthread_t thread;
    begin(NULL);
    reset_store("content");
    smbkit_tree_add_file(root(), "f", &file_ops, store, NULL);
    void *f = must_open("f");
    late = 0;
    op.done = on_late;
    verdict = SMBKIT_STATUS_PENDING;
    assert_false(vfs_read(&op, vol, f, 0, 7));
    pthread_create(&thread, NULL, answer_read, NULL);
    pthread_join(thread, NULL);
    testhost_drain(&host);
    assert_int_equal(late, 1);
    assert_int_equal(op.status, OK);
    assert_memory_equal(op.data.data, "late", 4);
    assert_false(vfs_write(&op, vol, f, 0, "x", 1));
    smbkit_reply_status(kept, OK);
    testhost_drain(&host);
    assert_int_equal(late, 2);
    assert_int_equal(op.status, OK);
    /* what cannot be answered later */
    op.done = on_done;
    assert_true(vfs_set_size(&op, vol, f, 1));
    assert_int_equal(op.status, SMBKIT_STATUS_INTERNAL_ERROR);
    verdict = OK;
    xclose(f);
    end();
}

static smbkit_status endless(struct smbkit_op *o, void *ctx, void *handle, uint64_t offset,
                             void *buffer, uint32_t length, uint32_t *done)
{
    memset(buffer, 'x', length);
    *done = length;
    return OK;
}

static void test_published_size(void **state)
{
    static const struct smbkit_file_ops ops = {.struct_size = sizeof(ops), .read = endless};
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec), .name = "f", .file = &ops, .size = 5, .write_time = 77};
    struct smbkit_node *n;
    begin(NULL);
    assert_int_equal(smbkit_tree_add(root(), &spec, &n), OK);
    assert_string_equal(xcontent("f"), "xxxxx");
    smbkit_node_set_size(n, 3);
    assert_string_equal(xcontent("f"), "xxx");
    assert_events("+f ~f");
    smbkit_node_remove(n);
    smbkit_node_unref(n);
    assert_int_equal(smbkit_tree_add(root(), &spec, NULL), OK);
    void *f = must_open("f");
    assert_int_equal(op.attr.write_time, 77);
    /* times of what nobody may change stay */
    assert_true(
        vfs_setattr(&op, vol, f, &(struct smbkit_attr){.write_time = 5}, SMBKIT_SET_WRITE_TIME));
    assert_int_equal(op.attr.write_time, 77);
    xclose(f);
    end();
}

/* A table of callbacks from a time when it was shorter. */
static void test_old_table(void **state)
{
    static struct smbkit_file_ops ops = {.read = endless, .write = file_write};
    const struct smbkit_node_spec spec = {
        .struct_size = sizeof(spec), .name = "f", .file = &ops, .size = 2};
    ops.struct_size = offsetof(struct smbkit_file_ops, write);
    begin(NULL);
    assert_int_equal(smbkit_tree_add(root(), &spec, NULL), OK);
    assert_string_equal(xcontent("f"), "xx");
    void *f;
    assert_int_equal(xopen_for("f", SMBKIT_ACCESS_WRITE, &f), DENIED);
    end();
}

/* --- messages --- */

static smbkit_status shout(struct smbkit_op *o, void *ctx, void *handle, const void *message,
                           size_t size)
{
    char answer[16];
    const char *m = message;
    if (size > sizeof(answer))
        return SMBKIT_STATUS_BUFFER_TOO_SMALL;
    for (size_t i = 0; i < size; i++)
        answer[i] = (char)(m[i] >= 'a' && m[i] <= 'z' ? m[i] - 'a' + 'A' : m[i]);
    if (size == 0)
        return OK;
    smbkit_reply_data(o, answer, size);
    return SMBKIT_STATUS_PENDING;
}

static smbkit_status xtransact(void *file, uint32_t code, const char *message)
{
    const struct smbkit_fsctl_args args = {
        .code = code, .max_out = 10, .in = message, .in_len = strlen(message)};
    if (!vfs_fsctl(&op, vol, file, &args))
        testhost_drain(&host);
    return op.status;
}

static void test_messages(void **state)
{
    static const struct smbkit_file_ops ops = {.struct_size = sizeof(ops), .transact = shout};
    void *f;
    begin(NULL);
    assert_int_equal(smbkit_tree_add_file(root(), "oracle", &ops, NULL, NULL), OK);
    assert_int_equal(smbkit_tree_add_bytes(root(), "book", "x", 1, NULL), OK);
    assert_int_equal(xopen("oracle", &f), OK);
    assert_int_equal(xtransact(f, SMBKIT_FSCTL_PIPE_TRANSCEIVE, "who?"), OK);
    assert_int_equal(op.blob_len, 4);
    assert_memory_equal(op.blob, "WHO?", 4);
    assert_int_equal(xtransact(f, SMBKIT_FSCTL_PIPE_TRANSCEIVE, ""), OK);
    assert_int_equal(op.blob_len, 0);
    assert_int_equal(xtransact(f, SMBKIT_FSCTL_PIPE_TRANSCEIVE, "what is all this about?"),
                     SMBKIT_STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(xtransact(f, SMBKIT_FSCTL_PIPE_PEEK, ""),
                     SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    xclose(f);
    assert_int_equal(xopen("book", &f), OK);
    assert_int_equal(xtransact(f, SMBKIT_FSCTL_PIPE_TRANSCEIVE, "who?"),
                     SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    xclose(f);
    end();
}

/* --- documents --- */

static char document[64];
static int gets, puts_;
static struct smbkit_node *doc_node;

static smbkit_status doc_get(struct smbkit_op *o, void *ctx, void **data, size_t *size)
{
    gets++;
    *size = strlen(document);
    *data = *size > 0 ? smbkit_alloc(*size) : NULL;
    if (*size > 0 && *data == NULL)
        return NO_ROOM;
    if (*size > 0)
        memcpy(*data, document, *size);
    return verdict;
}

static smbkit_status doc_put(struct smbkit_op *o, void *ctx, const void *data, size_t size)
{
    puts_++;
    if (verdict == OK)
        snprintf(document, sizeof(document), "%.*s", (int)size, (const char *)data);
    return verdict;
}

static const struct smbkit_file_ops doc_ops = {
    .struct_size = sizeof(doc_ops),
    .get = doc_get,
    .put = doc_put,
};

static void begin_doc(const char *text)
{
    begin(NULL);
    snprintf(document, sizeof(document), "%s", text);
    gets = puts_ = 0;
    verdict = OK;
    smbkit_tree_add_file(root(), "doc", &doc_ops, NULL, &doc_node);
    events_clear();
}

static void end_doc(void)
{
    smbkit_node_unref(doc_node);
    end();
}

static void test_document(void **state)
{
    begin_doc("first");
    void *f = must_open("doc"), *g = must_open("doc");
    assert_int_equal(op.attr.size, 5);
    assert_int_equal(gets, 1);
    assert_string_equal(xread(f, 1, 3), "irs");
    assert_int_equal(xwrite(f, 7, "!"), OK);
    assert_int_equal(op.attr.size, 8);
    assert_string_equal(document, "first");
    assert_true(vfs_read(&op, vol, g, 5, 10));
    assert_int_equal(op.data.len, 3);
    assert_memory_equal(op.data.data, "\0\0!", 3);
    assert_true(vfs_set_size(&op, vol, g, 2));
    assert_int_equal(xwrite(g, 0, "FI"), OK);
    assert_int_equal(xclose(g), OK);
    assert_string_equal(document, "FI");
    assert_int_equal(puts_, 1);
    assert_int_equal(xclose(f), OK); /* nothing new */
    assert_int_equal(puts_, 1);
    f = must_open("doc");
    assert_int_equal(gets, 2);
    verdict = NOT_OK;
    assert_int_equal(xwrite(f, 0, "lost"), OK);
    assert_true(vfs_flush(&op, vol, f));
    assert_int_equal(op.status, NOT_OK);
    verdict = OK;
    assert_true(vfs_flush(&op, vol, f)); /* it is still there to be saved */
    assert_string_equal(document, "lost");
    assert_true(vfs_set_size(&op, vol, f, SMBKIT_TREE_DOCUMENT_MAX + 1ull));
    assert_int_equal(op.status, SMBKIT_STATUS_DISK_FULL);
    assert_int_equal(xwrite(f, SMBKIT_TREE_DOCUMENT_MAX, "x"), SMBKIT_STATUS_DISK_FULL);
    xclose(f);
    verdict = NOT_OK;
    assert_int_equal(xopen("doc", &f), NOT_OK);
    end_doc();
}

static void test_document_news(void **state)
{
    begin_doc("old");
    void *f = must_open("doc");
    snprintf(document, sizeof(document), "newer");
    assert_string_equal(xread(f, 0, 10), "old");
    smbkit_node_update(doc_node);
    assert_events("~doc");
    assert_string_equal(xread(f, 0, 10), "newer");
    assert_int_equal(gets, 2);
    assert_int_equal(xwrite(f, 0, "N"), OK);
    snprintf(document, sizeof(document), "newest");
    smbkit_node_update(doc_node); /* what a client writes wins */
    assert_string_equal(xread(f, 0, 10), "Newer");
    xclose(f);
    assert_string_equal(document, "Newer");
    assert_int_equal(xclose(must_open("doc")), OK);
    /* with no `get`, a drop box */
    static const struct smbkit_file_ops drop = {.struct_size = sizeof(drop), .put = doc_put};
    smbkit_tree_add_file(root(), "drop", &drop, NULL, NULL);
    assert_int_equal(xopen_for("drop", SMBKIT_ACCESS_WRITE, &f), OK);
    xwrite(f, 0, "dropped");
    xclose(f);
    assert_string_equal(document, "dropped");
    assert_string_equal(xcontent("drop"), "");
    end_doc();
}

static void test_document_read_in_flight(void **state)
{
    struct vfs_op other;
    begin_doc("before");
    void *f = must_open("doc");
    vfs_op_init(&other, on_done);
    assert_true(vfs_read(&other, vol, f, 0, 6));
    assert_int_equal(xwrite(f, 0, "after!"), OK);
    assert_memory_equal(other.data.data, "before", 6);
    assert_string_equal(xread(f, 0, 6), "after!");
    vfs_op_clear(&other);
    xclose(f);
    end_doc();
}

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
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_changes_are_told),
        cmocka_unit_test(test_adding_fails),
        cmocka_unit_test(test_asking),
        cmocka_unit_test(test_file_callbacks),
        cmocka_unit_test(test_answered_later),
        cmocka_unit_test(test_published_size),
        cmocka_unit_test(test_old_table),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_document_news),
        cmocka_unit_test(test_document_read_in_flight),
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
        cmocka_unit_test(test_listing_goes_on),
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_plugin_macro),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
