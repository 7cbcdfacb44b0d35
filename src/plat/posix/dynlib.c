// SPDX-License-Identifier: Apache-2.0
/* plat/dynlib.h over dlopen. */
#include "plat/dynlib.h"
#include "base/mem.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct dynlib {
    void *handle;
    char *path;
};

/* dlerror mostly begins with the path, but not always. */
static void describe(char error[DYNLIB_ERROR_MAX], const char *path, const char *what)
{
    if (what == NULL)
        what = "unknown error";
    if (strncmp(what, path, strlen(path)) == 0)
        snprintf(error, DYNLIB_ERROR_MAX, "cannot load %s", what);
    else
        snprintf(error, DYNLIB_ERROR_MAX, "cannot load %s: %s", path, what);
}

/* A name without a slash would be searched for in the system's library folders: a plugin is a file
   that the administrator named. */
static char *explicit_path(const char *path)
{
    size_t n = strlen(path) + 3;
    char *full;

    if (strchr(path, '/') != NULL)
        return mem_strdup(path);
    full = mem_alloc(n);
    if (full != NULL)
        snprintf(full, n, "./%s", path);
    return full;
}

struct dynlib *dynlib_open(const char *path, char error[DYNLIB_ERROR_MAX])
{
    struct dynlib *lib = mem_zalloc(sizeof(*lib));

    error[0] = 0;
    if (lib == NULL || (lib->path = explicit_path(path)) == NULL) {
        describe(error, path, "out of memory");
        mem_free(lib);
        return NULL;
    }
    lib->handle = dlopen(lib->path, RTLD_NOW | RTLD_LOCAL);
    if (lib->handle == NULL) {
        describe(error, lib->path, dlerror());
        mem_free(lib->path);
        mem_free(lib);
        return NULL;
    }
    return lib;
}

void *dynlib_symbol(struct dynlib *lib, const char *name, char error[DYNLIB_ERROR_MAX])
{
    void *sym;

    error[0] = 0;
    dlerror();
    sym = dlsym(lib->handle, name);
    if (sym == NULL)
        describe(error, lib->path, dlerror());
    return sym;
}

dynlib_function dynlib_function_symbol(struct dynlib *lib, const char *name,
                                       char error[DYNLIB_ERROR_MAX])
{
    void *sym = dynlib_symbol(lib, name, error);
    dynlib_function fn;

    /* POSIX promises that this works; the copy only keeps the compiler quiet about ISO C. */
    _Static_assert(sizeof(fn) == sizeof(sym), "POSIX");
    memcpy(&fn, &sym, sizeof(fn));
    return fn;
}

void dynlib_close(struct dynlib *lib)
{
    if (lib == NULL)
        return;
    dlclose(lib->handle);
    mem_free(lib->path);
    mem_free(lib);
}
