#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smbkit-bench against our server: every workload, for a moment, in several dialects and protections.
That operations are done and data compared is checked; how many is not.

Usage: bench.py SMBKIT BENCH MEMORY_PLUGIN
"""
import json
import os
import subprocess
import sys

WORKLOADS = ["seq-read", "seq-write", "rand-read-4k", "rand-write-4k"]
WAYS = [
    ["--signing", "gmac"],
    ["--signing", "none", "--connections", "2"],
    ["--signing", "cmac", "--block", "1M", "--depth", "4"],
    ["--cipher", "gcm256"],
    ["--cipher", "ccm", "--dialect", "3.0"],
    ["--dialect", "2.0.2"],
]


def measure(bench, way):
    done = subprocess.run(
        [bench, "--address", "127.0.0.1:" + os.environ["port"], "--share", "share", "--json",
         "--user", os.environ["user"] + "%" + os.environ["password"], "--time", "0.3",
         "--size", "2M", "--pid", str(os.getppid()), *way, *WORKLOADS],
        capture_output=True, text=True, timeout=60, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    good = done.returncode == 0 and [x["workload"] for x in lines] == WORKLOADS and all(
        x["ops"] > 0 and x["checked"] > 0 and x["failed"] == 0 and x["cpu_seconds"] > 0 and
        x["us"]["p50"] <= x["us"]["p99"] <= x["us"]["max"] for x in lines)
    print("ok  " if good else "FAIL", *way)
    if not good:
        print(done.stdout, done.stderr)
    return good


def refuses(bench):
    """A wrong password is an error that is named, and a failure."""
    done = subprocess.run(
        [bench, "--address", "127.0.0.1:" + os.environ["port"], "--share", "share", "--user",
         os.environ["user"] + "%wrong", "seq-read"], capture_output=True, text=True, timeout=60,
        check=False)
    good = done.returncode == 1 and "SESSION_SETUP: STATUS_LOGON_FAILURE" in done.stdout
    print("ok  " if good else "FAIL", "wrong password")
    return good


def main():
    if sys.argv[1] == "inside":
        results = [measure(sys.argv[2], way) for way in WAYS] + [refuses(sys.argv[2])]
        sys.exit(0 if all(results) else 1)
    smbkit, bench, plugin = sys.argv[1:4]
    inside = f"exec '{sys.executable}' '{os.path.abspath(__file__)}' inside '{bench}'"
    sys.exit(subprocess.run(
        [smbkit, "--listen", "127.0.0.1:0", "--signing", "offered", "--user", "tester%secret",
         "--name", "share", "--run", inside, plugin], timeout=110, check=False).returncode)


if __name__ == "__main__":
    main()
