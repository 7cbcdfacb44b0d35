// SPDX-License-Identifier: Apache-2.0
/*
 * The information classes of QUERY_INFO, SET_INFO and QUERY_DIRECTORY ([MS-FSCC] 2.4, 2.5) and what
 * every one of their codecs shares.
 *
 * The codecs, both directions (the server encodes what it answers and decodes what is set; the
 * bench client, the simulator and the fuzzers do the reverse): info_file.h  file classes info_dir.h
 * directory entries     info_fs.h   volume classes info_quota.h quota records        ea.h extended
 * attributes   sd.h        security descriptors notify_rec.h change notifications fsctl_*.h control
 * codes
 *
 * Encoders append the WHOLE record to a builder, in which 0 of the record is the builder's length
 * at the call; the caller truncates (STATUS_BUFFER_OVERFLOW rules belong to the core). Text that is
 * not (W)TF-8 makes the builder fail. Decoders return false for a record that is too short or
 * inconsistent, or when the arena is full; bytes after the record are ignored. Reserved fields are
 * written as zero and ignored when read.
 *
 * Names are (W)TF-8 in our structs and UTF-16LE on the wire; a decoded name lives in the arena and
 * is NUL-terminated. A NUL inside a name is refused. Pure functions: no state, any thread.
 */
#ifndef WIRE_INFO_H
#define WIRE_INFO_H

#include "base/arena.h"
#include "base/builder.h"
#include "base/cursor.h"
#include "wire/smb2.h"

/* The class numbers, named as in the specifications. */
enum wire_info_class {
#define X(type, num, NAME, ...) NAME = num,
#include "wire/tables/info.def"
#undef X
};

enum wire_info_flags {
    WIRE_INFO_QUERY = 1 << 0,
    WIRE_INFO_SET = 1 << 1,
    WIRE_INFO_DIR = 1 << 2,      /* QUERY_DIRECTORY */
    WIRE_INFO_VARIABLE = 1 << 3, /* more may follow the fixed part: it can be cut off */
    WIRE_INFO_LOCAL = 1 << 4,    /* known, but not served over the network */
};

struct wire_info_row {
    uint8_t type;
    uint8_t num;   /* class number */
    uint8_t flags; /* enum wire_info_flags */
    uint16_t query_min;
    uint16_t set_min;
    uint32_t query_access; /* all of these must have been granted */
    uint32_t set_access;
    const char *name;    /* of the specification */
    const char *section; /* of [MS-FSCC] */
};

/* The row, or NULL when no document knows the class (STATUS_INVALID_INFO_CLASS; a row that lacks
   the flag for the operation gives STATUS_NOT_SUPPORTED: [MS-SMB2] 3.3.5.20.1). The class is
   ignored for SECURITY and QUOTA. */
const struct wire_info_row *wire_info_find(uint8_t info_type, uint8_t num);
/* All rows, in the order of the table. */
const struct wire_info_row *wire_info_rows(size_t *count);

/* Codec prototypes of a record without a variable part: struct wire_<name> to and from the wire. */
#define WIRE_RECORD_DECL(name)                                                  \
    void wire_##name##_encode(struct builder *b, const struct wire_##name *in); \
    NODISCARD bool wire_##name##_decode(struct cursor *c, struct wire_##name *out)

/* What became of an entry that was to be appended to a list. */
enum wire_fit {
    WIRE_FIT_OK,
    WIRE_FIT_FULL,     /* does not fit in what is left: nothing was written, the list is complete */
    WIRE_FIT_BAD_TEXT, /* a name is not (W)TF-8 or too long for its field: nothing was written */
    WIRE_FIT_NO_MEMORY, /* the builder has failed: give the list up */
};

/*
 * A list whose entries begin with NextEntryOffset. Between entries lies padding to `align`, counted
 * from the start of the list; none follows the last one. The writer patches the link of the
 * previous entry only when the next one fits.
 */
struct wire_chain {
    struct builder *b;
    size_t start; /* of the list, in b */
    size_t last;  /* of the newest entry, in b; SIZE_MAX: none yet */
    size_t max;   /* bytes that the whole list may take */
    size_t align;
    uint32_t count;
};

void wire_chain_init(struct wire_chain *w, struct builder *b, size_t max, size_t align);
/* Makes room for an entry of `size` bytes (its NextEntryOffset, which is set to zero, included).
   `entry` writes what follows NextEntryOffset; the bytes are zero. It must not outlive the next
   write to w->b. */
enum wire_fit wire_chain_add(struct wire_chain *w, size_t size, struct builder *entry);

/*
 * Reads such a list. A link that points backwards, into the entry's own header, past the end, or
 * off the alignment (at least 4) makes the reader fail, so that the number of entries is bounded by
 * the size of the input.
 */
#define WIRE_CHAIN_MIN 5

struct wire_chain_reader {
    struct cursor c;
    size_t align;
    bool done;
    bool failed;
};

/* Reads from c's position to its end. No bytes at all is an empty list. */
void wire_chain_open(struct wire_chain_reader *r, const struct cursor *c, size_t align);
/* The bytes of the next entry without its NextEntryOffset, as a cursor. False at the end of the
   list and on failure (r->failed). */
NODISCARD bool wire_chain_next(struct wire_chain_reader *r, struct cursor *entry);

/* `bytes` bytes of UTF-16LE as text in the arena; the cursor fails when they are not there, are
   odd, or hold a NUL. */
NODISCARD bool wire_text_take(struct cursor *c, struct arena *a, size_t bytes, const char **text,
                              size_t *len);
/* Bytes of the UTF-16LE form; SIZE_MAX: not (W)TF-8. */
size_t wire_text_size(const char *text, size_t len);
/* Appends the UTF-16LE form and returns its size; makes the builder fail when the text is not
   (W)TF-8. */
size_t wire_text_put(struct builder *b, const char *text, size_t len);

#endif
