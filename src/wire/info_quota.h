// SPDX-License-Identifier: Apache-2.0
/* Quota records ([MS-FSCC] 2.4.41) and the request that asks for them ([MS-SMB2] 2.2.37.1). */
#ifndef WIRE_INFO_QUOTA_H
#define WIRE_INFO_QUOTA_H

#include "wire/info.h"
#include "wire/sid.h"

#define WIRE_QUOTA_ALIGN     8
#define WIRE_GET_QUOTA_ALIGN 4

#define WIRE_QUOTA_NO_LIMIT 0xffffffffffffffffull
#define WIRE_QUOTA_DELETE   0xfffffffffffffffeull

struct wire_quota {
    uint64_t change_time;
    uint64_t used;
    uint64_t threshold;
    uint64_t limit;
    struct wire_sid sid;
};
/* FILE_QUOTA_INFORMATION lists (wire_chain, WIRE_QUOTA_ALIGN). */
enum wire_fit wire_quota_add(struct wire_chain *w, const struct wire_quota *in);
NODISCARD bool wire_quota_next(struct wire_chain_reader *r, struct wire_quota *out);

/* FILE_GET_QUOTA_INFORMATION lists (wire_chain, WIRE_GET_QUOTA_ALIGN). */
enum wire_fit wire_get_quota_add(struct wire_chain *w, const struct wire_sid *sid);
NODISCARD bool wire_get_quota_next(struct wire_chain_reader *r, struct wire_sid *sid);

/* SMB2_QUERY_QUOTA_INFO. sid_list is the list of format 1 and is read with wire_get_quota_next;
   when it is there, start_sid is not looked at ([MS-SMB2] 3.3.5.20.4). */
struct wire_query_quota {
    bool return_single;
    bool restart_scan;
    bool has_start_sid;
    struct wire_sid start_sid;
    const uint8_t *sid_list; /* borrowed from the input; NULL: none */
    size_t sid_list_len;
};
void wire_query_quota_encode(struct builder *b, const struct wire_query_quota *in);
NODISCARD bool wire_query_quota_decode(struct cursor *c, struct wire_query_quota *out);

#endif
