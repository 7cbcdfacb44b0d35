// SPDX-License-Identifier: Apache-2.0
/* Names of the rows of the tables in kinds.c. */
#ifndef TESTS_LEASE_KINDS_H
#define TESTS_LEASE_KINDS_H

#include "lease/step.h"

enum open_name {
    OPEN_LOOK,
    OPEN_READ,
    OPEN_READ_ALONE,
    OPEN_EXECUTE,
    OPEN_WRITE,
    OPEN_WRITE_ALONE,
    OPEN_DELETE,
    OPEN_ON_CLOSE,
    OPEN_OVERWRITE,
    OPEN_PLAIN,
    OPEN_II,
    OPEN_EXCLUSIVE,
    OPEN_BATCH,
    OPEN_BATCH_ALONE,
    OPEN_LOOK_BATCH,
    OPEN_R,
    OPEN_RH,
    OPEN_RW,
    OPEN_RWH,
    OPEN_RWH_ALONE,
    OPEN_RWH_OTHER,
    OPEN_RWH_OVERWRITE,
    OPEN_CONTROL,
    OPEN_KINDS,
};

enum lock_name {
    LOCK_SHARED,
    LOCK_SHARED_WAIT,
    LOCK_EXCLUSIVE,
    LOCK_EXCLUSIVE_WAIT,
    LOCK_FAR_EXCLUSIVE,
    LOCK_FAR_SHARED_WAIT,
    LOCK_KINDS,
};

#endif
