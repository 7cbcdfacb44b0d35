// SPDX-License-Identifier: Apache-2.0
/*
 * NDR, the 32-bit transfer syntax of DCE/RPC ([C706] chapter 14, [MS-RPCE] 2.2.5), both ways and
 * driven by tables: a `struct ndr_record` says of each member of a host struct how it lies on the
 * wire. Interfaces are such tables; their handlers see host structs only.
 *
 * A record stands for a struct, or for the list of parameters of a call: there what a pointer
 * points to follows right behind it, while in a struct it follows behind the whole struct.
 *
 * Decoding takes both byte orders, allocates from the arena, and is bounded by the bytes that are
 * there: an array can only have as many elements as bytes follow, a string NDR_STRING_UNITS_MAX,
 * the arena has a maximum of its own. Nothing recurses but along the tables, which are trees.
 *
 * Ownership: strings and arrays belong to the arena. Threads: plain values.
 */
#ifndef RPC_NDR_H
#define RPC_NDR_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/cursor.h"
#include "wire/sid.h"

#define NDR_STRING_UNITS_MAX 32768u /* of UTF-16: more than any name, path or comment */

enum ndr_kind {
    NDR_U8,
    NDR_U16,
    NDR_U32,
    NDR_U64,
    NDR_ENUM,        /* uint32_t; 16 bits on the wire */
    NDR_TIME,        /* uint64_t; two words, aligned as one (OLD_LARGE_INTEGER) */
    NDR_RAW,         /* uint8_t[max]: bytes as they are */
    NDR_GUID,        /* struct guid */
    NDR_HANDLE,      /* uint8_t[20]: a context handle */
    NDR_STRUCT,      /* `sub`, embedded; also a ref pointer to one as a parameter */
    NDR_PTR,         /* void *: unique pointer to `sub` */
    NDR_NULL,        /* void *: a pointer that must be null: to what we do not take */
    NDR_WSTR,        /* const char *: unique pointer to a wide string with a NUL */
    NDR_WSTR_REF,    /* const char *: the same without a pointer, as a parameter */
    NDR_USTR,        /* const char *: RPC_UNICODE_STRING; NULL has no buffer */
    NDR_SID,         /* struct wire_sid *: unique pointer to RPC_SID */
    NDR_SID_REF,     /* struct wire_sid: as a parameter */
    NDR_ARRAY,       /* void *: unique pointer to a conformant array of `sub` */
    NDR_ARRAY_REF,   /* void *: the same without a pointer, as a parameter */
    NDR_VARYING,     /* void *: unique pointer to a conformant varying array */
    NDR_VARYING_REF, /* void *: the same without a pointer */
    NDR_UNION,       /* void *: the arm that the tag chooses, embedded */
    NDR_UNION_PTR,   /* void *: arms are unique pointers */
};

struct ndr_record;

struct ndr_arm {
    uint32_t tag;
    const struct ndr_record *record; /* NULL: an arm without anything */
};

struct ndr_field {
    enum ndr_kind kind;
    uint16_t offset; /* of the member */
    uint16_t other;  /* of the uint32_t that counts the elements of an array, or is the tag */
    const struct ndr_record *sub;
    const struct ndr_arm *arms; /* of a union, ended by a row without a record */
    uint32_t max;               /* elements on the wire; of a union the bytes of its tag, 2 or 4 */
    uint32_t announced;         /* size of a varying array on the wire; 0: as many as there are */
};

struct ndr_record {
    const struct ndr_field *fields;
    size_t count;
    size_t size; /* of the host struct */
};

/* A table as a record of `type`. */
#define NDR_RECORD(name, type, ...)                                                 \
    static const struct ndr_field name##_fields[] = {__VA_ARGS__};                  \
    static const struct ndr_record name = {name##_fields, ARRAY_LEN(name##_fields), \
                                           sizeof(struct type)}
/* One that a header declares for other files. */
#define NDR_EXTERN_RECORD(name, type, ...)                         \
    static const struct ndr_field name##_fields[] = {__VA_ARGS__}; \
    const struct ndr_record name = {name##_fields, ARRAY_LEN(name##_fields), sizeof(struct type)}
#define NDR_F(kind, type, member)                                \
    {                                                            \
        kind, offsetof(struct type, member), 0, NULL, NULL, 0, 0 \
    }
#define NDR_SUB(kind, type, member, sub)                           \
    {                                                              \
        kind, offsetof(struct type, member), 0, &(sub), NULL, 0, 0 \
    }
#define NDR_A(kind, type, member, counter, sub, max)                                              \
    {                                                                                             \
        kind, offsetof(struct type, member), offsetof(struct type, counter), &(sub), NULL, max, 0 \
    }
#define NDR_U(kind, type, member, tag, arms, tag_bytes)                                           \
    {                                                                                             \
        kind, offsetof(struct type, member), offsetof(struct type, tag), NULL, arms, tag_bytes, 0 \
    }

/* Parameters. False: malformed, or memory is out. `host` has record->size bytes. Bytes that are
   left over are nobody's concern ([MS-RPCE] 2.2.2.13: a verification trailer may follow). */
NODISCARD bool ndr_decode(const uint8_t *stub, size_t size, bool big_endian, struct arena *a,
                          const struct ndr_record *params, void *host);
/* Appends parameters to the builder, whose first byte is the stub's. Errors stick in it. */
void ndr_encode(struct builder *b, const struct ndr_record *params, const void *host);
/* How many bytes one struct takes, with all that it points to; for answers with a size limit. */
size_t ndr_size(const struct ndr_record *record, const void *host);

/* The record of a tag, or NULL. */
const struct ndr_record *ndr_arm_of(const struct ndr_arm *arms, uint32_t tag);

#endif
