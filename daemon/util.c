// SPDX-License-Identifier: Apache-2.0
/* Messages and memory of the program. */
#include "daemon.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_line(const char *format, va_list ap)
{
    fputs("smbkit: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
}

int complain(int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    print_line(format, ap);
    va_end(ap);
    return status;
}

void die(int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    print_line(format, ap);
    va_end(ap);
    exit(status);
}

void *grow(void *array, size_t count, size_t size)
{
    /* Counts come from a command line, which the system keeps short: no overflow. */
    void *p = smbkit_realloc(array, count * size);
    if (p == NULL)
        die(EXIT_FAILED, "out of memory");
    return p;
}

char *copy_text(const char *text, size_t len)
{
    char *p = grow(NULL, len + 1, 1);
    memcpy(p, text, len);
    p[len] = '\0';
    return p;
}

char *format_text(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0)
        die(EXIT_FAILED, "cannot format text");
    char *p = grow(NULL, (size_t)n + 1, 1);
    va_start(ap, format);
    vsnprintf(p, (size_t)n + 1, format, ap);
    va_end(ap);
    return p;
}
