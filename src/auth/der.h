// SPDX-License-Identifier: Apache-2.0
/*
 * As much of DER ([X690]) as SPNEGO needs: single-byte tags and definite lengths. Indefinite
 * lengths, tags above 30 and elements that reach past their parent are refused. The reader does not
 * recurse: the depth is that of the caller's code. Lengths longer than necessary are read (some
 * clients use BER) but never written.
 *
 * Ownership: what is read borrows the bytes of the cursor.
 */
#ifndef AUTH_DER_H
#define AUTH_DER_H

#include "auth/blob.h"
#include "base/builder.h"
#include "base/cursor.h"

#define DER_OCTET_STRING   0x04
#define DER_OID            0x06
#define DER_ENUMERATED     0x0a
#define DER_GENERAL_STRING 0x1b
#define DER_SEQUENCE       0x30
#define DER_APPLICATION(n) (0x60 | (n)) /* constructed */
#define DER_CONTEXT(n)     (0xa0 | (n)) /* constructed */

/* No token comes near it; keeps additions of lengths far from overflow. */
#define DER_LENGTH_MAX 0xffffffu

/* The next element: its tag, and its contents as a cursor of its own. False at the end, and when
   the element is malformed: then the cursor has failed. */
NODISCARD bool der_next(struct cursor *c, uint8_t *tag, struct cursor *body);
/* The next element must have that tag; anything else fails the cursor. */
NODISCARD bool der_expect(struct cursor *c, uint8_t tag, struct cursor *body);
/* The whole contents of `c` must be one element with that tag. */
NODISCARD bool der_only(struct cursor *c, uint8_t tag, struct auth_blob *contents);

/* What is written between begin and end becomes the contents. `mark` is what begin returned. */
size_t der_begin(struct builder *b, uint8_t tag);
void der_end(struct builder *b, size_t mark);
void der_bytes(struct builder *b, uint8_t tag, struct auth_blob contents);

#endif
