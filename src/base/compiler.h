// SPDX-License-Identifier: Apache-2.0
/*
 * The compiler's extras behind macros, and assertions that stay on in release builds.
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define NODISCARD         __attribute__((warn_unused_result))
#define NONNULL           __attribute__((nonnull))
#define NONNULL_ARGS(...) __attribute__((nonnull(__VA_ARGS__)))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN          __attribute__((noreturn))
#define UNUSED            __attribute__((unused))
#define LIKELY(x)         __builtin_expect(!!(x), 1)
#define UNLIKELY(x)       __builtin_expect(!!(x), 0)
#else
#define NODISCARD
#define NONNULL
#define NONNULL_ARGS(...)
#define PRINTF_LIKE(f, a)
#define NORETURN
#define UNUSED
#define LIKELY(x)   (x)
#define UNLIKELY(x) (x)
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Prints the failed condition with its place and aborts. Never returns; used by ASSERT and by
   the magic checks. */
NORETURN void base_assert_failed(const char *condition, const char *file, int line,
                                 const char *function);

/* An invariant of our own code. Never use it on anything that a client or a plugin can influence:
   those get a status. Stays on in release builds. */
#define ASSERT(cond)                                                 \
    do {                                                             \
        if (UNLIKELY(!(cond)))                                       \
            base_assert_failed(#cond, __FILE__, __LINE__, __func__); \
    } while (0)

/*
 * Every long-lived object begins with a magic number: set when it is made, checked at the entry of
 * each function that takes it, wiped when it is freed, so that a stale pointer dies at once and
 * near its cause.
 */
#define MAGIC_SET(obj, value)   ((obj)->magic = (value))
#define MAGIC_CHECK(obj, value) ASSERT((obj) != NULL && (obj)->magic == (value))
#define MAGIC_WIPE(obj)         ((obj)->magic = 0)

#endif
