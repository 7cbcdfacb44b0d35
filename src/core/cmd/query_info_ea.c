// SPDX-License-Identifier: Apache-2.0
/*
 * QUERY_INFO of FileFullEaInformation ([MS-SMB2] 2.2.37, [MS-FSA] 2.1.5.12.12): the attributes that
 * a list names, or all from an index or from where the last answer ended.
 */
#include "base/utf.h"
#include "core/cmd/query_info.h"
#include "core/open.h"
#include "wire/ea.h"
#include <string.h>

static bool same_name(const char *a, size_t a_len, const char *b)
{
    return utf8_casecmp(a, a_len, b, strlen(b)) == 0;
}

static enum wire_fit add(struct wire_chain *out, const struct smbkit_ea *ea)
{
    struct wire_ea x = {
        .flags = ea->flags,
        .name = ea->name,
        .name_len = strlen(ea->name),
        .value = ea->value,
        .value_len = ea->value_len,
    };
    return wire_ea_add(out, &x);
}

/* Nothing that fits is TOO_SMALL, some of it OVERFLOW. */
static smbkit_status not_added(enum wire_fit fit, const struct wire_chain *out)
{
    if (fit != WIRE_FIT_FULL)
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    return out->count == 0 ? SMBKIT_STATUS_BUFFER_TOO_SMALL : SMBKIT_STATUS_BUFFER_OVERFLOW;
}

/* Those that were asked for by name; one that is not there is given without a value. */
static smbkit_status fill_named(struct core_request *r, struct wire_chain *out)
{
    const struct wire_blob *in = &r->in.query_info.input;
    struct wire_chain_reader list;
    struct cursor c;
    const char *name;
    size_t len;
    cursor_init(&c, in->data, in->len);
    wire_chain_open(&list, &c, WIRE_EA_ALIGN);
    for (unsigned n = 0; wire_get_ea_next(&list, &name, &len); n++) {
        const struct smbkit_ea none = {.name = arena_strndup(request_arena(r), name, len)};
        const struct smbkit_ea *ea = &none;
        if (none.name == NULL)
            return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
        if (n == WIRE_EA_LIST_MAX || !wire_ea_name_valid(name, len))
            return SMBKIT_STATUS_INVALID_EA_NAME;
        for (size_t i = 0; i < r->op.ea_count; i++)
            if (same_name(name, len, r->op.eas[i].name))
                ea = &r->op.eas[i];
        enum wire_fit fit = add(out, ea);
        if (fit != WIRE_FIT_OK)
            return not_added(fit, out);
    }
    return list.failed ? SMBKIT_STATUS_EA_LIST_INCONSISTENT : SMBKIT_STATUS_SUCCESS;
}

/* From `next` (Open.NextEaEntry) on. */
static smbkit_status fill_from(struct core_request *r, struct wire_chain *out, bool single)
{
    struct core_open *o = r->open;
    const struct vfs_op *op = &r->op;
    if (op->ea_count == 0)
        return SMBKIT_STATUS_NO_EAS_ON_FILE;
    if (o->next_ea >= op->ea_count)
        return SMBKIT_STATUS_NO_MORE_EAS;
    while (o->next_ea < op->ea_count) {
        enum wire_fit fit = add(out, &op->eas[o->next_ea]);
        if (fit != WIRE_FIT_OK)
            return not_added(fit, out);
        o->next_ea++;
        if (single)
            break;
    }
    return SMBKIT_STATUS_SUCCESS;
}

smbkit_status query_fill_full_ea(struct core_request *r, struct builder *b)
{
    const struct wire_query_info_req *q = &r->in.query_info;
    struct core_open *o = r->open;
    struct wire_chain out;
    wire_chain_init(&out, b, q->output_length, WIRE_EA_ALIGN);
    if (q->input.len > 0)
        return fill_named(r, &out);
    if (q->flags & SL_INDEX_SPECIFIED) {
        /* the first has the number 1 */
        if (q->additional_information == 0 || q->additional_information > r->op.ea_count)
            return SMBKIT_STATUS_NONEXISTENT_EA_ENTRY;
        o->next_ea = q->additional_information - 1;
    } else if (q->flags & SL_RESTART_SCAN) {
        o->next_ea = 0;
    }
    return fill_from(r, &out, (q->flags & SL_RETURN_SINGLE_ENTRY) != 0);
}
