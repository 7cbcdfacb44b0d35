// SPDX-License-Identifier: Apache-2.0
/* What the C library's allocator keeps of the system's memory. */
#ifndef PLAT_HEAP_H
#define PLAT_HEAP_H

/* Gives back what is kept of freed memory. Takes some milliseconds for each 100 MB, and who
   allocates meanwhile may wait as long. Any thread. With hooks (mem.h), or another C library,
   nothing. */
void heap_trim(void);

#endif
