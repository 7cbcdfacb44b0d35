// SPDX-License-Identifier: Apache-2.0
/*
 * Quotas: what the files of each owner take, and how much they may.
 *
 * Whose a node is, its security descriptor says ([MS-FSA] 2.1.1.1, QuotaInformation); what has none
 * is nobody's. Counted is what clients see as allocation, of all its streams; what the volume's own
 * size is charged with beyond that (names, tables, descriptors) is not the owner's matter. The
 * count is kept where allocations change (recharge in data.c), so that it is always right.
 *
 * A limit stops growth and nothing else: who is above it, because it was lowered or because his
 * files were there before, may still overwrite, cut and delete.
 *
 * There is one entry for each user, so that a list will do.
 */
#include "ram.h"
#include <string.h>

static uint64_t quota_cost(void)
{
    return sizeof(struct ram_quota) + RAM_INDEX_COST;
}

static uint64_t limit_of(const struct ram_quota *q, const struct ram_quotas *all)
{
    return q != NULL && q->own ? q->limit : all->control.default_limit;
}

/* Only tracked is not enforced, whatever else is set ([MS-FSCC] 2.5.2). */
static bool enforced(const struct ram_quotas *all)
{
    return (all->control.flags & (SMBKIT_QUOTA_TRACK | SMBKIT_QUOTA_ENFORCE)) ==
           SMBKIT_QUOTA_ENFORCE;
}

bool ram_quota_take(struct ram_quota *q, uint64_t bytes)
{
    if (q == NULL || bytes == 0)
        return true;
    uint64_t limit = limit_of(q, q->all);
    if (enforced(q->all) && limit != SMBKIT_QUOTA_NONE &&
        (q->used > limit || bytes > limit - q->used))
        return false;
    q->used += bytes;
    return true;
}

void ram_quota_give(struct ram_quota *q, uint64_t bytes)
{
    if (q != NULL)
        q->used -= bytes;
}

/* --- entries --- */

static struct ram_quota *quota_find(const struct ram_volume *v, const void *sid, size_t len)
{
    struct ram_quota *q = v->quotas.first;
    while (q != NULL && (q->sid_len != len || memcmp(q->sid, sid, len) != 0))
        q = q->next;
    return q;
}

static smbkit_status quota_make(struct ram_volume *v, const void *sid, size_t len,
                                struct ram_quota **out)
{
    struct ram_quotas *all = &v->quotas;
    *out = quota_find(v, sid, len);
    if (*out != NULL)
        return SMBKIT_STATUS_SUCCESS;
    if (len > RAM_SID_MAX)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    if (!ram_space_take(&v->space, quota_cost()))
        return SMBKIT_STATUS_DISK_FULL;
    struct ram_quota *q = smbkit_alloc(sizeof(*q));
    if (q == NULL) {
        ram_space_give(&v->space, quota_cost());
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    q->all = all;
    q->seq = ++all->last_seq;
    q->sid_len = (uint8_t)len;
    memcpy(q->sid, sid, len);
    if (all->last != NULL)
        all->last->next = q;
    else
        all->first = q;
    all->last = q;
    *out = q;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_payer_settle(struct ram_volume *v, struct ram_quota *payer)
{
    struct ram_quotas *all = &v->quotas;
    struct ram_quota *before = NULL, **p = &all->first;
    if (payer == NULL || payer->nodes > 0 || payer->own)
        return;
    while (*p != payer) {
        before = *p;
        p = &(*p)->next;
    }
    *p = payer->next;
    if (all->last == payer)
        all->last = before;
    smbkit_free(payer);
    ram_space_give(&v->space, quota_cost());
}

void ram_quotas_free(struct ram_volume *v)
{
    while (v->quotas.first != NULL) {
        v->quotas.first->own = false;
        ram_payer_settle(v, v->quotas.first);
    }
}

/* --- whose a node is --- */

#define SD_HEAD 20u

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

smbkit_status ram_payer_of(struct ram_volume *v, const void *sd, size_t len,
                           struct ram_quota **payer)
{
    const uint8_t *bytes = sd;
    *payer = NULL;
    if (len < SD_HEAD)
        return SMBKIT_STATUS_SUCCESS;
    uint32_t at = get32(bytes + 4); /* OffsetOwner: [MS-DTYP] 2.4.6 */
    if (at < SD_HEAD || at > len || len - at < 8 || bytes[at + 1] > 15 ||
        len - at < 8 + 4u * bytes[at + 1])
        return SMBKIT_STATUS_SUCCESS;
    return quota_make(v, bytes + at, 8 + 4u * bytes[at + 1], payer);
}

static uint64_t node_alloc(const struct ram_node *n)
{
    uint64_t sum = ram_is_dir(n) ? 0 : ram_data_alloc(&n->data);
    for (const struct ram_stream *s = n->streams; s != NULL; s = s->next)
        sum += ram_data_alloc(&s->data);
    return sum;
}

smbkit_status ram_payer_set(struct ram_volume *v, struct ram_node *n, struct ram_quota *payer)
{
    struct ram_quota *old = n->payer;
    if (old == payer)
        return SMBKIT_STATUS_SUCCESS;
    uint64_t bytes = node_alloc(n);
    if (!ram_quota_take(payer, bytes)) {
        ram_payer_settle(v, payer);
        return SMBKIT_STATUS_DISK_FULL;
    }
    ram_quota_give(old, bytes);
    if (payer != NULL)
        payer->nodes++;
    n->payer = payer;
    if (!ram_is_dir(n))
        n->data.payer = payer;
    for (struct ram_stream *s = n->streams; s != NULL; s = s->next)
        s->data.payer = payer;
    if (old != NULL)
        old->nodes--;
    ram_payer_settle(v, old);
    return SMBKIT_STATUS_SUCCESS;
}

void ram_quota_statfs(const struct ram_volume *v, const void *sid, size_t len,
                      struct smbkit_statfs *st)
{
    const struct ram_quota *q = quota_find(v, sid, len);
    uint64_t limit = limit_of(q, &v->quotas), used = q != NULL ? q->used : 0;
    st->device_free_bytes = st->free_bytes;
    if (len == 0 || !enforced(&v->quotas) || limit == SMBKIT_QUOTA_NONE)
        return;
    uint64_t left = limit > used ? limit - used : 0;
    if (limit < st->total_bytes)
        st->total_bytes = limit;
    if (left < st->free_bytes)
        st->free_bytes = left;
}

/* --- what clients see and set --- */

static bool add(struct smbkit_op *op, const struct ram_quota *q)
{
    const struct smbkit_quota x = {
        .sid = q->sid,
        .sid_len = q->sid_len,
        .used = q->used,
        .threshold = q->own ? q->threshold : q->all->control.default_threshold,
        .limit = limit_of(q, q->all),
        .change_time = q->change_time,
    };
    return smbkit_quota_add(op, &x, q->seq);
}

void ram_quotas(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args)
{
    struct ram_volume *v = vol;
    bool end = true;
    pthread_mutex_lock(&v->lock);
    if (args->sid != NULL) {
        const struct ram_quota *q = quota_find(v, args->sid, args->sid_len);
        if (q != NULL)
            end = add(op, q);
    } else {
        for (const struct ram_quota *q = v->quotas.first; q != NULL && end; q = q->next)
            if (q->seq > args->cookie)
                end = add(op, q);
    }
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_quotas(op, end);
}

static smbkit_status set_limits(struct ram_volume *v, const struct smbkit_quota *quota,
                                uint64_t now)
{
    struct ram_quota *q;
    if (quota->limit == SMBKIT_QUOTA_REMOVE) {
        q = quota_find(v, quota->sid, quota->sid_len);
        if (q == NULL)
            return SMBKIT_STATUS_NO_MATCH;
        q->own = false;
        q->change_time = now;
        ram_payer_settle(v, q);
        return SMBKIT_STATUS_SUCCESS;
    }
    smbkit_status status = quota_make(v, quota->sid, quota->sid_len, &q);
    if (status != SMBKIT_STATUS_SUCCESS)
        return status;
    q->own = true;
    q->threshold = quota->threshold;
    q->limit = quota->limit;
    q->change_time = now;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_set_quota(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota)
{
    struct ram_volume *v = vol;
    pthread_mutex_lock(&v->lock);
    smbkit_status status = set_limits(v, quota, smbkit_op_time(op));
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, status);
}

void ram_quota_control(struct smbkit_op *op, void *vol)
{
    struct ram_volume *v = vol;
    pthread_mutex_lock(&v->lock);
    struct smbkit_quota_control control = v->quotas.control;
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_quota_control(op, &control);
}

void ram_set_quota_control(struct smbkit_op *op, void *vol,
                           const struct smbkit_quota_control *control)
{
    struct ram_volume *v = vol;
    pthread_mutex_lock(&v->lock);
    v->quotas.control = *control;
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}
