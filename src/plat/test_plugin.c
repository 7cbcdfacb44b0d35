// SPDX-License-Identifier: Apache-2.0
/* What test_plat loads. */
__attribute__((visibility("default"))) int test_plugin_answer(void);

int test_plugin_answer(void)
{
    return 42;
}
