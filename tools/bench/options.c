// SPDX-License-Identifier: Apache-2.0
/* The command line. */
#include "base/mem.h"
#include "bench.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: smbkit-bench --address HOST:PORT --user USER%PASSWORD --share NAME [OPTION...] "
    "WORKLOAD...\n"
    "  WORKLOAD          seq-read seq-write rand-read-4k rand-write-4k, or records alone\n"
    "  --dialect D       2.0.2 2.1 3.0 3.0.2 3.1.1 (3.1.1)\n"
    "  --signing A       none hmac cmac gmac (gmac; in older dialects the only one there is)\n"
    "  --cipher C        none ccm gcm ccm256 gcm256 (none); not none: everything is sealed\n"
    "  --connections N   (1)\n"
    "  --depth N         requests under way on each connection (8)\n"
    "  --block BYTES     of one read or write (64K)\n"
    "  --size BYTES      of the file of each connection (16M)\n"
    "  --time SECONDS    of each workload (3)\n"
    "  --pid PID         of the server, repeatable: its CPU time and memory, with its children\n"
    "  --name TEXT       what the files' names begin with (smbkit-bench)\n"
    "  --json            a line of JSON for each workload\n"
    "Of records (written to a durable handle under a lock, through broken connections):\n"
    "  --log FILE        for the number of each acknowledged one\n"
    "  --persistent      the handle must be a persistent one\n"
    "  --patience S      how long the server may be away (60)\n";

struct word {
    const char *word;
    uint16_t value;
};

static const struct word dialects[] = {
    {"2.0.2", SMB2_DIALECT_202}, {"2.1", SMB2_DIALECT_210},   {"3.0", SMB2_DIALECT_300},
    {"3.0.2", SMB2_DIALECT_302}, {"3.1.1", SMB2_DIALECT_311}, {NULL, 0},
};
#define SIGNING_NONE 0xffff
static const struct word signings[] = {
    {"none", SIGNING_NONE},
    {"hmac", CRYPTO_SIGN_HMAC_SHA256},
    {"cmac", CRYPTO_SIGN_AES_CMAC},
    {"gmac", CRYPTO_SIGN_AES_GMAC},
    {NULL, 0},
};
static const struct word ciphers[] = {
    {"none", CRYPTO_CIPHER_NONE},          {"ccm", CRYPTO_CIPHER_AES_128_CCM},
    {"gcm", CRYPTO_CIPHER_AES_128_GCM},    {"ccm256", CRYPTO_CIPHER_AES_256_CCM},
    {"gcm256", CRYPTO_CIPHER_AES_256_GCM}, {NULL, 0},
};

enum option_id {
    OPT_ADDRESS = 256,
    OPT_USER,
    OPT_SHARE,
    OPT_DIALECT,
    OPT_SIGNING,
    OPT_CIPHER,
    OPT_CONNECTIONS,
    OPT_DEPTH,
    OPT_BLOCK,
    OPT_SIZE,
    OPT_TIME,
    OPT_PID,
    OPT_NAME,
    OPT_JSON,
    OPT_LOG,
    OPT_PERSISTENT,
    OPT_PATIENCE,
};

static const struct option options[] = {
    {"address", required_argument, NULL, OPT_ADDRESS},
    {"user", required_argument, NULL, OPT_USER},
    {"share", required_argument, NULL, OPT_SHARE},
    {"dialect", required_argument, NULL, OPT_DIALECT},
    {"signing", required_argument, NULL, OPT_SIGNING},
    {"cipher", required_argument, NULL, OPT_CIPHER},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"depth", required_argument, NULL, OPT_DEPTH},
    {"block", required_argument, NULL, OPT_BLOCK},
    {"size", required_argument, NULL, OPT_SIZE},
    {"time", required_argument, NULL, OPT_TIME},
    {"pid", required_argument, NULL, OPT_PID},
    {"name", required_argument, NULL, OPT_NAME},
    {"json", no_argument, NULL, OPT_JSON},
    {"log", required_argument, NULL, OPT_LOG},
    {"persistent", no_argument, NULL, OPT_PERSISTENT},
    {"patience", required_argument, NULL, OPT_PATIENCE},
    {NULL, 0, NULL, 0},
};

static bool take_word(const struct word *words, const char *text, uint16_t *out)
{
    for (; words->word != NULL; words++)
        if (strcmp(words->word, text) == 0) {
            *out = words->value;
            return true;
        }
    return false;
}

/* With K, M or G. */
static bool take_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    static const char units[] = "KMG";
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;
    if (unit != NULL) {
        n <<= 10 * (unit - units + 1);
        end++;
    }
    *out = n;
    return end != text && *end == '\0' && n >= low && n <= high;
}

static bool take_uint(const char *text, uint64_t high, unsigned *out)
{
    uint64_t n;
    bool ok = take_number(text, 1, high, &n);
    *out = (unsigned)n;
    return ok;
}

static bool take_seconds(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out > 0;
}

static bool take_address(struct bench_config *cfg, char *text)
{
    char *colon = strrchr(text, ':');
    uint64_t port;
    if (colon == NULL || !take_number(colon + 1, 1, 65535, &port))
        return false;
    *colon = '\0';
    if (text[0] == '[' && colon[-1] == ']') {
        text++;
        colon[-1] = '\0';
    }
    return net_addr_parse(&cfg->address, text, (uint16_t)port);
}

static bool take_user(struct bench_config *cfg, char *text)
{
    char *percent = strchr(text, '%');
    cfg->user = text;
    cfg->password = percent != NULL ? percent + 1 : "";
    if (percent != NULL)
        *percent = '\0';
    return true;
}

static bool take_signing(struct bench_config *cfg, const char *text)
{
    uint16_t v;
    if (!take_word(signings, text, &v))
        return false;
    cfg->sign = v != SIGNING_NONE;
    cfg->signing[0] = cfg->sign ? v : CRYPTO_SIGN_AES_GMAC;
    cfg->signing[1] = CRYPTO_SIGN_AES_CMAC;
    cfg->signing_count = cfg->sign ? 1 : 2;
    return true;
}

static bool take_sizes(struct bench_config *cfg, int id, const char *text)
{
    uint64_t n;
    if (!take_number(text, id == OPT_SIZE ? 1 << 16 : 1,
                     id == OPT_SIZE ? (uint64_t)1 << 40 : 8u << 20, &n))
        return false;
    if (id == OPT_SIZE)
        cfg->size = n;
    else
        cfg->block = (uint32_t)n;
    return true;
}

static bool take_pid(struct bench_config *cfg, const char *text)
{
    unsigned pid;
    if (cfg->pid_count == BENCH_PIDS || !take_uint(text, INT32_MAX, &pid))
        return false;
    cfg->pids[cfg->pid_count++] = (pid_t)pid;
    return true;
}

static bool take(struct bench_config *cfg, int id, char *text)
{
    switch (id) {
    case OPT_ADDRESS: return take_address(cfg, text);
    case OPT_USER: return take_user(cfg, text);
    case OPT_SHARE: cfg->share = text; return true;
    case OPT_DIALECT: return take_word(dialects, text, &cfg->dialect);
    case OPT_SIGNING: return take_signing(cfg, text);
    case OPT_CIPHER: return take_word(ciphers, text, &cfg->cipher);
    case OPT_CONNECTIONS: return take_uint(text, 65536, &cfg->connections);
    case OPT_DEPTH: return take_uint(text, 1024, &cfg->depth);
    case OPT_BLOCK:
    case OPT_SIZE: return take_sizes(cfg, id, text);
    case OPT_TIME: return take_seconds(text, &cfg->seconds);
    case OPT_PID: return take_pid(cfg, text);
    case OPT_NAME: cfg->name = text; return true;
    case OPT_JSON: cfg->json = true; return true;
    case OPT_LOG: cfg->log = text; return true;
    case OPT_PERSISTENT: cfg->persistent = true; return true;
    case OPT_PATIENCE: return take_seconds(text, &cfg->patience);
    default: return false;
    }
}

static bool wrong(const char *what)
{
    fprintf(stderr, "smbkit-bench: %s\n%s", what, usage);
    return false;
}

bool bench_options(struct bench_config *cfg, int argc, char **argv)
{
    int id;
    *cfg = (struct bench_config){.dialect = SMB2_DIALECT_311,
                                 .connections = 1,
                                 .depth = 8,
                                 .size = 16u << 20,
                                 .seconds = 3,
                                 .name = "smbkit-bench",
                                 .patience = 60};
    take_signing(cfg, "gmac");
    while ((id = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (id == '?' || !take(cfg, id, optarg))
            return wrong("a wrong option or value");
    for (; optind < argc; optind++) {
        if (cfg->workload_count == sizeof cfg->workloads / sizeof *cfg->workloads)
            return wrong("too many workloads");
        cfg->workloads[cfg->workload_count++] = argv[optind];
    }
    cfg->seal = cfg->cipher != CRYPTO_CIPHER_NONE;
    if (cfg->address.port == 0 || cfg->user == NULL || cfg->share == NULL ||
        cfg->workload_count == 0)
        return wrong("--address, --user, --share and a workload are needed");
    return true;
}
