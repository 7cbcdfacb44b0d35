// SPDX-License-Identifier: Apache-2.0
/* Tests of the NTLM primitives: RFC 1320, RFC 6229, and the values of [MS-NLMP] 4.2.4. */
#include "crypto/ntlm.h"

#include "base/builder.h"
#include "base/utf.h"
#include "crypto/test_util.h"

/* RFC 1320 A.5, whose lengths lie on both sides of the padding's limits. */
static void test_md4(void **state)
{
    static const char *const rows[][2] = {
        {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
        {"a", "bde52cb31de33e46245e05fbdbd6fb24"},
        {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
        {"message digest", "d9130a8164549fe818874806e1c7014b"},
        {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "043f8582f241db351ce627e153e7f0e4"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "e33b4ddc9c38f2199c3e7b164fcc0536"},
    };
    uint8_t out[16];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        crypto_md4(rows[i][0], strlen(rows[i][0]), out);
        assert_hex(out, rows[i][1]);
    }
}

/* RFC 6229 section 2: the key stream of 40 and of 128 bits, at its start and after 1008 bytes. */
static void test_rc4(void **state)
{
    static const uint8_t key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const uint8_t zero[1024];
    uint8_t out[1024];
    struct crypto_rc4 r;
    crypto_rc4_init(&r, key, 5);
    crypto_rc4_apply(&r, zero, out, 5); /* the state goes on across calls */
    crypto_rc4_apply(&r, zero, out + 5, sizeof(out) - 5);
    assert_hex(out, "b2396305f03dc027ccc3524a0a1118a8");
    assert_hex(out + 1008, "45129048e6a0ed0b56b490338f078da5");
    crypto_rc4_once(key, zero, out, sizeof(out));
    assert_hex(out, "9ac7cc9a609d1ef7b2932899cde41b97");
}

static size_t utf16(const char *text, uint8_t *out, size_t cap)
{
    struct builder b;
    builder_init_fixed(&b, out, cap);
    assert_true(utf8_to_utf16(&b, text, strlen(text)) != SIZE_MAX);
    assert_false(builder_failed(&b));
    return b.len;
}

static bool ntowfv2(const char *user, const char *domain, uint8_t out[16])
{
    uint8_t nt_hash[16], u[1024], d[1024];
    assert_true(crypto_nt_hash("Password", 8, nt_hash));
    return crypto_ntowfv2(nt_hash, u, utf16(user, u, sizeof(u)), d, utf16(domain, d, sizeof(d)),
                          out);
}

static void test_nt_hash(void **state)
{
    uint8_t out[16], same[16];
    char longest[CRYPTO_NTLM_PASSWORD_MAX + 1];
    assert_true(crypto_nt_hash("Password", 8, out)); /* [MS-NLMP] 4.2.2.1.2 */
    assert_hex(out, "a4f49c406510bdcab6824ee7c30fd852");
    assert_true(crypto_nt_hash("", 0, out));
    assert_hex(out, "31d6cfe0d16ae931b73c59d7e0c089c0");
    assert_true(crypto_nt_hash("\xc3\xa4\xf0\x9f\x98\x80", 6, out)); /* U+00E4 U+1F600 */
    crypto_md4("\xe4\x00\x3d\xd8\x00\xde", 6, same);
    assert_memory_equal(out, same, 16);
    assert_false(crypto_nt_hash("\xff", 1, out));
    memset(longest, 'x', sizeof(longest));
    assert_true(crypto_nt_hash(longest, CRYPTO_NTLM_PASSWORD_MAX, out));
    assert_false(crypto_nt_hash(longest, CRYPTO_NTLM_PASSWORD_MAX + 1, out));
    assert_hex(out, "00000000000000000000000000000000");
}

static void test_ntowfv2(void **state)
{
    uint8_t out[16], same[16], nt_hash[16] = {0};
    static const uint8_t zero[CRYPTO_NTLM_USER_MAX + 2];
    assert_true(ntowfv2("User", "Domain", out));
    assert_hex(out, "0c868a403bfd7a93a3001ef22ef02e3f");
    assert_true(ntowfv2("uSER", "Domain", same)); /* the user's case does not matter */
    assert_memory_equal(out, same, 16);
    assert_true(ntowfv2("User", "DOMAIN", same)); /* the domain's does */
    assert_memory_not_equal(out, same, 16);
    assert_true(ntowfv2("J\xc3\xb6rg", "", out));
    assert_true(ntowfv2("J\xc3\x96RG", "", same));
    assert_memory_equal(out, same, 16);
    assert_true(crypto_ntowfv2(nt_hash, zero, CRYPTO_NTLM_USER_MAX, zero, 0, out));
    assert_false(crypto_ntowfv2(nt_hash, zero, CRYPTO_NTLM_USER_MAX + 2, zero, 0, out));
    assert_false(crypto_ntowfv2(nt_hash, zero, 3, zero, 0, out));
    assert_false(crypto_ntowfv2(nt_hash, zero, 2, zero, CRYPTO_NTLM_DOMAIN_MAX + 2, out));
    assert_false(crypto_ntowfv2(nt_hash, zero, 2, zero, 1, out));
}

/* [MS-NLMP] 4.2.1 and 4.2.4.1.3. */
#define SERVER_CHALLENGE "0123456789abcdef"
#define CLIENT_CHALLENGE "aaaaaaaaaaaaaaaa"
#define RANDOM_KEY       "55555555555555555555555555555555"
#define TEMP                                                                                   \
    "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00" \
    "01000c005300650072007600650072000000000000000000"
#define PROOF "68cd0ab851e51c96aabc927bebef6a1c"

static void test_response(void **state)
{
    uint8_t hash[16], challenge[8], temp[128], client[8], proof[16], key[16];
    unhex(SERVER_CHALLENGE, challenge, 8);
    unhex(CLIENT_CHALLENGE, client, 8);
    size_t temp_len = unhex(TEMP, temp, sizeof(temp));
    assert_true(ntowfv2("User", "Domain", hash));
    assert_true(crypto_ntlmv2_proof(hash, challenge, temp, temp_len, proof));
    assert_hex(proof, PROOF); /* 4.2.4.2.2 */
    assert_true(crypto_ntlmv2_session_base_key(hash, proof, key));
    assert_hex(key, "8de40ccadbc14a82f15cb0ad0de95ca3"); /* 4.2.4.1.2 */
    assert_true(crypto_ntlmv2_proof(hash, challenge, client, 8, proof));
    assert_hex(proof, "86c35097ac9cec102554764a57cccc19"); /* 4.2.4.2.1 */
}

static void test_check(void **state)
{
    static const uint8_t zero[16];
    uint8_t hash[16], challenge[8], response[256], key[16];
    unhex(SERVER_CHALLENGE, challenge, 8);
    size_t len = unhex(PROOF TEMP, response, sizeof(response));
    assert_true(ntowfv2("User", "Domain", hash));
    assert_true(crypto_ntlmv2_check(hash, challenge, response, len, key));
    assert_hex(key, "8de40ccadbc14a82f15cb0ad0de95ca3");
    for (size_t i = 0; i < len; i++) {
        response[i] ^= 1;
        assert_false(crypto_ntlmv2_check(hash, challenge, response, len, key));
        assert_memory_equal(key, zero, 16);
        response[i] ^= 1;
    }
    assert_false(crypto_ntlmv2_check(hash, challenge, response, len - 1, key));
    for (size_t shorter = 0; shorter < CRYPTO_NTLMV2_RESPONSE_MIN; shorter++)
        assert_false(crypto_ntlmv2_check(hash, challenge, response, shorter, key));
}

static void test_keys(void **state)
{
    uint8_t exported[16], base[16], out[16];
    unhex(RANDOM_KEY, exported, 16);
    unhex("8de40ccadbc14a82f15cb0ad0de95ca3", base, 16);
    crypto_rc4_once(base, exported, out, 16);
    assert_hex(out, "c5dad2544fc9799094ce1ce90bc9d03e"); /* 4.2.4.2.3 */
    crypto_rc4_once(base, out, out, 16);
    assert_hex(out, RANDOM_KEY);
    assert_true(crypto_ntlm_seal_key(exported, CRYPTO_NTLM_SEAL_128, CRYPTO_NTLM_CLIENT, out));
    assert_hex(out, "59f600973cc4960a25480a7c196e4c58"); /* 4.2.4.4 */
    assert_true(crypto_ntlm_sign_key(exported, CRYPTO_NTLM_CLIENT, out));
    assert_hex(out, "4788dc861b4782f35d43fd98fe1a2d39");
    /* 4.2.3.4: 56 bits. */
    unhex("eb93429a8bd952f8b89c55b87f475edc", exported, 16);
    assert_true(crypto_ntlm_seal_key(exported, CRYPTO_NTLM_SEAL_56, CRYPTO_NTLM_CLIENT, out));
    assert_hex(out, "04dd7f014d8504d265a25cc86a3a7c06");
    assert_true(crypto_ntlm_sign_key(exported, CRYPTO_NTLM_CLIENT, out));
    assert_hex(out, "60e799be5c72fc92922ae8ebe961fb8d");
}

/* [MS-NLMP] 4.2.4.4: the message is sealed first, with the same RC4 state as its checksum after it.
 */
static void test_mac_with_key_exchange(void **state)
{
    struct crypto_ntlm_signer s, peer;
    uint8_t exported[16], plain[18], sealed[18], mac[16];
    unhex(RANDOM_KEY, exported, 16);
    unhex("50006c00610069006e007400650078007400", plain, 18);
    const struct crypto_iov iov[] = {{plain, 5}, {plain + 5, 13}};
    assert_true(
        crypto_ntlm_signer_init(&s, exported, CRYPTO_NTLM_SEAL_128, CRYPTO_NTLM_CLIENT, true));
    peer = s;
    crypto_rc4_apply(&s.seal, plain, sealed, 18);
    assert_hex(sealed, "54e50165bf1936dc996020c1811b0f06fb5f");
    assert_true(crypto_ntlm_sign(&s, iov, 2, mac));
    assert_hex(mac, "010000007fb38ec5c55d497600000000");
    assert_int_equal(s.seq_num, 1);
    crypto_rc4_apply(&peer.seal, sealed, sealed, 18);
    assert_true(crypto_ntlm_verify(&peer, iov, 2, mac));
    assert_false(crypto_ntlm_verify(&peer, iov, 2, mac)); /* its number is used up */
}

/* [MS-NLMP] 4.2.3.4: without key exchange the checksum is not encrypted. */
static void test_mac_without_key_exchange(void **state)
{
    struct crypto_ntlm_signer s;
    uint8_t exported[16], plain[18], mac[16];
    unhex("eb93429a8bd952f8b89c55b87f475edc", exported, 16);
    unhex("50006c00610069006e007400650078007400", plain, 18);
    const struct crypto_iov iov = {plain, 18};
    assert_true(
        crypto_ntlm_signer_init(&s, exported, CRYPTO_NTLM_SEAL_56, CRYPTO_NTLM_CLIENT, false));
    assert_true(crypto_ntlm_sign(&s, &iov, 1, mac));
    assert_hex(mac, "01000000ff2aeb52f681793a00000000");
    assert_true(crypto_ntlm_sign(&s, &iov, 1, mac));
    assert_int_equal(mac[12], 1);
}

static void test_mac_refusals(void **state)
{
    struct crypto_ntlm_signer client, server;
    static const uint8_t exported[16] = {7};
    const struct crypto_iov nine[9] = {{NULL, 0}};
    uint8_t mac[16], other[16];
    assert_true(
        crypto_ntlm_signer_init(&client, exported, CRYPTO_NTLM_SEAL_128, CRYPTO_NTLM_CLIENT, true));
    assert_true(
        crypto_ntlm_signer_init(&server, exported, CRYPTO_NTLM_SEAL_128, CRYPTO_NTLM_SERVER, true));
    assert_false(crypto_ntlm_sign(&client, nine, 9, mac));
    assert_true(crypto_ntlm_sign(&client, nine, 8, mac));
    assert_true(crypto_ntlm_sign(&server, nine, 8, other));
    assert_memory_not_equal(mac, other, 16); /* the two directions differ */
}

/* HMAC-MD5 over three messages is the same as over them joined. */
static void test_mic(void **state)
{
    static const uint8_t exported[16] = {1, 2, 3};
    const struct crypto_iov three[] = {{"negotiate", 9}, {"challenge", 9}, {"authenticate", 12}};
    const struct crypto_iov one = {"negotiatechallengeauthenticate", 30};
    uint8_t a[16], b[16];
    assert_true(crypto_ntlm_mic(exported, three, 3, a));
    assert_true(crypto_ntlm_mic(exported, &one, 1, b));
    assert_memory_equal(a, b, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_md4),
        cmocka_unit_test(test_rc4),
        cmocka_unit_test(test_nt_hash),
        cmocka_unit_test(test_ntowfv2),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_mac_with_key_exchange),
        cmocka_unit_test(test_mac_without_key_exchange),
        cmocka_unit_test(test_mac_refusals),
        cmocka_unit_test(test_mic),
    };
    return cmocka_run_group_tests(tests, test_setup, test_teardown);
}
