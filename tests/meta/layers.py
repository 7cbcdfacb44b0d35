#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file includes what its layer may not see, or asks which system it is built for.

Usage: layers.py [SOURCE_ROOT]

The table is docs/architecture.md's picture in another form: a module may include itself, what
stands in its row, and the public headers. Only plat/ and net/ may include operating-system
headers and only plat/ may have #ifdefs for systems; programs and plugins see public headers only,
and those see each other and the C library. selftest.py feeds it bad files.
"""
import os
import re
import sys

MAY = {
    "base": set(),
    "plat": {"base"},
    "wire": {"base"},
    "crypto": {"base"},
    "net": {"base", "plat"},
    "auth": {"base", "crypto"},
    "client": {"base", "wire", "crypto", "auth"},
    "kerberos": {"base", "auth"},
    "acl": {"base", "wire"},
    "rpc": {"base", "wire", "crypto", "auth"},
    "lease": {"base"},
    "compress": {"base"},
    "vfs": {"base"},
    "tree": {"base", "plat", "vfs"},
    "core": {"base", "wire", "crypto", "compress", "acl", "auth", "rpc", "lease", "vfs"},
    "server": {"base", "plat", "wire", "crypto", "net", "compress", "acl", "auth", "rpc",
               "lease", "vfs", "core"},
}
# What the C library of C11 offers everywhere, and the compiler's own headers.
STANDARD = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "setjmp.h",
    "signal.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h",
    "stdio.h", "stdlib.h", "stdnoreturn.h", "string.h", "time.h", "wchar.h",
}
OS_LAYERS = {"plat", "net"}
EXTRA = {"crypto": re.compile(r"openssl/"), "kerberos": re.compile(r"gssapi/|krb5\.h|profile\.h"),
         "tests": re.compile(r"(cmocka|gcrypt)\.h")}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SYSTEM = re.compile(r"^\s*#\s*(?:el)?if.*\b(__linux__|__APPLE__|__FreeBSD__|__unix__|_WIN32|_WIN64"
                    r"|_MSC_VER|__MINGW\w*)\b")


def is_test(path):
    name = os.path.basename(path)
    return name.startswith("test_") or name.startswith("test") and name.endswith((".h", ".c")) \
        and os.path.basename(os.path.dirname(path)) in MAY


def check_include(module, quote, name):
    if module == "include":
        if name.startswith("smbkit/") or name in STANDARD and quote == "<":
            return None
        return "public headers include <smbkit/...> and the C library only"
    if name.startswith("smbkit/"):
        return None if module != "base" or name in ("smbkit/status.h", "smbkit/version.h") else \
            "base may see only the statuses"
    if quote == '"':
        target = name.split("/")[0]
        if "/" not in name:
            return None  # beside the file
        if target == module or target in MAY.get(module, set()):
            return None
        if module == "public":
            return "programs and plugins include <smbkit/...> only"
        return f"{module} may not include {target}"
    if name in STANDARD or module in OS_LAYERS or module == "public":
        return None
    if module in EXTRA and EXTRA[module].match(name):
        return None
    return f"an operating-system or foreign header outside plat/ and net/: <{name}>"


def check_line(module, line):
    m = INCLUDE.match(line)
    if m:
        return check_include(module, m.group(1), m.group(2))
    m = SYSTEM.match(line)
    if m and module not in ("plat", "public", "include"):
        return f"only plat/ may ask for a system: {m.group(1)}"
    return None


def module_of(rel):
    parts = rel.split(os.sep)
    if parts[0] == "src" and parts[1] in MAY:
        return parts[1]
    if parts[0] in ("daemon", "plugins", "filters"):
        return "public"
    if parts[0] == "include":
        return "include"
    return None


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    seen = wrong = 0
    for top in ("src", "include", "daemon", "plugins", "filters"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for f in sorted(files):
                path = os.path.join(folder, f)
                rel = os.path.relpath(path, root)
                module = module_of(rel)
                if not f.endswith((".c", ".h")) or module is None or is_test(rel):
                    continue
                seen += 1
                with open(path, encoding="utf-8") as src:
                    for number, line in enumerate(src, 1):
                        why = check_line(module, line)
                        if why:
                            print(f"{rel}:{number}: {why}")
                            wrong += 1
    if seen == 0:
        sys.exit("layers.py: no sources found")
    print(f"{seen} files, {wrong} wrong includes")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
