// SPDX-License-Identifier: Apache-2.0
/*
 * For tests of published trees: a file with callbacks, whose content is `store`.
 */
#ifndef TREE_TEST_STORE_H
#define TREE_TEST_STORE_H

#include "tree/test_tree.h"

static char store[64];
static size_t store_size;
static int opens, closes, releases, flushes;
static smbkit_status verdict;
static struct smbkit_op *kept;
static void *kept_buffer;

static inline smbkit_status file_open(struct smbkit_op *o, void *ctx, uint32_t access,
                                      void **handle)
{
    opens += verdict == OK;
    *handle = &opens;
    return verdict;
}

static inline void file_close(void *ctx, void *handle)
{
    assert_ptr_equal(ctx, store);
    assert_ptr_equal(handle, &opens);
    closes++;
}

static inline smbkit_status file_size(struct smbkit_op *o, void *ctx, uint64_t *size)
{
    *size = store_size;
    return verdict;
}

static inline smbkit_status file_read(struct smbkit_op *o, void *ctx, void *handle, uint64_t offset,
                                      void *buffer, uint32_t length, uint32_t *done)
{
    assert_ptr_equal(ctx, store);
    if (verdict == SMBKIT_STATUS_PENDING) {
        kept = o;
        kept_buffer = buffer;
        return verdict;
    }
    *done = offset >= store_size ? 0 : (uint32_t)MIN(length, store_size - offset);
    memcpy(buffer, store + MIN(offset, store_size), *done);
    return verdict;
}

static inline smbkit_status file_write(struct smbkit_op *o, void *ctx, void *handle,
                                       uint64_t offset, const void *data, uint32_t length)
{
    if (offset + length > sizeof(store))
        return SMBKIT_STATUS_DISK_FULL;
    if (verdict == SMBKIT_STATUS_PENDING) {
        kept = o;
        return verdict;
    }
    memcpy(store + offset, data, length);
    store_size = MAX(store_size, offset + length);
    return verdict;
}

static inline smbkit_status file_set_size(struct smbkit_op *o, void *ctx, void *handle,
                                          uint64_t size)
{
    store_size = (size_t)size;
    return verdict;
}

static inline smbkit_status file_flush(struct smbkit_op *o, void *ctx, void *handle)
{
    flushes++;
    return verdict;
}

static inline bool file_can_execute(struct smbkit_op *o, void *ctx)
{
    return false;
}

static inline bool file_can_cache(void *ctx)
{
    return false;
}

static inline void file_release(void *ctx)
{
    assert_ptr_equal(ctx, store);
    releases++;
}

static const struct smbkit_file_ops file_ops = {
    .struct_size = sizeof(file_ops),
    .open = file_open,
    .close = file_close,
    .size = file_size,
    .read = file_read,
    .write = file_write,
    .set_size = file_set_size,
    .flush = file_flush,
    .can_execute = file_can_execute,
    .can_cache = file_can_cache,
    .release = file_release,
};

static inline void reset_store(const char *text)
{
    memset(store, 0, sizeof(store));
    store_size = strlen(text);
    memcpy(store, text, store_size);
    opens = closes = releases = flushes = 0;
    verdict = OK;
}

#endif
