// SPDX-License-Identifier: Apache-2.0
/*
 * What a command is: one row per command, which cmd/<name>.c defines and command.c lists, and the
 * steps that its work consists of.
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include "base/builder.h"
#include "base/cursor.h"
#include <smbkit/status.h>

struct core_request;
struct wire_file_id;

/* What a step says. */
enum core_verdict {
    STEP_NEXT,        /* go on with the next step now */
    STEP_REPEAT,      /* run this step (or the one set by request_goto) again now */
    STEP_PARK,        /* wait; request_resume goes on with the next step */
    STEP_PARK_REPEAT, /* wait; request_resume runs this step (or the request_goto one) again */
    STEP_DONE,        /* r->status is the answer */
};

struct core_step {
    const char *name;
    enum core_verdict (*run)(struct core_request *r);
};

enum core_command_flag {
    CMD_NEEDS_SESSION = 0x01,
    CMD_NEEDS_TREE = 0x02,
    CMD_NEEDS_OPEN = 0x04,    /* r->open is looked up from the file id */
    CMD_WHEN_EXPIRED = 0x08,  /* allowed on an expired session ([MS-SMB2] 3.3.5.2.9) */
    CMD_LARGE = 0x10,         /* may exceed 68 KiB ([MS-SMB2] 3.3.5.2) */
    CMD_OPEN_OPTIONAL = 0x20, /* r->open may be NULL, whatever the file id (IOCTL) */
    CMD_ON_PIPES = 0x40,      /* knows what to do with a pipe */
    CMD_NO_INTERIM = 0x80,    /* clients do not expect one: SESSION_SETUP */
    CMD_ON_QUOTAS = 0x200,    /* ... with the index of quotas (quota.h) */
    CMD_SEQUENCED = 0x100,    /* refused when its channel sequence is out of date (3.3.5.2.10) */
};

/* One row per command: cmd/<name>.c defines it, command.c lists them. */
struct core_command {
    uint16_t code;
    const char *name;
    uint32_t flags;
    /* Decodes the body into r->in; false: malformed. */
    bool (*decode)(struct core_request *r, struct cursor *body);
    /* The file id in the decoded request; NULL for commands without. */
    struct wire_file_id *(*file_id)(struct core_request *r);
    /* Bytes of payload, sent or at most answered: max(SendPayloadSize, ExpectedResponsePayloadSize)
       of [MS-SMB2] 3.1.5.2. NULL: none. */
    uint32_t (*payload)(const struct core_request *r);
    /* The work, ended by a row without `run`. */
    const struct core_step *steps;
    /* Appends the body of a success (or warning) reply; may add to r->payload what follows it
       without a copy. */
    bool (*encode)(struct core_request *r, struct builder *b, size_t hdr);
    /* What a request parked on an open is answered with when the open goes. */
    smbkit_status closed_status;
    /* Always called once before the request goes, whatever its status: gives back what the steps
       took (the undo list of CREATE). NULL: nothing. */
    void (*release)(struct core_request *r);
};

/* command.c: the row of a command code, or NULL. */
const struct core_command *command_find(uint16_t code);

extern const struct core_command command_negotiate, command_session_setup, command_logoff,
    command_tree_connect, command_tree_disconnect, command_create, command_close, command_flush,
    command_read, command_write, command_lock, command_ioctl, command_cancel, command_echo,
    command_query_directory, command_change_notify, command_query_info, command_set_info,
    command_oplock_break;
/* Stands for a code without a row in the later part of a compound, whose beginning is answered. */
extern const struct core_command command_unknown;

#endif
