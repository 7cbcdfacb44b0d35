// SPDX-License-Identifier: Apache-2.0
/*
 * A library of Kerberos for tests: believes what the client says. A token is the GSS-API frame of
 * Kerberos around a text:
 *
 *     =NAME@REALM   that is the client; the answer is one token
 *     ?...          another token is wanted
 *     ~...          the client's clock is wrong
 *     anything else is refused
 *
 * The key is FAKE_KERBEROS_KEY, the ticket holds for `lifetime` seconds, a MIC is the sum of the
 * text's bytes. Answers are announced by fake_kerberos_answer and never before.
 */
#ifndef AUTH_TESTKERBEROS_H
#define AUTH_TESTKERBEROS_H

#include "auth/kerberos.h"
#include "base/builder.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define FAKE_KERBEROS_KEY "0123456789abcdef"

struct fake_exchange;

struct fake_kerberos {
    struct auth_kerberos table; /* ctx: this */
    uint32_t lifetime;
    bool full;                     /* takes no token */
    unsigned exchanges;            /* that are not destroyed */
    struct fake_exchange *waiting; /* one at a time */
};

struct fake_exchange {
    struct fake_kerberos *lib;
    struct kerberos_answer answer;
    void (*ready)(void *arg);
    void *arg;
};

static inline void *fake_create(void *ctx)
{
    struct fake_kerberos *k = ctx;
    struct fake_exchange *e = mem_zalloc(sizeof(*e));
    if (e != NULL) {
        e->lib = k;
        k->exchanges++;
    }
    return e;
}

static inline void fake_destroy(void *exchange)
{
    struct fake_exchange *e = exchange;
    if (e->lib->waiting == e)
        e->lib->waiting = NULL;
    e->lib->exchanges--;
    mem_free(e);
}

/* Tag, length in one byte, and the OID of 11 bytes stand before the text. */
#define FAKE_FRAME 13

static inline bool fake_accept(void *exchange, const uint8_t *in, size_t len,
                               void (*ready)(void *arg), void *arg)
{
    struct fake_exchange *e = exchange;
    struct kerberos_answer *a = &e->answer;
    if (e->lib->full)
        return false;
    memset(a, 0, sizeof(*a));
    snprintf(a->reason, sizeof(a->reason), "refused\n%.20s", "by the fake");
    char kind = len > FAKE_FRAME ? (char)in[FAKE_FRAME] : '\0';
    if (kind == '=') {
        a->result = KERBEROS_DONE;
        snprintf(a->client, sizeof(a->client), "%.*s", (int)(len - FAKE_FRAME - 1),
                 (const char *)in + FAKE_FRAME + 1);
        snprintf(a->service, sizeof(a->service), "cifs/files@REALM");
        a->key_len = strlen(FAKE_KERBEROS_KEY);
        memcpy(a->key, FAKE_KERBEROS_KEY, a->key_len);
        a->lifetime = e->lib->lifetime;
    } else if (kind == '?' || kind == '~') {
        a->result = kind == '?' ? KERBEROS_CONTINUE : KERBEROS_RETRY;
    }
    a->token_len = a->result != KERBEROS_REFUSED ? 6 : 0;
    memcpy(a->token, "answer", a->token_len);
    e->ready = ready;
    e->arg = arg;
    e->lib->waiting = e;
    return true;
}

static inline const struct kerberos_answer *fake_answer(void *exchange)
{
    return &((struct fake_exchange *)exchange)->answer;
}

static inline size_t fake_sign(void *exchange, const uint8_t *text, size_t len,
                               uint8_t mic[KERBEROS_MIC_MAX])
{
    uint8_t sum = 0;
    while (len > 0)
        sum = (uint8_t)(sum + text[--len]);
    memset(mic, sum, 4);
    return 4;
}

static inline bool fake_verify(void *exchange, const uint8_t *text, size_t len, const uint8_t *mic,
                               size_t mic_len)
{
    uint8_t want[KERBEROS_MIC_MAX];
    return fake_sign(exchange, text, len, want) == mic_len && memcmp(want, mic, mic_len) == 0;
}

static inline void fake_kerberos_init(struct fake_kerberos *k)
{
    *k = (struct fake_kerberos){
        .table = {fake_create, fake_destroy, fake_accept, fake_answer, fake_sign, fake_verify, k},
        .lifetime = 3600,
    };
}

/* Announces the answer that is waiting; false when there is none. */
static inline bool fake_kerberos_answer(struct fake_kerberos *k)
{
    struct fake_exchange *e = k->waiting;
    k->waiting = NULL;
    if (e != NULL)
        e->ready(e->arg);
    return e != NULL;
}

/* A client's token; at most 100 bytes of text. */
static inline size_t fake_kerberos_token(uint8_t token[128], const char *text)
{
    static const uint8_t oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
    size_t n = strlen(text);
    token[0] = 0x60;
    token[1] = (uint8_t)(sizeof(oid) + n);
    memcpy(token + 2, oid, sizeof(oid));
    memcpy(token + FAKE_FRAME, text, n);
    return FAKE_FRAME + n;
}

#endif
