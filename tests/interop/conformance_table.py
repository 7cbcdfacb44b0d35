#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/conformance.md from torture.tsv beside this file.

Usage: conformance_table.py >docs/conformance.md

A line for each suite of smbtorture: how many of its tests pass over the plugins memory and dir, and
with Samba's own server, each test counted in its best configuration. Then every test that does not pass
over memory, with the reason, and what does not pass over dir only.
"""
import collections
import datetime
import os
import re
import subprocess

from torture import SPECIAL, read_list

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVERS = ["memory", "dir", "samba"]
# Why a test passes over memory and not over dir: how its name begins, and the reason.
DIR_REASONS = {
    "smb2.timestamps.time_t_": "sets the change time for good; Linux lets nobody set it, and dir shows "
                               "the wanted one only as long as the file is open",
}


def dir_reason(test):
    return next((why for start, why in DIR_REASONS.items() if test.startswith(start)),
                "**not explained yet**")


def source():
    out = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude=*"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return out.stdout.strip() or "unknown"


def smbtorture():
    out = subprocess.run(["smbtorture", "--version"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True, check=False)
    words = out.stdout.split("\n")[0].split()
    return words[-1].split("-")[0] if words else "unknown"


def special(rows):
    """Which tests are not given one of the ordinary shares."""
    tests = collections.defaultdict(list)
    for row in rows:
        for share in re.findall(r"\bshare=(\S+)", row["settings"]):
            tests["+".join(SPECIAL[share][1])].append(row["test"])
    return ("Shares with a filter before the plugin are for tests that ask for them: "
            + "; ".join(f"`{f}` for {', '.join(t)}" for f, t in sorted(tests.items())) + ".")


def main():
    rows = read_list()
    suites = collections.defaultdict(lambda: collections.Counter(tests=0))
    for row in rows:
        suite = suites[".".join(row["test"].split(".")[:2])]
        suite["tests"] += 1
        suite.update(s for s in SERVERS if row[s] == "pass")
    total = sum(suites.values(), collections.Counter())
    print(f"""# Conformance

Made by `make conformance` on {datetime.date.today().isoformat()} from commit {source()} with smbtorture
{smbtorture()}: how many tests of each suite pass over the plugins memory and dir, and how many with
Samba's own server. Several clients at once, signing offered and not required, anonymous
users let in, all else as it is by default; for Samba each test counts in its best configuration.
One server does for all tests. {special(rows)}

| suite | tests | memory | dir | Samba |
| --- | ---: | ---: | ---: | ---: |""")
    for name, suite in sorted(suites.items()):
        print(f"| {name} | {suite['tests']} | " + " | ".join(str(suite[s]) for s in SERVERS) + " |")
    print(f"| **all** | **{total['tests']}** | "
          + " | ".join(f"**{total[s]}**" for s in SERVERS) + " |")
    missing = [r for r in rows if r["memory"] != "pass"]
    print(f"\n## Not passed over memory ({len(missing)})\n\n| test | result | Samba | reason |")
    print("| --- | --- | --- | --- |")
    for row in missing:
        print(f"| {row['test']} | {row['memory']} | {row['samba']} | {row['reason']} |")
    only = [r["test"] for r in rows if r["memory"] == "pass" and r["dir"] not in ("pass", "-")]
    print(f"\n## Passed over memory and not over dir ({len(only)})\n\n| test | reason |\n| --- | --- |")
    for test in only:
        print(f"| {test} | {dir_reason(test)} |")


if __name__ == "__main__":
    main()
