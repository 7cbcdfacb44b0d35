// SPDX-License-Identifier: Apache-2.0
/*
 * Durable opens ([MS-SMB2] 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12) and resilient ones
 * (3.3.5.15.9): a client that loses its connection finds its files as it left them, with locks and
 * cached state, when it is back in time.
 *
 *   LIVE --durable_keep: the session ends--> KEPT --durable_resume--> LIVE, in another session
 *                                              |--time is up, or somebody else's open needs what
 *                                              |  the client cached--> shut
 *
 * What makes it safe to let a file stay open for somebody who is not there is the batch oplock or
 * the handle lease: as soon as another open conflicts, a break is due, cannot be sent, and the kept
 * open is closed. So only opens that hold one are kept, and folders never.
 *
 * A resilient open needs neither, and gives way to nobody until its time is up: what its client has
 * cached is broken without telling (it hears of that when it is back), its share modes and locks
 * hold.
 *
 * KEPT: in core.kept, with no session and no tree. core.guids finds version 2 opens, live or kept,
 * by CreateGuid. A kept open is in use by nobody: its place in the table keeps it alive.
 */
#ifndef CORE_DURABLE_H
#define CORE_DURABLE_H

#include "base/guid.h"
#include "base/htab.h"
#include "base/timerq.h"
#include <smbkit/status.h>

struct core;
struct core_open;
struct core_request;
struct core_share;
struct vfs_volume;
struct wire_lease;

enum durable_kind {
    DURABLE_NONE,
    DURABLE_WHILE_CACHED, /* Open.IsDurable: as long as nobody else needs the file */
    DURABLE_RESILIENT,    /* Open.IsResilient */
};

/* Open.IsDurable, Open.IsResilient, and what belongs to them (durable.c). */
struct core_durable {
    enum durable_kind kind;
    bool v2;            /* has a CreateGuid, and is in core.guids */
    bool replayable;    /* Open.IsReplayEligible */
    struct guid client; /* Open.ClientGuid */
    uint64_t timeout_ms;
    struct guid create_guid;
    struct htab_node by_guid;
    char *owner; /* DurableOwner: a user_id; mem.h; NULL: neither durable nor with a GUID */
    char *user;  /* the same as plugins know him; mem.h */
    struct timer scavenger;   /* while KEPT */
    struct core_share *share; /* since it was KEPT, when its tree went: a reference */
};

struct durable_request {
    bool v2;
    struct guid client;
    uint32_t timeout_ms; /* 0: the default */
    struct guid create_guid;
};

struct durable_reconnect {
    bool v2;
    uint64_t persistent_id;
    struct guid create_guid;
    const struct wire_lease *lease; /* NULL: no lease context */
    const char *path;
};

/* A CREATE with a CreateGuid that is at work: another one with it would open the file twice. */
struct durable_pending {
    bool on;
    struct guid create_guid, client;
    struct htab_node by_guid; /* core.creating */
};

/* FILE_NOT_AVAILABLE: there is one already; INSUFFICIENT_RESOURCES. */
smbkit_status durable_begin(struct core *c, struct durable_pending *p);
void durable_end(struct core *c, struct durable_pending *p);
/* A CREATE asks for it, after oplock or lease were granted. That it may not be granted is no error.
 */
void durable_grant(struct core_open *o, const struct durable_request *rq);
/* 3.3.5.15.9; timeout_ms 0: the default. INVALID_PARAMETER, NOT_SUPPORTED, NO_MEMORY. */
smbkit_status durable_make_resilient(struct core_request *r, uint32_t timeout_ms);
/* The session ends: keeps the open for its client. False: it is not durable, or may not be kept. */
bool durable_keep(struct core_open *o);
/* Does this kept open go when somebody needs what its client had cached? */
bool durable_gives_way(const struct core_open *o);
/* Shuts a kept open. */
void durable_drop(struct core_open *o);
/* The same for all kept opens of a volume: its share goes. */
void durable_drop_volume(struct core *c, const struct vfs_volume *v);
/* An open is about to be shut, after which its file may be gone: kept opens of the same name that
   give way are shut first, so that they do not keep the name. */
void durable_drop_deleted(const struct core_open *o);
/* The open is being shut. */
void durable_forget(struct core_open *o);
/* A kept open, live again in the request's session; *out is a use. OBJECT_NAME_NOT_FOUND,
   INVALID_PARAMETER, ACCESS_DENIED (another user's), INSUFFICIENT_RESOURCES. */
smbkit_status durable_resume(struct core_request *r, const struct durable_reconnect *rc,
                             struct core_open **out);
/* The open that this client has made with this CreateGuid, live or kept, if it may still be told of
   it (Open.IsReplayEligible), or NULL. No reference. */
struct core_open *durable_find_guid(struct core *c, const struct guid *create_guid,
                                    const struct guid *client);

#endif
