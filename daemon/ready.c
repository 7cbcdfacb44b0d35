// SPDX-License-Identifier: Apache-2.0
/*
 * The lines that say how clients reach the shares, ready to be copied into a terminal.
 *
 * Ports: `net use` takes one only since Windows 11 24H2 and Windows Server 2025 (/TCPPORT); older
 * ones know no port but 445, and are told so.
 */
#include "daemon.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* --- quoting --- */

static bool needs_quotes(const char *text)
{
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr("._-/:\\@%+=,", *text) == NULL)
            return true;
    return false;
}

/* For sh. To be freed. */
static char *sh_quote(const char *text)
{
    if (!needs_quotes(text) && strchr(text, '\\') == NULL)
        return copy_text(text, strlen(text));
    char *out = grow(NULL, strlen(text) * 4 + 3, 1), *p = out;
    *p++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            memcpy(p, "'\\''", 4);
            p += 4;
        } else {
            *p++ = *text;
        }
    }
    *p++ = '\'';
    *p = '\0';
    return out;
}

/* For the command prompt of Windows. To be freed. */
static char *windows_quote(const char *text)
{
    return needs_quotes(text) ? format_text("\"%s\"", text) : copy_text(text, strlen(text));
}

/* Percent-encodes a part of a URI. To be freed. */
static char *uri_part(const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = grow(NULL, strlen(text) * 3 + 1, 1), *p = out;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || strchr("-._~", c) != NULL) {
            *p++ = (char)c;
        } else {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 15];
        }
    }
    *p = '\0';
    return out;
}

char *ready_uri(const char *host, uint16_t port, const char *user, const char *share)
{
    char port_text[8] = "";
    bool v6 = strchr(host, ':') != NULL;
    char *s = uri_part(share), *u = uri_part(user != NULL ? user : "");
    if (port != PORT_SMB)
        snprintf(port_text, sizeof(port_text), ":%u", port);
    char *uri = format_text("smb://%s%s%s%s%s%s/%s", u, u[0] != '\0' ? "@" : "", v6 ? "[" : "",
                            host, v6 ? "]" : "", port_text, s);
    smbkit_free(s);
    smbkit_free(u);
    return uri;
}

/* Colons do not fit into a UNC path: Windows has this form for IPv6. To be freed. */
static char *windows_host(const char *host)
{
    if (strchr(host, ':') == NULL)
        return copy_text(host, strlen(host));
    char *out = format_text("%s.ipv6-literal.net", host);
    for (char *p = out; *p != '\0'; p++)
        if (*p == ':')
            *p = '-';
    return out;
}

/* --- one line for each client --- */

struct target {
    const char *host, *user, *share;
    uint16_t port;
};

static void print_windows(const struct target *t)
{
    char *host = windows_host(t->host), *unc = format_text("\\\\%s\\%s", host, t->share);
    char *q = windows_quote(unc), *user = windows_quote(t->user != NULL ? t->user : "guest");
    if (t->port == PORT_SMB)
        printf("  Windows      net use X: %s /user:%s\n", q, user);
    else
        printf("  Windows      net use X: %s /user:%s /TCPPORT:%u   (Windows 11 24H2, Server 2025 "
               "and later; older ones need port 445)\n",
               q, user, t->port);
    smbkit_free(user);
    smbkit_free(q);
    smbkit_free(unc);
    smbkit_free(host);
}

static void print_macos(const struct target *t)
{
    char *uri = ready_uri(t->host, t->port, t->user, t->share), *q = sh_quote(uri);
    printf("  macOS        open %s\n", q);
    smbkit_free(q);
    smbkit_free(uri);
}

static void print_linux(const struct target *t)
{
    char port[16] = "", option[16] = "";
    char *unc = format_text("//%s/%s", t->host, t->share), *q = sh_quote(unc);
    char *user = sh_quote(t->user != NULL ? t->user : "guest");
    if (t->port != PORT_SMB) {
        snprintf(port, sizeof(port), " -p %u", t->port);
        snprintf(option, sizeof(option), "port=%u,", t->port);
    }
    printf("  smbclient    smbclient %s%s -U %s%s\n", q, port, user, t->user == NULL ? " -N" : "");
    printf("  mount.cifs   mount -t cifs %s /mnt -o %s%s%s\n", q, option,
           t->user != NULL ? "username=" : "guest", t->user != NULL ? user : "");
    smbkit_free(user);
    smbkit_free(q);
    smbkit_free(unc);
}

static void print_header(const struct cmdline *c, const struct endpoints *e)
{
    printf("smbkit %s serves", smbkit_version());
    for (size_t i = 0; i < c->share_count; i++)
        printf("%s '%s' (%s)", i > 0 ? "," : "", c->shares[i].name, c->shares[i].plugin);
    printf(" on");
    for (size_t i = 0; i < e->n; i++) {
        bool v6 = strchr(e->v[i].host, ':') != NULL;
        printf("%s %s%s%s:%u", i > 0 ? "," : "", v6 ? "[" : "", e->v[i].host, v6 ? "]" : "",
               e->v[i].port);
    }
    putchar('\n');
}

void ready_print(const struct cmdline *c, const struct endpoints *e, const struct logins *l)
{
    char *host = endpoint_host(e);
    print_header(c, e);
    if (e->notice != NULL)
        puts(e->notice);
    if (l->notice != NULL)
        puts(l->notice);
    if (discovery_text() != NULL)
        printf("Shown in the network as '%s' (%s).\n", cmdline_option(c, "server-name"),
               discovery_text());
    for (size_t i = 0; i < c->share_count; i++) {
        struct target t = {host, l->user, c->shares[i].name, e->v[0].port};
        print_windows(&t);
        print_macos(&t);
        print_linux(&t);
    }
    fflush(stdout);
    smbkit_free(host);
}
