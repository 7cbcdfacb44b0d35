// SPDX-License-Identifier: Apache-2.0
/*
 * Whole core: every information class of [MS-FSCC] 2.4 and 2.5, one row each, as QUERY_INFO and
 * SET_INFO answer it: sizes, what is said of a buffer that is too small, rights, and how a class
 * that cannot be asked for is refused. The numbers are those of
 * [MS-FSA] 2.1.5.12, 2.1.5.13, 2.1.5.15 and 2.1.5.16, [MS-SMB2] 3.3.5.20 and 3.3.5.21, and not
 * taken from our own table, which this checks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/harness.h"
#include "wire/info.h"
#include "wire/sd.h"

#define OK        SMBKIT_STATUS_SUCCESS
#define UNKNOWN   SMBKIT_STATUS_INVALID_INFO_CLASS
#define UNSUPP    SMBKIT_STATUS_NOT_SUPPORTED
#define MISMATCH  SMBKIT_STATUS_INFO_LENGTH_MISMATCH
#define DENIED    SMBKIT_STATUS_ACCESS_DENIED
#define PARAMETER SMBKIT_STATUS_INVALID_PARAMETER
#define PRIVILEGE SMBKIT_STATUS_PRIVILEGE_NOT_HELD
#define VARIES    0xffffu
#define ALL       FILE_ALL_ACCESS
#define R_ATTR    FILE_READ_ATTRIBUTES
#define W_ATTR    FILE_WRITE_ATTRIBUTES
#define W_DATA    FILE_WRITE_DATA

/* `query`: with all the room and rights there are. What can be queried needs room for `min` bytes
   and has `size`. `set`: with `set_min` bytes of zeros, below which the length is wrong. */
struct row {
    uint8_t num;
    smbkit_status query;
    uint16_t min, size;
    uint32_t query_right;
    smbkit_status set;
    uint16_t set_min;
    uint32_t set_right;
};

static const struct row files[] = {
    {1, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},          /* FileDirectoryInformation */
    {2, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},          /* FileFullDirectoryInformation */
    {3, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},          /* FileBothDirectoryInformation */
    {4, OK, 40, 40, R_ATTR, OK, 40, W_ATTR},       /* FileBasicInformation */
    {5, OK, 24, 24, 0, UNKNOWN, 0, 0},             /* FileStandardInformation */
    {6, OK, 8, 8, 0, UNKNOWN, 0, 0},               /* FileInternalInformation */
    {7, OK, 4, 4, 0, UNKNOWN, 0, 0},               /* FileEaInformation */
    {8, OK, 4, 4, 0, UNKNOWN, 0, 0},               /* FileAccessInformation */
    {9, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},           /* FileNameInformation */
    {10, UNKNOWN, 0, 0, 0, PARAMETER, 24, DELETE}, /* FileRenameInformation */
    {11, UNKNOWN, 0, 0, 0, PARAMETER, 24, 0},      /* FileLinkInformation */
    {12, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},         /* FileNamesInformation */
    {13, UNKNOWN, 0, 0, 0, OK, 1, DELETE},         /* FileDispositionInformation */
    {14, OK, 8, 8, 0, OK, 8, 0},                   /* FilePositionInformation */
    {15, OK, 8, VARIES, FILE_READ_EA, SMBKIT_STATUS_EA_LIST_INCONSISTENT, 8,
     FILE_WRITE_EA},                                     /* FileFullEaInformation */
    {16, OK, 4, 4, 0, OK, 4, 0},                         /* FileModeInformation */
    {17, OK, 4, 4, 0, UNKNOWN, 0, 0},                    /* FileAlignmentInformation */
    {18, OK, 104, VARIES, R_ATTR, UNKNOWN, 0, 0},        /* FileAllInformation */
    {19, UNKNOWN, 0, 0, 0, OK, 8, W_DATA},               /* FileAllocationInformation */
    {20, UNKNOWN, 0, 0, 0, OK, 8, W_DATA},               /* FileEndOfFileInformation */
    {21, OK, 8, VARIES, 0, UNKNOWN, 0, 0},               /* FileAlternateNameInformation */
    {22, OK, 32, VARIES, 0, UNKNOWN, 0, 0},              /* FileStreamInformation */
    {23, PARAMETER, 8, 0, R_ATTR, PARAMETER, 8, W_ATTR}, /* FilePipeInformation */
    {24, PARAMETER, 40, 0, R_ATTR, UNKNOWN, 0, 0},       /* FilePipeLocalInformation */
    {25, PARAMETER, 12, 0, R_ATTR, UNKNOWN, 0, 0},       /* FilePipeRemoteInformation */
    {26, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* FileMailslotQueryInformation */
    {27, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},               /* FileMailslotSetInformation: note 415 */
    {28, OK, 16, 16, 0, UNKNOWN, 0, 0},                  /* FileCompressionInformation */
    {29, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* FileObjectIdInformation */
    {30, UNKNOWN, 0, 0, 0, UNSUPP, 0, 0},                /* note 428 */
    {31, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},               /* FileMoveClusterInformation: note 415 */
    {32, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* FileQuotaInformation */
    {33, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* FileReparsePointInformation */
    {34, OK, 56, 56, R_ATTR, UNKNOWN, 0, 0},             /* FileNetworkOpenInformation */
    {35, OK, 8, 8, R_ATTR, UNKNOWN, 0, 0},               /* FileAttributeTagInformation */
    {36, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},               /* FileTrackingInformation: note 415 */
    {37, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},               /* FileIdBothDirectoryInformation */
    {38, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},               /* FileIdFullDirectoryInformation */
    {39, UNKNOWN, 0, 0, 0, PRIVILEGE, 8, W_DATA},        /* FileValidDataLengthInformation */
    {40, UNKNOWN, 0, 0, 0, PRIVILEGE, 4, DELETE},        /* FileShortNameInformation */
    {41, UNSUPP, 0, 0, 0, UNSUPP, 0, 0},                 /* notes 416 and 428 */
    {42, UNKNOWN, 0, 0, 0, UNSUPP, 0, 0},                /* note 428 */
    {43, UNSUPP, 0, 0, 0, UNSUPP, 0, 0},                 /* notes 416 and 428 */
    {44, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* FileSfioReserveInformation */
    {45, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* FileSfioVolumeInformation */
    {46, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* FileHardLinkInformation */
    {47, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* note 416 */
    {48, OK, 8, VARIES, 0, UNKNOWN, 0, 0},               /* FileNormalizedNameInformation */
    {49, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},                /* note 416 */
    {50, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},  /* FileIdGlobalTxDirectoryInformation: note 415 */
    {51, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},   /* note 416 */
    {52, MISMATCH, 0, 0, 0, UNKNOWN, 0, 0}, /* note 416 */
    {53, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},   /* note 416 */
    {54, UNSUPP, 0, 0, 0, UNKNOWN, 0, 0},   /* FileStandardLinkInformation */
    {59, OK, 24, 24, 0, UNKNOWN, 0, 0},     /* FileIdInformation */
    {60, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0},  /* FileIdExtdDirectoryInformation */
    {64, UNKNOWN, 0, 0, 0, OK, 4, DELETE},  /* FileDispositionInformationEx */
    {65, UNKNOWN, 0, 0, 0, PARAMETER, 24, DELETE}, /* FileRenameInformationEx */
    {71, UNSUPP, 0, 0, 0, UNSUPP, 0,
     0}, /* FileCaseSensitiveInformation, which is no more than a name */
    {72, UNKNOWN, 0, 0, 0, UNSUPP, 0, 0}, /* FileLinkInformationEx, likewise */
};

/* Nothing of a volume can be set over the network: note 423. */
static const struct row volumes[] = {
    {1, OK, 24, VARIES, 0, UNKNOWN, 0, 0}, /* FileFsVolumeInformation */
    {2, UNSUPP, 0, 0, 0, UNSUPP, 0, 0},    /* FileFsLabelInformation */
    {3, OK, 24, 24, 0, UNKNOWN, 0, 0},     /* FileFsSizeInformation */
    {4, OK, 8, 8, 0, UNKNOWN, 0, 0},       /* FileFsDeviceInformation */
    {5, OK, 16, VARIES, 0, UNKNOWN, 0, 0}, /* FileFsAttributeInformation: 12, Windows wants 16 */
    {6, OK, 48, 48, 0, DENIED, 0, 0},      /* FileFsControlInformation */
    {7, OK, 32, 32, 0, UNKNOWN, 0, 0},     /* FileFsFullSizeInformation */
    {8, OK, 64, 64, 0, DENIED, 0, 0},      /* FileFsObjectIdInformation */
    {9, UNSUPP, 0, 0, 0, UNSUPP, 0, 0},    /* FileFsDriverPathInformation */
    {10, UNSUPP, 0, 0, 0, UNSUPP, 0, 0},   /* FileFsVolumeFlagsInformation */
    {11, OK, 28, 28, 0, UNKNOWN, 0, 0},    /* FileFsSectorSizeInformation */
};

static struct world w;
static struct harness_client c;
static struct wire_file_id all; /* the file, with all rights */

static int setup(void **state)
{
    static const uint8_t ea[] = {0, 0, 0, 0, 0, 1, 1, 0, 'A', 0, 'v'};
    struct world_config cfg = harness_world_config();
    cfg.core.short_names = true;
    harness_world(&w, &cfg);
    struct smbclient_config ccfg = harness_client_config(&w);
    harness_ready(&c, &w, &ccfg);
    assert_int_equal(harness_create(&c, "a longer name.text", ALL, 7, FILE_CREATE, 0, &all), OK);
    union wire_any body = {.set_info_req = {.info_type = SMB2_0_INFO_FILE,
                                            .info_class = FileFullEaInformation,
                                            .file_id = all,
                                            .payload = {ea, sizeof ea}}};
    assert_int_equal(harness_call(&c, SMB2_SET_INFO, &body), OK);
    return 0;
}

static int teardown(void **state)
{
    harness_drop(&c);
    harness_world_end(&w);
    return 0;
}

static smbkit_status query(struct wire_file_id id, uint8_t type, uint8_t num, uint32_t room)
{
    union wire_any body = {.query_info_req = {.flags = SL_RESTART_SCAN,
                                              .info_type = type,
                                              .info_class = num,
                                              .output_length = room,
                                              .file_id = id}};
    return harness_call(&c, SMB2_QUERY_INFO, &body);
}

static smbkit_status set(struct wire_file_id id, uint8_t type, uint8_t num, size_t len)
{
    static const uint8_t zeros[64];
    union wire_any body = {
        .set_info_req = {
            .info_type = type, .info_class = num, .file_id = id, .payload = {zeros, len}}};
    return harness_call(&c, SMB2_SET_INFO, &body);
}

/* A handle with every right but these. */
static struct wire_file_id without(uint32_t right)
{
    struct wire_file_id id;
    uint32_t access = ALL & ~right;
    assert_int_equal(harness_create(&c, "a longer name.text", access, 7, FILE_OPEN, 0, &id), OK);
    return id;
}

static void expect(smbkit_status got, smbkit_status want, uint8_t type, uint8_t num,
                   const char *what)
{
    if (got != want)
        fail_msg("class %d of type %d, %s: %#x, not %#x", num, type, what, got, want);
}

static void check_query(uint8_t type, const struct row *x)
{
    smbkit_status st = query(all, type, x->num, 65536);
    expect(st, x->query, type, x->num, "query");
    if (st == OK && x->size != VARIES)
        assert_int_equal(harness_last(&c)->body.query_info_rsp.payload.len, x->size);
    if (x->min == 0)
        return;
    size_t len = st == OK ? harness_last(&c)->body.query_info_rsp.payload.len : 0;
    expect(query(all, type, x->num, x->min - 1), MISMATCH, type, x->num, "too small");
    assert_int_equal(harness_last(&c)->error_contexts, 1); /* of no bytes: 3.3.5.20.1 */
    expect(query(all, type, x->num, 0), MISMATCH, type, x->num, "no room");
    smbkit_status cut = type == SMB2_0_INFO_FILE && x->num == FileFullEaInformation
                            ? SMBKIT_STATUS_BUFFER_TOO_SMALL
                            : SMBKIT_STATUS_BUFFER_OVERFLOW;
    if (st == OK)
        expect(query(all, type, x->num, x->min), len > x->min ? cut : OK, type, x->num,
               "just enough");
    struct wire_file_id id = without(x->query_right);
    expect(query(id, type, x->num, 65536), x->query_right != 0 ? DENIED : st, type, x->num,
           "without the right");
    assert_int_equal(harness_close(&c, id), OK);
}

static void check_set(uint8_t type, const struct row *x)
{
    expect(set(all, type, x->num, x->set_min != 0 ? x->set_min : 64), x->set, type, x->num, "set");
    if (x->set_min == 0)
        return;
    if (x->set_min > 1)
        expect(set(all, type, x->num, x->set_min - 1), MISMATCH, type, x->num, "set too short");
    struct wire_file_id id = without(x->set_right);
    expect(set(id, type, x->num, x->set_min), x->set_right != 0 ? DENIED : x->set, type, x->num,
           "set without the right");
    assert_int_equal(harness_close(&c, id), OK);
}

static void check_all(uint8_t type, const struct row *rows, size_t n, unsigned end)
{
    for (unsigned num = 0; num < end; num++) {
        struct row x = {(uint8_t)num, UNKNOWN, 0, 0, 0, UNKNOWN, 0, 0};
        for (size_t i = 0; i < n; i++)
            if (rows[i].num == num)
                x = rows[i];
        check_query(type, &x);
        check_set(type, &x);
    }
}

static void test_files(void **state)
{
    check_all(SMB2_0_INFO_FILE, files, ARRAY_LEN(files), 256);
}

static void test_volumes(void **state)
{
    check_all(SMB2_0_INFO_FILESYSTEM, volumes, ARRAY_LEN(volumes), 256);
}

/* 3.3.5.20.1: what depends on the dialect. Error data have contexts with 3.1.1 only. */
static void test_dialects(void **state)
{
    struct smbclient_config ccfg = harness_client_config(&w);
    struct wire_file_id mine = all;
    static const uint16_t dialects[] = {SMB2_DIALECT_202, SMB2_DIALECT_210, SMB2_DIALECT_300,
                                        SMB2_DIALECT_302, SMB2_DIALECT_311};
    for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
        harness_drop(&c);
        ccfg.dialects[0] = dialects[i];
        ccfg.dialect_count = 1;
        harness_ready(&c, &w, &ccfg);
        assert_int_equal(harness_create(&c, "a longer name.text", ALL, 7, FILE_OPEN, 0, &mine), OK);
        bool named = dialects[i] == SMB2_DIALECT_300 || dialects[i] == SMB2_DIALECT_311;
        assert_int_equal(query(mine, SMB2_0_INFO_FILE, FileNormalizedNameInformation, 4096),
                         named ? OK : UNSUPP);
        assert_int_equal(query(mine, SMB2_0_INFO_FILE, FileIdInformation, 4096), OK);
        assert_int_equal(query(mine, SMB2_0_INFO_FILE, FileBasicInformation, 39), MISMATCH);
        assert_int_equal(harness_last(&c)->error_contexts, dialects[i] == SMB2_DIALECT_311);
    }
}

/* Those that [MS-FSA] 2.1.5.15.14 refuses before it asks for the privilege. */
static void test_short_name(void **state)
{
    struct wire_file_id id;
    assert_int_equal(harness_create(&c, "s:x", ALL, 7, FILE_CREATE, 0, &id), OK);
    assert_int_equal(set(id, SMB2_0_INFO_FILE, FileShortNameInformation, 4), PARAMETER);
    assert_int_equal(harness_create(&c, "", ALL, 7, FILE_OPEN, 0, &id), OK);
    assert_int_equal(set(id, SMB2_0_INFO_FILE, FileShortNameInformation, 4), PARAMETER);
    assert_int_equal(harness_create(&c, "t", ALL, 7, FILE_CREATE, FILE_DELETE_ON_CLOSE, &id), OK);
    assert_int_equal(set(id, SMB2_0_INFO_FILE, FileShortNameInformation, 4), DENIED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_files), T(test_volumes), T(test_dialects),
                                       T(test_short_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
