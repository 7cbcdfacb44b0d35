// SPDX-License-Identifier: Apache-2.0
/*
 * An open as the store keeps it (store.h): what a server that starts anew needs to hold the file
 * for its client, and to give it back ([MS-SMB2] 3.3.1.10, 3.3.5.9.12).
 *
 * What is not in it: the plugin's handle (the file is opened again by its name, and must have the
 * same id), listings and watches (the client begins them anew), the channel sequence (the client
 * counts from where it reconnects).
 *
 * A record that was damaged, or comes from elsewhere, is refused as a whole: bounds, counts, text
 * and flags are checked as if a client had sent them.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/cursor.h"
#include "base/guid.h"
#include "lease/lockseq.h"

#define RECORD_LOCKS_MAX 65536u /* LEASE_LIMITS_DEFAULT */
#define RECORD_TEXT_MAX  131072u

enum record_caching {
    RECORD_CACHES_NOTHING,
    RECORD_OPLOCK,
    RECORD_LEASE,
    RECORD_CACHINGS,
};

struct record_lock {
    uint64_t offset, length;
    bool exclusive;
};

/* Text is NUL-terminated; NULL and "" are the same. */
struct record_open {
    uint64_t id; /* the persistent half of its file id */
    char *share, *path, *stream;
    uint64_t file_id;
    char *owner, *user; /* core_durable */
    struct guid client, create_guid;
    uint32_t timeout_ms;
    bool replayable, directory;
    uint32_t access, share_access, create_options, create_action, mode;
    bool delete_on_close;

    enum record_caching caching;
    uint32_t caching_state; /* LEASE_*_CACHING, or the oplock in the same bits */
    struct guid lease_key, parent_key;
    bool has_parent_key;
    uint8_t lease_version;
    uint16_t lease_epoch;

    bool has_app;
    struct guid app_id, app_client;
    bool app_versioned;
    uint64_t app_version_high, app_version_low;

    struct lease_lockseq lockseq;
    uint32_t lock_count;
    struct record_lock *locks;
};

/* The builder fails when it is full, or a text or a count is above its limit. */
void record_encode(struct builder *b, const struct record_open *r);
/* Text and locks are in the arena. False: it is no record of ours, or memory is out. */
NODISCARD bool record_decode(struct cursor *c, struct arena *a, struct record_open *out);

#endif
