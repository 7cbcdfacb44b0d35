// SPDX-License-Identifier: Apache-2.0
/* Which plugins and filters there are, and what one of them says of itself. */
#include "daemon.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- one of them, as key=value --- */

static void dump_text(const char *key, const char *value)
{
    printf("%s=%s\n", key, value != NULL ? value : "");
}

static const char *model_name(enum smbkit_thread_model model)
{
    static const char *const names[] = {"async", "parallel", "serial"};
    return (size_t)model < COUNT(names) ? names[model] : "?";
}

static void dump_capabilities(const char *key, uint32_t capabilities)
{
    static const char *const names[] = {"read-only",  "stable-ids",     "sparse",
                                        "hard-links", "streams",        "extended-attributes",
                                        "acls",       "reparse-points", "change-source",
                                        "per-user",   "clone"};
    const char *comma = "";
    printf("%s=", key);
    for (size_t i = 0; i < COUNT(names); i++) {
        if (capabilities & 1u << i) {
            printf("%s%s", comma, names[i]);
            comma = ",";
        }
    }
    putchar('\n');
}

static void dump_callbacks(const struct smbkit_vfs *vfs, size_t size)
{
    const char *name, *comma = "";
    printf("callbacks=");
    for (unsigned code = 0; (name = smbkit_call_name(code)) != NULL; code++) {
        if (smbkit_call_present(vfs, size, code)) {
            printf("%s%s", comma, name);
            comma = ",";
        }
    }
    putchar('\n');
}

static void dump_params(const struct smbkit_param *params)
{
    static const char *const types[] = {"string", "size",     "uint",  "bool",
                                        "path",   "duration", "choice"};
    for (const struct smbkit_param *p = params; p != NULL && p->name != NULL; p++) {
        printf("parameter.%s.type=%s\n", p->name,
               (size_t)p->type < COUNT(types) ? types[p->type] : "?");
        if (p->unit != NULL)
            printf("parameter.%s.unit=%s\n", p->name, p->unit);
        if (p->values != NULL)
            printf("parameter.%s.values=%s\n", p->name, p->values);
        if (p->type == SMBKIT_PARAM_SIZE || p->type == SMBKIT_PARAM_UINT ||
            p->type == SMBKIT_PARAM_DURATION)
            printf("parameter.%s.min=%llu\nparameter.%s.max=%llu\n", p->name,
                   (unsigned long long)p->min, p->name, (unsigned long long)p->max);
        if (p->default_value != NULL)
            printf("parameter.%s.default=%s\n", p->name, p->default_value);
        printf("parameter.%s.text=%s\n", p->name, p->text);
    }
}

static void dump_plugin(const struct smbkit_server *s, const struct smbkit_plugin *p)
{
    dump_text("kind", "plugin");
    dump_text("name", p->name);
    dump_text("version", p->version);
    dump_text("summary", p->summary);
    dump_text("path", smbkit_server_plugin_file(s, p));
    printf("abi_version=%u\nstruct_size=%u\nvfs_size=%u\n", p->abi_version, p->struct_size,
           p->vfs_size);
    dump_text("thread_model", model_name(p->thread_model));
    dump_text("fs_name", p->fs_name);
    dump_capabilities("capabilities", p->capabilities);
    dump_callbacks(p->vfs, p->vfs_size);
    dump_params(p->params);
}

static void dump_filter(const struct smbkit_server *s, const struct smbkit_filter *f)
{
    dump_text("kind", "filter");
    dump_text("name", f->name);
    dump_text("version", f->version);
    dump_text("summary", f->summary);
    dump_text("path", smbkit_server_plugin_file(s, f));
    printf("abi_version=%u\nstruct_size=%u\nvfs_size=%u\n", f->abi_version, f->struct_size,
           f->vfs_size);
    dump_text("thread_model", model_name(f->thread_model));
    dump_capabilities("add_capabilities", f->add_capabilities);
    dump_capabilities("remove_capabilities", f->remove_capabilities);
    dump_callbacks(&f->vfs, f->vfs_size);
    dump_params(f->params);
}

/* A path says itself what it is; a name is a plugin's first. */
int plugins_dump(struct smbkit_server *s, const char *name)
{
    char error[SMBKIT_ERROR_MAX], error2[SMBKIT_ERROR_MAX];
    const struct smbkit_plugin *p = smbkit_server_plugin(s, name, error);
    if (p != NULL) {
        dump_plugin(s, p);
        return 0;
    }
    const struct smbkit_filter *f = smbkit_server_filter(s, name, error2);
    if (f == NULL)
        return complain(EXIT_USAGE, "%s", error);
    dump_filter(s, f);
    return 0;
}

/* --- all of them --- */

/* The name in smbkit-NAME-plugin.so or smbkit-NAME-filter.so; to be freed. NULL: neither. */
static char *name_in(const char *file, const char *end)
{
    static const char start[] = "smbkit-";
    size_t n = strlen(file), a = strlen(start), b = strlen(end);
    if (n <= a + b || strncmp(file, start, a) != 0 || strcmp(file + n - b, end) != 0)
        return NULL;
    return copy_text(file + a, n - a - b);
}

struct name_list {
    char **v;
    size_t n;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in one folder; one that an earlier folder has is found there. */
static void add_names(struct name_list *l, const char *dir, const char *end)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL) {
        char *name = name_in(entry->d_name, end);
        bool known = name == NULL;
        for (size_t i = 0; i < l->n && !known; i++)
            known = strcmp(l->v[i], name) == 0;
        if (known) {
            smbkit_free(name);
            continue;
        }
        l->v = grow(l->v, l->n + 1, sizeof(*l->v));
        l->v[l->n++] = name;
    }
    if (d != NULL)
        closedir(d);
}

static struct name_list find_names(const char *dirs, const char *end)
{
    struct name_list l = {0};
    while (*dirs != '\0') {
        size_t n = strcspn(dirs, ":");
        char *dir = copy_text(dirs, n);
        if (n > 0)
            add_names(&l, dir, end);
        smbkit_free(dir);
        dirs += n + (dirs[n] == ':');
    }
    if (l.n > 0)
        qsort(l.v, l.n, sizeof(*l.v), by_text);
    return l;
}

static void print_entry(const char *name, const char *summary, const char *error)
{
    if (error != NULL)
        printf("  %-16s cannot be used: %s\n", name, error);
    else
        printf("  %-16s %s\n", name, summary != NULL ? summary : "");
}

static void names_free(struct name_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        smbkit_free(l->v[i]);
    smbkit_free(l->v);
}

int plugins_list(struct smbkit_server *s)
{
    char error[SMBKIT_ERROR_MAX];
    size_t len = smbkit_server_plugin_dirs(s, NULL, 0);
    char *dirs = grow(NULL, len + 1, 1);
    smbkit_server_plugin_dirs(s, dirs, len + 1);
    struct name_list plugins = find_names(dirs, "-plugin.so");
    struct name_list filters = find_names(dirs, "-filter.so");
    puts("Plugins");
    for (size_t i = 0; i < plugins.n; i++) {
        const struct smbkit_plugin *p = smbkit_server_plugin(s, plugins.v[i], error);
        print_entry(plugins.v[i], p != NULL ? p->summary : NULL, p != NULL ? NULL : error);
    }
    puts("\nFilters");
    for (size_t i = 0; i < filters.n; i++) {
        const struct smbkit_filter *f = smbkit_server_filter(s, filters.v[i], error);
        print_entry(filters.v[i], f != NULL ? f->summary : NULL, f != NULL ? NULL : error);
    }
    printf("\nLooked for in %s; smbkit --help NAME and smbkit --dump-plugin NAME say more.\n",
           dirs);
    names_free(&plugins);
    names_free(&filters);
    smbkit_free(dirs);
    return 0;
}
