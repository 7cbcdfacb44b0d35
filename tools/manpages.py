#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the manual page of a public header out of the header, so that there is one text and not two.

Usage: manpages.py HEADER OUTPUT

The head comment becomes the description, each comment the text of the declaration that it stands before,
"/* --- x --- */" a heading. What is indented in a comment stays as it is. Structs, enums and macros are
shown whole, as a programmer reads them.
"""
import os
import re
import sys

PAGES = {
    "smbkit.h": ("LIBSMBKIT", "libsmbkit", "an SMB2/3 server as a library"),
    "vfs.h": ("SMBKIT-VFS", "smbkit-vfs", "file systems for smbkit, the low-level interface"),
    "tree.h": ("SMBKIT-TREE", "smbkit-tree", "publishing a tree of files with smbkit"),
    "filter.h": ("SMBKIT-FILTER", "smbkit-filter", "filters between smbkit and its plugins"),
    "status.h": ("SMBKIT-STATUS", "smbkit-status", "NTSTATUS, how operations of smbkit end"),
    "version.h": ("SMBKIT-VERSION", "smbkit-version", "the version of libsmbkit"),
}
# What is of no interest to who reads.
SKIP = re.compile(r"^\s*(#include|#ifn?def|#if |#elif|#else|#endif|#undef|extern \"C\"|__extension__|/\* clang-format)|"
                  r"^\s*#define SMBKIT_\w+_H$|^}$")


def escape(line):
    line = line.replace("\\", "\\e")
    return "\\&" + line if line[:1] in (".", "'") else line


def paragraphs(comment):
    """A comment's text as (is_literal, [lines])."""
    body = re.sub(r"^/\*|\*/$", "", comment.strip())
    lines = [re.sub(r"^ ?\* ?| {1,3}(?=\S)", "", x, count=1).rstrip() for x in body.split("\n")]
    starred = any(re.match(r"\s*\*", x) for x in body.split("\n")[1:])
    indent = 4 if starred else 3
    block, literal = [], False
    for line in lines + [""]:
        deep = len(line) - len(line.lstrip()) >= indent
        if not line.strip() or (block and (deep != literal or line.strip().startswith("- "))):
            if block:
                yield literal, block
            block = []
        if line.strip():
            if not block:
                literal = deep
            block.append(line if deep else line.strip())


def sentences(lines):
    """Each on a line of its own, as mdoc wants it."""
    return re.split(r"(?<=[.!?])\s+|(?<=[.!?]\))\s+", " ".join(lines))


def prose(comment):
    out = []
    for literal, lines in paragraphs(comment):
        if literal:
            out += [".Bd -literal -offset indent", *map(escape, lines), ".Ed"]
        else:
            out += [".Pp", *map(escape, sentences(lines))]
    return out


def pieces(text):
    """The comments and declarations of a header, in order: (kind, text)."""
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i]
        if not line.strip() or line.startswith("//") or SKIP.match(line):
            i += 1
            continue
        start = i
        if line.startswith("/*"):
            while "*/" not in lines[i]:
                i += 1
            kind = "comment"
        elif line.startswith("#define"):
            while lines[i].endswith("\\"):
                i += 1
            while i + 1 < len(lines) and lines[i + 1].startswith("#define"):
                i += 1
                while lines[i].endswith("\\"):
                    i += 1
            kind = "code"
        else:
            depth = 0
            while True:
                depth += lines[i].count("{") - lines[i].count("}")
                if depth == 0 and (lines[i].rstrip().endswith((";", "*/")) or lines[i] == "}"):
                    break
                i += 1
            while i + 1 < len(lines) and re.match(r"SMBKIT_API .*;( /\*.*\*/)?$", lines[i + 1]):
                i += 1
            kind = "code"
        yield kind, "\n".join(x for x in lines[start:i + 1] if not SKIP.match(x) or x == "}")
        i += 1


def plain(code):
    """Without the mark of public functions; what follows moves with it."""
    shift = len("SMBKIT_API ") if code.startswith("SMBKIT_API ") else 0
    lines = [re.sub(rf"^ {{0,{shift}}}", "", x).replace("SMBKIT_API ", "") for x in code.split("\n")]
    return [escape(x) for x in lines]


def page(header, text):
    title, name, what = PAGES[header]
    found = list(pieces(text))
    out = ['.\\" SPDX-License-Identifier: Apache-2.0', f'.\\" Made of {header} by tools/manpages.py.',
           ".Dd $Mdocdate$", f".Dt {title} 3", ".Os", ".Sh NAME", f".Nm {name}", f".Nd {what}",
           ".Sh SYNOPSIS", f".In smbkit/{header}", ".Sh DESCRIPTION"]
    first = True
    pending = []
    for kind, piece in found:
        heading = re.fullmatch(r"/\* --- (.*) --- \*/", piece)
        if heading:
            out += pending + [".Ss " + escape(heading.group(1)[0].upper() + heading.group(1)[1:])]
            pending = []
        elif kind == "comment" and first:
            body = prose(piece)
            out += body[1:] if body[:1] == [".Pp"] else body
            out.append(".Ss Declarations")
            first = False
        elif kind == "comment":
            out += pending
            pending = prose(piece)
        else:
            out += [".Bd -literal", *plain(piece), ".Ed", *pending]
            pending = []
    out += pending
    others = sorted(p[1] for h, p in PAGES.items() if h != header)
    out += [".Sh SEE ALSO", ".Xr smbkit 1 ,"]
    out += [f".Xr {o} 3" + (" ," if o != others[-1] else "") for o in others]
    return "\n".join(out) + "\n"


def main():
    header, output = sys.argv[1:]
    with open(header, encoding="utf-8") as f:
        text = f.read()
    with open(output, "w", encoding="utf-8") as f:
        f.write(page(os.path.basename(header), text))


if __name__ == "__main__":
    main()
