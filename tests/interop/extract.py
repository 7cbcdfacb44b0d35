#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the first ```c block of a page to a file, so that the build compiles what the page shows.

Usage: extract.py PAGE OUTPUT
"""
import re
import sys


def main():
    page, output = sys.argv[1:]
    with open(page, encoding="utf-8") as f:
        text = f.read()
    m = re.search(r"^```c\n(.*?)^```", text, re.S | re.M)
    if m is None:
        sys.exit(f"{page}: no C in it")
    line = text.count("\n", 0, m.start(1)) + 1
    with open(output, "w", encoding="utf-8") as f:
        f.write(f'#line {line} "{page}"\n{m.group(1)}')


if __name__ == "__main__":
    main()
