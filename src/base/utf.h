// SPDX-License-Identifier: Apache-2.0
/*
 * UTF-16LE of the wire to and from UTF-8 of the plugins, and the simple upper-case mapping that
 * Windows file systems compare names by.
 *
 * A lone surrogate is legal in an SMB file name: it becomes the three-byte form of WTF-8 and comes
 * back unchanged. UTF-8 from a plugin that is not (W)TF-8 is refused.
 */
#ifndef BASE_UTF_H
#define BASE_UTF_H

#include "base/arena.h"
#include "base/builder.h"

/* UTF-16LE bytes to a NUL-terminated (W)TF-8 string. An odd number of bytes and an embedded
   NUL code unit are refused. Returns NULL on that or when memory is out; *out_len excludes the
   terminator. */
NODISCARD char *utf16_to_utf8(struct arena *a, const void *utf16, size_t bytes, size_t *out_len);

/* Appends the UTF-16LE form; returns the number of bytes it takes, SIZE_MAX when the text is not
   valid or holds a NUL (then nothing is written). A builder that is full fails as usual, and the
   true length is returned. `b` may be NULL to measure. */
size_t utf8_to_utf16(struct builder *b, const char *text, size_t len);

/* One code unit, by the table of simple upper-case mappings of the BMP. */
uint16_t utf16_upcase(uint16_t unit);

/* Compares / hashes two (W)TF-8 names without regard to case, as upper-cased UTF-16 code units.
   Invalid bytes compare as themselves. utf8_casecmp orders by upper-cased code units. */
int utf8_casecmp(const char *a, size_t a_len, const char *b, size_t b_len);
uint64_t utf8_casehash(const char *s, size_t len);
/* `name` in a list of names, without regard to case: its spelling there, and its length. NULL when
   it is not in it. */
const char *utf8_list_find(const char *list, char separator, const char *name, size_t *len);
/* Decodes the next code point (lone surrogates allowed), advancing *s; -1 when invalid (then it
   advances by one byte) or at the end. */
int32_t utf8_next(const char **s, const char *end);
/* Is the whole string valid (W)TF-8 without NUL? */
bool utf8_valid(const char *s, size_t len);

#endif
