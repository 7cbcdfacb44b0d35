// SPDX-License-Identifier: Apache-2.0
/*
 * The proc plugin: what the server does, as files.
 *
 * Each file is made when it is opened, and clients keep none of it in their caches. The program
 * decides who may see it: the names of users and of their open files stand in there.
 *
 * Threads: SMBKIT_THREAD_ASYNC, so every callback runs on the server's thread, where its figures
 * may be asked for.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <smbkit/smbkit.h>
#include <smbkit/tree.h>

#define FILETIMES_PER_S UINT64_C(10000000)

/* What a file is made from. */
struct source {
    struct smbkit_server *server;
    uint64_t now; /* FILETIME */
};

/* --- growing text --- */

struct text {
    char *data;
    size_t used, cap;
    bool memory_out;
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

/* --- the files --- */

static void make_version(struct text *t, const struct source *s)
{
    add(t, "%s\n", smbkit_version());
}

static void make_uptime(struct text *t, const struct source *s)
{
    uint64_t start = smbkit_server_start_time(s->server);
    add(t, "%" PRIu64 "\n", s->now > start ? (s->now - start) / FILETIMES_PER_S : 0);
}

static void make_stats(struct text *t, const struct source *s)
{
    struct smbkit_stats st = {.struct_size = sizeof(st)};
    smbkit_server_get_stats(s->server, &st);
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

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "-";
}

static void add_session(void *ctx, const struct smbkit_session_info *i)
{
    const char *kind = i->anonymous ? "anonymous" : i->guest ? "guest" : "user";
    add(ctx, "%016" PRIx64 "\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%zu\t%zu\t%zu\n", i->id, or_dash(i->user),
        or_dash(i->domain), kind, or_dash(i->address), or_dash(i->dialect), or_dash(i->cipher),
        or_dash(i->signing), i->connections, i->trees, i->opens);
}

static void make_sessions(struct text *t, const struct source *s)
{
    add(t, "id\tuser\tdomain\tkind\taddress\tdialect\tencryption\tsigning\tconnections\ttrees\t"
           "opens\n");
    smbkit_server_each_session(s->server, add_session, t);
}

static void add_open(void *ctx, const struct smbkit_open_info *i)
{
    add(ctx, "%016" PRIx64 "\t%s\t%s\t%08x\t%s%s\t/%s%s%s\n", i->session, or_dash(i->user),
        i->share, (unsigned)i->access, i->directory ? "folder" : "file",
        i->delete_on_close ? ",delete" : "", i->path, i->stream != NULL ? ":" : "",
        i->stream != NULL ? i->stream : "");
}

static void make_opens(struct text *t, const struct source *s)
{
    add(t, "session\tuser\tshare\taccess\tkind\tpath\n");
    smbkit_server_each_open(s->server, add_open, t);
}

static void add_share(void *ctx, const struct smbkit_share_info *i)
{
    static const struct smbkit_share_counts none;
    const struct smbkit_share_counts *c = i->counts != NULL ? i->counts : &none;
    add(ctx, "%s\t%s\t%" PRIu32 "\t%s%s%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
        i->name, or_dash(i->plugin), i->connections, i->encrypt ? "e" : "-", i->hidden ? "h" : "-",
        i->readonly ? "r" : "-", c->operations, c->failed, c->bytes_read, c->bytes_written);
}

static void make_shares(struct text *t, const struct source *s)
{
    add(t, "share\tplugin\ttrees\tflags\toperations\tfailed\tbytes-read\tbytes-written\n");
    smbkit_server_each_share(s->server, add_share, t);
}

static void add_latency(void *ctx, const struct smbkit_share_info *i)
{
    if (i->counts == NULL)
        return;
    for (unsigned step = 0; step < SMBKIT_LATENCY_STEPS; step++)
        if (i->counts->latency[step] > 0)
            add(ctx, "%s\t%" PRIu64 "\t%" PRIu64 "\n", i->name, UINT64_C(1) << step,
                i->counts->latency[step]);
}

/* Each row: operations that took less than so many microseconds, and not less than half of it. */
static void make_latency(struct text *t, const struct source *s)
{
    add(t, "share\tbelow-us\toperations\n");
    smbkit_server_each_share(s->server, add_latency, t);
}

static const char *const levels[] = {"error", "warning", "info", "debug"};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static void make_log_level(struct text *t, const struct source *s)
{
    unsigned level = (unsigned)smbkit_server_log_level(s->server);
    add(t, "%s\n", level < LEVELS ? levels[level] : "?");
}

static const struct file {
    const char *name;
    void (*make)(struct text *t, const struct source *s);
} files[] = {
    {"version", make_version},   {"uptime", make_uptime},       {"stats", make_stats},
    {"sessions", make_sessions}, {"opens", make_opens},         {"shares", make_shares},
    {"latency", make_latency},   {"log-level", make_log_level},
};

/* --- as files --- */

/* A published file: what it shows, of which server. */
struct entry {
    const struct file *file;
    struct smbkit_server *server;
};

static smbkit_status entry_get(struct smbkit_op *op, void *ctx, void **data, size_t *size)
{
    const struct entry *e = ctx;
    const struct source source = {e->server, smbkit_op_time(op)};
    struct text t = {0};
    if (e->server != NULL)
        e->file->make(&t, &source);
    if (t.memory_out) {
        smbkit_free(t.data);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    if (t.used == 0) {
        smbkit_free(t.data);
        t.data = NULL;
    }
    *data = t.data;
    *size = t.used;
    return SMBKIT_STATUS_SUCCESS;
}

/* The log level by name, with or without the end of a line. */
static smbkit_status log_level_put(struct smbkit_op *op, void *ctx, const void *data, size_t size)
{
    const struct entry *e = ctx;
    const char *text = data;
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    for (unsigned i = 0; i < LEVELS; i++) {
        if (strlen(levels[i]) != size || memcmp(levels[i], text, size) != 0)
            continue;
        if (e->server != NULL)
            smbkit_server_set_log_level(e->server, (enum smbkit_log_level)i);
        return SMBKIT_STATUS_SUCCESS;
    }
    return SMBKIT_STATUS_INVALID_PARAMETER;
}

static bool never_cached(void *ctx)
{
    return false;
}

static const struct smbkit_file_ops file_ops = {
    .struct_size = sizeof(file_ops),
    .get = entry_get,
    .can_cache = never_cached,
    .release = smbkit_free,
};

static const struct smbkit_file_ops control_ops = {
    .struct_size = sizeof(control_ops),
    .get = entry_get,
    .put = log_level_put,
    .can_cache = never_cached,
    .release = smbkit_free,
};

static smbkit_status publish(struct smbkit_node *root, const struct file *file,
                             struct smbkit_server *server, bool control)
{
    bool writable = control && file->make == make_log_level;
    struct entry *e = smbkit_alloc(sizeof(*e));
    if (e == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    e->file = file;
    e->server = server;
    smbkit_status status =
        smbkit_tree_add_file(root, file->name, writable ? &control_ops : &file_ops, e, NULL);
    if (status != SMBKIT_STATUS_SUCCESS)
        smbkit_free(e);
    return status;
}

static smbkit_status setup(struct smbkit_share *share, const struct smbkit_arg *args, size_t count,
                           struct smbkit_tree **tree)
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    const char *control = smbkit_tree_arg(args, count, "control");
    bool on = strcmp(control, "on") == 0 || strcmp(control, "yes") == 0 ||
              strcmp(control, "true") == 0 || strcmp(control, "1") == 0;
    *tree = smbkit_tree_new(NULL);
    if (*tree == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (status == SMBKIT_STATUS_SUCCESS)
            status = publish(smbkit_tree_root(*tree), &files[i], smbkit_share_server(share), on);
    return status;
}

static const struct smbkit_param params[] = {
    {"control", SMBKIT_PARAM_BOOL, NULL, 0, 0, "off", "log-level can be written"},
    {NULL, SMBKIT_PARAM_STRING, NULL, 0, 0, NULL, NULL},
};

SMBKIT_TREE_PLUGIN(setup, SMBKIT_THREAD_ASYNC, .name = "proc", .version = SMBKIT_VERSION,
                   .summary = "what the server does, as files", .params = params);
