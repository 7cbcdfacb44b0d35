// SPDX-License-Identifier: Apache-2.0
/* Interfaces by getifaddrs; speed and queues from /sys/class/net, where there is one. */
#include "plat/netif.h"
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define SPEED_DEFAULT 1000000000u
#define MEGABIT       1000000u

/* -1, or an error, for what has no speed: bridges, tunnels, virtual ones. */
static uint64_t speed_of(const char *name)
{
    char path[64 + IF_NAMESIZE];
    long long megabits = 0;
    snprintf(path, sizeof path, "/sys/class/net/%s/speed", name);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return SPEED_DEFAULT;
    if (fscanf(f, "%lld", &megabits) != 1)
        megabits = 0;
    fclose(f);
    return megabits > 0 ? (uint64_t)megabits * MEGABIT : SPEED_DEFAULT;
}

static bool has_many_queues(const char *name)
{
    char path[64 + IF_NAMESIZE];
    unsigned n = 0;
    snprintf(path, sizeof path, "/sys/class/net/%s/queues", name);
    DIR *d = opendir(path);
    if (d == NULL)
        return false;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += strncmp(e->d_name, "rx-", 3) == 0;
    closedir(d);
    return n > 1;
}

static bool take_address(const struct sockaddr *sa, struct netif *out)
{
    if (sa == NULL)
        return false;
    if (sa->sa_family == AF_INET) {
        memcpy(out->address, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
        return true;
    }
    if (sa->sa_family != AF_INET6)
        return false;
    const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
    out->v6 = true;
    memcpy(out->address, a, sizeof out->address);
    return !IN6_IS_ADDR_LINKLOCAL(a);
}

size_t netif_list(struct netif *v, size_t max)
{
    struct ifaddrs *all;
    size_t n = 0;
    if (getifaddrs(&all) != 0)
        return 0;
    for (const struct ifaddrs *i = all; i != NULL && n < max; i = i->ifa_next) {
        struct netif one = {.index = if_nametoindex(i->ifa_name)};
        if (!(i->ifa_flags & IFF_UP) || one.index == 0 || !take_address(i->ifa_addr, &one))
            continue;
        one.speed = speed_of(i->ifa_name);
        one.many_queues = has_many_queues(i->ifa_name);
        one.loopback = (i->ifa_flags & IFF_LOOPBACK) != 0;
        v[n++] = one;
    }
    freeifaddrs(all);
    return n;
}
