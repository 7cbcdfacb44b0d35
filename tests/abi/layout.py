#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when the layout of a public struct, or the value of a public number, is not what was promised.

Usage: layout.py SOURCE_ROOT [--write] COMPILER...

Every struct of include/smbkit/ but those of filter.h (which is unstable on purpose) is looked at: the
compiler says where its members lie and how large they are, and tests/abi/layout-1.tsv what they were
when version 1 of the interface was made. A row that is there must stay as it is. A row that is not
there is a new member, and legal only at the end of its struct or where `reserved` was; --write adds it,
at each release at the latest: from then on it is promised. Structs that lie in arrays, or have
`reserved`, keep their size. Enums and numeric macros may only become more. The table is for machines
with 64-bit pointers (LP64); on others there is nothing to compare.
"""
import os
import re
import subprocess
import sys
import tempfile

HEADERS = ["status.h", "vfs.h", "tree.h", "smbkit.h"]
TABLE = "tests/abi/layout-1.tsv"
# What says which version this is, and may change.
FREE = re.compile(r"^SMBKIT_VERSION|^SMBKIT_[A-Z]+_H$")
ARRAYS = {"smbkit_arg", "smbkit_range", "smbkit_ea"}


def plain(text):
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    return text.replace("\\\n", " ")


def structs(text):
    """(name, [member, ...]) of each struct that is defined."""
    for m in re.finditer(r"^struct (smbkit_\w+) \{\n(.*?)^\};", plain(text), re.S | re.M):
        members = []
        for declaration in m.group(2).split(";"):
            declaration = declaration.strip()
            if not declaration:
                continue
            pointer = re.search(r"\(\*(\w+)\)\s*\(", declaration)
            if pointer:
                members.append(pointer.group(1))
                continue
            for part in declaration.split(","):
                members.append(re.search(r"(\w+)(\[\w+\])?\s*$", part.strip()).group(1))
        yield m.group(1), members


def numbers(text):
    text = plain(text)
    for m in re.finditer(r"^#define (SMBKIT_[A-Z0-9_]+)[ \t]+(\(?[0-9][^\n]*)$", text, re.M):
        if not FREE.match(m.group(1)):
            yield m.group(1)
    for m in re.finditer(r"^enum smbkit_\w+ \{(.*?)\}", text, re.S | re.M):
        yield from re.findall(r"\b(SMBKIT_\w+)\b", m.group(1))
    for m in re.finditer(r"^\s*X\((\w+), 0x", text, re.M):
        yield "SMBKIT_STATUS_" + m.group(1)


def program(root):
    """A C program that prints the table."""
    rows = []
    for header in HEADERS:
        with open(os.path.join(root, "include/smbkit", header), encoding="utf-8") as f:
            text = f.read()
        for name, members in structs(text):
            for x in members:
                rows.append(f'printf("%s.%s\\t%zu\\t%zu\\n", "{name}", "{x}", '
                            f'offsetof(struct {name}, {x}), sizeof(((struct {name} *)0)->{x}));')
            if name in ARRAYS or "reserved" in members:
                rows.append(f'printf("sizeof({name})\\t%zu\\t-\\n", sizeof(struct {name}));')
        for name in numbers(text):
            rows.append(f'printf("%s\\t0x%llx\\t-\\n", "{name}", (unsigned long long)({name}));')
    includes = "".join(f"#include <smbkit/{h}>\n" for h in HEADERS)
    return f"{includes}#include <stdio.h>\nint main(void)\n{{\n" + "\n".join(rows) + "\n}\n"


def measure(root, compiler):
    with tempfile.TemporaryDirectory(prefix="smbkit-layout.") as folder:
        source, binary = os.path.join(folder, "layout.c"), os.path.join(folder, "layout")
        with open(source, "w", encoding="utf-8") as f:
            f.write(program(root))
        subprocess.run([*compiler, "-std=c11", "-I", os.path.join(root, "include"), source, "-o",
                        binary], check=True)
        return subprocess.run([binary], check=True, capture_output=True, text=True).stdout


def rows_of(text):
    return {line.split("\t")[0]: line for line in text.split("\n")
            if line and not line.startswith("#")}


def compare(was, now):
    """What is wrong, and the rows that are new."""
    wrong, new = [], []
    for key, row in was.items():
        if ".reserved" in key:
            continue
        if key not in now:
            wrong.append(f"{key} is gone")
        elif now[key] != row:
            wrong.append(f"{key} was {row.split(chr(9))[1:]}, is {now[key].split(chr(9))[1:]}")
    for key, row in now.items():
        if key in was:
            continue
        new.append(row)
        struct = key.split(".")[0] + "."
        ends = [int(r.split("\t")[1]) + int(r.split("\t")[2]) for k, r in was.items()
                if "." in key and k.startswith(struct) and ".reserved" not in k]
        if ends and int(row.split("\t")[1]) < max(ends):
            wrong.append(f"{key} is new, and not at the end")
    return wrong, new


def main():
    root, rest = sys.argv[1], sys.argv[2:]
    write = rest[0] == "--write"
    if sys.maxsize < 2 ** 32:
        sys.exit(77)
    table = os.path.join(root, TABLE)
    with open(table, encoding="utf-8") as f:
        head = f.read()
    wrong, new = compare(rows_of(head), rows_of(measure(root, rest[write:])))
    if write and not wrong:
        with open(table, "a", encoding="utf-8") as f:
            f.writelines(row + "\n" for row in new)
    elif new:
        print(f"{len(new)} are new, and not promised yet (layout.py . --write cc): " +
              " ".join(row.split("\t")[0] for row in new))
    for line in wrong:
        print(line)
    print(f"{len(rows_of(head))} rows, {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
