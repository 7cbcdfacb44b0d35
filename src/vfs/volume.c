// SPDX-License-Identifier: Apache-2.0
/*
 * Volumes: one plugin instance each, with its chain of filters, from share_open to share_close.
 *
 *   (vfs_volume_new) -> share_open ok -> OPEN --last reference dropped--> share_close -> freed
 *
 * The plugin is opened first, then the filters from the last to the first; they are closed in the
 * other order.
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

/* The table as ABI 1 began. */
#define PLUGIN_FIRST_SIZE (offsetof(struct smbkit_plugin, vfs) + sizeof(void *))

/* Numbers volumes of all servers in this process; the only shared state in this module. */
static _Atomic uint64_t last_id;

static bool plugin_name_ok(const char *name)
{
    if (name == NULL || name[0] == '\0')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static const char *params_problem(const struct smbkit_param *params)
{
    for (const struct smbkit_param *p = params; p != NULL && p->name != NULL; p++)
        if ((unsigned)p->type > SMBKIT_PARAM_CHOICE || p->text == NULL ||
            (p->type == SMBKIT_PARAM_CHOICE && p->values == NULL))
            return "has a parameter without a known type, values or text";
    return NULL;
}

const char *vfs_plugin_problem(const struct smbkit_plugin *p)
{
    if (p->abi_version != SMBKIT_ABI_VERSION)
        return "was made for another version of the plugin interface; compile it anew";
    if (p->struct_size < PLUGIN_FIRST_SIZE || p->vfs == NULL || p->vfs_size == 0)
        return "has a table of a wrong size; compile it anew";
    if (!plugin_name_ok(p->name))
        return "has a name that is not made of a-z, 0-9 and '-'";
    if ((unsigned)p->thread_model > SMBKIT_THREAD_SERIAL)
        return "has an unknown thread model";
    if (p->fs_name != NULL && strlen(p->fs_name) > FS_NAME_MAX)
        return "has an fs_name of more than 15 characters";
    return params_problem(p->params);
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

const char *vfs_filter_problem(const struct smbkit_filter *f)
{
    if (f->abi_version != SMBKIT_FILTER_ABI_VERSION || f->struct_size != sizeof(*f) ||
        f->vfs_size != sizeof(struct smbkit_vfs))
        return "was made for another version of the server; a filter must be compiled anew for "
               "each";
    if (!plugin_name_ok(f->name))
        return "has a name that is not made of a-z, 0-9 and '-'";
    if ((unsigned)f->thread_model > SMBKIT_THREAD_SERIAL)
        return "has an unknown thread model";
    if (f->vfs.close != NULL)
        return "has vfs.close, in place of which a filter has a close of its own";
    if (f->flags & SMBKIT_FILTER_OWN_FILES && (f->vfs.open == NULL || f->close == NULL))
        return "has files of its own, but lacks the callback open or close";
    return params_problem(f->params);
}

static void level_init(struct vfs_volume *v, struct vfs_level *l, const char *name,
                       const struct smbkit_vfs *vfs, size_t vfs_size,
                       enum smbkit_thread_model model)
{
    MAGIC_SET(l, VFS_LEVEL_MAGIC);
    l->volume = v;
    l->name = name;
    l->model = model;
    memcpy(&l->vfs, vfs, MIN(vfs_size, sizeof(l->vfs)));
}

static struct vfs_volume *volume_alloc(const struct smbkit_plugin *plugin, const char *share,
                                       const struct vfs_filter *filters, size_t filter_count,
                                       const struct vfs_host *host)
{
    struct vfs_volume *v = mem_zalloc(sizeof(*v) + (filter_count + 1) * sizeof(v->levels[0]));
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
    v->capabilities = plugin->capabilities;
    v->host = *host;
    v->id = atomic_fetch_add(&last_id, 1) + 1;
    v->level_count = filter_count + 1;
    level_init(v, &v->levels[filter_count], plugin->name, plugin->vfs, plugin->vfs_size,
               plugin->thread_model);
    for (size_t i = filter_count; i-- > 0;) {
        const struct smbkit_filter *f = filters[i].filter;
        level_init(v, &v->levels[i], f->name, &f->vfs, f->vfs_size, f->thread_model);
        v->levels[i].filter = f;
        v->levels[i].flags = f->flags;
    }
    return v;
}

static void volume_free(struct vfs_volume *v)
{
    for (size_t i = 0; i < v->level_count; i++)
        MAGIC_WIPE(&v->levels[i]);
    MAGIC_WIPE(v);
    mem_free(v->share);
    mem_free(v);
}

/* Calls share_open; false with a line in `error`. */
static bool level_open(struct vfs_level *l, const struct smbkit_param *params,
                       const struct smbkit_arg *args, size_t count, char error[VFS_ERROR_TEXT_MAX])
{
    struct smbkit_arg *filled;
    size_t filled_count;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (!vfs_params_check(l->name, params, args, count, &filled, &filled_count, error))
        return false;
    l->volume->error = error;
    if (l->vfs.share_open != NULL)
        status = l->vfs.share_open((struct smbkit_share *)l, filled, filled_count, &l->vol);
    l->volume->error = NULL;
    mem_free(filled);
    if (status == SMBKIT_STATUS_SUCCESS)
        return true;
    if (error[0] == '\0')
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: cannot open share '%.80s': %s", l->name,
                 l->volume->share, smbkit_status_text(status));
    return false;
}

/* Closes the levels from `first` on. */
static void levels_close(struct vfs_volume *v, size_t first)
{
    for (size_t i = first; i < v->level_count; i++)
        if (v->levels[i].vfs.share_close != NULL)
            v->levels[i].vfs.share_close(v->levels[i].vol);
}

static bool volume_open(struct vfs_volume *v, const struct smbkit_arg *args, size_t count,
                        const struct vfs_filter *filters, char error[VFS_ERROR_TEXT_MAX])
{
    size_t plugin = v->level_count - 1;
    if (!level_open(&v->levels[plugin], v->plugin->params, args, count, error))
        return false;
    for (size_t i = plugin; i-- > 0;) {
        const struct vfs_filter *f = &filters[i];
        if (!level_open(&v->levels[i], f->filter->params, f->args, f->count, error)) {
            levels_close(v, i + 1);
            return false;
        }
        v->capabilities =
            (v->capabilities | f->filter->add_capabilities) & ~f->filter->remove_capabilities;
    }
    return true;
}

/* A line in `error` when a table is malformed. */
static bool tables_ok(const struct smbkit_plugin *plugin, const struct vfs_filter *filters,
                      size_t filter_count, char error[VFS_ERROR_TEXT_MAX])
{
    const char *problem = vfs_plugin_problem(plugin);
    if (problem != NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "plugin %.40s %s",
                 plugin_name_ok(plugin->name) ? plugin->name : "?", problem);
        return false;
    }
    if (filter_count > VFS_FILTERS_MAX) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "more than %d filters", VFS_FILTERS_MAX);
        return false;
    }
    for (size_t i = 0; i < filter_count; i++) {
        problem = vfs_filter_problem(filters[i].filter);
        if (problem != NULL) {
            snprintf(error, VFS_ERROR_TEXT_MAX, "filter %zu %s", i + 1, problem);
            return false;
        }
    }
    return true;
}

struct vfs_volume *vfs_volume_new_filtered(const struct smbkit_plugin *plugin, const char *share,
                                           const struct smbkit_arg *args, size_t count,
                                           const struct vfs_filter *filters, size_t filter_count,
                                           const struct vfs_host *host,
                                           char error[VFS_ERROR_TEXT_MAX])
{
    error[0] = '\0';
    if (!tables_ok(plugin, filters, filter_count, error))
        return NULL;
    struct vfs_volume *v = volume_alloc(plugin, share, filters, filter_count, host);
    if (v == NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: out of memory", plugin->name);
        return NULL;
    }
    const char *problem = callbacks_problem(&v->levels[filter_count].vfs);
    if (problem != NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "plugin %s %s", plugin->name, problem);
        volume_free(v);
        return NULL;
    }
    if (!volume_open(v, args, count, filters, error)) {
        volume_free(v);
        return NULL;
    }
    atomic_store(&v->opened, true);
    return v;
}

struct vfs_volume *vfs_volume_new(const struct smbkit_plugin *plugin, const char *share,
                                  const struct smbkit_arg *args, size_t count,
                                  const struct vfs_host *host, char error[VFS_ERROR_TEXT_MAX])
{
    return vfs_volume_new_filtered(plugin, share, args, count, NULL, 0, host, error);
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
    levels_close(v, 0);
    const struct vfs_host host = v->host;
    volume_free(v);
    if (host.gone != NULL)
        host.gone(host.ctx);
}

uint32_t vfs_volume_capabilities(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->capabilities;
}

const char *vfs_volume_fs_name(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->plugin->fs_name != NULL ? v->plugin->fs_name : "NTFS";
}

enum smbkit_thread_model vfs_volume_thread_model(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    enum smbkit_thread_model strictest = SMBKIT_THREAD_ASYNC;
    for (size_t i = 0; i < v->level_count; i++)
        strictest = MAX(strictest, v->levels[i].model);
    return strictest;
}

const char *vfs_volume_share_name(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->share;
}

const char *vfs_volume_plugin_name(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->plugin->name;
}

const struct smbkit_share_counts *vfs_volume_counts(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return &v->counts;
}

void vfs_volume_freeze(struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    v->frozen = true;
    v->capabilities |= SMBKIT_CAP_READ_ONLY;
}

bool vfs_volume_frozen(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->frozen;
}

uint64_t vfs_volume_id(const struct vfs_volume *v)
{
    MAGIC_CHECK(v, VFS_VOLUME_MAGIC);
    return v->id;
}

/* --- what plugins ask of their share --- */

static struct vfs_level *from_share(const struct smbkit_share *share)
{
    struct vfs_level *l = (struct vfs_level *)(uintptr_t)share;
    MAGIC_CHECK(l, VFS_LEVEL_MAGIC);
    return l;
}

const struct vfs_host *vfs_share_host(const struct smbkit_share *share)
{
    return &from_share(share)->volume->host;
}

const char *smbkit_share_name(const struct smbkit_share *share)
{
    return from_share(share)->volume->share;
}

static const char *kind_of(const struct vfs_level *l)
{
    return l->filter != NULL ? "filter" : "plugin";
}

static void log_text(const struct vfs_level *l, enum log_level level, const char *text)
{
    log_line(l->volume->host.log, level, "%s %s: share '%s': %s", kind_of(l), l->name,
             l->volume->share, text);
}

void smbkit_error(struct smbkit_share *share, const char *format, ...)
{
    const struct vfs_level *l = from_share(share);
    char *error = l->volume->error;
    char text[VFS_ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (error != NULL)
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: %.*s", l->name, VFS_ERROR_TEXT_MAX - 64, text);
    else /* after share_open nobody waits for the line */
        log_text(l, LOG_ERROR, text);
}

void smbkit_log(struct smbkit_share *share, enum smbkit_log_level level, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    log_text(from_share(share), (enum log_level)MIN((unsigned)level, (unsigned)LOG_DEBUG), text);
}

/* What filters add comes later: the plugin is opened first. */
void smbkit_share_lacks(struct smbkit_share *share, uint32_t capabilities)
{
    struct vfs_volume *v = from_share(share)->volume;
    if (!atomic_load(&v->opened)) /* later, what clients were told holds */
        v->capabilities &= ~capabilities;
}

void smbkit_random(struct smbkit_share *share, void *dst, size_t size)
{
    random_fill(&from_share(share)->volume->host.random, dst, size);
}

uint64_t smbkit_share_time(struct smbkit_share *share)
{
    const struct vfs_host *h = &from_share(share)->volume->host;
    return h->time(h->ctx);
}

const struct smbkit_plugin *smbkit_share_plugin(const struct smbkit_share *share)
{
    return from_share(share)->volume->plugin;
}

/* From the plugin outwards: each filter, then the host. */
void smbkit_notify_user(struct smbkit_share *share, const char *user, const char *path,
                        uint32_t action)
{
    struct vfs_level *l = from_share(share);
    struct vfs_volume *v = l->volume;
    const struct vfs_host *h = &v->host;
    if (!atomic_load(&v->opened) || !vfs_path_valid(path, strlen(path)))
        return;
    while (l-- > v->levels)
        if (l->filter->changed != NULL)
            l->filter->changed(l->vol, path, action);
    if (h->changed != NULL)
        h->changed(h->ctx, v, user, path, action);
}

void smbkit_notify(struct smbkit_share *share, const char *path, uint32_t action)
{
    smbkit_notify_user(share, NULL, path, action);
}
