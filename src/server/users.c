// SPDX-License-Identifier: Apache-2.0
/*
 * Users: the public lists and their file, and the question "who is this?" of the authentication.
 * Files are read whole, parsed into a list of their own, and only then merged: an error changes
 * nothing.
 */
#include "auth/users.h"
#include "base/mem.h"
#include "plat/file.h"
#include "server/server_int.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A users file of AUTH_USERS_MAX ordinary lines; what it stops is a wrong file. */
#define USERS_FILE_MAX (16u << 20)

/* --- lists --- */

struct smbkit_users *smbkit_users_new(void)
{
    struct smbkit_users *u = mem_zalloc(sizeof(*u));
    if (u != NULL)
        u->list = auth_users_new();
    if (u != NULL && u->list == NULL) {
        mem_free(u);
        return NULL;
    }
    return u;
}

void smbkit_users_free(struct smbkit_users *u)
{
    if (u == NULL)
        return;
    auth_users_free(u->list);
    mem_free(u);
}

static smbkit_status users_result(enum auth_users_result r, const char *name,
                                  char error[SMBKIT_ERROR_MAX])
{
    if (r == AUTH_USERS_OK)
        return SMBKIT_STATUS_SUCCESS;
    return server_error(error,
                        r == AUTH_USERS_NO_MEMORY ? SMBKIT_STATUS_NO_MEMORY
                                                  : SMBKIT_STATUS_INVALID_PARAMETER,
                        "user '%.80s': %s", name, auth_users_result_text(r));
}

smbkit_status smbkit_users_set(struct smbkit_users *u, const char *name, const char *password,
                               char error[SMBKIT_ERROR_MAX])
{
    return users_result(auth_users_set_password(u->list, name, password, NULL), name, error);
}

/* Adds or replaces; a user without a password, who cannot log on, is left out. */
static smbkit_status copy_user(struct auth_users *to, const struct auth_user *user,
                               char error[SMBKIT_ERROR_MAX])
{
    if (user->no_password)
        return SMBKIT_STATUS_SUCCESS;
    enum auth_users_result r = auth_users_set_hash(to, user->name, user->nt_hash, user->comment);
    if (r == AUTH_USERS_OK && user->disabled)
        (void)auth_users_disable(to, user->name);
    return users_result(r, user->name, error);
}

static smbkit_status no_such_user(const char *name, char error[SMBKIT_ERROR_MAX])
{
    return server_error(error, SMBKIT_STATUS_NO_SUCH_USER, "there is no user '%.80s'", name);
}

smbkit_status smbkit_users_copy(struct smbkit_users *u, const struct smbkit_users *from,
                                const char *name, char error[SMBKIT_ERROR_MAX])
{
    const struct auth_user *user = auth_users_find(from->list, name);
    if (user == NULL || user->no_password)
        return no_such_user(name, error);
    return copy_user(u->list, user, error);
}

smbkit_status smbkit_users_remove(struct smbkit_users *u, const char *name,
                                  char error[SMBKIT_ERROR_MAX])
{
    if (!auth_users_remove(u->list, name))
        return no_such_user(name, error);
    return SMBKIT_STATUS_SUCCESS;
}

size_t smbkit_users_count(const struct smbkit_users *u)
{
    return auth_users_count(u->list);
}

void smbkit_users_each(const struct smbkit_users *u,
                       void (*fn)(void *ctx, const char *name, bool disabled), void *ctx)
{
    const struct auth_user *user = NULL;
    while ((user = auth_users_next(u->list, user)) != NULL)
        fn(ctx, user->name, user->disabled);
}

/* --- files --- */

static smbkit_status file_error(int rc, const char *path, char error[SMBKIT_ERROR_MAX])
{
    switch (rc) {
    case ENOENT:
        return server_error(error, SMBKIT_STATUS_NO_SUCH_FILE, "%.300s: there is no such file",
                            path);
    case EPERM:
        return server_error(error, SMBKIT_STATUS_ACCESS_DENIED,
                            "%.300s: holds password hashes and must be a file that only its owner "
                            "can read: chmod 600",
                            path);
    case EACCES:
        return server_error(error, SMBKIT_STATUS_ACCESS_DENIED, "%.300s: permission denied", path);
    case ENOMEM: return server_error(error, SMBKIT_STATUS_NO_MEMORY, "out of memory");
    default:
        return server_error(error, SMBKIT_STATUS_IO_DEVICE_ERROR, "%.300s: %s", path, strerror(rc));
    }
}

typedef enum auth_users_result parse_fn(struct auth_users *u, const char *text, size_t len,
                                        struct auth_users_error *err);

/* The file as a list of its own. */
static smbkit_status read_list(const char *path, parse_fn *parse, struct auth_users **out,
                               char error[SMBKIT_ERROR_MAX])
{
    char *text;
    size_t len;
    int rc = file_read_private(path, USERS_FILE_MAX, &text, &len);
    if (rc != 0)
        return file_error(rc, path, error);
    struct auth_users_error at = {0};
    struct auth_users *list = auth_users_new();
    enum auth_users_result r = list != NULL ? parse(list, text, len, &at) : AUTH_USERS_NO_MEMORY;
    mem_free_secret(text, len);
    if (r == AUTH_USERS_OK) {
        *out = list;
        return SMBKIT_STATUS_SUCCESS;
    }
    auth_users_free(list);
    if (r == AUTH_USERS_NO_MEMORY)
        return server_error(error, SMBKIT_STATUS_NO_MEMORY, "out of memory");
    return server_error(error, SMBKIT_STATUS_DATA_ERROR, "%.300s:%zu: %s", path, at.line,
                        at.message != NULL ? at.message : auth_users_result_text(r));
}

smbkit_status smbkit_users_load(struct smbkit_users *u, const char *path,
                                char error[SMBKIT_ERROR_MAX])
{
    struct auth_users *list;
    const struct auth_user *user = NULL;
    smbkit_status status = read_list(path, auth_users_parse, &list, error);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    if (auth_users_count(u->list) == 0) { /* keeps what merging would leave out */
        auth_users_free(u->list);
        u->list = list;
        return status;
    }
    while ((user = auth_users_next(list, user)) != NULL && status == SMBKIT_STATUS_SUCCESS)
        if (auth_users_find(u->list, user->name) != NULL)
            status = server_error(error, SMBKIT_STATUS_DATA_ERROR, "%.300s: user '%.80s' exists",
                                  path, user->name);
    user = NULL;
    while (status == SMBKIT_STATUS_SUCCESS && (user = auth_users_next(list, user)) != NULL)
        status = copy_user(u->list, user, error);
    auth_users_free(list);
    return status;
}

smbkit_status smbkit_users_import(struct smbkit_users *u, const char *path, size_t *added,
                                  char error[SMBKIT_ERROR_MAX])
{
    struct auth_users *list;
    const struct auth_user *user = NULL;
    size_t n = 0;
    smbkit_status status = read_list(path, auth_users_import_smbpasswd, &list, error);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    while (status == SMBKIT_STATUS_SUCCESS && (user = auth_users_next(list, user)) != NULL) {
        n += !user->no_password;
        status = copy_user(u->list, user, error);
    }
    auth_users_free(list);
    if (added != NULL)
        *added = n;
    return status;
}

smbkit_status smbkit_users_save(const struct smbkit_users *u, const char *path,
                                char error[SMBKIT_ERROR_MAX])
{
    struct builder b;
    builder_init_grow(&b, USERS_FILE_MAX);
    auth_users_write(u->list, &b);
    if (b.failed) {
        builder_free(&b);
        return server_error(error, SMBKIT_STATUS_NO_MEMORY, "out of memory");
    }
    int rc = file_replace(path, b.data != NULL ? (const void *)b.data : "", b.len, 0600);
    if (b.data != NULL)
        mem_wipe(b.data, b.len);
    builder_free(&b);
    if (rc == EPERM)
        rc = EACCES; /* here it is not about who can read the file */
    return rc == 0 ? SMBKIT_STATUS_SUCCESS : file_error(rc, path, error);
}

/* --- a server's users --- */

smbkit_status smbkit_server_add_user(struct smbkit_server *s, const char *name,
                                     const char *password, char error[SMBKIT_ERROR_MAX])
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    return smbkit_users_set(s->users, name, password, error);
}

void smbkit_server_set_users(struct smbkit_server *s, struct smbkit_users *users)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    smbkit_users_free(s->users);
    s->users = users;
}

static bool ask_program(struct smbkit_server *s, const char *user, const char *domain,
                        struct auth_credential *out)
{
    struct smbkit_credential c = {0};
    bool known = s->config.user_lookup != NULL &&
                 s->config.user_lookup(s->config.user_ctx, user, domain, &c);
    if (known) {
        memcpy(out->nt_hash, c.nt_hash, sizeof(out->nt_hash));
        c.name[sizeof(c.name) - 1] = '\0';
        snprintf(out->name, sizeof(out->name), "%s", c.name[0] != '\0' ? c.name : user);
        out->disabled = c.disabled;
    }
    mem_wipe(&c, sizeof(c));
    return known;
}

bool server_user_lookup(void *ctx, const char *user, const char *domain,
                        struct auth_credential *out)
{
    struct smbkit_server *s = ctx;
    struct auth_credential_source own = auth_users_source(s->users->list);
    return own.lookup(own.ctx, user, domain, out) || ask_program(s, user, domain, out);
}

void server_each_account(void *ctx,
                         bool (*fn)(void *arg, const char *name, const char *comment,
                                    bool disabled),
                         void *arg)
{
    struct smbkit_server *s = ctx;
    const struct auth_user *user = NULL;
    while ((user = auth_users_next(s->users->list, user)) != NULL)
        if (!fn(arg, user->name, user->comment, user->disabled))
            return;
}
