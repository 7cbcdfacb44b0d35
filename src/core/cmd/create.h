// SPDX-License-Identifier: Apache-2.0
/* What the files of CREATE share: see create.c for the steps. */
#ifndef CORE_CMD_CREATE_H
#define CORE_CMD_CREATE_H

#include "core/open.h"
#include "core/request.h"
#include "vfs/name.h"

struct create_state {
    struct core_open *open; /* until publish */
    struct core_open *base; /* the file of a stream that is to be made; to be given back */
    bool base_made;         /* by this CREATE */
    struct vfs_path path;
    struct wire_create_req_ctxs ctxs;
    struct wire_create_rsp rsp;
    uint32_t desired; /* generic rights mapped; MAXIMUM_ALLOWED still in */
    uint32_t granted;
    uint32_t implied;   /* what OVERWRITE and SUPERSEDE need beyond it */
    uint32_t effective; /* all that descriptors and share allow on the file */
    uint32_t action;
    unsigned tries;
    uint64_t removals; /* core_removals.count before it was located */
    bool want_dir;
    bool made;
    bool wants_lease;          /* a lease context that counts */
    struct core_open *resumed; /* a use: the durable open that the client has again */
    struct smbkit_attr attr;
    const uint8_t *sd; /* for what is to be made; NULL: none */
    size_t sd_len;
    struct smbkit_ea *eas; /* of ExtA */
    size_t ea_count;
};

static inline struct create_state *create_state(const struct core_request *r)
{
    return r->state_data;
}

/* The file of a stream that is to be made is there. */
static inline bool create_has_base(const struct create_state *s)
{
    return s->base != NULL && s->base->has_file;
}

/* ---- create_access.c: what descriptors allow ---- */

/* The steps of an existing file (the open's, or the base of a stream): ask for its descriptor, then
   for its folder's if that matters; s->effective is known afterwards. */
enum core_verdict create_guard(struct core_request *r);
enum core_verdict create_guarded(struct core_request *r);
enum core_verdict create_foldered(struct core_request *r);
/* The steps of a new one: may it be made in its folder, and with which descriptor? */
enum core_verdict create_parent(struct core_request *r);
enum core_verdict create_parented(struct core_request *r);
/* Sets s->granted from s->effective. */
smbkit_status create_judge_access(struct core_request *r, struct create_state *s);
/* The list of ExtA as s->eas. */
smbkit_status create_parse_eas(struct core_request *r, struct create_state *s);

/* ---- create_durable.c ---- */

#define CREATE_CTX(id) WIRE_CTX_BIT(WIRE_CTX_##id)

/* False: durable contexts that exclude each other. */
bool create_durable_contexts_fit(const struct create_state *s);
/* The request may be about an open that exists already: create_reconnect looks, and goes to
   create_begin when it does not. */
bool create_wants_durable(const struct create_state *s);
enum core_verdict create_reconnect(struct core_request *r);
enum core_verdict create_resumed(struct core_request *r);
/* Makes the new open durable when that was asked for and can be. */
void create_grant_durability(struct core_request *r, struct create_state *s);

/* ---- create_reparse.c ---- */

/* The answer when r->op has met a reparse point. */
enum core_verdict create_stopped(struct core_request *r);

/* ---- create.c, for request_goto ---- */

enum core_verdict create_make(struct core_request *r);
enum core_verdict create_judge(struct core_request *r);
enum core_verdict create_begin(struct core_request *r);
void create_fill_response(struct create_state *s, const struct core_open *o);
bool create_fill_contexts(struct core_request *r, struct create_state *s,
                          const struct core_open *o);

#endif
