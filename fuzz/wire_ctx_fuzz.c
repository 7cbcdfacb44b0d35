// SPDX-License-Identifier: Apache-2.0
/*
 * Create contexts and negotiate contexts by themselves, so that mutations hit nothing else. The
 * first byte says which: 0 create contexts, otherwise so many negotiate contexts. Seven bytes are
 * left out, so that what follows is aligned as in a message.
 */
#include "wire_fuzz.h"

#include "wire/wire_int.h"

static void create_req(const struct wire_create_ctx *list, size_t count, struct arena *a)
{
    struct wire_create_req_ctxs first, second;
    if (!wire_create_req_ctxs_parse(list, count, &first))
        return;
    ASSERT(wire_create_req_ctxs_build(a, &first, NULL, 0, &list, &count));
    ASSERT(wire_create_req_ctxs_parse(list, count, &second));
    ASSERT(first.present == second.present);
}

static void create_rsp(const struct wire_create_ctx *list, size_t count, struct arena *a)
{
    struct wire_create_rsp_ctxs first, second;
    if (!wire_create_rsp_ctxs_parse(list, count, &first))
        return;
    ASSERT(wire_create_rsp_ctxs_build(a, &first, NULL, 0, &list, &count));
    ASSERT(wire_create_rsp_ctxs_parse(list, count, &second));
    ASSERT(first.present == second.present);
}

static void create(struct cursor *c, struct arena *a)
{
    const struct wire_create_ctx *list, *again;
    size_t count, count_again;
    if (!wire_create_ctxs_decode(c, a, 8, c->end - 8, &list, &count))
        return;
    ASSERT(count >= 1 && count <= WIRE_CREATE_CTX_MAX);

    struct builder b;
    struct cursor copy;
    builder_init_grow(&b, 1u << 24);
    wire_create_ctxs_encode(&b, list, count);
    ASSERT(!builder_failed(&b) && b.len == wire_create_ctxs_size(list, count));
    cursor_init(&copy, b.data, b.len);
    ASSERT(wire_create_ctxs_decode(&copy, a, 0, b.len, &again, &count_again));
    ASSERT(count == count_again);
    builder_free(&b);

    create_req(list, count, a);
    create_rsp(list, count, a);
}

static void negotiate(struct cursor *c, size_t count, struct arena *a)
{
    const struct wire_negotiate_ctx *list;
    struct wire_negotiate_ctxs first, second;
    if (!wire_typed_ctxs_decode(c, a, 8, count, WIRE_NEGOTIATE_CTX_MAX, &list))
        return;
    if (!wire_negotiate_ctxs_parse(list, count, &first))
        return;
    ASSERT(wire_negotiate_ctxs_build(a, &first, &list, &count));
    ASSERT(wire_negotiate_ctxs_parse(list, count, &second));
    ASSERT(first.present == second.present && second.repeated == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct cursor c;
    if (size < 8)
        return 0;
    arena_init(&a, FUZZ_ARENA_MAX);
    cursor_init(&c, data, size);
    if (data[0] == 0)
        create(&c, &a);
    else
        negotiate(&c, data[0], &a);
    arena_clear(&a);
    return 0;
}
