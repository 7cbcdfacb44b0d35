#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that know no port but 445, with the server, in a network namespace of their own.

Usage: impacket_445.py SMBKIT PLUGIN

Needs root for the namespace and for the port; skipped (77) with the reason otherwise.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys

from peer import HERE, HOST, PASSWORD, SHARE, USER, check, finish, need, run, skip

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def outside(smbkit, plugin):
    if os.geteuid() != 0:
        skip("port 445 and a network namespace need root")
    probe = run(["unshare", "-n", "true"])
    if probe.returncode != 0:
        skip("no network namespaces here: " + probe.stdout.strip())
    sys.exit(subprocess.run(["unshare", "-n", sys.executable, __file__, smbkit, plugin,
                             "namespace"],
                            stdin=subprocess.DEVNULL).returncode)


def in_namespace(smbkit, plugin):
    loopback_up()
    me = os.path.abspath(__file__)
    os.execv(smbkit, [smbkit, "--listen", "127.0.0.1:445", "--user", "tester%secret",
                      "--name", "share", "--run",
                      f"exec '{sys.executable}' '{me}' - - client", plugin, "size=256M"])


def client(*_):
    try:
        from impacket.smbconnection import SMBConnection
    except ImportError as e:
        check("import impacket", False, str(e))
        finish()
    need("smbclient")
    c = SMBConnection("*SMBSERVER", HOST)  # neither name nor port
    c.login(USER, PASSWORD)
    names = {s["shi1_netname"][:-1] for s in shares(c)}
    if names:
        check("the share is listed", SHARE in names, str(names))
    check("impacket lists on port 445",
          {e.get_longname() for e in c.listPath(SHARE, "*")} >= {"."})
    c.close()
    out = run([sys.executable, os.path.join(HERE, "impacket_client.py")])
    check("impacket_client.py", out.returncode == 0, out.stdout)
    out = run(["smbclient", f"//{HOST}/{SHARE}", "-U", f"{USER}%{PASSWORD}",
               "--configfile=/dev/null", "-c", "ls"])
    check("smbclient without -p", out.returncode == 0, out.stdout)
    finish()


def shares(c):
    """Empty as long as the server has no srvsvc pipe."""
    try:
        return c.listShares()
    except Exception:
        return []


def main():
    role = sys.argv[3] if len(sys.argv) > 3 else "outside"
    {"outside": outside, "namespace": in_namespace, "client": client}[role](*sys.argv[1:3])


if __name__ == "__main__":
    main()
