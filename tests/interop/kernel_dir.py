#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dir plugin under the Linux kernel's client: a served folder gets the bytes that a local disk gets.

    kernel_dir.py SMBKIT [SEED]

Needs the runner of kernel.py. For each mount a folder on this machine's disk (SMBKIT_DISK, or /var/tmp) is
served; a guest works in it: the client's own checks (fsx among them), kernel_fsstress.py, and
kernel_build.sh, which is done here on the disk as well. Then three must be the same, name by name and byte
by byte: what the guest sees with nothing in its cache, what lies in the served folder, and the local copy.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import kernel_tree
from kernel import CANNOT_RUN, FOLDER, KERNEL, ROOT
from peer import HERE, QUICK, check, finish, run, skip

# Sealed mounts of 6.12.117 that make links as reparse points end badly now and then: EIO, ENOENT or EAGAIN
# (for links, in a capture, without asking the server), once an Oops in cifsd. 7.3 shows none of it, nor does
# 6.12 with mfsymlinks; so the client is taken to be the cause.
NATIVE = "native" if KERNEL == "new" else "none"
# mount options, parameters of the share, the client's checks, how the disk has symbolic links
ALL = "smoke tree fsx names rename bigdir sparse attrs twoclients notify sqlite git fio reconnect"
MOUNTS = [
    ("vers=3.1.1,mfsymlinks", [], ALL, "mfsymlinks"),
    ("vers=3.1.1,seal", ["links=reparse", "make-links=any"], "smoke fsx", NATIVE),
]
OPERATIONS = 60 if QUICK else 400
# Of our own sources, what is cloned; src/base and src/wire are built.
PARTS = ["docs", "include", "src/base"] if QUICK else ["docs", "include", "src"]
# What git knows of the place where it works.
SKIP = ["clone/.git/index", "clone/.git/config"]
MAKEFILE = """\
CFLAGS = -std=gnu11 -O1 -Iinclude -Isrc
objects = $(patsubst %.c,out/%.o,$(filter-out $(wildcard src/*/test*.c),$(wildcard src/base/*.c src/wire/*.c)))
all: program
out/%.o: %.c
\t@mkdir -p $(@D)
\t$(CC) $(CFLAGS) -c $< -o $@
out/all.a: $(objects)
\tar crsD $@ $^
program: out/main.o out/all.a
\t$(CC) $^ -o $@
"""
PROGRAM = """\
#include "base/utf.h"
#include <stdio.h>
int main(void)
{
    return printf("%llx\\n", (unsigned long long)utf8_casehash("smbkit", 6)) < 0;
}
"""


def git(folder, *words):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)


def make_repository(folder):
    """Our own sources; on the branch `links` with symbolic links too. None is absolute: with
    that the checkout fails in 7.3."""
    os.mkdir(folder)
    git(folder, "init", "-q", "-b", "plain")
    for part in PARTS:
        shutil.copytree(os.path.join(ROOT, part), os.path.join(folder, part))
        git(folder, "add", part)
        git(folder, "commit", "-q", "-m", part)
    for name, text in (("Makefile", MAKEFILE), ("main.c", PROGRAM), (".gitignore", "/out/\n/program\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "build")
    git(folder, "checkout", "-q", "-b", "links")
    for name, target in (("start.c", "main.c"), ("src/base/up", "../../main.c"), ("nowhere", "not/there")):
        os.symlink(target, os.path.join(folder, name))
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "links")


def in_guest(path):
    """Where the guest has a path of this machine."""
    hidden = ("/tmp", "/run", "/mnt")
    return "/run/vm/host" + path if path.startswith(tuple(h + "/" for h in hidden)) else path


def serve(smbkit, served, parameters, options, script, variables=()):
    """Runs a script in a guest that has the folder mounted; its status and what it said."""
    runner = [os.path.join(FOLDER, "run"), "--kernel", KERNEL, "--port", "$port", "--share", "data", "--user",
              "$user", "--password", "$password", "--opts", options, "--timeout", "1500"]
    for variable in variables:
        runner += ["--env", f"'{variable}'"]
    out = run([smbkit, "--listen", "127.0.0.1:0", "--user", "tester%secret", "--name", "data", "--run",
               " ".join([*runner, "--", script]), "dir", f"path={served}", "as=server", *parameters],
              timeout=1800)
    if out.returncode == CANNOT_RUN:
        skip(" ".join(out.stdout.split()))
    return out.returncode, out.stdout


def compare(what, served, local, said, mfsymlinks):
    """The trees of one mount."""
    seen = dict(line.split(" ", 2)[1:] for line in said.splitlines() if line.startswith("tree "))
    disk = {tree: kernel_tree.manifest(os.path.join(served, tree), mfsymlinks, SKIP)
            for tree in ("stress", "git")}
    for tree, lines in disk.items():
        check(f"{what}: {tree} in the mount is {tree} on the disk", seen.get(tree) == kernel_tree.digest(lines),
              f"{seen.get(tree)}, {kernel_tree.digest(lines)}")
    copy = kernel_tree.manifest(local, False, SKIP)
    if check(f"{what}: the build in the mount is the one on the disk", disk["git"] == copy,
             "\n" + kernel_tree.difference(disk["git"], copy)):
        print(f"ok {what}: the mount, the served folder and a local copy are the same\n"
              f"  stress {kernel_tree.digest(disk['stress'])}\n  git {kernel_tree.digest(copy)}", flush=True)


def try_mount(smbkit, work, mount, seed):
    options, parameters, checks, links = mount
    what = " ".join([options, *parameters])
    served, local = os.path.join(work, links), os.path.join(work, f"local-{links}")
    os.mkdir(served)
    os.mkdir(local)
    began = time.time()
    if not QUICK:
        status, said = serve(smbkit, served, parameters, options, os.path.join(FOLDER, "checks", "all.sh"),
                             [f"ONLY={checks}", "EACH=400"])
        print(f"---- dir {what} all.sh: {time.time() - began:.0f} s\n{said}", flush=True)
        check(f"dir {what} all.sh", status == 0, f"status {status}")
    began = time.time()
    repository = os.path.join(work, "repository")
    branch = "links" if links != "none" else "plain"
    out = run([os.path.join(HERE, "kernel_build.sh"), repository, branch, local])
    if not check(f"{what}: build on the disk", out.returncode == 0, out.stdout):
        return
    variables = [f"REPOSITORY={in_guest(repository)}", f"BRANCH={branch}", f"SEED={seed}",
                 f"LINKS={'1' if links != 'none' else ''}", f"OPERATIONS={OPERATIONS}", "SKIP=" + " ".join(f"--skip {name}" for name in SKIP)]
    status, said = serve(smbkit, served, parameters, options, os.path.join(HERE, "kernel_dir.sh"), variables)
    print(f"---- dir {what} kernel_dir.sh: {time.time() - began:.0f} s\n{said}", flush=True)
    check(f"dir {what} kernel_dir.sh", status == 0, f"status {status}")
    compare(what, served, local, said, links == "mfsymlinks")


def main():
    smbkit, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    if not os.path.exists(os.path.join(FOLDER, "run")):
        skip(f"no runner at {FOLDER}: set SMBKIT_VMCLIENT")
    disk = os.environ.get("SMBKIT_DISK", "/var/tmp")
    with tempfile.TemporaryDirectory(prefix="smbkit-kernel.", dir=disk) as work:
        make_repository(os.path.join(work, "repository"))
        for mount in MOUNTS[1:] if QUICK else MOUNTS:
            try_mount(smbkit, work, mount, seed)
    finish()


if __name__ == "__main__":
    main()
