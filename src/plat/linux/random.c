// SPDX-License-Identifier: Apache-2.0
/* plat/random.h over getrandom: no descriptor that a chroot or a full table could take away. */
#include "plat/random.h"
#include <errno.h>
#include <sys/random.h>

static bool fill_some(uint8_t *dst, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(dst, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        dst += got;
        n -= (size_t)got;
    }
    return true;
}

static void system_fill(void *ctx, void *dst, size_t n)
{
    /* It worked at the start; guessable keys would be worse than stopping. */
    ASSERT(fill_some(dst, n));
}

bool random_system(struct random_source *source)
{
    uint8_t probe[16];

    source->fill = system_fill;
    source->ctx = NULL;
    return fill_some(probe, sizeof(probe));
}
