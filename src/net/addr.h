// SPDX-License-Identifier: Apache-2.0
/* Network addresses, without the system's structures. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include "base/compiler.h"

enum net_family {
    NET_FAMILY_NONE, /* a local socket pair, or unknown */
    NET_FAMILY_IPV4,
    NET_FAMILY_IPV6,
};

/* An IPv4 address that arrived mapped into IPv6 is kept as IPv4. */
struct net_addr {
    enum net_family family;
    uint8_t bytes[16]; /* 4 or 16 of them, network order; the rest is zero */
    uint16_t port;
    uint32_t scope; /* interface of a link-local IPv6 address, else 0 */
};

/* "[" IPv6 with scope "]:65535" */
#define NET_ADDR_TEXT 80

/* "192.0.2.1:445", "[2001:db8::1]:445", "local". Returns text. */
const char *net_addr_format(const struct net_addr *a, char text[NET_ADDR_TEXT]);
/* The address without the port and without brackets. */
const char *net_addr_format_host(const struct net_addr *a, char text[NET_ADDR_TEXT]);
/* A numeric address ("0.0.0.0", "::", "fe80::1%eth0"); names are not looked up. */
NODISCARD bool net_addr_parse(struct net_addr *a, const char *host, uint16_t port);
/* How many of `bytes` count: 0, 4 or 16. */
size_t net_addr_size(const struct net_addr *a);
bool net_addr_is_loopback(const struct net_addr *a);

#endif
