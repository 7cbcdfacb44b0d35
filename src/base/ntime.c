// SPDX-License-Identifier: Apache-2.0
/*
 * FILETIME to and from Unix time. Times come from file systems and clients, so every input has a
 * result: the range is clamped to [0, INT64_MAX], because a FILETIME with the top bit set is not a
 * time on the wire (negative values have meanings of their own, [MS-FSCC] 2.4.7).
 */
#include "base/ntime.h"
#include <stdio.h>
#include <string.h>

#define NS_PER_UNIT  100u
#define UNIX_EPOCH_S ((int64_t)(NTIME_UNIX_EPOCH / NTIME_PER_S))

uint64_t ntime_from_unix(int64_t sec, uint32_t nsec)
{
    if (sec < -UNIX_EPOCH_S)
        return 0;
    if (sec > INT64_MAX / (int64_t)NTIME_PER_S - UNIX_EPOCH_S - 1)
        return INT64_MAX;
    return (uint64_t)(sec + UNIX_EPOCH_S) * NTIME_PER_S + nsec / NS_PER_UNIT;
}

void ntime_to_unix(uint64_t nt, int64_t *sec, uint32_t *nsec)
{
    *sec = (int64_t)(nt / NTIME_PER_S) - UNIX_EPOCH_S;
    *nsec = (uint32_t)(nt % NTIME_PER_S) * NS_PER_UNIT;
}

/* ---------------------------------------------------------------- tokens */

#define DAY_S     86400u
#define YEAR_BASE 1601u
/* 400 years from 1601 on, after which the calendar repeats. */
#define ERA_DAYS 146097u

static bool leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year));
}

static unsigned year_days(unsigned year)
{
    return leap(year) ? 366 : 365;
}

void ntime_to_token(uint64_t nt, char token[NTIME_TOKEN])
{
    uint64_t seconds = nt / NTIME_PER_S, days = seconds / DAY_S;
    unsigned rest = (unsigned)(seconds % DAY_S), month = 1;
    unsigned year = YEAR_BASE + (unsigned)(days / ERA_DAYS) * 400;
    char text[64];

    days %= ERA_DAYS;
    for (; days >= year_days(year); year++)
        days -= year_days(year);
    for (; days >= month_days(year, month); month++)
        days -= month_days(year, month);
    snprintf(text, sizeof(text), "@GMT-%04u.%02u.%02u-%02u.%02u.%02u", year % 10000, month,
             (unsigned)days + 1, rest / 3600, rest / 60 % 60, rest % 60);
    memcpy(token, text, NTIME_TOKEN - 1);
    token[NTIME_TOKEN - 1] = '\0';
}

/* The numbers of a token, which are where the picture has a '0'. False: it looks otherwise. */
static bool take_numbers(const char *token, unsigned v[6])
{
    static const char picture[] = "@GMT-0000.00.00-00.00.00";
    size_t n = 0;

    memset(v, 0, 6 * sizeof(v[0]));
    for (size_t i = 0; i < sizeof(picture); i++) {
        if (picture[i] != '0') {
            if (token[i] != picture[i])
                return false;
            n += i > 5 && picture[i] != '\0';
        } else if (token[i] < '0' || token[i] > '9') {
            return false;
        } else {
            v[n] = v[n] * 10 + (unsigned)(token[i] - '0');
        }
    }
    return true;
}

bool ntime_from_token(const char *token, uint64_t *nt)
{
    unsigned v[6];
    uint64_t days = 0;

    if (!take_numbers(token, v) || v[0] < YEAR_BASE || v[1] < 1 || v[1] > 12 || v[2] < 1 ||
        v[2] > month_days(v[0], v[1]) || v[3] > 23 || v[4] > 59 || v[5] > 59)
        return false;
    for (unsigned year = YEAR_BASE; year < v[0]; year++)
        days += year_days(year);
    for (unsigned month = 1; month < v[1]; month++)
        days += month_days(v[0], month);
    days += v[2] - 1;
    *nt = ((days * 24 + v[3]) * 3600 + v[4] * 60u + v[5]) * NTIME_PER_S;
    return true;
}
