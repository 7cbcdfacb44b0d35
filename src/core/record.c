// SPDX-License-Identifier: Apache-2.0
/*
 * The codec of records: one list of fields for both directions, so that they cannot differ.
 *
 *   "SKOP" u16 version, then the fields of record_fields() in that order, little-endian; text as
 *   u32 length and bytes; then the locks.
 */
#include "core/record.h"
#include "base/utf.h"
#include <string.h>

#define RECORD_MAGIC   0x504f4b53u
#define RECORD_VERSION 1u
#define LOCK_SIZE      17u

/* Either b, or c and a. */
struct record_io {
    struct builder *b;
    struct cursor *c;
    struct arena *a;
};

static void io_u64(struct record_io *io, uint64_t *v)
{
    if (io->b != NULL)
        builder_u64(io->b, *v);
    else
        *v = cursor_u64(io->c);
}

static void io_u32(struct record_io *io, uint32_t *v)
{
    if (io->b != NULL)
        builder_u32(io->b, *v);
    else
        *v = cursor_u32(io->c);
}

static void io_u16(struct record_io *io, uint16_t *v)
{
    if (io->b != NULL)
        builder_u16(io->b, *v);
    else
        *v = cursor_u16(io->c);
}

/* At most `max`. */
static void io_u8(struct record_io *io, uint8_t *v, uint8_t max)
{
    if (io->b != NULL) {
        builder_u8(io->b, *v);
        return;
    }
    *v = cursor_u8(io->c);
    if (*v > max)
        cursor_fail(io->c);
}

static void io_bool(struct record_io *io, bool *v)
{
    uint8_t n = *v;
    io_u8(io, &n, 1);
    *v = n == 1;
}

static void io_bytes(struct record_io *io, void *v, size_t n)
{
    if (io->b != NULL)
        builder_bytes(io->b, v, n);
    else
        cursor_bytes(io->c, v, n);
}

static void io_guid(struct record_io *io, struct guid *g)
{
    io_bytes(io, g->b, sizeof g->b);
}

static void io_text(struct record_io *io, char **v)
{
    uint32_t n = *v != NULL ? (uint32_t)strlen(*v) : 0;
    if (io->b != NULL && n > RECORD_TEXT_MAX)
        io->b->failed = true;
    io_u32(io, &n);
    if (io->b != NULL) {
        builder_bytes(io->b, *v != NULL ? *v : "", n);
        return;
    }
    const uint8_t *bytes = n <= RECORD_TEXT_MAX ? cursor_take(io->c, n) : NULL;
    *v = NULL;
    if (bytes != NULL && memchr(bytes, '\0', n) == NULL && utf8_valid((const char *)bytes, n))
        *v = arena_strndup(io->a, (const char *)bytes, n);
    if (*v == NULL)
        cursor_fail(io->c);
}

/* ---------------------------------------------------------------- the fields */

static void lock_fields(struct record_io *io, struct record_open *r)
{
    io_u32(io, &r->lock_count);
    if (io->b == NULL) {
        if (r->lock_count > RECORD_LOCKS_MAX || r->lock_count > cursor_left(io->c) / LOCK_SIZE)
            cursor_fail(io->c);
        r->locks = cursor_failed(io->c)
                       ? NULL
                       : arena_array(io->a, r->lock_count + 1u, sizeof(r->locks[0]));
        if (r->locks == NULL) {
            cursor_fail(io->c);
            return;
        }
    } else if (r->lock_count > RECORD_LOCKS_MAX) {
        io->b->failed = true;
        return;
    }
    for (uint32_t i = 0; i < r->lock_count; i++) {
        io_u64(io, &r->locks[i].offset);
        io_u64(io, &r->locks[i].length);
        io_bool(io, &r->locks[i].exclusive);
    }
}

static void caching_fields(struct record_io *io, struct record_open *r)
{
    uint8_t caching = (uint8_t)r->caching;
    io_u8(io, &caching, RECORD_CACHINGS - 1);
    r->caching = caching;
    io_u32(io, &r->caching_state);
    io_guid(io, &r->lease_key);
    io_guid(io, &r->parent_key);
    io_bool(io, &r->has_parent_key);
    io_u8(io, &r->lease_version, 2);
    io_u16(io, &r->lease_epoch);
}

static void app_fields(struct record_io *io, struct record_open *r)
{
    io_bool(io, &r->has_app);
    io_guid(io, &r->app_id);
    io_guid(io, &r->app_client);
    io_bool(io, &r->app_versioned);
    io_u64(io, &r->app_version_high);
    io_u64(io, &r->app_version_low);
}

static void record_fields(struct record_io *io, struct record_open *r)
{
    io_u64(io, &r->id);
    io_text(io, &r->share);
    io_text(io, &r->path);
    io_text(io, &r->stream);
    io_u64(io, &r->file_id);
    io_text(io, &r->owner);
    io_text(io, &r->user);
    io_guid(io, &r->client);
    io_guid(io, &r->create_guid);
    io_u32(io, &r->timeout_ms);
    io_bool(io, &r->replayable);
    io_bool(io, &r->directory);
    io_u32(io, &r->access);
    io_u32(io, &r->share_access);
    io_u32(io, &r->create_options);
    io_u32(io, &r->create_action);
    io_u32(io, &r->mode);
    io_bool(io, &r->delete_on_close);
    caching_fields(io, r);
    app_fields(io, r);
    io_bytes(io, r->lockseq.entry, sizeof r->lockseq.entry);
    lock_fields(io, r);
}

/* ---------------------------------------------------------------- both ways */

void record_encode(struct builder *b, const struct record_open *r)
{
    struct record_open copy = *r; /* which the fields are written from, and stay */
    struct record_io io = {.b = b};
    builder_u32(b, RECORD_MAGIC);
    builder_u16(b, RECORD_VERSION);
    record_fields(&io, &copy);
}

bool record_decode(struct cursor *c, struct arena *a, struct record_open *out)
{
    struct record_io io = {.c = c, .a = a};
    memset(out, 0, sizeof *out);
    if (cursor_u32(c) != RECORD_MAGIC || cursor_u16(c) != RECORD_VERSION)
        return false;
    record_fields(&io, out);
    return !cursor_failed(c) && cursor_left(c) == 0 && out->share[0] != '\0' &&
           out->owner[0] != '\0';
}
