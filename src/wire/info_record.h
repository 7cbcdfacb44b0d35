// SPDX-License-Identifier: Apache-2.0
/*
 * Records without a variable part as a list of fields, from which both directions of the codec
 * follow: they cannot disagree. For the .c files of the codecs only.
 *
 *   WIRE_RECORD(info_pipe, U32(info_pipe, read_mode), U32(info_pipe, completion_mode))
 *
 * defines wire_info_pipe_encode and wire_info_pipe_decode, declared by WIRE_RECORD_DECL in the
 * header.
 */
#ifndef WIRE_INFO_RECORD_H
#define WIRE_INFO_RECORD_H

#include "wire/info.h"

enum wire_field_kind {
    WIRE_FIELD_U8,
    WIRE_FIELD_U16,
    WIRE_FIELD_U32,
    WIRE_FIELD_U64,
    WIRE_FIELD_BOOL,  /* one byte; any value but zero is true */
    WIRE_FIELD_BYTES, /* `size` bytes as they are */
    WIRE_FIELD_PAD,   /* `size` reserved bytes: zero when written, anything when read */
};

struct wire_field {
    uint8_t kind;
    uint8_t size;
    uint16_t offset; /* in the struct */
};

/* The member must have the width that its field says: the sizeof in each macro sees to it. */
#define WIRE_FIELD(kind, width, record, member)                                                    \
    {                                                                                              \
        kind,                                                                                      \
            (width) +                                                                              \
                0 * sizeof(char[sizeof(((struct wire_##record *)0)->member) == (width) ? 1 : -1]), \
            offsetof(struct wire_##record, member)                                                 \
    }
#define U8(record, member)       WIRE_FIELD(WIRE_FIELD_U8, 1, record, member)
#define U16(record, member)      WIRE_FIELD(WIRE_FIELD_U16, 2, record, member)
#define U32(record, member)      WIRE_FIELD(WIRE_FIELD_U32, 4, record, member)
#define U64(record, member)      WIRE_FIELD(WIRE_FIELD_U64, 8, record, member)
#define BOOL(record, member)     WIRE_FIELD(WIRE_FIELD_BOOL, 1, record, member)
#define BYTES(record, member, n) WIRE_FIELD(WIRE_FIELD_BYTES, n, record, member)
#define PAD(n)               \
    {                        \
        WIRE_FIELD_PAD, n, 0 \
    }

void wire_fields_encode(struct builder *b, const struct wire_field *fields, size_t n,
                        const void *in);
/* Sets all of *out that the fields name; false when bytes are missing. */
NODISCARD bool wire_fields_decode(struct cursor *c, const struct wire_field *fields, size_t n,
                                  void *out);

#define WIRE_RECORD(name, ...)                                                      \
    static const struct wire_field name##_fields[] = {__VA_ARGS__};                 \
    void wire_##name##_encode(struct builder *b, const struct wire_##name *in)      \
    {                                                                               \
        wire_fields_encode(b, name##_fields, ARRAY_LEN(name##_fields), in);         \
    }                                                                               \
    bool wire_##name##_decode(struct cursor *c, struct wire_##name *out)            \
    {                                                                               \
        *out = (struct wire_##name){0};                                             \
        return wire_fields_decode(c, name##_fields, ARRAY_LEN(name##_fields), out); \
    }                                                                               \
    struct wire_##name /* so that the use ends with a semicolon */

#endif
