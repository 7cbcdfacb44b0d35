#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first run and later ones, the ready lines, ports that are taken, the end by signals."""
import os
import re
import signal
import socket

from program import HOME, check, environment, finish, ready, run, start, stop

LOCAL = ("--listen", "127.0.0.1:0")


def test_first_run():
    config = os.path.join(HOME, "config")
    # root's file would be the machine's own
    if os.geteuid() == 0:
        users = os.path.join(config, "users")
        check("make file", run("user", "add", "x", "--users", users, stdin="p\n").returncode == 0)
        check("empty it", run("user", "remove", "x", "--users", users).returncode == 0)
        args = (*LOCAL, "--users", users, "memory")
    else:
        users = os.path.join(config, "smbkit", "users")
        args = (*LOCAL, "memory")
    p = start(*args, XDG_CONFIG_HOME=config)
    lines = ready(p)
    found = re.search(r"User: (\S+)   Password: (\S+)", "\n".join(lines))
    check("password shown", found, lines)
    check("end", stop(p) == (0, ""))
    with open(users, encoding="utf-8") as f:
        text = f.read()
    check("kept", found and f"\n{found[1]}:" in text and found[2] not in text, text)
    p = start(*args, XDG_CONFIG_HOME=config)
    lines = ready(p)
    check("shown only once", "Password" not in "\n".join(lines), lines)
    check("says where users are", any(users in line for line in lines), lines)
    check("same user", found and any(f"-U {found[1]}" in line for line in lines), lines)
    check("end of the second", stop(p) == (0, ""))


def test_ready_lines():
    p = start(*LOCAL, "--user", "alice%pw", "--name", "my docs", "memory")
    lines = ready(p)
    port = re.search(r"127\.0\.0\.1:(\d+)", lines[0])
    check("real port", port and 1024 < int(port[1]), lines)
    n = port[1] if port else ""
    text = "\n".join(lines)
    for line in (f'net use X: "\\\\127.0.0.1\\my docs" /user:alice /TCPPORT:{n}',
                 f"open smb://alice@127.0.0.1:{n}/my%20docs",
                 f"smbclient '//127.0.0.1/my docs' -p {n} -U alice",
                 f"mount -t cifs '//127.0.0.1/my docs' /mnt -o port={n},"):
        check(line, line in text, text)
    check("no password", "pw" not in text.replace("/pw", ""), text)
    with socket.create_connection(("127.0.0.1", int(n)), 10) as s:
        p.send_signal(signal.SIGINT)
        try:
            told = s.recv(1) == b""
        except ConnectionResetError:  # it was not accepted yet when the listener closed
            told = True
        check("client is told", told)
    _, err = p.communicate(timeout=30)
    check("SIGINT with a client", (p.returncode, err) == (0, ""), err)


def test_ports():
    with socket.create_server(("127.0.0.1", 0)) as s:
        taken = s.getsockname()[1]
        r = run("--listen", f"127.0.0.1:{taken}", "--user", "a%b", "memory")
        check("port taken", r.returncode == 1 and "another program has this port" in r.stderr,
              r.stderr)
    r = run("--listen", "192.0.2.1:0", "--user", "a%b", "memory")
    check("foreign address", r.returncode == 1 and "not an address of this machine" in r.stderr,
          r.stderr)


def test_no_user():
    """With --guest nobody is made."""
    p = start(*LOCAL, "--guest", "memory", XDG_CONFIG_HOME=os.path.join(HOME, "other"))
    lines = ready(p)
    if os.geteuid() != 0 or not os.path.exists("/etc/smbkit/users"):
        check("no password", "Password" not in "\n".join(lines), lines)
        check("guest in the lines", any("-U guest -N" in line for line in lines), lines)
    check("end", stop(p) == (0, ""))
    check("no file", not os.path.exists(os.path.join(HOME, "other")))


def test_passed_socket():
    """A listening socket handed over as service managers do it."""
    pid, status = 0, None
    read, write = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        pid = os.fork()
        if pid == 0:
            import sys
            os.dup2(s.fileno(), 3)
            os.set_inheritable(3, True)
            os.dup2(write, 1)
            env = environment(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
            os.execve(sys.argv[1], [sys.argv[1], "--user", "a%b", "memory"], env)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as out:
        lines = []
        for line in out:
            lines.append(line)
            if "mount.cifs" in line:
                break
        check("passed socket", any(f":{port}" in line for line in lines), lines)
        socket.create_connection(("127.0.0.1", port), 10).close()
        os.kill(pid, signal.SIGTERM)
        status = os.waitpid(pid, 0)[1]
    check("end of it", os.waitstatus_to_exitcode(status) == 0, status)


test_first_run()
test_ready_lines()
test_ports()
test_no_user()
test_passed_socket()
finish()
