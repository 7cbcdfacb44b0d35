// SPDX-License-Identifier: Apache-2.0
/*
 * What happens when one of our own invariants is broken: say where, then stop. Going on with a
 * state that nobody thought of is worse than a restart. Threads: any.
 */
#include "base/compiler.h"

#include <stdio.h>
#include <stdlib.h>

void base_assert_failed(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, function, condition);
    fflush(stderr);
    abort();
}
