#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tree that smbd wrote is read right by smbkit's dir plugin, and the other way round.

Arguments: the program and the plugin. Attributes, creation times, named streams, extended
attributes and security descriptors are written through one server and read through the other, from
the same folder. Needs smbd; without it, or when not root (smbd wants to be), it is skipped.

Descriptors are compared with smbd's module acl_xattr as it comes, with "ignore system acls" (it
writes another version then), and with another attribute than security.NTACL.
"""
import os
import re
import shlex
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
 vfs objects = acl_xattr streams_xattr
 ea support = yes
 store dos attributes = yes
 map archive = no
{more}"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def port_words(tool, port):
    """smbcacls has no option of its own for a port."""
    return ["-p", str(port)] if tool == "smbclient" else [f"--option=smb ports={port}"]


class Samba:
    def __init__(self, home, share, more):
        self.port = free_port()
        self.conf = os.path.join(home, "smb.conf")
        for d in ("private", "run"):
            os.makedirs(os.path.join(home, d), mode=0o700, exist_ok=True)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF.format(port=self.port, home=home, share=share, more=more))
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
        return self.tool("smbclient", "", "-c", commands, folder=folder)

    def tool(self, name, path, *args, folder=None):
        """A tool of Samba's client; `path` is a file for those that want one."""
        return subprocess.run(
            [name, "//127.0.0.1/share", *([path] if path else []), *port_words(name, self.port),
             "-U", f"{USER}%{PASSWORD}", "--configfile=/dev/null", *args], cwd=folder, text=True,
            timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False).stdout


class Smbkit:
    def __init__(self, share, acls):
        self.share = share
        self.acls = acls

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, commands, folder):
        return self.tool("smbclient", "", "-c", commands, folder=folder)

    def tool(self, name, path, *args, folder=None):
        words = " ".join(shlex.quote(w) for w in args)
        port = " ".join(f'"{w}"' for w in port_words(name, "$port"))
        command = (f'{name} "$unc" {shlex.quote(path) if path else ""} {port} '
                   f'-U "$user%$password" --configfile=/dev/null {words} 2>&1')
        return subprocess.run(
            [PROGRAM, "--name", "share", "--run", command, PLUGIN, "path=" + self.share,
             "as=server", "acls=" + self.acls], cwd=folder, text=True, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False).stdout


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


SDS = {
    "Plain": "D:P(D;;DCLCRPCR;;;AN)(A;;FA;;;WD)",
    "marked": "D:AI(A;;0x1200a9;;;AU)(A;;FA;;;WD)(A;;0x1301bf;;;S-1-5-21-11-22-33-1044)",
    "Folder": "D:P(A;OICI;FA;;;WD)(A;OICIIO;FA;;;CO)(A;CI;0x1200a9;;;BU)",
}
INHERITED = "Folder/later"


def descriptor(server, path):
    """What everybody must read alike of a descriptor: the DACL."""
    out = server.tool("smbcacls", path, "--sddl").strip()
    return out[out.index("D:"):] if "D:" in out else out


def descriptors(name, writer, reader, folder, attribute, share):
    for path, sd in SDS.items():
        out = writer.tool("smbcacls", path, "--sddl", "-S", sd)
        check(f"{name}: descriptor of {path} is set", "NT_STATUS" not in out and "ERR" not in out,
              out)
        # the path of the disk is as it was written
        check(f"{name}: descriptor of {path} is in the attribute",
              attribute in os.listxattr(os.path.join(share, path)),
              os.listxattr(os.path.join(share, path)))
    out = writer.run("put data " + INHERITED, folder)
    check(f"{name}: a file that inherits is made", "NT_STATUS" not in out, out)
    for path in (*SDS, INHERITED):
        mine, theirs = descriptor(writer, path), descriptor(reader, path)
        check(f"{name}: descriptor of {path}", mine == theirs and "D:" in theirs,
              f"\nby the writer: {mine}\nby the reader: {theirs}")
    check(f"{name}: it says what was set", "S-1-5-21-11-22-33-1044" in descriptor(reader, "marked"))
    check(f"{name}: it was inherited", "ID;" in descriptor(reader, INHERITED) and
          "BU" not in descriptor(reader, INHERITED), descriptor(reader, INHERITED))
    # the reader changes it, and the writer sees that
    reader.tool("smbcacls", "marked", "--sddl", "-S", SDS["Plain"])
    back = descriptor(writer, "marked")
    check(f"{name}: a descriptor and back",
          back == descriptor(reader, "marked") and "AN)" in back, back)
    hidden = reader.run("listea Plain", folder) + writer.run("listea Plain", folder)
    check(f"{name}: the attribute is not a client's", "NTACL" not in hidden, hidden)


# how smbd keeps descriptors, and what smbkit is told to do
KINDS = (
    ("", "security.NTACL"),
    (" acl_xattr:ignore system acls = yes\n", "security.NTACL"),
    (" acl_xattr:security_acl_name = user.NTACL\n", "user.NTACL"),
)


def compare(home, number, more, attribute):
    share = os.path.join(home, str(number))
    for direction in ("smbd to smbkit", "smbkit to smbd"):
        os.mkdir(share)
        with Samba(home, share, more) as samba:
            smbkit = Smbkit(share, attribute)
            pair = (samba, smbkit) if direction == "smbd to smbkit" else (smbkit, samba)
            name = f"{direction}, {attribute}{',' + more.strip() if more else ''}"
            round_trip(name, *pair, home)
            descriptors(name, *pair, home, attribute, share)
        shutil.rmtree(share)


def main():
    need("smbclient")
    need("smbcacls")
    if shutil.which("smbd") is None or shutil.which("smbpasswd") is None:
        skip("smbd is not installed: trees of Samba are not compared")
    if os.getuid() != 0:
        skip("not root: smbd cannot be started")
    with tempfile.TemporaryDirectory(prefix="smbkit-samba.") as home:
        for file, content in (("data", b"some data\n"), ("more", b"more data\n")):
            with open(os.path.join(home, file), "wb") as f:
                f.write(content)
        try:
            os.setxattr(home, "user.smbkit", b"x")
            os.setxattr(home, "security.smbkit", b"x")
        except OSError:
            skip("extended attributes cannot be kept in the temporary folder")
        for number, (more, attribute) in enumerate(KINDS):
            compare(home, number, more, attribute)
    finish()


if __name__ == "__main__":
    main()
