// SPDX-License-Identifier: Apache-2.0
/*
 * Generated from tables/cmd.def. The wrappers exist because calling a function through a pointer of
 * another type is undefined, even when only a pointer argument differs.
 */
#include "wire/codec.h"

#define X(code, NAME, name, req, rsp, flags)                                               \
    static bool name##_req_decode(struct cursor *c, struct arena *a, union wire_any *out)  \
    {                                                                                      \
        return wire_##name##_req_decode(c, a, &out->name##_req);                           \
    }                                                                                      \
    static bool name##_req_encode(struct builder *b, size_t hdr, const union wire_any *in) \
    {                                                                                      \
        return wire_##name##_req_encode(b, hdr, &in->name##_req);                          \
    }                                                                                      \
    static bool name##_rsp_decode(struct cursor *c, struct arena *a, union wire_any *out)  \
    {                                                                                      \
        return wire_##name##_rsp_decode(c, a, &out->name##_rsp);                           \
    }                                                                                      \
    static bool name##_rsp_encode(struct builder *b, size_t hdr, const union wire_any *in) \
    {                                                                                      \
        return wire_##name##_rsp_encode(b, hdr, &in->name##_rsp);                          \
    }
#include "wire/tables/cmd.def"
#undef X

static const struct wire_codec req_codecs[] = {
#define X(code, NAME, name, req, rsp, flags) [code] = {name##_req_decode, name##_req_encode},
#include "wire/tables/cmd.def"
#undef X
};

static const struct wire_codec rsp_codecs[] = {
#define X(code, NAME, name, req, rsp, flags) [code] = {name##_rsp_decode, name##_rsp_encode},
#include "wire/tables/cmd.def"
#undef X
};

const struct wire_codec *wire_req_codec(uint16_t code)
{
    return code < ARRAY_LEN(req_codecs) ? &req_codecs[code] : NULL;
}

const struct wire_codec *wire_rsp_codec(uint16_t code)
{
    return code < ARRAY_LEN(rsp_codecs) ? &rsp_codecs[code] : NULL;
}
