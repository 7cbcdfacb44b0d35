// SPDX-License-Identifier: Apache-2.0
/* The command table: tables/cmd.def as data. */
#include "wire/wire.h"

static const struct wire_command commands[] = {
#define X(code, NAME, name, req, rsp, flags) [code] = {code, req, rsp, flags, #NAME},
#include "wire/tables/cmd.def"
#undef X
};

const struct wire_command *wire_command(uint16_t code)
{
    return code < ARRAY_LEN(commands) ? &commands[code] : NULL;
}

const char *wire_command_name(uint16_t code)
{
    const struct wire_command *cmd = wire_command(code);
    return cmd != NULL ? cmd->name : "UNKNOWN";
}
