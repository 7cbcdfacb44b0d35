# SPDX-License-Identifier: Apache-2.0
"""Samba's own server for comparisons: an smbd of ours, in a folder of its own, on a free port. Needs
root, as smbd does; the one user is root."""
import os
import socket
import subprocess
import tempfile
import time

USER, PASSWORD = "root", "secret"
CONF = """[global]
 server role = standalone server
 interfaces = lo
 bind interfaces only = yes
 smb ports = {port}
 private dir = {home}/private
 lock directory = {run}
 state directory = {run}
 cache directory = {run}
 pid directory = {run}
 ncalrpc dir = {run}/ncalrpc
 log file = {home}/log
 load printers = no
 disable spoolss = yes
 passdb backend = tdbsam:{home}/private/passdb.tdb
[share]
 path = {share}
 read only = no
{more}"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class SambaServer:
    """`more`: lines for the share, each with a blank before it."""

    def __init__(self, home, share, more):
        self.port = free_port()
        self.conf = os.path.join(home, "smb.conf")
        os.makedirs(os.path.join(home, "private"), mode=0o700, exist_ok=True)
        # of its own: a client's process of the server before may still hold the state of that one
        run = tempfile.mkdtemp(prefix="run.", dir=home)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF.format(port=self.port, home=home, run=run, share=share, more=more))
        subprocess.run(["smbpasswd", "-c", self.conf, "-a", "-s", USER], check=True,
                       input=f"{PASSWORD}\n{PASSWORD}\n", text=True, capture_output=True)

    def __enter__(self):
        self.process = subprocess.Popen(
            ["smbd", "--foreground", "--no-process-group", "--configfile=" + self.conf],
            start_new_session=True,  # it ends its whole process group
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
