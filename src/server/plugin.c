// SPDX-License-Identifier: Apache-2.0
/*
 * Finding and loading of plugins and filters. A plugin is a file smbkit-NAME-plugin.so that exports
 * a struct smbkit_plugin named smbkit_plugin; a filter is smbkit-NAME-filter.so with a struct
 * smbkit_filter named smbkit_filter.
 *
 * Loaded ones stay until the server is freed, so that its volumes may go on any thread.
 */
#include "base/mem.h"
#include "plat/file.h"
#include "server/server_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SMBKIT_PLUGIN_DIR
#error "the build gives the folder where plugins are installed"
#endif

#define PLUGIN_NAME_MAX 64

struct server_plugin {
    struct list link;
    struct dynlib *lib;
    const struct smbkit_plugin *plugin; /* one of the two */
    const struct smbkit_filter *filter;
    char *path;
};

static bool name_ok(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n < PLUGIN_NAME_MAX && name[n] == '\0';
}

/* --- looking for the file --- */

/* Tries each of "dir:dir:dir"; true when there is such a file in one of them. */
static bool search_path(const char *dirs, const char *name, const char *kind,
                        char path[SERVER_PATH_MAX])
{
    while (dirs != NULL && *dirs != '\0') {
        size_t n = strcspn(dirs, ":");
        int len = snprintf(path, SERVER_PATH_MAX, "%.*s/smbkit-%s-%s.so", (int)n, dirs, name, kind);
        if (n > 0 && len > 0 && len < SERVER_PATH_MAX && file_exists(path))
            return true;
        dirs += n;
        if (*dirs == ':')
            dirs++;
    }
    return false;
}

bool server_module_find(const struct smbkit_server *s, const char *name, const char *kind,
                        char path[SERVER_PATH_MAX])
{
    /* Not for programs that run with more rights than their user: he would choose their code. */
    const char *env = secure_getenv("SMBKIT_PLUGIN_PATH");
    return search_path(s->opt.plugin_path, name, kind, path) ||
           search_path(env, name, kind, path) || search_path(SMBKIT_PLUGIN_DIR, name, kind, path);
}

static bool find_file(const struct smbkit_server *s, const char *name, const char *kind,
                      char path[SERVER_PATH_MAX], char error[SMBKIT_ERROR_MAX])
{
    if (strchr(name, '/') != NULL) {
        int len = snprintf(path, SERVER_PATH_MAX, "%s", name);
        if (len < SERVER_PATH_MAX && file_exists(path))
            return true;
        server_error(error, 0, "%s %.200s: there is no such file", kind, name);
        return false;
    }
    if (!name_ok(name)) {
        server_error(error, 0,
                     "%s '%.60s': a name is made of a-z, 0-9 and '-'; a path has a '/' in it", kind,
                     name);
        return false;
    }
    if (server_module_find(s, name, kind, path))
        return true;
    server_error(error, 0,
                 "%s %s: there is no smbkit-%s-%s.so in %.200s%s%.100s (--plugin-path or "
                 "$SMBKIT_PLUGIN_PATH names other folders)",
                 kind, name, name, kind, s->opt.plugin_path,
                 s->opt.plugin_path[0] != '\0' ? ":" : "", SMBKIT_PLUGIN_DIR);
    return false;
}

/* --- looking inside --- */

bool server_plugin_check(const struct smbkit_plugin *p, const char *from,
                         char error[SMBKIT_ERROR_MAX])
{
    const char *problem = vfs_plugin_problem(p);
    if (problem != NULL) {
        server_error(error, 0, "plugin %.200s %s", from, problem);
        return false;
    }
    for (const struct smbkit_param *q = p->params; q != NULL && q->name != NULL; q++) {
        if (server_share_setting(q->name)) {
            server_error(error, 0, "plugin %.200s has a parameter '%s', which every share has",
                         from, q->name);
            return false;
        }
    }
    return true;
}

/* --- filters --- */

bool server_filter_check(const struct smbkit_filter *f, const char *from,
                         char error[SMBKIT_ERROR_MAX])
{
    const char *problem = vfs_filter_problem(f);
    if (problem != NULL)
        server_error(error, 0, "filter %.200s %s", from, problem);
    return problem == NULL;
}

/* --- loading --- */

#define KIND_PLUGIN "plugin"
#define KIND_FILTER "filter"

static bool load_plugin(struct server_plugin *sp, void *symbol, char error[SMBKIT_ERROR_MAX])
{
    sp->plugin = symbol;
    return server_plugin_check(sp->plugin, sp->path, error);
}

static bool load_filter(struct server_plugin *sp, void *symbol, char error[SMBKIT_ERROR_MAX])
{
    sp->filter = symbol;
    return server_filter_check(sp->filter, sp->path, error);
}

static bool load(struct server_plugin *sp, const char *kind, char error[SMBKIT_ERROR_MAX])
{
    char why[DYNLIB_ERROR_MAX];
    bool is_filter = strcmp(kind, KIND_FILTER) == 0;
    void *symbol = NULL;
    sp->lib = dynlib_open(sp->path, why);
    if (sp->lib != NULL)
        symbol = dynlib_symbol(sp->lib, is_filter ? "smbkit_filter" : "smbkit_plugin", why);
    if (symbol != NULL)
        return (is_filter ? load_filter : load_plugin)(sp, symbol, error);
    server_error(error, 0, "%.*s", SMBKIT_ERROR_MAX - 1, why);
    return false;
}

static void plugin_free(struct server_plugin *sp)
{
    dynlib_close(sp->lib);
    mem_free(sp->path);
    mem_free(sp);
}

static const struct server_plugin *find(struct smbkit_server *s, const char *name, const char *kind,
                                        char error[SMBKIT_ERROR_MAX])
{
    char path[SERVER_PATH_MAX];
    bool is_filter = strcmp(kind, KIND_FILTER) == 0;
    if (!find_file(s, name, kind, path, error))
        return NULL;
    LIST_FOREACH (it, &s->plugins) {
        struct server_plugin *known = LIST_ENTRY(it, struct server_plugin, link);
        if ((known->filter != NULL) == is_filter && strcmp(known->path, path) == 0)
            return known;
    }
    struct server_plugin *sp = mem_zalloc(sizeof(*sp));
    if (sp == NULL || (sp->path = mem_strdup(path)) == NULL) {
        mem_free(sp);
        server_error(error, 0, "out of memory");
        return NULL;
    }
    if (!load(sp, kind, error)) {
        plugin_free(sp);
        return NULL;
    }
    list_append(&s->plugins, &sp->link);
    return sp;
}

const struct smbkit_plugin *server_plugin_find(struct smbkit_server *s, const char *name,
                                               char error[SMBKIT_ERROR_MAX])
{
    const struct server_plugin *sp = find(s, name, KIND_PLUGIN, error);
    return sp != NULL ? sp->plugin : NULL;
}

const struct smbkit_filter *server_filter_find(struct smbkit_server *s, const char *name,
                                               char error[SMBKIT_ERROR_MAX])
{
    const struct server_plugin *sp = find(s, name, KIND_FILTER, error);
    return sp != NULL ? sp->filter : NULL;
}

const char *server_plugin_path(const struct smbkit_server *s, const void *table)
{
    LIST_FOREACH (it, &s->plugins) {
        const struct server_plugin *sp = LIST_ENTRY(it, struct server_plugin, link);
        if (sp->plugin == table || sp->filter == table)
            return sp->path;
    }
    return NULL;
}

/* Where names are looked for, in order. */
size_t smbkit_server_plugin_dirs(const struct smbkit_server *s, char *dst, size_t cap)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    const char *env = secure_getenv("SMBKIT_PLUGIN_PATH");
    int n = snprintf(dst, cap, "%s%s%s:%s", s->opt.plugin_path, env != NULL ? ":" : "",
                     env != NULL ? env : "", SMBKIT_PLUGIN_DIR);
    return (size_t)n;
}

void server_plugins_free(struct smbkit_server *s)
{
    struct list *it;
    while ((it = list_pop(&s->plugins)) != NULL)
        plugin_free(LIST_ENTRY(it, struct server_plugin, link));
}
