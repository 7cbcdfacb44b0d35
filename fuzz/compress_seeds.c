// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the seeds of the targets of compression. Usage: compress_seeds <folder>; it makes
 * compress_lz77-*, compress_lznt1-* and compress_huffman-* there, which belong into
 * seeds/compress_lz77 and so on.
 */
#include "compress_fuzz.h"

#include "base/testrand.h"
#include <stdio.h>

#define SEED_MAX (70u << 10)

static uint8_t plain[SEED_MAX], packed[COMPRESS_FUZZ_HEAD + 2 * SEED_MAX];
static struct testrand rnd;

static uint8_t letters(size_t i)
{
    return (uint8_t)('a' + testrand_below(&rnd, 4));
}

static uint8_t any(size_t i)
{
    return (uint8_t)testrand_next(&rnd);
}

static uint8_t words(size_t i)
{
    return i < 7 || testrand_below(&rnd, 20) == 0 ? letters(i) : plain[i - 7];
}

static uint8_t zero(size_t i)
{
    return 0;
}

static const struct {
    const char *name;
    uint8_t (*byte)(size_t i);
    size_t size;
} kinds[] = {{"letters", letters, 200}, {"any", any, 100},     {"words", words, 500},
             {"zero", zero, 4000},      {"long", words, 5002}, {"blocks", zero, 66002},
             {"chunks", letters, 8194}, {"one", any, 2}};

static void write_seed(const char *folder, const char *target, const char *kind, size_t len)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s-%s", folder, target, kind);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(packed, 1, len, f) != len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum compress_algorithm algorithm;
    } targets[] = {{"compress_lz77", COMPRESS_LZ77},
                   {"compress_lznt1", COMPRESS_LZNT1},
                   {"compress_huffman", COMPRESS_LZ77_HUFFMAN}};
    struct compress_work *work = compress_work_new();
    if (argc != 2 || work == NULL)
        return 2;
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        size_t size = kinds[k].size;
        for (size_t i = 0; i < size; i++)
            plain[i] = kinds[k].byte(i);
        /* an even number of the head stands for its half, an odd one for its double */
        unsigned head = (unsigned)(2 * size <= UINT16_MAX ? 2 * size : size / 2 | 1);
        packed[0] = (uint8_t)head;
        packed[1] = (uint8_t)(head >> 8);
        for (size_t t = 0; t < ARRAY_LEN(targets); t++) {
            size_t n = compress_encode(targets[t].algorithm, work, plain, size,
                                       packed + COMPRESS_FUZZ_HEAD, 2 * SEED_MAX);
            write_seed(argv[1], targets[t].name, kinds[k].name, COMPRESS_FUZZ_HEAD + n);
        }
    }
    compress_work_free(work);
    return 0;
}
