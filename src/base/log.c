// SPDX-License-Identifier: Apache-2.0
/* Log lines are formatted on the stack: logging "memory is out" must not need memory. */
#include "base/log.h"

#include "base/utf.h"

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

/* Harmless in a log file and on a terminal: whole characters that are no control codes (C1, U+0080
   to U+009F, steers terminals as well) and no lone surrogates. The backslash is what escapes begin
   with. */
static bool is_plain(int32_t cp)
{
    return cp >= 0x20 && cp != '\\' && !(cp >= 0x7f && cp < 0xa0) && !(cp >= 0xd800 && cp < 0xe000);
}

const char *log_escape(char *dst, size_t dst_size, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const char *end = text + len;
    char *p = dst;
    ASSERT(dst_size > 0);
    size_t room = dst_size - 1; /* without the terminator */
    while (text < end) {
        const char *from = text;
        bool plain = is_plain(utf8_next(&text, end));
        size_t need = (size_t)(text - from) * (plain ? 1 : 4);
        if (need > room)
            break; /* never half a character */
        room -= need;
        for (; from < text; from++) {
            if (plain) {
                *p++ = *from;
                continue;
            }
            *p++ = '\\';
            *p++ = 'x';
            *p++ = hex[(uint8_t)*from >> 4];
            *p++ = hex[(uint8_t)*from & 15];
        }
    }
    *p = '\0';
    return dst;
}
