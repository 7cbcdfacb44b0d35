// SPDX-License-Identifier: Apache-2.0
/* Credits: a window of message ids as a ring of bits. */
#include "core/credits.h"
#include "base/checked.h"
#include <string.h>

static bool id_used(const struct core_credits *c, uint64_t id)
{
    uint64_t bit = id % CREDITS_WINDOW;
    return (c->used[bit / 64] >> (bit % 64)) & 1;
}

static void id_mark(struct core_credits *c, uint64_t id, bool used)
{
    uint64_t bit = id % CREDITS_WINDOW;
    uint64_t mask = 1ull << (bit % 64);
    if (used)
        c->used[bit / 64] |= mask;
    else
        c->used[bit / 64] &= ~mask;
}

void credits_init(struct core_credits *c)
{
    memset(c, 0, sizeof *c);
    c->high = 1; /* the set { 0 } */
    c->available = 1;
}

bool credits_consume(struct core_credits *c, uint64_t message_id, uint16_t charge)
{
    uint64_t end;
    if (charge == 0 || !checked_add_u64(message_id, charge, &end))
        return false;
    if (message_id < c->low || end > c->high)
        return false;
    for (uint64_t id = message_id; id < end; id++)
        if (id_used(c, id))
            return false;
    for (uint64_t id = message_id; id < end; id++)
        id_mark(c, id, true);
    c->available -= charge;
    while (c->low < c->high && id_used(c, c->low)) {
        id_mark(c, c->low, false);
        c->low++;
    }
    return true;
}

uint16_t credits_grant(struct core_credits *c, uint16_t asked, uint32_t max)
{
    uint64_t room = CREDITS_WINDOW - (c->high - c->low);
    uint64_t wanted = asked;
    if (c->available >= max)
        wanted = 0;
    else if (wanted > max - c->available)
        wanted = max - c->available;
    if (wanted == 0 && c->available == 0)
        wanted = 1;
    if (wanted > room)
        wanted = room;
    c->high += wanted;
    c->available += (uint32_t)wanted;
    return (uint16_t)wanted;
}
