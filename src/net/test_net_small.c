// SPDX-License-Identifier: Apache-2.0
/* Addresses and the buffer pool. */
#include "base/mem.h"
#include "net/addr.h"
#include "net/bufpool.h"
#include "net/sockaddr_int.h"
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void check_text(const char *host, uint16_t port, const char *wanted, const char *wanted_host)
{
    char text[NET_ADDR_TEXT];
    struct sockaddr_storage ss;
    struct net_addr a, back;

    assert_true(net_addr_parse(&a, host, port));
    assert_string_equal(net_addr_format(&a, text), wanted);
    assert_string_equal(net_addr_format_host(&a, text), wanted_host);
    assert_int_not_equal(net_addr_to_sockaddr(&a, &ss), 0);
    net_addr_from_sockaddr(&back, &ss);
    assert_memory_equal(&a, &back, sizeof(a));
}

static void test_addresses(void **state)
{
    char text[NET_ADDR_TEXT];
    struct net_addr a;

    check_text("192.0.2.1", 445, "192.0.2.1:445", "192.0.2.1");
    check_text("0.0.0.0", 0, "0.0.0.0:0", "0.0.0.0");
    check_text("2001:db8::1", 65535, "[2001:db8::1]:65535", "2001:db8::1");
    check_text("fe80::1%7", 1, "[fe80::1%7]:1", "fe80::1%7");
    assert_false(net_addr_parse(&a, "localhost", 1));
    assert_false(net_addr_parse(&a, "1.2.3", 1));
    assert_false(net_addr_parse(&a, "", 1));
    assert_false(net_addr_parse(&a, "fe80::1%", 1));
    assert_false(net_addr_parse(&a, "fe80::1%no such interface", 1));
    a = (struct net_addr){0};
    assert_string_equal(net_addr_format(&a, text), "local");
    assert_int_equal(net_addr_size(&a), 0);
    assert_true(net_addr_parse(&a, "127.3.2.1", 1) && net_addr_is_loopback(&a));
    assert_int_equal(net_addr_size(&a), 4);
    assert_true(net_addr_parse(&a, "::1", 1) && net_addr_is_loopback(&a));
    assert_int_equal(net_addr_size(&a), 16);
    assert_true(net_addr_parse(&a, "10.0.0.1", 1) && !net_addr_is_loopback(&a));
}

static void test_mapped_address_is_ipv4(void **state)
{
    struct net_addr v6, a;
    struct sockaddr_storage ss;
    char text[NET_ADDR_TEXT];

    assert_true(net_addr_parse(&v6, "::ffff:192.0.2.9", 80));
    net_addr_to_sockaddr(&v6, &ss);
    net_addr_from_sockaddr(&a, &ss);
    assert_string_equal(net_addr_format(&a, text), "192.0.2.9:80");
}

static void test_bufpool_keeps_large_blocks(void **state)
{
    struct bufpool *p = bufpool_new(3u << 20);
    struct buf *b = bufpool_get(p, (1u << 20) + 200), *c;
    uint8_t *data = b->data;

    assert_int_equal((uintptr_t)data % 64, 0);
    assert_int_equal(b->size, (1u << 20) + 200);
    memset(b->data, 1, b->size);
    buf_unref(b);
    /* The same class: the same block again. */
    b = bufpool_get(p, (1u << 20) + 100);
    assert_ptr_equal(b->data, data);
    c = bufpool_get(p, (1u << 20) + 100);
    assert_ptr_not_equal(c->data, data);
    buf_unref(b);
    buf_unref(c);
    b = bufpool_get(p, 100);
    assert_int_equal(b->size, 100);
    /* Outlives the pool. */
    c = bufpool_get(p, 70000);
    bufpool_free(p);
    memset(c->data, 2, c->size);
    buf_unref(c);
    buf_unref(b);
    b = bufpool_get(NULL, 1u << 20);
    buf_unref(b);
}

static void test_bufpool_sizes(void **state)
{
    static const size_t sizes[] = {1,         65535,
                                   65536,     65536 + 4096,
                                   69633,     1u << 20,
                                   8u << 20,  (8u << 20) + 4096,
                                   16u << 20, (16u << 20) + 4097};
    struct bufpool *p = bufpool_new(64u << 20);

    for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
        struct buf *b = bufpool_get(p, sizes[i % ARRAY_LEN(sizes)]);

        assert_non_null(b);
        assert_int_equal((uintptr_t)b->data % 64, 0);
        b->data[0] = 1;
        b->data[b->size - 1] = 2;
        buf_unref(b);
    }
    bufpool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_mapped_address_is_ipv4),
        cmocka_unit_test(test_bufpool_keeps_large_blocks),
        cmocka_unit_test(test_bufpool_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
