// SPDX-License-Identifier: Apache-2.0
/*
 * Volumes: one plugin instance each, from share_open to share_close.
 *
 *   (vfs_volume_new) -> share_open ok -> OPEN --last reference dropped--> share_close -> freed
 *
 * References are held by the share, by every open file, by every running operation and by a job on
 * a worker. The last one may go on any thread; share_close runs there.
 */
#include "base/mem.h"
#include "vfs/name.h"
#include "vfs/vfs_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FS_NAME_MAX 15

/* Numbers volumes of all servers in this process; the only shared state in this module. */
static _Atomic uint64_t last_id;

static bool plugin_name_ok(const char *name)
{
    if (name == NULL || name[0] == '\0')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/* What is wrong with a plugin's table; NULL: nothing. */
static const char *plugin_problem(const struct smbkit_plugin *p)
{
    size_t vfs_at = offsetof(struct smbkit_plugin, vfs);
    if (p->abi_version != SMBKIT_ABI_VERSION)
        return "was made for another version of the plugin interface";
    if (p->struct_size < vfs_at || p->vfs_size > p->struct_size - vfs_at)
        return "has a malformed table (sizes)";
    if (!plugin_name_ok(p->name))
        return "has a name that is not made of a-z, 0-9 and '-'";
    if ((unsigned)p->thread_model > SMBKIT_THREAD_SERIAL)
        return "has an unknown thread model";
    if (p->fs_name != NULL && strlen(p->fs_name) > FS_NAME_MAX)
        return "has an fs_name of more than 15 characters";
    return NULL;
}

static const char *callbacks_problem(const struct smbkit_vfs *f)
{
    if (f->share_open == NULL)
        return "lacks the callback share_open";
    if (f->open == NULL)
        return "lacks the callback open";
    if (f->getattr == NULL)
        return "lacks the callback getattr";
    return NULL;
}

static struct vfs_volume *volume_alloc(const struct smbkit_plugin *plugin, const char *share,
                                       const struct vfs_host *host)
{
    struct vfs_volume *v = mem_zalloc(sizeof(*v));
    if (v == NULL)
        return NULL;
    v->share = mem_strdup(share);
    if (v->share == NULL) {
        mem_free(v);
        return NULL;
    }
    MAGIC_SET(v, VFS_VOLUME_MAGIC);
    atomic_store(&v->refs, 1);
    v->plugin = plugin;
    memcpy(&v->vfs, &plugin->vfs, MIN(plugin->vfs_size, sizeof(v->vfs)));
    v->host = *host;
    v->id = atomic_fetch_add(&last_id, 1) + 1;
    return v;
}

static void volume_free(struct vfs_volume *v)
{
    MAGIC_WIPE(v);
    mem_free(v->share);
    mem_free(v);
}

/* Calls share_open; false with a line in `error`. */
static bool volume_open(struct vfs_volume *v, const struct smbkit_arg *args, size_t count,
                        char error[VFS_ERROR_TEXT_MAX])
{
    struct smbkit_arg *filled;
    size_t filled_count;
    if (!vfs_params_check(v->plugin, args, count, &filled, &filled_count, error))
        return false;
    v->error = error;
    smbkit_status status =
        v->vfs.share_open((struct smbkit_share *)v, filled, filled_count, &v->vol);
    v->error = NULL;
    mem_free(filled);
    if (status == SMBKIT_STATUS_SUCCESS)
        return true;
    if (error[0] == '\0')
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: cannot open share '%.80s': %s", v->plugin->name,
                 v->share, smbkit_status_text(status));
    return false;
}

struct vfs_volume *vfs_volume_new(const struct smbkit_plugin *plugin, const char *share,
                                  const struct smbkit_arg *args, size_t count,
                                  const struct vfs_host *host, char error[VFS_ERROR_TEXT_MAX])
{
    error[0] = '\0';
    const char *problem = plugin_problem(plugin);
    if (problem != NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "plugin %.40s %s",
                 plugin_name_ok(plugin->name) ? plugin->name : "?", problem);
        return NULL;
    }
    struct vfs_volume *v = volume_alloc(plugin, share, host);
    if (v == NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: out of memory", plugin->name);
        return NULL;
    }
    problem = callbacks_problem(&v->vfs);
    if (problem != NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "plugin %s %s", plugin->name, problem);
        volume_free(v);
        return NULL;
    }
    if (!volume_open(v, args, count, error)) {
        volume_free(v);
        return NULL;
    }
    atomic_store(&v->opened, true);
    return v;
}

struct vfs_volume *vfs_volume_ref(struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    atomic_fetch_add(&v->refs, 1);
    return v;
}

struct vfs_volume *vfs_volume_try_ref(struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    int refs = atomic_load(&v->refs);
    while (refs > 0)
        if (atomic_compare_exchange_weak(&v->refs, &refs, refs + 1))
            return v;
    return NULL;
}

void vfs_volume_unref(struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    if (atomic_fetch_sub(&v->refs, 1) != 1)
        return;
    if (v->vfs.share_close != NULL)
        v->vfs.share_close(v->vol);
    const struct vfs_host host = v->host;
    volume_free(v);
    if (host.gone != NULL)
        host.gone(host.ctx);
}

uint32_t vfs_volume_capabilities(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->plugin->capabilities;
}

const char *vfs_volume_fs_name(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->plugin->fs_name != NULL ? v->plugin->fs_name : "NTFS";
}

enum smbkit_thread_model vfs_volume_thread_model(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->plugin->thread_model;
}

uint64_t vfs_volume_id(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->id;
}

/* --- what plugins ask of their share --- */

static struct vfs_volume *from_share(const struct smbkit_share *share)
{
    struct vfs_volume *v = (struct vfs_volume *)(uintptr_t)share;
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v;
}

const char *smbkit_share_name(const struct smbkit_share *share)
{
    return from_share(share)->share;
}

void smbkit_error(struct smbkit_share *share, const char *format, ...)
{
    struct vfs_volume *v = from_share(share);
    char text[VFS_ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (v->error != NULL)
        snprintf(v->error, VFS_ERROR_TEXT_MAX, "%s: %.*s", v->plugin->name, VFS_ERROR_TEXT_MAX - 64,
                 text);
    else /* after share_open nobody waits for the line */
        LOGE(v->host.log, "plugin %s: share '%s': %s", v->plugin->name, v->share, text);
}

void smbkit_random(struct smbkit_share *share, void *dst, size_t size)
{
    random_fill(&from_share(share)->host.random, dst, size);
}

uint64_t smbkit_share_time(struct smbkit_share *share)
{
    const struct vfs_host *h = &from_share(share)->host;
    return h->time(h->ctx);
}

const struct smbkit_plugin *smbkit_share_plugin(const struct smbkit_share *share)
{
    return from_share(share)->plugin;
}

void smbkit_notify_user(struct smbkit_share *share, const char *user, const char *path,
                        uint32_t action)
{
    struct vfs_volume *v = from_share(share);
    const struct vfs_host *h = &v->host;
    if (atomic_load(&v->opened) && h->changed != NULL && vfs_path_valid(path, strlen(path)))
        h->changed(h->ctx, v, user, path, action);
}

void smbkit_notify(struct smbkit_share *share, const char *path, uint32_t action)
{
    smbkit_notify_user(share, NULL, path, action);
}
