// SPDX-License-Identifier: Apache-2.0
/*
 * Owners that another server knows by another SID. Accounts of smbd and of smbkit have SIDs that
 * begin with that of their machine (S-1-5-21-x-y-z), so that the owner of a file that smbd made
 * would be nobody here. But the disk knows whose the file is: the user whom it belongs to there is
 * the owner that the descriptor means. For him the owner's SID is shown as his own, and written as
 * it was.
 */
#include "dir.h"
#include <string.h>

#define SD_HEAD     20u
#define ACL_HEAD    8u
#define ACE_HEAD    8u /* of the types that have no more before the SID */
#define DOMAIN_SIZE 24u

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | get16(p + 2) << 16;
}

/* The account's SID at this offset; NULL: there is something else. */
static uint8_t *account_at(uint8_t *sd, size_t len, size_t at)
{
    static const uint8_t head[] = {1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0};
    if (at < SD_HEAD || at > len || len - at < OWNER_SID_SIZE ||
        memcmp(sd + at, head, sizeof(head)) != 0)
        return NULL;
    return sd + at;
}

bool owner_of(const uint8_t *sd, size_t len, uint8_t sid[OWNER_SID_SIZE])
{
    const uint8_t *owner =
        len >= SD_HEAD ? account_at((uint8_t *)(uintptr_t)sd, len, get32(sd + 4)) : NULL;
    if (owner != NULL)
        memcpy(sid, owner, OWNER_SID_SIZE);
    return owner != NULL;
}

bool owner_is_foreign(const uint8_t owner[OWNER_SID_SIZE], const void *user, size_t user_len)
{
    return user_len == OWNER_SID_SIZE && memcmp(owner, user, DOMAIN_SIZE) != 0;
}

static void replace_at(uint8_t *sd, size_t len, size_t at, const uint8_t *from, const uint8_t *to)
{
    uint8_t *sid = account_at(sd, len, at);
    if (sid != NULL && memcmp(sid, from, OWNER_SID_SIZE) == 0)
        memcpy(sid, to, OWNER_SID_SIZE);
}

static void replace_in_acl(uint8_t *sd, size_t len, size_t at, const uint8_t *from,
                           const uint8_t *to)
{
    if (at < SD_HEAD || at > len || len - at < ACL_HEAD)
        return;
    unsigned count = get16(sd + at + 4);
    for (at += ACL_HEAD; count > 0 && len - at >= ACE_HEAD; count--) {
        size_t size = get16(sd + at + 2);
        if (size < ACE_HEAD || size > len - at)
            return;
        if (size - ACE_HEAD >= OWNER_SID_SIZE)
            replace_at(sd, at + size, at + ACE_HEAD, from, to);
        at += size;
    }
}

void owner_replace(uint8_t *sd, size_t len, const uint8_t *from, const uint8_t *to)
{
    if (len < SD_HEAD)
        return;
    replace_at(sd, len, get32(sd + 4), from, to);
    replace_at(sd, len, get32(sd + 8), from, to);
    replace_in_acl(sd, len, get32(sd + 12), from, to);
    replace_in_acl(sd, len, get32(sd + 16), from, to);
}
