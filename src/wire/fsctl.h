// SPDX-License-Identifier: Apache-2.0
/*
 * Control codes of SMB2 IOCTL ([MS-FSCC] 2.3, [MS-SMB2] 2.2.31). Their codecs: fsctl_srv.h
 * (negotiation, server-side copy, snapshots, interfaces, pipes), fsctl_file.h (ranges, sparse
 * files, clones), fsctl_reparse.h.
 */
#ifndef WIRE_FSCTL_H
#define WIRE_FSCTL_H

#include "base/compiler.h"

enum wire_fsctl_code {
#define X(code, NAME, section) NAME = code,
#include "wire/tables/fsctl.def"
#undef X
};

struct wire_fsctl_row {
    uint32_t code;
    const char *name;
    const char *section;
};

/* NULL: not a code of the specifications (STATUS_INVALID_DEVICE_REQUEST). */
const struct wire_fsctl_row *wire_fsctl_find(uint32_t code);
/* All rows, sorted by code. */
const struct wire_fsctl_row *wire_fsctl_rows(size_t *count);

#endif
