// SPDX-License-Identifier: Apache-2.0
/* FILE_NOTIFY_INFORMATION lists ([MS-FSCC] 2.7.1), the answer of CHANGE_NOTIFY. */
#ifndef WIRE_NOTIFY_REC_H
#define WIRE_NOTIFY_REC_H

#include "wire/info.h"

#define WIRE_NOTIFY_ALIGN 4

#define FILE_ACTION_ADDED                  0x00000001u
#define FILE_ACTION_REMOVED                0x00000002u
#define FILE_ACTION_MODIFIED               0x00000003u
#define FILE_ACTION_RENAMED_OLD_NAME       0x00000004u
#define FILE_ACTION_RENAMED_NEW_NAME       0x00000005u
#define FILE_ACTION_ADDED_STREAM           0x00000006u
#define FILE_ACTION_REMOVED_STREAM         0x00000007u
#define FILE_ACTION_MODIFIED_STREAM        0x00000008u
#define FILE_ACTION_REMOVED_BY_DELETE      0x00000009u
#define FILE_ACTION_ID_NOT_TUNNELLED       0x0000000au
#define FILE_ACTION_TUNNELLED_ID_COLLISION 0x0000000bu

/* The name is relative to the watched directory, with '\' between its parts. */
struct wire_notify {
    uint32_t action;
    const char *name;
    size_t name_len;
};

/* wire_chain, WIRE_NOTIFY_ALIGN. WIRE_FIT_FULL: STATUS_NOTIFY_ENUM_DIR. */
enum wire_fit wire_notify_add(struct wire_chain *w, const struct wire_notify *in);
/* Bytes that the record takes, without padding; 0: the name is not (W)TF-8. */
size_t wire_notify_size(const struct wire_notify *in);
NODISCARD bool wire_notify_next(struct wire_chain_reader *r, struct arena *a,
                                struct wire_notify *out);

#endif
