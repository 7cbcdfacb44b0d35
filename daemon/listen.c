// SPDX-License-Identifier: Apache-2.0
/*
 * Where the program listens: sockets from the service manager; --listen; a free loopback port for
 * --run; else port 445 on all addresses, or 4445 with the reason.
 */
#include "daemon.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_endpoint(struct endpoints *e, const char *host, uint16_t port)
{
    e->v = grow(e->v, e->n + 1, sizeof(*e->v));
    e->v[e->n++] = (struct endpoint){copy_text(host, strlen(host)), port};
}

static smbkit_status listen_on(struct endpoints *e, struct smbkit_server *s, const char *host,
                               uint16_t port, char error[SMBKIT_ERROR_MAX])
{
    smbkit_status status = smbkit_server_listen(s, host, &port, error);
    if (status == SMBKIT_STATUS_SUCCESS)
        add_endpoint(e, host, port);
    return status;
}

/* Both kinds of addresses, on one port. A machine without IPv6 (or IPv4) is served with what it
   has. */
static smbkit_status listen_on_all(struct endpoints *e, struct smbkit_server *s, uint16_t port,
                                   char error[SMBKIT_ERROR_MAX])
{
    char error6[SMBKIT_ERROR_MAX];
    smbkit_status status = listen_on(e, s, "0.0.0.0", port, error);
    bool no_ipv4 =
        status == SMBKIT_STATUS_NOT_SUPPORTED || status == SMBKIT_STATUS_BAD_NETWORK_PATH;
    if (status != SMBKIT_STATUS_SUCCESS && !no_ipv4)
        return status;
    if (!no_ipv4)
        port = e->v[e->n - 1].port;
    smbkit_status status6 = listen_on(e, s, "::", port, error6);
    if (no_ipv4) {
        memcpy(error, error6, SMBKIT_ERROR_MAX);
        return status6;
    }
    if (status6 == SMBKIT_STATUS_SHARING_VIOLATION)
        complain(0, "%s; IPv4 only", error6);
    return SMBKIT_STATUS_SUCCESS;
}

/* --- port 445, or why not --- */

static char *why_not_445(smbkit_status status)
{
    if (status == SMBKIT_STATUS_SHARING_VIOLATION)
        return format_text("Port %d, not %d: another program has port %d (ss -ltnp 'sport = :%d' "
                           "names it; Samba is usual).",
                           PORT_OTHER, PORT_SMB, PORT_SMB, PORT_SMB);
    return format_text("Port %d, not %d, which needs a privilege: run as root, or: setcap "
                       "cap_net_bind_service=ep PROGRAM, or: sysctl "
                       "net.ipv4.ip_unprivileged_port_start=%d.",
                       PORT_OTHER, PORT_SMB, PORT_SMB);
}

static int open_default(struct endpoints *e, struct smbkit_server *s)
{
    char error[SMBKIT_ERROR_MAX];
    smbkit_status status = listen_on_all(e, s, PORT_SMB, error);
    if (status == SMBKIT_STATUS_SUCCESS)
        return 0;
    e->notice = why_not_445(status);
    status = listen_on_all(e, s, PORT_OTHER, error);
    if (status == SMBKIT_STATUS_SUCCESS)
        return 0;
    return complain(EXIT_FAILED, "%s; --listen chooses another one", error);
}

/* --- sockets from the service manager (sd_listen_fds(3) describes the protocol) --- */

#define FIRST_PASSED_FD 3

static int passed_count(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    long n = strtol(fds, NULL, 10);
    return n > 0 && n < 1024 ? (int)n : 0;
}

static int open_passed(struct endpoints *e, struct smbkit_server *s, int count)
{
    char error[SMBKIT_ERROR_MAX];
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    for (int i = 0; i < count; i++) {
        uint16_t port;
        if (smbkit_server_listen_fd(s, FIRST_PASSED_FD + i, &port, error) != SMBKIT_STATUS_SUCCESS)
            return complain(EXIT_FAILED, "%s", error);
        add_endpoint(e, "0.0.0.0", port);
    }
    return 0;
}

static int open_given(struct endpoints *e, struct smbkit_server *s, const struct cmdline *c)
{
    char error[SMBKIT_ERROR_MAX];
    for (size_t i = 0; i < c->listen_count; i++) {
        const struct listen_spec *l = &c->listens[i];
        smbkit_status status = l->host != NULL ? listen_on(e, s, l->host, l->port, error)
                                               : listen_on_all(e, s, l->port, error);
        if (status == SMBKIT_STATUS_INVALID_PARAMETER)
            return complain(EXIT_USAGE, "--listen=%s:%u: %s", l->host, l->port, error);
        if (status != SMBKIT_STATUS_SUCCESS)
            return complain(EXIT_FAILED, "--listen: %s", error);
    }
    return 0;
}

int endpoints_open(struct endpoints *e, struct smbkit_server *s, const struct cmdline *c)
{
    char error[SMBKIT_ERROR_MAX];
    int passed = passed_count();
    memset(e, 0, sizeof(*e));
    if (passed > 0)
        return open_passed(e, s, passed);
    if (c->listen_count > 0)
        return open_given(e, s, c);
    if (c->run == NULL)
        return open_default(e, s);
    if (listen_on(e, s, "127.0.0.1", 0, error) == SMBKIT_STATUS_SUCCESS)
        return 0;
    return complain(EXIT_FAILED, "%s", error);
}

void endpoints_free(struct endpoints *e)
{
    for (size_t i = 0; i < e->n; i++)
        smbkit_free(e->v[i].host);
    smbkit_free(e->v);
    smbkit_free(e->notice);
}

/* --- addresses for people --- */

static bool is_any(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* An address of this machine that others can reach: IPv4 if there is one. NULL: none. */
static char *machine_address(void)
{
    struct ifaddrs *all;
    char text[INET6_ADDRSTRLEN], *found = NULL;
    if (getifaddrs(&all) != 0)
        return NULL;
    for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK))
            continue;
        const void *bytes = NULL;
        if (i->ifa_addr->sa_family == AF_INET) {
            bytes = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
        } else if (i->ifa_addr->sa_family == AF_INET6 && found == NULL) {
            const struct sockaddr_in6 *a = (const void *)i->ifa_addr;
            bytes = IN6_IS_ADDR_LINKLOCAL(&a->sin6_addr) ? NULL : &a->sin6_addr;
        }
        if (bytes == NULL || inet_ntop(i->ifa_addr->sa_family, bytes, text, sizeof(text)) == NULL)
            continue;
        smbkit_free(found);
        found = copy_text(text, strlen(text));
        if (i->ifa_addr->sa_family == AF_INET)
            break;
    }
    freeifaddrs(all);
    return found;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strncmp(host, "::ffff:127.", 11) == 0;
}

const struct endpoint *endpoints_reachable(const struct endpoints *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (!is_loopback(e->v[i].host))
            return &e->v[i];
    return NULL;
}

bool endpoints_on_all(const struct endpoints *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (is_any(e->v[i].host))
            return true;
    return false;
}

char *endpoint_host(const struct endpoints *e)
{
    const char *host = e->v[0].host;
    char *real = is_any(host) ? machine_address() : NULL;
    return real != NULL ? real : endpoint_local_host(e);
}

char *endpoint_local_host(const struct endpoints *e)
{
    const char *host = e->v[0].host;
    if (strcmp(host, "0.0.0.0") == 0)
        host = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        host = "::1";
    return copy_text(host, strlen(host));
}
