// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin's walk from a path to what has it. Called with the volume's lock held.
 */
#include "ram.h"
#include <string.h>

static size_t component(const char *path)
{
    const char *slash = strchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) : strlen(path);
}

/* These lead elsewhere; folders with other tags are folders still. */
#define TAG_SYMLINK     0xa000000cu
#define TAG_MOUNT_POINT 0xa0000003u

static bool leads_away(const struct ram_node *n)
{
    uint32_t tag = ram_reparse_tag(n);
    return tag == TAG_SYMLINK || tag == TAG_MOUNT_POINT;
}

struct ram_dir *ram_find_parent(const struct ram_volume *v, const char *path, const char **base,
                                struct ram_stop *stop)
{
    struct ram_node *n = v->root;
    const char *start = path;
    for (;;) {
        if (!ram_is_dir(n))
            return NULL;
        size_t len = component(path);
        if (path[len] == '\0')
            break;
        const struct ram_entry *e = ram_dir_find(n->dir, path, len);
        if (e == NULL)
            return NULL;
        n = e->node;
        path += len;
        if (leads_away(n)) {
            if (stop != NULL)
                *stop = (struct ram_stop){n->reparse, (size_t)(path - start)};
            return NULL;
        }
        path++;
    }
    *base = path;
    return n->dir;
}

smbkit_status ram_find(const struct ram_volume *v, const char *path, struct ram_node **node,
                       struct ram_entry **entry, struct ram_stop *stop)
{
    const char *base;
    *node = v->root;
    *entry = NULL;
    if (path[0] == '\0')
        return SMBKIT_STATUS_SUCCESS;
    const struct ram_dir *d = ram_find_parent(v, path, &base, stop);
    if (d == NULL)
        return SMBKIT_STATUS_OBJECT_PATH_NOT_FOUND;
    *entry = ram_dir_find(d, base, strlen(base));
    if (*entry == NULL)
        return SMBKIT_STATUS_OBJECT_NAME_NOT_FOUND;
    *node = (*entry)->node;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status ram_true_path(const struct ram_entry *e, const char *asked, char **path)
{
    size_t len = 0;
    *path = NULL;
    for (const struct ram_entry *p = e; p != NULL; p = p->dir->self)
        len += p->name_len + 1u;
    if (len == 0)
        return SMBKIT_STATUS_SUCCESS;
    char *text = smbkit_alloc(len);
    if (text == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    char *at = text + len - 1;
    for (const struct ram_entry *p = e; p != NULL; p = p->dir->self) {
        at -= p->name_len;
        memcpy(at, p->name, p->name_len);
        if (p->dir->self != NULL)
            *--at = '/';
    }
    if (strcmp(text, asked) == 0)
        smbkit_free(text);
    else
        *path = text;
    return SMBKIT_STATUS_SUCCESS;
}
