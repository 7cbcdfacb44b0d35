// SPDX-License-Identifier: Apache-2.0
/*
 * The command line. `--option value` and `--option=value` are the same; options and the plugin with
 * its arguments may be mixed. The program's own options stand in `own`, those of the server come
 * from the library's table. Everything is copied, so that passwords can be wiped in argv.
 */
#include "daemon.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- small parts --- */

void arg_add(struct arg_list *l, char *key, char *value)
{
    l->v = grow(l->v, l->n + 1, sizeof(*l->v));
    l->v[l->n++] = (struct smbkit_arg){key, value};
}

static void args_free(struct arg_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        smbkit_free((char *)(uintptr_t)l->v[i].key);
        smbkit_free((char *)(uintptr_t)l->v[i].value);
    }
    smbkit_free(l->v);
}

const char *cmdline_option(const struct cmdline *c, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < c->options.n; i++)
        if (strcmp(c->options.v[i].key, name) == 0)
            value = c->options.v[i].value;
    return value;
}

static void set_once(char **field, const char *option, const char *value)
{
    if (*field != NULL)
        die(EXIT_USAGE, "--%s=%s: must be given only once", option, value);
    *field = copy_text(value, strlen(value));
}

/* --- the program's own options --- */

static void take_name(struct cmdline *c, char *value)
{
    set_once(&c->name, "name", value);
}

static void take_run(struct cmdline *c, char *value)
{
    set_once(&c->run, "run", value);
}

static void take_discovery(struct cmdline *c, char *value)
{
    if (!discovery_mode_valid(value))
        die(EXIT_USAGE, "--discovery=%s: must be auto, on, off, mdns or wsd", value);
    set_once(&c->discovery, "discovery", value);
}

static void take_dump(struct cmdline *c, char *value)
{
    set_once(&c->dump, "dump-plugin", value);
}

static void take_users(struct cmdline *c, char *value)
{
    if (value[0] == '\0')
        die(EXIT_USAGE, "--users=: must be the path of a users file");
    set_once(&c->users_file, "users", value);
}

static void take_user(struct cmdline *c, char *value)
{
    size_t n = strcspn(value, "%");
    if (n == 0)
        die(EXIT_USAGE, "--user=: must be NAME or NAME%%PASSWORD");
    struct user_spec u = {.name = copy_text(value, n)};
    if (value[n] == '%') {
        char *password = value + n + 1;
        u.password = copy_text(password, strlen(password));
        memset(password, '*', strlen(password)); /* other users see argv */
    }
    c->users = grow(c->users, c->user_count + 1, sizeof(*c->users));
    c->users[c->user_count++] = u;
}

NORETURN static void bad_listen(const char *value)
{
    die(EXIT_USAGE,
        "--listen=%s: must be ADDRESS:PORT or [IPV6]:PORT or :PORT, with a numeric address and a "
        "port from 0 to 65535",
        value);
}

static void take_listen(struct cmdline *c, char *value)
{
    char *colon = strrchr(value, ':'), *end;
    if (colon == NULL || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        bad_listen(value);
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || port > 65535)
        bad_listen(value);
    struct listen_spec l = {.port = (uint16_t)port};
    const char *host = value;
    size_t len = (size_t)(colon - value);
    bool brackets = len >= 2 && host[0] == '[' && host[len - 1] == ']';
    if (brackets) {
        host++;
        len -= 2;
    }
    if (!brackets && memchr(host, ':', len) != NULL)
        bad_listen(value);
    if (len > 0 && !(len == 1 && host[0] == '*'))
        l.host = copy_text(host, len);
    c->listens = grow(c->listens, c->listen_count + 1, sizeof(*c->listens));
    c->listens[c->listen_count++] = l;
}

static bool has_share(const struct cmdline *c, const char *name)
{
    for (size_t i = 0; i < c->share_count; i++)
        if (smbkit_name_compare(c->shares[i].name, strlen(c->shares[i].name), name, strlen(name)) ==
            0)
            return true;
    return false;
}

static void add_share(struct cmdline *c, struct share_spec share)
{
    if (has_share(c, share.name))
        die(EXIT_USAGE, "--share=%s: there are two shares of that name", share.name);
    c->shares = grow(c->shares, c->share_count + 1, sizeof(*c->shares));
    c->shares[c->share_count++] = share;
}

/* The next part of "a,b,c" as a copy, where ",," stands for a comma; NULL at the end. */
static char *next_part(const char **text)
{
    const char *p = *text;
    if (p == NULL)
        return NULL;
    char *part = copy_text(p, strlen(p));
    size_t n = 0;
    while (*p != '\0' && (*p != ',' || p[1] == ',')) {
        part[n++] = *p;
        p += *p == ',' ? 2 : 1;
    }
    part[n] = '\0';
    *text = *p == ',' ? p + 1 : NULL;
    return part;
}

/* Adds "key=value"; false when it is not that. */
static bool add_pair(struct arg_list *l, const char *pair)
{
    size_t n = strcspn(pair, "=");
    if (n == 0 || pair[n] == '\0')
        return false;
    arg_add(l, copy_text(pair, n), copy_text(pair + n + 1, strlen(pair + n + 1)));
    return true;
}

/* The plugin and its arguments; false when it is not that. */
static bool take_plugin(struct share_spec *share, const char *text)
{
    char *part = next_part(&text);
    bool ok = part != NULL && part[0] != '\0';
    share->plugin = part;
    while (ok && (part = next_part(&text)) != NULL) {
        ok = add_pair(&share->args, part);
        smbkit_free(part);
    }
    return ok;
}

static void take_share(struct cmdline *c, char *value)
{
    struct share_spec share = {0};
    size_t n = strcspn(value, "=");
    share.name = copy_text(value, n);
    if (n == 0 || !take_plugin(&share, value[n] == '=' ? value + n + 1 : NULL))
        die(EXIT_USAGE, "--share=%s: must be NAME=PLUGIN or NAME=PLUGIN,key=value,...", value);
    add_share(c, share);
}

static void take_snapshot(struct cmdline *c, char *value)
{
    struct snapshot_spec x = {0};
    size_t n = strcspn(value, "=");
    const char *time = value[n] == '=' ? value + n + 1 : "";
    size_t len = strcspn(time, "=");
    x.of.name = copy_text(value, n);
    x.time = copy_text(time, len);
    if (n == 0 || len == 0 || !take_plugin(&x.of, time[len] == '=' ? time + len + 1 : NULL))
        die(EXIT_USAGE,
            "--snapshot=%s: must be SHARE=@GMT-2026.01.31-23.59.59=PLUGIN[,key=value...]", value);
    c->snapshots = grow(c->snapshots, c->snapshot_count + 1, sizeof(*c->snapshots));
    c->snapshots[c->snapshot_count++] = x;
}

static void take_filter(struct cmdline *c, char *value)
{
    struct filter_spec f = {0};
    const char *rest = value;
    char *part = next_part(&rest);
    size_t n = strcspn(part, "=");
    bool ok = n > 0 && part[0] != '\0';
    if (part[n] == '=') {
        f.share = copy_text(part, n++);
        ok = ok && part[n] != '\0';
    } else {
        n = 0;
    }
    f.name = copy_text(part + n, strlen(part + n));
    smbkit_free(part);
    while (ok && (part = next_part(&rest)) != NULL) {
        ok = add_pair(&f.args, part);
        smbkit_free(part);
    }
    if (!ok)
        die(EXIT_USAGE, "--filter=%s: must be FILTER[,key=value...] or SHARE=FILTER[,key=value...]",
            value);
    c->filters = grow(c->filters, c->filter_count + 1, sizeof(*c->filters));
    c->filters[c->filter_count++] = f;
}

static const struct own {
    const char *name;
    void (*take)(struct cmdline *c, char *value);
    const char *valid;
} own[] = {
    {"share", take_share, "NAME=PLUGIN or NAME=PLUGIN,key=value,..."},
    {"snapshot", take_snapshot, "SHARE=@GMT-2026.01.31-23.59.59=PLUGIN, and ,key=value,..."},
    {"filter", take_filter, "FILTER or SHARE=FILTER, and ,key=value,..."},
    {"dump-plugin", take_dump, "a plugin or filter"},
    {"name", take_name, "the name of the share"},
    {"listen", take_listen, "ADDRESS:PORT or [IPV6]:PORT or :PORT"},
    {"user", take_user, "NAME or NAME%PASSWORD"},
    {"users", take_users, "the path of a users file"},
    {"run", take_run, "a command for the shell"},
    {"discovery", take_discovery, "auto, on, off, mdns or wsd"},
};

/* --- the server's options --- */

static const struct smbkit_option *find_option(const char *name, size_t len)
{
    const struct smbkit_option *o;
    for (size_t i = 0; (o = smbkit_option_row(i)) != NULL; i++)
        if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static void add_option(struct cmdline *c, const struct smbkit_option *o, const char *value)
{
    char error[SMBKIT_ERROR_MAX];
    if (smbkit_option_check(o->name, value, error) != SMBKIT_STATUS_SUCCESS)
        die(EXIT_USAGE, "--%s", error);
    arg_add(&c->options, copy_text(o->name, strlen(o->name)), copy_text(value, strlen(value)));
}

/* May stand alone: a switch, and --signing, which then means "required". */
static const char *lone_value(const struct smbkit_option *o)
{
    if (o->type == SMBKIT_OPTION_BOOL)
        return "on";
    return strcmp(o->name, "signing") == 0 ? "required" : NULL;
}

/* Takes the option and maybe the argument after it. Returns how many were used. */
static int take_option(struct cmdline *c, const struct smbkit_option *o, char *value, char *next)
{
    const char *lone = lone_value(o);
    if (value != NULL) {
        add_option(c, o, value);
        return 1;
    }
    bool fits = next != NULL && o->type != SMBKIT_OPTION_BOOL &&
                (lone == NULL || smbkit_option_check(o->name, next, NULL) == SMBKIT_STATUS_SUCCESS);
    if (!fits && lone != NULL) {
        add_option(c, o, lone);
        return 1;
    }
    add_option(c, o, next); /* NULL: says what is missing */
    return 2;
}

/* --- all of it --- */

/* arg begins with "--". Returns how many arguments were used. */
static int parse_long(struct cmdline *c, char *arg, char *next)
{
    char *name = arg + 2;
    size_t len = strcspn(name, "=");
    char *value = name[len] == '=' ? name + len + 1 : NULL;
    for (size_t i = 0; i < COUNT(own); i++) {
        if (strlen(own[i].name) != len || memcmp(own[i].name, name, len) != 0)
            continue;
        if (value == NULL && next == NULL)
            die(EXIT_USAGE, "--%s: needs a value: %s", own[i].name, own[i].valid);
        own[i].take(c, value != NULL ? value : next);
        return value != NULL ? 1 : 2;
    }
    if (strcmp(name, "help") == 0)
        return c->help = true, 1;
    if (strcmp(name, "version") == 0)
        return c->version = true, 1;
    const struct smbkit_option *o = find_option(name, len);
    if (o == NULL)
        die(EXIT_USAGE, "--%.*s: there is no such option (smbkit --help lists them)", (int)len,
            name);
    return take_option(c, o, value, next);
}

static void parse_word(struct cmdline *c, const char *word)
{
    if (c->plugin == NULL)
        c->plugin = copy_text(word, strlen(word));
    else if (!add_pair(&c->plugin_args, word))
        die(EXIT_USAGE, "%s: '%s': must be key=value", c->plugin, word);
}

/* The plugin in the first word becomes a share like any other. */
static void finish(struct cmdline *c)
{
    if (c->name != NULL && c->plugin == NULL)
        die(EXIT_USAGE,
            "--name=%s: must be given together with a plugin, as in: smbkit --name "
            "docs memory",
            c->name);
    if (c->plugin != NULL) {
        const char *slash = strrchr(c->plugin, '/');
        if (slash != NULL && c->name == NULL)
            die(EXIT_USAGE, "%s: a plugin given as a path needs a share name: --name NAME",
                c->plugin);
        const char *name = c->name != NULL ? c->name : c->plugin;
        add_share(c, (struct share_spec){copy_text(name, strlen(name)),
                                         copy_text(c->plugin, strlen(c->plugin)), c->plugin_args});
        c->plugin_args = (struct arg_list){0};
    }
    for (size_t i = 0; i < c->filter_count; i++)
        if (c->filters[i].share != NULL && !has_share(c, c->filters[i].share))
            die(EXIT_USAGE, "--filter=%s=%s: there is no share of that name", c->filters[i].share,
                c->filters[i].name);
    if (c->share_count == 0)
        die(EXIT_USAGE, "nothing to serve: give a plugin, as in: smbkit memory, or --share "
                        "NAME=PLUGIN (smbkit --help says more)");
}

void cmdline_parse(struct cmdline *c, int argc, char **argv)
{
    bool options = true;
    for (int i = 0; i < argc;) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            i++;
        } else if (options && strncmp(argv[i], "--", 2) == 0) {
            i += parse_long(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        } else if (options && argv[i][0] == '-') {
            die(EXIT_USAGE, "%s: there is no such option (smbkit --help lists them)", argv[i]);
        } else {
            parse_word(c, argv[i++]);
        }
    }
    if (!c->help && !c->version && !c->list && c->dump == NULL)
        finish(c);
}

static void share_free(struct share_spec *share)
{
    smbkit_free(share->name);
    smbkit_free(share->plugin);
    args_free(&share->args);
}

void cmdline_free(struct cmdline *c)
{
    for (size_t i = 0; i < c->share_count; i++)
        share_free(&c->shares[i]);
    for (size_t i = 0; i < c->snapshot_count; i++) {
        share_free(&c->snapshots[i].of);
        smbkit_free(c->snapshots[i].time);
    }
    for (size_t i = 0; i < c->filter_count; i++) {
        smbkit_free(c->filters[i].share);
        smbkit_free(c->filters[i].name);
        args_free(&c->filters[i].args);
    }
    for (size_t i = 0; i < c->listen_count; i++)
        smbkit_free(c->listens[i].host);
    for (size_t i = 0; i < c->user_count; i++) {
        smbkit_free(c->users[i].name);
        smbkit_free(c->users[i].password);
    }
    args_free(&c->options);
    args_free(&c->plugin_args);
    smbkit_free(c->shares);
    smbkit_free(c->snapshots);
    smbkit_free(c->filters);
    smbkit_free(c->listens);
    smbkit_free(c->users);
    smbkit_free(c->users_file);
    smbkit_free(c->name);
    smbkit_free(c->plugin);
    smbkit_free(c->run);
    smbkit_free(c->discovery);
    smbkit_free(c->dump);
}
