#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when docs/security.md says another limit than the source.

Usage: limits.py SOURCE_ROOT

In a table with the column "in the source" a row names constants, `NAME` or `NAME` of `FILE` where several files
have one of that name, and options, (`--name`), whose default counts. Where the column "value" has as many numbers
as the row has constants, the nth is the nth's; else the value of each must be one of the numbers.
"""
import os
import re
import sys

UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30,
         "ms": 1, "s": 1000, "minutes": 60000}
CONSTANT = re.compile(r"^#define (\w+)[ \t]+([^\n\\]*)$", re.M)
OPTION = re.compile(r'^OPTION\(\w+, "([\w-]+)", \w+, [^,]*, [^,]*, [^,]*,\s*"([^"]*)"', re.M)


def constants(root):
    """NAME: {FILE: text of the value}."""
    found = {}
    for top in ("include", "src", "daemon"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for name in files:
                path = os.path.join(folder, name)
                if name.endswith((".c", ".h")) and not name.startswith("test"):
                    with open(path, encoding="utf-8") as f:
                        for constant, value in CONSTANT.findall(f.read()):
                            found.setdefault(constant, {})[os.path.relpath(path, root)] = value
    return found


def value_of(known, name, file=None):
    """A number; raises ValueError with what is wrong."""
    places = known.get(name, {})
    texts = {places[file]} if file in places else set(places.values()) if file is None else set()
    if len(texts) != 1:
        raise ValueError(f"{name}: " + ("is not in the source" if not texts else f"of which of {list(places)}?"))
    text = re.sub(r"/\*.*?(\*/|$)", "", texts.pop())
    text = re.sub(r"\b(0x[0-9a-f]+|\d+)(u|ul|ull|l|ll)\b", r"\1", text, flags=re.I)
    text = re.sub(r"\b[A-Z]\w*\b", lambda m: str(value_of(known, m.group(0))), text)
    if not re.fullmatch(r"[\s0-9a-fx()+*<-]+", text):
        raise ValueError(f"{name}: cannot be read: {text}")
    return eval(text)  # numbers and operators only


def each_number(cell):
    """What each number of a cell can mean: with its unit in bytes or ms, and as it stands."""
    found = []
    for number, unit in re.findall(r"(\d[\d,]*(?:\.\d+)?)(?:[  ]?([A-Za-z]+))?", cell):
        plain = float(number.rstrip(",").replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+,?", number)
                      else number.split(",")[0])
        found.append({plain, plain * UNITS.get(unit, 1)})
    return found


def numbers(cell):
    """All that a cell can mean."""
    return set().union(*each_number(cell))


def rows(page):
    table = False
    for line in page.split("\n"):
        cells = [c.strip() for c in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if len(cells) == 4 and cells[3] == "in the source":
            table = True
        elif not cells:
            table = False
        elif table and not cells[0].startswith("---"):
            yield cells


def check(root):
    known = constants(root)
    with open(os.path.join(root, "src/server/options.def"), encoding="utf-8") as f:
        options = dict(OPTION.findall(f.read()))
    with open(os.path.join(root, "docs/security.md"), encoding="utf-8") as f:
        page = f.read()
    compared = 0
    for what, value, _, source in rows(page):
        allowed = numbers(value + " " + " ".join(re.findall(r"\(`--[\w-]+`, ([^)]*)\)", value)))
        named = [(name, file or None) for name, file in
                 re.findall(r"`([A-Z]\w+)`(?: of `([\w/.]+)`)?", source)]
        single = each_number(value)
        for i, (name, file) in enumerate(named):
            compared += 1
            try:
                if value_of(known, name, file) not in (single[i] if len(single) == len(named) else allowed):
                    yield f"{what}: {name} is {value_of(known, name, file)}, not {value}"
            except ValueError as e:
                yield f"{what}: {e}"
        for option in re.findall(r"`--([\w-]+)`", what + value):
            default = options.get(option)
            compared += 1
            if default is None:
                yield f"{what}: there is no option --{option}"
            elif default[:1].isdigit() and not numbers(default) & allowed:
                yield f"{what}: --{option} is {default}, not {value}"
    if compared < 40:
        yield f"docs/security.md: only {compared} limits are named"


def main():
    wrong = list(check(sys.argv[1]))
    for line in wrong:
        print(line)
    print(f"{len(wrong)} remarks")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
