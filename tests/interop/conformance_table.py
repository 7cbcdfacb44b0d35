#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/conformance.md from torture.tsv beside this file.

Usage: conformance_table.py >docs/conformance.md

A line for each suite of smbtorture: how many of its tests pass over the plugin memory, over the plugin dir
on ext4 and on tmpfs, and with Samba's own server, each test counted in its best configuration. Then every
test that does not pass over memory, and every one that passes over memory and not over dir, each with the
reason. A reason that is missing is an error.
"""
import collections
import datetime
import os
import subprocess
import sys

from torture import read_list

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVERS = {"memory": "memory", "dir": "dir, ext4", "tmpfs": "dir, tmpfs", "samba": "Samba"}
DISKS = ["dir", "tmpfs"]
# Named pipes: whatever the plugin is, they are the same.
PIPES = {"memory": "smbkit", "samba": "Samba"}
# What the server is made of; its commit is the run's.
SOURCE = ["src", "include", "daemon", "plugins", "filters", "meson.build"]


def git(*args):
    out = subprocess.run(["git", "-C", ROOT, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=False)
    return out.stdout.strip()


def source():
    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return commit + (" with changes" if git("status", "--porcelain", "--", *SOURCE) else "")


def smbtorture():
    out = subprocess.run(["smbtorture", "--version"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True, check=False)
    words = out.stdout.split("\n")[0].split()
    return words[-1].split("-")[0] if words else "unknown"


def line(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |")


def by_suite(rows, servers):
    suites = collections.defaultdict(lambda: collections.Counter(tests=0))
    for row in rows:
        suite = suites[".".join(row["test"].split(".")[:2])]
        suite["tests"] += 1
        suite.update(s for s in servers if row[s] == "pass")
    print()
    line("suite", "tests", *servers.values())
    line("---", *["---:"] * (len(servers) + 1))
    for name, suite in sorted(suites.items()):
        line(name, suite["tests"], *(suite[s] for s in servers))
    total = sum(suites.values(), collections.Counter())
    line("**all**", *(f"**{total[c]}**" for c in ["tests", *servers]))


def details(title, rows, columns):
    print(f"\n## {title} ({len(rows)})\n")
    line("test", *columns.values(), "reason")
    line(*["---"] * (len(columns) + 2))
    for row in rows:
        line(row["test"], *(row[c] for c in columns), row["reason"])


def main():
    rows = read_list()
    print(f"""# Conformance

Made by `make conformance` on {datetime.date.today().isoformat()} from one build of commit {source()} with
smbtorture {smbtorture()}: how many tests of each suite pass over the plugin memory, over the plugin dir on
ext4 and on tmpfs, and how many with Samba's own server. Several clients at once, signing offered and not
required, anonymous users let in, all else as it is by default; for Samba each test counts in its best
configuration.""")
    pipes = [r for r in rows if r["test"].startswith("rpc.")]
    rows = [r for r in rows if r not in pipes]
    by_suite(rows, SERVERS)
    details("Not passed over memory", [r for r in rows if r["memory"] != "pass"], SERVERS)
    details("Passed over memory and not over dir",
            [r for r in rows if r["memory"] == "pass" and any(r[d] != "pass" for d in DISKS)],
            {c: SERVERS[c] for c in (*DISKS, "samba")})
    print("""
## Named pipes

The tests of `rpc.*` that are about the services on the pipes of a file server: binding with and without
protection, listing of shares and who is there, look-ups of names.""")
    by_suite(pipes, PIPES)
    details("Not passed on the pipes", [r for r in pipes if r["memory"] != "pass"], PIPES)
    silent = [r["test"] for r in [*rows, *pipes]
              if not r["reason"] and any(r[c] not in ("pass", "-") for c in ("memory", *DISKS))]
    if silent:
        sys.exit("torture.tsv gives no reason for " + ", ".join(silent))


if __name__ == "__main__":
    main()
