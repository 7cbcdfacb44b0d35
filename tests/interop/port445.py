# SPDX-License-Identifier: Apache-2.0
"""For scripts with clients that know no port but 445: a network namespace of their own, with the server.

Needs root for the namespace and for the port; skipped (77) with the reason otherwise.

As a program: runs the command that it is given in one, whatever it is.
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


def why_not():
    """Why there is no namespace to be had; None where there is one."""
    if os.geteuid() != 0:
        return "port 445 and a network namespace need root"
    probe = run(["unshare", "-n", "true"])
    return "no network namespaces here: " + probe.stdout.strip() if probe.returncode != 0 else None


def namespace(command):
    """The command line that runs the command in a namespace of its own."""
    return ["unshare", "-n", sys.executable, os.path.abspath(__file__), *command]


def _outside(script, arguments):
    reason = why_not()
    if reason:
        skip(reason)
    sys.exit(subprocess.run(namespace([sys.executable, script, *arguments, "namespace"]),
                            stdin=subprocess.DEVNULL).returncode)


def _in_namespace(script, smbkit, plugin, options):
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


if __name__ == "__main__":
    _loopback_up()
    os.execvp(sys.argv[1], sys.argv[1:])
