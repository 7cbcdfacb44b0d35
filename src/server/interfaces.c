// SPDX-License-Identifier: Apache-2.0
/*
 * Which addresses the server can be reached at, for clients that use several (multichannel): those
 * of the machine's interfaces that one of the listeners takes connections for. Read anew when
 * connections come, because a client asks after it has connected, but not for each of a storm.
 */
#include "plat/netif.h"
#include "server/server_int.h"
#include <string.h>

#define INTERFACES_MAX 64
#define READ_INTERVAL  (10 * NS_PER_S)

static bool any_address(const struct net_addr *a)
{
    static const uint8_t zero[sizeof a->bytes];
    return memcmp(a->bytes, zero, sizeof zero) == 0;
}

/* A socket for all addresses of IPv6 takes those of IPv4 as well. A machine's own are said only
   when nothing else is listened on. */
static bool listens(const struct net_addr *l, const struct netif *i)
{
    bool same_family = l->family == (i->v6 ? NET_FAMILY_IPV6 : NET_FAMILY_IPV4);
    if (any_address(l))
        return !i->loopback && (same_family || l->family == NET_FAMILY_IPV6);
    return same_family && memcmp(l->bytes, i->address, sizeof l->bytes) == 0;
}

static bool reachable(const struct smbkit_server *s, const struct netif *i)
{
    LIST_FOREACH (it, &s->listeners) {
        const struct server_listener *l = LIST_ENTRY(it, struct server_listener, link);
        if (listens(listener_address(l->listener), i))
            return true;
    }
    return false;
}

void server_read_interfaces(struct smbkit_server *s)
{
    struct netif found[INTERFACES_MAX];
    struct core_interface out[INTERFACES_MAX];
    size_t count = 0;
    uint64_t now = loop_now(s->loop);
    if (s->interfaces_read != 0 && now - s->interfaces_read < READ_INTERVAL)
        return;
    s->interfaces_read = now;
    size_t n = netif_list(found, INTERFACES_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!reachable(s, &found[i]))
            continue;
        out[count] = (struct core_interface){.index = found[i].index,
                                             .speed = found[i].speed,
                                             .rss = found[i].many_queues,
                                             .v6 = found[i].v6};
        memcpy(out[count].address, found[i].address, sizeof out[count].address);
        count++;
    }
    core_set_interfaces(s->core, out, count);
}
