// SPDX-License-Identifier: Apache-2.0
/* What the files of QUERY_INFO share: one row for each class that we answer. */
#ifndef CORE_CMD_QUERY_INFO_H
#define CORE_CMD_QUERY_INFO_H

#include "core/request.h"
#include "wire/info.h"

/* What must be asked of the plugin before the class can be answered. */
enum query_source {
    QUERY_OPEN,    /* nothing */
    QUERY_ATTR,    /* r->op.attr */
    QUERY_STATFS,  /* r->op.statfs */
    QUERY_STREAMS, /* r->op.streams */
    QUERY_STREAM,  /* the same, when the open is one of a stream: how it is spelled */
    QUERY_EAS,     /* r->op.eas */
    QUERY_SD,      /* r->op.blob; nothing on a volume without descriptors */
    QUERY_CONTROL, /* r->op.quota_control */
    QUERY_QUOTAS,  /* by steps of its own */
};

struct query_class {
    uint8_t num;
    enum query_source source;
    /* Appends the whole record; the caller cuts it. BUFFER_OVERFLOW stands for a list that was cut
       between two records. */
    smbkit_status (*fill)(struct core_request *r, struct builder *b);
};

struct query_quota;

struct query_state {
    const struct wire_info_row *row;
    const struct query_class *cls;
    struct builder out;
    size_t len;              /* of the answer, at most what the client takes */
    struct query_quota *ask; /* QUERY_QUOTAS */
};

/* query_info_quota.c */
smbkit_status query_quotas_begin(struct core_request *r, struct query_state *s);
enum core_verdict query_quotas(struct core_request *r);
enum core_verdict query_quotas_answer(struct core_request *r);

/* query_info_ea.c */
smbkit_status query_fill_full_ea(struct core_request *r, struct builder *b);

/* NULL: a class that is known, but that we cannot answer. */
const struct query_class *query_file_class(uint8_t num);
const struct query_class *query_fs_class(uint8_t num);
extern const struct query_class query_security_class, query_quotas_class;

static inline const struct query_class *query_class_find(const struct query_class *rows, size_t n,
                                                         uint8_t num)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].num == num)
            return &rows[i];
    return NULL;
}

#endif
