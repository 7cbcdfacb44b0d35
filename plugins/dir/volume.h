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

/* --- names.c --- */

/* The handle's name, with its folder referenced and locked. NULL: it has none (any more). */
struct dir_folder *dir_name_lock(struct dir_volume *v, struct dir_handle *h, char *name);
/* Does the disk have under this name what the handle was opened by? 0, or ENOENT. */
int dir_name_check(const struct dir_handle *h, const struct dir_folder *f, const char *name);
smbkit_status dir_check_empty(const struct dir_handle *h);
/* A name for a moment, that nobody else uses. */
void dir_own_name(const struct dir_volume *v, char name[FS_OWN_NAME_LEN + 1]);
/* Ends what changes a file: answers with its attributes as they are now, or with the failure. */
void dir_reply_attr(struct smbkit_op *op, struct dir_volume *v, struct dir_handle *h,
                    smbkit_status status);

#endif
