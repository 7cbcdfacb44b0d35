// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds of rpc_fuzz to a folder: for each operation of each pipe a session in which its
 * parameters are zeros but for pointers, which are all there, and binds with and without a token.
 */
#include "rpc_server.h"
#include <stdio.h>
#include <string.h>

static const char *folder;

static void save(const char *name, const void *data, size_t len)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, len, f) != len)
        perror(path);
    if (f != NULL)
        fclose(f);
}

/* A write of a fragment, behind what is there. */
static void add(struct builder *out, const struct rpc_pdu *p)
{
    struct builder b;
    builder_init_grow(&b, 65536);
    rpc_pdu_encode(&b, p);
    builder_u16(out, (uint16_t)b.len);
    builder_bytes(out, b.data, b.len);
    builder_free(&b);
}

static void write_call(unsigned pipe, unsigned context, const struct rpc_interface *f,
                       uint16_t opnum)
{
    const struct ndr_record *in = f->operations[opnum]->in;
    static const uint64_t zeros[4096];
    struct builder out, stub;
    char name[100];
    builder_init_grow(&out, 65536);
    builder_init_grow(&stub, 65536);
    if (in != NULL && in->size <= sizeof zeros)
        ndr_encode(&stub, in, zeros);
    struct rpc_pdu p = {.type = RPC_REQUEST,
                        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
                        .context_id = (uint16_t)context,
                        .opnum = opnum,
                        .stub = stub.data,
                        .stub_len = stub.len};
    builder_u8(&out, (uint8_t)(pipe << 1 | 1));
    add(&out, &p);
    snprintf(name, sizeof name, "%s-%s-%u", rpc_server_pipes[pipe], f->name, opnum);
    if (!builder_failed(&out))
        save(name, out.data, out.len);
    builder_free(&stub);
    builder_free(&out);
}

static void write_bind(unsigned pipe, const struct rpc_endpoint *e, bool with_token)
{
    static const uint8_t negotiate[32] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0,
                                          1,   0,   0,   0,   7,   130, 8,   226};
    struct rpc_syntax transfer = rpc_ndr32;
    struct rpc_context x = {0, 1, e->interfaces[0]->syntax, &transfer};
    struct rpc_pdu p = {.type = RPC_BIND,
                        .flags = PFC_FIRST_FRAG | PFC_LAST_FRAG,
                        .max_xmit = 4280,
                        .max_recv = 4280,
                        .context_count = 1,
                        .contexts = &x};
    struct builder out;
    char name[100];
    builder_init_grow(&out, 65536);
    builder_u8(&out, (uint8_t)(pipe << 1));
    if (with_token)
        p.auth = (struct rpc_trailer){true, 10, 6, 0, 1, negotiate, sizeof negotiate};
    add(&out, &p);
    snprintf(name, sizeof name, "%s-bind%s", rpc_server_pipes[pipe], with_token ? "-ntlm" : "");
    save(name, out.data, out.len);
    builder_free(&out);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    for (unsigned pipe = 0; pipe < RPC_SERVER_PIPES; pipe++) {
        const char *name = rpc_server_pipes[pipe];
        const struct rpc_endpoint *e = rpc_endpoint_find(name, strlen(name));
        write_bind(pipe, e, false);
        write_bind(pipe, e, true);
        if (pipe >= 4) /* the same interfaces again */
            continue;
        for (unsigned c = 0; c < RPC_INTERFACES_MAX && e->interfaces[c] != NULL; c++)
            for (size_t i = 0; i < e->interfaces[c]->count; i++)
                if (e->interfaces[c]->operations[i] != NULL)
                    write_call(pipe, c, e->interfaces[c], (uint16_t)i);
    }
    return 0;
}
