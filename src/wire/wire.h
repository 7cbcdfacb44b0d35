// SPDX-License-Identifier: Apache-2.0
/*
 * The messages of SMB2 ([MS-SMB2] 2.2) as structs in host order, and their codecs in both
 * directions: the server, the clients of the tests and benches, and the fuzzers use the same code.
 *
 * Decoding. The cursor's base is the first byte of the SMB2 header of this element, its end the end
 * of the element, its pos behind the header (struct wire_element gives exactly that). A decoder
 * checks StructureSize, that every offset lies behind the fixed part and every range inside the
 * element, and returns false when anything is malformed (the server answers
 * STATUS_INVALID_PARAMETER) or the arena is exhausted. An offset is ignored when its length is 0.
 * Bytes behind what the message needs are ignored: compounds are padded. After false the output is
 * meaningless.
 *
 * Encoding. `hdr` is the offset in the builder of the SMB2 header that this body follows: offsets
 * on the wire count from there, and a compound has several. The builder must stand at hdr + 64,
 * right behind that header. Returns false when the builder has failed or a field cannot be
 * expressed on the wire; the builder has then failed too.
 *
 * Ownership. Variable data are borrowed: decoded blobs point into the received bytes and live as
 * long as those; arrays live in the arena. A decoded blob is never a NULL pointer, also when empty.
 *
 * Payload without a copy. Where a struct says `payload`, encoding with data == NULL and len != 0
 * writes everything but the bytes; the caller then appends exactly len bytes as its own slice.
 *
 * Threads: no state.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/cursor.h"
#include "base/guid.h"
#include "wire/hdr.h"
#include "wire/smb2.h"

/* Borrowed bytes. Text is UTF-16LE without terminator, as on the wire. */
struct wire_blob {
    const uint8_t *data;
    size_t len;
};

/* SMB2_FILEID ([MS-SMB2] 2.2.14.1) */
struct wire_file_id {
    uint64_t persistent;
    uint64_t volatile_id;
};

/* ---- the command table ---- */

#define WIRE_CMD_FILE_ID 0x01u
#define WIRE_CMD_NO_TREE 0x02u
#define WIRE_CMD_NO_RSP  0x04u
#define WIRE_CMD_PAYLOAD 0x08u

enum wire_command_code {
#define X(code, NAME, name, req, rsp, flags) SMB2_##NAME = (code),
#include "wire/tables/cmd.def"
#undef X
    WIRE_COMMAND_COUNT
};

struct wire_command {
    uint16_t code;
    uint16_t req_size; /* StructureSize */
    uint16_t rsp_size; /* 0: never answered */
    uint32_t flags;
    const char *name; /* "CREATE" */
};

/* The row of a command code, or NULL: then the server disconnects (3.3.5.2.6). */
const struct wire_command *wire_command(uint16_t code);
/* "CREATE"; "UNKNOWN" for a code that has no row. */
const char *wire_command_name(uint16_t code);

/* ---- NEGOTIATE ([MS-SMB2] 2.2.3, 2.2.4): cmd_negotiate.c; contexts: ctx_negotiate.c ---- */

/* More than any client sends; nobody is authenticated yet, so a message may cost little. */
#define WIRE_DIALECTS_MAX      64u
#define WIRE_NEGOTIATE_CTX_MAX 32u
#define WIRE_NEGOTIATE_IDS_MAX 64u

/* One negotiate context as it stands on the wire; unknown types are kept. */
struct wire_negotiate_ctx {
    uint16_t type;
    struct wire_blob data;
};

struct wire_negotiate_req {
    uint16_t security_mode;
    uint32_t capabilities;
    struct guid client_guid;
    uint64_t client_start_time; /* only when 0x0311 is not among the dialects */
    const uint16_t *dialects;
    size_t dialect_count;                  /* at least 1 */
    const struct wire_negotiate_ctx *ctxs; /* only when 0x0311 is among the dialects */
    size_t ctx_count;
};

struct wire_negotiate_rsp {
    uint16_t security_mode;
    uint16_t dialect;
    struct guid server_guid;
    uint32_t capabilities;
    uint32_t max_transact_size;
    uint32_t max_read_size;
    uint32_t max_write_size;
    uint64_t system_time;
    uint64_t server_start_time;
    struct wire_blob security;
    const struct wire_negotiate_ctx *ctxs; /* only when dialect is 0x0311 */
    size_t ctx_count;
};

/* A preference list of 16-bit identifiers. */
struct wire_ids {
    uint16_t count;
    uint16_t id[WIRE_NEGOTIATE_IDS_MAX];
};

/* The contexts of one negotiate message, understood. The masks have WIRE_NEGOTIATE_BIT(type) for
   the types named in 2.2.3.1. A repeated one keeps its first value. A malformed one (shorter than
   it says, or an empty list) leaves its fields zero. */
struct wire_negotiate_ctxs {
    uint32_t present; /* also when malformed */
    uint32_t repeated;
    uint32_t malformed;
    struct wire_ids hashes;
    struct wire_blob salt;
    struct wire_ids ciphers;
    struct wire_ids compressions;
    uint32_t compression_flags;
    struct wire_blob netname;
    uint32_t transport_flags;
    struct wire_ids rdma_transforms;
    struct wire_ids signings;
};

#define WIRE_NEGOTIATE_BIT(type) (1u << (type))

/* Fills *out always; false when any is malformed. Which of them matter is for the caller: a context
   of a feature that it does not support must be ignored (3.3.5.4). Identifiers beyond
   WIRE_NEGOTIATE_IDS_MAX are dropped: the lists begin with the most preferred. */
bool wire_negotiate_ctxs_parse(const struct wire_negotiate_ctx *ctxs, size_t count,
                               struct wire_negotiate_ctxs *out);
/* Makes the array for the types in in->present, in order of type, all in the arena. */
bool wire_negotiate_ctxs_build(struct arena *a, const struct wire_negotiate_ctxs *in,
                               const struct wire_negotiate_ctx **ctxs, size_t *count);

/* The SMB1 NEGOTIATE by which old clients ask for SMB2 (3.3.5.3): the whole message, no cursor. */
struct wire_smb1_negotiate {
    bool smb_2_002; /* "SMB 2.002" */
    bool smb_2_xxx; /* "SMB 2.???" */
    size_t dialect_count;
};

bool wire_smb1_negotiate_decode(const void *message, size_t size, struct wire_smb1_negotiate *out);
/* For clients and tests: "NT LM 0.12" and the dialects asked for (dialect_count is ignored). */
bool wire_smb1_negotiate_encode(struct builder *b, const struct wire_smb1_negotiate *in);

/* ---- SESSION_SETUP ([MS-SMB2] 2.2.5, 2.2.6): cmd_session_setup.c ---- */

struct wire_session_setup_req {
    uint8_t flags;
    uint8_t security_mode;
    uint32_t capabilities;
    uint64_t previous_session_id;
    struct wire_blob security;
};

struct wire_session_setup_rsp {
    uint16_t session_flags;
    struct wire_blob security;
};

/* ---- TREE_CONNECT ([MS-SMB2] 2.2.9, 2.2.10): cmd_tree_connect.c ---- */

#define WIRE_TREE_CTX_MAX 16u

/* The same form as a negotiate context; the types are others. */
#define wire_tree_ctx wire_negotiate_ctx

struct wire_tree_connect_req {
    uint16_t flags; /* EXTENSION_PRESENT chooses the form with contexts */
    struct wire_blob path;
    const struct wire_tree_ctx *ctxs;
    size_t ctx_count;
};

struct wire_tree_connect_rsp {
    uint8_t share_type;
    uint32_t share_flags;
    uint32_t capabilities;
    uint32_t maximal_access;
};

/* ---- CREATE ([MS-SMB2] 2.2.13, 2.2.14): cmd_create.c; contexts: ctx_create.c ---- */

/* More than there are kinds of contexts; bounds the work for one request. */
#define WIRE_CREATE_CTX_MAX 64u

/* What a create context's name means. */
enum wire_create_ctx_id {
#define X(ID, name, req_min, req_max, rsp_min, rsp_max) WIRE_CTX_##ID,
#include "wire/tables/ctx.def"
#undef X
    WIRE_CTX_OTHER, /* a name without a row: see wire_create_ctx.name */
};

#define WIRE_CTX_BIT(id) (1u << (id))

/* One create context as it stands on the wire. */
struct wire_create_ctx {
    enum wire_create_ctx_id id;
    struct wire_blob name; /* used by the encoder only for WIRE_CTX_OTHER */
    struct wire_blob data;
};

struct wire_create_req {
    uint8_t oplock_level;
    uint32_t impersonation_level;
    uint64_t smb_create_flags;
    uint32_t desired_access;
    uint32_t file_attributes;
    uint32_t share_access;
    uint32_t create_disposition;
    uint32_t create_options;
    struct wire_blob name;
    const struct wire_create_ctx *ctxs; /* in the order of the wire */
    size_t ctx_count;
};

struct wire_create_rsp {
    uint8_t oplock_level;
    uint8_t flags;
    uint32_t create_action;
    uint64_t creation_time;
    uint64_t last_access_time;
    uint64_t last_write_time;
    uint64_t change_time;
    uint64_t allocation_size;
    uint64_t end_of_file;
    uint32_t file_attributes;
    struct wire_file_id file_id;
    const struct wire_create_ctx *ctxs;
    size_t ctx_count;
};

/* SMB2_CREATE_REQUEST_LEASE / RESPONSE_LEASE, versions 1 and 2 (told apart by their length). */
struct wire_lease {
    uint8_t version; /* 1 or 2 */
    struct guid key;
    uint32_t state;
    uint32_t flags;
    struct guid parent_key; /* version 2 only, as epoch */
    uint16_t epoch;
};

/* The create contexts of one request, understood. `present` has WIRE_CTX_BIT(id) for each; of a
   repeated one the first counts. */
struct wire_create_req_ctxs {
    uint32_t present;
    struct wire_blob ea;                   /* ExtA: FILE_FULL_EA_INFORMATION records */
    struct wire_blob sd;                   /* SecD: a self-relative security descriptor */
    struct wire_file_id durable_reconnect; /* DHnC */
    bool max_access_has_time;              /* MxAc: with a timestamp */
    uint64_t max_access_time;              /* MxAc */
    uint64_t allocation_size;              /* AlSi */
    uint64_t timewarp;                     /* TWrp: FILETIME */
    struct wire_lease lease;               /* RqLs */
    struct {
        uint32_t timeout; /* milliseconds; 0: the server's default */
        uint32_t flags;
        struct guid create_guid;
    } durable_v2; /* DH2Q */
    struct {
        struct wire_file_id file_id;
        struct guid create_guid;
        uint32_t flags;
    } durable_v2_reconnect; /* DH2C */
    struct guid app_instance_id;
    uint64_t app_instance_version_high;
    uint64_t app_instance_version_low;
};

/* The create contexts of one response. */
struct wire_create_rsp_ctxs {
    uint32_t present; /* DHNQ has no data */
    struct {
        uint32_t status;
        uint32_t access;
    } max_access; /* MxAc */
    struct {
        uint64_t file_id;
        uint64_t volume_id;
    } disk_id;               /* QFid */
    struct wire_lease lease; /* RqLs */
    struct {
        uint32_t timeout; /* milliseconds */
        uint32_t flags;
    } durable_v2; /* DH2Q */
};

/* False when a known context's data do not have the length that its kind wants (3.3.5.9). Contexts
   without a row are skipped: they stay in the message struct's array. */
bool wire_create_req_ctxs_parse(const struct wire_create_ctx *ctxs, size_t count,
                                struct wire_create_req_ctxs *out);
bool wire_create_rsp_ctxs_parse(const struct wire_create_ctx *ctxs, size_t count,
                                struct wire_create_rsp_ctxs *out);
/* Make the array for the contexts in in->present, all in the arena. To send others too, pass them
   in `more` (may be NULL with more_count 0): they follow. */
bool wire_create_req_ctxs_build(struct arena *a, const struct wire_create_req_ctxs *in,
                                const struct wire_create_ctx *more, size_t more_count,
                                const struct wire_create_ctx **ctxs, size_t *count);
bool wire_create_rsp_ctxs_build(struct arena *a, const struct wire_create_rsp_ctxs *in,
                                const struct wire_create_ctx *more, size_t more_count,
                                const struct wire_create_ctx **ctxs, size_t *count);

/* ---- CLOSE, FLUSH ([MS-SMB2] 2.2.15 to 2.2.18): cmd_close.c, cmd_flush.c ---- */

struct wire_close_req {
    uint16_t flags;
    struct wire_file_id file_id;
};

struct wire_close_rsp {
    uint16_t flags;
    uint64_t creation_time;
    uint64_t last_access_time;
    uint64_t last_write_time;
    uint64_t change_time;
    uint64_t allocation_size;
    uint64_t end_of_file;
    uint32_t file_attributes;
};

struct wire_flush_req {
    struct wire_file_id file_id;
};

/* ---- READ, WRITE ([MS-SMB2] 2.2.19 to 2.2.22): cmd_read.c, cmd_write.c ---- */

struct wire_read_req {
    uint8_t padding; /* a wish where the data should lie in the reply */
    uint8_t flags;
    uint32_t length;
    uint64_t offset;
    struct wire_file_id file_id;
    uint32_t minimum_count;
    uint32_t channel;
    uint32_t remaining_bytes;
    struct wire_blob channel_info; /* looked at only when channel is not SMB2_CHANNEL_NONE */
};

/* The data of the reply begin this many bytes behind the header's first byte. */
#define WIRE_READ_DATA_OFFSET 80u

struct wire_read_rsp {
    uint32_t data_remaining;
    uint32_t flags;
    struct wire_blob payload;
};

/* Without channel information the data of a request begin this many bytes behind the header. */
#define WIRE_WRITE_DATA_OFFSET 112u

struct wire_write_req {
    uint64_t offset;
    struct wire_file_id file_id;
    uint32_t channel;
    uint32_t remaining_bytes;
    uint32_t flags;
    struct wire_blob channel_info; /* looked at only when channel is not SMB2_CHANNEL_NONE */
    struct wire_blob payload;
};

struct wire_write_rsp {
    uint32_t count;
};

/* ---- LOCK ([MS-SMB2] 2.2.26): cmd_lock.c ---- */

/* 64 KiB of elements: what fits into a request of one credit. */
#define WIRE_LOCKS_MAX 2730u

struct wire_lock_element {
    uint64_t offset;
    uint64_t length;
    uint32_t flags;
};

struct wire_lock_req {
    uint32_t lock_sequence; /* low 4 bits LockSequenceNumber, the rest LockSequenceIndex */
    struct wire_file_id file_id;
    const struct wire_lock_element *locks;
    size_t lock_count; /* at least 1 */
};

/* ---- IOCTL ([MS-SMB2] 2.2.31, 2.2.32): cmd_ioctl.c ---- */

struct wire_ioctl_req {
    uint32_t ctl_code;
    struct wire_file_id file_id;
    uint32_t max_input_response;
    uint32_t max_output_response;
    uint32_t flags;
    struct wire_blob input;
    struct wire_blob output;
};

struct wire_ioctl_rsp {
    uint32_t ctl_code;
    struct wire_file_id file_id;
    uint32_t flags;
    struct wire_blob input;
    struct wire_blob payload; /* the output */
};

/* ---- QUERY_DIRECTORY, CHANGE_NOTIFY ([MS-SMB2] 2.2.33 to 2.2.36) ---- */

struct wire_query_directory_req {
    uint8_t info_class;
    uint8_t flags;
    uint32_t file_index;
    struct wire_file_id file_id;
    uint32_t output_length;
    struct wire_blob pattern;
};

struct wire_query_directory_rsp {
    struct wire_blob payload;
};

struct wire_change_notify_req {
    uint16_t flags;
    uint32_t output_length;
    struct wire_file_id file_id;
    uint32_t completion_filter;
};

struct wire_change_notify_rsp {
    struct wire_blob payload;
};

/* ---- QUERY_INFO, SET_INFO ([MS-SMB2] 2.2.37 to 2.2.40) ---- */

struct wire_query_info_req {
    uint8_t info_type;
    uint8_t info_class;
    uint32_t output_length;
    uint32_t additional_information;
    uint32_t flags;
    struct wire_file_id file_id;
    struct wire_blob input;
};

struct wire_query_info_rsp {
    struct wire_blob payload;
};

struct wire_set_info_req {
    uint8_t info_type;
    uint8_t info_class;
    uint32_t additional_information;
    struct wire_file_id file_id;
    struct wire_blob payload;
};

/* ---- OPLOCK_BREAK ([MS-SMB2] 2.2.23 to 2.2.25): cmd_oplock_break.c ---- */

/* Acknowledgment and response have the same two forms. */
struct wire_oplock_break {
    bool is_lease; /* chosen by StructureSize: 24 or 36 */
    uint8_t oplock_level;
    struct wire_file_id file_id;
    struct guid lease_key; /* from here on for a lease */
    uint32_t lease_state;
    uint32_t lease_flags;
};

#define wire_oplock_break_req wire_oplock_break
#define wire_oplock_break_rsp wire_oplock_break

/* What the server sends on its own; StructureSize 24 or 44. */
struct wire_break_notification {
    bool is_lease;
    uint8_t oplock_level;
    struct wire_file_id file_id;
    uint16_t new_epoch; /* from here on for a lease */
    uint32_t flags;
    struct guid lease_key;
    uint32_t current_state;
    uint32_t new_state;
};

bool wire_break_notification_decode(struct cursor *c, struct wire_break_notification *out);
bool wire_break_notification_encode(struct builder *b, size_t hdr,
                                    const struct wire_break_notification *in);

/* SMB2_SERVER_TO_CLIENT_NOTIFICATION ([MS-SMB2] 2.2.44): cmd_notification.c */
struct wire_notification {
    uint32_t type; /* SMB2_NOTIFY_SESSION_CLOSED is the only one */
};

bool wire_notification_decode(struct cursor *c, struct wire_notification *out);
bool wire_notification_encode(struct builder *b, size_t hdr, const struct wire_notification *in);

/* ---- messages without content: LOGOFF, TREE_DISCONNECT, ECHO, CANCEL and several responses ----
 */

struct wire_empty {
    uint8_t unused;
};

#define wire_logoff_req          wire_empty
#define wire_logoff_rsp          wire_empty
#define wire_tree_disconnect_req wire_empty
#define wire_tree_disconnect_rsp wire_empty
#define wire_echo_req            wire_empty
#define wire_echo_rsp            wire_empty
#define wire_cancel_req          wire_empty
#define wire_cancel_rsp          wire_empty
#define wire_flush_rsp           wire_empty
#define wire_lock_rsp            wire_empty
#define wire_set_info_rsp        wire_empty

/* ---- ERROR response ([MS-SMB2] 2.2.2): error.c ---- */

#define WIRE_ERROR_CTX_MAX 16u

struct wire_error_ctx {
    uint32_t id;
    struct wire_blob data;
};

/* Either ctxs (3.1.1) or data (earlier dialects, and 3.1.1 without contexts), or neither. */
struct wire_error_rsp {
    struct wire_blob data;
    const struct wire_error_ctx *ctxs;
    size_t ctx_count;
};

bool wire_error_rsp_decode(struct cursor *c, struct arena *a, struct wire_error_rsp *out);
bool wire_error_rsp_encode(struct builder *b, size_t hdr, const struct wire_error_rsp *in);

/* Symbolic Link Error Response (2.2.2.2.1): the ErrorData for STATUS_STOPPED_ON_SYMLINK. */
struct wire_symlink_error {
    uint16_t unparsed_path_length; /* bytes at the end of the request's name */
    uint32_t flags;                /* SYMLINK_FLAG_RELATIVE */
    struct wire_blob substitute_name;
    struct wire_blob print_name;
};

bool wire_symlink_error_decode(const struct wire_blob *data, struct wire_symlink_error *out);
bool wire_symlink_error_encode(struct builder *b, const struct wire_symlink_error *in);

/* ---- codecs of every row of tables/cmd.def ----
   wire_<name>_{req,rsp}_decode(cursor, arena, out), wire_<name>_{req,rsp}_encode(builder, hdr, in).
   CANCEL has no response on the wire: its response codec always returns false. */

#define X(code, NAME, name, req, rsp, flags)                           \
    bool wire_##name##_req_decode(struct cursor *c, struct arena *a,   \
                                  struct wire_##name##_req *out);      \
    bool wire_##name##_req_encode(struct builder *b, size_t hdr,       \
                                  const struct wire_##name##_req *in); \
    bool wire_##name##_rsp_decode(struct cursor *c, struct arena *a,   \
                                  struct wire_##name##_rsp *out);      \
    bool wire_##name##_rsp_encode(struct builder *b, size_t hdr,       \
                                  const struct wire_##name##_rsp *in);
#include "wire/tables/cmd.def"
#undef X

#endif
