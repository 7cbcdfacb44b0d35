#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proc plugin in a running server: what its files say of the client that reads them."""
import os
import re
import shutil
import sys

from program import HOME, check, finish, run

CLIENT = 'smbclient "$unc" -p $port -U "$user%$password" -c '
FILES = ["version", "uptime", "stats", "sessions", "opens", "shares", "latency", "log-level"]


def test_files():
    """The other client stands still in a read meanwhile, so that its file is open."""
    fifo = os.path.join(HOME, "control")
    gets = "; ".join(f"get {name} -" for name in FILES)
    use = ('smbclient //127.0.0.1/m -p $port -U "$user%$password" -c '
           '"put /etc/hostname a; get a -" >/dev/null 2>&1 & sleep 0.7; ')
    r = run("--user", "alice%secret", "--share", "status=proc", "--share", "m=memory", "--filter",
            f"m=pause,ops=read,paused=on,control={fifo}", "--run",
            use + CLIENT + f"'{gets}' 2>/dev/null; echo resume > {fifo}; wait")
    text = r.stdout
    check("version and uptime", re.match(r"\d+\.\d+\.\d+\n\d+\n", text), text)
    check("stats", "\nsessions 2\n" in text and "\nopens 2\n" in text, text)
    check("sessions", len(re.findall(r"\talice\t.*\t3\.1\.1\t.*\tAES-GMAC\t1\t1\t\d\n",
                                     text)) == 2, text)
    check("opens", re.search(r"\talice\tm\t\w{8}\tfile\t/a\n", text), text)
    m = re.search(r"^m\tmemory\t1\t---\t(\d+)\t\d+\t(\d+)\t(\d+)\n", text, re.M)
    check("shares", m and int(m[1]) > 2 and int(m[2]) == 0 and int(m[3]) > 0, text)
    took = re.findall(r"^m\t\d+\t(\d+)\n", text, re.M)
    check("latency", m and sum(map(int, took)) == int(m[1]), text)
    check("log level", text.endswith("\nwarning\n"), text)


def test_control():
    write = CLIENT + '"put $f log-level" 2>&1; '
    make = "f=$(mktemp); echo debug > $f; "
    r = run("--share", "s=proc", "--run", make + write + "rm $f")
    check("cannot be written", "NT_STATUS" in r.stdout and "debug:" not in r.stderr,
          r.stdout)
    r = run("--share", "s=proc,control=on", "--run",
            make + write + "echo nonsense > $f; " + write + CLIENT + '"get log-level -"; rm $f')
    check("is written", re.search(r"^debug$", r.stdout, re.M), r.stdout)


if shutil.which("smbclient") is None:
    print("smbclient is not installed")
    sys.exit(77)
test_files()
test_control()
finish()
