// SPDX-License-Identifier: Apache-2.0
/*
 * Paths and names: from the wire's UTF-16 with backslashes to the plugin's UTF-8 with slashes, the
 * rules of Windows for names, and wildcards ([MS-FSA] 2.1.4.4, [MS-FSCC] 2.1.5).
 */
#ifndef VFS_NAME_H
#define VFS_NAME_H

#include "base/arena.h"
#include <smbkit/status.h>

#define VFS_PATH_UNITS_MAX 32760 /* UTF-16 units of a whole path */
#define VFS_NAME_UNITS_MAX 255   /* of one component */

struct vfs_path {
    char *path; /* "a/b/c", "" for the root; in the arena, never NULL on success */
    size_t path_len;
    char *stream;        /* stream name without type, or NULL; "" never */
    bool stream_type;    /* an explicit ":$DATA" was given */
    bool dir_type;       /* ":$I30:$INDEX_ALLOCATION" was given: only a folder will do */
    bool trailing_slash; /* ended with a backslash */
};

/* Parses a CREATE name or rename target. '/' separates like '\\'; "." and ".." are resolved by the
   text alone. Returns SUCCESS, OBJECT_NAME_INVALID (bad characters, an empty or too long component,
   bad stream syntax), OBJECT_PATH_SYNTAX_BAD (".." would leave the share), INVALID_PARAMETER (a
   leading separator), NAME_TOO_LONG or NO_MEMORY. */
NODISCARD smbkit_status vfs_path_parse(struct arena *a, const void *utf16, size_t bytes,
                                       struct vfs_path *out);
/* Is it a name that a client can use: 1 to 255 UTF-16 units of valid (W)TF-8, no reserved or
   control character, neither "." nor ".."? ([MS-FSCC] 2.1.5.2) */
bool vfs_name_valid(const char *name, size_t len);
/* The same for the name of a stream, which is freer: no separator and no NUL in it (2.1.5.3). */
bool vfs_stream_valid(const char *name, size_t len);
/* A path made of such names ("" too). */
bool vfs_path_valid(const char *path, size_t len);
/* Index of the last component in a path ("a/b/c" -> "c"; "" -> ""). */
size_t vfs_path_base(const char *path, size_t len);
/* Is `path` inside (or equal to) `dir`? Without regard to case. */
bool vfs_path_inside(const char *path, const char *dir);

/* Does the expression contain * ? < > " ? */
bool vfs_has_wildcard(const char *pattern, size_t len);
/* Matches without regard to case, with * ? and DOS_STAR <, DOS_QM >, DOS_DOT ", as
   [MS-FSA] 2.1.4.4. Linear-time bounded: no exponential patterns. */
bool vfs_match(const char *pattern, size_t pattern_len, const char *name, size_t name_len);

#endif
