// SPDX-License-Identifier: Apache-2.0
// The headers in a C++ program: a server with a tree, made and freed.
#include <smbkit/filter.h>
#include <smbkit/smbkit.h>
#include <smbkit/tree.h>
#include <string>

int main()
{
    smbkit_server_config config{};
    char error[SMBKIT_ERROR_MAX];
    config.struct_size = sizeof config;
    smbkit_server *server = smbkit_server_new(&config, error);
    smbkit_tree *tree = smbkit_tree_new(nullptr);
    const std::string text = "from C++\n";
    if (server == nullptr || tree == nullptr)
        return 1;
    bool ok = smbkit_ok(smbkit_tree_add_bytes(smbkit_tree_root(tree), "hello", text.data(),
                                              text.size(), nullptr)) &&
              smbkit_ok(smbkit_server_set_share_plugin(
                  server, "x", smbkit_tree_plugin(tree, SMBKIT_THREAD_ASYNC), nullptr, 0, error));
    smbkit_server_free(server);
    smbkit_tree_unref(tree);
    return ok && std::string(smbkit_version()) == SMBKIT_VERSION ? 0 : 1;
}
