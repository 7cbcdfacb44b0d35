// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE: what security descriptors allow ([MS-FSA] 2.1.5.1.1, 2.1.5.1.2.1).
 *
 * Volumes without SMBKIT_CAP_ACLS have no descriptors to look at: the steps are passed through, and
 * the share decides alone. On others one question to the plugin is enough as a rule: the folder is
 * asked about only when the file does not allow everything by itself.
 */
#include "core/cmd/create.h"
#include "core/meta.h"
#include "core/session.h"
#include "core/share.h"
#include "core/tree.h"
#include <string.h>

/* What the folder may add to an existing file's rights. */
#define FROM_FOLDER (DELETE | FILE_READ_ATTRIBUTES)

static struct core_open *existing(const struct create_state *s)
{
    return create_has_base(s) ? s->base : s->open;
}

/* ---------------------------------------------------------------- an existing file */

enum core_verdict create_guard(struct core_request *r)
{
    struct create_state *s = create_state(r);
    s->effective = tree_maximal_access(r->tree);
    if (!meta_has_acls(r->volume))
        return request_goto(r, create_judge);
    return request_await(r, vfs_get_sd(&r->op, r->volume, existing(s)->file));
}

/* The folder's path, "" for the root. NULL: memory is out. */
static const char *folder_of(struct core_request *r, const char *path)
{
    size_t base = vfs_path_base(path, strlen(path));
    return arena_strndup(request_arena(r), path, base > 0 ? base - 1 : 0);
}

static bool folder_matters(const struct create_state *s)
{
    uint32_t missing = (s->desired | s->implied) & ~s->effective;
    bool all = (s->desired & MAXIMUM_ALLOWED) || (s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_MXAC));
    return s->path.path_len > 0 && (~s->effective & FROM_FOLDER) != 0 &&
           (all || (missing & FROM_FOLDER) != 0);
}

enum core_verdict create_guarded(struct core_request *r)
{
    struct create_state *s = create_state(r);
    struct wire_sd sd;
    smbkit_status st = meta_take_sd(r, existing(s)->is_directory, &sd);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    s->effective = acl_granted(&sd, &r->session->token);
    if (!folder_matters(s))
        return request_goto(r, create_judge);
    const char *folder = folder_of(r, existing(s)->path);
    if (folder == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_await(r, vfs_path_sd(&r->op, r->volume, folder));
}

static uint32_t from_folder(const struct wire_sd *folder, const struct acl_token *t)
{
    uint32_t granted = acl_granted(folder, t);
    return (granted & FILE_DELETE_CHILD ? DELETE : 0) |
           (granted & FILE_LIST_DIRECTORY ? FILE_READ_ATTRIBUTES : 0);
}

enum core_verdict create_foldered(struct core_request *r)
{
    struct create_state *s = create_state(r);
    struct wire_sd folder;
    smbkit_status st = meta_take_sd(r, true, &folder);
    if (st == SMBKIT_STATUS_SUCCESS)
        s->effective |= from_folder(&folder, &r->session->token);
    else if (st == SMBKIT_STATUS_INSUFFICIENT_RESOURCES)
        return request_done(r, st);
    /* else: a folder that is gone, or that we may not ask about, adds nothing */
    return request_goto(r, create_judge);
}

smbkit_status create_judge_access(struct core_request *r, struct create_state *s)
{
    s->effective &= tree_maximal_access(r->tree);
    s->granted = s->desired & ~MAXIMUM_ALLOWED;
    if ((s->granted | s->implied) & ~(s->effective | ACCESS_SYSTEM_SECURITY))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (s->desired & MAXIMUM_ALLOWED)
        s->granted |= s->effective;
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- a new one */

enum core_verdict create_parent(struct core_request *r)
{
    struct create_state *s = create_state(r);
    s->effective = tree_maximal_access(r->tree);
    if (!meta_has_acls(r->volume))
        return request_goto(r, create_make);
    const char *folder = folder_of(r, s->path.path);
    if (folder == NULL)
        return request_done(r, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    return request_await(r, vfs_path_sd(&r->op, r->volume, folder));
}

/* The descriptor of what will be made, as bytes for the plugin. */
static smbkit_status make_sd(struct core_request *r, struct create_state *s,
                             const struct wire_sd *parent)
{
    const struct wire_blob *in = &s->ctxs.sd;
    struct wire_sd given, sd;
    struct cursor c;
    cursor_init(&c, in->data, in->len);
    if (in->len > 0 && !wire_sd_decode(&c, request_arena(r), &given))
        return SMBKIT_STATUS_INVALID_SECURITY_DESCR;
    smbkit_status st = acl_new_sd(request_arena(r), parent, in->len > 0 ? &given : NULL,
                                  s->want_dir, &r->session->token, &sd);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    st = meta_encode_sd(r, &sd, &s->sd, &s->sd_len);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    s->effective = acl_granted(&sd, &r->session->token) | from_folder(parent, &r->session->token);
    return SMBKIT_STATUS_SUCCESS;
}

enum core_verdict create_parented(struct core_request *r)
{
    struct create_state *s = create_state(r);
    struct wire_sd parent;
    if (r->op.status == SMBKIT_STATUS_STOPPED_ON_SYMLINK)
        return create_stopped(r);
    if (r->op.status == SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND)
        return request_done(r, SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND);
    smbkit_status st = meta_take_sd(r, true, &parent);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    uint32_t needed = s->want_dir ? FILE_ADD_SUBDIRECTORY : FILE_ADD_FILE;
    if (!(acl_granted(&parent, &r->session->token) & needed))
        return request_done(r, SMBKIT_STATUS_ACCESS_DENIED);
    st = make_sd(r, s, &parent);
    if (st != SMBKIT_STATUS_SUCCESS)
        return request_done(r, st);
    return request_goto(r, create_make);
}

/* ---------------------------------------------------------------- extended attributes */

smbkit_status create_parse_eas(struct core_request *r, struct create_state *s)
{
    const struct wire_blob *in = &s->ctxs.ea;
    if (!(s->ctxs.present & WIRE_CTX_BIT(WIRE_CTX_EXTA)) || in->len == 0)
        return SMBKIT_STATUS_SUCCESS;
    if (!(vfs_volume_capabilities(r->volume) & SMBKIT_CAP_EXTENDED_ATTRS))
        return SMBKIT_STATUS_EAS_NOT_SUPPORTED;
    if (r->in.create.create_options & FILE_NO_EA_KNOWLEDGE)
        return SMBKIT_STATUS_ACCESS_DENIED;
    return meta_read_eas(r, in, &s->eas, &s->ea_count);
}
