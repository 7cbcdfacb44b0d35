// SPDX-License-Identifier: Apache-2.0
/*
 * The list of users and password hashes that a server keeps itself, and its text form. No files
 * here: the program reads and replaces the file (mode 0600, atomically) and hands the text over.
 *
 * The users file: UTF-8 text, one line for each user,
 *
 *     name:hash:comment
 *
 *   name     1 to 256 bytes without ':', '/', '\' and control characters, and not beginning with
 * '#'. Compared without regard to case; the spelling here is the one that is shown. hash     32
 * hexadecimal digits: MD4 of the password in UTF-16LE, which is as good as the password.
 *            '!' before it: the account is disabled. '!' alone: disabled, and without a password.
 *   comment  free text without control characters, may be empty; the ':' before it must be there.
 *
 * Empty lines and lines beginning with '#' are skipped (and not kept when the list is written
 * again).
 *
 * Ownership: the list owns its entries; they stay valid until they are removed, replaced or the
 * list is freed. Hashes are wiped then. Threads: a list that nobody changes may be read by all.
 */
#ifndef AUTH_USERS_H
#define AUTH_USERS_H

#include "auth/auth.h"
#include "base/htab.h"
#include "base/list.h"

/* What they stop: a wrong file (a device, a log) given as users file. */
#define AUTH_USERS_MAX         65536
#define AUTH_USERS_LINE_MAX    2048
#define AUTH_USERS_COMMENT_MAX 1024

struct auth_user {
    struct htab_node by_name;
    struct list in_order;
    const char *name, *comment;
    uint8_t nt_hash[AUTH_NT_HASH_SIZE];
    bool disabled;
    bool no_password; /* only together with disabled */
};

struct auth_users;

enum auth_users_result {
    AUTH_USERS_OK,
    AUTH_USERS_BAD_NAME,
    AUTH_USERS_BAD_COMMENT,
    AUTH_USERS_BAD_PASSWORD, /* not UTF-8, or longer than 256 characters */
    AUTH_USERS_FULL,
    AUTH_USERS_NO_MEMORY,
    AUTH_USERS_BAD_LINE, /* from the parsers, with a more exact message */
    AUTH_USERS_DUPLICATE,
};
/* A short English phrase. */
const char *auth_users_result_text(enum auth_users_result r);

/* Where parsing stopped. */
struct auth_users_error {
    size_t line; /* from 1 */
    const char *message;
};

/* NULL when memory is out. */
NODISCARD struct auth_users *auth_users_new(void);
/* NULL is allowed. */
void auth_users_free(struct auth_users *u);

/* Add what a users file or a file in the form of smbpasswd says. A name that stands in the list or
   twice in the text is an error. On an error *err is filled and the list keeps the lines before it:
   parse into a new list and use it only when all is well. */
NODISCARD enum auth_users_result auth_users_parse(struct auth_users *u, const char *text,
                                                  size_t len, struct auth_users_error *err);
/* name:uid:LM hash:NT hash:[flags]:LCT-...: ; only accounts with flag U are taken, those with D or
   N or without an NT hash as disabled. The LM hash is not read. */
NODISCARD enum auth_users_result auth_users_import_smbpasswd(struct auth_users *u, const char *text,
                                                             size_t len,
                                                             struct auth_users_error *err);
/* Appends the users file, in the order in which the users were added. Errors stick in the builder.
 */
void auth_users_write(const struct auth_users *u, struct builder *b);

/* Adds a user or replaces all that is known of him. `comment` NULL: "" for a new one, kept for a
   known one. `password` is UTF-8. */
NODISCARD enum auth_users_result auth_users_set_password(struct auth_users *u, const char *name,
                                                         const char *password, const char *comment);
NODISCARD enum auth_users_result auth_users_set_hash(struct auth_users *u, const char *name,
                                                     const uint8_t nt_hash[AUTH_NT_HASH_SIZE],
                                                     const char *comment);
/* False: there is no such user (for enable also: he has no password). */
bool auth_users_disable(struct auth_users *u, const char *name);
bool auth_users_enable(struct auth_users *u, const char *name);
bool auth_users_remove(struct auth_users *u, const char *name);

size_t auth_users_count(const struct auth_users *u);
const struct auth_user *auth_users_find(const struct auth_users *u, const char *name);
/* Walks in order: start with NULL; NULL at the end. */
const struct auth_user *auth_users_next(const struct auth_users *u, const struct auth_user *prev);

/* For struct auth_config; borrows the list. The domain is ignored. */
struct auth_credential_source auth_users_source(const struct auth_users *u);

#endif
