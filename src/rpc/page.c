// SPDX-License-Identifier: Apache-2.0
/* Long lists in pieces: see page.h. */
#include "rpc/page.h"

#define PAGE_BYTES_MAX (1u << 20) /* also for a client that says it wants all of it */

static const struct ndr_field u32_fields[] = {NDR_F(NDR_U32, rpc_u32, value)};
const struct ndr_record rpc_u32_record = {u32_fields, 1, sizeof(struct rpc_u32)};

static uint32_t how_many(const struct ndr_record *element, const uint8_t *v, uint32_t count,
                         uint32_t bytes)
{
    uint32_t n = 0;
    size_t used = 0;
    while (n < count) {
        used += ndr_size(element, v + n * element->size);
        if (used > bytes && n > 0)
            break;
        n++;
    }
    return n;
}

uint32_t rpc_page(struct rpc_call *call, const struct ndr_record *element, void **v,
                  uint32_t *count, uint32_t preferred, const struct rpc_u32 *asked, uint32_t *total,
                  struct rpc_u32 **resume)
{
    uint32_t start = asked != NULL ? MIN(asked->value, *count) : 0;
    uint8_t *from = *v;
    if (from != NULL)
        from += start * element->size;
    *total = *count - start;
    *count = how_many(element, from, *total, MIN(preferred, PAGE_BYTES_MAX));
    *v = from;
    bool more = *count < *total;
    if (asked != NULL && resume != NULL) {
        *resume = arena_alloc(call->arena, sizeof **resume);
        if (*resume == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        (*resume)->value = more ? start + *count : 0;
    }
    return more ? ERROR_MORE_DATA : NERR_Success;
}
