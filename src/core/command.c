// SPDX-License-Identifier: Apache-2.0
/* The table from command code to command, in order of code. */
#include "core/command.h"
#include "core/request.h"

static const struct core_command *const commands[] = {
#define X(code, NAME, name, req, rsp, flags) [SMB2_##NAME] = &command_##name,
#include "wire/tables/cmd.def"
#undef X
};

static bool unknown_decode(struct core_request *r, struct cursor *body)
{
    return false; /* INVALID_PARAMETER: 3.3.5.2.6 */
}

const struct core_command command_unknown = {.name = "UNKNOWN", .decode = unknown_decode};

const struct core_command *command_find(uint16_t code)
{
    return code < ARRAY_LEN(commands) ? commands[code] : NULL;
}
