#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random work in a mount by several processes at once; at the end its tree must equal its twin's.

    kernel_fsstress.py MOUNT TWIN [--seed N] [--processes N] [--operations N] [--links]

Each process does everything twice, in MOUNT and in TWIN (two folders, made here; TWIN is on a local file
system), and the results must be the same: bytes read, sizes, listings, attributes, and which error. It
works in a folder of its own, and in one with all others, where it owns the names that begin with its own;
there all write one file together, each its own stripes, and race to make the same names, which one may
win. Then both trees are compared, with nothing left in the client's cache. What is random comes from the
seed alone; only who is first among processes does not.
"""
import argparse
import ctypes
import errno
import mmap
import os
import random
import shutil
import sys
import time
import traceback

import kernel_tree

KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
TOP = 300000  # where writes end
STRIPE = 10007
STRIPES = 40
BOARD = "shared/board"
WORDS = ("a", "file", "with space", "größe", "日本語", "a.b.c", "~tilde", "n" * 150)
libc = ctypes.CDLL(None, use_errno=True)


def fallocate(fd, mode, offset, length, instead=None):
    """`instead` is done where this cannot be: the kernel's client makes a file no longer by it without a
    lease, and tmpfs, where the twin may be, cannot zero."""
    if libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)) == 0:
        return
    if instead is None or ctypes.get_errno() != errno.EOPNOTSUPP:
        raise OSError(ctypes.get_errno(), "fallocate")
    instead()


class Different(Exception):
    pass


class File:
    """One file of ours; it may have several names."""

    def __init__(self):
        self.xattrs = set()
        self.lost = False  # one of its names


class Worker:
    def __init__(self, arguments, number):
        self.mount, self.twin = arguments.mount, arguments.twin
        self.random = random.Random(f"{arguments.seed} {number}")
        self.number = number
        self.operations = arguments.operations
        self.own = f"p{number}"
        self.files = {}  # name: File
        self.links = {}
        self.folders = [self.own]
        self.log = []
        self.counts = {}
        self.next = 0
        kinds = {
            "create": 6, "write": 12, "append": 4, "cut": 6, "allocate": 2, "punch": 4, "zero": 2,
            "copy": 2, "mapped": 3, "read": 8, "stat": 6, "list": 5, "mkdir": 4, "rmdir": 2,
            "rename": 6, "replace": 3, "move_folder": 2, "link": 4, "unlink": 4, "set_xattr": 3,
            "drop_xattr": 1, "get_xattr": 2, "touch": 2, "must_fail": 4, "board": 4, "race": 3,
        }
        if arguments.links:
            kinds.update(symlink=3, follow=2)
        if not arguments.xattrs:
            for kind in ("set_xattr", "drop_xattr", "get_xattr"):
                del kinds[kind]
        self.kinds, self.weights = list(kinds), list(kinds.values())

    # ---- doing a thing twice

    def outcome(self, root, what):
        try:
            return what(lambda name: os.path.join(root, name))
        except OSError as e:
            return f"error {errno.errorcode.get(e.errno, e.errno)}"

    def both(self, text, what):
        """`what` gets a function from a name to its path. The result, when both have the same."""
        self.log.append(text)
        here = self.outcome(self.mount, what)
        there = self.outcome(self.twin, what)
        if here != there:
            raise Different(f"{text}: {self.show(here)} in the mount, {self.show(there)} locally")
        return here

    def must(self, text, what):
        result = self.both(text, what)
        if isinstance(result, str) and result.startswith("error"):
            raise Different(f"{text}: {result}")
        return result

    @staticmethod
    def show(result):
        text = repr(result)
        return text if len(text) < 200 else f"{text[:200]}... ({len(result)})"

    # ---- choosing

    def fresh(self):
        """A name that nobody has, in a folder of ours or in the shared one."""
        self.next += 1
        leaf = f"{self.random.choice(WORDS)}-{self.next}"
        if self.random.random() < 0.25:
            return f"shared/{self.own}-{leaf}"
        return f"{self.random.choice(self.folders)}/{leaf}"

    def some(self, names):
        names = sorted(names)
        return self.random.choice(names) if names else None

    def extent(self):
        size = self.random.choice((1, 100, 4096, 65536, self.random.randrange(1, 80000)))
        return self.random.randrange(TOP), size

    def with_file(self, text, what, flags=os.O_RDWR):
        """what(fd) on a file of ours; makes one when there is none."""
        name = self.some(self.files)
        if name is None:
            return self.do_create()

        def work(path):
            fd = os.open(path(name), flags)
            try:
                return what(fd)
            finally:
                os.close(fd)
        return self.must(f"{text} {name}", work)

    # ---- the operations

    def do_create(self):
        name, data = self.fresh(), self.random.randbytes(self.random.choice((0, 10, 5000, 70000)))

        def work(path):
            fd = os.open(path(name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            try:
                return os.write(fd, data)
            finally:
                os.close(fd)
        self.must(f"create {name} {len(data)}", work)
        self.files[name] = File()

    def do_write(self):
        offset, size = self.extent()
        data = self.random.randbytes(size)
        sync = self.random.random() < 0.2

        def work(fd):
            done = os.pwrite(fd, data, offset)
            if sync:
                os.fsync(fd)
            return done
        self.with_file(f"write {offset}+{size}", work)

    def do_append(self):
        data = self.random.randbytes(self.random.randrange(1, 20000))
        self.with_file(f"append {len(data)}", lambda fd: os.write(fd, data), os.O_WRONLY | os.O_APPEND)

    def do_cut(self):
        size = self.random.choice((0, self.random.randrange(TOP), self.random.randrange(TOP)))
        self.with_file(f"cut {size}", lambda fd: os.ftruncate(fd, size))

    def do_allocate(self):
        """It makes the file longer when it reaches beyond its end."""
        offset, size = self.extent()

        def work(fd):
            fallocate(fd, 0, offset, size,
                      lambda: os.ftruncate(fd, max(os.fstat(fd).st_size, offset + size)))
            return os.fstat(fd).st_size
        self.with_file(f"allocate {offset}+{size}", work)

    def do_punch(self):
        offset, size = self.extent()
        self.with_file(f"punch {offset}+{size}",
                       lambda fd: fallocate(fd, PUNCH_HOLE | KEEP_SIZE, offset, size))

    def do_zero(self):
        offset, size = self.extent()

        def work(fd):
            fallocate(fd, ZERO_RANGE, offset, size, lambda: os.pwrite(fd, bytes(size), offset))
            return os.fstat(fd).st_size
        self.with_file(f"zero {offset}+{size}", work)

    def do_copy(self):
        source, target = self.some(self.files), self.some(self.files)
        if source is None or self.files[source] is self.files[target]:
            return
        offset, size = self.extent()
        to = self.random.randrange(TOP)

        def work(path):
            a = os.open(path(source), os.O_RDONLY)
            b = os.open(path(target), os.O_RDWR)
            try:
                done = 0
                while done < size:
                    n = os.copy_file_range(a, b, size - done, offset + done, to + done)
                    if n == 0:
                        break
                    done += n
                return done
            finally:
                os.close(a)
                os.close(b)
        self.must(f"copy {source} {offset}+{size} to {target} {to}", work)

    def do_mapped(self):
        data = self.random.randbytes(self.random.randrange(1, 9000))
        place = self.random.random()

        def work(fd):
            size = os.fstat(fd).st_size
            if size == 0:
                return 0
            at = int(place * size)
            with mmap.mmap(fd, size) as m:
                part = data[:size - at]
                before = bytes(m[at:at + len(part)])
                m[at:at + len(part)] = part
                m.flush()
            return before
        self.with_file(f"mapped write {place}", work)

    def do_read(self):
        offset, size = self.extent()
        self.with_file(f"read {offset}+{size}", lambda fd: os.pread(fd, size, offset), os.O_RDONLY)

    def do_stat(self):
        name = self.some(self.files)
        if name is None:
            return

        def work(path):
            status = os.stat(path(name))
            return status.st_size, status.st_mode >> 12
        self.must(f"stat {name}", work)

    def do_list(self):
        folder = self.random.choice(self.folders + ["shared"])
        mine = "" if folder != "shared" else f"{self.own}-"
        self.must(f"list {folder}",
                  lambda path: sorted(n for n in os.listdir(path(folder)) if n.startswith(mine)))

    def do_mkdir(self):
        parent = self.random.choice(self.folders)
        if parent.count("/") > 5:
            parent = self.own
        self.next += 1
        name = f"{parent}/d{self.next}"
        self.must(f"mkdir {name}", lambda path: os.mkdir(path(name)))
        self.folders.append(name)

    def do_rmdir(self):
        """Of a folder that is not empty it fails."""
        name = self.some(self.folders[1:])
        if name is not None and self.both(f"rmdir {name}", lambda path: os.rmdir(path(name))) is None:
            self.folders.remove(name)

    def do_rename(self):
        name, to = self.some(self.files), self.fresh()
        if name is None:
            return
        self.must(f"rename {name} to {to}", lambda path: os.rename(path(name), path(to)))
        self.files[to] = self.files.pop(name)

    def do_replace(self):
        name, to = self.some(self.files), self.some(self.files)
        if name is None or self.files[name] is self.files[to]:
            return
        self.must(f"replace {to} by {name}", lambda path: os.replace(path(name), path(to)))
        self.files[to].lost = True
        self.files[to] = self.files.pop(name)

    def do_move_folder(self):
        """Never into itself, which must fail."""
        name, parent = self.some(self.folders[1:]), self.random.choice(self.folders)
        if name is None:
            return
        self.next += 1
        to = f"{parent}/m{self.next}"
        if self.both(f"move {name} to {to}", lambda path: os.rename(path(name), path(to))) is not None:
            return

        def moved(path):
            return to + path[len(name):] if path == name or path.startswith(name + "/") else path
        self.folders = [moved(f) for f in self.folders]
        self.files = {moved(f): node for f, node in self.files.items()}
        self.links = {moved(f): target for f, target in self.links.items()}

    def do_link(self):
        name, to = self.some(self.files), self.fresh()
        if name is None or self.is_gone_for_client(name, to):
            return
        self.must(f"link {name} to {to}", lambda path: os.link(path(name), path(to)))
        self.files[to] = self.files[name]

    def is_gone_for_client(self, name, to):
        """A listing does not say how many names a file has. The kernel's client then takes it for one, and
        when that is lost for none, and makes no more links, without asking the server."""
        if not self.files[name].lost:
            return False
        try:
            os.link(os.path.join(self.mount, name), os.path.join(self.mount, to))
        except FileNotFoundError:
            return True
        os.unlink(os.path.join(self.mount, to))
        return False

    def do_unlink(self):
        names = self.some((self.files, self.links)[self.random.random() < 0.2 and bool(self.links)])
        if names is None:
            return
        self.must(f"unlink {names}", lambda path: os.unlink(path(names)))
        self.files.pop(names, File()).lost = True
        self.links.pop(names, None)

    def do_symlink(self):
        self.next += 1
        name = f"{self.random.choice(self.folders)}/l{self.next}"
        below = [f for f in self.files if f.startswith(os.path.dirname(name) + "/")]
        target = os.path.relpath(self.some(below), os.path.dirname(name)) if below else "nothing/there"
        self.must(f"symlink {name} to {target}", lambda path: os.symlink(target, path(name)))
        self.links[name] = target

    def do_follow(self):
        name = self.some(self.links)
        if name is None:
            return

        def work(path):
            return os.readlink(path(name)), os.stat(path(name)).st_size
        self.both(f"follow {name}", work)

    def do_set_xattr(self):
        name = self.some(self.files)
        if name is None:
            return
        key = f"user.key{self.random.randrange(4)}"
        value = self.random.randbytes(self.random.randrange(1, 200))
        self.must(f"set {key} of {name}", lambda path: os.setxattr(path(name), key, value))
        self.files[name].xattrs.add(key)

    def do_drop_xattr(self):
        name = self.some(f for f, node in self.files.items() if node.xattrs)
        if name is None:
            return
        key = self.some(self.files[name].xattrs)
        self.must(f"drop {key} of {name}", lambda path: os.removexattr(path(name), key))
        self.files[name].xattrs.remove(key)

    def do_get_xattr(self):
        name = self.some(f for f, node in self.files.items() if node.xattrs)
        if name is not None:
            key = self.some(self.files[name].xattrs)
            self.must(f"get {key} of {name}", lambda path: os.getxattr(path(name), key))

    def do_touch(self):
        name, second = self.some(self.files), self.random.randrange(10**9)
        if name is None:
            return

        def work(path):
            os.utime(path(name), ns=(second * 10**9 + 700, second * 10**9 + 300))
            return os.stat(path(name)).st_mtime_ns
        self.must(f"touch {name}", work)

    def do_must_fail(self):
        """What cannot be: the same error in both."""
        name, folder = self.some(self.files), self.random.choice(self.folders)
        tries = [
            ("open what is absent", lambda path: os.open(path(f"{folder}/absent"), os.O_RDONLY)),
            ("open below what is absent", lambda path: os.open(path(f"{folder}/no/x"), os.O_RDONLY)),
            ("make a folder again", lambda path: os.mkdir(path(folder))),
            ("list what is absent", lambda path: os.listdir(path(f"{folder}/absent"))),
            ("unlink what is absent", lambda path: os.unlink(path(f"{folder}/absent"))),
        ]
        if name is not None:
            tries += [
                ("make a file again", lambda path: os.open(path(name), os.O_CREAT | os.O_EXCL)),
                ("make a folder of a file's name", lambda path: os.mkdir(path(name))),
                ("list a file", lambda path: os.listdir(path(name))),
                ("open below a file", lambda path: os.open(path(f"{name}/x"), os.O_RDONLY)),
                ("link to a name that is taken", lambda path: os.link(path(name), path(name))),
            ]
        text, work = self.random.choice(tries)
        result = self.both(f"{text}: {name}, {folder}", work)
        if not isinstance(result, str):
            raise Different(f"{text}: it worked")

    def do_board(self):
        """Among all processes, a stripe of ours in the file that all write."""
        stripe = self.random.randrange(STRIPES // 4) * 4 + self.number % 4
        data = self.random.randbytes(STRIPE)

        def work(path):
            fd = os.open(path(BOARD), os.O_RDWR)
            try:
                os.pwrite(fd, data, stripe * STRIPE)
                return os.pread(fd, STRIPE, stripe * STRIPE)
            finally:
                os.close(fd)
        if self.number < 4 and self.must(f"board {stripe}", work) != data:
            raise Different(f"board {stripe}: other bytes than were written")

    def do_race(self):
        """All make the same names; whoever is first does so locally too, and has the file."""
        name = f"shared/race-{self.counts.get('race', 0)}"
        data = name.encode() * 100
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self.log.append(f"race {name}")
        try:
            fd = os.open(os.path.join(self.mount, name), flags)
        except FileExistsError:
            return
        os.write(fd, data)
        os.close(fd)
        try:
            fd = os.open(os.path.join(self.twin, name), flags)
        except FileExistsError:
            raise Different(f"race {name}: two have won") from None
        os.write(fd, data)
        os.close(fd)

    # ---- all of it

    def run(self):
        for n in range(self.operations):
            kind = self.random.choices(self.kinds, self.weights)[0]
            try:
                getattr(self, "do_" + kind)()
            except (Different, OSError) as e:
                last = "\n    ".join(self.log[-12:])
                return f"process {self.number}, operation {n}: {e!r}\n    {last}"
            self.counts[kind] = self.counts.get(kind, 0) + 1
        return None


def prepare(a):
    for root in (a.mount, a.twin):
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root)
        os.mkdir(os.path.join(root, "shared"))
        for n in range(a.processes):
            os.mkdir(os.path.join(root, f"p{n}"))
        with open(os.path.join(root, BOARD), "wb") as f:
            f.write(bytes(STRIPE * STRIPES))
    probe = os.path.join(a.twin, BOARD)
    try:
        os.setxattr(probe, "user.probe", b"x")
        os.removexattr(probe, "user.probe")
        a.xattrs = True
    except OSError:
        a.xattrs = False
        print("  not here: extended attributes (the local file system has none)")


def work(a):
    """All processes at once; the number that failed."""
    children = []
    for number in range(a.processes):
        pid = os.fork()
        if pid == 0:
            try:
                trouble = Worker(a, number).run()
            except BaseException:  # a child must never go on as its parent
                trouble = f"process {number}: {traceback.format_exc()}"
            if trouble:
                print(f"FAIL {trouble}", flush=True)
            os._exit(1 if trouble else 0)
        children.append(pid)
    return sum(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0 for pid in children)


def forget(a):
    """Nothing of the mount stays in the cache."""
    os.sync()
    if os.stat(a.mount).st_dev == os.stat(a.twin).st_dev:
        return
    try:
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("3\n")
    except OSError:
        print("  not here: emptying the cache")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mount")
    parser.add_argument("twin")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--operations", type=int, default=300)
    parser.add_argument("--links", action="store_true", help="symbolic links are to be had")
    a = parser.parse_args()
    what = f"fsstress, seed {a.seed}, {a.processes} processes, {a.operations} operations each"
    print(f"  {what}", flush=True)
    began = time.time()
    prepare(a)
    failed = work(a)
    if failed == 0:
        print(f"ok {what}: {time.time() - began:.0f} s")
    forget(a)
    here, there = kernel_tree.manifest(a.mount), kernel_tree.manifest(a.twin)
    if here == there:
        print(f"ok the mount's tree is its twin's: {kernel_tree.digest(here)}")
    else:
        failed += 1
        print(f"FAIL trees differ (- mount, + local)\n{kernel_tree.difference(here, there)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
