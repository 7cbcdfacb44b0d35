#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/conformance.md from the results of smbtorture.

Usage: conformance_table.py RESULT.tsv [BASELINE.tsv]

RESULT has the columns test, result (pass, skip, or how it failed), seconds, reason. The baseline is the
same of Samba's own server, to tell what a real server fails as well.
"""
import collections
import csv
import datetime
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return {row["test"]: row for row in csv.DictReader(f, delimiter="\t",
                                                           quoting=csv.QUOTE_NONE)}


def kind(row):
    return {"pass": 0, "skip": 2, "notrun": 2}.get(row["result"], 1)


def source():
    out = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude=*"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return out.stdout.strip() or "unknown"


def smbtorture():
    out = subprocess.run(["smbtorture", "--version"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
    words = out.stdout.split("\n")[0].split()
    return words[-1].split("-")[0] if words else "unknown"


def main():
    results = read(sys.argv[1])
    baseline = read(sys.argv[2]) if len(sys.argv) > 2 and os.path.exists(sys.argv[2]) else {}
    suites = collections.defaultdict(lambda: [0, 0, 0, 0])
    ours = []
    for test, row in results.items():
        suite = ".".join(test.split(".")[:2])
        suites[suite][kind(row)] += 1
        samba = baseline.get(test, {}).get("result") == "pass"
        suites[suite][3] += samba
        if kind(row) == 1 and samba:
            ours.append((test, row["result"]))
    total = [sum(s[i] for s in suites.values()) for i in range(4)]
    print(f"""# Conformance

Made by `make conformance` on {datetime.date.today().isoformat()} from commit {source()}, over the plugin
memory, with smbtorture {smbtorture()}. The last column is how many of the same tests Samba's own server passes.

| suite | passed | failed | skipped | Samba passes |
| --- | ---: | ---: | ---: | ---: |""")
    for suite, row in sorted(suites.items()):
        print(f"| {suite} | {row[0]} | {row[1]} | {row[2]} | {row[3]} |")
    print(f"| **all** | **{total[0]}** | **{total[1]}** | **{total[2]}** | **{total[3]}** |")
    print(f"\n## Failed here, passed by Samba ({len(ours)})\n")
    for test, result in sorted(ours):
        print(f"- `{test}`{'' if result == 'fail' else ': ' + result}")
    print(f"\n{total[0]} passed, {total[1]} failed, {total[2]} skipped of {len(results)}")


if __name__ == "__main__":
    main()
