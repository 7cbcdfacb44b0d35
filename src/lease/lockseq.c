// SPDX-License-Identifier: Apache-2.0
/* The lock sequence array: see lockseq.h. */
#include "lease/lockseq.h"

#define VALID 0x10u

/* NULL for index 0 (reserved) and beyond 64: such requests are never verified nor recorded. */
static uint8_t *entry_of(struct lease_lockseq *s, uint32_t field)
{
    uint32_t index = field >> 4;
    if (index == 0 || index > LEASE_LOCKSEQ_ENTRIES)
        return NULL;
    return &s->entry[index - 1];
}

bool lease_lockseq_is_replay(struct lease_lockseq *s, uint32_t field)
{
    uint8_t *e = entry_of(s, field);
    if (!e || *e == 0)
        return false;
    if (*e == (VALID | (field & 0xf)))
        return true;
    *e = 0;
    return false;
}

void lease_lockseq_record(struct lease_lockseq *s, uint32_t field)
{
    uint8_t *e = entry_of(s, field);
    if (e)
        *e = (uint8_t)(VALID | (field & 0xf));
}
