// SPDX-License-Identifier: Apache-2.0
/*
 * What the authentication targets and their seed writer share: one fixed server, one fixed client,
 * and the form of an input. Random numbers and time are fixed, so that a recorded exchange is still
 * right when it is played again and the fuzzer starts behind the password check.
 *
 * An input: one byte of options (enum auth_fuzz_option), then the tokens one after another, each
 * with its length in two bytes, little-endian; the last may be shorter than it says.
 */
#ifndef FUZZ_AUTH_FUZZ_H
#define FUZZ_AUTH_FUZZ_H

#include "auth/client.h"
#include "auth/users.h"
#include "base/cursor.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

enum auth_fuzz_option {
    AUTH_FUZZ_GUEST = 1,
    AUTH_FUZZ_ANONYMOUS = 2,
    AUTH_FUZZ_NO_TIMESTAMP = 4,
    AUTH_FUZZ_CLIENT = 8,    /* the tokens are for the client */
    AUTH_FUZZ_KERBEROS = 16, /* the client offers Kerberos first */
    AUTH_FUZZ_RAW_CLIENT = 32,
};

#define AUTH_FUZZ_NOW      133485408000000000ull
#define AUTH_FUZZ_PASSWORD "correct horse"

/* xorshift; the state lies in *ctx. */
static void auth_fuzz_random(void *ctx, void *dst, size_t n)
{
    uint64_t *s = ctx;
    for (size_t i = 0; i < n; i++) {
        *s ^= *s << 13;
        *s ^= *s >> 7;
        *s ^= *s << 17;
        ((uint8_t *)dst)[i] = (uint8_t)(*s >> 32);
    }
}

static struct auth_users *auth_fuzz_users(void)
{
    static struct auth_users *users;
    if (users != NULL)
        return users;
    if (!crypto_init() || (users = auth_users_new()) == NULL ||
        auth_users_set_password(users, "Alice", AUTH_FUZZ_PASSWORD, "") != AUTH_USERS_OK ||
        auth_users_set_password(users, "Bob", "x", "") != AUTH_USERS_OK ||
        !auth_users_disable(users, "Bob"))
        abort();
    return users;
}

static inline struct auth_config auth_fuzz_server(unsigned options, uint64_t *random)
{
    *random = 88172645463325252ull;
    return (struct auth_config){
        .netbios_computer = "FILES",
        .netbios_domain = "WORKGROUP",
        .dns_computer = "files.example.org",
        .random = {auth_fuzz_random, random},
        .credentials = auth_users_source(auth_fuzz_users()),
        .allow_guest = (options & AUTH_FUZZ_GUEST) != 0,
        .allow_anonymous = (options & AUTH_FUZZ_ANONYMOUS) != 0,
        .omit_timestamp = (options & AUTH_FUZZ_NO_TIMESTAMP) != 0,
    };
}

static inline struct auth_client_config auth_fuzz_client(unsigned options, uint64_t *random)
{
    *random = 1234567890123456789ull;
    return (struct auth_client_config){
        .user = "alice",
        .domain = "DOM",
        .workstation = "PC",
        .password = AUTH_FUZZ_PASSWORD,
        .target = "cifs/files",
        .random = {auth_fuzz_random, random},
        .options = (options & AUTH_FUZZ_KERBEROS ? AUTH_CLIENT_KERBEROS_FIRST : 0u) |
                   (options & AUTH_FUZZ_RAW_CLIENT ? AUTH_CLIENT_RAW : 0u),
    };
}

/* The next token, in a block of exactly its size (the caller frees it); NULL at the end. */
static inline uint8_t *auth_fuzz_token(struct cursor *c, size_t *len)
{
    if (cursor_left(c) < 2)
        return NULL;
    *len = cursor_u16(c);
    if (*len > cursor_left(c))
        *len = cursor_left(c);
    uint8_t *copy = malloc(*len > 0 ? *len : 1);
    if (copy == NULL)
        abort();
    cursor_bytes(c, copy, *len);
    return copy;
}

/* Plays the tokens against the server. Whoever gets in must be who the rules say. */
static inline void auth_fuzz_play_server(struct cursor *c, unsigned options)
{
    uint64_t random;
    const struct auth_config config = auth_fuzz_server(options, &random);
    struct auth_context *a = auth_context_new(&config);
    enum auth_result r = AUTH_CONTINUE;
    uint8_t *token;
    size_t len;
    if (a == NULL)
        abort();
    while (r == AUTH_CONTINUE && (token = auth_fuzz_token(c, &len)) != NULL) {
        struct builder out;
        builder_init_grow(&out, 65536);
        r = auth_step(a, token, len, AUTH_FUZZ_NOW, &out);
        builder_free(&out);
        free(token);
    }
    const struct auth_identity *id = auth_identity(a);
    if ((id != NULL) != (r == AUTH_OK) || (auth_status(a) != 0) != (r == AUTH_FAILED))
        abort();
    if (id != NULL && !(id->is_guest && (options & AUTH_FUZZ_GUEST)) &&
        !(id->is_anonymous && (options & AUTH_FUZZ_ANONYMOUS)) && strcmp(id->user, "Alice") != 0)
        abort();
    auth_context_free(a);
}

static inline void auth_fuzz_play_client(struct cursor *c, unsigned options)
{
    uint64_t random;
    const struct auth_client_config config = auth_fuzz_client(options, &random);
    struct auth_client *client = auth_client_new(&config);
    struct builder out;
    uint8_t *token;
    size_t len;
    if (client == NULL)
        abort();
    builder_init_grow(&out, 1 << 20);
    enum auth_result r = auth_client_step(client, NULL, 0, AUTH_FUZZ_NOW, &out);
    while (r == AUTH_CONTINUE && (token = auth_fuzz_token(c, &len)) != NULL) {
        r = auth_client_step(client, token, len, AUTH_FUZZ_NOW, &out);
        free(token);
    }
    builder_free(&out);
    auth_client_free(client);
}

#endif
