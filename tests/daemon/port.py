#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The port without --listen: 445; 4445, with the reason, where that needs a privilege or is taken; and none.

In a network namespace of its own, so that nothing of this machine is in the way, or in another one's way.
"""
import ctypes
import os
import socket
import subprocess
import sys

from program import PROGRAM, TIMEOUT, check, environment, finish, ready, stop

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE = 24, 10
libc = ctypes.CDLL(None, use_errno=True)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def enter_namespace():
    """As root, or as the root of a user namespace where the system allows that."""
    user = os.getuid()
    if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if user else 0)) != 0:
        print(f"no network namespace here: {os.strerror(ctypes.get_errno())}")
        sys.exit(77)
    if user:
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"0 {user} 1")
    try:
        # what a new namespace begins with, unless the system says otherwise
        write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024")
    except OSError as e:
        # a container's /proc/sys is often read-only, even for a namespace of one's own
        print(f"the first unprivileged port cannot be set here: {e}")
        sys.exit(77)


def no_privilege():
    """What is executed next has no CAP_NET_BIND_SERVICE, whoever runs it."""
    if libc.prctl(PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE, 0, 0, 0) != 0:
        os._exit(99)


def served(privileged):
    """Its ready lines as one text, and what it wrote to stderr."""
    p = subprocess.Popen([PROGRAM, "--user", "tester%secret", "--discovery=off", "memory"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
                         preexec_fn=None if privileged else no_privilege)
    lines = ready(p)
    status, err = stop(p)
    return "\n".join(lines), status, err


def taken(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", port))
    s.listen()
    return s


def test_445():
    out, status, err = served(True)
    check("445", "on 0.0.0.0:445" in out and "4445" not in out, out + err)
    check("no remark about it", status == 0 and "Port" not in out and err == "", out + err)


def test_privilege():
    out, status, err = served(False)
    check("4445 without the privilege", "on 0.0.0.0:4445" in out and status == 0, out + err)
    check("the reason, and what helps", "Port 4445, not 445, which needs a privilege" in out
          and "setcap" in out and "ip_unprivileged_port_start=445" in out, out + err)
    write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "445")
    out, status, err = served(False)
    check("what it says helps", "on 0.0.0.0:445" in out and status == 0, out + err)


def test_taken():
    with taken(445):
        out, status, err = served(True)
        check("4445 beside another program", "on 0.0.0.0:4445" in out and status == 0, out + err)
        check("the reason", "another program has port 445" in out, out + err)
        with taken(4445):
            r = subprocess.run([PROGRAM, "--user", "tester%secret", "memory"], capture_output=True,
                               text=True, env=environment(), timeout=TIMEOUT, check=False)
            check("none is free", r.returncode == 1 and "4445" in r.stderr
                  and "--listen" in r.stderr, r.stdout + r.stderr)


enter_namespace()
test_445()
test_taken()
test_privilege()
finish()
