#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command line of the program in the EXAMPLES of a manual page works: each is run by the shell as it
stands there, with the paths that it names made in a temporary folder, on a free port and only until it serves.

Arguments: the program, the root of the sources.
"""
import glob
import os
import re
import stat
import subprocess
import sys

from program import HOME, PROGRAM, TIMEOUT, check, environment, finish, run

ROOT = sys.argv[2]
BIN = os.path.join(HOME, "bin")
SMBKIT = os.path.abspath(PROGRAM)
USERS = os.path.join(HOME, "users")  # not root's /etc/smbkit/users
# What a page writes for a character.
ESCAPES = {r"\(dq": '"', r"\(aq": "'", r"\(ti": "~", r"\-": "-", r"\&": "", r"\e": "\\"}


def examples(page):
    """The lines of the section that call the program, continued lines joined."""
    with open(page, encoding="utf-8") as f:
        section = re.search(r"^\.S[Hh] EXAMPLES\n(.*?)(?=^\.S[Hh] |\Z)", f.read(), re.M | re.S)
    if not section:
        return []
    text = re.sub(r"\\(\(..|.)", lambda m: ESCAPES[m.group(0)], section.group(1))
    lines = text.replace("\\\n", " ").split("\n")
    return [line.removeprefix(".Dl ") for line in lines if re.match(r"(\.Dl )?([^.].*\| )?smbkit ", line)]


def program(name, text):
    path = os.path.join(BIN, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, stat.S_IRWXU)


def prepare():
    os.makedirs(BIN)
    # smbkit: serves elsewhere and ends by itself, unless it is not to serve
    program("smbkit", f"""case "$1" in user) exec '{SMBKIT}' "$@" --users '{USERS}' ;; esac
case " $* " in *" --run "*) ;; *) set -- --run true --users '{USERS}' "$@" ;; esac
exec '{SMBKIT}' --listen 127.0.0.1:0 "$@"
""")
    # the client of an example: gets what it must know
    program("smbclient", """case "$1 $2 $3 $4 $5" in
//127.0.0.1/*" -p "[1-9]*" -U "?*%?*) ;;
*) echo "smbclient $*"; exit 1 ;;
esac
""")
    run("user", "add", "alice", "--users", USERS, stdin="secret\n")


def made(match):
    """A path of the example inside the temporary folder, a file where the parameter is for files."""
    before, path = match.group(1), match.group(2)
    inside = HOME + path
    os.makedirs(os.path.dirname(inside), exist_ok=True)
    if before.startswith("file") or before == ":":
        with open(inside, "w", encoding="utf-8") as f:
            f.write("a line\n")
    elif before.endswith(("path=", "dir=")):
        os.makedirs(inside, exist_ok=True)
    return before + inside


def test(page, line):
    os.makedirs(os.path.join(HOME, "Documents"), exist_ok=True)
    command = re.sub(r"(file path=|\w+=|:)(/(?!/)[\w./-]+)", made, line)
    r = subprocess.run(["sh", "-c", command.rstrip("& ")], cwd=HOME, text=True, capture_output=True,
                       timeout=TIMEOUT, check=False,
                       env=environment(PATH=BIN + os.pathsep + os.environ["PATH"]))
    check(f"{os.path.basename(page)}: {line}", r.returncode == 0 and r.stderr == "", r.stdout + r.stderr)


def main():
    pages = [os.path.join(ROOT, "docs/man/smbkit.1")]
    pages += sorted(glob.glob(os.path.join(ROOT, "*s", "*", "smbkit-*.7")))
    prepare()
    for page in pages:
        lines = examples(page)
        check(f"{os.path.basename(page)} has an example", lines)
        for line in lines:
            test(page, line)
    finish()


main()
