// SPDX-License-Identifier: Apache-2.0
/*
 * Kerberos is not ours: whoever talks to a library of it stands behind struct auth_kerberos. The
 * mechanism in kerberos.c carries its tokens and says which account a principal is.
 *
 * One exchange is one authentication. A token goes to the library, which may block (keytab, replay
 * cache), on whatever thread the owner has for that; the answer is announced on the thread of the
 * context:
 *
 *     create -> accept -> ... ready() -> answer -> [accept -> ...] -> destroy
 *
 * struct kerberos_module is what the module that links the library exports: the same, blocking.
 */
#ifndef AUTH_KERBEROS_H
#define AUTH_KERBEROS_H

#include "base/compiler.h"

/* An AP-REP or KRB-ERROR in its GSS-API frame has less than 300 bytes. */
#define KERBEROS_TOKEN_MAX     4096
#define KERBEROS_PRINCIPAL_MAX 512
#define KERBEROS_KEY_MAX       64
#define KERBEROS_MIC_MAX       128
#define KERBEROS_REASON_MAX    256

enum kerberos_result {
    KERBEROS_REFUSED, /* `reason` says why */
    KERBEROS_RETRY,   /* so, but the client may mend it with what `token` says (its clock) */
    KERBEROS_CONTINUE,
    KERBEROS_DONE,
};

struct kerberos_answer {
    enum kerberos_result result;
    uint8_t token[KERBEROS_TOKEN_MAX]; /* for the client; may be empty */
    size_t token_len;
    /* DONE */
    char client[KERBEROS_PRINCIPAL_MAX];  /* user@REALM, '/', '@' and '\' of the user with a '\' */
    char service[KERBEROS_PRINCIPAL_MAX]; /* for whom the ticket was: cifs/server@REALM */
    uint8_t key[KERBEROS_KEY_MAX];        /* the session key */
    size_t key_len;
    uint32_t lifetime;                /* of the ticket, s */
    char reason[KERBEROS_REASON_MAX]; /* for the log */
};

struct auth_kerberos {
    /* NULL when memory is out. */
    void *(*create)(void *ctx);
    /* Also while an answer is awaited: it is not announced then. */
    void (*destroy)(void *exchange);
    /* Takes a copy of the token. ready(arg) is called later, never from inside. False when that
       cannot be: memory, or too many wait. */
    bool (*accept)(void *exchange, const uint8_t *in, size_t len, void (*ready)(void *arg),
                   void *arg);
    /* After ready(), until the next accept or destroy. */
    const struct kerberos_answer *(*answer)(void *exchange);
    /* After DONE; neither blocks. sign: the length of the MIC, 0 when it fails. */
    size_t (*sign)(void *exchange, const uint8_t *text, size_t len, uint8_t mic[KERBEROS_MIC_MAX]);
    bool (*verify)(void *exchange, const uint8_t *text, size_t len, const uint8_t *mic,
                   size_t mic_len);
    void *ctx;
};

#define KERBEROS_MODULE_VERSION 1
#define KERBEROS_MODULE_SYMBOL  "smbkit_kerberos"

/* Ours, and not a promise: module and library are built together. */
struct kerberos_module {
    uint32_t version;
    uint32_t answer_size; /* sizeof(struct kerberos_answer) */
    /* Reads the keytab. NULL, and why. */
    void *(*open)(const char *keytab, char error[KERBEROS_REASON_MAX]);
    void (*close)(void *acceptor);
    /* An exchange belongs to one thread at a time; several go on side by side. */
    void *(*create)(void *acceptor);
    void (*destroy)(void *exchange);
    void (*accept)(void *exchange, const uint8_t *in, size_t len, struct kerberos_answer *out);
    size_t (*sign)(void *exchange, const uint8_t *text, size_t len, uint8_t mic[KERBEROS_MIC_MAX]);
    bool (*verify)(void *exchange, const uint8_t *text, size_t len, const uint8_t *mic,
                   size_t mic_len);
};

#endif
