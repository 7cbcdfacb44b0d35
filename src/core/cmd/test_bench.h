// SPDX-License-Identifier: Apache-2.0
/*
 * A bench for the steps of commands, without connections: a volume of the memory plugin whose every
 * operation waits until the test lets it go on, opens made by hand, and a runner that stands in for
 * request.c. What a finished request would have sent is kept as bytes.
 */
#ifndef CORE_CMD_TEST_BENCH_H
#define CORE_CMD_TEST_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/open.h"
#include "core/request.h"
#include "core/session.h"
#include "core/share.h"
#include "core/state.h"
#include "core/tree.h"
#include "vfs/testhost.h"

extern struct bench {
    struct testhost host;
    struct smbkit_plugin plugin;
    struct smbkit_vfs calls; /* its callbacks */
    struct vfs_volume *volume;
    struct core core;
    struct core_conn conn;
    struct core_session session;
    struct core_share share;
    struct core_tree tree;
    struct core_batch batch;
    struct vfs_op op;
    const char *refused;     /* conn_refuse */
    struct core_request req; /* the one that the functions below use */
} bench;

/* Changes the plugin before the next bench_setup makes the volume. */
extern void (*bench_adjust)(struct smbkit_plugin *plugin, struct smbkit_vfs *calls);

#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int bench_setup(void **state);
int bench_teardown(void **state);
/* Waits for an operation that was started on bench.op. */
void bench_wait(bool answered);

/* An open of what is there, or of a new file or folder. */
struct core_open *bench_open_as(const char *path, bool make, bool directory, uint32_t access);
struct core_open *bench_open(const char *path, bool make, bool directory);
/* The name is removed when the lease engine says so, as open.c does. */
void bench_close(struct core_open *o);

void bench_request(struct core_request *r, const struct core_command *cmd, struct core_open *o);
/* Runs it as far as it goes now. */
void bench_run(struct core_request *r);
/* Runs it to its end and says how it ended. */
smbkit_status bench_go(struct core_request *r);
void bench_request_free(struct core_request *r);
/* The reply as a decoder wants it. */
struct cursor bench_reply(const struct core_request *r);

/* QUERY_INFO on bench.req, and the payload of its answer. */
smbkit_status bench_query(struct core_open *o, uint8_t type, uint8_t cls, uint32_t room);
struct cursor bench_answer(void);
/* SET_INFO of a file class. */
smbkit_status bench_set(struct core_open *o, uint8_t cls, const struct builder *b);
smbkit_status bench_set_name(struct core_open *o, uint8_t cls, const char *to, bool replace);
smbkit_status bench_rename(struct core_open *o, const char *to, bool replace);
/* A QUERY_DIRECTORY, not yet run. */
void bench_list_begin(struct core_request *r, struct core_open *o, const char *pattern,
                      uint8_t flags, uint32_t room);
/* Makes f000, f001 and so on. */
void bench_make_files(unsigned n);

#endif
