// SPDX-License-Identifier: Apache-2.0
/*
 * The options of a server: the table in options.def, and the values that one server was made with.
 * Read once, when the server is made. Threads: plain values.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/compiler.h"
#include <smbkit/smbkit.h>

#define OPTION_LIST_MAX 8

/* Indexes into the row's `values`, in the order given, each once. */
struct option_list {
    uint8_t count;
    uint8_t index[OPTION_LIST_MAX];
};

/* How a field of each type is stored. */
typedef bool option_BOOL;
typedef uint64_t option_UINT;
typedef uint64_t option_SIZE;
typedef uint64_t option_DURATION; /* ms */
typedef unsigned option_CHOICE;
typedef struct option_list option_LIST;
typedef char *option_TEXT; /* owned */

struct server_options {
#define OPTION(field, name, type, values, min, max, def, text) option_##type field;
#include "server/options.def"
#undef OPTION
};

/* Defaults, then `args` over them. On failure *o holds nothing to free and `error` (not NULL) says
   why. */
NODISCARD smbkit_status server_options_parse(struct server_options *o,
                                             const struct smbkit_arg *args, size_t count,
                                             char error[SMBKIT_ERROR_MAX]);
void server_options_free(struct server_options *o);

#define SERVER_OPTION_TEXT_MAX 1024 /* longer texts are cut when they are shown */

/* Each option as a user would write it, until fn says false. */
void server_options_each(const struct server_options *o,
                         bool (*fn)(void *ctx, const char *name, const char *value), void *ctx);

/* One line into a caller's buffer, which may be NULL; returns the status, for "return fail(...)".
 */
smbkit_status server_error(char error[SMBKIT_ERROR_MAX], smbkit_status status, const char *format,
                           ...) PRINTF_LIKE(3, 4);

/* "on", "yes", "true", "1" and their opposites. */
NODISCARD bool option_parse_bool(const char *text, bool *value);

#endif
