#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that know no port but 445, with the server, in a network namespace of their own.

Usage: impacket_445.py SMBKIT PLUGIN

Needs root for the namespace and for the port; skipped (77) with the reason otherwise.
"""
import os
import sys

import port445
from peer import HERE, HOST, PASSWORD, SHARE, USER, check, finish, need, run


def client():
    try:
        from impacket.smbconnection import SMBConnection
    except ImportError as e:
        check("import impacket", False, str(e))
        finish()
    need("smbclient")
    c = SMBConnection("*SMBSERVER", HOST)  # neither name nor port
    c.login(USER, PASSWORD)
    names = {s["shi1_netname"][:-1] for s in shares(c)}
    if names:
        check("the share is listed", SHARE in names, str(names))
    check("impacket lists on port 445",
          {e.get_longname() for e in c.listPath(SHARE, "*")} >= {"."})
    c.close()
    out = run([sys.executable, os.path.join(HERE, "impacket_client.py")])
    check("impacket_client.py", out.returncode == 0, out.stdout)
    out = run(["smbclient", f"//{HOST}/{SHARE}", "-U", f"{USER}%{PASSWORD}",
               "--configfile=/dev/null", "-c", "ls"])
    check("smbclient without -p", out.returncode == 0, out.stdout)
    finish()


def shares(c):
    """Empty as long as the server has no srvsvc pipe."""
    try:
        return c.listShares()
    except Exception:
        return []


if __name__ == "__main__":
    port445.main(__file__, client)
