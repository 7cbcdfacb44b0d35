// SPDX-License-Identifier: Apache-2.0
/* Sharing against a transcription of the specification; deletion, transition by transition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lease/node.h"

#define READ_ATTRIBUTES 0x00000080u
#define SYNCHRONIZE     0x00100000u
#define SHARE_ALL       (LEASE_SHARE_READ | LEASE_SHARE_WRITE | LEASE_SHARE_DELETE)
#define RW_DELETE       (LEASE_FILE_READ_DATA | LEASE_FILE_WRITE_DATA | LEASE_DELETE)

static struct lease_table table;

static int setup(void **state)
{
    lease_table_init(&table, &LEASE_LIMITS_DEFAULT);
    return 0;
}

/* lease_table_free asserts that every reference was given back. */
static int teardown(void **state)
{
    lease_table_free(&table);
    return 0;
}

static struct lease_node *node_of(uint64_t file, const char *stream, bool directory)
{
    struct lease_key key = {
        .volume = 1, .file = file, .stream = stream, .stream_len = strlen(stream)};
    struct lease_node *n = lease_node_get(&table, &key, directory);
    assert_non_null(n);
    return n;
}

/* An open of file 7, attached; the status must be the expected one. */
static void open_as(struct lease_open *o, const char *stream, struct lease_open_args args,
                    smbkit_status expect)
{
    struct lease_node *n = node_of(7, stream, false);
    lease_open_init(o);
    assert_int_equal(lease_open_attach(n, o, &args), expect);
    assert_int_equal(lease_open_attached(o), expect == SMBKIT_STATUS_SUCCESS);
    lease_node_unref(n);
}

static void open_rwd(struct lease_open *o, uint64_t link, smbkit_status expect)
{
    open_as(o, "", (struct lease_open_args){.access = RW_DELETE, .share = SHARE_ALL, .link = link},
            expect);
}

enum due { DUE_NOTHING, DUE_LINK, DUE_STREAM, DUE_BOTH };

static void close_expect(struct lease_open *o, enum due due)
{
    struct lease_actions a;
    lease_actions_init(&a);
    lease_open_detach(o, true, &a);
    assert_int_equal(a.delete_link, due == DUE_LINK || due == DUE_BOTH);
    assert_int_equal(a.delete_stream, due == DUE_STREAM || due == DUE_BOTH);
    assert_false(lease_open_attached(o));
}

static smbkit_status dispose(struct lease_open *o, bool delete_file)
{
    return lease_set_disposition(o, &(struct lease_disposition){.delete_file = delete_file});
}

/* Nodes */

static void test_same_key_same_node(void **state)
{
    struct lease_key key = {.volume = 1, .file = 7};
    assert_null(lease_node_find(&table, &key));
    struct lease_node *a = node_of(7, "", false), *b = node_of(7, "", false);
    assert_ptr_equal(a, b);
    struct lease_node *s = node_of(7, "s", false), *other = node_of(8, "", false);
    assert_ptr_not_equal(s, a);
    assert_ptr_equal(s->base, a);
    assert_ptr_not_equal(other, a);
    key.volume = 2;
    assert_null(lease_node_find(&table, &key));
    lease_node_unref(a);
    lease_node_unref(b);
    key.volume = 1;
    b = lease_node_find(&table, &key); /* held by its stream */
    assert_ptr_equal(b, a);
    lease_node_unref(b);
    lease_node_unref(s);
    assert_null(lease_node_find(&table, &key));
    lease_node_unref(other);
}

static void test_stream_name_too_long(void **state)
{
    static char name[LEASE_STREAM_NAME_MAX + 1];
    struct lease_key key = {.volume = 1, .file = 7, .stream = name, .stream_len = sizeof(name)};
    assert_null(lease_node_get(&table, &key, false));
}

/* Every allocation of a first open failing once leaves nothing behind. */
static int fail_in;

static void *failing_alloc(void *ctx, size_t size)
{
    return fail_in-- == 0 ? NULL : test_malloc(size);
}

static void *failing_resize(void *ctx, void *p, size_t size)
{
    return fail_in-- == 0 ? NULL : test_realloc(p, size);
}

static void failing_release(void *ctx, void *p)
{
    test_free(p);
}

static bool open_stream_once(struct lease_table *t)
{
    struct lease_key key = {.volume = 1, .file = 7, .stream = "s", .stream_len = 1};
    struct lease_open_args args = {.access = RW_DELETE, .share = SHARE_ALL};
    struct lease_node *n = lease_node_get(t, &key, false);
    if (!n)
        return false;
    struct lease_open o;
    struct lease_actions a;
    lease_open_init(&o);
    lease_actions_init(&a);
    smbkit_status status = lease_open_attach(n, &o, &args);
    lease_node_unref(n);
    if (status == SMBKIT_STATUS_SUCCESS)
        lease_open_detach(&o, true, &a);
    else
        assert_int_equal(status, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return status == SMBKIT_STATUS_SUCCESS;
}

static void test_no_memory(void **state)
{
    const struct mem_hooks hooks = {failing_alloc, failing_resize, failing_release, NULL};
    mem_set_hooks(&hooks);
    bool done = false;
    int failures = 0;
    while (!done) {
        struct lease_table t;
        lease_table_init(&t, &LEASE_LIMITS_DEFAULT);
        fail_in = failures;
        done = open_stream_once(&t);
        failures += !done;
        lease_table_free(&t);
    }
    mem_set_hooks(NULL);
    assert_in_range(failures, 3, 10); /* base, stream, link, and the table's buckets */
}

/* Sharing */

/* What the transcription knows of an open. */
struct model_open {
    bool used;
    bool primary; /* Stream.Name is empty */
    unsigned stream;
    uint32_t access, share;
    struct lease_open open;
};

static bool any(uint32_t value, uint32_t of)
{
    return (value & of) != 0;
}

#define R    LEASE_FILE_READ_DATA
#define W    LEASE_FILE_WRITE_DATA
#define A    LEASE_FILE_APPEND_DATA
#define X    LEASE_FILE_EXECUTE
#define D    LEASE_DELETE
#define FIVE (X | R | W | A | D)

/* [MS-FSA] 2.1.5.1.2.1, from "Since deletion of a file's primary stream", and 2.1.5.1.2.2,
 * literally. */
static bool spec_violates(const struct model_open *list, size_t n, const struct model_open *o)
{
    if (!any(o->share, LEASE_SHARE_DELETE) && any(o->access, FIVE))
        for (size_t i = 0; i < n; i++)
            if (list[i].used && any(list[i].access, D) && list[i].primary)
                return true;
    if (any(o->access, D) && o->primary)
        for (size_t i = 0; i < n; i++)
            if (list[i].used && !any(list[i].share, LEASE_SHARE_DELETE) &&
                any(list[i].access, FIVE))
                return true;
    if (!any(o->access, FIVE))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct model_open *e = &list[i];
        if (!e->used || e->stream != o->stream || !any(e->access, FIVE))
            continue;
        if (!any(e->share, LEASE_SHARE_READ) && any(o->access, R | X))
            return true;
        if (!any(e->share, LEASE_SHARE_WRITE) && any(o->access, W | A))
            return true;
        if (!any(e->share, LEASE_SHARE_DELETE) && any(o->access, D))
            return true;
        if (!any(o->share, LEASE_SHARE_READ) && any(e->access, R | X))
            return true;
        if (!any(o->share, LEASE_SHARE_WRITE) && any(e->access, W | A))
            return true;
        if (!any(o->share, LEASE_SHARE_DELETE) && any(e->access, D))
            return true;
    }
    return false;
}

static uint32_t access_from(unsigned bits)
{
    static const uint32_t rights[] = {
        R, W, A, X, D, READ_ATTRIBUTES | LEASE_FILE_WRITE_ATTRIBUTES, SYNCHRONIZE};
    uint32_t access = 0;
    for (size_t i = 0; i < ARRAY_LEN(rights); i++)
        access |= (bits >> i & 1) ? rights[i] : 0;
    return access;
}

#define ACCESSES 128
#define SHARES   8

/* One existing open with every access and share, every second open, on each pair of streams. */
static void sharing_matrix(struct lease_node *const nodes[2], unsigned first, unsigned second)
{
    size_t wrong = 0;
    for (unsigned i = 0; i < ACCESSES * SHARES; i++) {
        struct model_open e = {.used = true,
                               .primary = first == 0,
                               .stream = first,
                               .access = access_from(i / SHARES),
                               .share = i % SHARES};
        struct lease_open_args args = {.access = e.access, .share = e.share};
        lease_open_init(&e.open);
        assert_int_equal(lease_open_attach(nodes[first], &e.open, &args), SMBKIT_STATUS_SUCCESS);
        for (unsigned j = 0; j < ACCESSES * SHARES; j++) {
            struct model_open o = {.primary = second == 0,
                                   .stream = second,
                                   .access = access_from(j / SHARES),
                                   .share = j % SHARES};
            smbkit_status expect =
                spec_violates(&e, 1, &o) ? SMBKIT_STATUS_SHARING_VIOLATION : SMBKIT_STATUS_SUCCESS;
            wrong += lease_share_check(nodes[second], o.access, o.share) != expect;
        }
        close_expect(&e.open, DUE_NOTHING);
    }
    assert_int_equal(wrong, 0);
}

static void test_sharing_matrix(void **state)
{
    struct lease_node *const nodes[2] = {node_of(7, "", false), node_of(7, "s", false)};
    for (unsigned first = 0; first < 2; first++)
        for (unsigned second = 0; second < 2; second++)
            sharing_matrix(nodes, first, second);
    lease_node_unref(nodes[0]);
    lease_node_unref(nodes[1]);
}

/* Many opens coming and going: the sums stay those of the opens. */
static void test_sharing_random(void **state)
{
    static struct model_open opens[24];
    struct lease_node *const nodes[3] = {node_of(7, "", false), node_of(7, "s", false),
                                         node_of(7, "t", false)};
    uint32_t x = 12345;
    unsigned attached = 0, refused = 0;
    for (int step = 0; step < 50000; step++) {
        x = x * 1664525u + 1013904223u;
        struct model_open *o = &opens[(x >> 8) % ARRAY_LEN(opens)];
        if (o->used) {
            close_expect(&o->open, DUE_NOTHING);
            o->used = false;
            continue;
        }
        o->stream = (x >> 13) % 3;
        o->primary = o->stream == 0;
        /* mostly permissive, or nearly nothing would be open together */
        o->access = access_from((x >> 16) & (x >> 23) & 0x7f);
        o->share = (x >> 20 & 7) | (x >> 5 & 7);
        struct lease_open_args args = {.access = o->access, .share = o->share};
        bool violates = spec_violates(opens, ARRAY_LEN(opens), o);
        lease_open_init(&o->open);
        smbkit_status status = lease_open_attach(nodes[o->stream], &o->open, &args);
        assert_int_equal(status,
                         violates ? SMBKIT_STATUS_SHARING_VIOLATION : SMBKIT_STATUS_SUCCESS);
        o->used = !violates;
        attached += !violates;
        refused += violates;
    }
    assert_true(attached > 5000 && refused > 2000);
    for (size_t i = 0; i < ARRAY_LEN(opens); i++)
        if (opens[i].used)
            close_expect(&opens[i].open, DUE_NOTHING);
    for (int i = 0; i < 3; i++)
        lease_node_unref(nodes[i]);
}

/* [MS-FSA] 2.1.5.1.2: overwrite needs FILE_WRITE_DATA for the open but does not keep it. */
static void test_extra_access_is_checked_but_not_kept(void **state)
{
    struct lease_open reader, overwriter, second;
    open_as(&reader, "", (struct lease_open_args){.access = R, .share = LEASE_SHARE_READ},
            SMBKIT_STATUS_SUCCESS);
    struct lease_open_args overwrite = {.access = R, .extra_access = W, .share = SHARE_ALL};
    open_as(&overwriter, "", overwrite, SMBKIT_STATUS_SHARING_VIOLATION);
    close_expect(&reader, DUE_NOTHING);
    open_as(&overwriter, "", overwrite, SMBKIT_STATUS_SUCCESS);
    open_as(&second, "", (struct lease_open_args){.access = R, .share = LEASE_SHARE_READ},
            SMBKIT_STATUS_SUCCESS);
    close_expect(&overwriter, DUE_NOTHING);
    close_expect(&second, DUE_NOTHING);
}

/* Deletion */

/* [MS-FSA] 2.1.5.15.3, 2.1.1.4, 2.1.5.5 phase 3 */
static void test_last_detach_deletes(void **state)
{
    struct lease_open a, b, c;
    open_rwd(&a, 0, SMBKIT_STATUS_SUCCESS);
    open_rwd(&b, 0, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&a, true), SMBKIT_STATUS_SUCCESS);
    assert_true(lease_open_delete_pending(&b));
    open_rwd(&c, 0, SMBKIT_STATUS_DELETE_PENDING);
    open_as(&c, "s", (struct lease_open_args){.access = R, .share = SHARE_ALL},
            SMBKIT_STATUS_DELETE_PENDING);
    close_expect(&a, DUE_NOTHING);
    open_rwd(&c, 0, SMBKIT_STATUS_DELETE_PENDING);
    close_expect(&b, DUE_LINK);
    open_rwd(&c, 0, SMBKIT_STATUS_SUCCESS);
    close_expect(&c, DUE_NOTHING);
}

static void test_stat_open_sees_delete_pending_too(void **state)
{
    struct lease_open a, b;
    open_rwd(&a, 0, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&a, true), SMBKIT_STATUS_SUCCESS);
    open_as(&b, "", (struct lease_open_args){.access = READ_ATTRIBUTES},
            SMBKIT_STATUS_DELETE_PENDING);
    close_expect(&a, DUE_LINK);
}

static void test_disposition_cleared(void **state)
{
    struct lease_open a, b;
    open_rwd(&a, 0, SMBKIT_STATUS_SUCCESS);
    open_rwd(&b, 0, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&a, true), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&b, false), SMBKIT_STATUS_SUCCESS);
    assert_false(lease_open_delete_pending(&a));
    close_expect(&a, DUE_NOTHING);
    close_expect(&b, DUE_NOTHING);
}

/* [MS-FSA] 2.1.5.5 phase 1: until its close the name is alive; the clearing of a disposition does
   not take delete-on-close back. */
static void test_delete_on_close(void **state)
{
    struct lease_open_args doc = {.access = RW_DELETE, .share = SHARE_ALL, .delete_on_close = true};
    struct lease_open a, b, c;
    open_as(&a, "", doc, SMBKIT_STATUS_SUCCESS);
    assert_false(lease_open_delete_pending(&a));
    open_rwd(&b, 0, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&b, false), SMBKIT_STATUS_SUCCESS);
    close_expect(&a, DUE_NOTHING);
    assert_true(lease_open_delete_pending(&b));
    open_rwd(&c, 0, SMBKIT_STATUS_DELETE_PENDING);
    close_expect(&b, DUE_LINK);

    open_as(&a, "", doc, SMBKIT_STATUS_SUCCESS);
    close_expect(&a, DUE_LINK);
}

static void test_delete_on_close_of_a_full_directory(void **state)
{
    struct lease_open_args doc = {
        .access = LEASE_DELETE, .share = SHARE_ALL, .delete_on_close = true};
    struct lease_open a;
    struct lease_actions actions;
    lease_actions_init(&actions);
    open_as(&a, "", doc, SMBKIT_STATUS_SUCCESS);
    lease_open_detach(&a, false, &actions);
    assert_false(actions.delete_link);
}

/* An open that was being made when the others left: it must finish what they began, though it
 * fails. */
static void test_undo(void **state)
{
    struct lease_open_args doc = {.access = RW_DELETE, .share = SHARE_ALL, .delete_on_close = true};
    struct lease_open a, b;
    struct lease_actions actions;
    lease_actions_init(&actions);
    open_as(&b, "", doc, SMBKIT_STATUS_SUCCESS);
    lease_open_undo(&b, &actions);
    assert_false(actions.delete_link);

    open_rwd(&a, 0, SMBKIT_STATUS_SUCCESS);
    open_rwd(&b, 0, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&a, true), SMBKIT_STATUS_SUCCESS);
    close_expect(&a, DUE_NOTHING);
    lease_open_undo(&b, &actions);
    assert_true(actions.delete_link);
}

/* [MS-FSA] 2.1.5.5 phase 2 */
static void test_named_stream(void **state)
{
    struct lease_open file, s1, s2;
    open_rwd(&file, 0, SMBKIT_STATUS_SUCCESS);
    struct lease_open_args args = {.access = RW_DELETE, .share = SHARE_ALL};
    open_as(&s1, "s", args, SMBKIT_STATUS_SUCCESS);
    open_as(&s2, "s", args, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&s1, true), SMBKIT_STATUS_SUCCESS);
    assert_false(lease_open_delete_pending(&file));
    close_expect(&s1, DUE_NOTHING);
    open_as(&s1, "s", args, SMBKIT_STATUS_DELETE_PENDING);
    open_as(&s1, "t", args, SMBKIT_STATUS_SUCCESS);
    close_expect(&s2, DUE_STREAM);
    close_expect(&s1, DUE_NOTHING);
    close_expect(&file, DUE_NOTHING);
}

/* The file waits for the opens of its streams. */
static void test_file_and_stream_together(void **state)
{
    struct lease_open file, s;
    open_rwd(&file, 0, SMBKIT_STATUS_SUCCESS);
    open_as(&s, "s", (struct lease_open_args){.access = RW_DELETE, .share = SHARE_ALL},
            SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&file, true), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&s, true), SMBKIT_STATUS_SUCCESS);
    close_expect(&file, DUE_NOTHING);
    close_expect(&s, DUE_BOTH);
}

/* IsDeleted belongs to the name ([MS-FSA] 2.1.1.4), not to the file. */
static void test_hard_links(void **state)
{
    struct lease_open a, b, c;
    open_rwd(&a, 10, SMBKIT_STATUS_SUCCESS);
    open_rwd(&b, 20, SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&a, true), SMBKIT_STATUS_SUCCESS);
    assert_false(lease_open_delete_pending(&b));
    open_rwd(&c, 10, SMBKIT_STATUS_DELETE_PENDING);
    open_rwd(&c, 20, SMBKIT_STATUS_SUCCESS);
    close_expect(&a, DUE_LINK);
    close_expect(&b, DUE_NOTHING);
    close_expect(&c, DUE_NOTHING);
}

/* [MS-FSA] 2.1.5.15.4, 2.1.5.5 phase 3: the name goes with the first close, once. */
static void test_posix_semantics(void **state)
{
    struct lease_open a, b, c;
    open_rwd(&a, 5, SMBKIT_STATUS_SUCCESS);
    open_rwd(&b, 5, SMBKIT_STATUS_SUCCESS);
    struct lease_disposition d = {.delete_file = true, .posix = true};
    assert_int_equal(lease_set_disposition(&a, &d), SMBKIT_STATUS_SUCCESS);
    open_rwd(&c, 5, SMBKIT_STATUS_DELETE_PENDING);
    close_expect(&a, DUE_LINK);
    assert_true(lease_open_delete_pending(&b));
    /* the same name again: another link of the file was renamed to it */
    open_rwd(&c, 5, SMBKIT_STATUS_SUCCESS);
    close_expect(&c, DUE_NOTHING);
    close_expect(&b, DUE_NOTHING);
}

/* [MS-FSA] 2.1.5.15.3, 2.1.5.15.4 */
static void test_disposition_refused(void **state)
{
    struct lease_node *dir = node_of(9, "", true);
    struct lease_open a;
    struct lease_open_args args = {.access = R, .share = SHARE_ALL};
    lease_open_init(&a);
    assert_int_equal(lease_open_attach(dir, &a, &args), SMBKIT_STATUS_SUCCESS);
    assert_int_equal(dispose(&a, true), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(dispose(&a, false), SMBKIT_STATUS_ACCESS_DENIED);
    close_expect(&a, DUE_NOTHING);

    args.access = LEASE_DELETE;
    assert_int_equal(lease_open_attach(dir, &a, &args), SMBKIT_STATUS_SUCCESS);
    struct lease_disposition d = {.delete_file = true, .directory_not_empty = true};
    assert_int_equal(lease_set_disposition(&a, &d), SMBKIT_STATUS_DIRECTORY_NOT_EMPTY);
    d = (struct lease_disposition){.delete_file = true, .readonly = true, .ignore_readonly = true};
    assert_int_equal(lease_set_disposition(&a, &d), SMBKIT_STATUS_CANNOT_DELETE);
    d = (struct lease_disposition){.delete_file = true, .on_close = true};
    assert_int_equal(lease_set_disposition(&a, &d), SMBKIT_STATUS_NOT_SUPPORTED);
    assert_false(lease_open_delete_pending(&a));
    close_expect(&a, DUE_NOTHING);

    args.access = LEASE_DELETE | LEASE_FILE_WRITE_ATTRIBUTES;
    assert_int_equal(lease_open_attach(dir, &a, &args), SMBKIT_STATUS_SUCCESS);
    d = (struct lease_disposition){.delete_file = true, .readonly = true, .ignore_readonly = true};
    assert_int_equal(lease_set_disposition(&a, &d), SMBKIT_STATUS_SUCCESS);
    close_expect(&a, DUE_LINK);
    lease_node_unref(dir);
}

/* A file marked for deletion keeps that under its new name; the old name is free. */
static void test_renamed(void **state)
{
    struct lease_open a, b;
    open_rwd(&a, 1, SMBKIT_STATUS_SUCCESS);
    lease_open_renamed(&a, 2);
    assert_int_equal(dispose(&a, true), SMBKIT_STATUS_SUCCESS);
    open_rwd(&b, 2, SMBKIT_STATUS_DELETE_PENDING);
    open_rwd(&b, 1, SMBKIT_STATUS_SUCCESS);
    close_expect(&b, DUE_NOTHING);
    close_expect(&a, DUE_LINK);
}

/* A stream with another name keeps its opens, and what they keep others from. */
static void test_stream_renamed(void **state)
{
    struct lease_open a, b, c;
    const struct lease_open_args reads = {.access = R, .share = LEASE_SHARE_READ};
    const struct lease_open_args writes = {.access = W, .share = SHARE_ALL};
    open_as(&a, "ONE", reads, SMBKIT_STATUS_SUCCESS);
    open_as(&b, "TWO", writes, SMBKIT_STATUS_SUCCESS);
    struct lease_key key = {.volume = a.node->volume, .file = 7, .stream = "TWO", .stream_len = 3};
    assert_false(lease_stream_renamed(a.node, &key)); /* somebody has that */
    open_as(&c, "ONE", writes, SMBKIT_STATUS_SHARING_VIOLATION);
    key.stream = "THREE";
    key.stream_len = 5;
    assert_true(lease_stream_renamed(a.node, &key));
    open_as(&c, "THREE", writes, SMBKIT_STATUS_SHARING_VIOLATION);
    open_as(&c, "ONE", writes, SMBKIT_STATUS_SUCCESS);
    close_expect(&c, DUE_NOTHING);
    close_expect(&a, DUE_NOTHING);
    open_as(&c, "THREE", writes, SMBKIT_STATUS_SUCCESS);
    close_expect(&c, DUE_NOTHING);
    close_expect(&b, DUE_NOTHING);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_same_key_same_node),
        TEST(test_stream_name_too_long),
        cmocka_unit_test(test_no_memory),
        TEST(test_sharing_matrix),
        TEST(test_sharing_random),
        TEST(test_extra_access_is_checked_but_not_kept),
        TEST(test_last_detach_deletes),
        TEST(test_stream_renamed),
        TEST(test_stat_open_sees_delete_pending_too),
        TEST(test_disposition_cleared),
        TEST(test_delete_on_close),
        TEST(test_delete_on_close_of_a_full_directory),
        TEST(test_undo),
        TEST(test_named_stream),
        TEST(test_file_and_stream_together),
        TEST(test_hard_links),
        TEST(test_posix_semantics),
        TEST(test_disposition_refused),
        TEST(test_renamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
