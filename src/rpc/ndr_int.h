// SPDX-License-Identifier: Apache-2.0
/* What both directions of NDR share: see ndr.h. Members are reached by offset, and copied, because
   their types are known to the tables only. */
#ifndef RPC_NDR_INT_H
#define RPC_NDR_INT_H

#include "rpc/ndr.h"
#include <string.h>

static inline uint32_t ndr_host_u32(const uint8_t *host, size_t offset)
{
    uint32_t v;
    memcpy(&v, host + offset, sizeof v);
    return v;
}

static inline const void *ndr_host_ptr(const uint8_t *host, size_t offset)
{
    const void *p;
    memcpy(&p, host + offset, sizeof p);
    return p;
}

/* What such members are aligned to on the wire. */
size_t ndr_align_of(const struct ndr_field *f);
size_t ndr_align_of_record(const struct ndr_record *r);
/* Does what the member points to come later? Unions and structs aside. */
bool ndr_is_pointer(enum ndr_kind kind);
bool ndr_is_varying(enum ndr_kind kind);
#endif
