#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plugins that were compiled against version 1 of the interface still load and work: the binaries
tests/abi/old_vfs-amd64.so and old_tree-amd64.so, used by smbclient. On amd64 only: skipped elsewhere.

Arguments: the program, and the folder of the binaries.
"""
import os
import platform
import shutil
import sys

from program import HOME, check, finish, run

FOLDER = sys.argv[2]
SMB = 'smbclient "$unc" -p $port -U "$user%$password" --configfile=/dev/null -c '


def serve(name, commands, *args):
    """What smbclient says to its commands in a share of that plugin."""
    plugin = os.path.join(FOLDER, name + "-amd64.so")
    r = run("--name", "x", "--run", f"cd '{HOME}' && {SMB}'{commands}' 2>&1", plugin, *args)
    return r.stdout + r.stderr


def local(name, data=None):
    path = os.path.join(HOME, name)
    if data is not None:
        with open(path, "wb") as f:
            f.write(data)
    with open(path, "rb") as f:
        return f.read()


def test_vfs():
    data = bytes(range(256)) * 10
    local("in", data)
    out = serve("old_vfs", "put in one; ls; get ONE got; rename one two; scopy two three; "
                           "get three got3; del two; ls; allinfo three", "room=2M", "wait=20ms")
    check("vfs: written and read", local("got") == data, out)
    check("vfs: copied by the server", local("got3") == data, out)
    lines = out.split("\n")
    check("vfs: listed", sum("  one  " in x for x in lines) == 1 and
          sum("  two  " in x for x in lines) == 0 and sum("  three  " in x for x in lines) == 1, out)
    check("vfs: space", "of size 4096" in out and "256 blocks available" in out, out)
    out = serve("old_vfs", "get none; mkdir d; put in a/b")
    check("vfs: errors", "NT_STATUS_OBJECT_NAME_NOT_FOUND" in out and
          "NT_STATUS_OBJECT_NAME_COLLISION" in out and "NT_STATUS_OBJECT_PATH_NOT_FOUND" in out, out)
    for args, message in (
            (("mode=broken",), "share 'x': old-vfs: broken, as was asked for"),
            (("mode=odd",), "share 'x': old-vfs: mode=odd is not valid: it must be one of "
                            "whole|broken"),
            (("room=1",), "share 'x': old-vfs: room=1 is not valid: it must be a size from 1K to 1G "
                          "bytes, such as 512, 64K or 1.5G")):
        out = serve("old_vfs", "ls", *args)
        check(f"vfs: {args}", out.strip() == "smbkit: " + message, out)


def test_tree():
    local("in", b"quiet please")
    out = serve("old_tree", "get hello.txt got1; get counted.txt got2; ls lazy\\*; get any\\thing "
                            "got3; put in upper.txt; get upper.txt got4; ls")
    check("tree: bytes", local("got1") == b"Hello!\n", out)
    check("tree: read", local("got2") == b"0123456789" * 100, out)
    check("tree: missing", local("got3") == b"thing", out)
    check("tree: get and put", local("got4") == b"QUIET PLEASE", out)
    check("tree: load", "  made  " in out, out)
    names = "abcde"
    out = serve("old_tree", "; ".join(f"put in new\\{n}" for n in names) +
                "; rename new\\a new\\z; rename new\\b new\\no; del new\\c; ls new\\*; ls ring\\*")
    entries = [line.split()[0] for line in out.split("\n") if line.startswith("  ")]
    check("tree: made, renamed, removed",
          sorted(x for x in entries if x not in (".", "..")) == sorted("bdez" + "cde"), out)
    check("tree: refused", "NT_STATUS_ACCESS_DENIED" in out, out)


def test_dump():
    for name, rows in (("old_vfs", ("abi_version=1", "vfs_size=264",
                                   "parameter.mode.values=whole|broken",
                                    "thread_model=serial", "capabilities=stable-ids")),
                       ("old_tree", ("abi_version=1", "name=old-tree"))):
        r = run("--dump-plugin", os.path.join(FOLDER, name + "-amd64.so"))
        for row in rows:
            check(f"{name}: {row}", row in r.stdout.split("\n"), r.stdout + r.stderr)


def main():
    if platform.machine() != "x86_64":
        print("the binaries are for amd64")
        sys.exit(77)
    if shutil.which("smbclient") is None:
        print("no smbclient")
        sys.exit(77)
    test_vfs()
    test_tree()
    test_dump()
    finish()


if __name__ == "__main__":
    main()
