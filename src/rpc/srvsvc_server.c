// SPDX-License-Identifier: Apache-2.0
/* The server itself in srvsvc ([MS-SRVS] 3.1.4.17 to 3.1.4.22). */
#include "base/ntime.h"
#include "base/utf.h"
#include "rpc/list.h"
#include "rpc/srvsvc.h"
#include <string.h>

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

/* Levels that we do not tell, but whose place in an answer clients know. */
struct nothing {
    uint32_t unused;
};
NDR_RECORD(no_info, nothing, NDR_F(NDR_U32, nothing, unused));

static const struct ndr_arm infos[] = {
    {502, &no_info},  {503, &no_info},  {599, &no_info},  {100, &info_100},
    {101, &info_101}, {102, &info_102}, {103, &info_103}, {0, NULL},
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
    else if (q->level > 101 && !call->caller->admin)
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

/* ---------------------------------------------------------------- transports */

struct transport {
    uint32_t circuits, address_len;
    const char *name, *network, *domain;
    const void *address;
};
#define TRANSPORT                                                                \
    NDR_F(NDR_U32, transport, circuits), NDR_F(NDR_WSTR, transport, name),       \
        NDR_A(NDR_ARRAY, transport, address, address_len, rpc_byte_record, 256), \
        NDR_F(NDR_U32, transport, address_len), NDR_F(NDR_WSTR, transport, network)
/* [MS-SRVS] 2.2.4.93, 2.2.4.94. The address comes before its length there. */
NDR_RECORD(transport_0, transport, TRANSPORT);
NDR_RECORD(transport_1, transport, TRANSPORT, NDR_F(NDR_WSTR, transport, domain));
RPC_ROWS(transports_0, transport_0);
RPC_ROWS(transports_1, transport_1);
static const struct ndr_arm transport_lists[] = {{0, &transports_0}, {1, &transports_1}, {0, NULL}};
RPC_LIST(transport_enum, transport_lists, RPC_LIST_SERVER);

static uint32_t transport_enum(struct rpc_call *call, const void *in, void *out)
{
    struct rpc_list_out *o = out;
    struct rpc_identity id = {0};
    struct transport *t = arena_alloc(call->arena, sizeof *t);
    if (!rpc_list_level(transport_lists, in, o))
        return 0;
    o->result = ERROR_NOT_ENOUGH_MEMORY;
    if (t == NULL)
        return 0;
    call->directory->identity(call->directory->ctx, &id);
    *t = (struct transport){
        .name = "\\Device\\NetbiosSmb",
        .network = "000000000000",
        .domain = id.workgroup,
        .address = id.netbios,
        .address_len = (uint32_t)strlen(id.netbios),
    };
    rpc_list_answer(call, transport_lists, in, &(struct rpc_rows){1, t}, o);
    return 0;
}

const struct rpc_operation srvsvc_transport_enum = {"NetrServerTransportEnum", &transport_enum_in,
                                                    &transport_enum_out, transport_enum};

/* ---------------------------------------------------------------- disks */

/* A string of fixed room, "X:" ([MS-SRVS] 2.2.4.91). */
struct disk {
    uint32_t offset, units;
    uint8_t text[6];
};
NDR_RECORD(disk_record, disk, NDR_F(NDR_U32, disk, offset), NDR_F(NDR_U32, disk, units),
           {NDR_RAW, offsetof(struct disk, text), 0, NULL, NULL, 6, 0});

#define DISKS_MAX 26
struct disks {
    uint32_t count;
    const struct disk *v;
};
NDR_RECORD(disks_record, disks, NDR_F(NDR_U32, disks, count),
           NDR_A(NDR_VARYING, disks, v, count, disk_record, DISKS_MAX));

struct disk_in {
    const char *server;
    uint32_t level;
    struct disks disks;
    uint32_t preferred;
    struct rpc_u32 *resume;
};
NDR_RECORD(disk_enum_in, disk_in, NDR_F(NDR_WSTR, disk_in, server), NDR_F(NDR_U32, disk_in, level),
           NDR_SUB(NDR_STRUCT, disk_in, disks, disks_record), NDR_F(NDR_U32, disk_in, preferred),
           NDR_SUB(NDR_PTR, disk_in, resume, rpc_u32_record));

struct disk_out {
    struct disks disks;
    uint32_t total;
    struct rpc_u32 *resume;
    uint32_t result;
};
NDR_RECORD(disk_enum_out, disk_out, NDR_SUB(NDR_STRUCT, disk_out, disks, disks_record),
           NDR_F(NDR_U32, disk_out, total), NDR_SUB(NDR_PTR, disk_out, resume, rpc_u32_record),
           NDR_F(NDR_U32, disk_out, result));

/* The one that the paths of shares begin with. */
static uint32_t disk_enum(struct rpc_call *call, const void *in, void *out)
{
    static const struct disk c = {0, 3, {'C', 0, ':', 0, 0, 0}};
    const struct disk_in *q = in;
    struct disk_out *o = out;
    o->resume = q->resume;
    if (q->level != 0) {
        o->result = ERROR_INVALID_LEVEL;
        return 0;
    }
    if (call->caller->guest || call->caller->anonymous) {
        o->result = ERROR_ACCESS_DENIED;
        return 0;
    }
    o->disks = (struct disks){1, &c};
    o->total = 1;
    return 0;
}

const struct rpc_operation srvsvc_disk_enum = {"NetrServerDiskEnum", &disk_enum_in, &disk_enum_out,
                                               disk_enum};

/* ---------------------------------------------------------------- names */

#define INVALID_ALWAYS "/\\[]:|<>+=;,?\""

/* [MS-SRVS] 2.2.2.8 */
static const struct name_type {
    uint16_t min, max;
    const char *invalid;
    bool controls; /* control characters are allowed */
} name_types[] = {
    [1] = {1, 256, INVALID_ALWAYS, false},     /* user */
    [2] = {0, 256, "", true},                  /* password */
    [3] = {1, 256, INVALID_ALWAYS, false},     /* group */
    [4] = {1, 260, INVALID_ALWAYS "*", false}, /* computer */
    [5] = {1, 16, INVALID_ALWAYS, false},      /* event */
    [6] = {1, 15, INVALID_ALWAYS "* ", false}, /* domain */
    [7] = {1, 80, INVALID_ALWAYS, false},      /* service */
    [8] = {1, 260, INVALID_ALWAYS, false},     /* net */
    [9] = {1, 80, INVALID_ALWAYS, false},      /* share */
    [10] = {1, 15, INVALID_ALWAYS, false},     /* message */
    [11] = {1, 260, INVALID_ALWAYS, false},    /* message destination */
    [12] = {0, 8, "", true},                   /* password of a share */
    [13] = {1, 15, INVALID_ALWAYS, false},     /* workgroup */
};

static bool name_valid(const struct name_type *t, const char *name)
{
    size_t len = strlen(name);
    size_t units = utf8_to_utf16(NULL, name, len) / 2;
    if (units < t->min || units > t->max || strpbrk(name, t->invalid) != NULL)
        return false;
    for (size_t i = 0; i < len && !t->controls; i++)
        if ((unsigned char)name[i] < ' ')
            return false;
    return t->controls || len == 0 || (name[0] != ' ' && name[len - 1] != ' ');
}

struct name_in {
    const char *server, *name;
    uint32_t type, flags;
};
NDR_RECORD(name_in, name_in, NDR_F(NDR_WSTR, name_in, server), NDR_F(NDR_WSTR_REF, name_in, name),
           NDR_F(NDR_U32, name_in, type), NDR_F(NDR_U32, name_in, flags));

struct name_out {
    uint32_t result;
};
NDR_RECORD(name_out, name_out, NDR_F(NDR_U32, name_out, result));

static uint32_t name_validate(struct rpc_call *call, const void *in, void *out)
{
    const struct name_in *q = in;
    struct name_out *o = out;
    (void)call;
    if (q->type == 0 || q->type >= ARRAY_LEN(name_types) || q->flags != 0)
        o->result = ERROR_INVALID_PARAMETER;
    else if (!name_valid(&name_types[q->type], q->name))
        o->result = ERROR_INVALID_NAME;
    return 0;
}

const struct rpc_operation srvsvc_name_validate = {"NetprNameValidate", &name_in, &name_out,
                                                   name_validate};
