#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/conformance.md from torture.tsv beside this file.

Usage: conformance_table.py >docs/conformance.md
       conformance_table.py --xfstests docs/conformance.md >NEW      another last part only

A line for each suite of smbtorture: how many of its tests pass over the plugin memory, over the plugin dir
on ext4 and on tmpfs, and with Samba's own server, each test counted in its best configuration. Then every
test that does not pass over memory, and every one that passes over memory and not over dir, each with the
reason. A reason that is missing is an error. The last part is xfstests, from xfstests.tsv.
"""
import collections
import datetime
import subprocess
import sys

import kernel_xfstests
import revision
from torture import read_list

SERVERS = {"memory": "memory", "dir": "dir, ext4", "tmpfs": "dir, tmpfs", "samba": "Samba"}
DISKS = ["dir", "tmpfs"]
# Named pipes: whatever the plugin is, they are the same.
PIPES = {"memory": "smbkit", "samba": "Samba"}


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


def details(title, rows, columns, level=2):
    print(f"\n{'#' * level} {title} ({len(rows)})\n")
    line("test", *columns.values(), "reason")
    line(*["---"] * (len(columns) + 2))
    for row in rows:
        line(row["test"], *(row[c] for c in columns), row["reason"])


# Ends of the names of twins: what the specification says, and what Windows does. No server passes both.
TWINS = ("-sane", "-windows")
# Tests in which smbtorture itself fails, whatever the server.
HOPELESS = ("smb2.dirlease.oplocks", "smb2.charset.Testing partial surrogate")


def can_pass(rows):
    """What a server can reach, and how many pairs of twins there are."""
    names = {r["test"] for r in rows}
    pairs = sum(n.endswith(TWINS[0]) and n.removesuffix(TWINS[0]) + TWINS[1] in names for n in names)
    return len(rows) - pairs - sum(n in names for n in HOPELESS), pairs


XFSTESTS = "## The Linux kernel's client: xfstests"
CLIENT = {"memory": "memory", "dir": "dir, ext4", "samba": "Samba"}


def missing_reasons(name, rows, columns):
    silent = [r["test"] for r in rows if not r["reason"] and any(r[c] not in ("pass", "-") for c in columns)]
    if silent:
        sys.exit(f"{name} gives no reason for " + ", ".join(silent))


def xfstests():
    head, rows = kernel_xfstests.read_list()
    if "-" in head.values():
        return
    runs = "; ".join(f"{name}: {head[c]}" for c, name in CLIENT.items())
    print(f"""{XFSTESTS}

Made by `make xfstests`: the group quick of xfstests' generic tests, without those that no server can give this
client; {head["reason"]} on Linux {kernel_xfstests.KERNEL}, mounted with `{kernel_xfstests.MOUNT}`. {runs}.
"Not run" is what a test says of itself when something that it needs is missing.
""")
    line("result", *CLIENT.values())
    line("---", *["---:"] * len(CLIENT))
    for result, text in (("pass", "passed"), ("fail", "failed"), ("notrun", "not run"), ("-", "never tried")):
        counts = [sum(r[c] == result for r in rows) for c in CLIENT]
        if any(counts):
            line(text, *counts)
    ours = [r for r in rows if {r["memory"], r["dir"]} & {"fail", "notrun"}]
    details("Not passed over memory or dir", ours, CLIENT, 3)
    theirs = [r["test"] for r in rows if r["samba"] in ("fail", "notrun") and r not in ours]
    print(f"\nPassed over both, and not with Samba: {', '.join(theirs) or 'none'}.")
    missing_reasons("xfstests.tsv", rows, ["memory", "dir"])


def another_last_part(page):
    with open(page, encoding="utf-8") as f:
        print(f.read().partition(XFSTESTS)[0].rstrip() + "\n")
    xfstests()


def main():
    if sys.argv[1:2] == ["--xfstests"]:
        another_last_part(sys.argv[2])
        return
    rows = read_list()
    print(f"""# Conformance

Made by `make conformance` on {datetime.date.today().isoformat()} from one build of commit {revision.source()} with
smbtorture {smbtorture()}: how many tests of each suite pass over the plugin memory, over the plugin dir on
ext4 and on tmpfs, and how many with Samba's own server. Several clients at once, signing offered and not
required, anonymous users let in, all else as it is by default; for Samba each test counts in its best
configuration.""")
    pipes = [r for r in rows if r["test"].startswith("rpc.")]
    rows = [r for r in rows if r not in pipes]
    most, pairs = can_pass(rows)
    own = collections.Counter(s for r in rows for s in r["settings"].split() if s.startswith("server="))
    print(f"""
Of the {len(rows)} tests, at most {most} can pass with one server: {pairs} pairs, with names that end in
{' and '.join(TWINS)}, want opposite things, and in {len(HOPELESS)} smbtorture itself fails
({', '.join(HOPELESS)}).
{sum(own.values())} tests have a server of their own, in a network of its own: to cut the way to the client
and to be on port 445 ({own['server=own']}), with snapshots ({own['server=snapshot']}), over a folder that the
test looks into ({own['server=local']}), with signing required ({own['server=signing']}), with filters that
make what the test wants to see ({own['server=asleep'] + own['server=lost']}).""")
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
    missing_reasons("torture.tsv", [*rows, *pipes], ["memory", *DISKS])
    print()
    xfstests()


if __name__ == "__main__":
    main()
