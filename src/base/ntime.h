// SPDX-License-Identifier: Apache-2.0
/* FILETIME: 100 ns units since 1601-01-01 UTC ([MS-DTYP] 2.3.3). */
#ifndef BASE_NTIME_H
#define BASE_NTIME_H

#include "base/compiler.h"

#define NTIME_UNIX_EPOCH 116444736000000000ull
#define NTIME_PER_S      10000000ull

/* From seconds and nanoseconds of the Unix epoch; times before 1601 give 0. */
uint64_t ntime_from_unix(int64_t sec, uint32_t nsec);
void ntime_to_unix(uint64_t nt, int64_t *sec, uint32_t *nsec);

#endif
