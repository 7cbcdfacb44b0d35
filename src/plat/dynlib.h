// SPDX-License-Identifier: Apache-2.0
/*
 * Loading of plugin files at run time. Threads: any, but the code that loads may run constructors,
 * so the server loads from one thread.
 */
#ifndef PLAT_DYNLIB_H
#define PLAT_DYNLIB_H

#include "base/compiler.h"

struct dynlib;

#define DYNLIB_ERROR_MAX 512

/* All symbols are resolved at once (a plugin with a missing symbol must fail here and not in the
   middle of a request) and stay private to the file. On failure NULL, and `error` says what went
   wrong with which file. */
NODISCARD struct dynlib *dynlib_open(const char *path, char error[DYNLIB_ERROR_MAX]);
/* NULL with a text in `error` when there is no such symbol. */
NODISCARD void *dynlib_symbol(struct dynlib *lib, const char *name, char error[DYNLIB_ERROR_MAX]);
/* The same for functions, which ISO C does not let one cast from void *. */
typedef void (*dynlib_function)(void);
NODISCARD dynlib_function dynlib_function_symbol(struct dynlib *lib, const char *name,
                                                 char error[DYNLIB_ERROR_MAX]);
/* Unmaps the code: nothing of it may be running or referenced any more. NULL is allowed. */
void dynlib_close(struct dynlib *lib);

#endif
