// SPDX-License-Identifier: Apache-2.0
/* The null plugin linked into a program instead of loaded: for its test. */
#ifndef PLUGINS_NULL_NULL_H
#define PLUGINS_NULL_NULL_H

#include <smbkit/vfs.h>

extern const struct smbkit_plugin smbkit_plugin_null;

#endif
