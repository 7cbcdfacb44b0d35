// SPDX-License-Identifier: Apache-2.0
/*
 * What several commands do with what a file has besides its data: attributes, security descriptors,
 * extended attributes and the names of streams, between the wire's form and the plugin's.
 */
#ifndef CORE_META_H
#define CORE_META_H

#include "base/arena.h"
#include "lease/node.h"
#include "vfs/vfs.h"
#include "wire/sd.h"
#include "wire/wire.h"

struct acl_token;
struct core_open;
struct core_request;
struct core_share;

/* FileAttributes as clients of the share are shown them for a file of this path, or name: never
   zero, and hidden when the share hides the name. What a client may do with the file is up to those
   that the file has. */
uint32_t meta_shown_attributes(const struct core_share *share, const char *path, size_t len,
                               const struct smbkit_attr *a);
/* The same for the file of an open. */
uint32_t meta_open_attributes(const struct core_open *o, const struct smbkit_attr *a);

/* Do files of this volume have security descriptors? */
static inline bool meta_has_acls(const struct vfs_volume *v)
{
    return (vfs_volume_capabilities(v) & SMBKIT_CAP_ACLS) != 0;
}
/* Operations of this request are the session's user's. */
void meta_as_user(struct core_request *r);
/* The descriptor that r->op, a get_sd or path_sd, has answered with; a default for what has none.
   Lives in the request's arena. SUCCESS or why not. */
smbkit_status meta_take_sd(struct core_request *r, bool folder, struct wire_sd *out);
/* ... of that operation, for who the token is of, in that arena. */
smbkit_status meta_take_sd_of(const struct vfs_op *op, const struct acl_token *t, struct arena *a,
                              bool folder, struct wire_sd *out);
/* ... in that arena. */
smbkit_status meta_take_sd_to(struct core_request *r, struct arena *a, bool folder,
                              struct wire_sd *out);
/* The same as bytes, in the request's arena. INVALID_SECURITY_DESCR: too long to be kept. */
smbkit_status meta_encode_sd(struct core_request *r, const struct wire_sd *sd,
                             const uint8_t **bytes, size_t *len);
/* A list of extended attributes from the wire for the plugin; names and values are borrowed.
   SUCCESS, EA_LIST_INCONSISTENT, INVALID_EA_NAME or INSUFFICIENT_RESOURCES. */
smbkit_status meta_read_eas(struct core_request *r, const struct wire_blob *in,
                            struct smbkit_ea **eas, size_t *count);
/* What the lease engine knows a stream of the open's file by (NULL: the unnamed one): its name in a
   form that compares equal byte by byte. False: memory is out. */
NODISCARD bool meta_lease_key(struct arena *a, const struct core_open *o, const char *stream,
                              struct lease_key *key);
/* The name of a stream's change: "path:stream". The path itself for the unnamed stream. NULL:
   memory is out. */
const char *meta_stream_path(struct arena *a, const struct core_open *o);

#endif
