#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a file of the plugin memory costs: makes a million empty ones in one folder, over SMB, and says how much
the server has grown by each, how fast they were made, and how long one takes to open among all.

Usage: files.py BUILD [FILES]

A message makes and closes one file; as many are under way as there are credits. Fails when a file costs more
than LIMIT bytes.
"""
import os
import socket
import statistics
import struct
import subprocess
import sys
import time

from impacket.smbconnection import SMBConnection

LIMIT = 1024
CREATE, CLOSE, RELATED = 5, 6, 4
AT_ONCE = 400  # messages, each of two credits


def server_memory():
    """Bytes of the process that runs us."""
    with open(f"/proc/{os.getppid()}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def header(command, number, flags, following, tree, session):
    # [MS-SMB2] 2.2.1.2
    return struct.pack("<4sHHIHHIIQIIQ16x", b"\xfeSMB", 64, 1, 0, command, 256, flags, following, number, 0, tree,
                       session)


def message(name, number, tree, session):
    """CREATE and CLOSE of one file in a compound, framed; [MS-SMB2] 2.2.13, 2.2.15."""
    text = name.encode("utf-16le")
    create = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0x12019f, 0x80, 7, 2, 0x40, 120, len(text), 0,
                         0) + text
    create += bytes(-len(create) % 8)
    close = struct.pack("<HHI16s", 24, 0, 0, b"\xff" * 16)
    data = header(CREATE, number, 0, 64 + len(create), tree, session) + create
    data += header(CLOSE, number + 1, RELATED, 0, tree, session) + close
    return struct.pack(">I", len(data)) + data


class Client:
    def __init__(self):
        self.smb = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=int(os.environ["port"]),
                                 preferredDialect=0x210)
        self.smb.login(os.environ["user"], os.environ["password"])
        self.smb.createDirectory("share", "many")
        self.raw = self.smb.getSMBServer()
        self.tree = self.smb.connectTree("share")
        self.session = self.raw._Session["SessionID"]
        self.socket = self.raw._NetBIOSSession.get_socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def answer(self):
        """The credits that it grants."""
        data = self.stream.read(int.from_bytes(self.stream.read(4), "big"))
        at, credits = 0, 0
        while True:
            status, command, granted = struct.unpack_from("<IHH", data, at + 8)
            if status != 0:
                sys.exit(f"command {command} failed: {status:08x}")
            credits += granted
            following = struct.unpack_from("<I", data, at + 20)[0]
            if following == 0:
                return credits
            at += following

    def make(self, files):
        number = self.raw._Connection["SequenceWindow"]
        credits, sent, answered = 2, 0, 0
        while answered < files:
            some = []
            while sent < files and credits >= 2 and sent - answered < AT_ONCE:
                some.append(message(f"many\\file{sent:07}.txt", number, self.tree, self.session))
                number, credits, sent = number + 2, credits - 2, sent + 1
            self.socket.sendall(b"".join(some))
            while answered < sent and (sent - answered > AT_ONCE // 2 or credits < 2 or sent == files):
                credits += self.answer()
                answered += 1
        self.raw._Connection["SequenceWindow"] = number

    def open_one(self, number):
        began = time.perf_counter()
        f = self.smb.openFile(self.tree, f"many\\file{number:07}.txt")
        took = time.perf_counter() - began
        self.smb.closeFile(self.tree, f)
        return took


def inside(files):
    """Runs under the server, which has set port, user and password."""
    client = Client()
    client.make(1)
    first = [client.open_one(0) for _ in range(200)]
    # the first is made already
    client.smb.deleteFile("share", "many\\file0000000.txt")
    before, began = server_memory(), time.monotonic()
    client.make(files)
    took, after = time.monotonic() - began, server_memory()
    opens = [client.open_one(n * files // 200) for n in range(200)]
    each = (after - before) / files
    print(f"{files} empty files in one folder: {each:.0f} bytes each ({before >> 20} to {after >> 20} MiB), "
          f"{files / took:.0f} made in a second; to open one takes {statistics.median(opens) * 1e6:.0f} us, "
          f"alone {statistics.median(first) * 1e6:.0f} us", flush=True)
    return 0 if each < LIMIT else 1


def main():
    if sys.argv[1] == "--inside":
        return inside(int(sys.argv[2]))
    build, files = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    words = ["exec", sys.executable, os.path.abspath(__file__), "--inside", str(files)]
    return subprocess.run(
        [os.path.join(build, "daemon", "smbkit"), "--name", "share", "--log-level", "error", "--signing", "offered",
         "--encryption", "off", "--listen", "127.0.0.1:0", "--user", "bench%bench", "--run", " ".join(words),
         os.path.join(build, "plugins", "memory", "smbkit-memory-plugin.so")], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
