// SPDX-License-Identifier: Apache-2.0
/*
 * Inputs and outputs of the control codes that the SMB2 server itself answers
 * ([MS-SMB2] 2.2.31, 2.2.32, [MS-FSCC] 2.3.45 to 2.3.49). See info.h for what the codecs have in
 * common.
 */
#ifndef WIRE_FSCTL_SRV_H
#define WIRE_FSCTL_SRV_H

#include "base/guid.h"
#include "wire/info.h"

/* VALIDATE_NEGOTIATE_INFO ([MS-SMB2] 2.2.31.4, 2.2.32.6). */
#define WIRE_VALIDATE_DIALECTS_MAX 64

struct wire_validate_negotiate_req {
    uint32_t capabilities;
    struct guid guid;
    uint16_t security_mode;
    uint16_t
        dialect_count; /* more than the maximum is refused: NEGOTIATE did not let them through */
    uint16_t dialects[WIRE_VALIDATE_DIALECTS_MAX];
};
WIRE_RECORD_DECL(validate_negotiate_req);

struct wire_validate_negotiate_rsp {
    uint32_t capabilities;
    struct guid guid;
    uint16_t security_mode;
    uint16_t dialect;
};
WIRE_RECORD_DECL(validate_negotiate_rsp);

/* SRV_REQUEST_RESUME_KEY response ([MS-SMB2] 2.2.32.3); the encoder adds the 4 zero bytes of
   Context that Windows sends. */
#define WIRE_RESUME_KEY_SIZE 24

struct wire_resume_key {
    uint8_t key[WIRE_RESUME_KEY_SIZE];
};
WIRE_RECORD_DECL(resume_key);

/* SRV_COPYCHUNK_COPY ([MS-SMB2] 2.2.31.1). More chunks than the maximum (what Windows allows): the
   decoder succeeds with chunks == NULL, so that the server can answer with its limits
   ([MS-SMB2] 3.3.5.15.6.2). */
#define WIRE_COPYCHUNK_MAX 256

struct wire_copychunk {
    uint64_t source_offset;
    uint64_t target_offset;
    uint32_t length;
};

struct wire_copychunk_req {
    uint8_t source_key[WIRE_RESUME_KEY_SIZE];
    uint32_t chunk_count;
    struct wire_copychunk *chunks;
};
void wire_copychunk_req_encode(struct builder *b, const struct wire_copychunk_req *in);
NODISCARD bool wire_copychunk_req_decode(struct cursor *c, struct arena *a,
                                         struct wire_copychunk_req *out);

struct wire_copychunk_rsp {
    uint32_t chunks_written;
    uint32_t chunk_bytes_written;
    uint32_t total_bytes_written;
};
WIRE_RECORD_DECL(copychunk_rsp);

/* NETWORK_RESILIENCY_REQUEST ([MS-SMB2] 2.2.31.3). */
struct wire_resiliency_req {
    uint32_t timeout_ms;
};
WIRE_RECORD_DECL(resiliency_req);

/* SRV_SNAPSHOT_ARRAY ([MS-SMB2] 2.2.32.2). Tokens have the form "@GMT-2026.01.31-23.59.59". */
#define WIRE_SNAPSHOTS_MAX 4096
#define WIRE_SNAPSHOT_MIN  16 /* smallest MaxOutputResponse, else STATUS_INVALID_PARAMETER */

struct wire_snapshots {
    uint32_t total;       /* NumberOfSnapShots */
    uint32_t returned;    /* decoder only */
    uint32_t array_bytes; /* decoder only: SnapShotArraySize */
    const char **tokens;
};
/* Writes all `total` tokens when the whole answer takes at most `max` bytes, else only the header
   with the size that it would need ([MS-SMB2] 3.3.5.15.1). */
void wire_snapshots_encode(struct builder *b, const struct wire_snapshots *in, size_t max);
NODISCARD bool wire_snapshots_decode(struct cursor *c, struct arena *a, struct wire_snapshots *out);

/* NETWORK_INTERFACE_INFO list ([MS-SMB2] 2.2.32.5): wire_chain, WIRE_NETIF_ALIGN. */
#define WIRE_NETIF_ALIGN 8

#define RSS_CAPABLE       0x00000001u
#define RDMA_CAPABLE      0x00000002u
#define WIRE_FAMILY_INET  0x0002u
#define WIRE_FAMILY_INET6 0x0017u

struct wire_netif {
    uint32_t if_index;
    uint32_t capability;
    uint64_t link_speed; /* bits per second */
    uint16_t family;     /* WIRE_FAMILY_... ; others are read with a zero address */
    uint8_t address[16]; /* network order; 4 bytes for INET */
};
enum wire_fit wire_netif_add(struct wire_chain *w, const struct wire_netif *in);
NODISCARD bool wire_netif_next(struct wire_chain_reader *r, struct wire_netif *out);

/* FSCTL_PIPE_WAIT request ([MS-FSCC] 2.3.49). */
struct wire_pipe_wait {
    uint64_t
        timeout; /* units of 100 ms by the document; Windows clients send relative 100 ns counts */
    bool timeout_specified;
    const char *name; /* without "\pipe\" */
    size_t name_len;
};
void wire_pipe_wait_encode(struct builder *b, const struct wire_pipe_wait *in);
NODISCARD bool wire_pipe_wait_decode(struct cursor *c, struct arena *a, struct wire_pipe_wait *out);

/* FSCTL_PIPE_PEEK reply ([MS-FSCC] 2.3.46); the data follows and is the caller's. */
struct wire_pipe_peek {
    uint32_t state;
    uint32_t read_data_available;
    uint32_t number_of_messages;
    uint32_t message_length;
};
WIRE_RECORD_DECL(pipe_peek);

#endif
