#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Four smbtorture clients at once, each through other suites on a share of its own, for some minutes.

Usage: stress.py MINUTES       as the command of `smbkit --run` (stress.sh)

Not what the tests say counts, but that the server lives: it answers afterwards, has given back its
connections, and has not grown. A first round, of every suite by all of them at once, takes the
allocator to its peak; growth is measured from its end.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

from peer import HOST, PASSWORD, PORT, USER, check, finish, need, run, scratch

SUITES = ["smb2.connect", "smb2.read", "smb2.rw", "smb2.create", "smb2.lock", "smb2.dir",
          "smb2.rename", "smb2.compound", "smb2.getinfo", "smb2.setinfo", "smb2.notify",
          "smb2.sharemode", "smb2.delete-on-close-perms", "smb2.ioctl", "smb2.session",
          "smb2.credits", "smb2.tcon", "smb2.maxfid", "smb2.async_dosmode", "smb2.deny"]
SHARES = ["a", "b", "c", "d"]
LIMIT = 60            # seconds for one suite; then smbtorture is killed, as a client that vanishes
# The server keeps at most 64 MiB of unused buffers; the rest is for the allocator's holes.
GROWTH = 96 * 1024    # KiB
SETTLE = 60           # seconds until connections that were cut are forgotten


def server():
    """smbkit runs this script in place of its shell (exec)."""
    return os.getppid()


def rss():
    with open(f"/proc/{server()}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def descriptors():
    return len(os.listdir(f"/proc/{server()}/fd"))


def smbclient(share, commands):
    return run(["smbclient", f"//{HOST}/{share}", "-p", PORT, "-U", f"{USER}%{PASSWORD}",
                "--configfile=/dev/null", "--use-kerberos=off", "-c", commands], timeout=60)


def torture(share, suite, folder):
    command = ["smbtorture", "--configfile=/dev/null", f"--basedir={folder}", "--use-kerberos=off",
               f"--smb-ports={PORT}", "--option=torture:progress=no",
               "--option=torture:user2name=tester2", f"--option=torture:user2password={PASSWORD}",
               f"--user={USER}%{PASSWORD}", f"//{HOST}/{share}", suite]
    for name in ("private dir", "lock directory", "state directory", "cache directory",
                 "pid directory", "ncalrpc dir"):
        command.insert(1, f"--option={name}={folder}")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def at_random(seed, until):
    order = random.Random(seed)
    while time.monotonic() < until:
        yield order.choice(SUITES)


def client(share, suites, runs):
    with scratch() as folder:
        for suite in suites:
            torture(share, suite, folder)
            runs.append(share)


def round_of(plan):
    """`plan` gives the suites of each client by its number."""
    runs = []
    threads = [threading.Thread(target=client, args=(s, plan(i), runs))
               for i, s in enumerate(SHARES)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for s in SHARES:
        smbclient(s, "deltree *")
    return len(runs)


def settle(wanted):
    until = time.monotonic() + SETTLE
    while descriptors() > wanted and time.monotonic() < until:
        time.sleep(1)


def main():
    minutes = float(sys.argv[1])
    need("smbclient", "smbtorture")
    seed = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 30)
    print(f"SEED={seed}, {minutes} minutes", flush=True)
    idle = descriptors()
    round_of(lambda i: SUITES)
    settle(idle)
    before = rss()
    until = time.monotonic() + minutes * 60
    runs = round_of(lambda i: at_random(seed + i, until))
    settle(idle)
    after, left = rss(), descriptors()
    print(f"{runs} suites; RSS {before} KiB before, {after} KiB after; {left} descriptors, {idle} "
          f"at the start", flush=True)
    for s in SHARES:
        out = smbclient(s, "mkdir alive; rmdir alive; ls")
        check(f"share {s} answers", out.returncode == 0 and "NT_STATUS" not in out.stdout,
              out.stdout)
    check("connections are given back", left <= idle, f"{left} descriptors, {idle} at the start")
    check("no growth", after - before <= GROWTH, f"{after - before} KiB more than before")
    check("something ran", runs >= len(SHARES) and shutil.which("smbtorture") is not None)
    finish()


if __name__ == "__main__":
    main()
