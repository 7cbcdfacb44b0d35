#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long it takes to learn that a name is not there, in a small and in a large folder of the plugin
dir, beside Samba's own server on the same folders.

Usage: lookup.py BUILD [FILES]

Each round asks every server in every folder in turn, so that what else the machine does meets all
alike; the median of five rounds counts. A lookup is one CREATE of a name that nobody has and that was
not asked for before. Samba is left out, which is said, where it is not installed or we are not root.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "interop"))

from impacket import smb3structs as smb2  # noqa: E402
from impacket.smb3 import SessionError  # noqa: E402
from impacket.smbconnection import SMBConnection  # noqa: E402
from samba_server import PASSWORD, USER, SambaServer  # noqa: E402

ROUNDS, ROUND_S, LEAST, MOST = 5, 2.0, 5, 1000
SMALL = 100


class Client:
    """One connection; counts names, so that each is new."""

    def __init__(self, port, user, password):
        smb = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=int(port))
        smb.login(user, password)
        self.smb = smb.getSMBServer()
        self.tree = smb.connectTree("share")
        self.number = 0

    def absent(self, folder):
        self.number += 1
        try:
            self.smb.create(self.tree, f"{folder}\\Absent{self.number:08}", 0x80, 7, 0,
                            smb2.FILE_OPEN, 0)
        except SessionError as e:
            if e.get_error_code() == 0xc0000034:  # OBJECT_NAME_NOT_FOUND
                return
            raise
        raise AssertionError("a name is there that nobody made")

    def seconds(self, folder):
        """For one lookup, over about ROUND_S."""
        start = time.monotonic()
        for n in range(1, MOST + 1):
            self.absent(folder)
            passed = time.monotonic() - start
            if n >= LEAST and passed > ROUND_S:
                break
        return passed / n


def fill(share, name, count):
    os.mkdir(os.path.join(share, name))
    for i in range(count):
        os.close(os.open(os.path.join(share, name, f"File number {i:06}.dat"),
                         os.O_CREAT | os.O_WRONLY, 0o666))


def measure(clients, folders):
    times = {(c, f): [] for c in clients for f in folders}
    for c in clients:
        for f in folders:
            clients[c].absent(f)  # the first one reads the folder
    for _ in range(ROUNDS):
        for c, f in times:
            times[c, f].append(clients[c].seconds(f))
    return {k: statistics.median(v) for k, v in times.items()}


def report(results, clients, folders):
    print(f"{'absent names':14}" + "".join(f"{n:>12,} files" for n in folders.values()) + "    ratio")
    for c in clients:
        small, large = (results[c, f] for f in folders)
        print(f"{c:14}{small * 1e6:>15.0f} us{large * 1e6:>15.0f} us{large / small:>9.2f}")
    small, large = (results["smbkit", f] for f in folders)
    return 0 if large <= 2 * small else 1


def inside(samba_port, large):
    """Runs under the server, which has set port, user and password."""
    clients = {"smbkit": Client(os.environ["port"], os.environ["user"], os.environ["password"])}
    if samba_port != "0":
        clients["Samba"] = Client(samba_port, USER, PASSWORD)
    folders = {"small": SMALL, "large": int(large)}
    return report(measure(clients, folders), clients, folders)


def serve(build, share, samba_port, large):
    words = [sys.executable, os.path.abspath(__file__), "--inside", str(samba_port), str(large)]
    return subprocess.run(
        [os.path.join(build, "daemon", "smbkit"), "--name", "share", "--log-level", "error",
         "--listen", "127.0.0.1:0", "--run", " ".join(words),
         os.path.join(build, "plugins", "dir", "smbkit-dir-plugin.so"), "path=" + share,
         "as=server"], check=False).returncode


def main():
    if sys.argv[1] == "--inside":
        return inside(*sys.argv[2:])
    build, large = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200000
    with tempfile.TemporaryDirectory(prefix="smbkit-bench.") as home:
        share = os.path.join(home, "share")
        os.mkdir(share)
        fill(share, "small", SMALL)
        fill(share, "large", large)
        if os.getuid() == 0 and shutil.which("smbd") and shutil.which("smbpasswd"):
            with SambaServer(home, share, "") as samba:
                return serve(build, share, samba.port, large)
        print("Samba is not installed, or we are not root: it is left out")
        return serve(build, share, 0, large)


if __name__ == "__main__":
    sys.exit(main())
