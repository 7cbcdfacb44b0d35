// SPDX-License-Identifier: Apache-2.0
/* Log lines are formatted on the stack: logging "memory is out" must not need memory. */
#include "base/log.h"

#include <stdio.h>

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARNING] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

const char *log_level_name(enum log_level level)
{
    return (size_t)level < ARRAY_LEN(level_names) ? level_names[level] : "unknown";
}

void log_line(const struct log *l, enum log_level level, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;
    if (!l || !l->sink || level > l->level)
        return;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t len = MIN((size_t)n, sizeof(line) - 1);
    if (len > 0 && line[len - 1] == '\n')
        line[len - 1] = '\0';
    l->sink(l->ctx, level, line);
}

const char *log_escape(char *dst, size_t dst_size, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    char *p = dst;
    char *end = dst + dst_size - 1; /* where the terminator goes at the latest */
    ASSERT(dst_size > 0);
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        bool plain = byte >= 0x20 && byte != 0x7f && byte != '\\';
        if (end - p < (plain ? 1 : 4))
            break;
        if (plain) {
            *p++ = (char)byte;
            continue;
        }
        *p++ = '\\';
        *p++ = 'x';
        *p++ = hex[byte >> 4];
        *p++ = hex[byte & 15];
    }
    *p = '\0';
    return dst;
}
