#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a folder holds, as text that is the same wherever it lies: a mount, a local disk, a served folder.

    kernel_tree.py FOLDER [--mfsymlinks] [--skip PATH]...      prints one line: a digest and counts

Each name with its kind; of files the size, the bytes (SHA-256), the first of their names, and the extended
attributes of clients; of links where they lead. Neither times nor permissions: a mount makes those up.
Nor the number of names, which a listing does not tell the kernel's client: inodes say which are one file.
"""
import argparse
import hashlib
import os
import stat

# What servers keep for themselves in extended attributes of users.
OWN_XATTRS = ("user.DOSATTRIB", "user.NTACL", "user.DosStream.")
# A symbolic link as the kernel's client keeps it with mfsymlinks: a file of this size.
MF_SIZE = 1067


def mf_target(content):
    """Where such a file leads; None: it is none."""
    lines = content.split(b"\n", 4)
    if len(content) != MF_SIZE or len(lines) < 5 or lines[0] != b"XSym":
        return None
    return lines[3][:int(lines[1])]


def xattrs(path):
    names = sorted(n for n in os.listxattr(path, follow_symlinks=False)
                   if n.startswith("user.") and not n.startswith(OWN_XATTRS))
    return [(n, os.getxattr(path, n, follow_symlinks=False)) for n in names]


def file_lines(name, path, status, mfsymlinks, first):
    with open(path, "rb") as f:
        content = f.read()
    target = mf_target(content) if mfsymlinks else None
    if target is not None:
        return [f"link {name} -> {target!r}"]
    lines = [f"file {name} = {first}, {status.st_size} bytes, {hashlib.sha256(content).hexdigest()}"]
    if len(content) != status.st_size:
        lines.append(f"file {name}: {len(content)} bytes read")
    return lines + [f"attribute {name} {n}={v.hex()}" for n, v in xattrs(path)]


def manifest(root, mfsymlinks=False, skip=()):
    """Its lines, sorted."""
    lines, firsts = [], {}

    def walk(folder):
        for leaf in sorted(os.listdir(os.path.join(root, folder))):
            name = os.path.join(folder, leaf)
            path = os.path.join(root, name)
            if name in skip:
                continue
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                lines.append(f"folder {name}")
                walk(name)
            elif stat.S_ISLNK(status.st_mode):
                lines.append(f"link {name} -> {os.fsencode(os.readlink(path))!r}")
            elif stat.S_ISREG(status.st_mode):
                first = firsts.setdefault((status.st_dev, status.st_ino), name)
                lines.extend(file_lines(name, path, status, mfsymlinks, first))
            else:
                lines.append(f"other {name}")

    walk("")
    return sorted(lines)


def difference(one, other):
    """The first lines that are in one only."""
    only = [f"- {x}" for x in sorted(set(one) - set(other))]
    only += [f"+ {x}" for x in sorted(set(other) - set(one))]
    return "\n".join(only[:20])


def digest(lines):
    kinds = " ".join(f"{sum(x.startswith(kind + ' ') for x in lines)} {kind}s,"
                     for kind in ("file", "folder", "link", "attribute"))
    whole = hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
    return f"{whole} {kinds.rstrip(',')}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--mfsymlinks", action="store_true")
    parser.add_argument("--skip", action="append", default=[])
    a = parser.parse_args()
    print(digest(manifest(a.folder, a.mfsymlinks, a.skip)))


if __name__ == "__main__":
    main()
