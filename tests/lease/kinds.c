// SPDX-License-Identifier: Apache-2.0
/* What opens, locks and ranges the exploration knows: small tables, so that scopes stay countable,
   with one row for each thing that the engine distinguishes. */
#include "lease/kinds.h"

#include "lease/lock.h"
#include "lease/oplock.h"

#define ALL     (LEASE_SHARE_READ | LEASE_SHARE_WRITE | LEASE_SHARE_DELETE)
#define READ    LEASE_FILE_READ_DATA
#define WRITE   LEASE_FILE_WRITE_DATA
#define RDWR    (READ | WRITE)
#define LOOK    0x00000080u /* FILE_READ_ATTRIBUTES */
#define CONTROL 0x00020000u /* READ_CONTROL: harmless to leases, not to oplocks */
#define R       LEASE_R
#define RH      LEASE_RH
#define RW      LEASE_RW
#define RWH     LEASE_RWH

const struct open_kind open_kinds[OPEN_KINDS] = {
    [OPEN_LOOK] = {.name = "look", .access = LOOK},
    [OPEN_READ] = {.name = "read, share all", .access = READ, .share = ALL},
    [OPEN_READ_ALONE] = {.name = "read, share none", .access = READ},
    [OPEN_EXECUTE] = {.name = "execute, share read",
                      .access = LEASE_FILE_EXECUTE,
                      .share = LEASE_SHARE_READ},
    [OPEN_WRITE] = {.name = "append, share read and write",
                    .access = LEASE_FILE_APPEND_DATA,
                    .share = LEASE_SHARE_READ | LEASE_SHARE_WRITE},
    [OPEN_WRITE_ALONE] = {.name = "write, share none", .access = WRITE},
    [OPEN_DELETE] = {.name = "delete, share all", .access = LEASE_DELETE, .share = ALL},
    [OPEN_ON_CLOSE] = {.name = "delete on close, share all",
                       .access = READ | LEASE_DELETE,
                       .share = ALL,
                       .delete_on_close = true},
    [OPEN_OVERWRITE] = {.name = "overwrite, share all",
                        .access = READ,
                        .share = ALL,
                        .overwrites = true},
    [OPEN_PLAIN] = {.name = "read and write", .access = RDWR, .share = ALL},
    [OPEN_II] = {.name = "level II", .access = RDWR, .share = ALL, .level = LEASE_OPLOCK_II},
    [OPEN_EXCLUSIVE] = {.name = "exclusive",
                        .access = RDWR,
                        .share = ALL,
                        .level = LEASE_OPLOCK_EXCLUSIVE},
    [OPEN_BATCH] = {.name = "batch",
                    .access = RDWR | LEASE_DELETE,
                    .share = ALL,
                    .level = LEASE_OPLOCK_BATCH},
    [OPEN_BATCH_ALONE] = {.name = "batch, share none", .access = RDWR, .level = LEASE_OPLOCK_BATCH},
    [OPEN_LOOK_BATCH] = {.name = "look, batch", .access = LOOK, .level = LEASE_OPLOCK_BATCH},
    [OPEN_R] = {.name = "lease R", .access = RDWR, .share = ALL, .lease = R},
    [OPEN_RH] = {.name = "lease RH", .access = RDWR | LEASE_DELETE, .share = ALL, .lease = RH},
    [OPEN_RW] = {.name = "lease RW", .access = RDWR, .share = ALL, .lease = RW},
    [OPEN_RWH] = {.name = "lease RWH", .access = RDWR | LEASE_DELETE, .share = ALL, .lease = RWH},
    [OPEN_RWH_ALONE] = {.name = "lease RWH, share none", .access = RDWR, .lease = RWH},
    [OPEN_RWH_OTHER] =
        {.name = "another lease RWH", .access = RDWR, .share = ALL, .lease = RWH, .key = 1},
    [OPEN_RWH_OVERWRITE] = {.name = "overwrite, lease RWH",
                            .access = RDWR,
                            .share = ALL,
                            .overwrites = true,
                            .lease = RWH},
    [OPEN_CONTROL] = {.name = "read the descriptor", .access = CONTROL, .share = ALL},
};

const struct range_kind ranges[RANGES] = {{0, 10}, {5, 10}, {10, 10}};

const struct lock_kind lock_kinds[LOCK_KINDS] = {
    [LOCK_SHARED] = {.range = 0},
    [LOCK_SHARED_WAIT] = {.range = 0, .waits = true},
    [LOCK_EXCLUSIVE] = {.range = 1, .exclusive = true},
    [LOCK_EXCLUSIVE_WAIT] = {.range = 1, .exclusive = true, .waits = true},
    [LOCK_FAR_EXCLUSIVE] = {.range = 2, .exclusive = true},
    [LOCK_FAR_SHARED_WAIT] = {.range = 2, .waits = true},
};
