#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a page names a file, a function, a make target or a heading that does not exist.

Usage: docs.py [SOURCE_ROOT]

Also when the excerpt of a plugin in the README is not what docs/writing-a-plugin.md has, which the
build compiles. Looked at: links, and in `code` words that look like a path of ours (src/...), like `name()`, or like
`make target`. <name> and * in a path stand for anything.
"""
import glob
import os
import re
import sys

PAGES = ["README.md", "CONTRIBUTING.md", "docs/*.md"]
TOPS = "src|include|daemon|plugins|filters|tools|tests|fuzz|bench|docs|\\.ci"
PATH = re.compile(rf"^(?:{TOPS})/[\w./<>*-]*$|^(?:README|CONTRIBUTING)\.md$|^\.clang-format$")
FUNCTION = re.compile(r"^(\w+)\(\)$")
MAKE = re.compile(r"^make ([a-z-]+)$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.S | re.M)


def blank(match):
    return "\n" * match.group(0).count("\n")


def anchors(text):
    for line in FENCE.sub(blank, text).split("\n"):
        if line.startswith("#"):
            title = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            yield title.replace(" ", "-")


def identifiers(root):
    words = set()
    for top in ("src", "include", "daemon", "plugins", "tests", "tools"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for f in files:
                if f.endswith((".c", ".h")):
                    with open(os.path.join(folder, f), encoding="utf-8") as src:
                        words.update(re.findall(r"(\w+)\s*\(", src.read()))
    return words


def targets(root):
    path = os.path.join(root, "Makefile")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as f:
        return {t for line in re.findall(r"^([a-z][\w\s-]*):(?!=)", f.read(), re.M)
                for t in line.split()}


def path_exists(root, path):
    pattern = re.sub(r"<[^>]*>", "*", path.rstrip("/"))
    return bool(glob.glob(os.path.join(root, pattern)))


def check_link(root, page, text, target):
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(root, os.path.dirname(page), name)) if name else \
        os.path.join(root, page)
    if not os.path.exists(path):
        return f"no such file: {target}"
    if anchor:
        with open(path, encoding="utf-8") as f:
            if anchor not in set(anchors(f.read())):
                return f"no such heading: {target}"
    return None


def check_code(root, words, make, code):
    if PATH.match(code) and not path_exists(root, code):
        return f"no such file: {code}"
    m = FUNCTION.match(code)
    if m and m.group(1) not in words:
        return f"no such function: {code}"
    m = MAKE.match(code)
    if m and m.group(1) not in make:
        return f"no such target: {code}"
    return None


def excerpt_lines(root, page):
    path = os.path.join(root, page)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        m = re.search(r"^```c\n(.*?)^```", f.read(), re.S | re.M)
    return m.group(1).split("\n") if m else []


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    words, make = identifiers(root), targets(root)
    pages = sorted(os.path.relpath(p, root) for g in PAGES for p in glob.glob(os.path.join(root, g)))
    wrong = 0
    for page in pages:
        with open(os.path.join(root, page), encoding="utf-8") as f:
            text = FENCE.sub(blank, f.read())
        for number, line in enumerate(text.split("\n"), 1):
            found = [check_link(root, page, text, t) for t in LINK.findall(line)]
            found += [check_code(root, words, make, c) for c in CODE.findall(line)]
            for why in filter(None, found):
                print(f"{page}:{number}: {why}")
                wrong += 1
    whole = set(excerpt_lines(root, "docs/writing-a-plugin.md"))
    for line in excerpt_lines(root, "README.md"):
        if line not in whole:
            print(f"README.md: the page about plugins has no such line: {line}")
            wrong += 1
    if not pages:
        sys.exit("docs.py: no pages found")
    print(f"{len(pages)} pages, {wrong} remarks")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
