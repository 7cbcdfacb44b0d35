// SPDX-License-Identifier: Apache-2.0
/* The machine's network interfaces. Threads: any. */
#ifndef PLAT_NETIF_H
#define PLAT_NETIF_H

#include "base/compiler.h"

/* One address of an interface that is up. */
struct netif {
    uint32_t index;
    uint64_t speed;   /* bits per second; 1 Gbit/s when the system does not know */
    bool many_queues; /* it spreads what it receives over several processors (RSS) */
    bool loopback;
    bool v6;
    uint8_t address[16]; /* 4 or 16 of them, network order; the rest is zero */
};

/* At most `max`, those of IPv6 that work on one link only left out. 0: none, or not to be had. */
size_t netif_list(struct netif *v, size_t max);

#endif
