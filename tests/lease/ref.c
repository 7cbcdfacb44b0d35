// SPDX-License-Identifier: Apache-2.0
/* See ref.h. */
#include "lease/ref.h"

#include "lease/lock.h"
#include "lease/oplock.h"
#include <string.h>

#define R LEASE_READ_CACHING
#define H LEASE_HANDLE_CACHING
#define W LEASE_WRITE_CACHING

#define READING  (LEASE_FILE_READ_DATA | LEASE_FILE_EXECUTE)
#define WRITING  (LEASE_FILE_WRITE_DATA | LEASE_FILE_APPEND_DATA)
#define COUNTING (READING | WRITING | LEASE_DELETE)
#define LOOKING  0x00100180u /* FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, SYNCHRONIZE */
#define CONTROL  0x00020000u /* READ_CONTROL */

void ref_init(struct ref *r)
{
    memset(r, 0, sizeof *r);
}

static bool is_lease(int grant)
{
    return grant >= CLIENTS * SLOTS;
}

static int owner_of(int grant)
{
    return is_lease(grant) ? (grant - CLIENTS * SLOTS) / KEYS : grant / SLOTS;
}

static uint8_t legal(uint32_t state)
{
    return state & R ? (uint8_t)state : 0;
}

/* ---------------------------------------------------------------- waiting */

static void enqueue(struct ref *r, int client, enum ref_wait why)
{
    int n = 0;
    for (int i = 0; i < CLIENTS; i++)
        if (r->queue[i] != 0 && r->queue[i] != client + 1)
            r->queue[n++] = r->queue[i];
    if (why != REF_NOT && why != REF_WOKEN)
        r->queue[n++] = (uint8_t)(client + 1);
    while (n < CLIENTS)
        r->queue[n++] = 0;
    r->clients[client].waits = (uint8_t)why;
}

static void end_wait(struct ref *r, int client, smbkit_status status, struct answer *out)
{
    int file = r->clients[client].step.file;
    enqueue(r, client, REF_NOT);
    memset(&r->clients[client].step, 0, sizeof r->clients[client].step);
    out->ended[file][out->ended_count[file]++] = (struct ended){(uint32_t)client + 1, status};
}

/* The lease that a waiting request has itself: it does not wait for that one. */
static int own_lease(const struct ref *r, int client)
{
    const struct step *s = &r->clients[client].step;
    if (s->kind == STEP_OPEN)
        return open_kinds[s->arg].lease ? LEASE_AT(client, open_kinds[s->arg].key) : -1;
    int g = r->opens[client][s->slot].grant_plus_1 - 1;
    return g >= 0 && is_lease(g) ? g : -1;
}

static bool must_wait(const struct ref *r, int client)
{
    for (int g = 0; g < GRANTS; g++)
        if (r->grants[g].used && r->grants[g].breaking &&
            r->grants[g].file == r->clients[client].step.file && g != own_lease(r, client))
            return true;
    return false;
}

/* Whoever has nothing to wait for any more is woken, the longest waiting first. */
static void wake(struct ref *r, uint8_t *woken, int *count)
{
    for (int i = 0; i < CLIENTS && r->queue[i] != 0;) {
        int client = r->queue[i] - 1;
        if (r->clients[client].waits != REF_BREAK || must_wait(r, client)) {
            i++;
            continue;
        }
        enqueue(r, client, REF_WOKEN);
        woken[(*count)++] = (uint8_t)client;
    }
}

/* ---------------------------------------------------------------- breaking */

/* [MS-FSA] 2.1.4.12: what the operation takes from a lease, and from an oplock. */
static uint32_t taken_from(bool lease, uint32_t state, int op)
{
    switch (op) {
    case LEASE_OP_OPEN: return lease ? W : state & W ? W | H : 0;
    case LEASE_OP_OVERWRITE: return lease ? R | W : R | W | H;
    case LEASE_OP_WRITE:
    case LEASE_OP_LOCK:
    case LEASE_OP_SIZE:
    case LEASE_OP_ZERO: return lease ? R | W : R | W | H;
    case LEASE_OP_CHANGED: return lease ? R | W : R | W | H;
    case LEASE_OP_RENAME:
    case LEASE_OP_LINK: return lease ? H : state & H ? R | W | H : 0;
    default: return lease ? H : 0; /* a sharing violation, a deletion, another descriptor */
    }
}

static bool writes(int op)
{
    return op == LEASE_OP_WRITE || op == LEASE_OP_LOCK || op == LEASE_OP_SIZE ||
           op == LEASE_OP_ZERO;
}

static void stop_breaking(struct ref *r, int g)
{
    for (int k = 0; k < GRANTS; k++)
        if (r->grants[k].turn > r->grants[g].turn && r->grants[g].turn > 0)
            r->grants[k].turn--;
    r->grants[g].turn = 0;
    r->grants[g].breaking = false;
}

static void start_breaking(struct ref *r, int g)
{
    uint8_t last = 0;
    for (int k = 0; k < GRANTS; k++)
        last = r->grants[k].turn > last ? r->grants[k].turn : last;
    r->grants[g].turn = (uint8_t)(last + 1);
    r->grants[g].breaking = true;
}

static void grant_begin(struct ref *r, int g, int file, uint8_t state)
{
    int n = 0;
    while (r->age[n] != 0)
        n++;
    r->age[n] = (uint8_t)(g + 1);
    r->grants[g] = (struct ref_grant){.used = true, .file = (uint8_t)file, .state = state};
}

static void grant_end(struct ref *r, int g)
{
    int n = 0;
    stop_breaking(r, g);
    memset(&r->grants[g], 0, sizeof r->grants[g]);
    for (int i = 0; i < GRANTS; i++)
        if (r->age[i] != 0 && r->age[i] != g + 1)
            r->age[n++] = r->age[i];
    while (n < GRANTS)
        r->age[n++] = 0;
}

static void notify(struct ref *r, int g, uint8_t to, struct answer *out)
{
    struct ref_grant *x = &r->grants[g];
    if (x->state & (W | H))
        start_breaking(r, g);
    out->told[g] =
        (struct notification){x->state, to, x->breaking, (uint8_t)(out->told[g].times + 1)};
    x->age = 0;
    x->told = to;
    if (x->breaking)
        return;
    x->state = to;
    x->taken = x->told = 0;
}

/* True: the operation must wait. `own` is a grant or -1, `access` counts for opens only. */
static bool take(struct ref *r, int file, int op, int own, uint32_t access, struct answer *out)
{
    bool opens = op == LEASE_OP_OPEN || op == LEASE_OP_OVERWRITE;
    bool wait = false;
    for (int i = 0; i < GRANTS && r->age[i] != 0; i++) { /* the oldest is told first */
        int g = r->age[i] - 1;
        struct ref_grant *x = &r->grants[g];
        if (x->file != file)
            continue;
        bool own_level2 = !is_lease(g) && x->state == R && writes(op);
        if ((g == own && !own_level2) ||
            (opens && !(access & ~(is_lease(g) ? LOOKING | CONTROL : LOOKING))))
            continue;
        uint8_t before = legal(x->state & (uint32_t)~x->taken);
        uint32_t takes = taken_from(is_lease(g), x->state, op);
        x->taken |= (uint8_t)(takes & x->state);
        uint8_t after = legal(x->state & (uint32_t)~x->taken);
        if (takes & x->state & (W | H))
            wait = true;
        if (before != after && !x->breaking) {
            x->epoch++;
            notify(r, g, after, out);
        } else if (!x->breaking) {
            x->taken = 0;
        }
    }
    return wait;
}

/* The client has given up all but `keeps`. Others may want more by now: then it is told again, to
   go down to R first. */
static void settle(struct ref *r, int g, uint8_t keeps, struct answer *out)
{
    struct ref_grant *x = &r->grants[g];
    x->state = keeps;
    x->taken &= keeps;
    stop_breaking(r, g);
    x->told = x->age = 0;
    uint8_t may = legal(keeps & (uint32_t)~x->taken);
    if (may != keeps)
        notify(r, g, keeps & (W | H) ? may | R : may, out);
    else
        x->taken = 0;
}

/* ---------------------------------------------------------------- locks */

static bool overlap(int a, int b)
{
    const struct range_kind *x = &ranges[a], *y = &ranges[b];
    return x->offset < y->offset + y->length && y->offset < x->offset + x->length;
}

/* [MS-FSA] 2.1.4.10. `excl`: an exclusive lock is wanted; `write`: a write, without a lock. */
static bool locked_out(const struct ref *r, int client, int slot, int range, bool excl, bool write)
{
    int file = r->opens[client][slot].file;
    for (int c = 0; c < CLIENTS; c++)
        for (int s = 0; s < SLOTS; s++)
            for (int i = 0; i < REF_LOCKS && r->opens[c][s].locks[i].count > 0; i++) {
                const struct ref_open *o = &r->opens[c][s];
                const struct ref_lock *l = &o->locks[i];
                bool own = c == client && s == slot;
                if (!o->used || o->file != file || !overlap(l->range_plus_1 - 1, range))
                    continue;
                if (excl || (l->exclusive ? !own : write))
                    return true;
            }
    return false;
}

static void hold(struct ref_open *o, int range, bool exclusive)
{
    struct ref_lock *l = NULL;
    for (int i = 0; i < REF_LOCKS; i++)
        if (o->locks[i].count > 0 && o->locks[i].range_plus_1 == range + 1 &&
            o->locks[i].exclusive == exclusive)
            l = &o->locks[i];
    for (int i = 0; i < REF_LOCKS && l == NULL; i++)
        if (o->locks[i].count == 0)
            l = &o->locks[i];
    *l = (struct ref_lock){(uint8_t)(range + 1), (uint8_t)(l->count + 1), exclusive};
}

/* Sorted, so that the order of taking leaves no trace. */
static void sort_locks(struct ref_open *o)
{
    for (int i = 0; i < REF_LOCKS; i++)
        for (int k = i + 1; k < REF_LOCKS; k++)
            if (memcmp(&o->locks[k], &o->locks[i], sizeof o->locks[0]) > 0) {
                struct ref_lock l = o->locks[i];
                o->locks[i] = o->locks[k];
                o->locks[k] = l;
            }
}

/* Something was unlocked. */
static void grant_locks(struct ref *r, int file, struct answer *out)
{
    for (int i = 0; i < CLIENTS && r->queue[i] != 0;) {
        int client = r->queue[i] - 1;
        const struct step s = r->clients[client].step;
        const struct lock_kind *k = &lock_kinds[s.arg];
        if (r->clients[client].waits != REF_LOCK || s.file != file ||
            locked_out(r, client, s.slot, k->range, k->exclusive, false)) {
            i++;
            continue;
        }
        hold(&r->opens[client][s.slot], k->range, k->exclusive);
        sort_locks(&r->opens[client][s.slot]);
        end_wait(r, client, SMBKIT_STATUS_SUCCESS, out);
    }
}

static smbkit_status try_lock(struct ref *r, int client, const struct step *s, struct answer *out)
{
    struct ref_open *o = &r->opens[client][s->slot];
    const struct lock_kind *k = &lock_kinds[s->arg];
    if (take(r, o->file, LEASE_OP_LOCK, o->grant_plus_1 - 1, 0, out)) {
        enqueue(r, client, REF_BREAK);
        return SMBKIT_STATUS_PENDING;
    }
    if (locked_out(r, client, s->slot, k->range, k->exclusive, false)) {
        if (!k->waits)
            return SMBKIT_STATUS_LOCK_NOT_GRANTED;
        enqueue(r, client, REF_LOCK);
        return SMBKIT_STATUS_PENDING;
    }
    hold(o, k->range, k->exclusive);
    sort_locks(o);
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status unlock(struct ref *r, const struct step *s, struct answer *out)
{
    struct ref_open *o = &r->opens[s->client][s->slot];
    struct ref_lock *found = NULL;
    for (int i = 0; i < REF_LOCKS; i++)
        if (o->locks[i].count > 0 && o->locks[i].range_plus_1 == s->arg + 1 &&
            (found == NULL || o->locks[i].exclusive))
            found = &o->locks[i];
    if (found == NULL)
        return SMBKIT_STATUS_RANGE_NOT_LOCKED;
    if (--found->count == 0)
        memset(found, 0, sizeof *found);
    sort_locks(o);
    grant_locks(r, o->file, out);
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- opening */

static bool denies(uint32_t access, uint32_t share)
{
    return ((access & READING) && !(share & LEASE_SHARE_READ)) ||
           ((access & WRITING) && !(share & LEASE_SHARE_WRITE)) ||
           ((access & LEASE_DELETE) && !(share & LEASE_SHARE_DELETE));
}

/* [MS-FSA] 2.1.5.1.2.2, open by open */
static bool shared_out(const struct ref *r, int file, uint32_t access, uint32_t share)
{
    for (int c = 0; c < CLIENTS; c++)
        for (int s = 0; s < SLOTS; s++) {
            const struct ref_open *o = &r->opens[c][s];
            if (o->used && o->file == file && (o->access & COUNTING) && (access & COUNTING) &&
                (denies(access, o->share) || denies(o->access, share)))
                return true;
        }
    return false;
}

static bool has_batch(const struct ref *r, int file)
{
    for (int g = 0; g < CLIENTS * SLOTS; g++)
        if (r->grants[g].used && r->grants[g].file == file && (r->grants[g].state & H))
            return true;
    return false;
}

/* [MS-FSA] 2.1.5.18.1, 2.1.5.18.2: may grant g of this file be `want`? */
static bool grantable(const struct ref *r, int g, int file, uint32_t want, int client, int slot)
{
    bool locks = false, others = false;
    for (int c = 0; c < CLIENTS; c++)
        for (int s = 0; s < SLOTS; s++) {
            const struct ref_open *o = &r->opens[c][s];
            if (!o->used || o->file != file)
                continue;
            locks = locks || o->locks[0].count > 0;
            bool same = (c == client && s == slot) || (is_lease(g) && o->grant_plus_1 == g + 1);
            if (!same && (o->grant_plus_1 != 0 || (o->access & ~LOOKING) != 0))
                others = true;
        }
    if (want & W ? others : locks)
        return false;
    if (is_lease(g) && (want & H) && r->delete_pending[file])
        return false;
    for (int k = 0; k < GRANTS; k++) {
        const struct ref_grant *x = &r->grants[k];
        if (k == g || !x->used || x->file != file)
            continue;
        if (x->state & W)
            return false;
        if (is_lease(g) ? (want & H) && !is_lease(k) && x->state != 0 : (x->state & H) != 0)
            return false;
    }
    return true;
}

static void grant_oplock(struct ref *r, int client, int slot, uint8_t level)
{
    struct ref_open *o = &r->opens[client][slot];
    int g = OPLOCK_AT(client, slot);
    uint8_t want = level == LEASE_OPLOCK_BATCH       ? R | W | H
                   : level == LEASE_OPLOCK_EXCLUSIVE ? R | W
                   : level == LEASE_OPLOCK_II        ? R
                                                     : 0;
    if ((want & W) && !grantable(r, g, o->file, want, client, slot))
        want = R;
    if (want == 0 || (want == R && !grantable(r, g, o->file, R, client, slot)))
        return;
    grant_begin(r, g, o->file, want);
    o->grant_plus_1 = (uint8_t)(g + 1);
}

static void grant_lease(struct ref *r, int client, int slot, uint8_t want, int key)
{
    struct ref_open *o = &r->opens[client][slot];
    int g = LEASE_AT(client, key);
    struct ref_grant *x = &r->grants[g];
    o->grant_plus_1 = (uint8_t)(g + 1);
    if (!x->used) {
        grant_begin(r, g, o->file, 0);
        const uint8_t tries[] = {want, want & (uint8_t)~W, want & R};
        for (int i = 0; i < 3 && x->state == 0; i++)
            if (legal(tries[i]) && grantable(r, g, o->file, tries[i], client, slot))
                x->state = tries[i];
        x->epoch = x->state != 0;
    } else if (!x->breaking && (want & x->state) == x->state && want != x->state &&
               grantable(r, g, o->file, want, client, slot)) {
        x->state = want;
        x->epoch++;
    }
}

/* [MS-SMB2] 3.3.5.9, [MS-FSA] 2.1.5.1.2, as core's CREATE does it: a batch oplock gives way before
   sharing is checked; kept handles give way to an open that they stand in the way of. */
static smbkit_status try_open(struct ref *r, int client, const struct step *s, struct answer *out)
{
    const struct open_kind *k = &open_kinds[s->arg];
    uint32_t access = k->access | (k->overwrites ? LEASE_FILE_WRITE_DATA : 0);
    int op = k->overwrites ? LEASE_OP_OVERWRITE : LEASE_OP_OPEN;
    int own = k->lease ? LEASE_AT(client, k->key) : -1;
    if (r->delete_pending[s->file])
        return SMBKIT_STATUS_DELETE_PENDING;
    if (own >= 0 && r->grants[own].used && r->grants[own].file != s->file)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    bool waits = has_batch(r, s->file) && take(r, s->file, op, own, access, out);
    bool violates = !waits && shared_out(r, s->file, access, k->share);
    if (violates)
        waits = take(r, s->file, LEASE_OP_SHARING, own, access, out);
    else if (!waits)
        waits = take(r, s->file, op, own, access, out);
    if (waits) {
        enqueue(r, client, REF_BREAK);
        return SMBKIT_STATUS_PENDING;
    }
    if (violates)
        return SMBKIT_STATUS_SHARING_VIOLATION;
    r->opens[client][s->slot] = (struct ref_open){.used = true,
                                                  .delete_on_close = k->delete_on_close,
                                                  .file = s->file,
                                                  .access = k->access,
                                                  .share = k->share};
    if (k->lease)
        grant_lease(r, client, s->slot, k->lease, k->key);
    else
        grant_oplock(r, client, s->slot, k->level);
    return SMBKIT_STATUS_SUCCESS;
}

/* ---------------------------------------------------------------- changing, closing */

static smbkit_status try_change(struct ref *r, int client, const struct step *s, struct answer *out)
{
    struct ref_open *o = &r->opens[client][s->slot];
    bool deletes = s->arg == LEASE_OP_DELETE;
    if (s->arg != UNDELETE && take(r, o->file, s->arg, o->grant_plus_1 - 1, 0, out)) {
        enqueue(r, client, REF_BREAK);
        return SMBKIT_STATUS_PENDING;
    }
    if ((deletes || s->arg == UNDELETE) && !(o->access & LEASE_DELETE))
        return SMBKIT_STATUS_ACCESS_DENIED;
    if (deletes || s->arg == UNDELETE)
        r->delete_pending[o->file] = deletes;
    return SMBKIT_STATUS_SUCCESS;
}

static void close_open(struct ref *r, const struct step *s, struct answer *out)
{
    struct ref_client *me = &r->clients[s->client];
    struct ref_open *o = &r->opens[s->client][s->slot];
    int file = o->file, g = o->grant_plus_1 - 1;
    if (o->delete_on_close) { /* [MS-FSA] 2.1.5.5 */
        (void)take(r, file, LEASE_OP_DELETE, g, 0, out);
        r->delete_pending[file] = true;
    }
    bool waited = me->waits == REF_LOCK && me->step.slot == s->slot;
    if (waited)
        enqueue(r, s->client, REF_NOT);
    memset(o, 0, sizeof *o);
    grant_locks(r, file, out);
    if (waited)
        end_wait(r, s->client, SMBKIT_STATUS_RANGE_NOT_LOCKED, out);
    bool last = true, used = false;
    for (int i = 0; i < CLIENTS * SLOTS; i++) {
        const struct ref_open *p = &r->opens[i / SLOTS][i % SLOTS];
        if (p->used && p->file == file)
            last = false;
        if (p->used && g >= 0 && p->grant_plus_1 == g + 1)
            used = true;
    }
    if (g >= 0 && !used)
        grant_end(r, g);
    if (last && r->delete_pending[file]) {
        r->delete_pending[file] = false;
        out->deleted[file] = true;
    }
}

/* ---------------------------------------------------------------- acknowledging */

static smbkit_status ack(struct ref *r, const struct step *s, struct answer *out)
{
    int g = s->slot;
    const struct ref_grant *x = &r->grants[g];
    uint8_t told = x->told;
    if (is_lease(g)) { /* [MS-SMB2] 3.3.5.22.2 */
        if (s->arg == ACK_TOO_MUCH)
            return SMBKIT_STATUS_REQUEST_NOT_ACCEPTED;
        settle(r, g, s->arg == ACK_TOLD ? told : 0, out);
        return SMBKIT_STATUS_SUCCESS;
    }
    if (s->arg == ACK_TOO_MUCH) { /* 3.3.5.22.1: a wrong level gives up all */
        settle(r, g, 0, out);
        return SMBKIT_STATUS_INVALID_OPLOCK_PROTOCOL;
    }
    uint8_t keeps = s->arg == ACK_TOLD ? told : 0;
    settle(r, g, keeps, out);
    out->level = keeps ? LEASE_OPLOCK_II : LEASE_OPLOCK_NONE;
    return SMBKIT_STATUS_SUCCESS;
}

/* Nobody has acknowledged in time: nothing is left (3.3.6.1, 3.3.6.5). Who was told first is first,
   and who waited for nothing else goes on first. */
static void tick(struct ref *r, uint8_t *woken, int *count, struct answer *out)
{
    for (int g = 0; g < GRANTS; g++)
        r->grants[g].age += r->grants[g].breaking;
    for (int turn = 1; turn <= GRANTS; turn++)
        for (int g = 0; g < GRANTS; g++)
            if (r->grants[g].turn == 1 && r->grants[g].age == 2) {
                settle(r, g, 0, out);
                wake(r, woken, count);
            }
}

/* ---------------------------------------------------------------- steps */

bool ref_possible(const struct ref *r, const struct step *s)
{
    const struct ref_client *me = &r->clients[s->client];
    const struct ref_open *o = s->slot < SLOTS ? &r->opens[s->client][s->slot] : NULL;
    bool any = false;
    switch ((enum step_kind)s->kind) {
    case STEP_OPEN: return me->waits == REF_NOT && !o->used;
    case STEP_CLOSE:
        return o->used &&
               (me->waits != REF_BREAK || me->step.kind == STEP_OPEN || me->step.slot != s->slot);
    case STEP_CHANGE:
    case STEP_LOCK:
    case STEP_UNLOCK: return me->waits == REF_NOT && o->used;
    case STEP_CANCEL: return me->waits != REF_NOT;
    case STEP_ACK: return r->grants[s->slot].breaking && owner_of(s->slot) == s->client;
    case STEP_TICK:
        for (int g = 0; g < GRANTS; g++)
            any = any || r->grants[g].breaking;
        return any;
    case STEP_NOISE:
        for (int g = 0; g < GRANTS; g++)
            any = any || (r->grants[g].used && r->grants[g].file == s->file);
        return any;
    }
    return false;
}

static smbkit_status attempt(struct ref *r, int client, const struct step *s, struct answer *out)
{
    if (s->kind == STEP_OPEN)
        return try_open(r, client, s, out);
    return s->kind == STEP_LOCK ? try_lock(r, client, s, out) : try_change(r, client, s, out);
}

static smbkit_status begin(struct ref *r, const struct step *s, struct answer *out)
{
    struct ref_client *me = &r->clients[s->client];
    me->step = *s;
    if (s->kind != STEP_OPEN)
        me->step.file = r->opens[s->client][s->slot].file;
    const struct step mine = me->step;
    smbkit_status st = attempt(r, s->client, &mine, out);
    if (st != SMBKIT_STATUS_PENDING)
        memset(&me->step, 0, sizeof me->step);
    return st;
}

void ref_apply(struct ref *r, const struct step *s, struct answer *out)
{
    uint8_t woken[CLIENTS * CLIENTS];
    int count = 0;
    memset(out, 0, sizeof *out);
    switch ((enum step_kind)s->kind) {
    case STEP_OPEN:
    case STEP_CHANGE:
    case STEP_LOCK: out->status = begin(r, s, out); break;
    case STEP_UNLOCK: out->status = unlock(r, s, out); break;
    case STEP_CLOSE: close_open(r, s, out); break;
    case STEP_CANCEL: end_wait(r, s->client, SMBKIT_STATUS_CANCELLED, out); break;
    case STEP_ACK: out->status = ack(r, s, out); break;
    case STEP_TICK: tick(r, woken, &count, out); break;
    case STEP_NOISE: (void)take(r, s->file, LEASE_OP_CHANGED, -1, 0, out); break;
    }
    wake(r, woken, &count);
    for (int i = 0; i < count; i++) {
        const struct step mine = r->clients[woken[i]].step;
        smbkit_status st = attempt(r, woken[i], &mine, out);
        if (st != SMBKIT_STATUS_PENDING)
            end_wait(r, woken[i], st, out);
    }
}

/* ---------------------------------------------------------------- what can be seen */

static void view_open(const struct ref *r, int c, int s, struct view_open *v)
{
    const struct ref_open *o = &r->opens[c][s];
    if (!o->used)
        return;
    v->attached = true;
    v->delete_pending = r->delete_pending[o->file];
    v->grant_plus_1 = o->grant_plus_1;
    for (int i = 0; i < REF_LOCKS; i++)
        v->lock_count += o->locks[i].count;
    for (int i = 0; i < RANGES; i++) {
        v->may_read[i] = !locked_out(r, c, s, i, false, false);
        v->may_write[i] = !locked_out(r, c, s, i, false, true);
    }
}

void ref_view(const struct ref *r, struct view *out)
{
    memset(out, 0, sizeof *out);
    for (int c = 0; c < CLIENTS; c++) {
        out->waits[c] = r->clients[c].waits != REF_NOT;
        for (int s = 0; s < SLOTS; s++)
            view_open(r, c, s, &out->opens[c][s]);
    }
    for (int g = 0; g < GRANTS; g++) {
        const struct ref_grant *x = &r->grants[g];
        out->grants[g] = (struct view_grant){x->used, x->breaking, x->state,
                                             x->breaking ? x->told : 0, x->epoch};
        if (x->breaking && (out->deadline == 0 || 2 - x->age < out->deadline))
            out->deadline = (uint8_t)(2 - x->age);
    }
}
