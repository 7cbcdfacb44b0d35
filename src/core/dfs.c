// SPDX-License-Identifier: Apache-2.0
/* DFS links of shares: copies, look-up by path, names of CREATE. */
#include "core/dfs.h"
#include "base/htab.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/core.h"
#include "core/share.h"
#include "core/state.h"
#include "vfs/name.h"
#include "wire/fsctl_dfs.h"
#include "wire/fsctl_reparse.h"
#include "wire/wire.h"
#include <string.h>

_Static_assert(CORE_DFS_TARGETS_MAX <= WIRE_DFS_TARGETS_MAX, "all targets fit into a referral");

/* ---------------------------------------------------------------- copies */

static void link_free(struct core_dfs_link *l)
{
    for (size_t i = 0; i < l->target_count; i++)
        mem_free((char *)(uintptr_t)l->targets[i]);
    mem_free((char *)(uintptr_t)l->path);
}

static bool link_copy(struct core_dfs_link *to, const struct core_dfs_link *from)
{
    bool ok = (to->path = mem_strdup(from->path)) != NULL;
    to->target_count = from->target_count;
    for (size_t i = 0; i < from->target_count; i++)
        ok = (to->targets[i] = mem_strdup(from->targets[i])) != NULL && ok;
    return ok;
}

bool dfs_links_copy(struct dfs_links *out, const struct core_dfs_link *v, size_t count)
{
    bool ok = true;
    *out = (struct dfs_links){0};
    if (count == 0)
        return true;
    ASSERT(count <= CORE_DFS_LINKS_MAX);
    out->v = mem_zarray(count, sizeof *out->v);
    if (out->v == NULL)
        return false;
    out->count = count;
    for (size_t i = 0; i < count; i++)
        ok = link_copy(&out->v[i], &v[i]) && ok;
    if (!ok)
        dfs_links_free(out);
    return ok;
}

void dfs_links_free(struct dfs_links *l)
{
    for (size_t i = 0; i < l->count; i++)
        link_free(&l->v[i]);
    mem_free(l->v);
    *l = (struct dfs_links){0};
}

/* ---------------------------------------------------------------- looking up */

bool dfs_is_root(const struct core_share *s)
{
    return s->links.count > 0;
}

bool dfs_capable(const struct core *c)
{
    LIST_FOREACH (it, &c->shares)
        if (dfs_is_root(LIST_ENTRY(it, struct core_share, link)))
            return true;
    return false;
}

const struct core_dfs_link *dfs_link_over(const struct core_share *s, const char *path)
{
    for (size_t i = 0; i < s->links.count; i++)
        if (vfs_path_inside(path, s->links.v[i].path))
            return &s->links.v[i];
    return NULL;
}

const char *dfs_link_in(const struct core_dfs_link *link, const char *folder)
{
    size_t base = vfs_path_base(link->path, strlen(link->path));
    size_t parent = base > 0 ? base - 1 : 0;
    bool here = utf8_casecmp(link->path, parent, folder, strlen(folder)) == 0;
    return here ? link->path + base : NULL;
}

bool dfs_names_link(const struct core_share *s, const char *folder, const char *name, size_t len)
{
    for (size_t i = 0; i < s->links.count; i++) {
        const char *base = dfs_link_in(&s->links.v[i], folder);
        if (base != NULL && utf8_casecmp(base, strlen(base), name, len) == 0)
            return true;
    }
    return false;
}

/* Clients want a file id and times; a link has no file, but it is there since we are. */
struct smbkit_attr dfs_link_attributes(const struct core *c, const struct core_dfs_link *link)
{
    uint64_t since = c->start_filetime;
    return (struct smbkit_attr){
        .attributes = SMBKIT_ATTR_DIRECTORY | SMBKIT_ATTR_REPARSE_POINT,
        .reparse_tag = IO_REPARSE_TAG_DFS,
        .create_time = since,
        .access_time = since,
        .write_time = since,
        .change_time = since,
        .file_id = hash_bytes(link->path, strlen(link->path)),
    };
}

/* ---------------------------------------------------------------- names of CREATE */

#define UNIT 2u

static bool separator_at(const struct wire_blob *name, size_t at)
{
    return name->data[at + 1] == 0 && (name->data[at] == '\\' || name->data[at] == '/');
}

/* Behind the component that begins at `at`. */
static size_t component_end(const struct wire_blob *name, size_t at)
{
    while (at < name->len && !separator_at(name, at))
        at += UNIT;
    return at;
}

/* Some clients begin with backslashes, as in UNC paths, and Windows lets them. */
smbkit_status dfs_normalise(struct wire_blob *name)
{
    size_t at = 0;
    if (name->len % UNIT != 0)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    while (at < name->len && separator_at(name, at))
        at += UNIT;
    if (at == name->len)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    for (int part = 0; part < 2; part++) {
        at = component_end(name, at);
        at += at < name->len ? UNIT : 0;
    }
    name->data += at;
    name->len -= at;
    return SMBKIT_STATUS_SUCCESS;
}
