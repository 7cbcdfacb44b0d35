// SPDX-License-Identifier: Apache-2.0
/* FILETIME: 100 ns units since 1601-01-01 UTC ([MS-DTYP] 2.3.3). */
#ifndef BASE_NTIME_H
#define BASE_NTIME_H

#include "base/compiler.h"
#include <stdbool.h>

#define NTIME_UNIX_EPOCH 116444736000000000ull
#define NTIME_PER_S      10000000ull

/* From seconds and nanoseconds of the Unix epoch; times before 1601 give 0. */
uint64_t ntime_from_unix(int64_t sec, uint32_t nsec);
void ntime_to_unix(uint64_t nt, int64_t *sec, uint32_t *nsec);

/* "@GMT-2026.01.31-23.59.59", as clients name a snapshot ([MS-SMB2] 2.2.32.2), with its NUL. */
#define NTIME_TOKEN 25

/* Years above 9999 come out wrong, but in as many characters. */
void ntime_to_token(uint64_t nt, char token[NTIME_TOKEN]);
/* False: not a token, or not a time since 1601. */
bool ntime_from_token(const char *token, uint64_t *nt);

#endif
