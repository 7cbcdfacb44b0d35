// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of CREATE share: its state, and the steps, a file for each part of the way;
 * create.c has the list.
 */
#ifndef CORE_CMD_CREATE_H
#define CORE_CMD_CREATE_H

#include "core/open.h"
#include "core/request.h"
#include "vfs/name.h"

/* Looking for short names (create_short.c). */
struct create_look {
    bool done, found;
    bool last;            /* the file itself was named by a short name */
    size_t at;            /* where the component in question begins */
    smbkit_status status; /* of the open that has found nothing */
    void *folder;         /* the plugin's: what is listed */
    uint64_t cookie;
    size_t seen;
    char *long_name; /* of the component; NULL: not found */
};

struct create_state {
    struct core_open *open; /* until publish */
    struct core_open *base; /* the file of a stream that is to be made; to be given back */
    bool base_made;         /* by this CREATE */
    struct vfs_path path;
    struct create_look look;
    bool path_valid; /* of a reconnect, whose name need not be one */
    struct wire_create_req_ctxs ctxs;
    struct wire_create_rsp rsp;
    uint32_t desired; /* generic rights mapped; MAXIMUM_ALLOWED still in */
    uint32_t granted;
    uint32_t implied;   /* what OVERWRITE and SUPERSEDE need beyond it */
    uint32_t effective; /* all that descriptors and share allow on the file */
    uint32_t action;
    unsigned tries;
    uint64_t removals; /* core_removals.count before it was located */
    uint64_t told;     /* likewise core_told.count */
    bool want_dir;
    bool made;
    bool wants_lease;          /* a lease context that counts */
    struct core_open *resumed; /* a use: the durable open that the client has again */
    bool replay;               /* that open is the client's, who may not know it */
    struct durable_pending pending;
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

/* FileAttributes that a CREATE can set: [MS-FSA] 2.1.5.1.1 ValidSetAttributes. */
#define CREATE_ATTRIBUTES                                                         \
    (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |    \
     FILE_ATTRIBUTE_ARCHIVE | FILE_ATTRIBUTE_TEMPORARY | FILE_ATTRIBUTE_OFFLINE | \
     FILE_ATTRIBUTE_NOT_CONTENT_INDEXED)

static inline bool create_overwrites(uint32_t d)
{
    return d == FILE_SUPERSEDE || d == FILE_OVERWRITE || d == FILE_OVERWRITE_IF;
}

static inline bool create_makes(uint32_t d)
{
    return d != FILE_OPEN && d != FILE_OVERWRITE;
}

/* ---- create.c: the list of steps ---- */

enum core_verdict create_begin(struct core_request *r);
/* Gives back the file of a new stream; `remove` deletes it. */
void create_drop_base(struct create_state *s, bool remove);
/* SUCCESS, or what has become of the session or the tree meanwhile. */
smbkit_status create_wanted(const struct core_request *r);
/* They went while this was under way. It ends like an open that is closed at once: what it made
   stays, because others may be using it by now. */
enum core_verdict create_too_late(struct core_request *r, smbkit_status status);

/* ---- create_parse.c ---- */

enum core_verdict create_parse(struct core_request *r);

/* ---- create_pipe.c ---- */

/* The whole of an open on IPC$. */
enum core_verdict create_pipe(struct core_request *r);

/* ---- create_quota.c ---- */

/* Does it name the index of quotas, and has the volume one? */
bool create_wants_quotas(const struct core_request *r);
/* The whole of its open. */
enum core_verdict create_quotas(struct core_request *r);

/* ---- create_make.c: what is there, or has to be made ---- */

enum core_verdict create_locate(struct core_request *r);
enum core_verdict create_located(struct core_request *r);
enum core_verdict create_base(struct core_request *r);
enum core_verdict create_based(struct core_request *r);
enum core_verdict create_make(struct core_request *r);
enum core_verdict create_made(struct core_request *r);

/* ---- create_short.c ---- */

/* The path is not there: may it be one with short names? Then create_short is the next step. */
bool create_may_be_short(struct core_request *r, struct create_state *s);
enum core_verdict create_short(struct core_request *r);
enum core_verdict create_short_opened(struct core_request *r);
enum core_verdict create_short_list(struct core_request *r);
enum core_verdict create_short_listed(struct core_request *r);
enum core_verdict create_short_cleaned(struct core_request *r);
enum core_verdict create_short_closed(struct core_request *r);

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

/* ---- create_judge.c ---- */

enum core_verdict create_judge(struct core_request *r);
enum core_verdict create_knows(struct core_request *r);
enum core_verdict create_known(struct core_request *r);

/* ---- create_claim.c ---- */

enum core_verdict create_claim(struct core_request *r);
enum core_verdict create_again(struct core_request *r);

/* ---- create_lease.c: oplock or lease ---- */

/* Is there a lease context, and does it count? */
bool create_lease_asked(const struct core_request *r, const struct create_state *s);
/* Who opens, for the engine. */
struct lease_actor create_lease_actor(const struct core_request *r, const struct create_state *s);
/* The folder's lease with this key needs not hear what the open does. */
void create_take_parent_key(struct create_state *s);
/* Grants what can be granted. SUCCESS, also for nothing, or why the CREATE fails. */
smbkit_status create_grant_caching(struct core_request *r, struct create_state *s);
struct wire_lease create_lease_response(const struct lease_grant *g);

/* ---- create_overwrite.c ---- */

enum core_verdict create_overwrite(struct core_request *r);
enum core_verdict create_dress(struct core_request *r);
enum core_verdict create_adorn(struct core_request *r);
enum core_verdict create_reserve(struct core_request *r);

/* ---- create_app.c ---- */

/* Notes whose open it is; false: memory is out. */
bool create_take_app_instance(struct core_request *r, struct create_state *s);
/* Shuts the opens of the node that the same application has from elsewhere. FILE_FORCED_CLOSED:
   those are newer. */
smbkit_status create_replace_app_instance(struct core_request *r, struct create_state *s,
                                          struct lease_node *n);

/* ---- create_durable.c ---- */

#define CREATE_CTX(id) WIRE_CTX_BIT(WIRE_CTX_##id)

/* False: durable contexts that exclude each other. */
bool create_durable_contexts_fit(const struct create_state *s);
/* The request may be about an open that exists already: create_reconnect looks, and goes to
   create_begin when it does not. */
bool create_wants_durable(const struct create_state *s);
/* It is about nothing else: a reconnect. */
bool create_wants_back(const struct create_state *s);
enum core_verdict create_reconnect(struct core_request *r);
enum core_verdict create_resumed(struct core_request *r);
/* Makes the new open durable when that was asked for and can be. */
void create_grant_durability(struct core_request *r, struct create_state *s);

/* ---- create_reparse.c ---- */

/* The answer when r->op has met a reparse point. */
enum core_verdict create_stopped(struct core_request *r);

/* ---- create_reply.c ---- */

void create_fill_response(struct create_state *s, struct core_open *o);
/* False: memory is out. */
bool create_fill_contexts(struct core_request *r, struct create_state *s,
                          const struct core_open *o);
bool create_encode(struct core_request *r, struct builder *b, size_t hdr);

#endif
