#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tree that smbd wrote is read right by smbkit's dir plugin, and the other way round.

Arguments: the program and the plugin. Attributes, creation times and named streams are written
through one server and read through the other, from the same folder. Needs smbd; without it, or
when not root (smbd wants to be), it is skipped.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from peer import check, finish, need, skip

# absolute: smbclient runs in a folder of its own
PROGRAM, PLUGIN = (os.path.abspath(p) for p in sys.argv[1:3])
USER, PASSWORD = "root", "secret"
CONF = """[global]
 server role = standalone server
 interfaces = lo
 bind interfaces only = yes
 smb ports = {port}
 private dir = {home}/private
 lock directory = {home}/run
 state directory = {home}/run
 cache directory = {home}/run
 pid directory = {home}/run
 ncalrpc dir = {home}/run/ncalrpc
 log file = {home}/log
 load printers = no
 disable spoolss = yes
 passdb backend = tdbsam:{home}/private/passdb.tdb
[share]
 path = {share}
 read only = no
 vfs objects = streams_xattr
 ea support = yes
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Samba:
    def __init__(self, home, share):
        self.port = free_port()
        self.conf = os.path.join(home, "smb.conf")
        for d in ("private", "run"):
            os.makedirs(os.path.join(home, d), mode=0o700, exist_ok=True)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF.format(port=self.port, home=home, share=share))
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

    def run(self, commands, folder):
        return subprocess.run(
            ["smbclient", "//127.0.0.1/share", "-p", str(self.port), "-U", f"{USER}%{PASSWORD}",
             "--configfile=/dev/null", "-c", commands], cwd=folder, text=True, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


class Smbkit:
    def __init__(self, share):
        self.share = share

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, commands, folder):
        client = 'smbclient "$unc" -p $port -U "$user%$password" --configfile=/dev/null -c '
        return subprocess.run(
            [PROGRAM, "--name", "share", "--run", f"{client}'{commands}' 2>&1", PLUGIN,
             "path=" + self.share, "as=server"], cwd=folder, text=True, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


WRITE = ('put data Plain; put data marked; setmode marked +rhs; mkdir Folder; '
         'setmode Folder +h; put data Folder/in; put data Plain:small; put data Folder:other; '
         'utimes marked 2001:02:03-04:05:06 -1 -1 -1; utimes Folder 2002:02:03-04:05:06 -1 -1 -1')
READ = ('allinfo plain; allinfo MARKED; allinfo folder; get plain:SMALL got; get folder:other got2; '
        'ls')
# what allinfo says that must be the same, whoever says it
SAME = re.compile(r"^(?:create_time|attributes):.*$", re.M)


def facts(text):
    return SAME.findall(text)


def round_trip(name, writer, reader, folder):
    for f in ("got", "got2"):
        if os.path.exists(os.path.join(folder, f)):
            os.unlink(os.path.join(folder, f))
    out = writer.run(WRITE, folder)
    check(f"{name}: written", "NT_STATUS" not in out, out)
    mine, theirs = writer.run(READ, folder), reader.run(READ, folder)
    check(f"{name}: the same is read", len(facts(mine)) == 6 and facts(mine) == facts(theirs),
          f"\nby the writer: {facts(mine)}\nby the reader: {facts(theirs)}\n{theirs}")
    check(f"{name}: attributes", theirs.count("(27)") == 1 and "2001 UTC" in theirs, theirs)
    for f in ("got", "got2"):
        path = os.path.join(folder, f)
        check(f"{name}: bytes of a stream {f}", os.path.exists(path) and
              open(path, "rb").read() == b"some data\n", theirs)
    # the reader changes it, and the writer sees that
    reader.run("setmode marked -rhs; setmode marked +s; put more plain:small", folder)
    back = writer.run("allinfo marked; get plain:small got", folder)
    check(f"{name}: attributes and back", "(4)" in back or "(24)" in back, back)
    with open(os.path.join(folder, "got"), "rb") as f:
        check(f"{name}: a stream and back", f.read() == b"more data\n", back)


def main():
    need("smbclient")
    if shutil.which("smbd") is None or shutil.which("smbpasswd") is None:
        skip("smbd is not installed: trees of Samba are not compared")
    if os.getuid() != 0:
        skip("not root: smbd cannot be started")
    with tempfile.TemporaryDirectory(prefix="smbkit-samba.") as home:
        for name in ("a", "b"):
            share = os.path.join(home, name)
            os.mkdir(share)
            for file, content in (("data", b"some data\n"), ("more", b"more data\n")):
                with open(os.path.join(home, file), "wb") as f:
                    f.write(content)
            try:
                os.setxattr(share, "user.smbkit", b"x")
                os.removexattr(share, "user.smbkit")
            except OSError:
                skip("extended attributes cannot be kept in the temporary folder")
            with Samba(home, share) as samba, Smbkit(share) as smbkit:
                if name == "a":
                    round_trip("smbd to smbkit", samba, smbkit, home)
                else:
                    round_trip("smbkit to smbd", smbkit, samba, home)
    finish()


if __name__ == "__main__":
    main()
