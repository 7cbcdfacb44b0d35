// SPDX-License-Identifier: Apache-2.0
/*
 * Security descriptors: kept in an extended attribute (ntacl.c), made up for files without one.
 *
 * The core decides by the descriptor who may do what; the kernel decides once more, by the
 * permissions of the disk, with the rights of the user. So a descriptor made up leaves the data to
 * the kernel, and only says who may change the descriptor: whoever the file belongs to on the disk.
 * Where all clients act as one Unix user, the core's own default does that for everybody.
 *
 * New files are given descriptors by the core, made from their folder's. One that says no more than
 * what would be made up is not kept: it would take a block of its own on ext4.
 *
 * The attribute is the server's: it is read and written with the server's rights. SIDs in it are
 * kept as they are, but for owners that another server has given another SID (owner.c).
 */
#include "volume.h"
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SECURITY_XATTR "security.NTACL"

#define FULL_ACCESS         0x001f01ffu
#define OWNER_ONLY          0x000c0000u /* WRITE_DAC, WRITE_OWNER */
#define SELF_RELATIVE       0x8000u
#define DACL_PRESENT        0x0004u
#define DACL_PROTECTED      0x1000u
#define DACL_AUTO_INHERITED 0x0400u
#define SD_HEAD             20u
#define ACL_HEAD            8u
#define INHERIT_ALL         0x03u /* OBJECT_INHERIT_ACE, CONTAINER_INHERIT_ACE */

static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
#define ACE_SIZE (8u + sizeof(everyone))

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* --- where they are kept --- */

/* Attributes of the class security are for whoever has CAP_SYS_ADMIN. */
static bool may_write_security(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & 1u << CAP_SYS_ADMIN) != 0;
}

bool dir_acls_choose(struct dir_volume *v, const char *value)
{
    const char *name = value;
    if (strcmp(value, "off") == 0)
        return true;
    if (strcmp(value, "auto") == 0)
        name = may_write_security() ? SECURITY_XATTR : DIR_USER_ACL_XATTR;
    else if (strncmp(value, "security.", 9) != 0 && strncmp(value, "user.", 5) != 0)
        return false;
    if (strlen(name) >= sizeof(v->acl_xattr))
        return false;
    memcpy(v->acl_xattr, name, strlen(name) + 1);
    return true;
}

/* --- made up --- */

/* S-1-22-1-uid and S-1-22-2-gid: Unix users and groups, as Samba calls them. */
static void put_unix_sid(uint8_t *p, uint32_t kind, uint32_t id)
{
    static const uint8_t head[] = {1, 2, 0, 0, 0, 0, 0, 22};
    memcpy(p, head, sizeof(head));
    put32(p + 8, kind);
    put32(p + 12, id);
}

#define UNIX_SID_SIZE 16u
#define MADE_UP_SIZE  (SD_HEAD + 2 * UNIX_SID_SIZE + ACL_HEAD + ACE_SIZE)

/* For a file of somebody else: everything but what changes the descriptor. */
static void make_up(const struct statx *st, uint8_t sd[MADE_UP_SIZE])
{
    uint8_t *acl = sd + SD_HEAD + 2 * UNIX_SID_SIZE, *ace = acl + ACL_HEAD;
    memset(sd, 0, MADE_UP_SIZE);
    sd[0] = 1;
    sd[2] = DACL_PRESENT;
    sd[3] = SELF_RELATIVE >> 8;
    put32(sd + 4, SD_HEAD);
    put32(sd + 8, SD_HEAD + UNIX_SID_SIZE);
    put32(sd + 16, SD_HEAD + 2 * UNIX_SID_SIZE);
    put_unix_sid(sd + SD_HEAD, 1, st->stx_uid);
    put_unix_sid(sd + SD_HEAD + UNIX_SID_SIZE, 2, st->stx_gid);
    acl[0] = 2;
    acl[2] = ACL_HEAD + ACE_SIZE;
    acl[4] = 1;
    ace[1] = S_ISDIR(st->stx_mode) ? INHERIT_ALL : 0;
    ace[2] = ACE_SIZE;
    put32(ace + 4, FULL_ACCESS & ~OWNER_ONLY);
    memcpy(ace + 8, everyone, sizeof(everyone));
}

/* Does the descriptor say no more than what is made up? */
static bool says_nothing(const uint8_t *sd, size_t len)
{
    if (len < SD_HEAD || get32(sd + 12) != 0 || !(sd[2] & DACL_PRESENT) ||
        (sd[3] & (DACL_PROTECTED | DACL_AUTO_INHERITED) >> 8))
        return false;
    size_t at = get32(sd + 16);
    if (at < SD_HEAD || at > len || len - at < ACL_HEAD + ACE_SIZE)
        return false;
    const uint8_t *ace = sd + at + ACL_HEAD;
    return sd[at + 4] == 1 && sd[at + 5] == 0 && ace[0] == 0 &&
           (get32(ace + 4) | OWNER_ONLY) == FULL_ACCESS &&
           memcmp(ace + 8, everyone, sizeof(everyone)) == 0;
}

/* --- reading --- */

/* *sd, in *block, which is to be freed. NOT_FOUND: the file has none. */
static smbkit_status load(const struct dir_volume *v, int fd, uint8_t **block, uint8_t **sd,
                          size_t *len)
{
    size_t n;
    int err = dir_xattr_get(fd, v->acl_xattr, block, &n);
    if (err == ENODATA || err == ENOTSUP || err == EPERM) /* EPERM: a symbolic link has none */
        return SMBKIT_STATUS_NOT_FOUND;
    if (err != 0)
        return dir_status(err);
    /* what cannot be understood allows nobody anything */
    return ntacl_decode(*block, n, sd, len) ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED;
}

/* Does everything belong to everybody, or the file to this user? */
static bool is_owner(const struct dir_volume *v, const struct dir_user *user,
                     const struct statx *st)
{
    return !v->users.per_user || v->users.same || dir_user_uid(user) == st->stx_uid;
}

/* The owner's SID in the descriptor of `fd`, when it is this user's with another server. */
static bool other_sid(const struct dir_volume *v, const struct smbkit_op *op,
                      const struct dir_user *user, int fd, uint8_t other[OWNER_SID_SIZE])
{
    uint8_t *block = NULL, *sd;
    size_t len;
    struct statx st;
    const void *own;
    size_t own_len = smbkit_op_user_sid(op, &own);
    bool there = load(v, fd, &block, &sd, &len) == SMBKIT_STATUS_SUCCESS &&
                 owner_of(sd, len, other) && owner_is_foreign(other, own, own_len) &&
                 fs_stat(fd, "", &st) == 0 && is_owner(v, user, &st);
    smbkit_free(block);
    return there;
}

static void answer(struct smbkit_op *op, const struct dir_volume *v, const struct dir_user *user,
                   int fd)
{
    uint8_t made_up[MADE_UP_SIZE], owner[OWNER_SID_SIZE], *block = NULL, *sd;
    size_t len;
    struct statx st;
    const void *own;
    size_t own_len = smbkit_op_user_sid(op, &own);
    smbkit_status status = load(v, fd, &block, &sd, &len);
    bool known = fs_stat(fd, "", &st) == 0, ours = known && is_owner(v, user, &st);
    if (status == SMBKIT_STATUS_NOT_FOUND && known && !ours && dir_user_uid(user) != 0) {
        make_up(&st, made_up);
        sd = made_up;
        len = sizeof(made_up);
        status = SMBKIT_STATUS_SUCCESS;
    }
    if (status == SMBKIT_STATUS_SUCCESS && ours && owner_of(sd, len, owner) &&
        owner_is_foreign(owner, own, own_len))
        owner_replace(sd, len, owner, own);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_data(op, sd, len);
    else
        smbkit_reply_status(op, status);
    smbkit_free(block);
}

void dir_get_sd(struct smbkit_op *op, void *vol, void *file)
{
    const struct dir_handle *h = file;
    answer(op, vol, h->user, h->fd);
}

void dir_path_sd(struct smbkit_op *op, void *vol, const char *path)
{
    struct dir_volume *v = vol;
    struct dir_user *user;
    struct dir_found found = {.fd = -1};
    smbkit_status status = dir_user_get(&v->users, smbkit_op_user(op), &user);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = dir_find(v, user, path, &found);
    if (status == SMBKIT_STATUS_SUCCESS)
        answer(op, v, user, found.fd);
    else
        dir_reply_failure(op, &found, status);
    dir_found_clear(&found);
    dir_user_put(user);
}

/* --- writing --- */

/* 0 or an errno. The user's SID becomes again what `like` has for it. */
static int store(const struct dir_volume *v, const struct smbkit_op *op,
                 const struct dir_user *user, int like, int fd, const void *sd, size_t len)
{
    uint8_t other[OWNER_SID_SIZE], *data = smbkit_alloc(2 * len + NTACL_HEAD);
    const void *own;
    if (data == NULL)
        return ENOMEM;
    uint8_t *copy = data + NTACL_HEAD + len;
    memcpy(copy, sd, len);
    (void)smbkit_op_user_sid(op, &own);
    if (other_sid(v, op, user, like, other))
        owner_replace(copy, len, own, other);
    int err = ntacl_encode(copy, len, data)
                  ? dir_xattr_set(fd, v->acl_xattr, data, len + NTACL_HEAD, 0)
                  : EINVAL;
    smbkit_free(data);
    return err;
}

int dir_acl_make(const struct dir_volume *v, const struct smbkit_op *op,
                 const struct dir_user *user, int folder, int fd, const void *sd, size_t len)
{
    if (v->acl_xattr[0] == '\0' || sd == NULL || says_nothing(sd, len))
        return 0;
    return store(v, op, user, folder, fd, sd, len);
}

void dir_set_sd(struct smbkit_op *op, void *vol, void *file, const void *sd, size_t len)
{
    struct dir_volume *v = vol;
    struct dir_handle *h = file;
    struct smbkit_attr attr;
    dir_change_begin(h);
    int err = store(v, op, h->user, h->fd, h->fd, sd, len);
    dir_change_end(h);
    smbkit_status status = err != 0 ? dir_status(err) : dir_attr_get(v, h, &attr);
    if (status == SMBKIT_STATUS_SUCCESS)
        smbkit_reply_attr(op, &attr);
    else
        smbkit_reply_status(op, status);
}
