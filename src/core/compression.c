// SPDX-License-Identifier: Apache-2.0
/* Compressed messages, there and back. */
#include "core/compression.h"
#include "base/checked.h"
#include "compress/compress.h"
#include "wire/hdr.h"
#include <string.h>

/* The numbers of the protocol are those of src/compress. */
_Static_assert(SMB2_COMPRESSION_LZNT1 == COMPRESS_LZNT1, "LZNT1");
_Static_assert(SMB2_COMPRESSION_LZ77 == COMPRESS_LZ77, "LZ77");
_Static_assert(SMB2_COMPRESSION_LZ77_HUFFMAN == COMPRESS_LZ77_HUFFMAN, "LZ77+Huffman");

#define PATTERN_SIZE 8u    /* SMB2_COMPRESSION_PATTERN_PAYLOAD_V1 */
#define PATTERN_RUN  64u   /* shorter ones are left to the algorithm (3.1.4.4.1) */
#define LITTLE       1024u /* as little as this is not worth an algorithm (3.1.4.4) */
#define REPLY_LEAST  4096u
/* What the loop does at once, some milliseconds; more is sent as it is. */
#define REPLY_MAX (2u << 20)
#define HEAD_SIZE 8u  /* what both forms of the header begin with */
#define PART_HEAD 12u /* of a payload that says how long it was */
#define GAIN_PART 8u  /* an eighth is the least that is worth it */

static bool has_id(const struct core_compression *c, uint16_t id)
{
    for (uint16_t i = 0; i < c->count; i++)
        if (c->ids[i] == id)
            return true;
    return false;
}

void compression_choose(struct core_compression *c, const struct wire_ids *offered, uint32_t flags)
{
    *c = (struct core_compression){.chained =
                                       (flags & SMB2_COMPRESSION_CAPABILITIES_FLAG_CHAINED) != 0};
    for (uint16_t i = 0; i < offered->count && c->count < COMPRESSION_IDS_MAX; i++) {
        uint16_t id = offered->id[i];
        bool known = compress_supported(id) || id == SMB2_COMPRESSION_PATTERN_V1;
        if (known && !has_id(c, id))
            c->ids[c->count++] = id;
    }
}

/* ---------------------------------------------------------------- receiving */

static bool decode(const struct core_compression *c, uint16_t algorithm, const uint8_t *in,
                   size_t len, uint8_t *out, size_t size)
{
    return has_id(c, algorithm) && compress_supported(algorithm) &&
           compress_decode((enum compress_algorithm)algorithm, in, len, out, size);
}

/* Appends what a payload stands for (3.1.5.3). */
static bool unpack_payload(const struct core_compression *c,
                           const struct wire_compression_payload *p, uint8_t *out, size_t size,
                           size_t *pos)
{
    size_t left = size - *pos, n = p->original_size;
    bool ok;
    if (p->algorithm == SMB2_COMPRESSION_NONE) {
        n = p->len;
        ok = n <= left;
        if (ok)
            memcpy(out + *pos, p->data, n);
    } else if (p->algorithm == SMB2_COMPRESSION_PATTERN_V1) {
        ok = has_id(c, p->algorithm) && p->len == PATTERN_SIZE;
        n = ok ? le32_load(p->data + 4) : 0;
        ok = ok && n <= left;
        if (ok)
            memset(out + *pos, p->data[0], n);
    } else {
        ok = n <= left && decode(c, p->algorithm, p->data, p->len, out + *pos, n);
    }
    *pos += ok ? n : 0;
    return ok;
}

static bool unpack_chain(const struct core_compression *c, struct cursor *cur, uint8_t *out,
                         size_t size)
{
    struct wire_compression_payload p;
    size_t pos = 0;
    do { /* what is not more than a header is no payload */
        if (!wire_compression_payload_decode(cur, &p) || !unpack_payload(c, &p, out, size, &pos))
            return false;
    } while (cursor_left(cur) > PATTERN_SIZE);
    return pos == size;
}

struct buf *compression_unpack(const struct core_compression *c, const uint8_t *data, size_t len,
                               size_t most)
{
    struct cursor cur;
    struct wire_compression h;
    cursor_init(&cur, data, len);
    if (c->count == 0 || !wire_compression_decode(&cur, &h) || (h.chained && !c->chained))
        return NULL;
    uint64_t total = (uint64_t)h.original_size + h.offset;
    if (total > most || h.original_size == 0)
        return NULL;
    struct buf *plain = buf_new((size_t)total + COMPRESSION_ROOM);
    if (plain == NULL)
        return NULL;
    uint8_t *out = plain->data + COMPRESSION_ROOM;
    bool ok;
    if (h.chained) {
        ok = unpack_chain(c, &cur, out, (size_t)total);
    } else {
        memcpy(out, data + cur.pos, h.offset);
        ok = decode(c, h.algorithm, data + cur.pos + h.offset, len - cur.pos - h.offset,
                    out + h.offset, h.original_size);
    }
    if (ok && wire_protocol_of(out, (size_t)total) == WIRE_PROTOCOL_SMB2)
        return plain;
    buf_unref(plain);
    return NULL;
}

/* ---------------------------------------------------------------- sending */

/* The client's favourite; 0: it has only patterns. */
static uint16_t favourite(const struct core_compression *c)
{
    for (uint16_t i = 0; i < c->count; i++)
        if (compress_supported(c->ids[i]))
            return c->ids[i];
    return 0;
}

/* Where a compressed message is made, in no more room than it may take. */
struct packer {
    const struct core_compression *c;
    struct compress_work *work;
    uint8_t *out;
    size_t room, pos;
    bool full;
};

/* The header, and the data unless they are NULL and stand behind it already. */
static void put_payload(struct packer *p, uint16_t algorithm, const uint8_t *data, size_t len,
                        size_t original)
{
    struct wire_compression_payload head = {
        .algorithm = algorithm,
        .flags = p->pos == HEAD_SIZE ? SMB2_COMPRESSION_FLAG_CHAINED : SMB2_COMPRESSION_FLAG_NONE,
        .original_size = (uint32_t)original,
        .data = data,
        .len = len};
    struct builder b;
    size_t need = (original > 0 ? PART_HEAD : PART_HEAD - 4) + len;
    if (p->full || p->room - p->pos < need) {
        p->full = true;
        return;
    }
    builder_init_fixed(&b, p->out + p->pos, need - len);
    p->full = !wire_compression_payload_head(&b, &head);
    p->pos += need;
    if (data != NULL)
        memcpy(p->out + p->pos - len, data, len);
}

static void put_pattern(struct packer *p, uint8_t byte, size_t repetitions)
{
    uint8_t body[PATTERN_SIZE];
    struct builder b;
    builder_init_fixed(&b, body, sizeof body);
    builder_u32(&b, byte);
    builder_u32(&b, (uint32_t)repetitions);
    put_payload(p, SMB2_COMPRESSION_PATTERN_V1, body, sizeof body, 0);
}

/* What is between the runs of one byte. */
static void put_middle(struct packer *p, const uint8_t *data, size_t len)
{
    uint16_t algorithm = favourite(p->c);
    if (len == 0)
        return;
    if (len <= LITTLE || algorithm == 0) {
        put_payload(p, SMB2_COMPRESSION_NONE, data, len, 0);
        return;
    }
    size_t n = 0;
    if (!p->full && p->room - p->pos > PART_HEAD) /* into its place */
        n = compress_encode((enum compress_algorithm)algorithm, p->work, data, len,
                            p->out + p->pos + PART_HEAD, p->room - p->pos - PART_HEAD);
    p->full = p->full || n == 0;
    put_payload(p, algorithm, NULL, n, len);
}

/* 3.1.4.4, but that runs are looked for in the data only, not in the headers before them. */
static void pack_chain(struct packer *p, const struct slice *head, const uint8_t *data, size_t len)
{
    size_t front = 0, back = 0;
    if (has_id(p->c, SMB2_COMPRESSION_PATTERN_V1)) {
        front = compress_run_forward(data, len);
        front = front >= PATTERN_RUN ? front : 0;
        back = compress_run_backward(data + front, len - front);
        back = back >= PATTERN_RUN ? back : 0;
    }
    put_payload(p, SMB2_COMPRESSION_NONE, head->data, head->len, 0);
    if (front > 0)
        put_pattern(p, data[0], front);
    put_middle(p, data + front, len - front - back);
    if (back > 0)
        put_pattern(p, data[len - 1], back);
}

static void pack_alone(struct packer *p, const struct slice *head, const uint8_t *data, size_t len)
{
    size_t n = 0;
    if (favourite(p->c) != 0 && p->room - p->pos > head->len) {
        memcpy(p->out + p->pos, head->data, head->len);
        p->pos += head->len;
        n = compress_encode((enum compress_algorithm)favourite(p->c), p->work, data, len,
                            p->out + p->pos, p->room - p->pos);
    }
    p->pos += n;
    p->full = n == 0;
}

static bool put_header(struct packer *p, size_t head, size_t data)
{
    struct wire_compression h = {.chained = p->c->chained,
                                 .original_size = (uint32_t)(p->c->chained ? head + data : data),
                                 .algorithm = favourite(p->c),
                                 .offset = (uint32_t)head};
    struct builder b;
    builder_init_fixed(&b, p->out, p->pos);
    return wire_compression_encode(&b, &h);
}

/* What follows the first slice, in one piece: a slice, or a copy of all (*copy). */
static const uint8_t *data_of(const struct chain *m, struct buf **copy)
{
    size_t used = 0;
    const uint8_t *data = NULL;
    for (size_t i = 1; i < m->n; i++)
        if (m->v[i].len > 0) {
            data = m->v[i].data;
            used++;
        }
    if (used != 1) {
        *copy = buf_new(m->bytes);
        if (*copy == NULL)
            return NULL;
        chain_copy_out(m, (*copy)->data);
        data = (*copy)->data + m->v[0].len;
    }
    return data;
}

static struct buf *pack(const struct core_compression *c, struct compress_work *work,
                        const struct chain *m, const uint8_t *data, size_t *size)
{
    size_t len = m->bytes - m->v[0].len;
    struct packer p = {.c = c, .work = work, .room = m->bytes - m->bytes / GAIN_PART};
    p.pos = c->chained ? HEAD_SIZE : HEAD_SIZE + 8;
    struct buf *out = buf_new(p.room);
    if (out == NULL)
        return NULL;
    p.out = out->data;
    (void)put_header(&p, m->v[0].len, len);
    (c->chained ? pack_chain : pack_alone)(&p, &m->v[0], data, len);
    *size = p.pos;
    if (!p.full)
        return out;
    buf_unref(out);
    return NULL;
}

void compression_pack(const struct core_compression *c, struct compress_work **work,
                      struct chain *m)
{
    struct buf *copy = NULL, *out = NULL;
    size_t size = 0;
    if (c->count == 0 || m->n < 2 || m->bytes - m->v[0].len < REPLY_LEAST || m->bytes > REPLY_MAX)
        return;
    const uint8_t *data = data_of(m, &copy);
    if (data != NULL && compress_promising(data, m->bytes - m->v[0].len)) {
        if (*work == NULL)
            *work = compress_work_new();
        if (*work != NULL)
            out = pack(c, *work, m, data, &size);
    }
    buf_unref(copy);
    if (out == NULL)
        return;
    chain_clear(m);
    struct slice s = {.buf = out, .data = out->data, .len = size};
    (void)!chain_add(m, &s); /* an empty chain has room */
}
