// SPDX-License-Identifier: Apache-2.0
/*
 * CREATE: application instances ([MS-SMB2] 3.3.5.9.13). An application that fails over to another
 * client takes its files from where it was before, without breaks and without waiting.
 */
#include "base/guid.h"
#include "base/mem.h"
#include "base/utf.h"
#include "core/batch.h"
#include "core/cmd/create.h"
#include "core/conn.h"
#include "core/share.h"
#include "core/tree.h"
#include <string.h>

#define READS (FILE_READ_DATA | FILE_READ_ATTRIBUTES | FILE_READ_EA | READ_CONTROL | SYNCHRONIZE)

static bool asked(const struct core_request *r, const struct create_state *s)
{
    return (s->ctxs.present & CREATE_CTX(APP_INSTANCE_ID)) &&
           request_conn(r)->dialect >= SMB2_DIALECT_300;
}

static bool versioned(const struct core_request *r, const struct create_state *s)
{
    return (s->ctxs.present & CREATE_CTX(APP_INSTANCE_VERSION)) &&
           request_conn(r)->dialect >= SMB2_DIALECT_311;
}

bool create_take_app_instance(struct core_request *r, struct create_state *s)
{
    if (!asked(r, s))
        return true;
    struct core_app_instance *a = mem_zalloc(sizeof *a);
    if (a == NULL)
        return false;
    a->id = s->ctxs.app_instance_id;
    a->client = request_conn(r)->client_guid;
    a->versioned = versioned(r, s);
    a->version_high = s->ctxs.app_instance_version_high;
    a->version_low = s->ctxs.app_instance_version_low;
    s->open->app = a;
    return true;
}

/* An open of the same instance, by the same name in the same share, of another client. */
static bool is_predecessor(const struct core_request *r, const struct create_state *s,
                           const struct core_open *o)
{
    const struct core_open *mine = s->open;
    if (o->app == NULL || (o->state != OPEN_LIVE && o->state != OPEN_KEPT))
        return false;
    return guid_equal(&o->app->id, &s->ctxs.app_instance_id) && o->volume == mine->volume &&
           !guid_equal(&o->app->client, &request_conn(r)->client_guid) &&
           utf8_casecmp(o->path, strlen(o->path), mine->path, strlen(mine->path)) == 0;
}

/* Has the open's application been started later than, or with, the one that comes? */
static bool is_newer(const struct core_request *r, const struct create_state *s,
                     const struct core_app_instance *a)
{
    if (!a->versioned)
        return false;
    if (!versioned(r, s))
        return true;
    uint64_t high = s->ctxs.app_instance_version_high;
    return a->version_high > high ||
           (a->version_high == high && a->version_low >= s->ctxs.app_instance_version_low);
}

static struct core_open *predecessor(const struct core_request *r, const struct create_state *s,
                                     const struct lease_node *n)
{
    LIST_FOREACH (it, &n->opens) {
        struct lease_open *lo = LIST_ENTRY(it, struct lease_open, in_node);
        struct core_open *o = CONTAINER_OF(lo, struct core_open, lease);
        if (is_predecessor(r, s, o))
            return o;
    }
    return NULL;
}

/* Looks anew after each: shutting one may end others. */
smbkit_status create_replace_app_instance(struct core_request *r, struct create_state *s,
                                          struct lease_node *n)
{
    struct core_open *o;
    if (!asked(r, s))
        return SMBKIT_STATUS_SUCCESS;
    while ((o = predecessor(r, s, n)) != NULL) {
        if (is_newer(r, s, o->app))
            return SMBKIT_STATUS_FILE_FORCED_CLOSED;
        if ((s->effective & tree_maximal_access(r->tree) & READS) != READS)
            break;
        open_shut(o, NULL);
    }
    return SMBKIT_STATUS_SUCCESS;
}
