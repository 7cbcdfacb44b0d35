// SPDX-License-Identifier: Apache-2.0
/* The bench: see test_bench.h. */
#include "core/cmd/test_bench.h"
#include "base/mem.h"
#include "base/testmem.h"
#include "base/utf.h"
#include "core/cmd/lock.h"
#include "core/cmd/negotiate.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/oplock.h"
#include "core/pipe.h"
#include "core/removal.h"
#include "memory/memory.h"
#include "wire/info_file.h"

struct bench bench;
void (*bench_adjust)(struct smbkit_plugin *plugin, struct smbkit_vfs *calls);

/* ---- what request.c, open.c and conn.c do in the server ---- */

static void bench_finish(struct core_request *r)
{
    list_remove(&r->in_open);
    builder_zero(&r->reply, SMB2_HEADER_SIZE);
    if (r->status == SMBKIT_STATUS_SUCCESS || r->with_body)
        if (!r->cmd->encode(r, &r->reply, 0))
            r->status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (r->cmd->release != NULL)
        r->cmd->release(r);
    r->state = REQUEST_FINISHED;
}

void bench_run(struct core_request *r)
{
    r->state = REQUEST_RUNNING;
    r->unpark = NULL;
    list_remove(&r->in_open);
    for (;;) {
        const struct core_step *s = &r->cmd->steps[r->step];
        switch (s->run != NULL ? s->run(r) : STEP_DONE) {
        case STEP_NEXT: r->step++; break;
        case STEP_REPEAT: break;
        case STEP_PARK:
            r->step++;
            r->state = REQUEST_PARKED;
            return;
        case STEP_PARK_REPEAT: r->state = REQUEST_PARKED; return;
        case STEP_DONE: bench_finish(r); return;
        }
    }
}

struct core_share *share_find(struct core *c, const char *name, size_t len)
{
    return NULL;
}

smbkit_status share_check_access(const struct core_share *s, const struct core_session *session)
{
    return SMBKIT_STATUS_SUCCESS;
}

void share_unref(struct core_share *s)
{
}

enum core_verdict request_goto(struct core_request *r,
                               enum core_verdict (*step)(struct core_request *r))
{
    for (r->step = 0; r->cmd->steps[r->step].run != step; r->step++)
        assert_non_null(r->cmd->steps[r->step].run);
    return STEP_REPEAT;
}

void request_resume(struct core_request *r)
{
    assert_int_equal(r->state, REQUEST_PARKED);
    bench_run(r);
}

void request_complete(struct core_request *r, smbkit_status status)
{
    r->status = status;
    bench_finish(r);
}

void conn_refuse(struct core_conn *conn, const char *why)
{
    (void)conn;
    bench.refused = why;
}

uint16_t negotiate_choose_dialect(const struct core *c, const uint16_t *offered, size_t count)
{
    (void)c;
    return offered[count - 1];
}

uint16_t negotiate_security_mode(const struct core *c)
{
    (void)c;
    return 3;
}

struct core_open *open_find(struct core_session *s, uint64_t persistent_id, uint64_t volatile_id)
{
    for (struct htab_node *n = htab_walk(&s->opens, NULL); n != NULL; n = htab_walk(&s->opens, n)) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        if (o->volatile_id == volatile_id && o->persistent_id == persistent_id) {
            o->users++;
            return o;
        }
    }
    return NULL;
}

void open_release(struct core_open *o)
{
    o->users--;
}

/* No open is kept here. */
smbkit_status durable_make_resilient(struct core_request *r, uint32_t timeout_ms)
{
    (void)r;
    (void)timeout_ms;
    return SMBKIT_STATUS_NOT_SUPPORTED;
}

/* No oplocks and no leases here. */
void oplock_run_actions(struct core *c, struct lease_actions *actions)
{
    (void)c;
    assert_true(list_empty(&actions->granted) && list_empty(&actions->cancelled));
}

bool oplock_clear(struct core_request *r, enum lease_op op, enum core_verdict *verdict)
{
    (void)r;
    (void)op;
    (void)verdict;
    return true;
}

bool oplock_clear_node(struct core_request *r, struct lease_node *n, enum lease_op op,
                       const struct lease_actor *actor, enum core_verdict *verdict)
{
    (void)n;
    (void)actor;
    return oplock_clear(r, op, verdict);
}

void oplock_parent_changed(struct core_open *by, const char *path)
{
    (void)by;
    (void)path;
}

void oplock_parent_touched(struct core_open *o)
{
    (void)o;
}

void oplock_volume_changed(struct core *c, struct vfs_volume *v, const char *user, const char *path,
                           bool below)
{
    (void)c;
    (void)v;
    (void)user;
    (void)path;
    (void)below;
}

void oplock_volume_lost(struct core *c, struct vfs_volume *v)
{
    (void)c;
    (void)v;
}

/* ---- of trees ---- */

uint32_t tree_maximal_access(const struct core_tree *t)
{
    return t->share->read_only ? FILE_GENERIC_READ : FILE_ALL_ACCESS;
}

/* ---- of pipes, which are not tested here ---- */

struct core_open *open_new(struct core_tree *tree, struct vfs_volume *volume)
{
    (void)tree;
    (void)volume;
    return NULL;
}

struct core_open *open_use(struct core_open *o)
{
    o->users++;
    return o;
}

void pipe_ask(struct core_request *r)
{
    (void)r;
}

enum core_verdict request_wait(struct core_request *r, void (*unpark)(struct core_request *r),
                               enum core_verdict verdict)
{
    r->unpark = unpark;
    return verdict;
}

/* ---- the bench ---- */

static void bench_op_done(struct vfs_op *op)
{
    (void)op;
}

static void bench_request_op_done(struct vfs_op *op)
{
    request_resume(CONTAINER_OF(op, struct core_request, op));
}

int bench_setup(void **state)
{
    char error[VFS_ERROR_TEXT_MAX];
    (void)state;
    testmem_install();
    memset(&bench, 0, sizeof bench);
    testhost_init(&bench.host);
    bench.plugin = smbkit_plugin_memory;
    bench.plugin.thread_model = SMBKIT_THREAD_PARALLEL; /* so that the test says when */
    bench.calls = *smbkit_plugin_memory.vfs;
    bench.plugin.vfs = &bench.calls;
    if (bench_adjust != NULL)
        bench_adjust(&bench.plugin, &bench.calls);
    bench_adjust = NULL;
    bench.volume = vfs_volume_new(&bench.plugin, "data", NULL, 0, &bench.host.host, error);
    assert_non_null(bench.volume);
    MAGIC_SET(&bench.core, CORE_MAGIC);
    list_init(&bench.core.watches);
    list_init(&bench.core.shares);
    htab_init(&bench.core.sessions);
    htab_init(&bench.session.opens);
    lease_table_init(&bench.core.leases, &LEASE_LIMITS_DEFAULT);
    bench.session.core = &bench.core;
    bench.session.id = 77;
    const struct wire_sid machine = acl_machine_sid("M");
    acl_token_make(&bench.session.token, &machine, ACL_USER, "user");
    assert_true(htab_insert(&bench.core.sessions, &bench.session.by_id, 1));
    bench.share.name = (char *)"data";
    bench.share.hide_files = (char *)"";
    list_init(&bench.share.snapshots);
    bench.tree.share = &bench.share;
    bench.conn.core = &bench.core;
    bench.conn.max_transact = 1 << 20;
    bench.conn.dialect = SMB2_DIALECT_302;
    bench.batch.conn = &bench.conn;
    arena_init(&bench.batch.arena, CORE_ARENA_MAX);
    vfs_op_init(&bench.op, bench_op_done);
    return 0;
}

void bench_wait(bool answered)
{
    if (!answered)
        testhost_drain(&bench.host);
}

/* An open of what is there, or of a new file or folder. */
struct core_open *bench_open_as(const char *path, bool make, bool directory, uint32_t access)
{
    static uint64_t ids;
    struct core_open *o = mem_zalloc(sizeof *o);
    struct smbkit_open_args open = {.path = path};
    struct smbkit_create_args create = {.path = path,
                                        .attributes = directory ? SMBKIT_ATTR_DIRECTORY : 0};
    bench_wait(make ? vfs_create(&bench.op, bench.volume, &create)
                    : vfs_open(&bench.op, bench.volume, &open));
    assert_int_equal(bench.op.status, SMBKIT_STATUS_SUCCESS);
    MAGIC_SET(o, CORE_OPEN_MAGIC);
    o->core = &bench.core;
    o->session = &bench.session;
    o->tree = &bench.tree;
    o->volume = bench.volume;
    o->file = bench.op.opened;
    o->file_id = bench.op.attr.file_id;
    o->is_directory = (bench.op.attr.attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    o->path = mem_strdup(path);
    o->access = access;
    o->persistent_id = 1000 + ids;
    o->volatile_id = ids++;
    list_init(&o->waiters);
    list_init(&o->listing.queue);
    lease_open_init(&o->lease);
    struct lease_key key = {.volume = vfs_volume_id(o->volume), .file = o->file_id};
    /* the root without DELETE, which would keep files in it from being renamed */
    struct lease_open_args args = {.access = *path != '\0' ? o->access : o->access & ~DELETE,
                                   .share = 7,
                                   .link = utf8_casehash(path, strlen(path))};
    struct lease_node *n = lease_node_get(&bench.core.leases, &key, o->is_directory);
    assert_int_equal(lease_open_attach(n, &o->lease, &args), SMBKIT_STATUS_SUCCESS);
    lease_node_unref(n);
    assert_true(htab_insert(&bench.session.opens, &o->by_id, hash_u64(o->volatile_id)));
    return o;
}

struct core_open *bench_open(const char *path, bool make, bool directory)
{
    return bench_open_as(path, make, directory, 0x001f01ff);
}

/* The name is removed when the lease engine says so, as open.c does. */
void bench_close(struct core_open *o)
{
    struct lease_actions actions;
    lease_actions_init(&actions);
    notify_forget(o);
    htab_remove(&bench.session.opens, &o->by_id);
    lease_open_detach(&o->lease, true, &actions);
    bench_wait(vfs_cleanup(&bench.op, bench.volume, o->file,
                           actions.delete_link ? SMBKIT_CLEANUP_DELETE : 0));
    bench_wait(vfs_close(&bench.op, bench.volume, o->file));
    assert_int_equal(o->users, 0);
    mem_free(o->listing.pattern);
    mem_free(o->path);
    mem_free(o->stream);
    mem_free(o);
}

int bench_teardown(void **state)
{
    (void)state;
    vfs_op_clear(&bench.op);
    arena_clear(&bench.batch.arena);
    htab_free(&bench.core.sessions);
    htab_free(&bench.session.opens);
    lease_table_free(&bench.core.leases);
    vfs_volume_unref(bench.volume);
    testhost_drain(&bench.host);
    assert_int_equal(testmem_live(), 0);
    testmem_remove();
    return 0;
}

void bench_request(struct core_request *r, const struct core_command *cmd, struct core_open *o)
{
    memset(r, 0, sizeof *r);
    MAGIC_SET(r, CORE_REQUEST_MAGIC);
    r->batch = &bench.batch;
    r->cmd = cmd;
    r->session = &bench.session;
    r->tree = &bench.tree;
    r->volume = bench.volume;
    r->open = o;
    list_init(&r->in_open);
    vfs_op_init(&r->op, bench_request_op_done);
    builder_init_grow(&r->reply, WIRE_FRAME_MAX);
}

/* Runs it to its end and says how it ended. */
smbkit_status bench_go(struct core_request *r)
{
    bench_run(r);
    testhost_drain(&bench.host);
    assert_int_equal(r->state, REQUEST_FINISHED);
    return r->status;
}

void bench_request_free(struct core_request *r)
{
    vfs_op_clear(&r->op);
    builder_free(&r->reply);
}

/* The reply as a decoder wants it. */
struct cursor bench_reply(const struct core_request *r)
{
    struct cursor c;
    cursor_init(&c, r->reply.data, r->reply.len);
    cursor_seek(&c, SMB2_HEADER_SIZE);
    return c;
}

/* ---- requests that several tests make ---- */

smbkit_status bench_query(struct core_open *o, uint8_t type, uint8_t cls, uint32_t room)
{
    bench_request(&bench.req, &command_query_info, o);
    bench.req.in.query_info =
        (struct wire_query_info_req){.info_type = type, .info_class = cls, .output_length = room};
    return bench_go(&bench.req);
}

struct cursor bench_answer(void)
{
    struct wire_query_info_rsp rsp;
    struct cursor c = bench_reply(&bench.req), out;
    assert_true(wire_query_info_rsp_decode(&c, NULL, &rsp));
    cursor_init(&out, rsp.payload.data, rsp.payload.len);
    return out;
}

smbkit_status bench_set(struct core_open *o, uint8_t cls, const struct builder *b)
{
    bench_request(&bench.req, &command_set_info, o);
    bench.req.in.set_info = (struct wire_set_info_req){
        .info_type = SMB2_0_INFO_FILE, .info_class = cls, .payload = {b->data, b->len}};
    smbkit_status st = bench_go(&bench.req);
    bench_request_free(&bench.req);
    return st;
}

smbkit_status bench_set_name(struct core_open *o, uint8_t cls, const char *to, bool replace)
{
    struct builder b;
    struct wire_info_rename in = {
        .flags = replace ? FILE_RENAME_REPLACE_IF_EXISTS : 0, .name = to, .name_len = strlen(to)};
    builder_init_grow(&b, 4096);
    wire_info_rename_encode(&b, &in, cls == FileRenameInformationEx);
    smbkit_status st = bench_set(o, cls, &b);
    builder_free(&b);
    return st;
}

smbkit_status bench_rename(struct core_open *o, const char *to, bool replace)
{
    return bench_set_name(o, FileRenameInformation, to, replace);
}

void bench_list_begin(struct core_request *r, struct core_open *o, const char *pattern,
                      uint8_t flags, uint32_t room)
{
    static uint8_t mem[256]; /* not from the arena, whose memory a test makes fail */
    struct builder b;
    builder_init_fixed(&b, mem, sizeof mem);
    size_t len = utf8_to_utf16(&b, pattern, strlen(pattern));
    bench_request(r, &command_query_directory, o);
    r->in.query_directory =
        (struct wire_query_directory_req){.info_class = FileIdBothDirectoryInformation,
                                          .flags = flags,
                                          .output_length = room,
                                          .pattern = {mem, len}};
}

void bench_make_files(unsigned n)
{
    char name[8];
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof name, "f%03u", i % 1000);
        bench_close(bench_open(name, true, false));
    }
}
