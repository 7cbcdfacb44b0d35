// SPDX-License-Identifier: Apache-2.0
/*
 * SMB2_SERVER_TO_CLIENT_NOTIFICATION ([MS-SMB2] 2.2.44). Not a row of tables/cmd.def: no client
 * sends it, so it is neither dispatched nor answered.
 */
#include "wire/wire_int.h"

/* With SMB2_NOTIFY_SESSION_CLOSED, whose only field is reserved. */
#define NOTIFICATION_SIZE 12u

bool wire_notification_decode(struct cursor *c, struct wire_notification *out)
{
    wire_structure_size(c, NOTIFICATION_SIZE);
    cursor_skip(c, 2);
    out->type = cursor_u32(c);
    cursor_skip(c, 4);
    return !cursor_failed(c) && out->type == SMB2_NOTIFY_SESSION_CLOSED;
}

bool wire_notification_encode(struct builder *b, size_t hdr, const struct wire_notification *in)
{
    wire_begin(b, hdr, NOTIFICATION_SIZE);
    builder_u16(b, 0);
    builder_u32(b, in->type);
    builder_u32(b, 0);
    return !builder_failed(b);
}
