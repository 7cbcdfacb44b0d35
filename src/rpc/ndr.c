// SPDX-License-Identifier: Apache-2.0
/* What both directions of NDR share: alignment and arms. See ndr.h. */
#include "rpc/ndr_int.h"

size_t ndr_align_of_record(const struct ndr_record *r)
{
    size_t to = 1;
    for (size_t i = 0; i < r->count; i++)
        to = MAX(to, ndr_align_of(&r->fields[i]));
    return to;
}

size_t ndr_align_of(const struct ndr_field *f)
{
    switch (f->kind) {
    case NDR_U8:
    case NDR_RAW: return 1;
    case NDR_U16:
    case NDR_ENUM: return 2;
    case NDR_U64: return 8;
    case NDR_STRUCT: return ndr_align_of_record(f->sub);
    case NDR_UNION:
    case NDR_UNION_PTR: return f->max; /* its tag; the arm has its own ([C706] 14.3.8) */
    default: return 4;
    }
}

const struct ndr_record *ndr_arm_of(const struct ndr_arm *arms, uint32_t tag)
{
    for (const struct ndr_arm *a = arms; a->record != NULL; a++)
        if (a->tag == tag)
            return a->record;
    return NULL;
}

bool ndr_is_pointer(enum ndr_kind kind)
{
    return kind == NDR_USTR || kind == NDR_PTR || kind == NDR_WSTR || kind == NDR_SID ||
           kind == NDR_ARRAY || kind == NDR_VARYING;
}

bool ndr_is_varying(enum ndr_kind kind)
{
    return kind == NDR_VARYING || kind == NDR_VARYING_REF;
}
