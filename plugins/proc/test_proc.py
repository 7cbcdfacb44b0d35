#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The proc plugin in a running server: what its files say of the client that reads them."""
import os
import re
import shutil
import sys
import threading
import time

from impacket.smb3structs import SMB2_LOCK, SMB2_LOCK_ELEMENT, SMB2Lock
from impacket.smbconnection import SMBConnection, SessionError

from program import HOME, check, finish, ready, run, start, stop

CLIENT = 'smbclient "$unc" -p $port -U "$user%$password" -c '
FILES = ["version", "uptime", "stats", "connections", "sessions", "opens", "locks", "leases",
         "shares", "latency", "log-level"]


def test_files():
    """The other client stands still in a read meanwhile, so that its file is open."""
    fifo = os.path.join(HOME, "control")
    gets = "; ".join(f"get {name} -" for name in FILES)
    use = ('smbclient //127.0.0.1/m -p $port -U "$user%$password" -c '
           '"put /etc/hostname a; get a -" >/dev/null 2>&1 & sleep 0.7; ')
    r = run("--user", "alice%secret", "--share", "status=proc", "--share", "m=memory", "--filter",
            f"m=pause,ops=read,paused=on,control={fifo}", "--run",
            use + CLIENT + f"'{gets}' 2>/dev/null; echo resume > {fifo}; wait")
    text = r.stdout
    check("version and uptime", re.match(r"\d+\.\d+\.\d+\n\d+\n", text), text)
    check("stats", "\nsessions 2\n" in text and "\nopens 2\n" in text, text)
    check("sessions", len(re.findall(r"\talice\t.*\t3\.1\.1\t.*\tAES-GMAC\t1\t1\t\d\n",
                                     text)) == 2, text)
    check("opens", re.search(r"\talice\tm\t\w{8}\tfile\t0\t-\t/a\n", text), text)
    m = re.search(r"^m\tmemory\t1\t---\t(\d+)\t\d+\t(\d+)\t(\d+)\n", text, re.M)
    check("shares", m and int(m[1]) > 2 and int(m[2]) == 0 and int(m[3]) > 0, text)
    took = re.findall(r"^m\t\d+\t(\d+)\n", text, re.M)
    check("latency", m and sum(map(int, took)) == int(m[1]), text)
    check("log level", text.endswith("\nwarning\n"), text)


def rows(text, name):
    """The lines of the file whose first column has this name, as dictionaries."""
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(name + "\t"))
    head = lines[at].split("\t")
    found = []
    for line in lines[at + 1:]:
        if line.count("\t") != len(head) - 1:
            break
        found.append(dict(zip(head, line.split("\t"))))
    return found


def write(text, name):
    return (f"f=$(mktemp); printf '%s\\n' '{text}' > $f; " + CLIENT +
            f'"put $f {name}" 2>&1; rm $f; ')


def test_control():
    r = run("--share", "s=proc", "--run", write("debug", "log-level"))
    check("cannot be written", "NT_STATUS" in r.stdout and "debug:" not in r.stderr,
          r.stdout)
    r = run("--share", "s=proc,control=on", "--run", "true")
    check("control needs an administrator", r.returncode != 0 and
          "control=on needs admins=NAME" in r.stderr, r.stderr)
    r = run("--user", "alice%secret", "--share", "s=proc,control=on,admins=bob+Alice", "--run",
            write("debug", "log-level") + write("nonsense", "log-level") +
            CLIENT + '"get log-level -"')
    check("is written", re.search(r"^debug$", r.stdout, re.M), r.stdout)
    check("nonsense is not taken", r.stdout.count("NT_STATUS_INVALID_PARAMETER") == 1, r.stdout)
    r = run("--user", "alice%secret", "--share", "s=proc,control=on,admins=bob", "--run",
            write("debug", "log-level") + CLIENT + '"get log-level -"')
    check("is refused to others", "NT_STATUS_ACCESS_DENIED" in r.stdout and
          re.search(r"^warning$", r.stdout, re.M), r.stdout)
    r = run("--user", "alice%secret", "--share", "s=proc,private=on,admins=bob", "--run",
            CLIENT + '"get version -" 2>&1')
    check("private", "NT_STATUS_ACCESS_DENIED" in r.stdout, r.stdout)


def served(*args):
    """A server, its port, and what ends it."""
    process = start("--listen", "127.0.0.1:0", "--user", "alice%secret", *args)
    port = int(ready(process)[0].rsplit(":", 1)[1])
    return process, port


def connect(port):
    c = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=port, preferredDialect=0x0210)
    c.login("alice", "secret")
    return c


def fetch(port, name):
    c = connect(port)
    got = []
    c.getFile("s", name, lambda data: got.append(data))
    c.close()
    return b"".join(got).decode()


def order(port, name, text):
    """The status that a control file answers with, 0 for success."""
    c = connect(port)
    tree = c.connectTree("s")
    try:
        f = c.openFile(tree, name, desiredAccess=3)
        c.writeFile(tree, f, text)
        c.closeFile(tree, f)
        return 0
    except SessionError as e:
        return e.getErrorCode()
    finally:
        c.close()


def lock(c, tree, f, offset, length):
    """An exclusive lock; the module's own function makes a message of text, which fails."""
    raw = c._SMBConnection
    packet, request, element = raw.SMB_PACKET(), SMB2Lock(), SMB2_LOCK_ELEMENT()
    element["Offset"], element["Length"], element["Flags"] = offset, length, 2
    request["FileID"], request["LockCount"], request["LockSequence"] = f, 1, 0
    request["Locks"] = element.getData()
    packet["Command"], packet["TreeID"], packet["Data"] = SMB2_LOCK, tree, request
    raw.recvSMB(raw.sendSMB(packet)).isValidAnswer(0)


def test_state():
    """What clients hold, and closing it by force."""
    process, port = served("--share", "m=memory", "--share", "s=proc,control=on,admins=alice")
    one = connect(port)
    tree = one.connectTree("m")
    f = one.createFile(tree, "a b")
    lock(one, tree, f, 100, 50)
    o = [r for r in rows(fetch(port, "opens"), "id") if r["path"] == "/a b"]
    check("the open", len(o) == 1 and o[0]["user"] == "alice" and o[0]["share"] == "m", o)
    locks = rows(fetch(port, "locks"), "open")
    check("its lock", len(locks) == 1 and locks[0] == {
        "open": o[0]["id"], "kind": "exclusive", "offset": "100", "length": "50", "share": "m",
        "path": "/a b"} and o[0]["locks"] == "1", locks)
    s = rows(fetch(port, "sessions"), "id")
    mine = [r["id"] for r in s if r["id"] == o[0]["session"]]
    check("its session", len(mine) == 1 and len(s) == 2, s)
    cs = rows(fetch(port, "connections"), "address")
    check("connections", len(cs) == 2 and all(c["dialect"] == "2.1" and c["sessions"] == "1" and
                                              c["signing"] == "HMAC-SHA256" for c in cs), cs)
    config = fetch(port, "config")
    check("configuration", "\nsigning=required\n" in config and "\nmax-io=8M\n" in config and
          "\nauth-timeout=45s\n" in config and "\nthreads=64\n" in config and
          "\nciphers=AES-256-GCM,AES-128-GCM,AES-256-CCM,AES-128-CCM\n" in config, config)
    check("no such open", order(port, "close-open", "fffffff0") == 0xC0000034)
    check("no id", order(port, "close-open", "x") == 0xC000000D)
    check("an open is closed", order(port, "close-open", o[0]["id"]) == 0)
    check("and is gone", not [r for r in rows(fetch(port, "opens"), "id") if r["path"] == "/a b"])
    try:
        one.writeFile(tree, f, b"x")
        check("its client notices", False)
    except SessionError as e:
        check("its client notices", e.getErrorCode() == 0xC0000128, hex(e.getErrorCode()))
    f = one.createFile(tree, "c")
    check("a session is closed", order(port, "close-session", mine[0]) == 0)
    check("with its files", "/c" not in fetch(port, "opens"))
    try:
        one.writeFile(tree, f, b"x")
        check("its client notices", False)
    except SessionError as e:
        check("its client notices", e.getErrorCode() == 0xC0000203, hex(e.getErrorCode()))
    check("log level", order(port, "log-level", "info\n") == 0)
    fetch(port, "version")
    log = fetch(port, "log")
    check("log", re.search(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ info: .* logged on as \"alice\"$", log, re.M), log)
    stop(process)


def test_many():
    """10,000 open files: the longest list is bounded and does not keep the server from others."""
    count = 10000
    process, port = served("--share", "m=memory", "--share", "s=proc,rows=20000",
                           "--share", "few=proc,rows=10")
    one = connect(port)
    tree = one.connectTree("m")
    for _ in range(count):
        one.openFile(tree, "f", desiredAccess=1, creationDisposition=3)
    other = connect(port)
    took = []

    def look():
        fetch(port, "opens")

    quiet = []
    for times, during in ((quiet, False), (took, True)):
        reader = threading.Thread(target=look)
        if during:
            reader.start()
        for _ in range(100):
            began = time.monotonic()
            other._SMBConnection.echo()
            times.append(time.monotonic() - began)
        if during:
            reader.join()
    text = fetch(port, "opens")
    check("all are listed", len(rows(text, "id")) == count, len(rows(text, "id")))
    slowest = max(int(r["below-us"]) for r in rows(fetch(port, "latency"), "share")
                  if r["share"] == "s")
    check("nobody waits for that", max(took) < 1 and slowest < 500000, (max(took), slowest))
    print(f"longest answer: {max(quiet) * 1000:.1f} ms alone, {max(took) * 1000:.1f} ms during a "
          f"list of {count} opens of {len(text)} bytes, which takes less than {slowest} us")
    c = connect(port)
    got = []
    c.getFile("few", "opens", lambda data: got.append(data))
    few = b"".join(got).decode()
    check("a short list ends", few.count("\n") == 12 and few.endswith("\n...\n"), few)
    stop(process)


if shutil.which("smbclient") is None:
    print("smbclient is not installed")
    sys.exit(77)
test_files()
test_control()
test_state()
test_many()
finish()
