#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that log on with Kerberos, at a server with a realm of its own beside it (kdc.py).

Usage: kerberos.py SMBKIT PLUGIN_PATH
"""
import os
import subprocess
import sys
import tempfile

import kdc
from peer import check, finish, run, skip

PASSWORD = "secret"
SERVICE = f"cifs/{kdc.HOST}"
USERS = ["tester", "guest.of.realm", "disallowed", "tester/admin"]


def smbclient(port, user, *options):
    return run(["smbclient", f"//{kdc.HOST}/share", "-I", "127.0.0.1", "-p", port, "--configfile=/dev/null",
                "-U", f"{user}@{kdc.REALM}%{PASSWORD}", "--use-kerberos=required", *options, "-c", "ls"])


def clients(port):
    """Inside the server's --run."""
    for protocol in ("SMB2_02", "SMB2_10", "SMB3_00", "SMB3_11"):
        out = smbclient(port, "tester", f"--option=client min protocol={protocol}",
                        f"--option=client max protocol={protocol}")
        check(f"{protocol}, signed", out.returncode == 0, out.stdout)
    for cipher in ("AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"):
        out = smbclient(port, "tester", "--client-protection=encrypt",
                        f"--option=client smb3 encryption algorithms={cipher}")
        check(f"encrypted with {cipher}", out.returncode == 0, out.stdout)
    for user, allowed in (("guest.of.realm", True), ("disallowed", False), ("tester/admin", False)):
        out = smbclient(port, user)
        check(f"{user} is {'let in' if allowed else 'refused'}",
              (out.returncode == 0) == allowed and (allowed or "LOGON_FAILURE" in out.stdout), out.stdout)
    out = run(["smbclient", "//127.0.0.1/share", "-p", port, "--configfile=/dev/null", "-U", f"tester%{PASSWORD}",
               "--use-kerberos=off", "-c", "ls"])
    check("a password still does", out.returncode == 0, out.stdout)
    finish()


def no_keys(smbkit, env):
    """A keytab that cannot be read, and a smbkit without the module: one line each."""
    for keytab, plugins, words in (("/nonexistent", env["SMBKIT_PLUGIN_PATH"], "--keytab /nonexistent"),
                                   ("/nonexistent", "/nonexistent", "no Kerberos here")):
        out = run([smbkit, "--keytab", keytab, "--listen", "127.0.0.1:0", "memory"],
                  env={**env, "SMBKIT_PLUGIN_PATH": plugins})
        check(f"one line: {words}", out.returncode != 0 and words in out.stdout and
              len(out.stdout.splitlines()) == 1, out.stdout)


def main(smbkit, plugins):
    if kdc.missing():
        skip(kdc.missing())
    with tempfile.TemporaryDirectory(prefix="smbkit-kerberos.") as folder, \
            kdc.Kdc(folder, users=dict.fromkeys(USERS, PASSWORD), services=[SERVICE]) as realm:
        env = {**os.environ, **realm.env, "SMBKIT_PLUGIN_PATH": plugins}
        no_keys(smbkit, env)
        done = subprocess.run([smbkit, "--listen", "127.0.0.1:0", "--user", f"tester%{PASSWORD}",
                               "--keytab", realm.keytab, "--kerberos-users", "other+guest.of.realm",
                               "--name", "share", "--run",
                               f"exec '{sys.executable}' '{os.path.abspath(__file__)}' $port", "memory"],
                              env=env, stdin=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        finish()
    sys.exit(done.returncode)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        clients(sys.argv[1])
    main(*sys.argv[1:])
