#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One name space over several servers: clients that follow DFS links by themselves, and Wireshark looking on.

Usage: dfs.py SMBKIT PLUGIN

Links lead to port 445, so all servers have it, in a network namespace of their own: the names on 127.0.0.1, the
targets on 127.0.0.2 and 127.0.0.3. Needs root; skipped (77) with the reason otherwise.
"""
import os
import re
import subprocess
import sys
import time

import port445
from peer import HOST, PASSWORD, USER, check, finish, need, run, scratch

ONE, TWO, NOBODY = "127.0.0.2", "127.0.0.3", "127.0.0.9"
LINKS = [f"link=//{ONE}/docs", f"deep/inner=//{ONE}/docs/sub", f"two=//{NOBODY}/docs+//{TWO}/docs"]
PROTOCOLS = ("SMB2_02", "SMB2_10", "SMB3_00", "SMB3_11")


def server(address):
    """One that a link leads to."""
    p = subprocess.Popen([os.environ["DFS_SMBKIT"], "--listen", f"{address}:445", "--user", f"{USER}%{PASSWORD}",
                          "--name", "docs", os.environ["DFS_PLUGIN"]],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    p.stdout.readline()  # it serves
    return p


def smbclient(host, share, commands, protocol="SMB3_11", folder=None):
    return run(["smbclient", f"//{host}/{share}", "-U", f"{USER}%{PASSWORD}", "--configfile=/dev/null",
                f"--option=client min protocol={protocol}", f"--option=client max protocol={protocol}",
                "--use-kerberos=off", "-c", commands], cwd=folder)


def names(listing):
    return set(re.findall(r"^  (\S+) +[A-Za-z]* +\d+  ", listing, re.M))


def entry(listing, name):
    m = re.search(rf"^  {name} +([A-Za-z]+) ", listing, re.M)
    return m.group(1) if m else None


def through_links(folder, protocol):
    """Everything below a link happens on the other server."""
    mine, theirs = f"{protocol}.txt", f"{protocol}.back"
    with open(f"{folder}/{mine}", "w", encoding="ascii") as f:
        f.write(protocol)
    out = smbclient(HOST, "names", f"ls; put {mine} link/{mine}; cd link; ls; get {mine} {theirs}; rename {mine} "
                    f"{theirs}; allinfo {theirs}", protocol, folder)
    check(f"{protocol}: through a link", out.returncode == 0, out.stdout)
    with open(f"{folder}/{theirs}", encoding="ascii") as f:
        check(f"{protocol}: the file is whole", f.read() == protocol)
    there = smbclient(ONE, "docs", "ls", protocol)
    check(f"{protocol}: it is on the other server", theirs in names(there.stdout), there.stdout)
    out = smbclient(HOST, "names", f"cd deep; cd inner; put {mine} x; ls; cd ../../two; put {mine}; ls", protocol, folder)
    check(f"{protocol}: a link in a folder, to a folder; another target when one is not there",
          out.returncode == 0 and {"x", mine} <= names(out.stdout), out.stdout)
    there = smbclient(ONE, "docs", "ls sub/*; del sub/x", protocol)
    check(f"{protocol}: in the folder of the target", "x" in names(there.stdout), there.stdout)
    there = smbclient(TWO, "docs", f"ls; del {mine}", protocol)
    check(f"{protocol}: on the second target", mine in names(there.stdout), there.stdout)


def shown():
    out = smbclient(HOST, "names", "ls; ls deep/*; ls nothing; ls link").stdout
    check("a link is a folder in listings", {"link", "two", "deep", "inner"} <= names(out), out)
    check("with the attribute of a reparse point", entry(out, "link") == "Dr", out)
    check("what is not there is not there", re.search(r"NO_SUCH_FILE listing .*nothing", out), out)
    out = run(["rpcclient", HOST, "-U", f"{USER}%{PASSWORD}", "-c", "netsharegetinfo names 1005;"
               "netsharegetinfo share 1005"]).stdout
    check("the share says so", re.findall(r"flags: (0x\w+)", out) == ["0x3", "0x0"], out)


def without_dfs():
    """A share of the same server that has no links, and one that only has the name of one."""
    out = smbclient(HOST, "share", "mkdir link; cd link; ls; cd ..; rmdir link")
    check("a share without links", out.returncode == 0, out.stdout)
    out = smbclient(ONE, "docs", "ls")
    check("a server without links", out.returncode == 0, out.stdout)


def libsmbclient():
    try:
        import smbc
    except ImportError as e:
        check("import smbc", False, str(e))
        return
    context = smbc.Context()
    context.optionNoAutoAnonymousLogin = True
    context.functionAuthData = lambda *unused: ("WORKGROUP", USER, PASSWORD)
    f = context.open(f"smb://{HOST}/names/link/by-libsmbclient", os.O_CREAT | os.O_WRONLY)
    f.write(b"there")
    f.close()
    there = smbclient(ONE, "docs", "ls").stdout
    check("libsmbclient follows links", "by-libsmbclient" in names(there), there)


class Capture:
    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.process = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-f", "tcp port 445", "-w", self.path],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if line.startswith("File:"):
                break
        time.sleep(0.5)
        return self

    def __exit__(self, *what):
        time.sleep(1)
        self.process.terminate()
        self.process.communicate(timeout=30)


def fields(path, where, what):
    out = run(["tshark", "-r", path, "-Y", where, "-T", "fields", "-e", what]).stdout
    return [line for line in out.split("\n") if line]


def judge(path):
    out = run(["tshark", "-r", path, "-Y", "_ws.malformed || (smb2 && _ws.expert.severity >= 6291456)"]).stdout
    check("no malformed packet", not re.search(r"^ *\d+ ", out, re.M), out)
    check("paths were not covered", len(fields(path, "smb2.nt_status == 0xc0000257", "frame.number")) >= 4)
    where = "smb2.ioctl.function == 0x00060194 && smb2.flags.response == 1"
    targets = set(",".join(fields(path, where, "smb.dfs.referral.node")).split(","))  # as Wireshark reads our answers
    check("referrals to all targets", {f"\\{ONE}\\docs", f"\\{TWO}\\docs", f"\\{NOBODY}\\docs",
                                       f"\\{ONE}\\docs\\sub"} <= targets, str(targets))


def client():
    need("smbclient", "rpcclient", "dumpcap", "tshark")
    others = [server(ONE), server(TWO)]
    try:
        out = smbclient(ONE, "docs", "mkdir sub")
        check("a folder on the target", out.returncode == 0, out.stdout)
        out = smbclient(HOST, "names", "mkdir deep")
        check("a folder among the names", out.returncode == 0, out.stdout)
        with scratch() as folder:
            with Capture(f"{folder}/dfs.pcap"):
                for protocol in PROTOCOLS:
                    through_links(folder, protocol)
                shown()
                without_dfs()
                libsmbclient()
            judge(f"{folder}/dfs.pcap")
    finally:
        for p in others:
            p.terminate()
            check("the other server ends", p.wait(timeout=30) == 0)
    finish()


def main():
    if sys.argv[1] != "-":
        os.environ["DFS_SMBKIT"] = os.path.abspath(sys.argv[1])
        os.environ["DFS_PLUGIN"] = os.path.abspath(sys.argv[2])
    links = ",".join("dfs=" + x for x in LINKS)
    port445.main(__file__, client, ["--share", f"names={os.environ['DFS_PLUGIN']},{links}"])


if __name__ == "__main__":
    main()
