// SPDX-License-Identifier: Apache-2.0
/*
 * Extended attributes of clients, and what they share with streams: lists of names and whole
 * values of the disk's extended attributes.
 *
 * A client's attribute NAME is user.NAME on the disk, as Samba has it. The names that mean
 * something else there, to us or to Samba (DOSATTRIB, DosStream.*, where descriptors are kept), are
 * neither shown nor set, however they are spelled: who could write a descriptor this way would
 * need no right to change it. The flag "needed" has no place on the disk and is lost.
 */
#include "volume.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/xattr.h>

#define USER      "user."
#define USER_LEN  (sizeof(USER) - 1)
#define LIST_MAX  65536u /* XATTR_LIST_MAX */
#define EA_RECORD 5u     /* what each attribute counts besides name and value */
#define EA_LIST   4u
#define NAME_ROOM 256u /* XATTR_NAME_MAX and the NUL */

ssize_t dir_xattr_names(int fd, char **list)
{
    struct fs_name path = fs_name(fd, NULL);
    ssize_t n = listxattr(path.text, NULL, 0);
    *list = NULL;
    if (n <= 0)
        return n < 0 && (errno == ENOTSUP || errno == EPERM) ? 0 : n;
    *list = smbkit_alloc(LIST_MAX + 1);
    if (*list == NULL) {
        errno = ENOMEM;
        return -1;
    }
    n = listxattr(path.text, *list, LIST_MAX);
    return n;
}

int dir_xattr_get(int fd, const char *name, uint8_t **value, size_t *len)
{
    struct fs_name path = fs_name(fd, NULL);
    *value = smbkit_alloc(DIR_XATTR_MAX + 1);
    if (*value == NULL)
        return ENOMEM;
    ssize_t n = getxattr(path.text, name, *value, DIR_XATTR_MAX);
    if (n >= 0) {
        *len = (size_t)n;
        return 0;
    }
    int err = errno;
    smbkit_free(*value);
    *value = NULL;
    return err;
}

/* File systems have several words for "too large to be kept". */
static int set_error(int err)
{
    return err == E2BIG || err == ERANGE ? ENOSPC : err;
}

int dir_xattr_set(int fd, const char *name, const void *value, size_t len, int flags)
{
    struct fs_name path = fs_name(fd, NULL);
    return setxattr(path.text, name, value, len, flags) == 0 ? 0 : set_error(errno);
}

int dir_xattr_remove(int fd, const char *name)
{
    struct fs_name path = fs_name(fd, NULL);
    return removexattr(path.text, name) == 0 || errno == ENODATA ? 0 : errno;
}

/* --- which are a client's --- */

/* With "user." in front. The share's own place of descriptors is reserved beside these, which a
   server with another place may have written, or will read. */
static const char *const reserved[] = {DOSATTR_XATTR, DIR_USER_ACL_XATTR, "user.SAMBA_PAI"};

static bool is_reserved(const struct dir_volume *v, const char *name)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strcasecmp(name, reserved[i]) == 0)
            return true;
    return strcasecmp(name, v->acl_xattr) == 0 ||
           strncasecmp(name, DIR_STREAM_XATTR, sizeof(DIR_STREAM_XATTR) - 1) == 0;
}

/* The client's name of an attribute, or NULL when it is none. */
static const char *ea_name(const struct dir_volume *v, const char *name)
{
    if (strncmp(name, USER, USER_LEN) != 0)
        return NULL;
    const char *ea = name + USER_LEN;
    return ea[0] == '\0' || is_reserved(v, name) ? NULL : ea;
}

/* How the attribute is spelled that a client calls `ea`, or how it is to be spelled. */
static void spell(const struct dir_volume *v, const char *list, ssize_t n, const char *ea,
                  char name[NAME_ROOM + USER_LEN])
{
    for (const char *at = list; at != NULL && at < list + n; at += strlen(at) + 1) {
        const char *have = ea_name(v, at);
        if (have != NULL && strcasecmp(have, ea) == 0)
            ea = have;
    }
    snprintf(name, NAME_ROOM + USER_LEN, USER "%s", ea);
}

/* --- reading --- */

uint32_t dir_ea_size(const struct dir_volume *v, int fd)
{
    char *list;
    size_t sum = 0;
    struct fs_name path = fs_name(fd, NULL);
    ssize_t n = dir_xattr_names(fd, &list);
    for (const char *at = list; at != NULL && at < list + n; at += strlen(at) + 1) {
        const char *ea = ea_name(v, at);
        ssize_t len = ea != NULL ? getxattr(path.text, at, NULL, 0) : 0;
        if (len > 0)
            sum += EA_RECORD + strlen(ea) + (size_t)len;
    }
    smbkit_free(list);
    return sum > 0 ? (uint32_t)(EA_LIST + sum) : 0;
}

void dir_get_eas(struct smbkit_op *op, void *vol, void *file)
{
    const struct dir_volume *v = vol;
    const struct dir_handle *h = file;
    char *list;
    bool room = true;
    ssize_t n = dir_xattr_names(h->fd, &list);
    int err = n < 0 ? errno : 0;
    for (const char *at = list; at != NULL && at < list + n && room; at += strlen(at) + 1) {
        struct smbkit_ea ea = {.name = ea_name(v, at)};
        uint8_t *value;
        if (ea.name == NULL || dir_xattr_get(h->fd, at, &value, &ea.value_len) != 0)
            continue;
        ea.value = value;
        if (ea.value_len > 0 && ea.value_len <= UINT16_MAX && strlen(ea.name) < UINT8_MAX)
            room = smbkit_ea_add(op, &ea);
        smbkit_free(value);
    }
    smbkit_free(list);
    smbkit_reply_status(op, err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS);
}

/* --- setting --- */

/* An attribute as it was. */
struct before {
    char name[NAME_ROOM + USER_LEN];
    uint8_t *value; /* NULL: there was none */
    size_t len;
};

static void undo(int fd, struct before *b)
{
    if (b->value != NULL)
        (void)dir_xattr_set(fd, b->name, b->value, b->len, 0);
    else
        (void)dir_xattr_remove(fd, b->name);
}

/* Sets one and remembers what was there. 0 or an errno. */
static int set_one(const struct dir_volume *v, int fd, const struct smbkit_ea *ea, struct before *b)
{
    char *list;
    ssize_t n = dir_xattr_names(fd, &list);
    spell(v, list, list != NULL ? n : 0, ea->name, b->name);
    smbkit_free(list);
    if (ea_name(v, b->name) == NULL)
        return EACCES;
    int err = dir_xattr_get(fd, b->name, &b->value, &b->len);
    if (err != 0 && err != ENODATA)
        return err;
    return ea->value_len > 0 ? dir_xattr_set(fd, b->name, ea->value, ea->value_len, 0)
                             : dir_xattr_remove(fd, b->name);
}

static smbkit_status set_all(const struct dir_volume *v, int fd, const struct smbkit_ea *eas,
                             size_t count)
{
    struct before *b = smbkit_alloc(count * sizeof(*b));
    if (b == NULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    int err = 0;
    size_t done = 0;
    while (err == 0 && done < count) {
        err = set_one(v, fd, &eas[done], &b[done]);
        done++;
    }
    bool large = err == ENOSPC || (err == 0 && dir_ea_size(v, fd) > SMBKIT_EA_TOTAL_MAX);
    for (size_t i = done; i > 0; i--) {
        if ((err != 0 || large) && b[i - 1].name[0] != '\0')
            undo(fd, &b[i - 1]);
        smbkit_free(b[i - 1].value);
    }
    smbkit_free(b);
    return large ? SMBKIT_STATUS_EA_TOO_LARGE : err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS;
}

void dir_set_eas(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                 size_t count)
{
    struct dir_handle *h = file;
    smbkit_status status = SMBKIT_STATUS_ACCESS_DENIED;
    if (dir_user_enter(h->user)) {
        dir_change_begin(h);
        pthread_mutex_lock(&h->node->meta);
        status = count > 0 ? set_all(vol, h->fd, eas, count) : SMBKIT_STATUS_SUCCESS;
        pthread_mutex_unlock(&h->node->meta);
        dir_change_end(h);
        dir_user_leave(h->user);
    }
    if (status == SMBKIT_STATUS_SUCCESS)
        dir_getattr(op, vol, h);
    else
        smbkit_reply_status(op, status);
}

int dir_eas_remove(const struct dir_volume *v, int fd)
{
    char *list;
    int err = 0;
    ssize_t n = dir_xattr_names(fd, &list);
    for (const char *at = list; at != NULL && at < list + n && err == 0; at += strlen(at) + 1)
        if (ea_name(v, at) != NULL)
            err = dir_xattr_remove(fd, at);
    smbkit_free(list);
    return n < 0 ? errno : err;
}
