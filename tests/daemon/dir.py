#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dir plugin with a real client: files there and back, names in any case, what others change,
rights by user.

Arguments: the program and the plugin.
"""
import os
import pwd
import shutil
import sys

from program import HOME, check, finish, run

PLUGIN = sys.argv[2]
ROOT = os.path.join(HOME, "share")
SMB = 'smbclient "$unc" -p $port -U "$user%$password" -c '


def session(commands, *args, user=None):
    more = ("--user", user + "%secret") if user else ()
    return run(*more, "--name", "x", "--run", SMB + f"'{commands}' 2>&1", PLUGIN, "path=" + ROOT,
               *args)


def test_session():
    with open(os.path.join(HOME, "up"), "wb") as f:
        f.write(os.urandom(3000000))
    r = session(f"lcd {HOME}; put up Big; mkdir Sub; cd sub; put up a; rename a B; cd ..; "
                "get BIG down; setmode big +hs; ls; ls sub/*", "as=server")
    check("session", "NT_STATUS" not in r.stdout and r.returncode == 0, r.stdout)
    check("listing", "Sub " in r.stdout and " B " in r.stdout and "AHS" in r.stdout, r.stdout)
    with open(os.path.join(HOME, "up"), "rb") as a, open(os.path.join(HOME, "down"), "rb") as b:
        check("same bytes", a.read() == b.read())
    check("on the disk", sorted(os.listdir(ROOT)) == ["Big", "Sub"], os.listdir(ROOT))
    r = session("deltree Sub; del Big; ls", "as=server")
    check("deleted", os.listdir(ROOT) == [], r.stdout)


def test_escape():
    outside = os.path.join(HOME, "outside")
    os.mkdir(outside)
    with open(os.path.join(outside, "canary"), "w", encoding="utf-8") as f:
        f.write("canary")
    os.symlink(outside, os.path.join(ROOT, "out"))
    os.symlink("../outside/canary", os.path.join(ROOT, "file"))
    r = session("ls; get file -; get out/canary -; cd out; cd ..; put /dev/null out/new",
                "as=server")
    check("nothing outside is read", "canary of size" not in r.stdout and "getting" not in r.stdout,
          r.stdout)
    check("nothing outside is made", os.listdir(outside) == ["canary"], r.stdout)
    os.unlink(os.path.join(ROOT, "out"))
    os.unlink(os.path.join(ROOT, "file"))


def test_readonly():
    left = os.path.join(ROOT, ".smbkit-7fffffff00000000")  # as by a server that was killed
    open(left, "wb").close()
    r = session("ls; mkdir d; put /etc/hostname h; ls", "as=server", "readonly=on")
    check("read-only", r.stdout.count("NT_STATUS") == 2 and os.listdir(ROOT) == [os.path.basename(left)],
          r.stdout)
    os.unlink(left)


def test_users():
    """As root: each SMB user is the Unix user of that name."""
    if os.getuid() != 0:
        print("not root: rights by user are not tested")
        return
    os.chmod(HOME, 0o711)
    os.chmod(ROOT, 0o1777)
    for name in ("open", "closed"):
        os.mkdir(os.path.join(ROOT, name))
        os.chmod(os.path.join(ROOT, name), 0o777 if name == "open" else 0o700)
    r = session("mkdir open/mine; mkdir closed/mine; ls closed/*; rmdir closed", user="daemon")
    owner = os.stat(os.path.join(ROOT, "open/mine"))
    check("owner", owner.st_uid == pwd.getpwnam("daemon").pw_uid, owner)
    check("closed folder", r.stdout.count("NT_STATUS_ACCESS_DENIED") == 3, r.stdout)
    session("mkdir open/nobody", user="no-such-unix-user")
    owner = os.stat(os.path.join(ROOT, "open/nobody"))
    check("nobody", owner.st_uid == pwd.getpwnam("nobody").pw_uid, owner)
    r = session("mkdir open/other; ls closed/*", "as=daemon", user="somebody")
    owner = os.stat(os.path.join(ROOT, "open/other"))
    check("as a user", owner.st_uid == pwd.getpwnam("daemon").pw_uid, owner)
    r = session("mkdir closed/root", "as=server", user="somebody")
    check("as the server", os.path.isdir(os.path.join(ROOT, "closed/root")), r.stdout)
    r = session("ls", "as=nosuch")
    check("no such user", r.returncode == 2 and "no such user" in r.stderr, r.stderr)


if shutil.which("smbclient") is None:
    print("smbclient is not installed")
    sys.exit(77)
os.mkdir(ROOT)
test_session()
test_escape()
test_readonly()
test_users()
finish()
