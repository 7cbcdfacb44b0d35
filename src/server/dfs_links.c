// SPDX-License-Identifier: Apache-2.0
/*
 * The setting dfs=PATH=//SERVER/SHARE[+//SERVER/SHARE...] of a share: a link of the core from the
 * text that an administrator writes. Slashes and backslashes are the same; a '+' separates targets
 * only where two of them follow, because names may have it.
 */
#include "base/mem.h"
#include "server/server_int.h"
#include "vfs/name.h"
#include <string.h>

/* Bytes of a path, and of a target: a referral must be able to carry all of them. */
#define LINK_TEXT_MAX 1024

void server_links_free(struct server_links *l)
{
    for (size_t i = 0; i < l->count; i++) {
        mem_free((char *)(uintptr_t)l->v[i].path);
        for (size_t k = 0; k < l->v[i].target_count; k++)
            mem_free((char *)(uintptr_t)l->v[i].targets[k]);
    }
    mem_free(l->v);
    *l = (struct server_links){0};
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* The first n bytes with one kind of separator. NULL: memory is out. */
static char *with_separator(const char *text, size_t n, char separator)
{
    char *copy = mem_strndup(text, n);
    for (char *p = copy; p != NULL && *p != '\0'; p++)
        if (is_slash(*p))
            *p = separator;
    return copy;
}

/* Bytes of the target that begins here. */
static size_t target_length(const char *text)
{
    size_t n = 0;
    while (text[n] != '\0' && !(text[n] == '+' && is_slash(text[n + 1]) && is_slash(text[n + 2])))
        n++;
    return n;
}

/* "//server/share", maybe with a path: names that clients can use. */
static bool target_valid(const char *text, size_t n)
{
    size_t parts = 0, at = 2;
    if (n < 5 || n > LINK_TEXT_MAX || !is_slash(text[0]) || !is_slash(text[1]))
        return false;
    for (size_t end; at <= n; at = end + 1, parts++) {
        for (end = at; end < n && !is_slash(text[end]);)
            end++;
        if (!vfs_name_valid(text + at, end - at))
            return false;
    }
    return parts >= 2;
}

static const char *add_target(struct core_dfs_link *link, const char *text, size_t n)
{
    if (link->target_count == CORE_DFS_TARGETS_MAX)
        return "has too many targets";
    if (!target_valid(text, n))
        return "a target must be //SERVER/SHARE or //SERVER/SHARE/PATH";
    char *target = with_separator(text + 1, n - 1, '\\'); /* one leading separator is the form */
    if (target == NULL)
        return "out of memory";
    link->targets[link->target_count++] = target;
    return NULL;
}

static const char *add_targets(struct core_dfs_link *link, const char *text)
{
    const char *problem;
    for (;;) {
        size_t n = target_length(text);
        if ((problem = add_target(link, text, n)) != NULL || text[n] == '\0')
            return problem;
        text += n + 1;
    }
}

static const char *set_path(const struct server_links *l, struct core_dfs_link *link,
                            const char *text, size_t n)
{
    while (n > 0 && is_slash(text[0]))
        text++, n--;
    char *path = with_separator(text, n, '/');
    if (path == NULL)
        return "out of memory";
    link->path = path;
    if (n == 0 || n > LINK_TEXT_MAX || !vfs_path_valid(path, n))
        return "must begin with the path of a folder";
    for (size_t i = 0; i < l->count; i++)
        if (vfs_path_inside(path, l->v[i].path) || vfs_path_inside(l->v[i].path, path))
            return "lies in, or is, another one";
    return NULL;
}

/* What is wrong, or NULL. What was made of the link belongs to `l` in any case. */
static const char *add(struct server_links *l, const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL)
        return "must be PATH=//SERVER/SHARE[+//SERVER/SHARE...]";
    if (l->count == CORE_DFS_LINKS_MAX)
        return "is one too many";
    if (l->v == NULL && (l->v = mem_zarray(CORE_DFS_LINKS_MAX, sizeof *l->v)) == NULL)
        return "out of memory";
    struct core_dfs_link *link = &l->v[l->count];
    const char *problem = set_path(l, link, value, (size_t)(equals - value));
    l->count++;
    return problem != NULL ? problem : add_targets(link, equals + 1);
}

smbkit_status server_links_add(struct server_links *l, const char *share, const char *value,
                               char error[SMBKIT_ERROR_MAX])
{
    const char *problem = add(l, value);
    if (problem == NULL)
        return SMBKIT_STATUS_SUCCESS;
    return server_error(error, SMBKIT_STATUS_INVALID_PARAMETER, "share '%.80s': dfs=%.80s: %s",
                        share, value, problem);
}
