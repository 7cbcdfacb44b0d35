// SPDX-License-Identifier: Apache-2.0
/*
 * DFS referrals ([MS-DFSC] 2.2): input and output of FSCTL_DFS_GET_REFERRALS and
 * FSCTL_DFS_GET_REFERRALS_EX. See info.h for what the codecs have in common.
 */
#ifndef WIRE_FSCTL_DFS_H
#define WIRE_FSCTL_DFS_H

#include "wire/info.h"

/* Versions of referrals that there are. */
#define WIRE_DFS_VERSION_MAX 4
/* Targets in one answer: what its offsets of 16 bits can reach and clients try. */
#define WIRE_DFS_TARGETS_MAX 16

/* ReferralHeaderFlags (2.2.4) */
#define DFS_REFERRAL_SERVERS 0x00000001u
#define DFS_STORAGE_SERVERS  0x00000002u
#define DFS_TARGET_FAILBACK  0x00000004u

/* ReferralEntryFlags (2.2.5.3, 2.2.5.4) */
#define DFS_NAME_LIST_REFERRAL  0x0002u
#define DFS_TARGET_SET_BOUNDARY 0x0004u

/* REQ_GET_DFS_REFERRAL (2.2.2) and, `ex`, REQ_GET_DFS_REFERRAL_EX (2.2.3). */
struct wire_dfs_req {
    uint16_t max_level;
    const char *path; /* as sent: "\server\share\..." */
    size_t path_len;
    bool has_site; /* of the _EX form only */
    const char *site;
    size_t site_len;
};
void wire_dfs_req_encode(struct builder *b, const struct wire_dfs_req *in, bool ex);
NODISCARD bool wire_dfs_req_decode(struct cursor *c, struct arena *a, struct wire_dfs_req *out,
                                   bool ex);

struct wire_dfs_target {
    const char *path; /* "\server\share", maybe a folder in it */
    size_t path_len;
};

/* RESP_GET_DFS_REFERRAL (2.2.4) with entries of one version, no list of names. */
struct wire_dfs_rsp {
    uint16_t path_consumed; /* bytes of the request's path */
    uint32_t flags;
    uint16_t version;     /* 1 to WIRE_DFS_VERSION_MAX */
    uint16_t server_type; /* 1: root targets */
    uint32_t ttl;         /* seconds; not in version 1, nor is the path */
    const char *path;     /* what of the request's path is meant */
    size_t path_len;
    const struct wire_dfs_target *targets; /* one set of them, for version 4 */
    size_t count;                          /* at most WIRE_DFS_TARGETS_MAX */
};
/* Bytes that it takes. SIZE_MAX: a text is not (W)TF-8. */
size_t wire_dfs_rsp_size(const struct wire_dfs_rsp *in);
/* The builder fails when more bytes are needed than an offset can say. */
void wire_dfs_rsp_encode(struct builder *b, const struct wire_dfs_rsp *in);
NODISCARD bool wire_dfs_rsp_decode(struct cursor *c, struct arena *a, struct wire_dfs_rsp *out);

#endif
