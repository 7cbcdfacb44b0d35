// SPDX-License-Identifier: Apache-2.0
/*
 * The log's last lines: a ring of bytes that is part of the server, because logging "memory is out"
 * must not need memory. The oldest bytes are overwritten; a line that was overwritten in part is
 * not given any more.
 */
#include "base/ntime.h"
#include "plat/clock.h"
#include "server/server_int.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static void put(struct smbkit_server *s, const char *data, size_t len)
{
    ASSERT_HELD(&s->recent_lock);
    for (size_t done = 0; done < len;) {
        size_t at = s->recent_total % sizeof(s->recent);
        size_t n = MIN(len - done, sizeof(s->recent) - at);
        memcpy(s->recent + at, data + done, n);
        s->recent_total += n;
        done += n;
    }
}

void server_recent_add(struct smbkit_server *s, enum log_level level, const char *line)
{
    char head[64];
    struct tm tm;
    int64_t sec;
    uint32_t nsec;
    ntime_to_unix(clock_filetime(), &sec, &nsec);
    time_t now = (time_t)sec;
    gmtime_r(&now, &tm);
    size_t n = strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%SZ ", &tm);
    n += (size_t)snprintf(head + n, sizeof(head) - n, "%s: ", log_level_name(level));
    mutex_lock(&s->recent_lock);
    put(s, head, n);
    put(s, line, strlen(line));
    put(s, "\n", 1);
    mutex_unlock(&s->recent_lock);
}

/* The bytes from `from` on, counted as recent_total is. */
static void copy_from(const struct smbkit_server *s, uint64_t from, char *dst)
{
    while (from < s->recent_total) {
        size_t at = from % sizeof(s->recent);
        size_t n = (size_t)MIN(s->recent_total - from, sizeof(s->recent) - at);
        memcpy(dst, s->recent + at, n);
        dst += n;
        from += n;
    }
}

/* Where the first whole line begins, at `from` or after it. */
static uint64_t line_start(const struct smbkit_server *s, uint64_t from)
{
    while (from > 0 && from < s->recent_total && s->recent[(from - 1) % sizeof(s->recent)] != '\n')
        from++;
    return from;
}

size_t smbkit_server_recent_log(struct smbkit_server *s, char *dst, size_t cap)
{
    MAGIC_CHECK(s, SERVER_MAGIC);
    mutex_lock(&s->recent_lock);
    uint64_t total = s->recent_total;
    /* one byte less than all: what stands before the first one must be known */
    uint64_t oldest = total < sizeof(s->recent) ? 0 : total - sizeof(s->recent) + 1;
    oldest = line_start(s, oldest);
    uint64_t from = total - oldest > cap ? line_start(s, total - cap) : oldest;
    copy_from(s, from, dst);
    mutex_unlock(&s->recent_lock);
    return (size_t)(total - from);
}
