// SPDX-License-Identifier: Apache-2.0
/* What the files of SET_INFO share: one row for each class that can be set. */
#ifndef CORE_CMD_SET_INFO_H
#define CORE_CMD_SET_INFO_H

#include "core/cmd/flow.h"
#include "wire/info.h"

struct set_state {
    struct flow flow;
    struct smbkit_attr attr; /* what is to be set */
    uint32_t which;
    uint32_t filter; /* FILE_NOTIFY_CHANGE_* to tell when it is done */
    /* rename and link */
    const char *to;
    bool replace;
    bool replaced; /* there was something by that name */
    bool ignore_readonly;
    char *new_path; /* mem.h: becomes open->path */
    /* disposition */
    struct lease_disposition disposition;
};

struct set_class {
    uint8_t num;
    flow_step *begin;
};

/* NULL: a class that is known, but that we cannot set. */
const struct set_class *set_file_class(uint8_t num);
/* set_info_name.c */
flow_step set_rename, set_rename_ex, set_link;
/* set_info_disposition.c */
flow_step set_disposition, set_disposition_ex;

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
