#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The users file: add, list, remove, import; who can read it; who may log on."""
import os
import shutil
import stat
import subprocess

from program import HOME, PROGRAM, check, environment, finish, run

FILE = os.path.join(HOME, "users")
SECRET_HASH = "878D8014606CDA29677A44EFA1353FC7"  # of "secret"


def user(*args, stdin=""):
    return run("user", *args, "--users", FILE, stdin=stdin)


def content():
    with open(FILE, encoding="utf-8") as f:
        return f.read()


def test_edit():
    r = user("list")
    check("list without a file", r.returncode == 1 and "no such file" in r.stderr, r.stderr)
    r = user("add", "alice", stdin="secret\n")
    check("add", r.returncode == 0 and r.stdout == "" and r.stderr == "", r.stderr)
    check("mode", stat.S_IMODE(os.stat(FILE).st_mode) == 0o600)
    check("hash", SECRET_HASH.lower() in content().lower(), content())
    check("no password in it", "secret" not in content().splitlines()[-1])
    check("add another", user("add", "Bob", stdin="x").returncode == 0)
    r = user("list")
    check("list", r.stdout == "alice\nBob\n", r.stdout)
    before = content()
    check("change", user("add", "BOB", stdin="other\n").returncode == 0 and content() != before)
    check("still two", user("list").stdout.lower() == "alice\nbob\n")
    r = user("add", "eve", stdin="")
    check("add without password", r.returncode == 1 and "no password" in r.stderr, r.stderr)
    r = user("add", "a:b", stdin="x\n")
    check("bad name", r.returncode == 1 and "user 'a:b'" in r.stderr, r.stderr)
    check("remove", user("remove", "bob").returncode == 0 and user("list").stdout == "alice\n")
    r = user("remove", "bob")
    check("remove again", r.returncode == 1 and "no user 'bob'" in r.stderr, r.stderr)
    check("no temporary files", sorted(os.listdir(HOME)) == ["users", "users.lock"], os.listdir(HOME))


def test_at_once():
    """Users that are added by many programs at the same time are all there."""
    names = [f"user{i}" for i in range(12)]
    programs = [subprocess.Popen([PROGRAM, "user", "add", name, "--users", FILE],
                                 stdin=subprocess.PIPE, text=True, env=environment())
                for name in names]
    for program in programs:
        program.stdin.write("secret\n")
        program.stdin.flush()
    for program in programs:
        program.stdin.close()
        check("added at once", program.wait(timeout=60) == 0)
    there = user("list").stdout.split()
    check("all are there", sorted(there) == sorted(names + ["alice"]), there)
    for name in names:
        user("remove", name)


def test_import():
    smbpasswd = os.path.join(HOME, "smbpasswd")
    with open(smbpasswd, "w", encoding="utf-8") as f:
        f.write("# comment\n"
                f"carol:1000:{'X' * 32}:{SECRET_HASH}:[U          ]:LCT-5F000000:\n"
                f"dave:1001:{'X' * 32}:{SECRET_HASH}:[DU         ]:LCT-5F000000:\n")
    os.chmod(smbpasswd, 0o644)
    r = user("import", smbpasswd)
    check("import of a readable file", r.returncode == 1 and "chmod 600" in r.stderr, r.stderr)
    os.chmod(smbpasswd, 0o600)
    r = user("import", smbpasswd)
    check("import", r.returncode == 0 and r.stdout.startswith("2 users"), r.stdout + r.stderr)
    check("imported", user("list").stdout == "alice\ncarol\ndave (disabled)\n", user("list").stdout)
    with open(smbpasswd, "a", encoding="utf-8") as f:
        f.write("broken\n")
    before = content()
    r = user("import", smbpasswd)
    check("bad import", r.returncode == 1 and f"{smbpasswd}:4:" in r.stderr, r.stderr)
    check("bad import changes nothing", content() == before)


def test_readable_by_others():
    os.chmod(FILE, 0o640)
    for args in (("user", "list"), ("--run", "true", "memory"), ("--user", "alice", "memory")):
        r = run(*args, "--users", FILE)
        check(f"refused: {args}", r.returncode != 0 and "chmod 600" in r.stderr and
              len(r.stderr.splitlines()) == 1, r.stderr)
    os.chmod(FILE, 0o600)


def test_logon():
    if shutil.which("smbclient") is None:
        print("smbclient is not installed: logons are not tested")
        return
    command = 'smbclient "$unc" -p $port -U "%s%%%s" -m SMB3 -c "statvfs" >/dev/null 2>&1'
    rows = [
        (["--users", FILE], "alice", "secret", True),
        (["--users", FILE], "ALICE", "secret", True),
        (["--users", FILE], "alice", "wrong", False),
        (["--users", FILE], "dave", "secret", False),
        (["--users", FILE], "nobody", "secret", False),
        (["--users", FILE, "--user", "alice"], "alice", "secret", True),
        (["--users", FILE, "--user", "alice"], "carol", "secret", False),
        (["--users", FILE, "--user", "alice", "--user", "zoe%pw"], "zoe", "pw", True),
        (["--user", "zoe%p%w"], "zoe", "p%w", True),
        ([], "smbkit", "$password", True),
        ([], "smbkit", "wrong", False),
    ]
    for args, name, password, good in rows:
        r = run(*args, "--run", command % (name, password), "memory")
        check(f"logon {args} {name}%{password}", (r.returncode == 0) == good, r.stderr)
    r = run("--user", "missing", "--users", FILE, "memory")
    check("user not in the file", r.returncode == 2 and
          "--user=missing: there is no user 'missing'" in r.stderr, r.stderr)


test_edit()
test_at_once()
test_import()
test_readable_by_others()
test_logon()
finish()
