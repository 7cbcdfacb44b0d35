// SPDX-License-Identifier: Apache-2.0
/*
 * Object ids ([MS-FSCC] 2.1.3) of volumes and files. Nothing keeps them: they are made of what
 * tells volumes and files apart anyway, so that they last as long as the plugin's file ids do.
 */
#ifndef CORE_CMD_OBJECT_ID_H
#define CORE_CMD_OBJECT_ID_H

#include "core/open.h"
#include "core/state.h"

/* The server's GUID, told apart by the volume's number. */
static inline struct guid object_id_of_volume(const struct core *c, const struct vfs_volume *v)
{
    struct guid g = c->config.server_guid;
    uint64_t id = vfs_volume_id(v);
    for (size_t i = 0; i < 8; i++)
        g.b[8 + i] ^= (uint8_t)(id >> (8 * i));
    return g;
}

/* ... and by the file's. */
static inline struct guid object_id_of_file(const struct core_open *o)
{
    struct guid g = object_id_of_volume(o->core, o->volume);
    for (size_t i = 0; i < 8; i++)
        g.b[i] ^= (uint8_t)(o->file_id >> (8 * i));
    return g;
}

#endif
