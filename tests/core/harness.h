// SPDX-License-Identifier: Apache-2.0
/*
 * What the whole-core tests share: a world in which everything is delivered at once and in order,
 * clients on it, and calls that send one request and wait for its reply. Include after cmocka.h.
 *
 * A reply is copied into the client's `last`, so that tests read it after the call. Every reply is
 * judged by smbclient: a broken promise fails the test.
 */
#ifndef TESTS_CORE_HARNESS_H
#define TESTS_CORE_HARNESS_H

#include "base/mem.h"
#include "base/testmem.h"
#include "client/smbclient.h"
#include "sim/world.h"
#include <string.h>

#define HARNESS_REPLIES_MAX 64
#define HARNESS_BYTES_MAX   262144

/* A response as it came. */
struct harness_reply {
    uint16_t command;
    uint64_t message_id;
    smbkit_status status;
    uint32_t tree_id;
    uint16_t credits;
    bool interim, is_signed, is_sealed;
    union wire_any body;   /* of a success */
    size_t error_contexts; /* of a failure */
};

struct harness_client {
    struct world *world;
    struct world_conn *conn;
    struct smbclient smb;
    struct smbclient_session *session;
    uint32_t tree_id;
    bool tree_encrypts;
    bool closed;                                       /* the server has closed the connection */
    struct harness_reply replies[HARNESS_REPLIES_MAX]; /* of the latest exchange */
    size_t count;
    struct arena arena; /* what bodies point to */
};

extern struct sim_stats harness_stats;

/* Default configurations, to be changed before use. */
struct world_config harness_world_config(void);
struct smbclient_config harness_client_config(struct world *w);

void harness_world(struct world *w, const struct world_config *config);
void harness_world_end(struct world *w);
void harness_connect(struct harness_client *c, struct world *w,
                     const struct smbclient_config *config);
void harness_drop(struct harness_client *c);

/* Delivers and works until nothing moves; connections that the core closes are dropped. */
void harness_run(struct harness_client *c);
/* Sends raw bytes and runs. */
void harness_raw(struct harness_client *c, const void *data, size_t len);
/* Sends a message of these elements and runs. The status of the last final reply (0xffffffff: there
   was none). */
smbkit_status harness_send(struct harness_client *c, const struct smbclient_element *v, size_t n,
                           unsigned flags);
/* One request of the client's session and tree. */
smbkit_status harness_call(struct harness_client *c, uint16_t command, const union wire_any *body);
struct smbclient_element harness_element(const struct harness_client *c, uint16_t command,
                                         const union wire_any *body);

smbkit_status harness_negotiate(struct harness_client *c);
smbkit_status harness_logon(struct harness_client *c, const char *user, const char *password,
                            uint64_t previous_id);
/* One SESSION_SETUP of the client's session. */
smbkit_status harness_setup_step(struct harness_client *c, uint64_t previous_id);
/* Binds a negotiated connection to the session of another one, and takes over its tree. */
smbkit_status harness_bind(struct harness_client *c, const struct harness_client *first,
                           const char *user, const char *password);
smbkit_status harness_tree(struct harness_client *c, const char *share);
/* All three with alice and "data". */
void harness_ready(struct harness_client *c, struct world *w,
                   const struct smbclient_config *config);

/* Common requests. */
union wire_any harness_create_req(struct arena *a, const char *name, uint32_t access,
                                  uint32_t share, uint32_t disposition, uint32_t options);
smbkit_status harness_create(struct harness_client *c, const char *name, uint32_t access,
                             uint32_t share, uint32_t disposition, uint32_t options,
                             struct wire_file_id *id);
smbkit_status harness_close(struct harness_client *c, struct wire_file_id id);
smbkit_status harness_read(struct harness_client *c, struct wire_file_id id, uint64_t offset,
                           uint32_t length);
smbkit_status harness_write(struct harness_client *c, struct wire_file_id id, uint64_t offset,
                            const void *data, size_t len);
smbkit_status harness_lock(struct harness_client *c, struct wire_file_id id, uint64_t offset,
                           uint64_t length, uint32_t flags);

static inline const struct harness_reply *harness_last(const struct harness_client *c)
{
    return &c->replies[c->count - 1];
}

#endif
