// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds of the authentication targets: exchanges between our own client and server, as
 * each of them heard it. Usage: auth_seeds <folder>; it makes auth_ntlm-*, auth_spnego-* there,
 * which belong into seeds/auth_ntlm and seeds/auth_spnego.
 */
#include "auth_fuzz.h"

#include <stdio.h>

struct seed {
    const char *name;
    unsigned fuzz_options;   /* enum auth_fuzz_option */
    unsigned client_options; /* enum auth_client_option */
    const char *user, *password;
};

static const struct seed seeds[] = {
    {"auth_ntlm-plain", 0, AUTH_CLIENT_RAW, "alice", AUTH_FUZZ_PASSWORD},
    {"auth_ntlm-no-mic", 0, AUTH_CLIENT_RAW | AUTH_CLIENT_NO_MIC, "alice", AUTH_FUZZ_PASSWORD},
    {"auth_ntlm-no-key", AUTH_FUZZ_NO_TIMESTAMP, AUTH_CLIENT_RAW | AUTH_CLIENT_NO_KEY_EXCH,
     "alice@DOM", AUTH_FUZZ_PASSWORD},
    {"auth_ntlm-wrong", 0, AUTH_CLIENT_RAW, "alice", "wrong"},
    {"auth_ntlm-disabled", 0, AUTH_CLIENT_RAW, "DOM\\bob", "x"},
    {"auth_ntlm-guest", AUTH_FUZZ_GUEST, AUTH_CLIENT_RAW, "visitor", ""},
    {"auth_ntlm-anonymous", AUTH_FUZZ_ANONYMOUS, AUTH_CLIENT_RAW, "", ""},
    {"auth_spnego-plain", 0, 0, "alice", AUTH_FUZZ_PASSWORD},
    {"auth_spnego-kerberos", 0, AUTH_CLIENT_KERBEROS_FIRST, "alice", AUTH_FUZZ_PASSWORD},
    {"auth_spnego-no-token", 0, AUTH_CLIENT_NO_TOKEN, "alice", AUTH_FUZZ_PASSWORD},
    {"auth_spnego-no-mic", 0, AUTH_CLIENT_NO_MECH_LIST_MIC, "alice", AUTH_FUZZ_PASSWORD},
    {"auth_spnego-guest", AUTH_FUZZ_GUEST, 0, "visitor", ""},
    {"auth_spnego-anonymous", AUTH_FUZZ_ANONYMOUS, 0, "", ""},
};

static void add_token(struct builder *seed, const struct builder *token)
{
    builder_u16(seed, (uint16_t)token->len);
    builder_bytes(seed, token->data, token->len);
}

static void write_seed(const char *folder, const char *name, const char *side,
                       const struct builder *b)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s%s", folder, name, side);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(b->data, 1, b->len, f) != b->len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static void make(const char *folder, const struct seed *s)
{
    uint64_t server_random, client_random;
    const struct auth_config server = auth_fuzz_server(s->fuzz_options, &server_random);
    struct auth_client_config client = auth_fuzz_client(0, &client_random);
    struct builder to, from, heard, said;
    enum auth_result r = AUTH_CONTINUE;

    client.user = s->user;
    client.domain = strpbrk(s->user, "@\\") != NULL ? "" : client.domain;
    client.password = s->password;
    client.options = s->client_options;
    struct auth_context *a = auth_context_new(&server);
    struct auth_client *c = auth_client_new(&client);
    struct builder *const all[] = {&to, &from, &heard, &said};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        builder_init_grow(all[i], 1 << 20);
    unsigned kerberos = s->client_options & AUTH_CLIENT_KERBEROS_FIRST ? AUTH_FUZZ_KERBEROS : 0;
    builder_u8(&heard, (uint8_t)s->fuzz_options);
    builder_u8(&said, (uint8_t)(AUTH_FUZZ_CLIENT | kerberos));

    enum auth_result cr = auth_client_step(c, NULL, 0, AUTH_FUZZ_NOW, &to);
    while (r == AUTH_CONTINUE && to.len > 0) {
        add_token(&heard, &to);
        builder_truncate(&from, 0);
        r = auth_step(a, to.data, to.len, AUTH_FUZZ_NOW, &from);
        add_token(&said, &from);
        builder_truncate(&to, 0);
        if (cr == AUTH_CONTINUE)
            cr = auth_client_step(c, from.data, from.len, AUTH_FUZZ_NOW, &to);
    }
    printf("%s: %s\n", s->name, r == AUTH_OK ? "ok" : auth_failure_reason(a));
    write_seed(folder, s->name, "", &heard);
    write_seed(folder, s->name, "-client", &said);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        builder_free(all[i]);
    auth_context_free(a);
    auth_client_free(c);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: auth_seeds <folder>\n");
        return 2;
    }
    for (size_t i = 0; i < ARRAY_LEN(seeds); i++)
        make(argv[1], &seeds[i]);
    auth_users_free(auth_fuzz_users());
    crypto_shutdown();
    return 0;
}
