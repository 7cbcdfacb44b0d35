#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit tests of the plugin dir on a file system of another kind than that of the temporary folder.

Usage: dir_on.py tmpfs|ext4|xfs|btrfs TEST...

The file system is made in a file and mounted by a loop device, which takes root; where that cannot be
done the test is skipped, with the reason.
"""
import os
import shutil
import subprocess
import sys
import tempfile

SIZE = 400 << 20
# A small ext4 has small blocks, into one of which all extended attributes of a file must fit.
OPTIONS = {"ext4": ["-b", "4096"]}


def skip(reason):
    print(reason)
    sys.exit(77)


def attempt(*command):
    if shutil.which(command[0]) is None:
        skip(f"{command[0]} is not installed")
    r = subprocess.run(command, capture_output=True, text=True, check=False)
    if r.returncode != 0:
        skip(f"{command[0]}: {(r.stdout + r.stderr).strip().splitlines()[-1:]}")


def mount(kind, folder):
    where = os.path.join(folder, "mounted")
    os.mkdir(where)
    if os.getuid() != 0:
        skip(f"{kind} is not mounted: not root")
    if kind == "tmpfs":
        attempt("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "smbkit-test", where)
    else:
        image = os.path.join(folder, "image")
        with open(image, "wb") as f:
            f.truncate(SIZE)
        attempt("mkfs." + kind, "-q", *OPTIONS.get(kind, []), image)
        attempt("mount", "-o", "loop", image, where)
    return where


def main():
    kind, tests = sys.argv[1], sys.argv[2:]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="smbkit-dir-on.") as folder:
        where = mount(kind, folder)
        try:
            try:
                os.setxattr(where, "user.test", b"x")
            except OSError as e:
                skip(f"{kind} of this kernel keeps no extended attributes of users: {e}")
            for test in tests:
                r = subprocess.run([test], capture_output=True, text=True, timeout=120, check=False,
                                   env=dict(os.environ, SMBKIT_TEST_FOLDER=where, LC_ALL="C"))
                if r.returncode != 0:
                    failed += 1
                    print(f"FAILED {os.path.basename(test)}: {r.stdout + r.stderr}")
        finally:
            subprocess.run(["umount", "-l", where], check=False)
    print(f"{len(tests) - failed} passed, {failed} failed on {kind}")
    sys.exit(1 if failed or not tests else 0)


main()
