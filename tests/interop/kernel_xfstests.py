#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xfstests on the Linux kernel's client: each test of xfstests.tsv against a server of its own, and what is expected.

    kernel_xfstests.py SMBKIT [--server memory,dir,samba] [--only GLOB]... [--missing] [--update] [--keep FOLDER]

Needs the runner of kernel.py (with --module and --out) and a built xfstests, whose folder SMBKIT_XFSTESTS
names. Without either it is skipped (77).

xfstests.tsv beside this file has a line for each test of the group quick of xfstests' generic tests, without
those that no server can give this client (disks of its own, quotas, encryption, ...): its name, the expected
result over the plugin memory, over dir on ext4, and with smbd there (pass; fail; notrun: the test itself says that
something is missing; - never run), and the reason of what is not a pass over smbkit. The line `run` says what
was run for each column, and when. A test that is expected to pass and does not is tried once more alone.
--update records what comes out.
"""
import argparse
import csv
import datetime
import fnmatch
import os
import re
import sys
import tempfile
import time

import revision
from kernel import CANNOT_RUN, FOLDER, KERNEL
from kernel_dir import in_guest
from peer import HERE, check, finish, run, skip
from samba_server import PASSWORD, USER, SambaServer

LIST = os.path.join(HERE, "xfstests.tsv")
COLUMNS = ["test", "memory", "dir", "samba", "reason"]
SERVERS = COLUMNS[1:4]
# Links as Samba and macOS write them, nothing believed without asking, the server's word on permissions.
MOUNT = "vers=3.1.1,mfsymlinks,noperm,actimeo=0,nosharesock"
LIMIT = 120  # seconds for a test
RESULT = re.compile(r"^((?:generic|cifs)/\d+) +(?:\d+s \.\.\. +)?(.*)$")
# smbd as it must be for the kernel's client: its own share modes would be seen by nobody else
SAMBA = """ ea support = yes
 kernel share modes = no
 durable handles = yes
 map archive = no
 vfs objects = acl_xattr streams_xattr
"""


def read_list():
    """The line `run`, and the others."""
    with open(LIST, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    return rows[0], rows[1:]


def write_list(head, rows):
    with open(LIST, "w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None,
                             lineterminator="\n")
        out.writeheader()
        out.writerows([head, *sorted(rows, key=lambda r: r["test"])])


# ---------------------------------------------------------------- servers

def guest(port, user, password, tests, keep):
    """The command that runs these tests in a guest."""
    command = [os.path.join(FOLDER, "run"), "--kernel", KERNEL, "--port", port, "--user", user,
               "--password", password, "--mem", "1536", "--module", "cifs", "--timeout", str(60 + LIMIT * len(tests))]
    if keep:
        command += ["--out", keep]
    for variable in (f"XFSTESTS={in_guest(os.environ['SMBKIT_XFSTESTS'])}", "TEST=test", "SCRATCH=scratch",
                     f"MOUNT={MOUNT}", f"LIMIT={LIMIT}", f"TESTS={' '.join(tests)}"):
        command += ["--env", variable]
    return [*command, "--", os.path.join(HERE, "kernel_xfstests.sh")]


def quoted(words):
    """For a shell that shall put in the variables of --run."""
    return " ".join(w if w.startswith("$") else "'" + w.replace("'", "'\\''") + "'" for w in words)


def with_smbkit(smbkit, plugin, folder, tests, keep):
    command = [smbkit, "--listen", "127.0.0.1:0", "--user", "tester%secret"]
    for share in ("test", "scratch"):
        parameters = "size=3G"
        if plugin == "dir":
            os.mkdir(os.path.join(folder, share))
            parameters = f"path={os.path.join(folder, share)},as=server"
        command += ["--share", f"{share}={plugin},{parameters}"]
    command += ["--run", "exec " + quoted(guest("$port", "$user", "$password", tests, keep))]
    return run(command, timeout=None)


def with_samba(folder, tests, keep):
    for share in ("share", "test", "scratch"):
        os.mkdir(os.path.join(folder, share))
    more = SAMBA + "".join(f"[{share}]\n path = {os.path.join(folder, share)}\n read only = no\n{SAMBA}"
                           for share in ("test", "scratch"))
    with SambaServer(folder, os.path.join(folder, "share"), more) as server:
        return run(guest(str(server.port), USER, PASSWORD, tests, keep), timeout=None)


def results_of(said):
    """What each test came to, and what it said."""
    results = {}
    name = None
    slow = set(re.findall(r"^too slow: (\S+)", said, re.M))
    for line in said.splitlines():
        found = RESULT.match(line)
        if found:
            name, rest = found.groups()
            if rest.startswith("[not run]"):
                results[name] = ["notrun", rest[9:].strip()]
            elif re.fullmatch(r"\d+s", rest):
                results[name] = ["pass", ""]
            else:
                results[name] = ["fail", f"{LIMIT} s are over" if name in slow else rest]
        elif name in results and line.startswith("    ") and results[name][0] == "fail":
            results[name][1] += "\n" + line
    return results


def results_with(args, server, tests):
    began = time.time()
    keep = os.path.join(args.keep, server) if args.keep else None
    disk = os.environ.get("SMBKIT_DISK", "/var/tmp")
    with tempfile.TemporaryDirectory(prefix="smbkit-xfstests.", dir=disk) as folder:
        if server == "samba":
            out = with_samba(folder, tests, keep)
        else:
            out = with_smbkit(args.smbkit, server, folder, tests, keep)
    if out.returncode == CANNOT_RUN:
        skip(" ".join(out.stdout.split()))
    if args.keep:
        with open(os.path.join(args.keep, f"{server}.log"), "a", encoding="utf-8") as f:
            f.write(out.stdout)
    results = results_of(out.stdout)
    print(f"---- {server}: {len(results)} of {len(tests)} tests in {time.time() - began:.0f} s, "
          f"status {out.returncode}", flush=True)
    return results


# ---------------------------------------------------------------- what is expected

def better(new, old):
    order = ["-", "fail", "notrun", "pass"]
    return order.index(new) > order.index(old)


def judge(args, server, rows, results):
    for row in rows:
        test, was = row["test"], row[server]
        result, why = results.get(test, ("fail", "the guest ended before"))
        if not args.update:
            check(f"{server} {test}", was == "-" or not better(was, result), f"expected {was}, now {result}: {why}")
        if result != was:
            print(f"{server} {test}: {was} -> {result}: {why}", flush=True)
        if args.update and test in results:
            row[server] = result


def what_is_run(server):
    commit = f"smbd {samba_version()}" if server == "samba" else f"commit {revision.source()}"
    return f"{datetime.date.today().isoformat()}, {commit}"


def xfstests_version():
    out = run(["git", "-C", os.environ["SMBKIT_XFSTESTS"], "describe", "--always", "--tags"])
    return "xfstests " + (out.stdout.strip() if out.returncode == 0 else "of unknown version")


def samba_version():
    return run(["smbd", "--version"]).stdout.split()[-1].split("-")[0]


def run_server(args, server, rows):
    tests = [r["test"] for r in rows]
    results = results_with(args, server, tests)
    again = [r["test"] for r in rows if r[server] == "pass" and results.get(r["test"], ("fail",))[0] != "pass"]
    if again and len(tests) > 1:
        results.update(results_with(args, server, again))
    judge(args, server, rows, results)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("smbkit", type=os.path.abspath)
    p.add_argument("--server", default=",".join(SERVERS))
    p.add_argument("--only", action="append", default=[], metavar="GLOB")
    p.add_argument("--missing", action="store_true", help="those without a result")
    p.add_argument("--update", action="store_true")
    p.add_argument("--keep", metavar="FOLDER", type=os.path.abspath, help="for what failing tests leave")
    args = p.parse_args()
    if not os.path.exists(os.path.join(FOLDER, "run")):
        skip(f"no runner at {FOLDER}: set SMBKIT_VMCLIENT")
    if not os.path.exists(os.path.join(os.environ.get("SMBKIT_XFSTESTS", ""), "check")):
        skip("no xfstests: build it, and set SMBKIT_XFSTESTS")
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
    head, rows = read_list()
    for server in args.server.split(","):
        chosen = [r for r in rows
                  if (not args.only or any(fnmatch.fnmatchcase(r["test"], g) for g in args.only))
                  and (not args.missing or r[server] == "-")]
        if chosen:
            run_server(args, server, chosen)
        if args.update:
            check(f"{server} has been run", bool(chosen))
            head[server], head["reason"] = what_is_run(server), xfstests_version()
            write_list(head, rows)
    finish()


if __name__ == "__main__":
    main()
