// SPDX-License-Identifier: Apache-2.0
/* What the files of IOCTL share: one row for each control code that we answer. */
#ifndef CORE_CMD_IOCTL_H
#define CORE_CMD_IOCTL_H

#include "core/cmd/flow.h"
#include "wire/fsctl.h"

struct ioctl_state {
    struct flow flow;
    struct builder out;      /* what the client gets */
    struct core_open *other; /* a use: the file that is copied from */
    struct slice held;       /* bytes on their way from there to here */
    void *work;              /* of the family, in the arena */
};

enum ioctl_flag {
    IOCTL_NO_FILE = 1, /* the file id must be all ones */
    IOCTL_PIPE = 2,    /* of pipes only; the others are of files only */
};

struct ioctl_row {
    uint32_t code;
    unsigned flags;
    uint32_t in_min, out_min; /* smallest InputCount and MaxOutputResponse; else ... */
    smbkit_status too_small;  /* ... this */
    flow_step *begin;
};

/* ioctl_server.c: what the server itself answers */
flow_step ioctl_validate_negotiate, ioctl_network_interfaces, ioctl_resiliency, ioctl_snapshots,
    ioctl_resume_key;
/* ioctl_dfs.c */
flow_step ioctl_dfs_referrals;
/* ioctl_copy.c */
flow_step ioctl_copychunk, ioctl_duplicate_extents, ioctl_duplicate_extents_ex;
/* ioctl_file.c */
flow_step ioctl_set_sparse, ioctl_zero_data, ioctl_allocated_ranges, ioctl_trim, ioctl_object_id,
    ioctl_get_compression, ioctl_set_compression;
/* ioctl_pipe.c */
flow_step ioctl_pipe_wait, ioctl_pipe_peek, ioctl_pipe_transceive;
/* ioctl_reparse.c */
flow_step ioctl_get_reparse_point, ioctl_set_reparse_point, ioctl_delete_reparse_point;

static inline struct ioctl_state *ioctl_state(const struct core_request *r)
{
    return r->state_data;
}

static inline struct cursor ioctl_input(const struct core_request *r)
{
    const struct wire_blob *in = &r->in.ioctl.input;
    struct cursor c;
    cursor_init(&c, in->data, in->len);
    return c;
}

/* Is [offset, offset + length) a range of a file? Negative numbers are not. */
static inline bool ioctl_range_valid(uint64_t offset, uint64_t length)
{
    return offset <= INT64_MAX && length <= INT64_MAX - offset;
}

/* Says that the data of the open's file have changed. */
void ioctl_tell_written(struct core_open *o);

#endif
