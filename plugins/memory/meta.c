// SPDX-License-Identifier: Apache-2.0
/*
 * What a node has besides its data: extended attributes, security descriptor, reparse data, and the
 * attributes that say how its data are kept.
 *
 * Extended attributes lie in one blob, one record after the other:
 *   flags (1 byte), length of the name (1), length of the value (2), name and NUL, value
 */
#include "ram.h"
#include <string.h>

/* --- blobs --- */

static uint64_t blob_cost(size_t len)
{
    return sizeof(struct ram_blob) + len + RAM_INDEX_COST;
}

static void blob_unref(struct ram_volume *v, struct ram_blob *b)
{
    if (b == NULL || --b->refs > 0)
        return;
    ram_space_give(&v->space, blob_cost(b->len));
    smbkit_free(b);
}

void ram_blob_drop(struct ram_volume *v, struct ram_blob **slot)
{
    blob_unref(v, *slot);
    *slot = NULL;
}

/* With one reference and without its bytes. */
static smbkit_status blob_new(struct ram_volume *v, size_t len, struct ram_blob **out)
{
    if (!ram_space_take(&v->space, blob_cost(len)))
        return SMBKIT_STATUS_DISK_FULL;
    *out = smbkit_alloc(sizeof(**out) + len);
    if (*out == NULL) {
        ram_space_give(&v->space, blob_cost(len));
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    (*out)->refs = 1;
    (*out)->len = (uint32_t)len;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status ram_blob_set(struct ram_volume *v, struct ram_blob **slot, const void *data,
                           size_t len)
{
    struct ram_blob *b = NULL;
    if (len > 0) {
        smbkit_status status = blob_new(v, len, &b);
        if (status != SMBKIT_STATUS_SUCCESS)
            return status;
        memcpy(b->data, data, len);
    }
    ram_blob_drop(v, slot);
    *slot = b;
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status ram_sd_set(struct ram_volume *v, struct ram_blob **slot, const void *sd, size_t len)
{
    struct ram_blob *last = v->last_sd;
    if (len == 0 || last == NULL || last->len != len || memcmp(last->data, sd, len) != 0) {
        smbkit_status status = ram_blob_set(v, slot, sd, len);
        if (status != SMBKIT_STATUS_SUCCESS || len == 0)
            return status;
        ram_blob_drop(v, &v->last_sd);
        v->last_sd = *slot;
        v->last_sd->refs++;
        return SMBKIT_STATUS_SUCCESS;
    }
    last->refs++;
    ram_blob_drop(v, slot);
    *slot = last;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_reply_blob(struct smbkit_op *op, struct ram_volume *v, struct ram_blob *b,
                    smbkit_status none)
{
    if (b != NULL)
        b->refs++;
    pthread_mutex_unlock(&v->lock);
    if (b == NULL) {
        smbkit_reply_status(op, none);
        return;
    }
    smbkit_reply_data(op, b->data, b->len);
    pthread_mutex_lock(&v->lock);
    blob_unref(v, b);
    pthread_mutex_unlock(&v->lock);
}

/* --- extended attributes --- */

#define EA_HEADER 4u

/* The record at `*at`, which moves on; false at the end. */
static bool ea_next(const struct ram_blob *b, size_t *at, struct smbkit_ea *ea)
{
    if (b == NULL || *at >= b->len)
        return false;
    const uint8_t *p = b->data + *at;
    size_t name_len = p[1];
    ea->flags = p[0];
    ea->value_len = (size_t)p[2] | (size_t)p[3] << 8;
    ea->name = (const char *)p + EA_HEADER;
    ea->value = p + EA_HEADER + name_len + 1;
    *at += EA_HEADER + name_len + 1 + ea->value_len;
    return true;
}

/* Writes a record, or only counts it when there is no blob. */
static void ea_put(struct ram_blob *b, size_t *at, const struct smbkit_ea *ea)
{
    size_t name_len = strlen(ea->name);
    if (b != NULL) {
        uint8_t *p = b->data + *at;
        p[0] = ea->flags;
        p[1] = (uint8_t)name_len;
        p[2] = (uint8_t)ea->value_len;
        p[3] = (uint8_t)(ea->value_len >> 8);
        memcpy(p + EA_HEADER, ea->name, name_len + 1);
        memcpy(p + EA_HEADER + name_len + 1, ea->value, ea->value_len);
    }
    *at += EA_HEADER + name_len + 1 + ea->value_len;
}

static bool ea_same(const char *a, const char *b)
{
    return smbkit_name_compare(a, strlen(a), b, strlen(b)) == 0;
}

/* The last word about a name in a list: a later entry wins. */
static const struct smbkit_ea *ea_wanted(const struct smbkit_ea *eas, size_t count,
                                         const char *name)
{
    while (count > 0)
        if (ea_same(eas[--count].name, name))
            return &eas[count];
    return NULL;
}

static bool ea_had(const struct ram_blob *old, const char *name)
{
    struct smbkit_ea ea;
    for (size_t at = 0; ea_next(old, &at, &ea);)
        if (ea_same(ea.name, name))
            return true;
    return false;
}

/* What `old` becomes by `eas`, written to `b` or counted. */
static size_t ea_merge(struct ram_blob *b, const struct ram_blob *old, const struct smbkit_ea *eas,
                       size_t count)
{
    struct smbkit_ea ea;
    size_t out = 0;
    for (size_t at = 0; ea_next(old, &at, &ea);) {
        const struct smbkit_ea *now = ea_wanted(eas, count, ea.name);
        if (now == NULL)
            now = &ea;
        if (now->value_len > 0)
            ea_put(b, &out, now);
    }
    for (size_t i = 0; i < count; i++)
        if (eas[i].value_len > 0 && ea_wanted(eas, count, eas[i].name) == &eas[i] &&
            !ea_had(old, eas[i].name))
            ea_put(b, &out, &eas[i]);
    return out;
}

/* The blob's records are as long as what the sum of smbkit_attr.ea_size counts for each. */
uint32_t ram_ea_size(const struct ram_node *n)
{
    return n->eas != NULL ? n->eas->len + 4 : 0;
}

void ram_get_eas(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    struct smbkit_ea ea;
    pthread_mutex_lock(&v->lock);
    for (size_t at = 0; ea_next(h->node->eas, &at, &ea);)
        if (!smbkit_ea_add(op, &ea))
            break;
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}

static smbkit_status set_eas(struct ram_volume *v, struct ram_node *n, const struct smbkit_ea *eas,
                             size_t count)
{
    struct ram_blob *b = NULL;
    size_t len = ea_merge(NULL, n->eas, eas, count);
    if (len > SMBKIT_EA_TOTAL_MAX)
        return SMBKIT_STATUS_EA_TOO_LARGE;
    if (len > 0) {
        smbkit_status status = blob_new(v, len, &b);
        if (status != SMBKIT_STATUS_SUCCESS)
            return status;
        ea_merge(b, n->eas, eas, count);
    }
    ram_blob_drop(v, &n->eas);
    n->eas = b;
    return SMBKIT_STATUS_SUCCESS;
}

void ram_set_eas(struct smbkit_op *op, void *vol, void *file, const struct smbkit_ea *eas,
                 size_t count)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    smbkit_status status = set_eas(v, h->node, eas, count);
    if (status == SMBKIT_STATUS_SUCCESS) {
        h->node->change_time = smbkit_op_time(op);
        h->node->attributes |= SMBKIT_ATTR_ARCHIVE;
    }
    ram_finish(op, v, h, status);
}

/* --- security descriptors --- */

void ram_get_sd(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    ram_reply_blob(op, v, h->node->sd, SMBKIT_STATUS_NOT_FOUND);
}

void ram_set_sd(struct smbkit_op *op, void *vol, void *file, const void *sd, size_t len)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    struct ram_quota *payer;
    struct ram_blob *blob = NULL;
    pthread_mutex_lock(&v->lock);
    smbkit_status status = ram_sd_set(v, &blob, sd, len);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = ram_payer_of(v, sd, len, &payer);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = ram_payer_set(v, h->node, payer);
    if (status == SMBKIT_STATUS_SUCCESS) {
        ram_blob_drop(v, &h->node->sd);
        h->node->sd = blob;
        blob = NULL;
    }
    ram_blob_drop(v, &blob);
    if (status == SMBKIT_STATUS_SUCCESS)
        h->node->change_time = smbkit_op_time(op);
    ram_finish(op, v, h, status);
}

/* --- sparse files --- */

void ram_set_sparse(struct smbkit_op *op, void *vol, void *file, bool sparse)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    uint32_t attributes = h->node->attributes & ~SMBKIT_ATTR_SPARSE;
    if (sparse)
        attributes |= SMBKIT_ATTR_SPARSE;
    if (attributes != h->node->attributes) {
        h->node->attributes = attributes | SMBKIT_ATTR_ARCHIVE;
        h->node->change_time = smbkit_op_time(op);
    }
    ram_finish(op, v, h, SMBKIT_STATUS_SUCCESS);
}

/* --- compressed files: nothing is, but what is marked so is known --- */

void ram_set_compression(struct smbkit_op *op, void *vol, void *file, bool on)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    if (h->stream != NULL) {
        h->stream->compressed = on;
    } else {
        h->node->attributes &= ~SMBKIT_ATTR_COMPRESSED;
        if (on)
            h->node->attributes |= SMBKIT_ATTR_COMPRESSED;
    }
    h->node->change_time = smbkit_op_time(op);
    ram_finish(op, v, h, SMBKIT_STATUS_SUCCESS);
}

/* --- reparse points --- */

uint32_t ram_reparse_tag(const struct ram_node *n)
{
    if (n->reparse == NULL)
        return 0;
    const uint8_t *p = n->reparse->data;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void ram_get_reparse(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    pthread_mutex_lock(&v->lock);
    ram_reply_blob(op, v, h->node->reparse, SMBKIT_STATUS_NOT_A_REPARSE_POINT);
}

void ram_set_reparse(struct smbkit_op *op, void *vol, void *file, const void *data, size_t len)
{
    struct ram_volume *v = vol;
    const struct ram_handle *h = file;
    struct ram_node *n = h->node;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    pthread_mutex_lock(&v->lock);
    if (h->entry == NULL)
        status = SMBKIT_STATUS_ACCESS_DENIED; /* the root leads nowhere else */
    else if (ram_is_dir(n) && n->dir->count > 0)
        status = SMBKIT_STATUS_DIRECTORY_NOT_EMPTY;
    else
        status = ram_blob_set(v, &n->reparse, data, len);
    if (status == SMBKIT_STATUS_SUCCESS) {
        n->attributes &= ~SMBKIT_ATTR_REPARSE_POINT;
        if (n->reparse != NULL)
            n->attributes |= SMBKIT_ATTR_REPARSE_POINT;
        n->attributes |= SMBKIT_ATTR_ARCHIVE;
        n->change_time = smbkit_op_time(op);
    }
    ram_finish(op, v, h, status);
}
