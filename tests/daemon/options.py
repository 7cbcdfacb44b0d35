#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every bad command line gives exactly one line, which names the option and what it takes, and
status 2. Good ones are understood in both spellings."""
import re
import sys

from program import check, finish, run

BAD = [
    ("", "nothing to serve"),
    ("--bogus memory", "--bogus: there is no such option"),
    ("-x memory", "-x: there is no such option"),
    ("--encryption foo memory", "--encryption=foo: must be one of off, offered, required"),
    ("--encryption", "--encryption=: must be one of off, offered, required"),
    ("--signing=no memory", "--signing=no: must be one of required, offered"),
    ("--min-dialect 1.0 memory", "--min-dialect=1.0: must be one of 2.0.2, 2.1, 3.0"),
    ("--min-dialect 3.1.1 --max-dialect 2.1 memory", "--min-dialect: must not be newer"),
    ("--ciphers DES memory", "--ciphers=DES: must be one or more of AES-256-GCM"),
    ("--signing-algorithms MD5 memory", "--signing-algorithms=MD5: must be one or more of"),
    ("--discovery=maybe memory", "--discovery=maybe: must be auto, on, off, mdns or wsd"),
    ("--discovery=on --discovery=off memory", "--discovery=off: must be given only once"),
    ("--share a=memory,timemachine=x", "share 'a': timemachine=x: must be on or off"),
    ("--guest=maybe memory", "--guest=maybe: must be on or off"),
    ("--max-io 1 memory", "--max-io=1: must be a size from 64K to 8M"),
    ("--threads 0 memory", "--threads=0: must be a whole number from 1 to 1024"),
    ("--auth-timeout 1d memory", "--auth-timeout=1d: must be a time from 1s to 1h"),
    ("--log-level loud memory", "--log-level=loud: must be one of error, warning, info, debug"),
    ("--listen 445 memory", "--listen=445: must be ADDRESS:PORT"),
    ("--listen 127.0.0.1:65536 memory", "--listen=127.0.0.1:65536: must be ADDRESS:PORT"),
    ("--listen ::1:445 memory", "--listen=::1:445: must be ADDRESS:PORT"),
    ("--listen localhost:0 memory", "--listen=localhost:0: 'localhost' is not a numeric"),
    ("--share x", "--share=x: must be NAME=PLUGIN"),
    ("--share =memory", "--share==memory: must be NAME=PLUGIN"),
    ("--share a=memory,size", "--share=a=memory,size: must be NAME=PLUGIN"),
    ("--share a=memory --share A=memory", "--share=A: there are two shares of that name"),
    ("--share a=memory,users=a++b", "share 'a': users=a++b: must be NAME[+NAME...]"),
    ("--share a=memory,users=" + "+".join(["x"] * 1025), "share 'a': users=x+x+x"),
    ("--share a=memory,users=" + 256 * "x", "share 'a': users=xxx"),
    ("--share a=memory,dfs=x", "share 'a': dfs=x: must be PATH=//SERVER/SHARE"),
    ("--share a=memory,dfs=x=/y", "share 'a': dfs=x=/y: a target must be //SERVER/SHARE"),
    ("memory dfs=x=//y/z dfs=x=//y/w", "share 'memory': dfs=x=//y/w: lies in, or is, another one"),
    ("--share a=memory,encrypt=maybe", "share 'a': encrypt=maybe: must be on or off"),
    ("--share a=memory,compress=maybe", "share 'a': compress=maybe: must be on or off"),
    ("--compression foo memory", "--compression=foo: must be one of off, shares, offered"),
    ("--filter delay,x memory", "--filter=delay,x: must be FILTER"),
    ("--filter =delay memory", "--filter==delay: must be FILTER"),
    ("--filter docs=delay memory", "--filter=docs=delay: there is no share of that name"),
    ("--filter nosuch memory", "filter nosuch: there is no smbkit-nosuch-filter.so"),
    ("--filter delay,time=x memory", "share 'memory': delay: time=x is not valid"),
    ("--filter delay,ops=raed memory", "share 'memory': delay: ops: 'raed' is not an operation"),
    ("--dump-plugin nosuch", "plugin nosuch: there is no smbkit-nosuch-plugin.so"),
    ("--help nosuch", "plugin nosuch: there is no smbkit-nosuch-plugin.so"),
    ("--share", "--share: needs a value: NAME=PLUGIN"),
    ("--name x", "--name=x: must be given together with a plugin"),
    ("--name a:b memory", "share 'a:b': not a valid name"),
    ("--name IPC$ memory", "share 'IPC$': the name belongs to the server"),
    ("--user %secret memory", "--user=: must be NAME or NAME%PASSWORD"),
    ("--users /nonexistent/file memory", "--users=/nonexistent/file: "),
    ("--user bob --users /nonexistent/file memory", "--user=bob: /nonexistent/file: "),
    ("--run a --run b memory", "--run=b: must be given only once"),
    ("nosuchplugin", "plugin nosuchplugin: there is no smbkit-nosuchplugin-plugin.so"),
    ("--name x ./nosuchfile.so", "plugin ./nosuchfile.so: there is no such file"),
    ("./memory", "./memory: a plugin given as a path needs a share name"),
    ("memory size=abc", "share 'memory': memory: size=abc is not valid"),
    ("memory nosuch=1", "share 'memory': memory: unknown parameter 'nosuch'"),
    ("memory foo", "memory: 'foo': must be key=value"),
    ("user", "user: must be followed by add NAME"),
    ("user frob x", "user: must be followed by add NAME"),
    ("user add", "user add: must be given NAME"),
    ("user list x", "user list: must be given no further word"),
    ("user add x y", "user: 'y': must be add NAME"),
]

GOOD = [
    "--signing memory",
    "--signing offered memory",
    "--signing=required memory",
    "--encryption=off memory size=1M",
    "memory size=1M --guest",
    "--name docs memory",
    "--anonymous --guest=off memory",
    "--discovery=off memory timemachine=on",
    "memory dfs=x=//y/z dfs=y=//a/b+//c/d/e",
    "--share a=memory,size=1M,comment=one,,two --share b=memory,readonly=on,hide-files=*.bak+a?,keep-acl-flags=on,hide-unreadable=on,hide-unreachable=on,users=a+b",
    "--min-dialect 2.1 --max-dialect 3.0 memory",
    "--listen 127.0.0.1:0 --listen [::1]:0 memory",
    "--user alice%secret --user bob%with%percent memory",
    "-- memory",
    "--filter readonly --filter log,file=/dev/null memory",
    "--share a=memory --share b=memory --filter b=delay,time=1ms,ops=read+write --filter readonly",
]


def main():
    for line, message in BAD:
        r = run(*line.split())
        lines = r.stderr.splitlines()
        check(f"status of '{line}'", r.returncode == 2, r.returncode)
        check(f"one line for '{line}'", len(lines) == 1 and r.stdout == "", r.stderr + r.stdout)
        check(f"message for '{line}'", r.stderr.startswith(f"smbkit: {message}"), r.stderr)
    for line in GOOD:
        r = run("--run", "true", *line.split())
        # a machine without IPv6 cannot listen there
        no6 = "::1" in line and "cannot listen" in r.stderr
        check(f"'{line}'", r.returncode == 0 and r.stderr == "" or no6, f"{r.returncode} {r.stderr}")
    r = run("--version")
    check("--version", r.returncode == 0 and r.stdout.startswith("smbkit 0."), r.stdout)
    r = run("--help")
    check("--help", r.returncode == 0 and r.stderr == "" and "--encryption" in r.stdout, r.stderr)
    names = set(re.findall(r"--[a-z][a-z-]+", r.stdout))
    with open(sys.argv[2], encoding="utf-8") as f:
        manual = f.read().replace("\\-", "-")
    for name in sorted(names):
        check(f"{name} in the manual page", re.search(re.escape(name) + r"\b", manual))
    r = run("--help", "memory")
    check("--help memory", r.returncode == 0 and "size=" in r.stdout, r.stderr)
    finish()


main()
