// SPDX-License-Identifier: Apache-2.0
/*
 * Extended attributes: lists of FILE_FULL_EA_INFORMATION ([MS-FSCC] 2.4.16; also the
 * SMB2_CREATE_EA_BUFFER context) and of FILE_GET_EA_INFORMATION (2.4.16.1).
 *
 * Names are 8-bit ASCII on the wire and here; decoded names and values are borrowed from the input,
 * the name NUL-terminated there. A set request must be read to the end (wire_ea_list_check) before
 * anything is applied: a broken list gives STATUS_EA_LIST_INCONSISTENT and changes nothing.
 */
#ifndef WIRE_EA_H
#define WIRE_EA_H

#include "wire/info.h"

#define WIRE_EA_ALIGN    4
#define WIRE_EA_NAME_MAX 254
/* Of one list: the attack is a list of empty names that makes us look up thousands of attributes.
 */
#define WIRE_EA_LIST_MAX 1024

#define FILE_NEED_EA 0x80u

struct wire_ea {
    uint8_t flags;
    const char *name;
    size_t name_len;
    const uint8_t *value; /* in a set request value_len == 0 deletes the attribute */
    size_t value_len;
};

/* Is it a name that may be stored (not empty, ASCII, none of the characters of 2.4.16)? Else
   STATUS_INVALID_EA_NAME. The decoders do not check it. */
bool wire_ea_name_valid(const char *name, size_t len);
/* What the attribute takes in a list, without padding: EaSize of other classes is made of these. */
size_t wire_ea_size(const struct wire_ea *ea);

/* wire_chain, WIRE_EA_ALIGN. WIRE_FIT_BAD_TEXT: name empty or too long, or value over 65535 bytes.
 */
enum wire_fit wire_ea_add(struct wire_chain *w, const struct wire_ea *in);
NODISCARD bool wire_ea_next(struct wire_chain_reader *r, struct wire_ea *out);
/* Reads the whole list; *count is the number of attributes. False: STATUS_EA_LIST_INCONSISTENT;
 *then error_offset is where the first bad entry begins. */
NODISCARD bool wire_ea_list_check(const struct cursor *c, uint32_t *count, size_t *error_offset);

enum wire_fit wire_get_ea_add(struct wire_chain *w, const char *name, size_t name_len);
NODISCARD bool wire_get_ea_next(struct wire_chain_reader *r, const char **name, size_t *name_len);

#endif
