// SPDX-License-Identifier: Apache-2.0
/*
 * The memory plugin linked into a program instead of loaded: for the tests of the layers above,
 * which need a file system that does everything (memory_plugin_dep in meson.build).
 */
#ifndef PLUGINS_MEMORY_MEMORY_H
#define PLUGINS_MEMORY_MEMORY_H

#include <smbkit/vfs.h>

extern const struct smbkit_plugin smbkit_plugin_memory;

#endif
