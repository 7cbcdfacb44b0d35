// SPDX-License-Identifier: Apache-2.0
/* Published trees: files with callbacks, messages, documents. */
#include "tree/test_store.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_callbacks), cmocka_unit_test(test_answered_later),
        cmocka_unit_test(test_published_size), cmocka_unit_test(test_old_table),
        cmocka_unit_test(test_messages),       cmocka_unit_test(test_document),
        cmocka_unit_test(test_document_news),  cmocka_unit_test(test_document_read_in_flight),
    };
    testhost_init(&host);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
