// SPDX-License-Identifier: Apache-2.0
/* The list of users; the contract and the file format are in users.h. */
#include "auth/users.h"
#include "base/mem.h"
#include "base/utf.h"
#include "crypto/ntlm.h"

#include <string.h>

struct auth_users {
    struct htab names;
    struct list order;
};

/* One entry in one block: the texts lie behind it. */
struct user_block {
    struct auth_user user;
    size_t size;
    char text[];
};

/* A part of a line. */
struct span {
    const char *s;
    size_t len;
};

#define HEX_LEN (2 * (size_t)AUTH_NT_HASH_SIZE)

const char *auth_users_result_text(enum auth_users_result r)
{
    static const char *const texts[] = {
        [AUTH_USERS_OK] = "no error",
        [AUTH_USERS_BAD_NAME] = "not a valid user name",
        [AUTH_USERS_BAD_COMMENT] = "not a valid comment",
        [AUTH_USERS_BAD_PASSWORD] = "the password is not UTF-8 or too long",
        [AUTH_USERS_FULL] = "too many users",
        [AUTH_USERS_NO_MEMORY] = "out of memory",
        [AUTH_USERS_BAD_LINE] = "malformed line",
        [AUTH_USERS_DUPLICATE] = "this user is there already",
    };
    return texts[r];
}

struct auth_users *auth_users_new(void)
{
    struct auth_users *u = mem_zalloc(sizeof(*u));
    if (u == NULL)
        return NULL;
    htab_init(&u->names);
    list_init(&u->order);
    return u;
}

static void user_free(struct auth_user *user)
{
    struct user_block *b = CONTAINER_OF(user, struct user_block, user);
    mem_free_secret(b, b->size);
}

void auth_users_free(struct auth_users *u)
{
    if (u == NULL)
        return;
    LIST_FOREACH_SAFE (it, tmp, &u->order)
        user_free(LIST_ENTRY(it, struct auth_user, in_order));
    htab_free(&u->names);
    mem_free(u);
}

static bool is_text(struct span t)
{
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.s[i] < 0x20 || t.s[i] == 0x7f)
            return false;
    return utf8_valid(t.s, t.len);
}

static bool is_name(struct span t)
{
    if (t.len == 0 || t.len > AUTH_NAME_MAX || t.s[0] == '#')
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (strchr(":/\\", t.s[i]) != NULL)
            return false;
    return is_text(t);
}

static struct auth_user *find(const struct auth_users *u, struct span name)
{
    struct htab_node *n = htab_first(&u->names, utf8_casehash(name.s, name.len));
    for (; n != NULL; n = htab_next(n)) {
        struct auth_user *user = CONTAINER_OF(n, struct auth_user, by_name);
        if (utf8_casecmp(user->name, strlen(user->name), name.s, name.len) == 0)
            return user;
    }
    return NULL;
}

static struct auth_user *user_new(struct span name, struct span comment)
{
    size_t size = sizeof(struct user_block) + name.len + comment.len + 2;
    struct user_block *b = mem_zalloc(size);
    if (b == NULL)
        return NULL;
    b->size = size;
    memcpy(b->text, name.s, name.len);
    if (comment.len > 0)
        memcpy(b->text + name.len + 1, comment.s, comment.len);
    b->user.name = b->text;
    b->user.comment = b->text + name.len + 1;
    list_init(&b->user.in_order);
    return &b->user;
}

static void unlink_and_free(struct auth_users *u, struct auth_user *user)
{
    htab_remove(&u->names, &user->by_name);
    list_remove(&user->in_order);
    user_free(user);
}

/* What an entry says besides its name. */
struct account {
    uint8_t nt_hash[AUTH_NT_HASH_SIZE];
    bool disabled, no_password;
    struct span comment;
};

/* Adds, or replaces `old` in its place in the order. */
static enum auth_users_result put(struct auth_users *u, struct span name, const struct account *a,
                                  struct auth_user *old)
{
    if (!is_name(name))
        return AUTH_USERS_BAD_NAME;
    if (a->comment.len > AUTH_USERS_COMMENT_MAX || !is_text(a->comment))
        return AUTH_USERS_BAD_COMMENT;
    if (old == NULL && u->names.count >= AUTH_USERS_MAX)
        return AUTH_USERS_FULL;
    struct auth_user *user = user_new(name, a->comment);
    if (user == NULL)
        return AUTH_USERS_NO_MEMORY;
    memcpy(user->nt_hash, a->nt_hash, sizeof(user->nt_hash));
    user->disabled = a->disabled;
    user->no_password = a->no_password;
    if (!htab_insert(&u->names, &user->by_name, utf8_casehash(name.s, name.len))) {
        user_free(user);
        return AUTH_USERS_NO_MEMORY;
    }
    list_insert_before(old != NULL ? &old->in_order : &u->order, &user->in_order);
    if (old != NULL)
        unlink_and_free(u, old);
    return AUTH_USERS_OK;
}

enum auth_users_result auth_users_set_hash(struct auth_users *u, const char *name,
                                           const uint8_t nt_hash[AUTH_NT_HASH_SIZE],
                                           const char *comment)
{
    const struct span n = {name, strlen(name)};
    struct auth_user *old = find(u, n);
    struct account a = {0};
    if (comment == NULL)
        comment = old != NULL ? old->comment : "";
    a.comment = (struct span){comment, strlen(comment)};
    memcpy(a.nt_hash, nt_hash, sizeof(a.nt_hash));
    enum auth_users_result r = put(u, n, &a, old);
    mem_wipe(&a, sizeof(a));
    return r;
}

enum auth_users_result auth_users_set_password(struct auth_users *u, const char *name,
                                               const char *password, const char *comment)
{
    uint8_t hash[AUTH_NT_HASH_SIZE];
    if (!crypto_nt_hash(password, strlen(password), hash))
        return AUTH_USERS_BAD_PASSWORD;
    enum auth_users_result r = auth_users_set_hash(u, name, hash, comment);
    mem_wipe(hash, sizeof(hash));
    return r;
}

static struct auth_user *find_text(const struct auth_users *u, const char *name)
{
    return find(u, (struct span){name, strlen(name)});
}

bool auth_users_disable(struct auth_users *u, const char *name)
{
    struct auth_user *user = find_text(u, name);
    if (user != NULL)
        user->disabled = true;
    return user != NULL;
}

bool auth_users_enable(struct auth_users *u, const char *name)
{
    struct auth_user *user = find_text(u, name);
    if (user == NULL || user->no_password)
        return false;
    user->disabled = false;
    return true;
}

bool auth_users_remove(struct auth_users *u, const char *name)
{
    struct auth_user *user = find_text(u, name);
    if (user != NULL)
        unlink_and_free(u, user);
    return user != NULL;
}

size_t auth_users_count(const struct auth_users *u)
{
    return u->names.count;
}

const struct auth_user *auth_users_find(const struct auth_users *u, const char *name)
{
    return find_text(u, name);
}

const struct auth_user *auth_users_next(const struct auth_users *u, const struct auth_user *prev)
{
    const struct list *n = prev != NULL ? prev->in_order.next : u->order.next;
    return n != &u->order ? LIST_ENTRY(n, struct auth_user, in_order) : NULL;
}

static bool lookup(void *ctx, const char *user, const char *domain, struct auth_credential *out)
{
    const struct auth_user *found = find_text(ctx, user);
    if (found == NULL)
        return false;
    memcpy(out->nt_hash, found->nt_hash, sizeof(out->nt_hash));
    memcpy(out->name, found->name, strlen(found->name) + 1);
    out->disabled = found->disabled;
    out->no_password = found->no_password;
    return true;
}

struct auth_credential_source auth_users_source(const struct auth_users *u)
{
    return (struct auth_credential_source){.lookup = lookup, .ctx = (void *)u};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_hash(struct span t, uint8_t out[AUTH_NT_HASH_SIZE])
{
    if (t.len != HEX_LEN)
        return false;
    for (size_t i = 0; i < AUTH_NT_HASH_SIZE; i++) {
        int high = hex_digit(t.s[2 * i]), low = hex_digit(t.s[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Cuts the text before the next ':' off the line. False when there is none. */
static bool take_field(struct span *line, struct span *field)
{
    const char *colon = memchr(line->s, ':', line->len);
    if (colon == NULL)
        return false;
    *field = (struct span){line->s, (size_t)(colon - line->s)};
    line->s = colon + 1;
    line->len -= field->len + 1;
    return true;
}

/* NULL: done, or nothing to do. Else what is wrong with the line. */
typedef const char *line_fn(struct auth_users *u, struct span line);

static const char *add_new(struct auth_users *u, struct span name, const struct account *a)
{
    enum auth_users_result r = AUTH_USERS_DUPLICATE;
    if (find(u, name) == NULL)
        r = put(u, name, a, NULL);
    return r == AUTH_USERS_OK ? NULL : auth_users_result_text(r);
}

static const char *parse_line(struct auth_users *u, struct span line)
{
    struct span name, hash;
    struct account a = {0};
    if (!take_field(&line, &name) || !take_field(&line, &hash))
        return "a user line is name:hash:comment";
    if (hash.len > 0 && hash.s[0] == '!') {
        a.disabled = true;
        hash.s++;
        hash.len--;
        a.no_password = hash.len == 0;
    }
    if (!a.no_password && !parse_hash(hash, a.nt_hash))
        return "the hash is not 32 hexadecimal digits";
    a.comment = line;
    const char *error = add_new(u, name, &a);
    mem_wipe(&a, sizeof(a));
    return error;
}

static const char *parse_smbpasswd_line(struct auth_users *u, struct span line)
{
    struct span name, uid, lm, nt, flags;
    struct account a = {0};
    if (!take_field(&line, &name) || !take_field(&line, &uid) || !take_field(&line, &lm) ||
        !take_field(&line, &nt) || !take_field(&line, &flags))
        return "an smbpasswd line is name:uid:LM:NT:[flags]:LCT:";
    if (flags.len < 2 || flags.s[0] != '[' || flags.s[flags.len - 1] != ']')
        return "the account flags are not in brackets";
    if (memchr(flags.s, 'U', flags.len) == NULL) /* a computer's or a domain's account */
        return NULL;
    if (nt.len != HEX_LEN)
        return "the NT hash has not 32 characters";
    /* "NO PASSWORDXXXX..." and "XXXX..." stand for no hash at all. */
    a.no_password = memchr(flags.s, 'N', flags.len) != NULL || !parse_hash(nt, a.nt_hash);
    if (a.no_password)
        memset(a.nt_hash, 0, sizeof(a.nt_hash));
    a.disabled = a.no_password || memchr(flags.s, 'D', flags.len) != NULL;
    a.comment = (struct span){"", 0};
    const char *error = add_new(u, name, &a);
    mem_wipe(&a, sizeof(a));
    return error;
}

static enum auth_users_result parse_lines(struct auth_users *u, const char *text, size_t len,
                                          line_fn *parse, struct auth_users_error *err)
{
    *err = (struct auth_users_error){0};
    for (size_t pos = 0; pos < len;) {
        const char *end = memchr(text + pos, '\n', len - pos);
        struct span line = {text + pos, (end != NULL ? (size_t)(end - text) : len) - pos};
        pos += line.len + (end != NULL);
        err->line++;
        if (line.len > 0 && line.s[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0 || line.s[0] == '#')
            continue;
        err->message = line.len > AUTH_USERS_LINE_MAX ? "the line is too long" : parse(u, line);
        if (err->message != NULL)
            return AUTH_USERS_BAD_LINE;
    }
    return AUTH_USERS_OK;
}

enum auth_users_result auth_users_parse(struct auth_users *u, const char *text, size_t len,
                                        struct auth_users_error *err)
{
    return parse_lines(u, text, len, parse_line, err);
}

enum auth_users_result auth_users_import_smbpasswd(struct auth_users *u, const char *text,
                                                   size_t len, struct auth_users_error *err)
{
    return parse_lines(u, text, len, parse_smbpasswd_line, err);
}

static void put_string(struct builder *b, const char *s)
{
    builder_bytes(b, s, strlen(s));
}

void auth_users_write(const struct auth_users *u, struct builder *b)
{
    static const char digits[] = "0123456789abcdef";
    const struct auth_user *user = NULL;
    put_string(b, "# smbkit users: name:hash:comment (keep this file secret)\n");
    while ((user = auth_users_next(u, user)) != NULL) {
        put_string(b, user->name);
        put_string(b, user->disabled ? ":!" : ":");
        for (size_t i = 0; i < AUTH_NT_HASH_SIZE && !user->no_password; i++) {
            builder_u8(b, (uint8_t)digits[user->nt_hash[i] >> 4]);
            builder_u8(b, (uint8_t)digits[user->nt_hash[i] & 15]);
        }
        put_string(b, ":");
        put_string(b, user->comment);
        put_string(b, "\n");
    }
}
