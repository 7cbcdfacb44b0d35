// SPDX-License-Identifier: Apache-2.0
/*
 * QUERY_DIRECTORY ([MS-SMB2] 3.3.5.18, [MS-FSA] 2.1.5.6.3).
 *
 *   enter --(another one lists this open: wait)--> start --> dots --> list <--> listed --> end
 *                                                              '----> one (a name without
 * wildcards)
 *
 * Behind "." and ".." come the DFS links that lie in the folder, before and in place of what the
 * plugin has there.
 *
 * The place where a listing stands belongs to the open, and only one request at a time may move it:
 * `listing.lister`. It moves over an entry when that was put into the answer or does not match;
 * what does not fit any more is asked of the plugin again by the next request. Nothing that was
 * listed is kept in between.
 *
 * A share with access-based enumeration shows only what the user may read ([MS-SMB2] 3.3.5.18): the
 * descriptor of each entry that matches is asked for before it is given.
 *
 * A folder may be long and have nothing for this user or pattern. After a while of finding nothing
 * a listing lets the core's other requests have their turn (rest), wherever the plugin answers at
 * once.
 *
 * A name without wildcards is looked up and not searched for, since clients ask for single names in
 * folders with a million entries.
 */
#include "base/mem.h"
#include "base/utf.h"
#include "core/cmd/flow.h"
#include "core/meta.h"
#include "core/open.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "core/visible.h"
#include "vfs/name.h"
#include "vfs/shortname.h"
#include "wire/fsctl_reparse.h"
#include "wire/info.h"
#include "wire/info_dir.h"
#include <string.h>

/* Requests that may wait for the one at work. Each answer starts the next, on the same stack. */
#define QUEUE_MAX 32u
/* Entries to ask for when one is wanted: some may not match. */
#define SINGLE_HINT 4u
/* Paths and descriptors, decoded. */
#define SCRATCH_MAX (1u << 20)
/* An entry that is listed one at a time takes no more. */
#define ENTRY_MAX (WIRE_DIR_ALIGN + 128 + 2 * VFS_NAME_UNITS_MAX + 2)

/* What is looked at, and not given, between two rests: some milliseconds of work. One that must be
   judged by its descriptor is worth several. */
#define WORK_MAX   8192u
#define WORK_JUDGE 16u

struct dir_state {
    struct flow flow;
    const struct wire_info_row *row;
    struct list in_queue; /* core_enumeration.queue */
    struct core_request *request;
    struct builder out;
    struct wire_chain chain;
    bool full;      /* nothing more goes in */
    uint32_t index; /* FileIndex of the entry that is given */
    bool by_short;  /* the pattern is a short name */
    bool by_name;   /* the pattern is a name, and `entries` is `one` */
    struct vfs_dirent *entries, one;
    size_t count, at;     /* of entries; the next one */
    struct arena held;    /* where they live, when each is asked about */
    struct arena scratch; /* for asking about one */
    bool judged, visible; /* what came of that */
    unsigned work;        /* since the last rest */
    struct timer rest;
    bool last;               /* nothing is listed behind the entries */
    struct smbkit_attr self; /* for "." and ".." */
};

static flow_step dir_start, dir_dots, dir_dots_attr, dir_list, dir_listed, dir_each, dir_judged,
    dir_one, dir_end;

static bool dir_decode(struct core_request *r, struct cursor *body)
{
    return wire_query_directory_req_decode(body, request_arena(r), &r->in.query_directory);
}

static struct wire_file_id *dir_file_id(struct core_request *r)
{
    return &r->in.query_directory.file_id;
}

static uint32_t dir_payload(const struct core_request *r)
{
    const struct wire_query_directory_req *q = &r->in.query_directory;
    return MAX((uint32_t)q->pattern.len, q->output_length);
}

/* ---------------------------------------------------------------- taking one's turn */

static smbkit_status dir_check(const struct core_request *r, struct dir_state *s)
{
    const struct wire_query_directory_req *q = &r->in.query_directory;
    if (!r->open->is_directory) /* note 406 */
        return q->flags & SMB2_REOPEN ? SMBKIT_STATUS_NOT_SUPPORTED
                                      : SMBKIT_STATUS_INVALID_PARAMETER;
    if (q->output_length > request_conn(r)->max_transact)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!(r->open->access & FILE_LIST_DIRECTORY))
        return SMBKIT_STATUS_ACCESS_DENIED;
    s->row = wire_info_find(SMB2_0_INFO_FILE, q->info_class);
    if (s->row == NULL || !(s->row->flags & WIRE_INFO_DIR))
        return SMBKIT_STATUS_INVALID_INFO_CLASS;
    if (s->row->flags & WIRE_INFO_LOCAL)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (q->output_length < s->row->query_min)
        return SMBKIT_STATUS_INFO_LENGTH_MISMATCH;
    return SMBKIT_STATUS_SUCCESS;
}

static void dir_unpark(struct core_request *r)
{
    struct dir_state *s = r->state_data;
    list_remove(&s->in_queue);
    r->open->listing.queued--;
}

/* Parks like a slow operation, not like a wait that may never end. */
static enum core_verdict wait_turn(struct core_request *r, struct dir_state *s)
{
    struct core_enumeration *l = &r->open->listing;
    if (l->queued >= QUEUE_MAX)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    l->queued++;
    list_append(&l->queue, &s->in_queue);
    list_append(&r->open->waiters, &r->in_open);
    r->unpark = dir_unpark;
    return STEP_PARK_REPEAT;
}

static void rested(struct timer *t)
{
    request_resume(CONTAINER_OF(t, struct dir_state, rest)->request);
}

static enum core_verdict dir_enter(struct core_request *r)
{
    struct dir_state *s = r->state_data;
    if (s == NULL) {
        s = arena_alloc(request_arena(r), sizeof *s);
        if (s == NULL)
            return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
        r->state_data = s;
        s->request = r;
        list_init(&s->in_queue);
        timer_init(&s->rest, rested);
        arena_init(&s->held, 0);
        arena_init(&s->scratch, SCRATCH_MAX);
        builder_init_grow(&s->out, r->in.query_directory.output_length);
        smbkit_status st = dir_check(r, s);
        if (st != SMBKIT_STATUS_SUCCESS)
            return request_done(r, st);
    }
    struct core_enumeration *l = &r->open->listing;
    if (l->lister != NULL && l->lister != r)
        return wait_turn(r, s);
    l->lister = r;
    meta_as_user(r);
    s->flow.next = dir_start;
    return STEP_NEXT;
}

/* Gives the turn to the next in the queue: it is told so before it runs. */
static void dir_release(struct core_request *r)
{
    struct dir_state *s = r->state_data;
    struct core_enumeration *l = r->open != NULL ? &r->open->listing : NULL;
    if (s != NULL) {
        builder_free(&s->out);
        arena_clear(&s->held);
        arena_clear(&s->scratch);
    }
    if (l == NULL || l->lister != r)
        return;
    l->lister = NULL;
    struct list *node = list_pop(&l->queue);
    if (node == NULL)
        return;
    l->queued--;
    struct core_request *next = LIST_ENTRY(node, struct dir_state, in_queue)->request;
    l->lister = next;
    request_resume(next);
}

/* ---------------------------------------------------------------- pattern */

/* A file name in which wildcards, "." and ".." are allowed. */
static bool pattern_valid(const char *p, size_t len)
{
    if (len > 3 * VFS_NAME_UNITS_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)p[i] < 0x20 || strchr("/\\:|", p[i]) != NULL)
            return false;
    return true;
}

static smbkit_status take_pattern(struct core_request *r)
{
    const struct wire_blob *in = &r->in.query_directory.pattern;
    struct core_enumeration *l = &r->open->listing;
    const char *text = "*";
    size_t len = 1;
    if (in->len > 0) {
        text = utf16_to_utf8(request_arena(r), in->data, in->len, &len);
        if (text == NULL || !pattern_valid(text, len))
            return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    }
    char *copy = mem_strndup(text, len);
    if (copy == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    mem_free(l->pattern);
    l->pattern = copy;
    l->pattern_len = len;
    return SMBKIT_STATUS_SUCCESS;
}

/* The pattern is that of the first request until a restart brings another one. */
static enum core_verdict dir_start(struct core_request *r)
{
    const struct wire_query_directory_req *q = &r->in.query_directory;
    struct core_enumeration *l = &r->open->listing;
    struct dir_state *s = r->state_data;
    bool restart = (q->flags & (SMB2_RESTART_SCANS | SMB2_REOPEN)) != 0;
    if (!l->started || (restart && q->pattern.len > 0) || (q->flags & SMB2_REOPEN)) {
        smbkit_status st = take_pattern(r);
        if (st != SMBKIT_STATUS_SUCCESS)
            return request_done(r, st);
    }
    if (!l->started || restart) {
        l->started = true;
        l->end = l->any_found = false;
        l->dots = 0;
        l->links = 0;
        l->cookie = 0;
    }
    wire_chain_init(&s->chain, &s->out, q->output_length, WIRE_DIR_ALIGN);
    return flow_goto(r, dir_dots);
}

/* ---------------------------------------------------------------- entries */

/* FileIndex of the entry behind a cookie; 0, there is none, where that is larger than a client can
   say. Listings do not begin at one, as with Windows: plugins get no cookies but their own. */
static uint32_t index_behind(uint64_t cookie)
{
    return cookie < UINT32_MAX ? (uint32_t)cookie + 1 : 0;
}

static struct wire_dir_entry make_entry(const struct core_share *share, const char *name,
                                        size_t len, const struct smbkit_attr *a)
{
    struct wire_dir_entry e = {
        .creation_time = a->create_time,
        .last_access_time = a->access_time,
        .last_write_time = a->write_time,
        .change_time = a->change_time,
        .attributes = meta_shown_attributes(share, name, len, a),
        .ea_size = a->ea_size,
        .reparse_tag = a->reparse_tag,
        .file_id = a->file_id,
        .name = name,
        .name_len = len,
    };
    if (!(a->attributes & SMBKIT_ATTR_DIRECTORY)) {
        e.end_of_file = a->size;
        e.allocation_size = a->alloc_size;
    }
    le64_store(e.file_id128, a->file_id);
    return e;
}

/* The first entry is too long for the client: it gets the part of the name that fits, and the
   entry again next time ([MS-FSA] 2.1.5.6.3). */
static enum core_verdict give_part(struct core_request *r, const struct wire_dir_entry *e)
{
    struct dir_state *s = r->state_data;
    struct wire_chain whole;
    builder_free(&s->out);
    builder_init_grow(&s->out, ENTRY_MAX);
    wire_chain_init(&whole, &s->out, ENTRY_MAX, WIRE_DIR_ALIGN);
    if (wire_dir_add(&whole, s->row->num, e) != WIRE_FIT_OK)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (s->out.len > r->in.query_directory.output_length)
        builder_truncate(&s->out, r->in.query_directory.output_length);
    r->open->listing.any_found = true;
    r->with_body = true;
    return request_done(r, SMBKIT_STATUS_BUFFER_OVERFLOW);
}

/* A link has none: the plugin, which looks for short names, does not know it. */
static bool has_short_name(const struct core_request *r, const char *name, size_t len,
                           const struct smbkit_attr *a)
{
    bool dots = name[0] == '.' && len <= 2 && name[len - 1] == '.';
    return request_core(r)->config.short_names && !dots && a->reparse_tag != IO_REPARSE_TAG_DFS &&
           !vfs_short_is(name, len);
}

enum gave { GAVE_IT, GAVE_NO_ROOM, GAVE_END };

/* GAVE_IT: go on with the next entry. GAVE_NO_ROOM: this one comes again. GAVE_END: *v is the
   verdict. */
static enum gave give(struct core_request *r, const char *name, size_t len,
                      const struct smbkit_attr *a, enum core_verdict *v)
{
    struct dir_state *s = r->state_data;
    struct wire_dir_entry e = make_entry(r->tree->share, name, len, a);
    e.file_index = s->index;
    char made[VFS_SHORT_MAX + 1];
    if (has_short_name(r, name, len, a)) {
        vfs_short_make(name, len, made);
        e.short_name = made;
        e.short_name_len = strlen(made);
    }
    switch (wire_dir_add(&s->chain, s->row->num, &e)) {
    case WIRE_FIT_OK:
        r->open->listing.any_found = true;
        s->full = (r->in.query_directory.flags & SMB2_RETURN_SINGLE_ENTRY) != 0;
        return GAVE_IT;
    case WIRE_FIT_BAD_TEXT: return GAVE_IT; /* a name that no client could use */
    case WIRE_FIT_FULL:
        s->full = true;
        if (s->chain.count > 0)
            return GAVE_NO_ROOM;
        *v = give_part(r, &e);
        return GAVE_END;
    case WIRE_FIT_NO_MEMORY: break;
    }
    *v = request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return GAVE_END;
}

/* ---------------------------------------------------------------- "." and ".." */

#define DOTS 2

/* The first one is "." and the second one "..", that is, as long as its number says. */
static bool dot_matches(const struct core_enumeration *l)
{
    return vfs_match(l->pattern, l->pattern_len, "..", l->dots + 1);
}

/* False: *v is the verdict. */
static bool give_links(struct core_request *r, enum core_verdict *v)
{
    const struct dfs_links *links = &r->tree->share->links;
    struct core_enumeration *l = &r->open->listing;
    struct dir_state *s = r->state_data;
    for (; l->links < links->count && !s->full; l->links++) {
        const struct core_dfs_link *link = &links->v[l->links];
        const char *name = dfs_link_in(link, r->open->path);
        if (name == NULL || !vfs_match(l->pattern, l->pattern_len, name, strlen(name)))
            continue;
        struct smbkit_attr a = dfs_link_attributes(request_core(r), link);
        enum gave g = give(r, name, strlen(name), &a, v);
        if (g == GAVE_END)
            return false;
        if (g == GAVE_NO_ROOM)
            break;
        l->end = !vfs_has_wildcard(l->pattern, l->pattern_len);
    }
    return true;
}

static enum core_verdict after_dots(struct core_request *r)
{
    const struct core_enumeration *l = &r->open->listing;
    const struct dir_state *s = r->state_data;
    enum core_verdict v;
    if (!give_links(r, &v))
        return v;
    if (s->full || l->end)
        return flow_goto(r, dir_end);
    if (vfs_has_wildcard(l->pattern, l->pattern_len))
        return flow_goto(r, dir_list);
    char *path = flow_join(request_arena(r), r->open->path, l->pattern, l->pattern_len);
    if (path == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    if (!vfs_name_valid(l->pattern, l->pattern_len)) /* "." too */
        return flow_goto(r, dir_end);
    return flow_look(r, path, dir_one);
}

static enum core_verdict dir_dots(struct core_request *r)
{
    struct core_enumeration *l = &r->open->listing;
    while (l->dots < DOTS && !dot_matches(l))
        l->dots++;
    if (l->dots == DOTS)
        return after_dots(r);
    return flow_await(r, vfs_getattr(&r->op, r->open->volume, r->open->file), dir_dots_attr);
}

static enum core_verdict dir_dots_attr(struct core_request *r)
{
    struct core_enumeration *l = &r->open->listing;
    struct dir_state *s = r->state_data;
    enum core_verdict v;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    s->self = r->op.attr;
    for (; l->dots < DOTS && !s->full; l->dots++) {
        if (!dot_matches(l))
            continue;
        if (l->dots == 1)
            s->self.file_id = 0; /* of the folder above nothing is known but that it is one */
        enum gave g = give(r, "..", l->dots + 1, &s->self, &v);
        if (g == GAVE_END)
            return v;
        if (g == GAVE_NO_ROOM)
            break;
    }
    return after_dots(r);
}

/* ---------------------------------------------------------------- one name */

static enum core_verdict dir_one(struct core_request *r)
{
    const struct flow_probe *p = &flow_of(r)->probe;
    struct core_enumeration *l = &r->open->listing;
    struct dir_state *s = r->state_data;
    if (p->status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND ||
        p->status == SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND) {
        s->by_short =
            request_core(r)->config.short_names && vfs_short_looks(l->pattern, l->pattern_len);
        if (s->by_short)
            return flow_goto(r, dir_list);
        l->end = true;
        return flow_goto(r, dir_end);
    }
    if (p->status != SMBKIT_STATUS_SUCCESS) /* it may be listed all the same */
        return flow_goto(r, dir_list);
    size_t len = strlen(p->true_path);
    size_t base = vfs_path_base(p->true_path, len);
    s->one = (struct vfs_dirent){.name = p->true_path + base, .name_len = len - base};
    s->one.attr = p->attr;
    s->by_name = true;
    s->entries = &s->one;
    s->count = 1;
    s->last = true;
    return flow_goto(r, dir_each);
}

/* ---------------------------------------------------------------- the folder */

static enum core_verdict dir_list(struct core_request *r)
{
    const struct core_enumeration *l = &r->open->listing;
    const struct dir_state *s = r->state_data;
    size_t room = r->in.query_directory.output_length - MIN(s->out.len, s->out.max);
    struct smbkit_readdir_args args = {
        .cookie = l->cookie,
        .pattern = s->by_short ? "*" : l->pattern,
        .max_entries = room / (wire_dir_fixed_size(s->row->num) + 2) + 1,
    };
    if (r->in.query_directory.flags & SMB2_RETURN_SINGLE_ENTRY)
        args.max_entries = SINGLE_HINT;
    args.max_entries = MIN(args.max_entries, VFS_DIRENTS_MAX);
    return flow_await(r, vfs_readdir(&r->op, r->open->volume, r->open->file, &args), dir_listed);
}

/* A later error will come again when the client asks for more; what was found is good. */
static enum core_verdict list_failed(struct core_request *r, smbkit_status st)
{
    const struct dir_state *s = r->state_data;
    return request_done(r, s->chain.count > 0 ? SMBKIT_STATUS_SUCCESS : st);
}

static bool wanted(const struct dir_state *s, const struct core_enumeration *l,
                   const struct vfs_dirent *d)
{
    if (s->by_name)
        return true;
    if (s->by_short)
        return vfs_short_names(l->pattern, l->pattern_len, d->name, d->name_len);
    return vfs_match(l->pattern, l->pattern_len, d->name, d->name_len);
}

/* ---- access-based enumeration ---- */

static enum core_verdict judge(struct core_request *r, const struct vfs_dirent *d)
{
    struct dir_state *s = r->state_data;
    if (r->cancelled) /* a folder with nothing to see may be long */
        return list_failed(r, SMBKIT_STATUS_CANCELLED);
    const char *path = flow_join(&s->scratch, r->open->path, d->name, d->name_len);
    if (path == NULL)
        return list_failed(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return flow_await(r, vfs_path_sd(&r->op, r->open->volume, path), dir_judged);
}

static enum core_verdict dir_judged(struct core_request *r)
{
    struct dir_state *s = r->state_data;
    const struct vfs_dirent *d = &s->entries[s->at];
    bool folder = (d->attr.attributes & SMBKIT_ATTR_DIRECTORY) != 0;
    smbkit_status st = visible_judge(r, &s->scratch, folder, &s->visible);
    arena_clear(&s->scratch);
    if (st == SMBKIT_STATUS_INSUFFICIENT_RESOURCES)
        return list_failed(r, st);
    s->judged = true;
    return flow_goto(r, dir_each);
}

/* ---- resting ---- */

static void rest_unpark(struct core_request *r)
{
    struct dir_state *s = r->state_data;
    timerq_cancel(&request_core(r)->timers, &s->rest);
}

/* Parks like a slow operation; the timer, set for a time long past, fires when the loop has looked
   at everything else. */
static enum core_verdict rest(struct core_request *r)
{
    struct dir_state *s = r->state_data;
    if (r->open->state != OPEN_LIVE) /* its waiters have been completed */
        return request_done(r, r->cmd->closed_status);
    s->work = 0;
    timerq_set(&request_core(r)->timers, &s->rest, 0);
    list_append(&r->open->waiters, &r->in_open);
    r->unpark = rest_unpark;
    s->flow.next = dir_each;
    return STEP_PARK_REPEAT;
}

/* ---- giving what was listed ---- */

static enum core_verdict dir_each(struct core_request *r)
{
    struct core_enumeration *l = &r->open->listing;
    struct dir_state *s = r->state_data;
    enum core_verdict v;
    for (; s->at < s->count && !s->full; s->at++) {
        const struct vfs_dirent *d = &s->entries[s->at];
        if (s->work >= WORK_MAX)
            return rest(r);
        s->work++;
        bool give_it =
            wanted(s, l, d) && !dfs_names_link(r->tree->share, r->open->path, d->name, d->name_len);
        if (give_it && visible_matters(r)) {
            if (!s->judged)
                return judge(r, d);
            s->judged = false;
            s->work += WORK_JUDGE;
            give_it = s->visible;
        }
        if (give_it) {
            s->index = s->by_name ? 0 : index_behind(l->cookie);
            enum gave g = give(r, d->name, d->name_len, &d->attr, &v);
            if (g == GAVE_END)
                return v;
            if (g == GAVE_NO_ROOM)
                return flow_goto(r, dir_end);
        }
        if (!s->by_name)
            l->cookie = d->next_cookie;
    }
    if (s->at < s->count)
        return flow_goto(r, dir_end);
    l->end = s->last;
    if (r->cancelled)
        return list_failed(r, SMBKIT_STATUS_CANCELLED);
    return flow_goto(r, s->full || l->end ? dir_end : dir_list);
}

static enum core_verdict dir_listed(struct core_request *r)
{
    struct dir_state *s = r->state_data;
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return list_failed(r, r->op.status);
    s->entries = r->op.dirents;
    s->count = r->op.dirent_count;
    s->at = 0;
    /* a plugin that lists nothing has come to the end, whatever it says */
    s->last = r->op.dir_end || s->count == 0;
    arena_clear(&s->held);
    if (visible_matters(r)) /* r->op is about to ask */
        vfs_op_take_arena(&r->op, &s->held);
    return flow_goto(r, dir_each);
}

static enum core_verdict dir_end(struct core_request *r)
{
    const struct core_enumeration *l = &r->open->listing;
    const struct dir_state *s = r->state_data;
    if (s->chain.count > 0)
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    return request_done(r, l->any_found ? SMBKIT_STATUS_NO_MORE_FILES : SMBKIT_STATUS_NO_SUCH_FILE);
}

/* ---------------------------------------------------------------- the command */

static bool dir_encode(struct core_request *r, struct builder *b, size_t hdr)
{
    const struct dir_state *s = r->state_data;
    struct wire_query_directory_rsp rsp = {.payload = {s->out.data, s->out.len}};
    return wire_query_directory_rsp_encode(b, hdr, &rsp);
}

static const struct core_step dir_steps[] = {
    {"enter", dir_enter},
    {"list", flow_run},
    {0},
};

const struct core_command command_query_directory = {
    .code = SMB2_QUERY_DIRECTORY,
    .name = "QUERY_DIRECTORY",
    .flags = CMD_NEEDS_SESSION | CMD_NEEDS_TREE | CMD_NEEDS_OPEN | CMD_LARGE,
    .decode = dir_decode,
    .file_id = dir_file_id,
    .payload = dir_payload,
    .steps = dir_steps,
    .encode = dir_encode,
    .closed_status = SMBKIT_STATUS_FILE_CLOSED,
    .release = dir_release,
};
