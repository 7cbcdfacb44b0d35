// SPDX-License-Identifier: Apache-2.0
/*
 * Symbolic links as reparse points (links=reparse): the server follows none; the client is told
 * where one leads, and decides. [MS-FSCC] 2.1.2.4.
 */
#include "volume.h"
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BUFFER_HEAD   8u  /* tag, length, reserved */
#define LINK_HEAD     12u /* four offsets and lengths, flags */
#define FLAG_RELATIVE 1u

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

/* Appends a path as UTF-16, with the separator of Windows. `text` is what fs_name_visible accepts.
   Returns its bytes. */
static size_t put_path(uint8_t *p, const char *text)
{
    uint8_t *start = p;
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0';) {
        unsigned n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
        uint32_t c = n == 1 ? *s : *s & (0x7fu >> n);
        for (unsigned i = 1; i < n; i++)
            c = c << 6 | (s[i] & 0x3fu);
        s += n;
        if (c >= 0x10000) {
            c -= 0x10000;
            put16(p, 0xd800 + (c >> 10));
            p += 2;
            c = 0xdc00 + (c & 0x3ff);
        }
        put16(p, c == '/' ? '\\' : c);
        p += 2;
    }
    return (size_t)(p - start);
}

/* The reparse data buffer of a target, which is not empty. NULL and errno. */
static uint8_t *make_buffer(const char *target, size_t *len)
{
    /* each byte of UTF-8 takes two of UTF-16 at most, and the name stands there twice */
    uint8_t *b = smbkit_alloc(BUFFER_HEAD + LINK_HEAD + 4 * strlen(target));
    if (b == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    uint8_t *names = b + BUFFER_HEAD + LINK_HEAD;
    size_t n = put_path(names, target);
    memcpy(names + n, names, n);
    *len = BUFFER_HEAD + LINK_HEAD + 2 * n;
    if (*len > SMBKIT_REPARSE_MAX) {
        smbkit_free(b);
        errno = ENAMETOOLONG;
        return NULL;
    }
    put16(b, DIR_TAG_SYMLINK & 0xffff);
    put16(b + 2, DIR_TAG_SYMLINK >> 16);
    put16(b + 4, LINK_HEAD + 2 * n);
    put16(b + 10, n);
    put16(b + 12, n);
    put16(b + 14, n);
    put16(b + 16, target[0] != '/' ? FLAG_RELATIVE : 0);
    return b;
}

/* --- what clients write --- */

static unsigned get16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static size_t put_utf8(char *to, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xf0) | c);
    return n;
}

/* Reads the path of `len` bytes into `target`, which has `room`; false: too long, or empty. */
static bool take_path(const uint8_t *p, size_t len, char *target, size_t room)
{
    size_t at = 0;
    for (const uint8_t *end = p + len; p < end; p += 2) {
        uint32_t c = get16(p);
        if (c >> 10 == 0x36 && p + 2 < end && get16(p + 2) >> 10 == 0x37) {
            p += 2;
            c = 0x10000 + ((c & 0x3ff) << 10) + (get16(p) & 0x3ff);
        }
        if (c == 0 || at + 4 >= room)
            return false;
        at += put_utf8(target + at, c == '\\' ? '/' : c);
    }
    target[at] = '\0';
    return at > 0;
}

/* Does a full path lead to a server, or to Windows' own names of drives and servers? In any case,
   as Windows has it. */
static bool leads_away(const char *target)
{
    static const char *const heads[] = {"//", "/Device/", "/DosDevices/", "/GLOBALROOT/"};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        if (strncasecmp(target, heads[i], strlen(heads[i])) == 0)
            return true;
    return false;
}

smbkit_status dir_link_target(const uint8_t *data, size_t len, char target[DIR_PATH_MAX + 1])
{
    const uint8_t *names = data + BUFFER_HEAD + LINK_HEAD;
    if (len < BUFFER_HEAD || get16(data) != (DIR_TAG_SYMLINK & 0xffff) ||
        get16(data + 2) != DIR_TAG_SYMLINK >> 16)
        return SMBKIT_STATUS_IO_REPARSE_TAG_NOT_HANDLED;
    if (len < BUFFER_HEAD + LINK_HEAD)
        return SMBKIT_STATUS_IO_REPARSE_DATA_INVALID;
    size_t at = get16(data + 8), n = get16(data + 10), room = len - BUFFER_HEAD - LINK_HEAD;
    if (at % 2 != 0 || n % 2 != 0 || at + n > room)
        return SMBKIT_STATUS_IO_REPARSE_DATA_INVALID;
    /* the Linux kernel's client leaves out the first separator of a full path */
    bool full = !(get16(data + 16) & FLAG_RELATIVE);
    size_t root = full && n > 0 && get16(names + at) != '\\' ? 1 : 0;
    target[0] = '/';
    /* what could not be told again (drives, UNC paths) is not taken */
    if (!take_path(names + at, n, target + root, DIR_PATH_MAX + 1 - root) ||
        !fs_name_visible(target) || leads_away(target))
        return SMBKIT_STATUS_IO_REPARSE_DATA_INVALID;
    return SMBKIT_STATUS_SUCCESS;
}

/* --- answers --- */

uint8_t *dir_link_buffer(int fd, size_t *len)
{
    char target[DIR_PATH_MAX + 2];
    ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
    if (n <= 0)
        return NULL;
    target[n] = '\0';
    if (!fs_name_visible(target)) {
        errno = EACCES; /* cannot be said to a client */
        return NULL;
    }
    return make_buffer(target, len);
}

bool dir_link_to_folder(struct dir_volume *v, const struct dir_user *user, struct dir_folder *f,
                        const char *name)
{
    char *path = dir_folder_path(f, name);
    if (!dir_user_enter(user)) {
        smbkit_free(path);
        return false;
    }
    int fd = path != NULL ? fs_open(v->root, path, FS_SEE | FS_FOLLOW | FS_FOLDER, 0) : -1;
    if (fd >= 0)
        close(fd);
    dir_user_leave(user);
    smbkit_free(path);
    return fd >= 0;
}

void dir_get_reparse(struct smbkit_op *op, void *vol, void *file)
{
    const struct dir_handle *h = file;
    struct statx st;
    size_t len;
    if (fs_stat(h->fd, "", &st) < 0 || !S_ISLNK(st.stx_mode)) {
        smbkit_reply_status(op, SMBKIT_STATUS_NOT_A_REPARSE_POINT);
        return;
    }
    uint8_t *data = dir_link_buffer(h->fd, &len);
    if (data != NULL)
        smbkit_reply_data(op, data, len);
    else
        smbkit_reply_status(op, dir_status(errno));
    smbkit_free(data);
}
