// SPDX-License-Identifier: Apache-2.0
/*
 * The extended attribute in which Samba keeps security descriptors, learnt from what smbd writes
 * and reads. All numbers are little-endian:
 *
 *    0  u16   version, twice
 *    4  u32   not 0: there is something
 *    8        what the version has before the descriptor (below)
 *       20    the head of a self-relative security descriptor ([MS-DTYP] 2.4.6), whose offsets
 *             count from the beginning of the attribute, and what they lead to
 *
 * Version 1 has nothing else. Versions 2 to 4 have a hash of what the disk said about permissions
 * when the descriptor was written: smbd takes a descriptor of version 3 or 4 only as long as the
 * hash is right. We take it in any case, as smbd does with "ignore system acls": the kernel checks
 * the permissions of the disk by itself. And we write version 1, which smbd takes in any case; when
 * it changes the descriptor it writes its own version.
 */
#include "dir.h"
#include <string.h>

#define HEAD         8u  /* of the attribute */
#define SD_HEAD      20u /* of the descriptor */
#define HASH_V2      16u
#define HASH_V3      64u
#define SD_OFFSETS   4u /* offsets in the head, ... */
#define SD_OFFSET_AT 4u /* ... from here on */

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static size_t align4(size_t at)
{
    return (at + 3) & ~(size_t)3;
}

/* Where the descriptor's head is; 0: it cannot be told. */
static size_t find_sd(const uint8_t *p, size_t len)
{
    size_t at = HEAD + 4; /* one more "there is something" for the descriptor itself */
    if (len < HEAD || p[0] != p[2] || p[1] != 0 || p[3] != 0 || get32(p + 4) == 0)
        return 0;
    switch (p[0]) {
    case 1: return HEAD;
    case 2: return at + HASH_V2;
    case 3: return align4(at + 2 + HASH_V3);
    case 4: break;
    default: return 0;
    }
    /* hash type, hash, a text that says what was hashed, time, another hash */
    at += 2 + HASH_V3;
    const uint8_t *end = at < len ? memchr(p + at, 0, len - at) : NULL;
    return end != NULL ? align4(align4((size_t)(end - p) + 1) + 8 + HASH_V3) : 0;
}

/* Adds `by` to the offsets in a descriptor's head. False: one of them would lead out of [SD_HEAD +
   base, limit). */
static bool move_offsets(uint8_t *sd, int64_t by, uint64_t base, uint64_t limit)
{
    for (unsigned i = 0; i < SD_OFFSETS; i++) {
        uint8_t *p = sd + SD_OFFSET_AT + 4 * i;
        uint32_t offset = get32(p);
        if (offset == 0)
            continue;
        int64_t to = (int64_t)offset + by;
        if (to < (int64_t)(base + SD_HEAD) || to >= (int64_t)limit)
            return false;
        put32(p, (uint32_t)to);
    }
    return true;
}

bool ntacl_decode(uint8_t *data, size_t len, uint8_t **sd, size_t *sd_len)
{
    size_t at = find_sd(data, len);
    if (at == 0 || at > len || len - at < SD_HEAD)
        return false;
    *sd = data + at;
    *sd_len = len - at;
    return move_offsets(*sd, -(int64_t)at, 0, *sd_len);
}

bool ntacl_encode(const void *sd, size_t len, uint8_t *data)
{
    static const uint8_t head[HEAD] = {1, 0, 1, 0, 0, 0, 2, 0};
    if (len < SD_HEAD)
        return false;
    memcpy(data, head, HEAD);
    memcpy(data + HEAD, sd, len);
    return move_offsets(data + HEAD, HEAD, HEAD, HEAD + len);
}
