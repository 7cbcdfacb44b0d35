// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds of wire_info_fuzz into a folder: one per codec, named after it. Usage:
 * wire_info_seeds <folder>
 */
#include "wire_info_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(s) (s), sizeof(s) - 1

static const struct wire_ace aces[] = {
    {.type = ACCESS_ALLOWED_ACE_TYPE,
     .flags = 3,
     .mask = FILE_ALL_ACCESS,
     .sid = {.authority = 5, .count = 2, .sub = {32, 544}}},
    {.type = ACCESS_DENIED_OBJECT_ACE_TYPE,
     .mask = 1,
     .object_flags = 3,
     .sid = {.authority = 1, .count = 1}},
    {.type = ACCESS_ALLOWED_CALLBACK_ACE_TYPE,
     .mask = 1,
     .sid = {.authority = 1, .count = 1},
     .data = (const uint8_t *)"artx",
     .data_len = 4},
    {.type = 0x77, .data = (const uint8_t *)"12345678", .data_len = 8},
};
static const struct wire_acl acl = {ACL_REVISION_DS, ARRAY_LEN(aces), (struct wire_ace *)aces};
static const struct wire_sd sd = {
    .control = SE_DACL_PRESENT | SE_SACL_PRESENT,
    .has_owner = true,
    .has_group = true,
    .owner = {.authority = 5, .count = 1, .sub = {18}},
    .group = {.authority = 1, .count = 1},
    .sacl = &acl,
    .dacl = &acl,
};
static const struct wire_info_all all = {.name = {TEXT_OF("\\a")}};
static const struct wire_info_name name = {TEXT_OF("a\xe2\x82\xac.txt")};
static const struct wire_info_rename rename_ = {.flags = 1, .name = "new name", .name_len = 8};
static const struct wire_info_fs_volume volume = {1, 2, true, TEXT_OF("label")};
static const struct wire_info_fs_attribute attribute = {3, 255, TEXT_OF("NTFS")};
static const struct wire_pipe_wait pipe_wait = {50, true, TEXT_OF("srvsvc")};
static const struct wire_range ranges[] = {{0, 4096}, {65536, 1}};
static const struct wire_trim_req trim = {0, 2, (struct wire_range *)ranges};
static const struct wire_region regions[] = {{0, 1, 1}, {1, 2, 2}};
static const struct wire_regions_rsp regions_rsp = {0, 2, 2, (struct wire_region *)regions};
static const struct wire_copychunk chunks[] = {{0, 0, 65536}, {65536, 65536, 1}};
static const struct wire_copychunk_req copychunk = {{1, 2, 3}, 2, (struct wire_copychunk *)chunks};
static const char *const tokens[] = {"@GMT-2026.01.31-23.59.59", "@GMT-2025.12.01-00.00.00"};
static const struct wire_snapshots snapshots = {.total = 2, .tokens = (const char **)tokens};
static const struct {
    uint32_t tag;
    struct wire_symlink link;
} link_ = {IO_REPARSE_TAG_SYMLINK, {1, TEXT_OF("..\\target"), TEXT_OF("target")}};
static const struct wire_validate_negotiate_req negotiate = {
    .dialect_count = 4, .dialects = {0x202, 0x210, 0x300, 0x302}};
static const struct wire_reparse reparse = {
    .tag = 0x100, .data = (const uint8_t *)"data", .data_len = 4};
static const struct wire_query_quota query_quota = {
    .has_start_sid = true, .start_sid = {.authority = 5, .count = 1, .sub = {18}}};
static const struct wire_ea ea = {0, TEXT_OF("NAME"), (const uint8_t *)"value", 5};
static const struct {
    const char *name;
    size_t len;
} get_ea = {TEXT_OF("NAME")};
static const struct wire_quota quota = {1, 2, 3, 4, {.authority = 5, .count = 1, .sub = {18}}};
static const struct wire_netif netif = {1, 1, 1000, WIRE_FAMILY_INET6, {0xfe, 0x80}};
static const struct wire_info_stream stream = {1, 4096, TEXT_OF(":stream:$DATA")};
static const struct wire_notify notify = {FILE_ACTION_ADDED, TEXT_OF("dir\\file")};
static const struct wire_dir_entry dir = {
    .attributes = FILE_ATTRIBUTE_ARCHIVE,
    .ea_size = 1,
    .file_id = 2,
    .short_name = "LONGNA~1.TXT",
    .short_name_len = 12,
    .name = "long name.txt",
    .name_len = 13,
};
static const struct wire_dfs_req dfs_req = {4, TEXT_OF("\\server\\share\\link"), true,
                                            TEXT_OF("site")};
static const struct wire_dfs_target dfs_targets[] = {{TEXT_OF("\\one\\share")},
                                                     {TEXT_OF("\\two\\share\\sub")}};
static const struct wire_dfs_rsp dfs_rsp = {
    .path_consumed = 36,
    .flags = DFS_STORAGE_SERVERS,
    .version = 4,
    .ttl = 300,
    .path = "\\server\\share\\link",
    .path_len = 18,
    .targets = dfs_targets,
    .count = 2,
};

/* A codec without a sample gets a record of zeros. */
static const struct {
    const char *codec;
    const void *sample;
} samples[] = {
    {"sd", &sd},
    {"info_all", &all},
    {"info_name", &name},
    {"info_fs_label", &name},
    {"info_rename", &rename_},
    {"info_rename_ex", &rename_},
    {"info_fs_volume", &volume},
    {"info_fs_attribute", &attribute},
    {"pipe_wait", &pipe_wait},
    {"trim_req", &trim},
    {"regions_rsp", &regions_rsp},
    {"copychunk_req", &copychunk},
    {"snapshots", &snapshots},
    {"dfs_req", &dfs_req},
    {"dfs_req_ex", &dfs_req},
    {"dfs_rsp", &dfs_rsp},
    {"symlink", &link_},
    {"validate_negotiate_req", &negotiate},
    {"reparse", &reparse},
    {"query_quota", &query_quota},
    {"ea", &ea},
    {"get_ea", &get_ea},
    {"quota", &quota},
    {"get_quota", &wire_sid_local_system},
    {"netif", &netif},
    {"info_stream", &stream},
    {"notify", &notify},
    {"dir", &dir}, /* of every class */
};

static const void *sample_of(const char *codec)
{
    static const union wire_info_any zero;
    size_t i;

    for (i = 0; i < ARRAY_LEN(samples); i++)
        if (strcmp(codec, samples[i].codec) == 0 ||
            (strncmp(codec, "dir", 3) == 0 && strcmp(samples[i].codec, "dir") == 0))
            return samples[i].sample;
    return &zero;
}

static void write_seed(const char *folder, size_t index)
{
    const struct wire_info_codec *codec = &wire_info_codecs[index];
    const void *sample = sample_of(codec->name);
    struct wire_chain w;
    struct builder b;
    char path[4096];
    FILE *f;
    int i;

    builder_init_grow(&b, 1u << 20);
    builder_u8(&b, (uint8_t)index);
    if (codec->align == 0)
        codec->encode(&b, sample);
    wire_chain_init(&w, &b, 1u << 19, codec->align == 0 ? 1 : codec->align);
    for (i = 0; codec->align != 0 && i < 2; i++)
        ASSERT(codec->add(&w, sample) == WIRE_FIT_OK);
    ASSERT(!builder_failed(&b));
    snprintf(path, sizeof(path), "%s/%s", folder, codec->name);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(b.data, 1, b.len, f) != b.len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
    builder_free(&b);
}

int main(int argc, char **argv)
{
    size_t i;

    if (argc != 2) {
        fprintf(stderr, "usage: %s <folder>\n", argv[0]);
        return 2;
    }
    for (i = 0; i < wire_info_codec_count; i++)
        write_seed(argv[1], i);
    return 0;
}
