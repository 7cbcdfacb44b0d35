// SPDX-License-Identifier: Apache-2.0
/* net/addr.h. */
#include "net/addr.h"
#include "net/sockaddr_int.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void from_in6(struct net_addr *a, const struct sockaddr_in6 *sin6)
{
    const uint8_t *b = sin6->sin6_addr.s6_addr;

    a->port = ntohs(sin6->sin6_port);
    if (memcmp(b, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        a->family = NET_FAMILY_IPV4;
        memcpy(a->bytes, b + sizeof(mapped_prefix), 4);
        return;
    }
    a->family = NET_FAMILY_IPV6;
    memcpy(a->bytes, b, 16);
    a->scope = sin6->sin6_scope_id;
}

void net_addr_from_sockaddr(struct net_addr *a, const struct sockaddr_storage *ss)
{
    *a = (struct net_addr){.family = NET_FAMILY_NONE};
    if (ss->ss_family == AF_INET6) {
        from_in6(a, (const struct sockaddr_in6 *)ss);
    } else if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)ss;

        a->family = NET_FAMILY_IPV4;
        memcpy(a->bytes, &sin->sin_addr, 4);
        a->port = ntohs(sin->sin_port);
    }
}

socklen_t net_addr_to_sockaddr(const struct net_addr *a, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof(*ss));
    if (a->family == NET_FAMILY_IPV4) {
        struct sockaddr_in *sin = (struct sockaddr_in *)ss;

        sin->sin_family = AF_INET;
        memcpy(&sin->sin_addr, a->bytes, 4);
        sin->sin_port = htons(a->port);
        return sizeof(*sin);
    }
    if (a->family == NET_FAMILY_IPV6) {
        struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

        sin6->sin6_family = AF_INET6;
        memcpy(&sin6->sin6_addr, a->bytes, 16);
        sin6->sin6_port = htons(a->port);
        sin6->sin6_scope_id = a->scope;
        return sizeof(*sin6);
    }
    return 0;
}

static void of_name(struct net_addr *a, int fd,
                    int (*name)(int fd, struct sockaddr *sa, socklen_t *len))
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof(ss);

    if (name(fd, (struct sockaddr *)&ss, &len) != 0)
        ss.ss_family = AF_UNSPEC;
    net_addr_from_sockaddr(a, &ss);
}

static int peer_name(int fd, struct sockaddr *sa, socklen_t *len)
{
    return getpeername(fd, sa, len);
}

static int socket_name(int fd, struct sockaddr *sa, socklen_t *len)
{
    return getsockname(fd, sa, len);
}

void net_addr_of_peer(struct net_addr *a, int fd)
{
    of_name(a, fd, peer_name);
}

void net_addr_of_socket(struct net_addr *a, int fd)
{
    of_name(a, fd, socket_name);
}

const char *net_addr_format_host(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
    char host[INET6_ADDRSTRLEN];

    if (a->family == NET_FAMILY_NONE)
        snprintf(text, NET_ADDR_TEXT, "local");
    else if (inet_ntop(a->family == NET_FAMILY_IPV4 ? AF_INET : AF_INET6, a->bytes, host,
                       sizeof(host)) == NULL)
        snprintf(text, NET_ADDR_TEXT, "?");
    else if (a->scope != 0)
        snprintf(text, NET_ADDR_TEXT, "%s%%%u", host, a->scope);
    else
        snprintf(text, NET_ADDR_TEXT, "%s", host);
    return text;
}

const char *net_addr_format(const struct net_addr *a, char text[NET_ADDR_TEXT])
{
    char host[NET_ADDR_TEXT];

    net_addr_format_host(a, host);
    if (a->family == NET_FAMILY_NONE)
        snprintf(text, NET_ADDR_TEXT, "%.70s", host);
    else if (a->family == NET_FAMILY_IPV4)
        snprintf(text, NET_ADDR_TEXT, "%.70s:%u", host, a->port);
    else
        snprintf(text, NET_ADDR_TEXT, "[%.70s]:%u", host, a->port);
    return text;
}

static uint32_t parse_scope(const char *scope)
{
    char *end;
    unsigned long n = if_nametoindex(scope);

    if (n == 0) {
        n = strtoul(scope, &end, 10);
        if (*end != 0 || n > UINT32_MAX)
            return 0;
    }
    return (uint32_t)n;
}

bool net_addr_parse(struct net_addr *a, const char *host, uint16_t port)
{
    char text[NET_ADDR_TEXT];
    char *scope;

    *a = (struct net_addr){.port = port};
    if (strlen(host) >= sizeof(text))
        return false;
    if (inet_pton(AF_INET, host, a->bytes) == 1) {
        a->family = NET_FAMILY_IPV4;
        return true;
    }
    snprintf(text, sizeof(text), "%s", host);
    scope = strchr(text, '%');
    if (scope != NULL) {
        *scope = 0;
        a->scope = parse_scope(scope + 1);
        if (a->scope == 0)
            return false;
    }
    if (inet_pton(AF_INET6, text, a->bytes) != 1)
        return false;
    a->family = NET_FAMILY_IPV6;
    return true;
}

size_t net_addr_size(const struct net_addr *a)
{
    static const size_t sizes[] = {
        [NET_FAMILY_NONE] = 0,
        [NET_FAMILY_IPV4] = 4,
        [NET_FAMILY_IPV6] = 16,
    };

    return sizes[a->family];
}

bool net_addr_is_loopback(const struct net_addr *a)
{
    static const uint8_t v6[16] = {[15] = 1};

    if (a->family == NET_FAMILY_IPV4)
        return a->bytes[0] == 127;
    return a->family == NET_FAMILY_IPV6 && memcmp(a->bytes, v6, 16) == 0;
}
