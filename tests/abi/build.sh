#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How the plugins of version 1 that are kept as binaries were built: once, on amd64, against the headers
# of that version. To build them anew would make the test worthless.
#
# Usage: tests/abi/build.sh [FOLDER OF THE HEADERS]
set -e
cd "$(dirname "$0")"
include=${1:-../../include}
for name in old_vfs old_tree; do
    cc -std=c11 -Os -Wall -Wextra -Wno-unused-parameter -fPIC -shared -nostdlib -fno-stack-protector \
        -fno-builtin-strlen -fcf-protection=none -fno-asynchronous-unwind-tables -I "$include" \
        -s -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro -Wl,--hash-style=gnu \
        -o "$name-amd64.so" "$name.c" -lc
done
ls -l ./*-amd64.so
