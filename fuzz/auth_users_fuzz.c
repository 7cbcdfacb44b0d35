// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzzes the parsers of users files; the first byte chooses which. What was read must be the same
 * when it is written and read again.
 */
#include "auth/users.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct auth_users *a, const struct auth_users *b)
{
    const struct auth_user *x = NULL, *y = NULL;
    do {
        x = auth_users_next(a, x);
        y = auth_users_next(b, y);
        if ((x == NULL) != (y == NULL))
            abort();
        if (x != NULL && (strcmp(x->name, y->name) != 0 || strcmp(x->comment, y->comment) != 0 ||
                          memcmp(x->nt_hash, y->nt_hash, sizeof(x->nt_hash)) != 0 ||
                          x->disabled != y->disabled || x->no_password != y->no_password))
            abort();
    } while (x != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct auth_users *u = auth_users_new(), *again = auth_users_new();
    struct auth_users_error err;
    struct builder b;
    if (size == 0 || u == NULL || again == NULL) {
        auth_users_free(u);
        auth_users_free(again);
        return 0;
    }
    const char *text = (const char *)data + 1;
    enum auth_users_result r = data[0] == 's' ? auth_users_import_smbpasswd(u, text, size - 1, &err)
                                              : auth_users_parse(u, text, size - 1, &err);
    if ((r == AUTH_USERS_OK) != (err.message == NULL))
        abort();
    builder_init_grow(&b, 1 << 24);
    auth_users_write(u, &b); /* on an error, the lines before it */
    if (builder_failed(&b) ||
        auth_users_parse(again, (const char *)b.data, b.len, &err) != AUTH_USERS_OK)
        abort();
    check_same(u, again);
    builder_free(&b);
    auth_users_free(u);
    auth_users_free(again);
    return 0;
}
