#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cuts the network N times at random moments while smbkit-bench writes acknowledged records through a
durable handle with a lock held: every acknowledged record must be there, and the lock still held.

Usage: cut.py SMBKIT BENCH MEMORY_PLUGIN [CUTS]

Between client and server is a proxy of ours. A cut resets both its connections, so that the server
may have done what the client never hears of.
"""
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

RESET = struct.pack("ii", 1, 0)  # SO_LINGER without waiting: close() resets


class Proxy:
    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.lock = threading.Lock()
        self.live = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near = self.listener.accept()[0]
            far = socket.create_connection(self.target)
            pair = (near, far)
            with self.lock:
                self.live.append(pair)
            for a, b in (pair, pair[::-1]):
                threading.Thread(target=self.pump, args=(a, b, pair), daemon=True).start()

    def pump(self, source, sink, pair):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        self.drop(pair)

    def drop(self, pair):
        """True when it was still there."""
        with self.lock:
            if pair not in self.live:
                return False
            self.live.remove(pair)
        for s in pair:
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                s.shutdown(socket.SHUT_RD)  # wakes the thread that reads, and sends nothing
            except OSError:
                pass
            s.close()
        return True

    def cut(self):
        with self.lock:
            pairs = list(self.live)
        return sum(self.drop(p) for p in pairs) > 0


def run(bench, cuts):
    proxy = Proxy(int(os.environ["port"]))
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        client = subprocess.Popen(
            [bench, "--address", f"127.0.0.1:{proxy.port}", "--share", "share", "--user",
             os.environ["user"] + "%" + os.environ["password"], "--log", log, "--time",
             str(1 + cuts * 0.2), "records"], stdout=subprocess.PIPE, text=True)
        time.sleep(0.3)
        done = 0
        while done < cuts and client.poll() is None:
            time.sleep(random.uniform(0.02, 0.15))
            done += proxy.cut()
        out = client.communicate(timeout=60)[0]
        with open(log, encoding="ascii") as f:
            logged = sum(1 for _ in f)
    print(f"cuts {done}", out.strip())
    said = json.loads(out)
    good = client.returncode == 0 and done == cuts and said["missing"] == 0 and said["lock"] and \
        0 < said["reconnects"] <= said["attempts"] and said["acknowledged"] == logged > 0
    print("ok" if good else "FAIL")
    return 0 if good else 1


def main():
    if sys.argv[1] == "inside":
        sys.exit(run(sys.argv[2], int(sys.argv[3])))
    smbkit, bench, plugin = sys.argv[1:4]
    cuts = sys.argv[4] if len(sys.argv) > 4 else "20"
    inside = f"exec '{sys.executable}' '{os.path.abspath(__file__)}' inside '{bench}' {cuts}"
    sys.exit(subprocess.run(
        [smbkit, "--listen", "127.0.0.1:0", "--user", "tester%secret", "--name", "share", "--run",
         inside, plugin], timeout=600, check=False).returncode)


if __name__ == "__main__":
    main()
