// SPDX-License-Identifier: Apache-2.0
/* Between struct net_addr and the system's addresses. Inside src/net only. */
#ifndef NET_SOCKADDR_INT_H
#define NET_SOCKADDR_INT_H

#include "net/addr.h"
#include <sys/socket.h>

/* Anything but IPv4 and IPv6 becomes NET_FAMILY_NONE. */
void net_addr_from_sockaddr(struct net_addr *a, const struct sockaddr_storage *ss);
/* Returns the length, 0 for NET_FAMILY_NONE. */
socklen_t net_addr_to_sockaddr(const struct net_addr *a, struct sockaddr_storage *ss);
/* NET_FAMILY_NONE when the socket has none (any more). */
void net_addr_of_peer(struct net_addr *a, int fd);
void net_addr_of_socket(struct net_addr *a, int fd);

#endif
