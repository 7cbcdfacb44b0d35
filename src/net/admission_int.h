// SPDX-License-Identifier: Apache-2.0
/* Between listeners, transports and the limits. Inside src/net only. */
#ifndef NET_ADMISSION_INT_H
#define NET_ADMISSION_INT_H

#include "net/listener.h"

/* Counts a connection from there. False: a limit is reached, or memory is out. */
NODISCARD bool admission_enter(struct admission *a, const struct net_addr *addr);
void admission_leave(struct admission *a, const struct net_addr *addr);

#endif
