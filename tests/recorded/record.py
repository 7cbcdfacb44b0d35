#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what a client and a server say to each other: stands between them while a command runs.

Usage, with a server's $port and $unc as smbkit --run sets them: record.py OUT COMMAND

The command sees a $port and $unc that lead here. OUT gets a line for each message, without its four bytes of
framing: `> ` and the message of a client, or `< ` and that of the server, in hexadecimal. Of the messages of
the same commands, classes and length only the first is kept, and none of more than LONGEST bytes.
"""
import os
import socket
import struct
import subprocess
import sys
import threading

LONGEST = 1200
TARGET = ("127.0.0.1", int(os.environ["port"]))

lock = threading.Lock()
seen = set()
lines = []


def kind(message):
    """The commands, and of each its status' severity and the first bytes of the body, where classes are."""
    if message[:4] != b"\xfeSMB":
        return message[:4]
    at, kinds = 0, []
    while True:
        status, command = struct.unpack_from("<IH", message, at + 8)
        kinds.append((command, status >> 30, message[at + 64:at + 72]))
        following = struct.unpack_from("<I", message, at + 20)[0]
        if following == 0:
            return tuple(kinds)
        at += following


def note(mark, message):
    key = (mark, kind(message), len(message))
    with lock:
        if key not in seen and len(message) <= LONGEST:
            seen.add(key)
            lines.append(f"{mark} {message.hex()}")


def pump(mark, source, target):
    data = b""
    while True:
        try:
            more = source.recv(65536)
        except OSError:
            more = b""
        if not more:
            break
        target.sendall(more)
        data += more
        while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[1:4], "big"):
            end = 4 + int.from_bytes(data[1:4], "big")
            if data[0] == 0 and end > 8:
                note(mark, data[4:end])
            data = data[end:]
    for s in (source, target):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def accept(listener):
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(TARGET)
        for args in ((">", client, server), ("<", server, client)):
            threading.Thread(target=pump, args=args, daemon=True).start()


def main():
    out, command = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    env = dict(os.environ, port=str(listener.getsockname()[1]))
    status = subprocess.run(["sh", "-c", command], env=env, check=False).returncode
    with lock, open(out, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    print(f"{len(lines)} messages; the command ended with {status}")


main()
