// SPDX-License-Identifier: Apache-2.0
/*
 * Chains of slices. Few slices (a plain reply: header and payload) live inside the struct, so that
 * the common message allocates nothing; v points to inline_v or to memory from mem.h. A chain must
 * therefore not be copied as a struct.
 */
#include "base/buf.h"

#include "base/checked.h"
#include "base/mem.h"

#include <string.h>

void chain_init(struct chain *c)
{
    c->v = c->inline_v;
    c->n = 0;
    c->cap = CHAIN_INLINE;
    c->bytes = 0;
}

void chain_clear(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++)
        slice_clear(&c->v[i]);
    if (c->v != c->inline_v)
        mem_free(c->v);
    chain_init(c);
}

static bool chain_reserve(struct chain *c, size_t n)
{
    if (n > CHAIN_MAX)
        return false;
    if (n <= c->cap)
        return true;
    bool is_inline = c->v == c->inline_v;
    size_t cap = MIN(MAX(n, c->cap * 2), CHAIN_MAX);
    struct slice *v = mem_resize_array(is_inline ? NULL : c->v, cap, sizeof(*v));
    if (!v)
        return false;
    if (is_inline)
        memcpy(v, c->inline_v, c->n * sizeof(*v));
    c->v = v;
    c->cap = cap;
    return true;
}

bool chain_add(struct chain *c, struct slice *s)
{
    size_t bytes;
    if (s->len == 0) {
        slice_clear(s);
        return true;
    }
    if (!checked_add_size(c->bytes, s->len, &bytes) || !chain_reserve(c, c->n + 1)) {
        slice_clear(s);
        return false;
    }
    c->v[c->n++] = *s;
    c->bytes = bytes;
    *s = (struct slice){0};
    return true;
}

bool chain_move(struct chain *dst, struct chain *src)
{
    size_t bytes;
    ASSERT(dst != src);
    if (!checked_add_size(dst->bytes, src->bytes, &bytes) || !chain_reserve(dst, dst->n + src->n))
        return false;
    memcpy(dst->v + dst->n, src->v, src->n * sizeof(*src->v));
    dst->n += src->n;
    dst->bytes = bytes;
    src->n = 0; /* the references went over to dst */
    chain_clear(src);
    return true;
}

void chain_copy_out(const struct chain *c, void *dst)
{
    uint8_t *p = dst;
    for (size_t i = 0; i < c->n; i++) {
        memcpy(p, c->v[i].data, c->v[i].len);
        p += c->v[i].len;
    }
}
