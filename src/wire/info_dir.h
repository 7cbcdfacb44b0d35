// SPDX-License-Identifier: Apache-2.0
/*
 * Directory entries: the answers of QUERY_DIRECTORY ([MS-FSCC] 2.4.8, 2.4.10, 2.4.15, 2.4.18
 * to 2.4.24, 2.4.33). One struct for every class: the class takes the fields that it has.
 *
 *   struct wire_chain w;
 *   wire_chain_init(&w, builder, output_buffer_length, WIRE_DIR_ALIGN);
 *   while (more && wire_dir_add(&w, num, &entry) == WIRE_FIT_OK) ...
 *
 * w.count == 0 after WIRE_FIT_FULL: not even one entry fits.
 */
#ifndef WIRE_INFO_DIR_H
#define WIRE_INFO_DIR_H

#include "wire/info.h"

#define WIRE_DIR_ALIGN 8
/* An 8.3 name: 24 bytes of UTF-16. */
#define WIRE_SHORT_NAME_MAX 12

struct wire_dir_entry {
    uint32_t file_index;
    uint64_t creation_time;
    uint64_t last_access_time;
    uint64_t last_write_time;
    uint64_t change_time;
    uint64_t end_of_file;
    uint64_t allocation_size;
    uint32_t attributes;
    /* Classes without a field for the tag put it into EaSize when FILE_ATTRIBUTE_REPARSE_POINT is
     * set. */
    uint32_t ea_size;
    uint32_t reparse_tag;
    uint64_t file_id;
    uint8_t file_id128[16];
    const char *short_name; /* may be NULL when the length is 0 */
    size_t short_name_len;
    const char *name;
    size_t name_len;
};

bool wire_dir_class_known(uint8_t num);
/* Bytes before FileName. */
size_t wire_dir_fixed_size(uint8_t num);
/* Appends one entry. The class must be known and the same for a whole list. */
enum wire_fit wire_dir_add(struct wire_chain *w, uint8_t num, const struct wire_dir_entry *in);
/* Reads one entry. False at the end and on failure (r->failed). Fields that the class lacks are
 * zero. */
NODISCARD bool wire_dir_next(struct wire_chain_reader *r, struct arena *a, uint8_t num,
                             struct wire_dir_entry *out);

#endif
