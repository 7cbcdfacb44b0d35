// SPDX-License-Identifier: Apache-2.0
/*
 * FileRenameInformation, -Ex and FileLinkInformation ([MS-SMB2] 3.3.5.21.1, [MS-FSA] 2.1.5.15.12,
 * 2.1.5.15.7).
 *
 *   begin -- what the request says, and what our own state forbids
 *   target -- only when a file may be replaced: is there one, and is it free to go?
 *   do, done -- the plugin; then the opens of the file learn its new path, and the watchers hear it
 *
 * A folder is not renamed while something in it is open, so that no path of an open ever changes
 * but that of the renamed file itself.
 */
#include "base/mem.h"
#include "base/utf.h"
#include "core/cmd/set_info.h"
#include "core/meta.h"
#include "core/notify.h"
#include "core/open.h"
#include "core/oplock.h"
#include "core/rights.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "vfs/name.h"
#include "wire/info_file.h"
#include "wire/notify_rec.h"
#include <string.h>

#define RENAME_KNOWN 0x000001ffu /* all that [MS-FSCC] 2.4.43 names */

/* What a replaced file tells its watchers: everything about it is another. */
#define FILTER_REPLACED                                                                           \
    (FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE |    \
     FILE_NOTIFY_CHANGE_LAST_ACCESS | FILE_NOTIFY_CHANGE_CREATION | FILE_NOTIFY_CHANGE_SECURITY | \
     FILE_NOTIFY_CHANGE_EA)

/* ---------------------------------------------------------------- the new name */

/* ":name" or ":name:$DATA"; "::$DATA" is the unnamed stream ([MS-FSA] 2.1.5.15.12.1). */
static smbkit_status parse_stream(struct core_request *r, const struct wire_info_rename *in)
{
    struct set_state *s = set_state(r);
    const char *name = in->name + 1, *type = "$DATA";
    size_t len = in->name_len - 1, type_len = strlen(type);
    const char *colon = memchr(name, ':', len);
    if (colon != NULL) {
        type = colon + 1;
        type_len = (size_t)(name + len - type);
        len = (size_t)(colon - name);
    }
    if ((len == 0 && colon == NULL) || (len > 0 && !vfs_stream_valid(name, len)) ||
        !vfs_stream_valid(type, type_len))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    const char *own = r->open->is_directory ? "$INDEX_ALLOCATION" : "$DATA";
    if (utf8_casecmp(type, type_len, own, strlen(own)) != 0)
        return SMBKIT_STATUS_OBJECT_TYPE_MISMATCH;
    s->to = arena_strndup(request_arena(r), name, len);
    s->replace = (in->flags & FILE_RENAME_REPLACE_IF_EXISTS) != 0;
    s->of_stream = true;
    return s->to != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
}

static smbkit_status parse_name(struct core_request *r, const struct wire_info_rename *in)
{
    struct set_state *s = set_state(r);
    struct arena *a = request_arena(r);
    struct vfs_path path;
    struct builder b;
    uint8_t *mem = arena_alloc(a, 2 * in->name_len);
    if (mem == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    if (in->name[0] == ':')
        return vfs_volume_capabilities(r->open->volume) & SMBKIT_CAP_STREAMS
                   ? parse_stream(r, in)
                   : SMBKIT_STATUS_OBJECT_NAME_INVALID;
    builder_init_fixed(&b, mem, 2 * in->name_len);
    size_t bytes = utf8_to_utf16(&b, in->name, in->name_len);
    smbkit_status st = vfs_path_parse(a, mem, bytes, &path);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    if (path.stream != NULL) /* a stream stays with its file: only ":name" can be meant */
        return r->open->stream != NULL ? SMBKIT_STATUS_SHARING_VIOLATION
                                       : SMBKIT_STATUS_NOT_SUPPORTED;
    if (path.path_len == 0 || path.trailing_slash || path.dir_type || path.stream_type)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    if (dfs_link_over(r->tree->share, path.path) != NULL)
        return SMBKIT_STATUS_NOT_SAME_DEVICE;
    s->to = path.path;
    s->replace = (in->flags & FILE_RENAME_REPLACE_IF_EXISTS) != 0;
    s->ignore_readonly = (in->flags & FILE_RENAME_POSIX_SEMANTICS) &&
                         (in->flags & FILE_RENAME_IGNORE_READONLY_ATTRIBUTE);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status read_name(struct core_request *r, bool ex)
{
    struct cursor c = set_input(r);
    struct wire_info_rename in;
    if (!wire_info_rename_decode(&c, request_arena(r), &in, ex))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (in.flags & ~RENAME_KNOWN)
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (in.root_directory != 0 || in.name_len == 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return parse_name(r, &in);
}

static bool same_name(const char *a, const char *b)
{
    return utf8_casecmp(a, strlen(a), b, strlen(b)) == 0;
}

/* ---------------------------------------------------------------- other opens */

struct inside_search {
    const struct core_open *dir;
    uint64_t before; /* ids of later opens are not lower */
    struct core_open *found;
    bool later;
};

static bool is_inside(struct core_open *o, void *arg)
{
    struct inside_search *x = arg;
    if (o->volume == x->dir->volume && o->path != NULL && vfs_path_inside(o->path, x->dir->path) &&
        !same_name(o->path, x->dir->path)) {
        if (o->persistent_id < x->before)
            x->found = o;
        else
            x->later = true;
    }
    return x->found == NULL;
}

/* Open files in a folder keep it from being renamed, unless their clients only keep the handles for
   later and give them back: asked one by one ([MS-FSA] 2.1.4.2). What is opened meanwhile is not
   asked. PENDING with *verdict. */
static smbkit_status folder_busy(struct core_request *r, enum core_verdict *verdict)
{
    struct set_state *s = set_state(r);
    const struct lease_actor actor = {.open = &r->open->lease};
    if (s->opens_before == 0)
        s->opens_before = request_core(r)->next_open_id;
    struct inside_search x = {.dir = r->open, .before = s->opens_before};
    open_walk(request_core(r), is_inside, &x);
    if (x.found == NULL)
        return x.later ? SMBKIT_STATUS_ACCESS_DENIED : SMBKIT_STATUS_SUCCESS;
    if (lease_open_attached(&x.found->lease) &&
        !oplock_clear_node(r, x.found->lease.node, LEASE_OP_RENAME, &actor, verdict))
        return SMBKIT_STATUS_PENDING;
    return SMBKIT_STATUS_ACCESS_DENIED;
}

struct renamed {
    const struct core_open *open;
    const char *from, *to;
};

/* One that gets no memory keeps the old path: its notifications will name that. */
static bool give_new_path(struct core_open *o, void *arg)
{
    const struct renamed *x = arg;
    if (o == x->open || o->volume != x->open->volume || o->file_id != x->open->file_id ||
        !same_name(o->path, x->from))
        return true;
    char *path = mem_strdup(x->to);
    if (path != NULL) {
        mem_free(o->path);
        o->path = path;
    }
    return true;
}

/* ---------------------------------------------------------------- what is in the way */

/* Somebody has it open: it stays, unless it is on its way out, or the handle is only kept for later
   and is given back now. PENDING with *verdict. */
static smbkit_status target_busy(struct core_request *r, uint64_t file_id,
                                 enum core_verdict *verdict)
{
    struct lease_key key = {.volume = vfs_volume_id(r->open->volume), .file = file_id};
    const struct lease_actor actor = {.open = &r->open->lease};
    const char *to = set_state(r)->to;
    struct lease_node *n = lease_node_find(&request_core(r)->leases, &key);
    smbkit_status st = SMBKIT_STATUS_ACCESS_DENIED;
    if (n == NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (list_empty(&n->opens))
        st = SMBKIT_STATUS_SUCCESS;
    else if (lease_node_delete_pending(n, utf8_casehash(to, strlen(to))))
        st = SMBKIT_STATUS_DELETE_PENDING;
    else if (!oplock_clear_node(r, n, LEASE_OP_RENAME, &actor, verdict))
        st = SMBKIT_STATUS_PENDING;
    lease_node_unref(n);
    return st;
}

/* May the file that has the new name be replaced? Looks at the probe. */
static smbkit_status judge_target(struct core_request *r, enum core_verdict *verdict)
{
    struct set_state *s = set_state(r);
    const struct flow_probe *p = &s->flow.probe;
    s->replaced = p->status == SMBKIT_STATUS_SUCCESS; /* anew: after a wait it may be gone */
    if (p->status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        return SMBKIT_STATUS_SUCCESS;
    if (p->status != SMBKIT_STATUS_SUCCESS)
        return p->status;
    if (p->attr.file_id == r->open->file_id)
        return SMBKIT_STATUS_SUCCESS;
    if ((p->attr.attributes & SMBKIT_ATTR_DIRECTORY) ||
        ((p->attr.attributes & SMBKIT_ATTR_READONLY) && !s->ignore_readonly))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return target_busy(r, p->attr.file_id, verdict);
}

static bool delete_pending(const struct core_open *o)
{
    return lease_open_attached(&o->lease) && lease_open_delete_pending(&o->lease);
}

/* ---------------------------------------------------------------- the folder of the new name */

static enum core_verdict folder_asked(struct core_request *r)
{
    struct set_state *s = set_state(r);
    uint32_t needed = r->open->is_directory ? FILE_ADD_SUBDIRECTORY : FILE_ADD_FILE;
    struct wire_sd sd;
    smbkit_status st = meta_take_sd(r, true, &sd);
    if (st == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND || st == SMBKIT_STATUS_STOPPED_ON_SYMLINK)
        st = SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    if (st == SMBKIT_STATUS_SUCCESS && !(acl_granted(&sd, &r->session->token) & needed))
        st = SMBKIT_STATUS_ACCESS_DENIED;
    return st == SMBKIT_STATUS_SUCCESS ? flow_goto(r, s->after_folder) : request_done(r, st);
}

/* May names be added to it? Goes on with `then`. */
static enum core_verdict ask_folder(struct core_request *r, flow_step *then)
{
    struct set_state *s = set_state(r);
    size_t base = vfs_path_base(s->to, strlen(s->to));
    if (!meta_has_acls(r->open->volume))
        return flow_goto(r, then);
    const char *folder = arena_strndup(request_arena(r), s->to, base > 0 ? base - 1 : 0);
    if (folder == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    s->after_folder = then;
    return flow_await(r, vfs_path_sd(&r->op, r->open->volume, folder), folder_asked);
}

/* ---------------------------------------------------------------- rename */

static void tell_renamed(struct core_request *r, const char *from)
{
    struct core_open *o = r->open;
    const struct set_state *s = set_state(r);
    const char *target = s->flow.probe.true_path;
    if (!s->replaced || s->flow.probe.attr.file_id == o->file_id) {
        notify_renamed(o, from, s->to);
    } else if (strcmp(target, s->to) == 0) {
        notify_changed(o, from, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_REMOVED);
        notify_changed(o, s->to, FILTER_REPLACED, FILE_ACTION_MODIFIED);
    } else {
        notify_changed(o, target, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_REMOVED);
        notify_renamed(o, from, s->to);
    }
}

static enum core_verdict rename_done(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    char *from = o->path;
    struct renamed x = {.open = o, .from = from, .to = s->to};
    open_walk(o->core, give_new_path, &x);
    o->path = s->new_path;
    s->new_path = NULL;
    if (lease_open_attached(&o->lease))
        lease_open_renamed(&o->lease, utf8_casehash(o->path, strlen(o->path)));
    tell_renamed(r, from);
    times_renamed(o);
    /* Windows tells of a renamed file once more, to those who watch attributes, at its end */
    if (!o->is_directory)
        o->untold |= FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_CREATION;
    oplock_parent_changed(o, from);
    oplock_parent_touched(o);
    mem_free(from);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

/* Its new folder is opened for the time of the rename, as Windows does, sharing reading and writing
   but not deletion: who has it open with DELETE is in the way. */
static bool folder_shared(struct core_request *r, enum core_verdict *verdict)
{
    struct core *c = request_core(r);
    const struct lease_actor actor = {.open = &r->open->lease};
    const char *to = set_state(r)->to;
    size_t base = vfs_path_base(to, strlen(to));
    struct lease_node *n = lease_node_named(&c->leases, vfs_volume_id(r->open->volume),
                                            utf8_casehash(to, base > 0 ? base - 1 : 0));
    if (n == NULL)
        return true;
    bool ok = lease_share_check(n, FILE_WRITE_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE) ==
              SMBKIT_STATUS_SUCCESS;
    if (!ok && oplock_clear_node(r, n, LEASE_OP_SHARING, &actor, verdict))
        *verdict = request_done(r, SMBKIT_STATUS_SHARING_VIOLATION);
    lease_node_unref(n);
    return ok;
}

static enum core_verdict rename_do(struct core_request *r)
{
    struct core_open *o = r->open;
    struct set_state *s = set_state(r);
    enum core_verdict verdict;
    if (!folder_shared(r, &verdict))
        return verdict;
    s->new_path = mem_strdup(s->to);
    if (s->new_path == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return flow_await(
        r, vfs_rename(&r->op, o->volume, o->file, s->to, s->replace ? SMBKIT_RENAME_REPLACE : 0),
        rename_done);
}

static enum core_verdict rename_look(struct core_request *r);

static enum core_verdict rename_target(struct core_request *r)
{
    enum core_verdict verdict;
    smbkit_status st = judge_target(r, &verdict);
    if (st == SMBKIT_STATUS_PENDING) {
        flow_of(r)->next = rename_look;
        return verdict;
    }
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    return flow_goto(r, rename_do);
}

static enum core_verdict rename_look(struct core_request *r)
{
    return flow_look(r, set_state(r)->to, rename_target);
}

static smbkit_status rename_check(struct core_request *r, enum core_verdict *verdict)
{
    struct core_open *o = r->open;
    const char *to = set_state(r)->to;
    if (o->stream != NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (vfs_volume_frozen(o->volume))
        return SMBKIT_STATUS_NOT_SAME_DEVICE; /* the new name is in the share as it is now */
    if (*o->path == '\0' || delete_pending(o))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (!o->is_directory)
        return SMBKIT_STATUS_SUCCESS;
    if (vfs_path_inside(to, o->path) && !same_name(to, o->path))
        return SMBKIT_STATUS_INVALID_PARAMETER; /* into itself */
    return folder_busy(r, verdict);
}

static enum core_verdict rename_foldered(struct core_request *r)
{
    const struct set_state *s = set_state(r);
    /* a new spelling of the name is in nobody's way */
    if (s->replace && !same_name(s->to, r->open->path))
        return rename_look(r);
    return flow_goto(r, rename_do);
}

static enum core_verdict rename_begin(struct core_request *r, bool ex)
{
    enum core_verdict verdict;
    smbkit_status st = read_name(r, ex);
    if (st == SMBKIT_STATUS_SUCCESS && set_state(r)->of_stream) {
        if (!oplock_clear(r, LEASE_OP_RENAME, &verdict))
            return verdict;
        return set_stream_name(r);
    }
    if (st == SMBKIT_STATUS_SUCCESS)
        st = rename_check(r, &verdict);
    if (st == SMBKIT_STATUS_PENDING)
        return verdict;
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    const struct set_state *s = set_state(r);
    if (!oplock_clear(r, LEASE_OP_RENAME, &verdict))
        return verdict;
    if (strcmp(s->to, r->open->path) == 0)
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    return ask_folder(r, rename_foldered);
}

enum core_verdict set_rename(struct core_request *r)
{
    return rename_begin(r, false);
}

enum core_verdict set_rename_ex(struct core_request *r)
{
    return rename_begin(r, true);
}

/* ---------------------------------------------------------------- link */

static enum core_verdict link_done(struct core_request *r)
{
    struct core_open *o = r->open;
    const struct set_state *s = set_state(r);
    if (r->op.status != SMBKIT_STATUS_SUCCESS)
        return request_done(r, r->op.status);
    oplock_parent_changed(o, s->to);
    if (s->replaced && strcmp(s->flow.probe.true_path, s->to) == 0) {
        notify_changed(o, s->to, FILTER_REPLACED, FILE_ACTION_MODIFIED);
        return request_done(r, SMBKIT_STATUS_SUCCESS);
    }
    if (s->replaced)
        notify_changed(o, s->flow.probe.true_path, FILE_NOTIFY_CHANGE_FILE_NAME,
                       FILE_ACTION_REMOVED);
    notify_changed(o, s->to, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED);
    return request_done(r, SMBKIT_STATUS_SUCCESS);
}

static enum core_verdict link_do(struct core_request *r)
{
    struct core_open *o = r->open;
    const struct set_state *s = set_state(r);
    enum core_verdict verdict;
    if (!oplock_clear(r, LEASE_OP_LINK, &verdict))
        return verdict;
    return flow_await(
        r, vfs_link(&r->op, o->volume, o->file, s->to, s->replace ? SMBKIT_RENAME_REPLACE : 0),
        link_done);
}

static enum core_verdict link_look(struct core_request *r);

static enum core_verdict link_target(struct core_request *r)
{
    const struct set_state *s = set_state(r);
    enum core_verdict verdict;
    smbkit_status st = judge_target(r, &verdict);
    if (st == SMBKIT_STATUS_PENDING) {
        flow_of(r)->next = link_look;
        return verdict;
    }
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (s->replaced && s->flow.probe.attr.file_id == r->open->file_id)
        return request_done(r, SMBKIT_STATUS_SUCCESS); /* the file has that name already */
    return flow_goto(r, link_do);
}

static enum core_verdict link_look(struct core_request *r)
{
    return flow_look(r, set_state(r)->to, link_target);
}

/* No right of the open is asked for, so that it is here that a read-only share says no. */
static smbkit_status link_check(const struct core_request *r)
{
    const struct core_open *o = r->open;
    uint32_t caps = vfs_volume_capabilities(o->volume);
    if (o->stream != NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (o->is_directory)
        return SMBKIT_STATUS_FILE_IS_A_DIRECTORY;
    if (vfs_volume_frozen(o->volume))
        return SMBKIT_STATUS_NOT_SAME_DEVICE;
    if (!(caps & SMBKIT_CAP_HARD_LINKS))
        return SMBKIT_STATUS_NOT_SUPPORTED;
    if (caps & SMBKIT_CAP_READ_ONLY)
        return SMBKIT_STATUS_MEDIA_WRITE_PROTECTED;
    if (request_reads_only(r) || delete_pending(o))
        return SMBKIT_STATUS_ACCESS_DENIED;
    return SMBKIT_STATUS_SUCCESS;
}

static enum core_verdict link_foldered(struct core_request *r)
{
    return set_state(r)->replace ? link_look(r) : flow_goto(r, link_do);
}

enum core_verdict set_link(struct core_request *r)
{
    smbkit_status st = link_check(r);
    if (st == SMBKIT_STATUS_SUCCESS)
        st = read_name(r, false);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    if (set_state(r)->of_stream)
        return request_done(r, SMBKIT_STATUS_OBJECT_NAME_INVALID);
    return ask_folder(r, link_foldered);
}
