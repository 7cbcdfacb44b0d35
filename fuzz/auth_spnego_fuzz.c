// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzzes the SPNEGO codec and both sides of an exchange inside it; the input is described in
 * auth_fuzz.h. Besides, a token that can be read must mean the same when it is written and read
 * again.
 */
#include "auth/spnego.h"
#include "auth_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(struct auth_blob a, struct auth_blob b)
{
    return (a.data == NULL) == (b.data == NULL) && auth_blob_equal(a, b);
}

static void round_trip_init(const uint8_t *in, size_t len)
{
    struct spnego_init t, again;
    struct builder b;
    if (!spnego_decode_init(in, len, &t))
        return;
    builder_init_grow(&b, 1 << 20);
    spnego_encode_init(&b, &t);
    if (builder_failed(&b) || !spnego_decode_init(b.data, b.len, &again) ||
        again.mech_count != t.mech_count || !same(again.mech_token, t.mech_token) ||
        !same(again.mech_list_mic, t.mech_list_mic) || !same(again.hint_name, t.hint_name))
        abort();
    for (size_t i = 0; i < t.mech_count; i++)
        if (!same(t.mechs[i], again.mechs[i]))
            abort();
    builder_free(&b);
}

static void round_trip_resp(const uint8_t *in, size_t len)
{
    struct spnego_resp t, again;
    struct builder b;
    if (!spnego_decode_resp(in, len, &t))
        return;
    builder_init_grow(&b, 1 << 20);
    spnego_encode_resp(&b, &t);
    if (builder_failed(&b) || !spnego_decode_resp(b.data, b.len, &again) ||
        again.state != t.state || !same(again.mech, t.mech) || !same(again.token, t.token) ||
        !same(again.mech_list_mic, t.mech_list_mic))
        abort();
    builder_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c, look;
    uint8_t *token;
    size_t len;
    auth_fuzz_users();
    cursor_init(&c, data, size);
    unsigned options = cursor_u8(&c);
    look = c;
    while ((token = auth_fuzz_token(&look, &len)) != NULL) {
        round_trip_init(token, len);
        round_trip_resp(token, len);
        free(token);
    }
    if (options & AUTH_FUZZ_CLIENT)
        auth_fuzz_play_client(&c, options & ~(unsigned)AUTH_FUZZ_RAW_CLIENT);
    else
        auth_fuzz_play_server(&c, options);
    return 0;
}
