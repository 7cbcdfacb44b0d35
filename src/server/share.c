// SPDX-License-Identifier: Apache-2.0
/*
 * Shares: settings that every share has, the plugin's parameters, a volume, and the core's share
 * over it. The core keeps the volume; a replaced one lives as long as a client uses it.
 */
#include "base/mem.h"
#include "base/ntime.h"
#include "server/server_int.h"
#include <string.h>

/* The name of the pipe share, which the core serves itself. */
#define PIPE_SHARE "IPC$"

enum setting {
    SETTING_COMMENT,
    SETTING_COMPRESS,
    SETTING_DFS,
    SETTING_ENCRYPT,
    SETTING_GUEST,
    SETTING_HIDDEN,
    SETTING_HIDE_FILES,
    SETTING_KEEP_ACL_FLAGS,
    SETTING_READONLY,
    SETTING_TIMEMACHINE,
    SETTING_UNREADABLE,
    SETTING_UNREACHABLE,
    SETTING_USERS,
    SETTINGS,
};

static const char *const setting_names[SETTINGS] = {
    [SETTING_COMMENT] = "comment",
    [SETTING_COMPRESS] = "compress",
    [SETTING_DFS] = "dfs",
    [SETTING_ENCRYPT] = "encrypt",
    [SETTING_GUEST] = "guest",
    [SETTING_HIDDEN] = "hidden",
    [SETTING_HIDE_FILES] = "hide-files",
    [SETTING_KEEP_ACL_FLAGS] = "keep-acl-flags",
    [SETTING_READONLY] = "readonly",
    [SETTING_TIMEMACHINE] = "timemachine",
    [SETTING_UNREADABLE] = "hide-unreadable",
    [SETTING_UNREACHABLE] = "hide-unreachable",
    [SETTING_USERS] = "users",
};

static enum setting find_setting(const char *key)
{
    enum setting i = 0;
    while (i < SETTINGS && strcmp(setting_names[i], key) != 0)
        i++;
    return i;
}

bool server_share_setting(const char *key)
{
    return find_setting(key) < SETTINGS;
}

static bool *flag_of(struct core_share_config *c, enum setting which)
{
    switch (which) {
    case SETTING_COMPRESS: return &c->compress;
    case SETTING_ENCRYPT: return &c->encrypt;
    case SETTING_GUEST: return &c->guest_ok;
    case SETTING_HIDDEN: return &c->hidden;
    case SETTING_KEEP_ACL_FLAGS: return &c->keep_acl_flags;
    case SETTING_READONLY: return &c->read_only;
    case SETTING_TIMEMACHINE: return &c->time_machine;
    case SETTING_UNREADABLE: return &c->access_based;
    case SETTING_UNREACHABLE: return &c->hide_unreachable;
    case SETTING_COMMENT:
    case SETTING_DFS:
    case SETTING_HIDE_FILES:
    case SETTING_USERS:
    case SETTINGS: break;
    }
    return NULL;
}

/* "a+b": what the core can use of it is all of it. */
static bool user_list_valid(const char *text)
{
    size_t count = 0;
    if (*text == '\0')
        return true;
    for (;; text++, count++) {
        size_t n = strcspn(text, "+");
        if (n == 0 || n > CORE_SHARE_USER_NAME_MAX || count == CORE_SHARE_USERS_MAX)
            return false;
        text += n;
        if (*text == '\0')
            return true;
    }
}

static smbkit_status set_users(struct core_share_config *c, const char *text,
                               char error[SMBKIT_ERROR_MAX])
{
    c->users = text;
    if (user_list_valid(text))
        return SMBKIT_STATUS_SUCCESS;
    return server_error(error, SMBKIT_STATUS_INVALID_PARAMETER,
                        "share '%.80s': users=%.80s: must be NAME[+NAME...], at most %u names",
                        c->name, text, CORE_SHARE_USERS_MAX);
}

static smbkit_status apply_setting(struct core_share_config *c, struct server_links *links,
                                   const struct smbkit_arg *arg, char error[SMBKIT_ERROR_MAX])
{
    enum setting which = find_setting(arg->key);
    bool *flag = flag_of(c, which);
    if (which == SETTING_DFS)
        return server_links_add(links, c->name, arg->value, error);
    if (which == SETTING_COMMENT)
        c->comment = arg->value;
    else if (which == SETTING_HIDE_FILES)
        c->hide_files = arg->value;
    else if (which == SETTING_USERS)
        return set_users(c, arg->value, error);
    else if (!option_parse_bool(arg->value, flag))
        return server_error(error, SMBKIT_STATUS_INVALID_PARAMETER,
                            "share '%.80s': %s=%.80s: must be on or off", c->name, arg->key,
                            arg->value);
    return SMBKIT_STATUS_SUCCESS;
}

/* Which workers a chain needs: none when nothing of it blocks. Each level keeps its own thread
   model (vfs/op.c); one worker at a time is enough when only one of them blocks, and is SERIAL. */
static enum smbkit_thread_model workers_for(const struct smbkit_plugin *plugin,
                                            const struct vfs_filter *filters, size_t count)
{
    enum smbkit_thread_model model = plugin->thread_model;
    for (size_t i = 0; i < count; i++) {
        enum smbkit_thread_model other = filters[i].filter->thread_model;
        if (other != SMBKIT_THREAD_ASYNC)
            model = model == SMBKIT_THREAD_ASYNC ? other : SMBKIT_THREAD_PARALLEL;
    }
    return model;
}

/* What a share is made of, once everything is found. */
struct ingredients {
    const struct smbkit_plugin *plugin;
    struct smbkit_arg *params; /* of the plugin */
    size_t param_count;
    struct vfs_filter *filters;
    size_t filter_count;
    struct server_links links;
    bool has_settings; /* of a share */
};

/* Splits `args` into settings (applied to *c) and parameters (copied to in->params). */
static smbkit_status split_args(struct core_share_config *c, const struct smbkit_arg *args,
                                size_t count, struct ingredients *in, char error[SMBKIT_ERROR_MAX])
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    for (size_t i = 0; i < count && status == SMBKIT_STATUS_SUCCESS; i++) {
        if (server_share_setting(args[i].key))
            status = apply_setting(c, &in->links, &args[i], error);
        else
            in->params[in->param_count++] = args[i];
    }
    c->links = in->links.v;
    c->link_count = in->links.count;
    return status;
}

/* The volume, with an executor that goes with it. */
static struct vfs_volume *make_volume(struct smbkit_server *s, const char *name,
                                      const struct ingredients *in, char error[SMBKIT_ERROR_MAX])
{
    char why[VFS_ERROR_TEXT_MAX];
    struct vfs_host host;
    struct server_exec *e =
        server_exec_new(s, workers_for(in->plugin, in->filters, in->filter_count), &host);
    if (e == NULL) {
        server_error(error, 0, "share '%.80s': out of memory", name);
        return NULL;
    }
    struct vfs_volume *v = vfs_volume_new_filtered(in->plugin, name, in->params, in->param_count,
                                                   in->filters, in->filter_count, &host, why);
    if (v == NULL) {
        server_exec_free(e);
        server_error(error, 0, "share '%.80s': %.400s", name, why);
    }
    return v;
}

static smbkit_status set_share(struct smbkit_server *s, const struct core_share_config *config,
                               const struct ingredients *in, char error[SMBKIT_ERROR_MAX])
{
    struct vfs_volume *v = make_volume(s, config->name, in, error);
    if (v == NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    server_enter(s);
    smbkit_status status = core_share_set(s->core, config, v);
    server_leave(s);
    vfs_volume_unref(v);
    if (status != SMBKIT_STATUS_SUCCESS)
        return server_error(error, status, "share '%.80s': %s", config->name,
                            status == SMBKIT_STATUS_OBJECT_NAME_INVALID
                                ? "not a valid name: 1 to 80 characters without \\ / : * ? \" < > |"
                                : smbkit_status_text(status));
    LOGI(&s->log, "share '%s' is served by plugin %s", config->name, in->plugin->name);
    return status;
}

static smbkit_status find_filters(struct smbkit_server *s, const struct smbkit_share_spec *spec,
                                  struct ingredients *in, char error[SMBKIT_ERROR_MAX])
{
    for (size_t i = 0; i < spec->filter_count; i++) {
        const struct smbkit_filter_spec *f = &spec->filters[i];
        in->filters[i] = (struct vfs_filter){f->builtin, f->args, f->count};
        if (f->builtin == NULL)
            in->filters[i].filter = server_filter_find(s, f->filter, error);
        if (in->filters[i].filter == NULL)
            return SMBKIT_STATUS_NO_SUCH_FILE;
        if (f->builtin != NULL && !server_filter_check(f->builtin, "of the program", error))
            return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    in->filter_count = spec->filter_count;
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status find_plugin(struct smbkit_server *s, const char *name,
                                 const struct smbkit_share_spec *spec, struct ingredients *in,
                                 char error[SMBKIT_ERROR_MAX])
{
    in->plugin = spec->builtin;
    if (in->plugin == NULL)
        in->plugin = server_plugin_find(s, spec->plugin, error);
    else if (!server_plugin_check(in->plugin, name, error))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    return in->plugin != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_NO_SUCH_FILE;
}

/* Everything that `given` names, and the settings in it. */
static smbkit_status gather(struct smbkit_server *s, const struct smbkit_share_spec *given,
                            struct core_share_config *config, struct ingredients *in,
                            char error[SMBKIT_ERROR_MAX])
{
    struct smbkit_share_spec spec = {0};
    memcpy(&spec, given, MIN(given->struct_size, sizeof(spec)));
    smbkit_status status = find_plugin(s, config->name, &spec, in, error);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    in->params = mem_zarray(spec.count + 1, sizeof(*in->params));
    in->filters = mem_zarray(spec.filter_count + 1, sizeof(*in->filters));
    if (in->params == NULL || in->filters == NULL)
        return server_error(error, SMBKIT_STATUS_NO_MEMORY, "out of memory");
    status = find_filters(s, &spec, in, error);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = split_args(config, spec.args, spec.count, in, error);
    in->has_settings = in->param_count < spec.count;
    return status;
}

static void ingredients_free(struct ingredients *in)
{
    mem_free(in->params);
    mem_free(in->filters);
    server_links_free(&in->links);
}

smbkit_status smbkit_server_put_share(struct smbkit_server *s, const char *name,
                                      const struct smbkit_share_spec *given,
                                      char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    struct ingredients in = {0};
    /* Guests only get as far as this when the server lets them log on. */
    struct core_share_config config = {.name = name, .comment = "", .guest_ok = true};
    if (smbkit_name_compare(name, strlen(name), PIPE_SHARE, strlen(PIPE_SHARE)) == 0)
        return server_error(error, SMBKIT_STATUS_OBJECT_NAME_INVALID,
                            "share '%s': the name belongs to the server", name);
    smbkit_status status = gather(s, given, &config, &in, error);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = set_share(s, &config, &in, error);
    ingredients_free(&in);
    return status;
}

/* The plugin sees to it that the way from the root to the folder follows no link. */
smbkit_status server_make_volume(void *ctx, const char *name, const char *path,
                                 struct vfs_volume **out)
{
    struct smbkit_server *s = ctx;
    char error[SMBKIT_ERROR_MAX];
    struct smbkit_arg params[] = {
        {"path", s->opt.share_root}, {"below", path}, {"as", s->opt.share_as}};
    const struct ingredients in = {
        .plugin = server_plugin_find(s, "dir", error),
        .params = params,
        .param_count = ARRAY_LEN(params),
    };
    *out = in.plugin != NULL ? make_volume(s, name, &in, error) : NULL;
    if (*out == NULL)
        LOGW(&s->log, "an administrator's new share: %s", error);
    else
        LOGI(&s->log, "share '%s' is made by an administrator", name);
    return *out != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
}

/* --- snapshots --- */

/* `v` NULL: takes it away. */
static smbkit_status set_snapshot(struct smbkit_server *s, const char *share, const char *time,
                                  struct vfs_volume *v, char error[SMBKIT_ERROR_MAX])
{
    uint64_t filetime;
    if (!ntime_from_token(time, &filetime))
        return server_error(error, SMBKIT_STATUS_INVALID_PARAMETER,
                            "share '%.80s': '%.80s' is no time of a snapshot: must be as in "
                            "@GMT-2026.01.31-23.59.59",
                            share, time);
    server_enter(s);
    smbkit_status status = core_snapshot_set(s->core, share, filetime, v);
    server_leave(s);
    if (status == SMBKIT_STATUS_BAD_NETWORK_NAME)
        return server_error(error, status, "there is no share '%.80s'", share);
    if (status != SMBKIT_STATUS_SUCCESS)
        return server_error(error, status, "share '%.80s': snapshot %.24s: %s", share, time,
                            smbkit_status_text(status));
    return status;
}

smbkit_status smbkit_server_put_snapshot(struct smbkit_server *s, const char *share,
                                         const char *time, const struct smbkit_share_spec *given,
                                         char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    struct ingredients in = {0};
    struct core_share_config config = {.name = share};
    struct vfs_volume *v = NULL;
    smbkit_status status = gather(s, given, &config, &in, error);
    if (status == SMBKIT_STATUS_SUCCESS && in.has_settings)
        status = server_error(error, SMBKIT_STATUS_INVALID_PARAMETER,
                              "share '%.80s': a snapshot has no settings of its own", share);
    if (status == SMBKIT_STATUS_SUCCESS) {
        v = make_volume(s, share, &in, error);
        status =
            v != NULL ? set_snapshot(s, share, time, v, error) : SMBKIT_STATUS_INVALID_PARAMETER;
    }
    if (v != NULL)
        vfs_volume_unref(v);
    ingredients_free(&in);
    return status;
}

smbkit_status smbkit_server_remove_snapshot(struct smbkit_server *s, const char *share,
                                            const char *time, char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return set_snapshot(s, share, time, NULL, error);
}

/* --- shares, in other ways --- */

smbkit_status smbkit_server_set_share_plugin(struct smbkit_server *s, const char *name,
                                             const struct smbkit_plugin *plugin,
                                             const struct smbkit_arg *args, size_t count,
                                             char error[SMBKIT_ERROR_MAX])
{
    const struct smbkit_share_spec spec = {
        .struct_size = sizeof(spec), .builtin = plugin, .args = args, .count = count};
    return smbkit_server_put_share(s, name, &spec, error);
}

smbkit_status smbkit_server_set_share(struct smbkit_server *s, const char *name, const char *plugin,
                                      const struct smbkit_arg *args, size_t count,
                                      char error[SMBKIT_ERROR_MAX])
{
    const struct smbkit_share_spec spec = {
        .struct_size = sizeof(spec), .plugin = plugin, .args = args, .count = count};
    return smbkit_server_put_share(s, name, &spec, error);
}

smbkit_status smbkit_server_remove_share(struct smbkit_server *s, const char *name,
                                         char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    server_enter(s);
    smbkit_status status = core_share_remove(s->core, name);
    server_leave(s);
    if (status != SMBKIT_STATUS_SUCCESS)
        return server_error(error, status, "there is no share '%.80s'", name);
    return status;
}

const struct smbkit_plugin *smbkit_server_plugin(struct smbkit_server *s, const char *plugin,
                                                 char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return server_plugin_find(s, plugin, error);
}

const struct smbkit_filter *smbkit_server_filter(struct smbkit_server *s, const char *filter,
                                                 char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return server_filter_find(s, filter, error);
}

const char *smbkit_server_plugin_file(const struct smbkit_server *s, const void *table)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return server_plugin_path(s, table);
}
