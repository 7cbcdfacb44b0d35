// SPDX-License-Identifier: Apache-2.0
/*
 * Long lists, given in pieces ([MS-SRVS] 3.1.4.x): a client says how many bytes it wants at most
 * and where it goes on; it hears how many there are, and where to go on. At least one element is
 * given, so that everybody gets to the end.
 */
#ifndef RPC_PAGE_H
#define RPC_PAGE_H

#include "rpc/iface.h"

struct rpc_u32 {
    uint32_t value;
};

/* A resume handle: an [in, out, unique] pointer to a number, which is an index. */
extern const struct ndr_record rpc_u32_record;

/* Cuts the list *v of *count elements. Sets *total (from there on) and *resume, which may be NULL
   or point to NULL. NERR_Success or ERROR_MORE_DATA. */
uint32_t rpc_page(struct rpc_call *call, const struct ndr_record *element, void **v,
                  uint32_t *count, uint32_t preferred, const struct rpc_u32 *asked, uint32_t *total,
                  struct rpc_u32 **resume);

#endif
