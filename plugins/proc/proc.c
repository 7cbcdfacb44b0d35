// SPDX-License-Identifier: Apache-2.0
/*
 * The proc plugin: what the server does, as files.
 *
 * Each file is made when it is opened, and clients keep none of it in their caches. Nobody may
 * write who is not named by `admins`, and with `private` nobody else may read.
 *
 * Threads: SMBKIT_THREAD_ASYNC, so every callback runs on the server's thread, where its figures
 * may be asked for. That thread serves everybody: a file has at most `rows` lines, so that making
 * one takes milliseconds, however much is open.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smbkit/smbkit.h>
#include <smbkit/tree.h>

#define FILETIMES_PER_S UINT64_C(10000000)
#define ORDER_MAX       64

/* The settings of a share; its files keep it. */
struct proc {
    _Atomic size_t refs;
    struct smbkit_server *server;
    bool control, private;
    uint64_t rows;
    char *admins; /* names, separated by '+' */
};

/* --- growing text --- */

struct text {
    char *data;
    size_t used, cap;
    bool memory_out;
    uint64_t now;   /* FILETIME */
    uint64_t rows;  /* lines of a list so far ... */
    uint64_t limit; /* ... and at most */
};

static void add(struct text *t, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

static void add(struct text *t, const char *format, ...)
{
    for (;;) {
        va_list ap;
        size_t room = t->cap - t->used;
        va_start(ap, format);
        int n = vsnprintf(t->data != NULL ? t->data + t->used : NULL, room, format, ap);
        va_end(ap);
        if (t->memory_out || n < 0)
            return;
        if ((size_t)n < room) {
            t->used += (size_t)n;
            return;
        }
        size_t bigger = (t->cap + (size_t)n) * 2 + 1;
        char *data = smbkit_realloc(t->data, bigger);
        t->memory_out = data == NULL;
        if (data == NULL)
            return;
        t->data = data;
        t->cap = bigger;
    }
}

/* One column: what a client has said must not look like the end of it. */
static void add_text(struct text *t, const char *text, char end)
{
    const char *from = text != NULL && text[0] != '\0' ? text : "-";
    size_t len = strlen(from);
    add(t, "%s%c", from, end);
    if (t->memory_out)
        return;
    for (char *p = t->data + t->used - len - 1; p < t->data + t->used - 1; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
}

/* Ends a line of a list. False: no further one. */
static bool end_line(struct text *t)
{
    if (++t->rows < t->limit)
        return !t->memory_out;
    add(t, "...\n");
    return false;
}

/* --- the files --- */

static void make_version(struct text *t, struct smbkit_server *s)
{
    add(t, "%s\n", smbkit_version());
}

static void make_uptime(struct text *t, struct smbkit_server *s)
{
    uint64_t start = smbkit_server_start_time(s);
    add(t, "%" PRIu64 "\n", t->now > start ? (t->now - start) / FILETIMES_PER_S : 0);
}

static void make_stats(struct text *t, struct smbkit_server *s)
{
    struct smbkit_stats st = {.struct_size = sizeof(st)};
    smbkit_server_get_stats(s, &st);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"connections", st.connections},
        {"sessions", st.sessions},
        {"trees", st.trees},
        {"opens", st.opens},
        {"requests-running", st.requests_running},
        {"requests-total", st.requests_total},
        {"bytes-in", st.bytes_in},
        {"bytes-out", st.bytes_out},
        {"logons-failed", st.logons_failed},
        {"frames-refused", st.frames_refused},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        add(t, "%s %" PRIu64 "\n", rows[i].name, rows[i].value);
}

static bool add_connection(void *ctx, const struct smbkit_connection_info *i)
{
    add_text(ctx, i->address, '\t');
    add_text(ctx, i->dialect, '\t');
    add_text(ctx, i->cipher, '\t');
    add_text(ctx, i->signing, '\t');
    add(ctx, "%zu\t%zu\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu64 "\n", i->sessions, i->requests,
        i->waiting, i->credits, i->buffered);
    return end_line(ctx);
}

static void make_connections(struct text *t, struct smbkit_server *s)
{
    add(t, "address\tdialect\tcipher\tsigning\tsessions\trequests\twaiting\tcredits\tbuffered\n");
    smbkit_server_each_connection(s, add_connection, t);
}

static bool add_session(void *ctx, const struct smbkit_session_info *i)
{
    add(ctx, "%016" PRIx64 "\t", i->id);
    add_text(ctx, i->user, '\t');
    add_text(ctx, i->domain, '\t');
    add_text(ctx, i->anonymous ? "anonymous" : i->guest ? "guest" : "user", '\t');
    add_text(ctx, i->address, '\t');
    add_text(ctx, i->dialect, '\t');
    add_text(ctx, i->cipher, '\t');
    add_text(ctx, i->signing, '\t');
    add(ctx, "%zu\t%zu\t%zu\n", i->connections, i->trees, i->opens);
    return end_line(ctx);
}

static void make_sessions(struct text *t, struct smbkit_server *s)
{
    add(t, "id\tuser\tdomain\tkind\taddress\tdialect\tencryption\tsigning\tconnections\ttrees\t"
           "opens\n");
    smbkit_server_each_session(s, add_session, t);
}

static bool add_open(void *ctx, const struct smbkit_open_info *i)
{
    add(ctx, "%016" PRIx64 "\t%016" PRIx64 "\t", i->id, i->session);
    add_text(ctx, i->user, '\t');
    add_text(ctx, i->share, '\t');
    add(ctx, "%08" PRIx32 "\t%s%s\t%zu\t%s%s\t/%s%s%s\n", i->access,
        i->directory ? "folder" : "file", i->delete_on_close ? ",delete" : "", i->locks,
        i->caching[0] != '\0' ? i->caching : "-", i->lease ? ",lease" : "", i->path,
        i->stream != NULL ? ":" : "", i->stream != NULL ? i->stream : "");
    return end_line(ctx);
}

static void make_opens(struct text *t, struct smbkit_server *s)
{
    add(t, "id\tsession\tuser\tshare\taccess\tkind\tlocks\tcaching\tpath\n");
    smbkit_server_each_open(s, add_open, t);
}

static bool add_lock(void *ctx, const struct smbkit_lock_info *i)
{
    add(ctx, "%016" PRIx64 "\t%s\t%" PRIu64 "\t%" PRIu64 "\t", i->open,
        i->exclusive ? "exclusive" : "shared", i->offset, i->length);
    add_text(ctx, i->share, '\t');
    add(ctx, "/%s\n", i->path);
    return end_line(ctx);
}

static void make_locks(struct text *t, struct smbkit_server *s)
{
    add(t, "open\tkind\toffset\tlength\tshare\tpath\n");
    smbkit_server_each_lock(s, add_lock, t);
}

static bool add_lease(void *ctx, const struct smbkit_lease_info *i)
{
    add_text(ctx, i->state, '\t');
    add(ctx, "%s\tv%u\t%u\t%zu\t%s\t%s\t", i->breaking ? "breaking" : "held", i->version, i->epoch,
        i->opens, i->client, i->key);
    add_text(ctx, i->share, '\t');
    add(ctx, "/%s\n", i->path);
    return end_line(ctx);
}

static void make_leases(struct text *t, struct smbkit_server *s)
{
    add(t, "caching\tstate\tversion\tepoch\topens\tclient\tkey\tshare\tpath\n");
    smbkit_server_each_lease(s, add_lease, t);
}

static bool add_share(void *ctx, const struct smbkit_share_info *i)
{
    static const struct smbkit_share_counts none;
    const struct smbkit_share_counts *c = i->counts != NULL ? i->counts : &none;
    add_text(ctx, i->name, '\t');
    add_text(ctx, i->plugin, '\t');
    add(ctx, "%" PRIu32 "\t%s%s%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
        i->connections, i->encrypt ? "e" : "-", i->hidden ? "h" : "-", i->readonly ? "r" : "-",
        c->operations, c->failed, c->bytes_read, c->bytes_written);
    return end_line(ctx);
}

static void make_shares(struct text *t, struct smbkit_server *s)
{
    add(t, "share\tplugin\ttrees\tflags\toperations\tfailed\tbytes-read\tbytes-written\n");
    smbkit_server_each_share(s, add_share, t);
}

static bool add_latency(void *ctx, const struct smbkit_share_info *i)
{
    for (unsigned step = 0; i->counts != NULL && step < SMBKIT_LATENCY_STEPS; step++)
        if (i->counts->latency[step] > 0)
            add(ctx, "%s\t%" PRIu64 "\t%" PRIu64 "\n", i->name, UINT64_C(1) << step,
                i->counts->latency[step]);
    return end_line(ctx);
}

/* Each row: operations that took less than so many microseconds, and not less than half of it. */
static void make_latency(struct text *t, struct smbkit_server *s)
{
    add(t, "share\tbelow-us\toperations\n");
    smbkit_server_each_share(s, add_latency, t);
}

static void make_log(struct text *t, struct smbkit_server *s)
{
    char *lines = smbkit_alloc(SMBKIT_RECENT_LOG_MAX);
    t->memory_out = lines == NULL;
    if (lines != NULL)
        add(t, "%.*s", (int)smbkit_server_recent_log(s, lines, SMBKIT_RECENT_LOG_MAX), lines);
    smbkit_free(lines);
}

static bool add_option(void *ctx, const char *name, const char *value)
{
    add(ctx, "%s=%s\n", name, value);
    return true;
}

static void make_config(struct text *t, struct smbkit_server *s)
{
    smbkit_server_each_option(s, add_option, t);
}

static const char *const levels[] = {"error", "warning", "info", "debug"};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static void make_log_level(struct text *t, struct smbkit_server *s)
{
    unsigned level = (unsigned)smbkit_server_log_level(s);
    add(t, "%s\n", level < LEVELS ? levels[level] : "?");
}

/* --- orders: what is written, without the end of the line --- */

static smbkit_status put_log_level(struct smbkit_server *s, const char *order)
{
    for (unsigned i = 0; i < LEVELS; i++) {
        if (strcmp(levels[i], order) != 0)
            continue;
        smbkit_server_set_log_level(s, (enum smbkit_log_level)i);
        return SMBKIT_STATUS_SUCCESS;
    }
    return SMBKIT_STATUS_INVALID_PARAMETER;
}

static bool parse_id(const char *order, uint64_t *id)
{
    char *end;
    if (order[0] == '\0' || order[strspn(order, "0123456789abcdefABCDEF")] != '\0')
        return false;
    *id = strtoull(order, &end, 16);
    return true;
}

static smbkit_status put_close_session(struct smbkit_server *s, const char *order)
{
    uint64_t id;
    return parse_id(order, &id) ? smbkit_server_close_session(s, id)
                                : SMBKIT_STATUS_INVALID_PARAMETER;
}

static smbkit_status put_close_open(struct smbkit_server *s, const char *order)
{
    uint64_t id;
    return parse_id(order, &id) ? smbkit_server_close_open(s, id) : SMBKIT_STATUS_INVALID_PARAMETER;
}

static const struct file {
    const char *name;
    void (*make)(struct text *t, struct smbkit_server *s); /* NULL: is only there to be written */
    smbkit_status (*put)(struct smbkit_server *s, const char *order);
} files[] = {
    {"version", make_version, NULL},
    {"uptime", make_uptime, NULL},
    {"stats", make_stats, NULL},
    {"connections", make_connections, NULL},
    {"sessions", make_sessions, NULL},
    {"opens", make_opens, NULL},
    {"locks", make_locks, NULL},
    {"leases", make_leases, NULL},
    {"shares", make_shares, NULL},
    {"latency", make_latency, NULL},
    {"log", make_log, NULL},
    {"config", make_config, NULL},
    {"log-level", make_log_level, put_log_level},
    {"close-session", NULL, put_close_session},
    {"close-open", NULL, put_close_open},
};

/* --- as files --- */

/* A published file: what it shows, of which server. */
struct entry {
    const struct file *file;
    struct proc *proc;
};

static void proc_unref(struct proc *p)
{
    if (atomic_fetch_sub(&p->refs, 1) > 1)
        return;
    smbkit_free(p->admins);
    smbkit_free(p);
}

static void entry_release(void *ctx)
{
    struct entry *e = ctx;
    proc_unref(e->proc);
    smbkit_free(e);
}

static bool is_admin(const struct proc *p, const char *user)
{
    size_t len = strlen(user);
    for (const char *name = p->admins; name[0] != '\0';) {
        size_t n = strcspn(name, "+");
        if (n > 0 && smbkit_name_compare(name, n, user, len) == 0)
            return true;
        name += n + (name[n] == '+');
    }
    return false;
}

static smbkit_status entry_open(struct smbkit_op *op, void *ctx, uint32_t access, void **handle)
{
    const struct entry *e = ctx;
    bool writes = (access & (SMBKIT_ACCESS_WRITE | SMBKIT_ACCESS_APPEND)) != 0;
    if ((writes || e->proc->private) && !is_admin(e->proc, smbkit_op_user(op)))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

/* What the file shows, in memory that the caller frees; NULL when it is empty. */
static smbkit_status make_text(struct smbkit_op *op, const struct entry *e, char **data,
                               size_t *size)
{
    struct text t = {.now = smbkit_op_time(op), .limit = e->proc->rows};
    if (e->proc->server != NULL && e->file->make != NULL)
        e->file->make(&t, e->proc->server);
    if (t.memory_out || t.used == 0) {
        smbkit_free(t.data);
        t.data = NULL;
    }
    *data = t.data;
    *size = t.used;
    return t.memory_out ? SMBKIT_STATUS_INSUFFICIENT_RESOURCES : SMBKIT_STATUS_SUCCESS;
}

static smbkit_status entry_get(struct smbkit_op *op, void *ctx, void **data, size_t *size)
{
    char *text;
    smbkit_status status = make_text(op, ctx, &text, size);
    *data = text;
    return status;
}

/* --- files that can be written: each write is an order, so that its answer says what was wrong ---
 */

static smbkit_status control_size(struct smbkit_op *op, void *ctx, uint64_t *size)
{
    char *text;
    size_t used;
    smbkit_status status = make_text(op, ctx, &text, &used);
    smbkit_free(text);
    *size = used;
    return status;
}

static smbkit_status control_read(struct smbkit_op *op, void *ctx, void *handle, uint64_t offset,
                                  void *buffer, uint32_t length, uint32_t *done)
{
    char *text;
    size_t used;
    smbkit_status status = make_text(op, ctx, &text, &used);
    *done = 0;
    if (status == SMBKIT_STATUS_SUCCESS && offset < used) {
        *done = (uint32_t)(used - offset < length ? used - offset : length);
        memcpy(buffer, text + offset, *done);
    }
    smbkit_free(text);
    return status;
}

static smbkit_status control_write(struct smbkit_op *op, void *ctx, void *handle, uint64_t offset,
                                   const void *data, uint32_t length)
{
    const struct entry *e = ctx;
    const char *text = data;
    char order[ORDER_MAX];
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    if (offset != 0 || length >= sizeof(order) || memchr(text, '\0', length) != NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    memcpy(order, text, length);
    order[length] = '\0';
    return e->proc->server != NULL ? e->file->put(e->proc->server, order) : SMBKIT_STATUS_SUCCESS;
}

/* Programs cut a file before they write it. */
static smbkit_status control_set_size(struct smbkit_op *op, void *ctx, void *handle, uint64_t size)
{
    return SMBKIT_STATUS_SUCCESS;
}

static bool never_cached(void *ctx)
{
    return false;
}

static const struct smbkit_file_ops file_ops = {
    .struct_size = sizeof(file_ops),
    .open = entry_open,
    .get = entry_get,
    .can_cache = never_cached,
    .release = entry_release,
};

static const struct smbkit_file_ops control_ops = {
    .struct_size = sizeof(control_ops),
    .open = entry_open,
    .size = control_size,
    .read = control_read,
    .write = control_write,
    .set_size = control_set_size,
    .can_cache = never_cached,
    .release = entry_release,
};

static smbkit_status publish(struct smbkit_node *root, const struct file *file, struct proc *p)
{
    bool writable = p->control && file->put != NULL;
    if (!writable && file->make == NULL)
        return SMBKIT_STATUS_SUCCESS;
    struct entry *e = smbkit_alloc(sizeof(*e));
    if (e == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    *e = (struct entry){file, p};
    atomic_fetch_add(&p->refs, 1);
    smbkit_status status =
        smbkit_tree_add_file(root, file->name, writable ? &control_ops : &file_ops, e, NULL);
    if (status != SMBKIT_STATUS_SUCCESS)
        entry_release(e);
    return status;
}

static struct proc *proc_new(struct smbkit_share *share, const struct smbkit_arg *args,
                             size_t count)
{
    struct proc *p = smbkit_alloc(sizeof(*p));
    if (p == NULL || (p->admins = smbkit_arg_copy(args, count, "admins")) == NULL) {
        smbkit_free(p);
        return NULL;
    }
    p->refs = 1;
    p->server = smbkit_share_server(share);
    p->control = smbkit_arg_bool(args, count, "control");
    p->private = smbkit_arg_bool(args, count, "private");
    p->rows = smbkit_arg_number(args, count, "rows");
    return p;
}

static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                           struct smbkit_tree **tree)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    struct proc *p = proc_new(share, args, count);
    if (p == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if ((p->control || p->private) && p->admins[0] == '\0') {
        smbkit_error(share, "%s=on needs admins=NAME", p->control ? "control" : "private");
        status = SMBKIT_STATUS_INVALID_PARAMETER;
    } else if ((*tree = smbkit_tree_new(NULL)) == NULL) {
        status = SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (status == SMBKIT_STATUS_SUCCESS)
            status = publish(smbkit_tree_root(*tree), &files[i], p);
    proc_unref(p);
    return status;
}

static const struct smbkit_param params[] = {
    {.name = "control",
     .type = SMBKIT_PARAM_BOOL,
     .default_value = "off",
     .text = "admins can write log-level, close-session and close-open"},
    {.name = "admins",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text = "who may write, as in alice+bob"},
    {.name = "private",
     .type = SMBKIT_PARAM_BOOL,
     .default_value = "off",
     .text = "only admins may read"},
    {.name = "rows",
     .type = SMBKIT_PARAM_UINT,
     .unit = "lines",
     .min = 1,
     .max = 100000,
     .default_value = "10000",
     .text = "longest list that is made"},
    {.name = NULL},
};

SMBKIT_TREE_PLUGIN(setup, SMBKIT_THREAD_ASYNC, .name = "proc", .version = SMBKIT_VERSION,
                   .summary = "what the server does, as files", .params = params);
