// SPDX-License-Identifier: Apache-2.0
#include "plat/heap.h"
#include "base/mem.h"
#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void heap_trim(void)
{
#ifdef __GLIBC__
    if (mem_is_libc())
        malloc_trim(0);
#endif
}
