#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles alone, with all warnings: as C11 and C17 without extensions, as C++17.

Usage: headers.py SOURCE_ROOT LANGUAGE COMPILER...
"""
import os
import subprocess
import sys
import tempfile

STANDARDS = {"c": ["-std=c11", "-std=c17"], "c++": ["-std=c++17", "-std=c++20"]}
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic-errors"]


def main():
    root, language, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
    include = os.path.join(root, "include")
    headers = sorted(f for f in os.listdir(os.path.join(include, "smbkit")) if f.endswith(".h"))
    failed = 0
    with tempfile.TemporaryDirectory(prefix="smbkit-headers.") as folder:
        source = os.path.join(folder, "alone." + ("c" if language == "c" else "cc"))
        for header in headers:
            with open(source, "w", encoding="utf-8") as f:
                # twice: it must guard itself
                f.write(f"#include <smbkit/{header}>\n" * 2 + "int alone;\n")
            for standard in STANDARDS[language]:
                out = subprocess.run([*compiler, standard, *WARNINGS, "-I", include,
                                      "-fsyntax-only", source], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                if out.returncode != 0:
                    failed += 1
                    print(f"FAILED {header} {standard}:\n{out.stdout}")
    print(f"{len(headers)} headers, {failed} failures")
    sys.exit(1 if failed or not headers else 0)


if __name__ == "__main__":
    main()
