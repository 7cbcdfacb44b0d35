// SPDX-License-Identifier: Apache-2.0
/* The server itself in srvsvc ([MS-SRVS] 3.1.4.17, 3.1.4.21). */
#include "base/ntime.h"
#include "rpc/srvsvc.h"

/* ---------------------------------------------------------------- NetrServerGetInfo */

#define PLATFORM_ID_NT  500u
#define VERSION_MAJOR   10u
#define SV_TYPE         0x00009003u /* WORKSTATION, SERVER, NT, SERVER_NT */
#define SV_NODISC       0xffffffffu /* idle sessions are not ended */
#define USERS_UNLIMITED 0xffffffffu
#define SV_USERPATH     "c:\\"

struct server {
    uint32_t platform, major, minor, type, users, disconnect, hidden, announce, delta, licenses,
        capabilities;
    const char *name, *comment, *user_path;
};

#define PLATFORM NDR_F(NDR_U32, server, platform)
#define NAME     NDR_F(NDR_WSTR, server, name)
#define VERSION_TYPE \
    NDR_F(NDR_U32, server, major), NDR_F(NDR_U32, server, minor), NDR_F(NDR_U32, server, type)
#define COMMENT NDR_F(NDR_WSTR, server, comment)
#define LIMITS                                                            \
    NDR_F(NDR_U32, server, users), NDR_F(NDR_U32, server, disconnect),    \
        NDR_F(NDR_U32, server, hidden), NDR_F(NDR_U32, server, announce), \
        NDR_F(NDR_U32, server, delta), NDR_F(NDR_U32, server, licenses),  \
        NDR_F(NDR_WSTR, server, user_path)

/* [MS-SRVS] 2.2.4.40 to 2.2.4.43 */
NDR_RECORD(info_100, server, PLATFORM, NAME);
NDR_RECORD(info_101, server, PLATFORM, NAME, VERSION_TYPE, COMMENT);
NDR_RECORD(info_102, server, PLATFORM, NAME, VERSION_TYPE, COMMENT, LIMITS);
NDR_RECORD(info_103, server, PLATFORM, NAME, VERSION_TYPE, COMMENT, LIMITS,
           NDR_F(NDR_U32, server, capabilities));

static const struct ndr_arm infos[] = {
    {100, &info_100}, {101, &info_101}, {102, &info_102}, {103, &info_103}, {0, NULL},
};

struct get_in {
    const char *server;
    uint32_t level;
};
NDR_RECORD(get_in_record, get_in, NDR_F(NDR_WSTR, get_in, server), NDR_F(NDR_U32, get_in, level));

struct get_out {
    uint32_t level;
    struct server *info;
    uint32_t result;
};
NDR_RECORD(get_out_record, get_out, NDR_U(NDR_UNION_PTR, get_out, info, level, infos, 4),
           NDR_F(NDR_U32, get_out, result));

static uint32_t describe(struct rpc_call *call, struct server **out)
{
    struct rpc_identity id = {0};
    struct server *s = arena_alloc(call->arena, sizeof *s);
    if (s == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    call->directory->identity(call->directory->ctx, &id);
    *s = (struct server){
        .platform = PLATFORM_ID_NT,
        .major = VERSION_MAJOR,
        .type = SV_TYPE,
        .users = USERS_UNLIMITED,
        .disconnect = SV_NODISC,
        .name = id.netbios,
        .comment = id.comment,
        .user_path = SV_USERPATH,
    };
    *out = s;
    return NERR_Success;
}

static uint32_t server_get_info(struct rpc_call *call, const void *in, void *out)
{
    const struct get_in *q = in;
    struct get_out *o = out;
    o->level = q->level;
    if (q->level < 100 || q->level > 103)
        o->result = ERROR_INVALID_LEVEL;
    else if (q->level > 101 && !call->caller->admin &&
             (call->caller->guest || call->caller->anonymous))
        o->result = ERROR_ACCESS_DENIED;
    else
        o->result = describe(call, &o->info);
    return 0;
}

const struct rpc_operation srvsvc_server_get_info = {"NetrServerGetInfo", &get_in_record,
                                                     &get_out_record, server_get_info};

/* ---------------------------------------------------------------- NetrRemoteTOD */

/* [MS-SRVS] 2.2.4.105 */
struct time_of_day {
    uint32_t elapsed, ms, hours, minutes, seconds, hundredths, zone, interval, day, month, year,
        weekday;
};
NDR_RECORD(time_record, time_of_day, NDR_F(NDR_U32, time_of_day, elapsed),
           NDR_F(NDR_U32, time_of_day, ms), NDR_F(NDR_U32, time_of_day, hours),
           NDR_F(NDR_U32, time_of_day, minutes), NDR_F(NDR_U32, time_of_day, seconds),
           NDR_F(NDR_U32, time_of_day, hundredths), NDR_F(NDR_U32, time_of_day, zone),
           NDR_F(NDR_U32, time_of_day, interval), NDR_F(NDR_U32, time_of_day, day),
           NDR_F(NDR_U32, time_of_day, month), NDR_F(NDR_U32, time_of_day, year),
           NDR_F(NDR_U32, time_of_day, weekday));

struct tod_in {
    const char *server;
};
NDR_RECORD(tod_in_record, tod_in, NDR_F(NDR_WSTR, tod_in, server));

struct tod_out {
    struct time_of_day *time;
    uint32_t result;
};
NDR_RECORD(tod_out_record, tod_out, NDR_SUB(NDR_PTR, tod_out, time, time_record),
           NDR_F(NDR_U32, tod_out, result));

#define CLOCK_TICK 310u /* in 1/10000 s, as Windows says */

/* Days since 1970-01-01 as a date of the proleptic Gregorian calendar, by eras of 400 years. */
static void set_date(struct time_of_day *t, int64_t days)
{
    int64_t z = days + 719468; /* from 0000-03-01 */
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    t->day = (uint32_t)(doy - (153 * mp + 2) / 5 + 1);
    t->month = (uint32_t)(mp < 10 ? mp + 3 : mp - 9);
    t->year = (uint32_t)(yoe + era * 400 + (t->month <= 2));
    t->weekday = (uint32_t)((days + 4) % 7); /* 1970-01-01 was a Thursday */
}

static uint32_t remote_tod(struct rpc_call *call, const void *in, void *out)
{
    struct tod_out *o = out;
    struct time_of_day *t = arena_alloc(call->arena, sizeof *t);
    int64_t seconds;
    uint32_t ns;
    (void)in;
    o->time = t;
    if (t == NULL) {
        o->result = ERROR_NOT_ENOUGH_MEMORY;
        return 0;
    }
    ntime_to_unix(call->now, &seconds, &ns);
    seconds = MAX(seconds, 0);
    t->elapsed = (uint32_t)seconds;
    t->ms = (uint32_t)(call->now / 10000);
    t->hours = (uint32_t)(seconds / 3600 % 24);
    t->minutes = (uint32_t)(seconds / 60 % 60);
    t->seconds = (uint32_t)(seconds % 60);
    t->hundredths = ns / 10000000;
    t->interval = CLOCK_TICK;
    set_date(t, seconds / 86400);
    return 0;
}

const struct rpc_operation srvsvc_remote_tod = {"NetrRemoteTOD", &tod_in_record, &tod_out_record,
                                                remote_tod};
