// SPDX-License-Identifier: Apache-2.0
/*
 * The codecs that wire_info_fuzz drives, with the types of their functions erased. The first byte
 * of an input is the index of the codec: append only, or the seeds mean something else.
 */
#ifndef FUZZ_WIRE_INFO_FUZZ_H
#define FUZZ_WIRE_INFO_FUZZ_H

#include "wire/ea.h"
#include "wire/fsctl_dfs.h"
#include "wire/fsctl_file.h"
#include "wire/fsctl_reparse.h"
#include "wire/fsctl_srv.h"
#include "wire/info_dir.h"
#include "wire/info_file.h"
#include "wire/info_fs.h"
#include "wire/info_quota.h"
#include "wire/notify_rec.h"
#include "wire/sd.h"

/* Room for any of the structs. */
union wire_info_any {
    struct wire_info_all all;
    struct wire_dir_entry dir;
    struct wire_quota quota;
    struct wire_sd sd;
    struct wire_query_quota query_quota;
    struct wire_validate_negotiate_req negotiate;
    uint8_t bytes[512];
};

/* A single record, or (align != 0) the entry of a list. */
struct wire_info_codec {
    const char *name;
    bool (*decode)(struct cursor *c, struct arena *a, void *out);
    void (*encode)(struct builder *b, const void *in);
    bool (*next)(struct wire_chain_reader *r, struct arena *a, void *out);
    enum wire_fit (*add)(struct wire_chain *w, const void *in);
    size_t align;
};

extern const struct wire_info_codec wire_info_codecs[];
extern const size_t wire_info_codec_count;

#endif
