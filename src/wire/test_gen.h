// SPDX-License-Identifier: Apache-2.0
/*
 * For tests and seed generators: a description of every message struct, field by field, with which
 * any of them is filled at random (validly), compared deeply, and checked to point only into its
 * bytes.
 */
#ifndef WIRE_TEST_GEN_H
#define WIRE_TEST_GEN_H

#include "wire/codec.h"

enum gen_kind {
    GEN_U8,
    GEN_U16,
    GEN_U32,
    GEN_U64,
    GEN_BOOL,
    GEN_GUID,
    GEN_FILE_ID,
    GEN_BLOB,
    GEN_TEXT, /* a blob of even length */
    GEN_DIALECTS,
    GEN_LOCKS,
    GEN_TYPED_CTXS, /* of negotiate and tree connect */
    GEN_CREATE_CTXS,
};

struct gen_field {
    enum gen_kind kind;
    size_t off;
    size_t count_off; /* arrays: of the size_t with the count */
};

struct gen_message {
    uint16_t code;
    bool response;
    const struct gen_field *fields;
    size_t field_count;
    /* Makes a randomly filled struct consistent; NULL: nothing to do. */
    void (*fix)(union wire_any *m);
};

/* One row for each direction of each command. */
extern const struct gen_message gen_messages[];
extern const size_t gen_message_count;

struct gen_random {
    uint64_t state;
};

uint64_t gen_next(struct gen_random *r);
/* 0 .. max - 1 */
size_t gen_below(struct gen_random *r, size_t max);
struct wire_blob gen_blob(struct gen_random *r, struct arena *a, size_t max);

void gen_fill(struct gen_random *r, struct arena *a, const struct gen_message *g,
              union wire_any *out);
bool gen_equal(const struct gen_message *g, const union wire_any *x, const union wire_any *y);
/* Do all blobs lie inside [base, base + size)? */
bool gen_inside(const struct gen_message *g, const union wire_any *m, const uint8_t *base,
                size_t size);
const struct wire_codec *gen_codec(const struct gen_message *g);
/* Appends header and body; returns the offset of the header. `next_command` 0. */
size_t gen_encode(struct builder *b, const struct gen_message *g, const union wire_any *m);

#endif
