#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/base/upcase_table.inc: simple upper-case mappings of the BMP, from Python's Unicode data.

Usage: tools/gen-upcase.py > src/base/upcase_table.inc

The table is committed, so that a build needs no Python and every build folds names alike.
"""
import sys
import unicodedata

BLOCK = 64

# Kept as they are although Unicode maps them. U+0131 and U+017F become ASCII letters there: a name
# without any ASCII letter could pass for an ASCII one. The others (the micro sign, which would turn Greek,
# and the title case digraphs) are kept because the tables of Windows are known to keep them.
KEPT = {0x00B5, 0x0131, 0x017F, 0x01C5, 0x01C8, 0x01CB, 0x01F2}


def upcase(unit):
    """The simple (one unit to one unit) mapping. Python gives the full mapping; where that has several
    characters the title case form is the simple mapping, if it is one character (U+1F80 ff.)."""
    if 0xD800 <= unit <= 0xDFFF or unit in KEPT:
        return unit
    char = chr(unit)
    for mapped in (char.upper(), char.title()):
        if len(mapped) == 1:
            return ord(mapped) if ord(mapped) <= 0xFFFF else unit
    return unit


def rows(values, per_line, fmt):
    for i in range(0, len(values), per_line):
        yield "    " + " ".join(fmt % v + "," for v in values[i : i + per_line])


def main():
    deltas = [(upcase(u) - u) & 0xFFFF for u in range(0x10000)]
    blocks, index = [], []
    for start in range(0, 0x10000, BLOCK):
        block = deltas[start : start + BLOCK]
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    assert len(blocks) <= 256
    out = [
        "// SPDX-License-Identifier: Apache-2.0",
        "/* Made by tools/gen-upcase.py from Unicode %s; do not edit." % unicodedata.unidata_version,
        "   Upper case of u is u + upcase_delta[upcase_block[u / %d]][u %% %d], modulo 65536. */" % (BLOCK, BLOCK),
        "/* clang-format off */",
        "#define UPCASE_BLOCK_SIZE %d" % BLOCK,
        "static const uint8_t upcase_block[%d] = {" % len(index),
        *rows(index, 24, "%d"),
        "};",
        "static const uint16_t upcase_delta[%d][UPCASE_BLOCK_SIZE] = {" % len(blocks),
    ]
    for block in blocks:
        out += ["    {", *("    " + r for r in rows(block, 16, "%d")), "    },"]
    out += ["};", "/* clang-format on */"]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
