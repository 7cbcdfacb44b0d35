// SPDX-License-Identifier: Apache-2.0
/*
 * What an administrator orders through a pipe: ends of sessions, opens and shares. The one whose
 * request it is may be among them, so that they are marked at once, and end when no request is
 * under way: on a timer that is due at once.
 *
 *   marked --orders_run--> ended
 *
 * What is marked keeps working until then, but for a share: nobody finds it any more.
 */
#ifndef CORE_ORDERS_H
#define CORE_ORDERS_H

#include "base/list.h"
#include "base/timerq.h"

struct core;
struct core_open;
struct core_session;
struct core_share;

struct core_orders {
    struct timer timer;
    struct list shares; /* core_share.link, with the reference of the table that they were in */
};

void orders_init(struct core *c);
/* Ends what is marked. Not from inside a request. */
void orders_run(struct core *c);

/* False: it is marked already. */
bool orders_session(struct core_session *s);
bool orders_open(struct core *c, struct core_open *o);
void orders_share(struct core_share *s);

#endif
