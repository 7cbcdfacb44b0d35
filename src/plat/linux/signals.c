// SPDX-License-Identifier: Apache-2.0
/* plat/signals.h over signalfd. */
#include "plat/signals.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(const int *signals, size_t n)
{
    sigset_t set;
    int fd, rc;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        if (sigaddset(&set, signals[i]) != 0)
            return -EINVAL;
    /* Blocked first: one that arrives in between waits for the descriptor. */
    rc = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (rc != 0)
        return -rc;
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int signals_next(int fd)
{
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof(info)) != sizeof(info))
        return 0;
    return (int)info.ssi_signo;
}

void signals_close(int fd)
{
    close(fd);
}
