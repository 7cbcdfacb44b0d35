// SPDX-License-Identifier: Apache-2.0
/*
 * Signals as something to be read from a descriptor instead of handlers that interrupt. Used by
 * net/loop.h; a program that runs the loop does not need this file.
 */
#ifndef PLAT_SIGNALS_H
#define PLAT_SIGNALS_H

#include "base/compiler.h"

#define SIGNALS_MAX 16

/* Blocks these signals in the calling thread (threads started later inherit that: call it before
   any) and returns a non-blocking descriptor that becomes readable when one arrives, or a negative
   errno. */
NODISCARD int signals_open(const int *signals, size_t n);
/* The next signal that arrived, or 0. */
NODISCARD int signals_next(int fd);
/* Closes it; the signals stay blocked (one that is pending must not kill the process on its way
   out). */
void signals_close(int fd);

#endif
