// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds of conn_fuzz into a folder: for each command sound requests on a file and a
 * folder that a CREATE before them opens, alone, in compounds, sealed, with a late plugin.
 *
 *   conn_seeds FOLDER
 */
#include "base/utf.h"
#include "wire/codec.h"
#include "wire/fsctl.h"
#include "wire/info_file.h"
#include <stdio.h>
#include <string.h>

/* what the two CREATEs before get */
#define FIRST \
    {         \
        1, 1  \
    }
#define NO_FILE                \
    {                          \
        UINT64_MAX, UINT64_MAX \
    }
#define SECOND \
    {          \
        2, 2   \
    }

static const uint8_t name_f[] = {'f', 0}, name_d[] = {'d', 0}, star[] = {'*', 0};
static const uint8_t data[40] = "some bytes that are written";
/* version 4, "\s\data\l\f" and its end */
static const uint8_t referral[] = {4, 0,   '\\', 0,    's', 0,   '\\', 0,    'd', 0,   'a', 0, 't',
                                   0, 'a', 0,    '\\', 0,   'l', 0,    '\\', 0,   'f', 0,   0, 0};
static struct wire_lock_element lock = {0, 10, SMB2_LOCKFLAG_EXCLUSIVE_LOCK};

struct seed_request {
    const char *name;
    uint16_t command;
    union wire_any body;
};

#define FILE_ACCESS (FILE_READ_DATA | FILE_WRITE_DATA | DELETE | FILE_READ_ATTRIBUTES)

static const struct seed_request requests[] = {
    {"create",
     SMB2_CREATE,
     {.create_req = {.impersonation_level = 2,
                     .desired_access = FILE_ACCESS,
                     .share_access = 7,
                     .create_disposition = FILE_OPEN_IF,
                     .name = {name_f, 2}}}},
    {"create_dir",
     SMB2_CREATE,
     {.create_req = {.impersonation_level = 2,
                     .desired_access = FILE_LIST_DIRECTORY,
                     .share_access = 7,
                     .create_disposition = FILE_OPEN_IF,
                     .create_options = FILE_DIRECTORY_FILE,
                     .name = {name_d, 2}}}},
    {"write", SMB2_WRITE, {.write_req = {.offset = 5, .file_id = FIRST, .payload = {data, 40}}}},
    {"read", SMB2_READ, {.read_req = {.length = 100, .file_id = FIRST}}},
    {"flush", SMB2_FLUSH, {.flush_req = {.file_id = FIRST}}},
    {"lock", SMB2_LOCK, {.lock_req = {.file_id = FIRST, .locks = &lock, .lock_count = 1}}},
    {"ioctl_zero",
     SMB2_IOCTL,
     {.ioctl_req =
          {.ctl_code = FSCTL_SET_ZERO_DATA, .file_id = FIRST, .flags = 1, .input = {data, 16}}}},
    {"ioctl_ranges",
     SMB2_IOCTL,
     {.ioctl_req = {.ctl_code = FSCTL_QUERY_ALLOCATED_RANGES,
                    .file_id = FIRST,
                    .max_output_response = 64,
                    .flags = 1,
                    .input = {data, 16}}}},
    {"ioctl_key",
     SMB2_IOCTL,
     {.ioctl_req = {.ctl_code = FSCTL_SRV_REQUEST_RESUME_KEY,
                    .file_id = FIRST,
                    .max_output_response = 32,
                    .flags = 1}}},
    {"list",
     SMB2_QUERY_DIRECTORY,
     {.query_directory_req =
          {.info_class = 37, .file_id = SECOND, .output_length = 4096, .pattern = {star, 2}}}},
    {"notify",
     SMB2_CHANGE_NOTIFY,
     {.change_notify_req = {.output_length = 512, .file_id = SECOND, .completion_filter = 0xfff}}},
    {"query_all",
     SMB2_QUERY_INFO,
     {.query_info_req = {.info_type = 1,
                         .info_class = FileAllInformation,
                         .output_length = 512,
                         .file_id = FIRST}}},
    {"query_fs",
     SMB2_QUERY_INFO,
     {.query_info_req = {.info_type = 2, .info_class = 3, .output_length = 64, .file_id = FIRST}}},
    {"query_sd",
     SMB2_QUERY_INFO,
     {.query_info_req =
          {.info_type = 3, .output_length = 512, .additional_information = 7, .file_id = FIRST}}},
    {"set_eof",
     SMB2_SET_INFO,
     {.set_info_req = {.info_type = 1,
                       .info_class = FileEndOfFileInformation,
                       .file_id = FIRST,
                       .payload = {data + 32, 8}}}},
    {"set_delete",
     SMB2_SET_INFO,
     {.set_info_req = {.info_type = 1,
                       .info_class = FileDispositionInformation,
                       .file_id = FIRST,
                       .payload = {data, 1}}}},
    {"oplock", SMB2_OPLOCK_BREAK, {.oplock_break_req = {.file_id = FIRST}}},
    {"echo", SMB2_ECHO, {.echo_req = {0}}},
    {"close", SMB2_CLOSE, {.close_req = {.flags = 1, .file_id = FIRST}}},
    {"tree_disconnect", SMB2_TREE_DISCONNECT, {.tree_disconnect_req = {0}}},
    {"logoff", SMB2_LOGOFF, {.logoff_req = {0}}},
    {"ioctl_dfs",
     SMB2_IOCTL,
     {.ioctl_req = {.ctl_code = FSCTL_DFS_GET_REFERRALS,
                    .file_id = NO_FILE,
                    .max_output_response = 512,
                    .flags = 1,
                    .input = {referral, sizeof referral}}}},
    {"create_dfs",
     SMB2_CREATE,
     {.create_req = {.impersonation_level = 2,
                     .desired_access = FILE_ACCESS,
                     .share_access = 7,
                     .create_disposition = FILE_OPEN_IF,
                     .name = {referral + 4, 18}}}},
};

/* command, flags, body */
static void put_element(struct builder *b, const struct seed_request *r, uint8_t flags)
{
    struct builder whole;
    struct wire_hdr h = {.command = r->command};
    builder_init_grow(&whole, 65536);
    if (wire_hdr_encode(&whole, &h) && wire_req_codec(r->command)->encode(&whole, 0, &r->body)) {
        builder_u16(b, r->command);
        builder_u8(b, flags | (strcmp(r->name, "create_dfs") == 0 ? 2 : 0));
        builder_bytes(b, whole.data + SMB2_HEADER_SIZE, whole.len - SMB2_HEADER_SIZE);
    }
    builder_free(&whole);
}

static void put_frame(struct builder *b, const struct seed_request *r)
{
    builder_u8(b, 1);
    size_t at = b->len;
    builder_u16(b, 0);
    put_element(b, r, 0);
    builder_patch_u16(b, at, (uint16_t)(b->len - at - 2));
}

static void put_compound(struct builder *b, const struct seed_request *r)
{
    builder_u8(b, 2);
    size_t frame = b->len;
    builder_u16(b, 0);
    const struct seed_request *const v[] = {&requests[0], r};
    for (size_t i = 0; i < 2; i++) {
        size_t at = b->len;
        builder_u8(b, 0);
        put_element(b, v[i], i > 0);
        builder_align(b, at + 1, 8);
        builder_patch_u8(b, at, (uint8_t)((b->len - at - 1) / 8));
    }
    builder_patch_u16(b, frame, (uint16_t)(b->len - frame - 2));
}

static bool save(const char *folder, const char *name, const char *kind, const struct builder *b)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s_%s", folder, name, kind);
    FILE *f = fopen(path, "wb");
    bool ok = f != NULL && fwrite(b->data, 1, b->len, f) == b->len;
    if (f != NULL)
        fclose(f);
    return ok;
}

static bool write_seed(const char *folder, const struct seed_request *r, const char *kind,
                       uint8_t setup)
{
    struct builder b;
    builder_init_grow(&b, 65536);
    builder_u8(&b, setup);
    put_frame(&b, &requests[0]);
    put_frame(&b, &requests[1]);
    if (strcmp(kind, "compound") == 0)
        put_compound(&b, r);
    else
        put_frame(&b, r);
    builder_bytes(&b, "\x03\x01\x00\x03", 4); /* the plugin goes on */
    bool ok = !builder_failed(&b) && save(folder, r->name, kind, &b);
    builder_free(&b);
    return ok;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *kind;
        uint8_t setup;
    } kinds[] = {{"plain", 0}, {"compound", 0x10}, {"sealed", 0x02}, {"late", 0x0c}};
    bool ok = argc == 2;
    for (size_t i = 0; ok && i < ARRAY_LEN(requests); i++) /* a kind for each, in turn */
        ok = write_seed(argv[1], &requests[i], kinds[i % ARRAY_LEN(kinds)].kind,
                        kinds[i % ARRAY_LEN(kinds)].setup) &&
             write_seed(argv[1], &requests[i], "compound", 0);
    return ok ? 0 : 1;
}
