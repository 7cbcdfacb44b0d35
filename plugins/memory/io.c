// SPDX-License-Identifier: Apache-2.0
/*
 * The callbacks of the memory plugin that read and change what is in a file or stream. What is
 * large is answered in place, with a reference to its chunk.
 */
#include "ram.h"

/* Below this a copy is cheaper than counting a reference across threads. */
#define REF_MIN 4096

void ram_read(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint32_t length)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct ram_chunk *chunk = NULL;
    const void *in_place = NULL;
    void *buffer = NULL;
    pthread_mutex_lock(&v->lock);
    const struct ram_data *d = ram_handle_data(h);
    if (d == NULL) {
        pthread_mutex_unlock(&v->lock);
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
        return;
    }
    uint64_t left = offset < d->size ? d->size - offset : 0;
    if (left < length)
        length = (uint32_t)left;
    if (length >= REF_MIN)
        in_place = ram_data_ref(d, offset, length, &chunk);
    if (in_place == NULL && length > 0) {
        buffer = smbkit_op_buffer(op);
        if (buffer != NULL)
            ram_data_read(d, offset, buffer, length);
    }
    pthread_mutex_unlock(&v->lock);
    if (in_place != NULL)
        smbkit_reply_read_ref(op, in_place, length, ram_chunk_release, chunk);
    else if (length > 0 && buffer == NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else
        smbkit_reply_read(op, length);
}

/* Ends a change of a file's content or storage. */
static void finish_change(struct smbkit_op *op, struct ram_volume *v, struct ram_handle *h,
                          smbkit_status status, bool touched)
{
    if (status == SMBKIT_STATUS_SUCCESS && touched)
        ram_touch_file(h->node, smbkit_op_time(op));
    ram_finish(op, v, h, status);
}

/* The data of a file's or stream's handle, with the lock taken; NULL (and answered) for a folder.
 */
static struct ram_data *begin_change(struct smbkit_op *op, struct ram_volume *v,
                                     struct ram_handle *h)
{
    pthread_mutex_lock(&v->lock);
    struct ram_data *d = ram_handle_data(h);
    if (d == NULL) {
        pthread_mutex_unlock(&v->lock);
        smbkit_reply_status(op, SMBKIT_STATUS_INVALID_DEVICE_REQUEST);
    }
    return d;
}

/* On a disk, what lies before the end of a file that is not sparse takes room, so that Windows says
   DISK_FULL for a write far beyond it ([MS-FSA] 2.1.5.4). Here holes cost nothing, and Linux
   clients make them without marking the file: only what no disk would hold is refused. */
#define PLAIN_FILE_SIZE_MAX (1ull << 40)

static bool has_room(const struct ram_volume *v, const struct ram_handle *h, uint64_t end)
{
    return end <= PLAIN_FILE_SIZE_MAX || end <= v->space.limit || end > RAM_FILE_SIZE_MAX ||
           (h->node->attributes & SMBKIT_ATTR_SPARSE) != 0;
}

void ram_write(struct smbkit_op *op, void *vol, void *file, uint64_t offset, const void *data,
               uint32_t length)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    smbkit_status status = SMBKIT_STATUS_DISK_FULL;
    if (length == 0 || has_room(v, file, offset + length))
        status = ram_data_write(&v->space, d, offset, data, length);
    finish_change(op, v, file, status, length > 0);
}

void ram_set_size(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    finish_change(op, v, file, ram_data_resize(&v->space, d, size), true);
}

void ram_set_alloc(struct smbkit_op *op, void *vol, void *file, uint64_t size)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    bool cut = size < d->size;
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    if (cut)
        status = ram_data_resize(&v->space, d, size);
    if (status == SMBKIT_STATUS_SUCCESS)
        status = ram_data_reserve(&v->space, d, size);
    finish_change(op, v, file, status, cut);
}

void ram_zero_range(struct smbkit_op *op, void *vol, void *file, uint64_t offset, uint64_t length)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    finish_change(op, v, file, ram_data_zero(&v->space, d, offset, length), true);
}

/* SMBKIT_COPY_CLONE or not: whole chunks are shared. */
void ram_copy_range(struct smbkit_op *op, void *vol, void *file,
                    const struct smbkit_copy_args *args)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    const struct ram_data *src = ram_handle_data(args->from);
    smbkit_status status = SMBKIT_STATUS_INVALID_PARAMETER;
    /* it may have been cut since the server has looked */
    if (src != NULL && args->length <= src->size && args->from_offset <= src->size - args->length)
        status =
            ram_data_clone(&v->space, d, args->to_offset, src, args->from_offset, args->length);
    finish_change(op, v, file, status, true);
}

void ram_overwrite(struct smbkit_op *op, void *vol, void *file)
{
    struct ram_volume *v = vol;
    struct ram_handle *h = file;
    struct ram_data *d = begin_change(op, v, h);
    if (d == NULL)
        return;
    smbkit_status status = ram_data_resize(&v->space, d, 0);
    if (status == SMBKIT_STATUS_SUCCESS && h->stream == NULL) {
        ram_streams_remove(v, h->node);
        ram_blob_drop(v, &h->node->eas);
        h->node->attributes &= ~SMBKIT_ATTR_SPARSE;
    }
    finish_change(op, v, h, status, true);
}

/* Of a file that is not sparse, holes are nobody's business. */
void ram_allocated_ranges(struct smbkit_op *op, void *vol, void *file, uint64_t offset,
                          uint64_t length)
{
    struct ram_volume *v = vol;
    struct ram_data *d = begin_change(op, v, file);
    if (d == NULL)
        return;
    bool sparse = (((struct ram_handle *)file)->node->attributes & SMBKIT_ATTR_SPARSE) != 0;
    uint64_t end = d->size, start = offset, stop = end;
    if (offset < end && length < end - offset)
        end = offset + length;
    while (offset < end && (!sparse || ram_data_range(d, offset, &start, &stop)) && start < end) {
        if (start < offset)
            start = offset;
        if (stop > end)
            stop = end;
        if (!smbkit_range_add(op, start, stop - start))
            break;
        offset = stop;
    }
    pthread_mutex_unlock(&v->lock);
    smbkit_reply_status(op, SMBKIT_STATUS_SUCCESS);
}
