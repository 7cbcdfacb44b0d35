#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Filters as a user meets them: found, listed, described, stacked; and that the man page of every
plugin and filter has the parameters that the code has.

Arguments: the program, the root of the sources.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from program import HOME, check, finish, run

ROOT = sys.argv[2]
CLIENT = 'smbclient "$unc" -p $port -U "$user%$password" -c '


def listed():
    r = run("plugins")
    check("plugins", r.returncode == 0 and r.stderr == "", r.stderr)
    plugins, filters = r.stdout.split("\nFilters\n")
    names = [re.findall(r"^  (\S+) +(.*)", part, re.M) for part in (plugins, filters)]
    for name, text in names[0] + names[1]:
        check(f"{name} can be used", text and not text.startswith("cannot"), text)
    check("some of each", len(names[0]) >= 3 and len(names[1]) >= 6, names)
    return [("plugin", n) for n, _ in names[0]] + [("filter", n) for n, _ in names[1]]


def test_manual(kind, name):
    r = run("--dump-plugin", name)
    check(f"--dump-plugin {name}", r.returncode == 0 and f"kind={kind}\n" in r.stdout, r.stdout)
    has = set(re.findall(r"^parameter\.([\w-]+)\.type=", r.stdout, re.M))
    helped = run("--help", name).stdout
    for param in has:
        check(f"{param} in --help {name}", f"  {param}=" in helped, helped)
    with open(os.path.join(ROOT, f"{kind}s", name, f"smbkit-{name}-{kind}.7"), encoding="utf-8") as f:
        items = re.findall(r"^\.It (.*)", f.read(), re.M)
    told = {p for item in items for p in re.findall(r"Cm ([\w-]+) Ns =", item)}
    check(f"manual of {kind} {name}", has == told, f"code {sorted(has)}, page {sorted(told)}")


def test_broken_listed():
    bad = os.path.join(HOME, "smbkit-broken-filter.so")
    with open(bad, "w", encoding="utf-8") as f:
        f.write("no library\n")
    r = run("plugins", "--plugin-path", HOME)
    check("broken one is listed", re.search(r"^  broken +cannot be used: ", r.stdout, re.M), r.stdout)
    os.unlink(bad)


def test_chain():
    log = os.path.join(HOME, "log")
    began = time.monotonic()
    r = run("--filter", "delay,time=300ms,ops=write", "--filter", f"log,file={log}", "--run",
            CLIENT + f'"put {log} a; get a -; del a"', "memory")
    check("served through filters", r.returncode == 0, r.stdout + r.stderr)
    check("delayed", time.monotonic() - began > 0.3)
    with open(log, encoding="utf-8") as f:
        lines = f.read()
    check("logged", " create 'a' -> SUCCESS #" in lines and " write #" in lines and
          " close #" in lines, lines)


def test_error():
    r = run("--filter", "error,status=DISK_FULL,ops=create", "--run",
            CLIENT + '"put /etc/hostname a"', "memory")
    check("the error arrives", "NT_STATUS_DISK_FULL" in r.stdout + r.stderr, r.stdout)


def test_of_one_share():
    two = 'smbclient //127.0.0.1/b -p $port -U "$user%$password" -c "mkdir x"'
    r = run("--share", "a=memory", "--share", "b=memory", "--filter", "b=readonly", "--run",
            CLIENT + '"mkdir x" && ' + two)
    check("only one is read-only", "NT_STATUS" in r.stdout and r.stdout.count("NT_STATUS") == 1,
          r.stdout + r.stderr)


def test_pause():
    fifo = os.path.join(HOME, "control")
    look = CLIENT + '"ls" >/dev/null'
    r = run("--filter", f"pause,control={fifo},paused=on", "--run",
            f'{look} & c=$!; sleep 0.7; kill -0 $c && echo waits; echo resume > {fifo}; wait $c && '
            "echo goes on", "memory")
    check("paused and resumed", r.stdout == "waits\ngoes on\n", r.stdout + r.stderr)
    check("its FIFO is gone", not os.path.exists(fifo))
    r = run("--filter", "pause,paused=on", "--drain-timeout", "2s", "--run",
            f"{look} 2>&1 & sleep 0.5", "memory")
    check("ends while something is held", r.returncode == 0 and "still in work" not in r.stderr,
          r.stderr)


def test_cow():
    """A folder on disk that clients change as they like, and that stays as it was."""
    base, here = os.path.join(HOME, "base"), os.path.join(HOME, "here")
    os.makedirs(os.path.join(base, "old/deep"))
    os.makedirs(here)
    for i in range(40):
        with open(os.path.join(here, f"f{i}.bin"), "wb") as f:
            f.write(bytes((i * k) & 255 for k in range(i * 700)))
    for name in ("keep", "gone", "old/deep/file"):
        with open(os.path.join(base, name), "w", encoding="utf-8") as f:
            f.write(f"{name}\n" * 1000)
    before = subprocess.run(["find", base, "-printf", "%p %s %t %m\n"], capture_output=True,
                            check=True).stdout
    for more in ("", f",dir={HOME}"):
        back = tempfile.mkdtemp(dir=HOME)
        orders = ("prompt off; lcd here; mput f*.bin; del gone; rename keep kept; rename old new; "
                  "cd new/deep; put f3.bin file; cd /; mkdir again; rmdir again; mkdir again; cd again; "
                  f"mput f1*.bin; cd /; lcd {back}; mget f*.bin kept; cd again; mget nothing f1*; "
                  "cd /new/deep; get file; ls /*; ls /again/*; allinfo /kept")
        r = run("--filter", "cow" + more, "--run", f"cd {HOME}; " + CLIENT + f"'{orders}'", "dir",
                f"path={base}")
        bad = [i for i in range(40) if read(here, f"f{i}.bin") != read(back, f"f{i}.bin")]
        check(f"cow{more}: what was put comes back", not bad and r.returncode == 0,
              (bad, r.stdout, r.stderr))
        check(f"cow{more}: replaced in a renamed folder", read(here, "f3.bin") == read(back, "file"))
        check(f"cow{more}: renamed", read(back, "kept") == b"keep\n" * 1000)
        check(f"cow{more}: listed", re.search(r"^  kept ", r.stdout, re.M) and
              re.search(r"^  new ", r.stdout, re.M) and
              not re.search(r"^  (gone|keep|old) ", r.stdout, re.M), r.stdout)
    after = subprocess.run(["find", base, "-printf", "%p %s %t %m\n"], capture_output=True,
                           check=True).stdout
    check("nothing has changed below", before == after, (before, after))


def test_cache():
    """A file that somebody changes on disk is read anew, though nothing else would ask for it."""
    base = os.path.join(HOME, "cached")
    os.makedirs(base)
    get = CLIENT + '"get a -; ls" 2>/dev/null; '
    r = run("--filter", "cache,ttl=1h", "--run", f"cd {base}; echo one > a; " + get + get +
            "echo two > a; echo new > b; sleep 0.5; " + get + CLIENT + '"del a"; ls', "dir",
            f"path={base}")
    words = re.findall(r"^(one|two|b)$|^  (b) ", r.stdout, re.M)
    check("cache", [a or b for a, b in words] == ["one", "one", "two", "b", "b"],
          r.stdout + r.stderr)


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def main():
    for kind, name in listed():
        test_manual(kind, name)
    test_broken_listed()
    if shutil.which("smbclient") is not None:
        test_chain()
        test_error()
        test_of_one_share()
        test_pause()
        test_cow()
        test_cache()
    finish()


main()
