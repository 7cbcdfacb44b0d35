// SPDX-License-Identifier: Apache-2.0
/* What an administrator orders through a pipe: see orders.h. */
#include "core/orders.h"
#include "core/core.h"
#include "core/open.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"

static void soon(struct core *c)
{
    timerq_set(&c->timers, &c->orders.timer, c->now);
}

bool orders_session(struct core_session *s)
{
    bool first = !s->ordered;
    s->ordered = true;
    soon(s->core);
    return first;
}

bool orders_open(struct core *c, struct core_open *o)
{
    bool first = !o->ordered;
    o->ordered = true;
    soon(c);
    return first;
}

void orders_share(struct core_share *s)
{
    list_remove(&s->link);
    list_append(&s->core->orders.shares, &s->link);
    soon(s->core);
}

/* ---------------------------------------------------------------- carrying out */

static struct core_session *next_session(struct core *c)
{
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); n != NULL;
         n = htab_walk(&c->sessions, n)) {
        struct core_session *s = CONTAINER_OF(n, struct core_session, by_id);
        if (s->ordered)
            return s;
    }
    return NULL;
}

static bool find_open(struct core_open *o, void *arg)
{
    struct core_open **found = arg;
    if (!o->ordered)
        return true;
    o->ordered = false; /* it may be busy a while longer */
    *found = o;
    return false;
}

static struct core_open *next_open(struct core *c)
{
    struct core_open *o = NULL;
    open_walk(c, find_open, &o);
    return o;
}

void orders_run(struct core *c)
{
    struct core_session *s;
    struct core_open *o;
    struct list *node;
    timerq_cancel(&c->timers, &c->orders.timer);
    while ((node = list_pop(&c->orders.shares)) != NULL)
        share_leave(LIST_ENTRY(node, struct core_share, link));
    while ((s = next_session(c)) != NULL)
        core_session_close(c, s->id);
    while ((o = next_open(c)) != NULL)
        open_shut(o, NULL);
}

static void fires(struct timer *t)
{
    orders_run(CONTAINER_OF(t, struct core, orders.timer));
}

void orders_init(struct core *c)
{
    timer_init(&c->orders.timer, fires);
    list_init(&c->orders.shares);
}
