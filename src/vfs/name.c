// SPDX-License-Identifier: Apache-2.0
/*
 * Paths, names and wildcards; see name.h. Rules are checked on UTF-16 units, the currency of
 * Windows: lengths are counted in them, and a character outside the BMP is two.
 */
#include "vfs/name.h"
#include "base/cursor.h"
#include "base/utf.h"
#include <string.h>

/* --- characters --- */

/* May not stand in a file name ([MS-FSCC] 2.1.5.2). ':' and '\\' separate and are seen earlier. */
static bool reserved_in_name(uint16_t u)
{
    return u < 0x20 || u == '"' || u == '*' || u == '/' || u == ':' || u == '<' || u == '>' ||
           u == '?' || u == '\\' || u == '|';
}

/* Stream names are freer: only separators and NUL are excluded ([MS-FSCC] 2.1.5.3). */
static bool reserved_in_stream(uint16_t u)
{
    return u == 0 || u == '/' || u == ':' || u == '\\';
}

/* Units of the wire, not aligned. */
struct units {
    const uint8_t *p;
    size_t n;
};

static uint16_t unit_at(const struct units *s, size_t i)
{
    return le16_load(s->p + 2 * i);
}

static struct units units_sub(const struct units *s, size_t from, size_t to)
{
    return (struct units){s->p + 2 * from, to - from};
}

/* Index of the first `u` at or after `from`, or s->n. */
static size_t units_find(const struct units *s, size_t from, uint16_t u)
{
    while (from < s->n && unit_at(s, from) != u)
        from++;
    return from;
}

/* Compares with ASCII text without regard to case. */
static bool units_equal(const struct units *s, const char *text)
{
    if (s->n != strlen(text))
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (utf16_upcase(unit_at(s, i)) != (uint8_t)text[i])
            return false;
    return true;
}

static bool name_ok(const struct units *s)
{
    if (s->n == 0 || s->n > VFS_NAME_UNITS_MAX || units_equal(s, ".") || units_equal(s, ".."))
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (reserved_in_name(unit_at(s, i)))
            return false;
    return true;
}

static bool stream_name_ok(const struct units *s)
{
    if (s->n > VFS_NAME_UNITS_MAX)
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (reserved_in_stream(unit_at(s, i)))
            return false;
    return true;
}

/* --- parsing --- */

/* What follows the first ':' of the last component: "name", "name:type" or ":type". */
static bool parse_stream(const struct units *tail, struct vfs_path *out, struct units *stream)
{
    size_t colon = units_find(tail, 0, ':');
    *stream = units_sub(tail, 0, colon);
    if (!stream_name_ok(stream))
        return false;
    if (colon == tail->n)
        return stream->n > 0;
    struct units type = units_sub(tail, colon + 1, tail->n);
    if (units_equal(&type, "$DATA")) {
        out->stream_type = true;
        return true;
    }
    if (!units_equal(&type, "$INDEX_ALLOCATION") || (stream->n > 0 && !units_equal(stream, "$I30")))
        return false;
    out->dir_type = true;
    stream->n = 0;
    return true;
}

/* Is it a separator? Clients on POSIX systems send '/' as well, which no name may hold. */
static bool separator(uint16_t u)
{
    return u == '\\' || u == '/';
}

static size_t find_separator(const struct units *s, size_t from)
{
    while (from < s->n && !separator(unit_at(s, from)))
        from++;
    return from;
}

/* The components of a path without stream and without a trailing separator, put together anew with
   '\\' between them: "." goes, and ".." takes the one before it along. */
static smbkit_status resolve(struct arena *a, struct units *path)
{
    uint8_t *out = arena_alloc(a, 2 * path->n + 2);
    size_t n = 0, from = 0;
    if (out == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    while (path->n > 0) {
        size_t to = find_separator(path, from);
        struct units c = units_sub(path, from, to);
        if (units_equal(&c, "..")) {
            if (n == 0)
                return SMBKIT_STATUS_OBJECT_PATH_SYNTAX_BAD; /* above the root */
            while (n > 0 && le16_load(out + 2 * --n) != '\\')
                continue;
        } else if (!units_equal(&c, ".")) {
            if (!name_ok(&c))
                return SMBKIT_STATUS_OBJECT_NAME_INVALID;
            if (n > 0)
                le16_store(out + 2 * n++, '\\');
            memcpy(out + 2 * n, c.p, 2 * c.n);
            n += c.n;
        }
        if (to == path->n)
            break;
        from = to + 1;
    }
    *path = (struct units){out, n};
    return SMBKIT_STATUS_SUCCESS;
}

static char *to_utf8(struct arena *a, const struct units *s, size_t *len)
{
    return utf16_to_utf8(a, s->p, 2 * s->n, len);
}

static smbkit_status convert(struct arena *a, const struct units *path, const struct units *stream,
                             struct vfs_path *out)
{
    size_t len;
    out->path = to_utf8(a, path, &out->path_len);
    if (out->path == NULL)
        return SMBKIT_STATUS_NO_MEMORY;
    for (size_t i = 0; i < out->path_len; i++)
        if (out->path[i] == '\\')
            out->path[i] = '/';
    if (stream->n > 0) {
        out->stream = to_utf8(a, stream, &len);
        if (out->stream == NULL)
            return SMBKIT_STATUS_NO_MEMORY;
    }
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status vfs_path_parse(struct arena *a, const void *utf16, size_t bytes, struct vfs_path *out)
{
    *out = (struct vfs_path){0};
    if (bytes % 2 != 0)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    struct units path = {utf16, bytes / 2}, stream = {0};
    if (path.n > VFS_PATH_UNITS_MAX)
        return SMBKIT_STATUS_NAME_TOO_LONG;
    /* [MS-SMB2] 3.3.5.9: a leading separator is an error of the request, not of the name. */
    if (path.n > 0 && separator(unit_at(&path, 0)))
        return SMBKIT_STATUS_INVALID_PARAMETER;
    /* behind the first ':' is no path any more, so that a '/' there is one too many */
    size_t last = units_find(&path, 0, ':');
    if (units_find(&path, last, '\\') < path.n)
        return SMBKIT_STATUS_OBJECT_NAME_INVALID;
    while (last > 0 && !separator(unit_at(&path, last - 1)))
        last--;
    if (path.n > 0 && last == path.n) {
        out->trailing_slash = true;
        path.n--;
    } else {
        size_t colon = units_find(&path, last, ':');
        if (colon < path.n) {
            struct units tail = units_sub(&path, colon + 1, path.n);
            /* Only the root itself may go without a name before its stream. */
            if ((colon == last && last > 0) || !parse_stream(&tail, out, &stream))
                return SMBKIT_STATUS_OBJECT_NAME_INVALID;
            path.n = colon;
        }
    }
    smbkit_status st = resolve(a, &path);
    if (st != SMBKIT_STATUS_SUCCESS)
        return st;
    return convert(a, &path, &stream, out);
}

/* --- UTF-8 side --- */

/* Decodes into UTF-16 units; SIZE_MAX when the text is not valid or has more than `cap` units. */
static size_t decode(const char *text, size_t len, uint16_t *units, size_t cap)
{
    const char *end = text + len;
    size_t n = 0;
    while (text < end) {
        int32_t c = utf8_next(&text, end);
        if (c < 0 || n + (c > 0xffff ? 2 : 1) > cap)
            return SIZE_MAX;
        if (c > 0xffff) {
            c -= 0x10000;
            units[n++] = (uint16_t)(0xd800 + (c >> 10));
            units[n++] = (uint16_t)(0xdc00 + (c & 0x3ff));
        } else {
            units[n++] = (uint16_t)c;
        }
    }
    return n;
}

static bool is_dots(const char *name, size_t len)
{
    return (len == 1 || len == 2) && name[0] == '.' && name[len - 1] == '.';
}

bool vfs_name_valid(const char *name, size_t len)
{
    uint16_t units[VFS_NAME_UNITS_MAX];
    if (len == 0 || is_dots(name, len))
        return false;
    size_t n = decode(name, len, units, VFS_NAME_UNITS_MAX);
    if (n == SIZE_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (reserved_in_name(units[i]))
            return false;
    return true;
}

bool vfs_stream_valid(const char *name, size_t len)
{
    uint16_t units[VFS_NAME_UNITS_MAX];
    size_t n = len == 0 ? SIZE_MAX : decode(name, len, units, VFS_NAME_UNITS_MAX);
    if (n == SIZE_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (reserved_in_stream(units[i]))
            return false;
    return true;
}

/* Length of the component that starts at `path`. */
static size_t component(const char *path, size_t len)
{
    const char *slash = memchr(path, '/', len);
    return slash != NULL ? (size_t)(slash - path) : len;
}

bool vfs_path_valid(const char *path, size_t len)
{
    for (size_t at = 0; len > 0;) {
        size_t n = component(path + at, len - at);
        if (!vfs_name_valid(path + at, n))
            return false;
        if (at + n == len)
            break;
        at += n + 1;
    }
    return true;
}

size_t vfs_path_base(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '/')
        len--;
    return len;
}

bool vfs_path_inside(const char *path, const char *dir)
{
    size_t path_len = strlen(path), dir_len = strlen(dir);
    /* By components: upper-casing can change the length in bytes, never a separator. */
    while (dir_len > 0) {
        size_t p = component(path, path_len), d = component(dir, dir_len);
        if (utf8_casecmp(path, p, dir, d) != 0)
            return false;
        path += p, path_len -= p;
        dir += d, dir_len -= d;
        if (dir_len == 0)
            return true;
        if (path_len == 0)
            return false;
        path++, path_len--;
        dir++, dir_len--;
    }
    return true;
}

/* --- wildcards --- */

#define DOS_STAR '<'
#define DOS_QM   '>'
#define DOS_DOT  '"'

bool vfs_has_wildcard(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr("*?<>\"", pattern[i]) != NULL && pattern[i] != '\0')
            return true;
    return false;
}

/* A pattern as a nondeterministic automaton: in[i] says that pattern[0 .. i) can match what has
   been read of the name. One pass over the states for each unit of the name: never more than 255 *
   256 steps, whatever the pattern. */
struct match {
    uint16_t pattern[VFS_NAME_UNITS_MAX];
    size_t pattern_n;
    bool in[VFS_NAME_UNITS_MAX + 1];
};

/* Marks what can be reached without reading, standing before unit `c` (or the end). */
static void match_skip(struct match *m, uint16_t c, bool at_end)
{
    for (size_t i = 0; i < m->pattern_n; i++) {
        uint16_t p = m->pattern[i];
        bool empty = p == '*' || p == DOS_STAR || (p == DOS_QM && (at_end || c == '.')) ||
                     (p == DOS_DOT && at_end);
        if (m->in[i] && empty)
            m->in[i + 1] = true;
    }
}

/* Reads one unit. Downwards, so that a state does not move twice. */
static void match_read(struct match *m, uint16_t c, bool last_dot)
{
    for (size_t i = m->pattern_n + 1; i-- > 0;) {
        bool from_below = false, stay = false;
        if (i > 0 && m->in[i - 1]) {
            uint16_t p = m->pattern[i - 1];
            from_below = p == '?' || (p == DOS_QM && c != '.') || (p == DOS_DOT && c == '.') ||
                         (p == c && p != '*' && p != DOS_STAR && p != DOS_QM && p != DOS_DOT);
        }
        if (i < m->pattern_n && m->in[i]) {
            uint16_t p = m->pattern[i];
            /* DOS_STAR reads everything but the last dot of the name. */
            stay = p == '*' || (p == DOS_STAR && !last_dot);
        }
        m->in[i] = from_below || stay;
    }
}

static bool is_all(const char *pattern, size_t len)
{
    return (len == 1 && pattern[0] == '*') || (len == 3 && memcmp(pattern, "*.*", 3) == 0);
}

bool vfs_match(const char *pattern, size_t pattern_len, const char *name, size_t name_len)
{
    if (pattern_len == 0 || name_len == 0)
        return pattern_len == name_len;
    if (is_all(pattern, pattern_len))
        return true;
    struct match m;
    uint16_t units[VFS_NAME_UNITS_MAX];
    m.pattern_n = decode(pattern, pattern_len, m.pattern, VFS_NAME_UNITS_MAX);
    size_t n = decode(name, name_len, units, VFS_NAME_UNITS_MAX);
    if (m.pattern_n == SIZE_MAX || n == SIZE_MAX)
        return false;
    size_t last_dot = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        units[i] = utf16_upcase(units[i]);
        if (units[i] == '.')
            last_dot = i;
    }
    for (size_t i = 0; i < m.pattern_n; i++) {
        m.pattern[i] = utf16_upcase(m.pattern[i]);
        m.in[i] = i == 0;
    }
    m.in[m.pattern_n] = false;
    for (size_t i = 0; i < n; i++) {
        match_skip(&m, units[i], false);
        match_read(&m, units[i], i == last_dot);
    }
    match_skip(&m, 0, true);
    return m.in[m.pattern_n];
}
