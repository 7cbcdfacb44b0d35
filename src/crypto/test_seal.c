// SPDX-License-Identifier: Apache-2.0
/* Tests of sealing: published vectors, cuts, in place, tampering; and of the nonces. */
#include "crypto/seal.h"

#include "crypto/nonce.h"
#include "crypto/test_util.h"

struct vector {
    enum crypto_cipher cipher;
    const char *key, *nonce, *aad, *plain, *sealed, *tag;
};

static const struct vector vectors[] = {
    /* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 4 and 16. */
    {CRYPTO_CIPHER_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {CRYPTO_CIPHER_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    /* Project Wycheproof, aes_ccm, tests 261, 262, 264, 333, 334, 336. */
    {CRYPTO_CIPHER_AES_128_CCM, "acab31483d9de4ad77f4e63fe41b57ae", "5c0939e71bae1a9de167d4", "",
     "e4d72b2f7cb69bc54a49f4d5cea4f23a", "0c506843ba7bd2dc4578e6bb83fd0c8d",
     "c275373037635bae294f99c8e46964b3"},
    {CRYPTO_CIPHER_AES_128_CCM, "82841ef7fbae35546525fbbebf4718fb", "b5cd818f73a36ed025b6cf",
     "44f48c2a20456358", "8c2c823bb39941b1c6b75bbc82f05ba4", "b287c637a7554362c80d6b24d50ddfb3",
     "3967277da0f856f8f0ad49282894d2bb"},
    {CRYPTO_CIPHER_AES_128_CCM, "1d286e525ec2864d9ea6e7adfbdc4970", "1ad44879f1947abd503dce",
     "1db0eaaaa1e2c848", "7b40e6c987692d0202cb6f44b423c267dd", "84f91f9d35b998598e50feb34dcaa0d260",
     "ae4e38cc4b730944bc459df85a536f4e"},
    {CRYPTO_CIPHER_AES_256_CCM, "aacb1336d6ee4d96a9a12e5b8f25f04800d4aaba55f379218d64edb3460fe215",
     "994c191e7a29c0efc1eb4d", "", "7bead5abccc876efb0109e412f06c751",
     "5aa31aa5eb103655b78c4f7bcf08c917", "64e41d31eb0df80adcee328f081c4aeb"},
    {CRYPTO_CIPHER_AES_256_CCM, "60d6841e9e6218a2c8605a7794e74fb215dcf3a70a0015d497ed16564f2a83a0",
     "4c93f591af92f16596554e", "7cb0eb9aa21fe859", "c0d1e635586b0ef835c01479a32175a3",
     "0c266113544d7a901ce721e1ead6d8f9", "8a149eaa05c8722b2663c345a6a5418c"},
    {CRYPTO_CIPHER_AES_256_CCM, "b3a06e00100ffc42dbdd5317f43d2b48f8c11e4bd6e9e3edab58e9944c559278",
     "f3d24b362bf12b84b8a66a", "0242b5e804a79188", "03b03b45f6f320b99d8158ff8b00f0ad92",
     "d127fd42b2ca4beca9f9ac86b63a1622ef", "8a499aab9e8f4096da603c6ccfb9ac4a"},
};

static void check_vector(const struct vector *v)
{
    uint8_t key[32], nonce[12], aad[64], plain[128], sealed[128], tag[16], out[128], got_tag[16];
    assert_int_equal(unhex(v->key, key, sizeof(key)), crypto_cipher_key_len(v->cipher));
    assert_int_equal(unhex(v->nonce, nonce, sizeof(nonce)), crypto_cipher_nonce_len(v->cipher));
    size_t aad_len = unhex(v->aad, aad, sizeof(aad));
    size_t len = unhex(v->plain, plain, sizeof(plain));
    unhex(v->sealed, sealed, sizeof(sealed));
    unhex(v->tag, tag, sizeof(tag));
    struct crypto_sealer *s = crypto_sealer_new(v->cipher, CRYPTO_SEAL, key);
    struct crypto_sealer *o = crypto_sealer_new(v->cipher, CRYPTO_OPEN, key);
    assert_non_null(s);
    assert_non_null(o);
    const struct crypto_iov iov = {plain, len};
    for (int again = 0; again < 2; again++) {
        assert_true(crypto_seal(s, nonce, aad, aad_len, &iov, 1, out, got_tag));
        assert_memory_equal(out, sealed, len);
        assert_memory_equal(got_tag, tag, sizeof(tag));
        assert_true(crypto_open(o, nonce, aad, aad_len, sealed, len, out, tag));
        assert_memory_equal(out, plain, len);
    }
    crypto_sealer_free(s);
    crypto_sealer_free(o);
}

static void test_vectors(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
        check_vector(&vectors[i]);
}

#define CUT_LEN 9000
#define AAD_LEN 32 /* as in SMB2 */

struct pair {
    struct crypto_sealer *seal, *open;
    uint64_t seed;
    uint8_t nonce[12], aad[AAD_LEN], tag[16];
    uint8_t msg[CUT_LEN], whole[CUT_LEN], out[CUT_LEN];
};

static void pair_make(struct pair *p, enum crypto_cipher cipher, uint64_t seed)
{
    uint8_t key[32];
    p->seed = seed;
    test_fill(&p->seed, key, sizeof(key));
    test_fill(&p->seed, p->nonce, sizeof(p->nonce));
    test_fill(&p->seed, p->aad, sizeof(p->aad));
    test_fill(&p->seed, p->msg, sizeof(p->msg));
    p->seal = crypto_sealer_new(cipher, CRYPTO_SEAL, key);
    p->open = crypto_sealer_new(cipher, CRYPTO_OPEN, key);
    assert_non_null(p->seal);
    assert_non_null(p->open);
    assert_int_equal(crypto_sealer_cipher(p->seal), cipher);
}

static void pair_free(struct pair *p)
{
    crypto_sealer_free(p->seal);
    crypto_sealer_free(p->open);
}

static void check_round(struct pair *p, size_t len)
{
    struct crypto_iov iov[TEST_MAX_PIECES] = {{p->msg, len}};
    uint8_t tag[16];
    p->nonce[0]++;
    assert_true(crypto_seal(p->seal, p->nonce, p->aad, AAD_LEN, iov, 1, p->whole, p->tag));
    size_t n = test_cut(&p->seed, p->msg, len, iov);
    assert_true(crypto_seal(p->seal, p->nonce, p->aad, AAD_LEN, iov, n, p->out, tag));
    assert_memory_equal(p->out, p->whole, len);
    assert_memory_equal(tag, p->tag, sizeof(tag));
    /* In place: whole, and in pieces that lie one behind the other. */
    memcpy(p->out, p->msg, len);
    n = test_cut(&p->seed, p->out, len, iov);
    assert_true(crypto_seal(p->seal, p->nonce, p->aad, AAD_LEN, iov, n, p->out, tag));
    assert_memory_equal(p->out, p->whole, len);
    assert_memory_equal(tag, p->tag, sizeof(tag));
    assert_true(crypto_open(p->open, p->nonce, p->aad, AAD_LEN, p->out, len, p->out, tag));
    assert_memory_equal(p->out, p->msg, len);
}

static void test_cuts_and_in_place(void **state)
{
    static struct pair p;
    for (unsigned c = 1; crypto_cipher_known((uint16_t)c); c++) {
        pair_make(&p, c, c);
        for (int round = 0; round < 200; round++)
            check_round(&p, 1 + test_random(&p.seed) % (round % 2 ? 70 : CUT_LEN - 1));
        pair_free(&p);
    }
}

static void check_refused(struct pair *p, size_t len)
{
    static const uint8_t zero[CUT_LEN];
    memset(p->out, 0xaa, len);
    assert_false(crypto_open(p->open, p->nonce, p->aad, AAD_LEN, p->whole, len, p->out, p->tag));
    assert_memory_equal(p->out, zero, len); /* nothing unauthenticated is left */
}

static void test_tampering(void **state)
{
    static struct pair p;
    for (unsigned c = 1; crypto_cipher_known((uint16_t)c); c++) {
        const size_t len = 500;
        const struct crypto_iov iov = {p.msg, len};
        pair_make(&p, c, c);
        assert_true(crypto_seal(p.seal, p.nonce, p.aad, AAD_LEN, &iov, 1, p.whole, p.tag));
        uint8_t *const places[] = {&p.tag[0],   &p.tag[15],    &p.aad[0],   &p.aad[31],
                                   &p.whole[0], &p.whole[499], &p.nonce[10]};
        for (size_t i = 0; i < ARRAY_LEN(places); i++) {
            *places[i] ^= 1;
            check_refused(&p, len);
            *places[i] ^= 1;
        }
        check_refused(&p, len - 1);
        /* A refusal leaves the object usable; and in place the ciphertext is wiped as well. */
        assert_true(crypto_open(p.open, p.nonce, p.aad, AAD_LEN, p.whole, len, p.out, p.tag));
        assert_memory_equal(p.out, p.msg, len);
        p.tag[3] ^= 4;
        assert_false(crypto_open(p.open, p.nonce, p.aad, AAD_LEN, p.whole, len, p.whole, p.tag));
        assert_int_equal(p.whole[0] | p.whole[499], 0);
        pair_free(&p);
    }
}

static void test_refusals(void **state)
{
    static const uint8_t zero[32];
    uint8_t out[16], tag[16];
    const struct crypto_iov empty = {NULL, 0};
    const struct crypto_iov overflow[] = {{zero, SIZE_MAX}, {zero, 2}};
    const struct crypto_iov huge = {zero, ((size_t)1 << 30) + 1};
    assert_false(crypto_cipher_known(0));
    assert_false(crypto_cipher_known(5));
    assert_null(crypto_sealer_new(CRYPTO_CIPHER_NONE, CRYPTO_SEAL, zero));
    assert_null(crypto_sealer_new(5, CRYPTO_OPEN, zero));
    crypto_sealer_free(NULL);
    struct crypto_sealer *s = crypto_sealer_new(CRYPTO_CIPHER_AES_128_CCM, CRYPTO_SEAL, zero);
    struct crypto_sealer *o = crypto_sealer_new(CRYPTO_CIPHER_AES_128_CCM, CRYPTO_OPEN, zero);
    assert_false(crypto_seal(s, zero, NULL, 0, &empty, 1, out, tag));
    assert_false(crypto_seal(s, zero, NULL, 0, overflow, 2, out, tag));
    assert_false(crypto_seal(s, zero, NULL, 0, &huge, 1, out, tag));
    assert_false(crypto_open(o, zero, NULL, 0, zero, 0, out, tag));
    crypto_sealer_free(s);
    crypto_sealer_free(o);
}

static void test_nonce_layout(void **state)
{
    struct crypto_nonce g;
    uint8_t field[16];
    crypto_nonce_init(&g, 0x010203);
    assert_true(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_128_GCM, 100, field));
    assert_hex(field, "00000000000000000302010000000000");
    assert_true(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_128_CCM, 100, field));
    assert_hex(field, "01000000000000000302010000000000");
    g.counter = 0x1122334455667788ull;
    assert_true(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_256_GCM, 100, field));
    assert_hex(field, "88776655443322110302010000000000");
}

static void test_nonce_limit(void **state)
{
    static const uint8_t zero[16];
    struct crypto_nonce g;
    uint8_t field[16];
    crypto_nonce_init(&g, 0);
    assert_true(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_128_GCM, 33, field));
    assert_int_equal(g.blocks, 4); /* three of text, one of the tag */
    g.blocks = CRYPTO_NONCE_MAX_BLOCKS - 4;
    assert_true(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_128_GCM, 47, field));
    assert_false(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_128_GCM, 1, field));
    assert_memory_equal(field, zero, sizeof(zero));
    /* Too long a message also ends it for the short ones after it. */
    crypto_nonce_init(&g, 0);
    g.blocks = CRYPTO_NONCE_MAX_BLOCKS - 4;
    assert_false(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_128_GCM, 48, field));
    assert_false(crypto_nonce_next(&g, CRYPTO_CIPHER_AES_128_GCM, 1, field));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),      cmocka_unit_test(test_cuts_and_in_place),
        cmocka_unit_test(test_tampering),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_nonce_layout), cmocka_unit_test(test_nonce_limit),
    };
    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
