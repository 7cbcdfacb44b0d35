// SPDX-License-Identifier: Apache-2.0
/*
 * Log lines to wherever the embedding program wants them. A line never ends with a newline and
 * never holds a secret. Text from a client is escaped by the sink's caller through log_escape.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/compiler.h"
#include <stdarg.h>

enum log_level {
    LOG_ERROR,
    LOG_WARNING,
    LOG_INFO,
    LOG_DEBUG,
};

struct log {
    enum log_level level; /* lines above it are not even formatted */
    void (*sink)(void *ctx, enum log_level level, const char *line);
    void *ctx;
};

#define LOG_LINE_MAX 1024

/* Longer lines are cut. `l` may be NULL: nothing is logged. */
void log_line(const struct log *l, enum log_level level, const char *format, ...) PRINTF_LIKE(3, 4);
const char *log_level_name(enum log_level level);
/* Copies text with control characters, backslashes and bytes that are not UTF-8 as \xNN; cut to
   whole characters; always terminates; returns dst. */
const char *log_escape(char *dst, size_t dst_size, const char *text, size_t len);

#define LOGE(l, ...) log_line(l, LOG_ERROR, __VA_ARGS__)
#define LOGW(l, ...) log_line(l, LOG_WARNING, __VA_ARGS__)
#define LOGI(l, ...) log_line(l, LOG_INFO, __VA_ARGS__)
#define LOGD(l, ...)                                \
    do {                                            \
        if ((l) != NULL && (l)->level >= LOG_DEBUG) \
            log_line(l, LOG_DEBUG, __VA_ARGS__);    \
    } while (0)

#endif
