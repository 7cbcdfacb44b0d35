// SPDX-License-Identifier: Apache-2.0
/*
 * What an administrator orders: the end of a session or of an open ([MS-SMB2] 3.3.4.12, 3.3.4.17).
 * Called by the host from its loop, never from inside a request.
 */
#include "core/core.h"
#include "core/durable.h"
#include "core/open.h"
#include "core/session.h"
#include "core/state.h"

static struct core_session *session_by_id(const struct core *c, uint64_t id)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    for (struct htab_node *n = htab_first(&c->sessions, hash_u64(id)); n != NULL;
         n = htab_next(n)) {
        struct core_session *s = CONTAINER_OF(n, struct core_session, by_id);
        if (s->id == id)
            return s;
    }
    return NULL;
}

bool core_session_exists(const struct core *c, uint64_t id)
{
    return session_by_id(c, id) != NULL;
}

bool core_session_close(struct core *c, uint64_t id)
{
    struct core_session *s = session_by_id(c, id);
    if (s == NULL)
        return false;
    /* every open is closed (3.3.4.12): nothing is kept for the client to come back */
    for (struct htab_node *n = htab_walk(&s->opens, NULL); n != NULL; n = htab_walk(&s->opens, n))
        durable_forget(CONTAINER_OF(n, struct core_open, by_id));
    session_end(s);
    return true;
}

static struct core_open *open_in(const struct htab *table, uint64_t id)
{
    for (struct htab_node *n = htab_walk(table, NULL); n != NULL; n = htab_walk(table, n)) {
        struct core_open *o = CONTAINER_OF(n, struct core_open, by_id);
        if (o->persistent_id == id)
            return o;
    }
    return NULL;
}

/* There is no table of all opens: only this, which is rare, would use one. */
static struct core_open *open_by_id(const struct core *c, uint64_t id)
{
    MAGIC_CHECK(c, CORE_MAGIC);
    struct core_open *o = open_in(&c->kept, id);
    for (struct htab_node *n = htab_walk(&c->sessions, NULL); o == NULL && n != NULL;
         n = htab_walk(&c->sessions, n))
        o = open_in(&CONTAINER_OF(n, struct core_session, by_id)->opens, id);
    return o;
}

bool core_open_exists(const struct core *c, uint64_t id)
{
    return open_by_id(c, id) != NULL;
}

bool core_open_close(struct core *c, uint64_t id)
{
    struct core_open *o = open_by_id(c, id);
    if (o == NULL)
        return false;
    open_shut(o, NULL);
    return true;
}
