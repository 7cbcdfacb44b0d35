// SPDX-License-Identifier: Apache-2.0
/*
 * What a request may do with its open now. An open is granted rights once, for as long as it lives;
 * the share's settings may be replaced meanwhile by some that give less: one that is to be read
 * only is not written to through handles of before either.
 */
#ifndef CORE_RIGHTS_H
#define CORE_RIGHTS_H

#include "core/open.h"
#include "core/request.h"
#include "core/tree.h"
#include "wire/smb2.h"

static inline uint32_t request_access(const struct core_request *r)
{
    return r->open->access & (tree_maximal_access(r->tree) | ACCESS_SYSTEM_SECURITY);
}

/* For what needs no right of the open. */
static inline bool request_reads_only(const struct core_request *r)
{
    return !(tree_maximal_access(r->tree) & FILE_WRITE_DATA);
}

#endif
