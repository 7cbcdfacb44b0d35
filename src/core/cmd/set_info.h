// SPDX-License-Identifier: Apache-2.0
/* What the files of SET_INFO share: one row for each class that can be set. */
#ifndef CORE_CMD_SET_INFO_H
#define CORE_CMD_SET_INFO_H

#include "core/cmd/flow.h"
#include "core/quota.h"
#include "lease/node.h"
#include "wire/info.h"
#include "wire/info_file.h"
#include "wire/info_quota.h"

struct set_state {
    struct flow flow;
    struct smbkit_attr attr; /* what is to be set */
    uint32_t which;
    struct wire_info_basic basic;
    uint32_t filter; /* FILE_NOTIFY_CHANGE_* to tell when it is done */
    /* rename and link */
    const char *to; /* of a stream: without ':' and type, "" for the unnamed one */
    flow_step *after_folder;
    bool of_stream;
    bool replace;
    bool replaced; /* there was something by that name */
    bool ignore_readonly;
    char *new_path;        /* mem.h: becomes open->path */
    uint64_t opens_before; /* ids of opens that were there when the rename began are lower */
    /* disposition */
    struct lease_disposition disposition;
    const struct wire_sd *sd; /* security: as it came */
    /* quotas */
    struct wire_chain_reader quotas; /* those that are still to be set */
    struct quota_sid quota_sid;      /* whose is being set */
};

struct set_class {
    uint8_t num;
    flow_step *begin;
};

/* NULL: a class that is known, but that we cannot set. */
const struct set_class *set_file_class(uint8_t num);
/* The last step of most: tells the watchers that the plugin has done it. */
flow_step set_done;
/* set_info_ea.c, set_info_security.c, set_info_stream.c */
flow_step set_full_ea, set_security, set_stream_name;
/* set_info_name.c */
flow_step set_rename, set_rename_ex, set_link;
/* set_info_disposition.c */
flow_step set_disposition, set_disposition_ex;

/* set_info_quota.c */
flow_step set_quotas, set_quota_control;
/* What must be right before these begin. */
smbkit_status set_quotas_check(struct core_request *r, uint32_t access);
smbkit_status set_quota_control_check(struct core_request *r, const struct wire_info_row *row);

static inline struct set_state *set_state(const struct core_request *r)
{
    return r->state_data;
}

/* The bytes to be set. */
static inline struct cursor set_input(const struct core_request *r)
{
    const struct wire_blob *in = &r->in.set_info.payload;
    struct cursor c;
    cursor_init(&c, in->data, in->len);
    return c;
}

#endif
