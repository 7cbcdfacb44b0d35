#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--run: the variables, the exit status, signals, and that nothing is left behind."""
import os
import re
import signal
import subprocess
import time

from program import HOME, PROGRAM, check, environment, finish, run


def variables(*args):
    r = run(*args, "--run", 'printf "%s\\n" "$port" "$unc" "$uri" "$user" "$password"', "memory")
    check(f"variables {args}", r.returncode == 0 and r.stderr == "", r.stderr)
    return r.stdout.splitlines()


def test_variables():
    port, unc, uri, user, password = variables()
    check("a free port", 1024 < int(port) < 65536 and int(port) != 4445, port)
    check("unc", unc == "//127.0.0.1/memory", unc)
    check("uri", uri == f"smb://smbkit@127.0.0.1:{port}/memory", uri)
    check("a password of its own", re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password), password)
    check("another one each time", variables()[4] != password)
    check("no users file", not os.path.exists(os.path.join(HOME, ".config")))
    got = variables("--user", "al ice%se cret", "--name", "my docs")
    check("given user", got[3:] == ["al ice", "se cret"], got)
    check("names in unc", got[1] == "//127.0.0.1/my docs", got)
    check("names in uri", "al%20ice@" in got[2] and got[2].endswith("/my%20docs"), got)


def test_status():
    for command, status in (("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143),
                            ("kill -KILL $$", 137), ("/nonexistent/x", 127)):
        r = run("--run", command, "memory")
        check(f"status of '{command}'", r.returncode == status, r.returncode)
    # while serving: the port answers
    r = run("--run", 'python3 -c "import os,socket;'
            "socket.create_connection(('127.0.0.1',int(os.environ['port'])),5)\"", "memory")
    check("it serves", r.returncode == 0, r.stderr)


def test_short_commands():
    """The end of the command is seen, whichever thread has the signal, the plugin's own one included."""
    for n in range(12):
        r = run("--run", "exit 3", "dir", "path=" + HOME)
        if not check("a command that ends at once", r.returncode == 3, r.returncode):
            break


def test_signals():
    """SIGTERM ends the command, and its status is the program's."""
    mark = os.path.join(HOME, "started")
    p = subprocess.Popen([PROGRAM, "--run", f"trap 'exit 9' TERM; echo > '{mark}'; "
                          "while :; do sleep 0.05; done", "memory"], env=environment())
    deadline = time.monotonic() + 30
    while not os.path.exists(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    p.send_signal(signal.SIGTERM)
    check("command ended by SIGTERM", p.wait(timeout=30) == 9, p.returncode)


test_variables()
test_status()
test_short_commands()
test_signals()
finish()
