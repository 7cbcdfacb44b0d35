// SPDX-License-Identifier: Apache-2.0
/*
 * Reparse data buffers ([MS-FSCC] 2.1.2.2 to 2.1.2.7): FSCTL_SET_, FSCTL_GET_ and
 * FSCTL_DELETE_REPARSE_POINT.
 *
 * wire_reparse is the envelope: tag, GUID when the tag is not Microsoft's, and the data, which is
 * opaque for the server except for the tags below.
 */
#ifndef WIRE_FSCTL_REPARSE_H
#define WIRE_FSCTL_REPARSE_H

#include "base/guid.h"
#include "wire/info.h"

/* MAXIMUM_REPARSE_DATA_BUFFER_SIZE of Windows. */
#define WIRE_REPARSE_MAX 16384

#define IO_REPARSE_TAG_MOUNT_POINT 0xa0000003u
#define IO_REPARSE_TAG_SYMLINK     0xa000000cu
#define IO_REPARSE_TAG_DFS         0x8000000au
#define IO_REPARSE_TAG_DEDUP       0x80000013u
#define IO_REPARSE_TAG_NFS         0x80000014u
#define IO_REPARSE_TAG_LX_SYMLINK  0xa000001du
#define IO_REPARSE_TAG_AF_UNIX     0x80000023u
#define IO_REPARSE_TAG_LX_FIFO     0x80000024u
#define IO_REPARSE_TAG_LX_CHR      0x80000025u
#define IO_REPARSE_TAG_LX_BLK      0x80000026u

/* Is the tag Microsoft's? Only others carry a GUID. */
#define WIRE_REPARSE_TAG_MICROSOFT      0x80000000u
#define WIRE_REPARSE_TAG_NAME_SURROGATE 0x20000000u

struct wire_reparse {
    uint32_t tag;
    struct guid guid; /* zero for tags of Microsoft */
    const uint8_t *data;
    size_t data_len;
};
/* The builder fails when there is more data than WIRE_REPARSE_MAX allows. */
void wire_reparse_encode(struct builder *b, const struct wire_reparse *in);
/* `data` is borrowed from the input. ReparseDataLength must be exactly what is there ([MS-FSA]
   2.1.5.10.39: STATUS_IO_REPARSE_DATA_INVALID). */
NODISCARD bool wire_reparse_decode(struct cursor *c, struct wire_reparse *out);

/* Symbolic link (2.1.2.4; flags: SYMLINK_FLAG_RELATIVE) and mount point (2.1.2.5, which has no
   flags): the whole buffer. */
struct wire_symlink {
    uint32_t flags;
    const char *substitute;
    size_t substitute_len;
    const char *print;
    size_t print_len;
};
void wire_symlink_encode(struct builder *b, const struct wire_symlink *in, uint32_t tag);
/* From the data of a wire_reparse with the tag of either. */
NODISCARD bool wire_symlink_decode(const struct wire_reparse *r, struct arena *a,
                                   struct wire_symlink *out);

#endif
