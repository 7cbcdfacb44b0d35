// SPDX-License-Identifier: Apache-2.0
/* What several files of the dir plugin share beneath dir.h. */
#ifndef PLUGINS_DIR_VOLUME_H
#define PLUGINS_DIR_VOLUME_H

#include "dir.h"

#define DIR_TABLE_SIZE 4096u

static inline size_t dir_table_slot(dev_t dev, uint64_t inode)
{
    uint64_t x = (inode ^ ((uint64_t)dev << 40)) * 0x9e3779b97f4a7c15ull;
    return (size_t)(x >> 32) % DIR_TABLE_SIZE;
}

/* A copy. NULL: memory is out. */
char *dir_text(const char *text);
/* dir_folder_put with the volume's lock held. */
void dir_folder_put_locked(struct dir_folder *f);
/* dir_folder_ref with the volume's lock held; the folder may be idle. */
struct dir_folder *dir_folder_use_locked(struct dir_folder *f);
/* Drops the idle folder whose index was not used for longest, for its room; false: there is none.
   Without the volume's lock. */
bool dir_folders_shrink(struct dir_volume *v);

#endif
