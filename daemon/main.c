// SPDX-License-Identifier: Apache-2.0
/*
 * The program smbkit: puts together what stands on the command line, serves until a signal or the
 * end of the command of --run, and cleans up.
 */
#include "daemon.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_log(void *ctx, enum smbkit_log_level level, const char *line)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    fprintf(stderr, "smbkit: %s: %s\n", names[level], line);
}

/* --- where plugins are --- */

/* Appends every folder in `dir` to "a:b:c". */
static char *add_folders(char *path, const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        char *longer =
            format_text("%s%s%s/%s", path, path[0] != '\0' ? ":" : "", dir, entry->d_name);
        smbkit_free(path);
        path = longer;
    }
    if (d != NULL)
        closedir(d);
    return path;
}

/* The program in a build folder (daemon/smbkit) uses the plugins built beside it. */
static char *plugin_path(const struct cmdline *c)
{
    char exe[4096];
    const char *given = cmdline_option(c, "plugin-path"),
               *env = secure_getenv("SMBKIT_PLUGIN_PATH");
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    char *path = format_text("%s%s%s", given != NULL ? given : "",
                             given != NULL && env != NULL ? ":" : "", env != NULL ? env : "");
    exe[n > 0 ? n : 0] = '\0';
    char *end = strstr(exe, "/daemon/smbkit");
    if (end == NULL || strcmp(end, "/daemon/smbkit") != 0)
        return path;
    *end = '\0';
    char *dir = format_text("%s/plugins", exe);
    path = add_folders(path, dir);
    smbkit_free(dir);
    char *all = format_text("%s:%s/filters", path, exe);
    smbkit_free(path);
    return all;
}

/* --- the name of the server --- */

/* The machine's name up to the first dot, as NetBIOS names are. */
static char *server_name(void)
{
    char name[256] = "";
    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
        return copy_text("SMBKIT", 6);
    size_t len = strcspn(name, ".");
    for (size_t i = 0; i < len; i++)
        if (name[i] >= 'a' && name[i] <= 'z')
            name[i] = (char)(name[i] - 'a' + 'A');
    return copy_text(name, len < 15 ? len : 15);
}

/* --- serving --- */

static struct smbkit_server *make_server(struct cmdline *c)
{
    char error[SMBKIT_ERROR_MAX];
    char *path = plugin_path(c);
    arg_add(&c->options, copy_text("plugin-path", 11), path);
    if (cmdline_option(c, "server-name") == NULL)
        arg_add(&c->options, copy_text("server-name", 11), server_name());
    struct smbkit_server_config config = {
        .struct_size = sizeof(config),
        .options = c->options.v,
        .option_count = c->options.n,
        .log = print_log,
    };
    struct smbkit_server *s = smbkit_server_new(&config, error);
    if (s == NULL)
        die(EXIT_USAGE, "%s%s", strncmp(error, "cannot", 6) == 0 ? "" : "--", error);
    return s;
}

/* Those of the command line that stand before a share's plugin; to be freed. */
static struct smbkit_filter_spec *filters_of(const struct cmdline *c, const struct share_spec *sh,
                                             size_t *count)
{
    struct smbkit_filter_spec *v = grow(NULL, c->filter_count + 1, sizeof(*v));
    *count = 0;
    for (size_t i = 0; i < c->filter_count; i++) {
        const struct filter_spec *f = &c->filters[i];
        if (f->share == NULL ||
            smbkit_name_compare(f->share, strlen(f->share), sh->name, strlen(sh->name)) == 0)
            v[(*count)++] = (struct smbkit_filter_spec){
                .filter = f->name, .args = f->args.v, .count = f->args.n};
    }
    return v;
}

/* With `time` a snapshot, which has the filters of its share. */
static int put(struct smbkit_server *s, const struct cmdline *c, const struct share_spec *sh,
               const char *time)
{
    char error[SMBKIT_ERROR_MAX];
    size_t count;
    struct smbkit_filter_spec *filters = filters_of(c, sh, &count);
    const struct smbkit_share_spec spec = {
        .struct_size = sizeof(spec),
        .plugin = sh->plugin,
        .args = sh->args.v,
        .count = sh->args.n,
        .filters = filters,
        .filter_count = count,
    };
    smbkit_status status = time != NULL
                               ? smbkit_server_put_snapshot(s, sh->name, time, &spec, error)
                               : smbkit_server_put_share(s, sh->name, &spec, error);
    smbkit_free(filters);
    if (status == SMBKIT_STATUS_SUCCESS)
        return 0;
    return complain(status == SMBKIT_STATUS_NO_MEMORY ? EXIT_FAILED : EXIT_USAGE, "%s", error);
}

static int add_shares(struct smbkit_server *s, const struct cmdline *c)
{
    int status = 0;
    for (size_t i = 0; i < c->share_count && status == 0; i++)
        status = put(s, c, &c->shares[i], NULL);
    for (size_t i = 0; i < c->snapshot_count && status == 0; i++)
        status = put(s, c, &c->snapshots[i].of, c->snapshots[i].time);
    return status;
}

/* Everything is set up: serve until the end. */
static int serve_now(struct smbkit_server *s, const struct cmdline *c, const struct endpoints *e,
                     const struct logins *l)
{
    int status = 0;
    signals_install(s);
    discovery_start(s, c, e);
    if (c->run != NULL)
        status = command_start(c, e, l);
    else
        ready_print(c, e, l);
    if (status == 0 && smbkit_server_run(s) != SMBKIT_STATUS_SUCCESS)
        status = EXIT_FAILED; /* the log has said why */
    discovery_stop();
    /* The command's own failure says more than ours. */
    if (c->run != NULL && command_status() != 0)
        status = command_status();
    return status;
}

static int serve(struct cmdline *c)
{
    struct logins logins;
    struct endpoints endpoints = {0};
    struct smbkit_server *s = make_server(c);
    int status = add_shares(s, c);
    if (status == 0)
        status = endpoints_open(&endpoints, s, c);
    if (status == 0) {
        /* Last: a password is made and kept only when nothing else can go wrong. */
        logins_prepare(&logins, c);
        smbkit_server_set_users(s, logins.list);
        logins.list = NULL;
        status = serve_now(s, c, &endpoints, &logins);
        logins_free(&logins);
    }
    signals_default();
    smbkit_server_free(s);
    endpoints_free(&endpoints);
    return status;
}

/* Help on what is named: a plugin's name before a filter's. 0 or an exit status. */
static int help_on(struct smbkit_server *s, const char *name)
{
    char error[SMBKIT_ERROR_MAX], error2[SMBKIT_ERROR_MAX];
    const struct smbkit_plugin *p = smbkit_server_plugin(s, name, error);
    const struct smbkit_filter *f = p == NULL ? smbkit_server_filter(s, name, error2) : NULL;
    if (p != NULL)
        help_print_plugin(p);
    else if (f != NULL)
        help_print_filter(f);
    else
        return complain(EXIT_USAGE, "%s", error);
    return 0;
}

/* What wants a server only to look for plugins. */
static int inform(struct cmdline *c)
{
    if (c->help && c->plugin == NULL) {
        help_print();
        return 0;
    }
    struct smbkit_server *s = make_server(c);
    int status = 0;
    if (c->help)
        status = help_on(s, c->plugin);
    else if (c->dump != NULL)
        status = plugins_dump(s, c->dump);
    else
        status = plugins_list(s);
    smbkit_server_free(s);
    return status;
}

int main(int argc, char **argv)
{
    struct cmdline c = {0};
    int status = 0;
    if (argc > 1 && strcmp(argv[1], "user") == 0)
        return users_command(argc - 2, argv + 2);
    c.list = argc > 1 && strcmp(argv[1], "plugins") == 0;
    cmdline_parse(&c, argc - 1 - c.list, argv + 1 + c.list);
    if (c.help || c.list || c.dump != NULL)
        status = inform(&c);
    else if (c.version)
        printf("smbkit %s\n", smbkit_version());
    else
        status = serve(&c);
    cmdline_free(&c);
    return status;
}
