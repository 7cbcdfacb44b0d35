#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a script can see: licence lines, merges left half done, scripts that do not parse, banned
calls, length of files, length and branching of functions, examples that can be read at one sitting.

Usage: style.py [SOURCE_ROOT]
"""
import os
import re
import sys

MAX_FILE_LINES = 800
MAX_LINES = 80       # of one function
MAX_BRANCHES = 30    # if, for, while, case, &&, ||, ? in one function
EXAMPLE = re.compile(r"^plugins/example\d+/example\d+\.c$")
EXAMPLE_LINES = range(40, 151)
CODE = (".c", ".h")
SPDX = "SPDX-License-Identifier: Apache-2.0"
NEEDS_SPDX = (".c", ".h", ".py", ".sh", ".build", ".def", ".map", ".in")
TOPS = ("src", "include", "daemon", "plugins", "filters", "tools", "tests", "fuzz", "bench", "docs")
BANNED = {
    r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|atoi|atol|strncpy|strncat)\s*\(":
        "an unsafe or locale-dependent call",
    r"(?<![\w.>])(malloc|calloc|realloc|free|strdup|strndup)\s*\(":
        "memory comes from base/mem.h (plugins: smbkit_alloc)",
    r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b": "unfinished work",
}
MERGE = re.compile(r"^(<{7}|={7}|>{7})( .*)?$", re.M)  # what git leaves in a file that two have changed
MEM_EXEMPT = re.compile(r"src/base/(mem|testmem)\.c$|(^|/)test_|^tests/|^fuzz/|^daemon/|^tools/")
BRANCH = re.compile(r"\b(if|for|while|case)\b|&&|\|\||\?")
STRIP = re.compile(r'//.*?$|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.S | re.M)


def blank(match):
    """Comments and texts disappear, their lines stay."""
    return "\n" * match.group(0).count("\n")


def functions(code):
    """(first line, name, body lines) of each function: a brace in column 0 opens it, one closes."""
    lines = code.split("\n")
    start = None
    for i, line in enumerate(lines):
        if line == "{" and start is None:
            start = i
        elif line == "}" and start is not None:
            head = lines[max(0, start - 4):start]
            names = re.findall(r"(\w+)\s*\(", " ".join(head))
            yield start + 1, names[-1] if names else "?", lines[start:i + 1]
            start = None


def check_any(rel, text):
    """What holds for every file, whatever its language."""
    for m in MERGE.finditer(text):
        yield text.count("\n", 0, m.start()) + 1, f"half of a merge: {m.group(0)}"
    if rel.endswith(".py"):
        try:
            compile(text, rel, "exec")
        except SyntaxError as e:
            yield e.lineno or 1, f"does not parse: {e.msg}"


def check(rel, text):
    if not rel.endswith(NEEDS_SPDX):
        return
    if SPDX not in "\n".join(text.split("\n")[:3]):
        yield 1, "no licence line: " + SPDX
    if not rel.endswith(CODE):
        return
    if text.count("\n") > MAX_FILE_LINES:
        yield 1, f"{text.count(chr(10))} lines; the limit is {MAX_FILE_LINES}: split it by meaning"
    if EXAMPLE.search(rel) and text.count("\n") not in EXAMPLE_LINES:
        yield 1, (f"an example of {text.count(chr(10))} lines; it has {EXAMPLE_LINES.start} to "
                  f"{EXAMPLE_LINES.stop - 1}")
    code = STRIP.sub(blank, text)
    for pattern, why in BANNED.items():
        if "base/mem.h" in why and MEM_EXEMPT.search(rel):
            continue
        source = text if why == "unfinished work" else code
        for m in re.finditer(pattern, source):
            yield source.count("\n", 0, m.start()) + 1, f"{why}: {m.group(0).strip()}"
    for line, name, body in functions(code):
        if os.path.basename(rel).startswith("test"):
            continue
        if len(body) > MAX_LINES:
            yield line, f"{name} has {len(body)} lines; the limit is {MAX_LINES}"
        branches = sum(len(BRANCH.findall(b)) for b in body)
        if branches > MAX_BRANCHES:
            yield line, f"{name} has {branches} branches; the limit is {MAX_BRANCHES}"


def sources(root):
    """(name, text) of every file of ours: what lies at the top, and all below the folders that we have."""
    for folder, below, files in os.walk(root):
        if folder == root:
            below[:] = [b for b in below if b in TOPS]
        below[:] = sorted(b for b in below if b not in ("seeds", "__pycache__"))
        for f in sorted(files):
            with open(os.path.join(folder, f), "rb") as src:
                data = src.read()
            if b"\0" not in data:
                yield os.path.relpath(os.path.join(folder, f), root), data.decode("utf-8", "replace")


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    seen = wrong = 0
    for rel, text in sources(root):
        seen += 1
        for line, why in (*check_any(rel, text), *check(rel, text)):
            print(f"{rel}:{line}: {why}")
            wrong += 1
    if seen == 0:
        sys.exit("style.py: no sources found")
    print(f"{seen} files, {wrong} remarks")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
