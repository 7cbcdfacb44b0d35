// SPDX-License-Identifier: Apache-2.0
/* The list of codecs for wire_info_fuzz and wire_info_seeds. */
#include "wire_info_fuzz.h"

/* struct wire_<name> with wire_<name>_encode and _decode. */
#define RECORD(name)                                                     \
    static bool name##_dec(struct cursor *c, struct arena *a, void *out) \
    {                                                                    \
        return wire_##name##_decode(c, out);                             \
    }                                                                    \
    static void name##_enc(struct builder *b, const void *in)            \
    {                                                                    \
        wire_##name##_encode(b, in);                                     \
    }
/* The same with an arena. */
#define TEXT(name)                                                       \
    static bool name##_dec(struct cursor *c, struct arena *a, void *out) \
    {                                                                    \
        return wire_##name##_decode(c, a, out);                          \
    }                                                                    \
    static void name##_enc(struct builder *b, const void *in)            \
    {                                                                    \
        wire_##name##_encode(b, in);                                     \
    }
/* The two forms of one record. */
#define EX_PAIR(name, ...)                                                  \
    static bool name##_dec(struct cursor *c, struct arena *a, void *out)    \
    {                                                                       \
        return wire_##name##_decode(__VA_ARGS__, false);                    \
    }                                                                       \
    static void name##_enc(struct builder *b, const void *in)               \
    {                                                                       \
        wire_##name##_encode(b, in, false);                                 \
    }                                                                       \
    static bool name##_ex_dec(struct cursor *c, struct arena *a, void *out) \
    {                                                                       \
        return wire_##name##_decode(__VA_ARGS__, true);                     \
    }                                                                       \
    static void name##_ex_enc(struct builder *b, const void *in)            \
    {                                                                       \
        wire_##name##_encode(b, in, true);                                  \
    }
#define LIST(name)                                                                  \
    static bool name##_nxt(struct wire_chain_reader *r, struct arena *a, void *out) \
    {                                                                               \
        return wire_##name##_next(r, out);                                          \
    }                                                                               \
    static enum wire_fit name##_add(struct wire_chain *w, const void *in)           \
    {                                                                               \
        return wire_##name##_add(w, in);                                            \
    }
#define TEXT_LIST(name)                                                             \
    static bool name##_nxt(struct wire_chain_reader *r, struct arena *a, void *out) \
    {                                                                               \
        return wire_##name##_next(r, a, out);                                       \
    }                                                                               \
    static enum wire_fit name##_add(struct wire_chain *w, const void *in)           \
    {                                                                               \
        return wire_##name##_add(w, in);                                            \
    }
#define DIR(num)                                                                        \
    static bool dir##num##_nxt(struct wire_chain_reader *r, struct arena *a, void *out) \
    {                                                                                   \
        return wire_dir_next(r, a, num, out);                                           \
    }                                                                                   \
    static enum wire_fit dir##num##_add(struct wire_chain *w, const void *in)           \
    {                                                                                   \
        return wire_dir_add(w, num, in);                                                \
    }

RECORD(info_basic)
RECORD(info_standard)
RECORD(info_position)
RECORD(info_mode)
RECORD(info_disposition)
RECORD(info_disposition_ex)
RECORD(info_allocation)
RECORD(info_compression)
RECORD(info_network_open)
RECORD(info_pipe)
RECORD(info_pipe_local)
RECORD(info_fs_control)
RECORD(info_fs_object_id)
RECORD(info_fs_sector_size)
RECORD(query_quota)
RECORD(validate_negotiate_req)
RECORD(validate_negotiate_rsp)
RECORD(resume_key)
RECORD(set_sparse)
RECORD(zero_data)
RECORD(set_integrity)
RECORD(regions_req)
RECORD(object_id)
RECORD(reparse)
TEXT(info_name)
TEXT(info_all)
TEXT(info_fs_volume)
TEXT(info_fs_label)
TEXT(info_fs_attribute)
TEXT(pipe_wait)
TEXT(trim_req)
TEXT(regions_rsp)
TEXT(sd)
TEXT(dfs_rsp)
EX_PAIR(info_rename, c, a, out)
EX_PAIR(duplicate_extents, c, out)
EX_PAIR(dfs_req, c, a, out)
LIST(ea)
LIST(quota)
LIST(get_quota)
LIST(netif)
TEXT_LIST(info_stream)
TEXT_LIST(notify)
DIR(1)
DIR(2)
DIR(3)
DIR(12)
DIR(37)
DIR(38)
DIR(60)
DIR(63)
DIR(78)
DIR(79)
DIR(80)
DIR(81)

static bool copychunk_req_dec(struct cursor *c, struct arena *a, void *out)
{
    struct wire_copychunk_req *req = out;

    /* A count above the maximum comes without chunks, which cannot be written again. */
    return wire_copychunk_req_decode(c, a, req) && req->chunks != NULL;
}

static void copychunk_req_enc(struct builder *b, const void *in)
{
    wire_copychunk_req_encode(b, in);
}

static bool snapshots_dec(struct cursor *c, struct arena *a, void *out)
{
    struct wire_snapshots *s = out;
    bool ok = wire_snapshots_decode(c, a, s);

    s->total = s->returned; /* the others are not here to be written again */
    return ok;
}

static void snapshots_enc(struct builder *b, const void *in)
{
    wire_snapshots_encode(b, in, b->max);
}

struct get_ea {
    const char *name;
    size_t len;
};

static bool get_ea_nxt(struct wire_chain_reader *r, struct arena *a, void *out)
{
    struct get_ea *ea = out;

    return wire_get_ea_next(r, &ea->name, &ea->len);
}

static enum wire_fit get_ea_add(struct wire_chain *w, const void *in)
{
    const struct get_ea *ea = in;

    return wire_get_ea_add(w, ea->name, ea->len);
}

struct any_link {
    uint32_t tag;
    struct wire_symlink link;
};

static bool symlink_dec(struct cursor *c, struct arena *a, void *out)
{
    struct any_link *l = out;
    struct wire_reparse r;

    if (!wire_reparse_decode(c, &r))
        return false;
    l->tag = r.tag;
    return wire_symlink_decode(&r, a, &l->link);
}

static void symlink_enc(struct builder *b, const void *in)
{
    const struct any_link *l = in;

    wire_symlink_encode(b, &l->link, l->tag);
}

#define SINGLE(name)                                 \
    {                                                \
#name, name##_dec, name##_enc, NULL, NULL, 0 \
    }
#define MANY(name, align)                                \
    {                                                    \
#name, NULL, NULL, name##_nxt, name##_add, align \
    }

const struct wire_info_codec wire_info_codecs[] = {
    SINGLE(info_basic),
    SINGLE(info_standard),
    SINGLE(info_position),
    SINGLE(info_mode),
    SINGLE(info_disposition),
    SINGLE(info_disposition_ex),
    SINGLE(info_allocation),
    SINGLE(info_compression),
    SINGLE(info_network_open),
    SINGLE(info_pipe),
    SINGLE(info_pipe_local),
    SINGLE(info_fs_control),
    SINGLE(info_fs_object_id),
    SINGLE(info_fs_sector_size),
    SINGLE(query_quota),
    SINGLE(validate_negotiate_req),
    SINGLE(validate_negotiate_rsp),
    SINGLE(resume_key),
    SINGLE(set_sparse),
    SINGLE(zero_data),
    SINGLE(set_integrity),
    SINGLE(regions_req),
    SINGLE(object_id),
    SINGLE(reparse),
    SINGLE(info_name),
    SINGLE(info_all),
    SINGLE(info_fs_volume),
    SINGLE(info_fs_label),
    SINGLE(info_fs_attribute),
    SINGLE(pipe_wait),
    SINGLE(trim_req),
    SINGLE(regions_rsp),
    SINGLE(sd),
    SINGLE(info_rename),
    SINGLE(info_rename_ex),
    SINGLE(duplicate_extents),
    SINGLE(duplicate_extents_ex),
    SINGLE(copychunk_req),
    SINGLE(snapshots),
    SINGLE(symlink),
    MANY(ea, WIRE_EA_ALIGN),
    MANY(get_ea, WIRE_EA_ALIGN),
    MANY(quota, WIRE_QUOTA_ALIGN),
    MANY(get_quota, WIRE_GET_QUOTA_ALIGN),
    MANY(netif, WIRE_NETIF_ALIGN),
    MANY(info_stream, WIRE_STREAM_ALIGN),
    MANY(notify, WIRE_NOTIFY_ALIGN),
    MANY(dir1, WIRE_DIR_ALIGN),
    MANY(dir2, WIRE_DIR_ALIGN),
    MANY(dir3, WIRE_DIR_ALIGN),
    MANY(dir12, WIRE_DIR_ALIGN),
    MANY(dir37, WIRE_DIR_ALIGN),
    MANY(dir38, WIRE_DIR_ALIGN),
    MANY(dir60, WIRE_DIR_ALIGN),
    MANY(dir63, WIRE_DIR_ALIGN),
    MANY(dir78, WIRE_DIR_ALIGN),
    MANY(dir79, WIRE_DIR_ALIGN),
    MANY(dir80, WIRE_DIR_ALIGN),
    MANY(dir81, WIRE_DIR_ALIGN),
    SINGLE(dfs_req),
    SINGLE(dfs_req_ex),
    SINGLE(dfs_rsp),
};
const size_t wire_info_codec_count = ARRAY_LEN(wire_info_codecs);
