// SPDX-License-Identifier: Apache-2.0
/*
 * Quotas: the index file by which clients ask for them and set them, and who may.
 *
 * The file is called $Extend\\$Quota:$Q:$INDEX_ALLOCATION and lies in the root of every volume with
 * SMBKIT_CAP_QUOTAS ([MS-FSA] 2.1.5.1 phase 7, [MS-FSCC] 2.1.5.4). It is ours: an open of it has a
 * volume but no file of the plugin's, takes part in no sharing, and knows CLOSE, QUERY_INFO and
 * SET_INFO only (CMD_ON_QUOTAS).
 */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

#include "vfs/vfs.h"
#include "wire/sid.h"
#include "wire/wire.h"

struct core_open;
struct core_session;

/* Is it the name of the index? As the wire has it, without regard to case. */
bool quota_is_index(const struct wire_blob *name);
/* Makes an open that of the index. False: memory is out. */
NODISCARD bool quota_open_index(struct core_open *o, uint32_t access);
/* What clients see of it: no times, because it is no file. */
struct smbkit_attr quota_attributes(void);
/* The right to manage quotas ([MS-SMB2] 3.3.5.21.4): those who administer the server have it. */
bool quota_may_manage(const struct core_session *s);
/* Can quotas of this open's volume be asked for by it? SUCCESS; NOT_SUPPORTED: it has none;
   INVALID_PARAMETER: it is not the index. */
smbkit_status quota_check_open(const struct core_open *o);

/* The bytes of a SID for plugins. */
struct quota_sid {
    uint8_t bytes[WIRE_SID_SIZE_MAX];
    size_t len;
};
void quota_sid_set(struct quota_sid *out, const struct wire_sid *sid);

#endif
