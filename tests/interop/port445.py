# SPDX-License-Identifier: Apache-2.0
"""For scripts with clients that know no port but 445: a network namespace of their own, with the server.

Needs root for the namespace and for the port; skipped (77) with the reason otherwise.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys

from peer import run, skip

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _outside(script, arguments):
    if os.geteuid() != 0:
        skip("port 445 and a network namespace need root")
    probe = run(["unshare", "-n", "true"])
    if probe.returncode != 0:
        skip("no network namespaces here: " + probe.stdout.strip())
    sys.exit(subprocess.run(["unshare", "-n", sys.executable, script, *arguments, "namespace"],
                            stdin=subprocess.DEVNULL).returncode)


def _in_namespace(script, smbkit, plugin, options):
    _loopback_up()
    os.execv(smbkit, [smbkit, "--listen", "127.0.0.1:445", "--user", "tester%secret", *options,
                      "--name", "share", "--run",
                      f"exec '{sys.executable}' '{script}' - - client", plugin, "size=256M"])


def main(script, client, options=()):
    """Of a script that is called with the program and the plugin: runs client() beside a server."""
    script = os.path.abspath(script)
    smbkit, plugin, *where = sys.argv[1:]
    if where == ["client"]:
        client()
    elif where == ["namespace"]:
        _in_namespace(script, smbkit, plugin, options)
    else:
        _outside(script, [smbkit, plugin])
