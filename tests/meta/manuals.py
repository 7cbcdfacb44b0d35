#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when the program, the library, a public header, a plugin or a filter has no manual page, when a page
cannot be rendered without a warning, or when a page lacks what is to be in it.

Usage: manuals.py SOURCE_ROOT PAGE.3...        the pages that were made of the headers

mandoc judges the pages; where it is not installed, man does, which sees less. That the parameters of plugins
and filters and the options of the program stand in their pages is asked of the program itself:
tests/daemon/filters.py, tests/daemon/options.py.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import manpages  # noqa: E402

# What every page of a plugin or filter has.
SECTIONS = {"NAME", "SYNOPSIS", "DESCRIPTION", "PARAMETERS", "EXAMPLES", "SEE ALSO"}


def render(path):
    """What is wrong with a page."""
    if shutil.which("mandoc"):
        command, env = ["mandoc", "-T", "lint", "-W", "warning", path], None
    elif shutil.which("man"):
        command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path]
        env = dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80")
    else:
        return []
    out = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         check=False)
    text = out.stdout + out.stderr if command[0] == "mandoc" else out.stderr
    return [line.replace(os.path.dirname(path) + "/", "") for line in text.splitlines()]


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def public_names(header):
    """All that a header offers: functions, structs, enums, macros and values."""
    text = re.sub(r"/\*.*?\*/", "", read(header), flags=re.S)
    names = set(re.findall(r"\b(smbkit_\w+)\(", text)) | set(re.findall(r"^struct (\w+) \{", text, re.M))
    names |= set(re.findall(r"^#define (SMBKIT_\w+)", text, re.M))
    names |= set(re.findall(r"^    (SMBKIT_\w+)(?: = \d+)?,", text, re.M))
    return {n for n in names if not n.endswith("_H")}


def check_header(header, pages):
    wanted = manpages.PAGES.get(os.path.basename(header))
    if wanted is None:
        yield f"{header}: tools/manpages.py does not know it"
        return
    page = pages.get(wanted[1])
    if page is None:
        yield f"{header}: there is no page {wanted[1]}.3"
        return
    words = set(re.findall(r"\w+", read(page)))
    for name in sorted(public_names(header) - words):
        yield f"{wanted[1]}.3: {name} is missing"


def check_folder(root, kind):
    for folder in sorted(glob.glob(os.path.join(root, kind + "s", "*", ""))):
        name = os.path.basename(folder.rstrip("/"))
        page = os.path.join(folder, f"smbkit-{name}-{kind}.7")
        if not os.path.exists(page):
            yield f"{kind} {name}: there is no smbkit-{name}-{kind}.7"
            continue
        missing = SECTIONS - set(re.findall(r"^\.Sh (.*)", read(page), re.M))
        for section in sorted(missing):
            yield f"{os.path.basename(page)}: no section {section}"


def main():
    root, made = sys.argv[1], sys.argv[2:]
    pages = {os.path.basename(p)[:-2]: p for p in made}
    wrong = []
    for header in sorted(glob.glob(os.path.join(root, "include/smbkit/*.h"))):
        wrong += check_header(header, pages)
    for kind in ("plugin", "filter"):
        wrong += check_folder(root, kind)
    written = [os.path.join(root, "docs/man/smbkit.1")]
    written += glob.glob(os.path.join(root, "*s", "*", "smbkit-*.7"))
    for page in written + made:
        wrong += render(page)
    for line in wrong:
        print(line)
    print(f"{len(written) + len(made)} pages, {len(wrong)} remarks")
    sys.exit(1 if wrong or len(written) < 10 else 0)


if __name__ == "__main__":
    main()
