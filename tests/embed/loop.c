// SPDX-License-Identifier: Apache-2.0
/*
 * A program with an event loop, a log, an allocator and a list of users of its own: one thread does
 * it all. Usage: loop COMMAND. The status is the command's; everything given back at the end, or 1.
 */
#include "embed.h"
#include <poll.h>
#include <stdatomic.h>

/* --- memory: each block is counted --- */

static atomic_long blocks, calls;

static void *count_alloc(void *ctx, size_t size)
{
    void *p = malloc(size);
    EXPECT(ctx == &calls);
    atomic_fetch_add(&calls, 1);
    if (p != NULL)
        atomic_fetch_add(&blocks, 1);
    return p;
}

static void *count_resize(void *ctx, void *ptr, size_t size)
{
    if (ptr == NULL)
        return count_alloc(ctx, size);
    return realloc(ptr, size);
}

static void count_release(void *ctx, void *ptr)
{
    (void)ctx;
    if (ptr != NULL)
        atomic_fetch_sub(&blocks, 1);
    free(ptr);
}

/* --- users: anybody whose name begins with "friend"; the password is always "secret" --- */

static bool lookup(void *ctx, const char *user, const char *domain, struct smbkit_credential *out)
{
    static const uint8_t secret[16] = {0x87, 0x8D, 0x80, 0x14, 0x60, 0x6C, 0xDA, 0x29,
                                       0x67, 0x7A, 0x44, 0xEF, 0xA1, 0x35, 0x3F, 0xC7};
    (void)domain;
    ++*(int *)ctx;
    if (strncmp(user, "friend", 6) != 0)
        return false;
    memcpy(out->nt_hash, secret, sizeof secret);
    snprintf(out->name, sizeof out->name, "%s", user);
    return true;
}

/* --- the log --- */

static atomic_int lines;

static void log_line(void *ctx, enum smbkit_log_level level, const char *line)
{
    atomic_fetch_add((atomic_int *)ctx, 1);
    EXPECT(level <= SMBKIT_LOG_DEBUG && strchr(line, '\n') == NULL);
}

static int serve(struct smbkit_server *s, const char *command)
{
    int status = 1;
    pid_t pid = embed_start(command);
    while (smbkit_server_poll(s) == SMBKIT_STATUS_PENDING) {
        struct pollfd p = {.fd = smbkit_server_fd(s), .events = POLLIN};
        int timeout = smbkit_server_timeout(s);
        poll(&p, 1, timeout < 0 || timeout > 50 ? 50 : timeout);
        if (embed_ended(&pid, &status))
            smbkit_server_stop(s);
    }
    return status;
}

int main(int argc, char **argv)
{
    const struct smbkit_allocator allocator = {sizeof allocator, count_alloc, count_resize,
                                               count_release, &calls};
    const struct smbkit_arg options[] = {{"log-level", "debug"}};
    char error[SMBKIT_ERROR_MAX];
    int lookups = 0;
    EXPECT(argc == 2);
    EXPECT(smbkit_set_allocator(&(struct smbkit_allocator){sizeof allocator, count_alloc, NULL,
                                                           count_release, NULL}) ==
           SMBKIT_STATUS_INVALID_PARAMETER);
    EXPECT(smbkit_set_allocator(&allocator) == SMBKIT_STATUS_SUCCESS);
    const struct smbkit_server_config config = {.struct_size = sizeof config,
                                                .options = options,
                                                .option_count = 1,
                                                .log = log_line,
                                                .log_ctx = &lines,
                                                .user_lookup = lookup,
                                                .user_ctx = &lookups};
    struct smbkit_server *s = smbkit_server_new(&config, error);
    EXPECT(s != NULL);
    struct smbkit_tree *tree = embed_tree("from a loop\n");
    embed_share(s, "x", tree);
    embed_listen(s, "port");
    int status = serve(s, argv[1]);
    smbkit_server_free(s);
    smbkit_tree_unref(tree);
    EXPECT(lookups > 0 && atomic_load(&lines) > 0 && atomic_load(&calls) > 100);
    if (atomic_load(&blocks) != 0)
        fprintf(stderr, "%ld blocks are left\n", atomic_load(&blocks));
    EXPECT(atomic_load(&blocks) == 0);
    EXPECT(smbkit_set_allocator(NULL) == SMBKIT_STATUS_SUCCESS);
    return status;
}
