#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tree that adds, changes and removes many files while clients watch: every notification comes, in
order and once; before whatever is asked for after the change; what is too much is answered by
STATUS_NOTIFY_ENUM_DIR, and listing again gives the right names. Nothing leaks.

Arguments: the program, and the plugin changes_plugin.c as ASYNC, as PARALLEL and with USERS.
"""
import os
import struct
import sys
import time

from impacket.smb3structs import (FILE_DIRECTORY_FILE, FILE_OPEN, FILE_SHARE_DELETE,
                                  FILE_SHARE_READ, FILE_SHARE_WRITE, SMB2_CHANGE_NOTIFY,
                                  SMB2_DIALECT_21, SMB2_ECHO, SMB2ChangeNotify, SMB2Echo)
from impacket.smbconnection import SMBConnection

from program import check, finish, ready, start, stop

ASYNC, PARALLEL, USERS = sys.argv[2:5]
FILES = 10000
PIECE = 1000
ROUNDS = 4
SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE
ADDED, REMOVED, MODIFIED, OLD_NAME, NEW_NAME = 1, 2, 3, 4, 5
FILTER = 0x1 | 0x2 | 0x8 | 0x10
ENUM_DIR = 0x10c
QUEUE = 65536  # events of one share between plugin and core


class Client:
    def __init__(self, port, user="ann"):
        self.smb = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=port, timeout=60,
                                 preferredDialect=SMB2_DIALECT_21)
        self.smb.login(user, "secret")
        self.low = self.smb.getSMBServer()
        self.tree = self.smb.connectTree("t")

    def open(self, name, access, options=0):
        return self.low.create(self.tree, name, access, SHARE_ALL, options, FILE_OPEN, 0)

    def send(self, command, body):
        packet = self.low.SMB_PACKET()
        packet["Command"] = command
        packet["TreeID"] = self.tree
        packet["Data"] = body
        return self.low.sendSMB(packet)

    def receive(self):
        """The next answer that is final, whatever it answers: its message and the packet."""
        packet = self.low.recvSMB(None)
        return packet["MessageID"], packet

    def names(self, folder):
        return sorted(e.get_longname() for e in self.smb.listPath("t", folder + "\\*")
                      if e.get_longname() not in (".", ".."))


class Control(Client):
    def __init__(self, port, user="ann"):
        super().__init__(port, user)
        self.file = self.open("control", 0x2 | 0x80)

    def order(self, *words):
        line = " ".join(str(w) for w in words).encode()
        self.low.write(self.tree, self.file, line, 0, len(line))


class Watch(Client):
    """What a folder's watch has told, and when."""

    def __init__(self, port, folder, subtree, user="ann"):
        super().__init__(port, user)
        self.folder = self.open(folder, 0x1 | 0x80, FILE_DIRECTORY_FILE)
        self.subtree = subtree
        self.waiting = None
        self.news = []
        self.overflows = 0
        self.ask()
        self.ping()

    def ask(self):
        if self.waiting is None:
            body = SMB2ChangeNotify()
            body["Flags"] = 1 if self.subtree else 0
            body["OutputBufferLength"] = 65536
            body["FileID"] = self.folder
            body["CompletionFilter"] = FILTER
            self.waiting = self.send(SMB2_CHANGE_NOTIFY, body)

    def take(self, packet):
        self.waiting = None
        if packet["Status"] == ENUM_DIR:
            self.overflows += 1
            return
        assert packet["Status"] == 0, hex(packet["Status"])
        data = packet["Data"]
        offset, length = struct.unpack_from("<HL", data, 2)
        at, end = offset - 64, offset - 64 + length
        while at < end:
            step, action, size = struct.unpack_from("<LLL", data, at)
            path = data[at + 12:at + 12 + size].decode("utf-16-le")
            if path != "control":  # the orders themselves
                self.news.append((action, path))
            at = at + step if step else end

    def ping(self):
        """Asks something else; what was known before has been told when that is answered."""
        echo = self.send(SMB2_ECHO, SMB2Echo())
        while True:
            number, packet = self.receive()
            if number == echo:
                return
            assert number == self.waiting
            self.take(packet)

    def catch_up(self):
        """Takes all that is known, until nothing comes for a request that waits."""
        while True:
            self.ask()
            self.ping()
            if self.waiting is not None:
                return

    def expect(self, what, news):
        good = self.news == news and self.overflows == 0
        if good:
            check(what, True)
        else:
            at = next((i for i, (a, b) in enumerate(zip(self.news, news)) if a != b),
                      min(len(self.news), len(news)))
            check(what, False, f"{len(self.news)} of {len(news)}, {self.overflows} overflows, "
                  f"different at {at}: {self.news[at:at + 3]} for {news[at:at + 3]}")
        self.news, self.overflows = [], 0

    def expect_overflow(self, what):
        check(what, self.overflows >= 1, f"{len(self.news)} changes, {self.overflows} overflows")
        self.news, self.overflows = [], 0


def name(i, letter="f"):
    return f"{letter}{i:05}"


def serve(plugin):
    p = start("--listen", "127.0.0.1:0", "--user", "ann%secret", "--user", "bob%secret", "--name",
              "t", "--log-level", "warning", plugin)
    return p, int(ready(p)[0].rsplit(":", 1)[1])


def resident(p):
    with open(f"/proc/{p.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def many(what, control, flat, tree, folder, within):
    """One round over all files, in pieces that a watch can keep."""
    for verb, action in (("add", ADDED), ("update", MODIFIED), ("remove", REMOVED)):
        known = []
        for at in range(0, FILES, PIECE):
            control.order(verb, folder, at, at + PIECE)
            news = [(action, name(i)) for i in range(at, at + PIECE)]
            known += [(a, within + n) for a, n in news]
            # the write is answered: nothing that is asked for now may be answered before the news
            flat.ping()
            check(f"{what}: {verb} is known before what comes after it",
                  bool(flat.news) == (folder == "d"), len(flat.news))
            for w in (flat, tree):
                w.catch_up()
            if folder == "d":
                flat.expect(f"{what}: {verb} {at}", news)
            else:
                flat.expect(f"{what}: {verb} {at} elsewhere", [])
        tree.expect(f"{what}: {verb} in the whole tree", known)


def renames(what, control, flat, tree):
    control.order("add", "d", 0, PIECE)
    for w in (flat, tree):
        w.catch_up()
        w.news = []
    control.order("rename", "d", 0, PIECE)
    for w, prefix in ((flat, ""), (tree, "d\\")):
        w.catch_up()
        w.expect(f"{what}: renames", [x for i in range(PIECE)
                                      for x in ((OLD_NAME, prefix + name(i)),
                                                (NEW_NAME, prefix + name(i, "g")))])


def too_much_for_a_watch(what, control, flat):
    """More than a watch keeps, while its client does not ask."""
    control.order("add", "d", 0, FILES)
    flat.ping()  # the request that waited has taken the first
    flat.news = []
    flat.catch_up()
    flat.expect_overflow(f"{what}: a watch overflows")
    check(f"{what}: listing again", flat.names("d") ==
          sorted(["e"] + [name(i) for i in range(FILES)] + [name(i, "g") for i in range(PIECE)]))
    control.order("remove", "d", 1, 2)
    flat.catch_up()
    flat.expect(f"{what}: after the overflow", [(REMOVED, name(1))])
    control.order("add", "d", 1, 2)
    flat.catch_up()
    flat.expect(f"{what}: once more", [(ADDED, name(1))])


def too_much_for_the_queue(what, control, watches, sure):
    """More than may wait between plugin and core: all that watch the share must be told, also those
    where nothing has happened, as nobody knows what got lost."""
    control.order("touch", "d", 0, QUEUE + 5000)
    for w in watches:
        w.catch_up()
        if sure:
            w.expect_overflow(f"{what}: the queue overflows")
        w.news, w.overflows = [], 0
    control.order("remove", "d", 0, FILES // 100)
    for w in watches[:2]:
        w.catch_up()
        w.expect(f"{what}: after the queue", [(REMOVED, ("d\\" if w.subtree else "") + name(i))
                                              for i in range(FILES // 100)])
    check(f"{what}: listing", len(watches[0].names("d")) == FILES - FILES // 100 + PIECE + 1)


def test_many(what, plugin, sure):
    p, port = serve(plugin)
    control = Control(port)
    flat, tree = Watch(port, "d", False), Watch(port, "", True)
    began = time.monotonic()
    sizes = []
    for i in range(ROUNDS):
        many(f"{what} round {i}", control, flat, tree, "d", "d\\")
        sizes.append(resident(p))
    took = time.monotonic() - began
    many(f"{what} deep", control, flat, tree, "d/e/f", "d\\e\\f\\")
    print(f"{what}: {ROUNDS * 3 * FILES} changes, each seen by two clients, in {took:.1f} s; "
          f"resident KiB after each round: {sizes}", flush=True)
    # with AddressSanitizer what was freed stays resident, and its own check tells of leaks
    if "ASAN_OPTIONS" not in os.environ:
        check(f"{what}: no leak", sizes[-1] - sizes[0] < 2048, sizes)
    renames(what, control, flat, tree)
    too_much_for_a_watch(what, control, flat)
    tree.catch_up()
    tree.news, tree.overflows = [], 0
    too_much_for_the_queue(what, control, (flat, tree, Watch(port, "d\\e", False)), sure)
    status, err = stop(p)
    check(f"{what}: status", status == 0, status)
    lines = [line for line in err.splitlines() if "more changes than can be passed on" in line]
    check(f"{what}: warned", len(lines) == 1 or not sure, err)


def test_users():
    p, port = serve(USERS)
    control = Control(port)
    ann, bob = Watch(port, "d", False), Watch(port, "d", False, "bob")
    rows = (("bob", bob, ann), ("ann", ann, bob))
    for user, told, other in rows:
        control.order("add", "d", 0, 3, user)
        for w in (told, other):
            w.catch_up()
        told.expect(f"{user} is told", [(ADDED, name(i)) for i in range(3)])
        other.expect(f"nobody else is told of {user}'s", [])
    check("each sees his own", ann.names("d") == bob.names("d"))
    check("status with users", stop(p)[0] == 0)


test_many("inline", ASYNC, True)
test_many("on a worker", PARALLEL, False)
test_users()
finish()
