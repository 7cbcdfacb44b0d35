#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smbcquotas against the memory plugin: limits are set, listed, shown, kept, and refused to others.

Usage: smbcquotas.py SMBKIT PLUGIN

tester administers the server; only such users may set limits. smbcquotas knows no port but 445.
"""
import re

import port445
from peer import HOST, PASSWORD, SHARE, USER, check, finish, need, payload, run, scratch

UNC = f"//{HOST}/{SHARE}"
NO_LIMIT = "18446744073709551615"


def client(program, user, *args, folder=None):
    return run([program, UNC, "--configfile=/dev/null", "--use-kerberos=off",
                "-U", f"{user}%{PASSWORD}", *args], cwd=folder, timeout=60)


def quotas(*args, user=USER):
    return client("smbcquotas", user, *args)


def put(user, folder, size, name):
    with open(f"{folder}/up", "wb") as f:
        f.write(payload(size))
    return client("smbclient", user, "-c", f"put up {name}", folder=folder)


def listed(out):
    """What each account takes and may take, by SID."""
    rows = re.findall(r"^(\S+)\s*:\s*(\d+)/\s*(\S.*?)/\s*(\S.*?)\s*$", out, re.M)
    return {r[0]: (int(r[1]), r[2], r[3]) for r in rows}


def account(folder, user):
    """The SID of a user: of the owner of a file that he makes."""
    put(user, folder, 10, f"of-{user}")
    out = client("smbclient", user, "-c", f"showacls; allinfo of-{user}").stdout
    sids = listed(quotas("-L", "-n").stdout)
    known = {s for s in sids if s.startswith("S-1-5-21-")} - set(account.known)
    check(f"{user} has files", len(known) == 1, f"{out}{sids}")
    account.known.extend(known)
    return known.pop() if known else "S-1-5-21-1-2-3-4"


account.known = []


def limits(second, folder):
    out = quotas("-S", f"UQLIM:{second}:102400/204800")
    check("set", out.returncode == 0, out.stdout)
    row = listed(quotas("-L", "-n").stdout).get(second)
    check("list", row is not None and row[1:] == ("102400", "204800"), row)
    out = quotas("-u", second, "-v").stdout
    check("show", re.search(r"Hard Limit:\s+204800", out) and re.search(r"Soft Limit:\s+102400", out),
          out)
    out = put("second", folder, 150000, "fits")
    check("below the limit", out.returncode == 0 and "NT_STATUS" not in out.stdout, out.stdout)
    used = listed(quotas("-L", "-n").stdout)[second][0]
    check("used", 150000 <= used <= 204800, used)
    out = put("second", folder, 100000, "more").stdout
    check("at the limit", "NT_STATUS_DISK_FULL" in out, out)
    out = put(USER, folder, 500000, "others")
    check("nobody else is limited", "NT_STATUS" not in out.stdout, out.stdout)
    out = client("smbclient", "second", "-c", "du").stdout
    found = re.search(r"(\d+) blocks of size (\d+)\. (\d+) blocks available", out)
    left = int(found[3]) * int(found[2]) if found else -1
    check("free space is what the quota leaves", 0 <= left <= 54800, out)
    client("smbclient", "second", "-c", "del fits; del more")  # some disks have not even begun with more
    out = put("second", folder, 150000, "again").stdout
    check("what is deleted may be taken anew", "NT_STATUS" not in out, out)


def volume(folder):
    out = quotas("-F", "-v").stdout
    check("defaults", "Deny Disk:      On" in out, out)
    out = quotas("-S", "FSQLIM:1000/50000").stdout
    check("new defaults", re.search(r"Default Hard Limit:\s+50000", out), out)
    out = put("third", folder, 60000, "third").stdout
    check("the default limit holds", "NT_STATUS_DISK_FULL" in out, out)
    out = quotas("-S", "FSQFLAGS:QUOTA_ENABLED").stdout
    check("only tracked", "Quotas Enabled: On" in out and "Deny Disk:      Off" in out, out)
    out = put("third", folder, 60000, "third").stdout
    check("then it does not", "NT_STATUS" not in out, out)
    quotas("-S", f"FSQLIM:{NO_LIMIT}/{NO_LIMIT}")
    quotas("-S", "FSQFLAGS:QUOTA_ENABLED/DENY_DISK")


def rights(second):
    out = quotas("-L", "-n", user="second")
    check("others do not list", "NT_STATUS_ACCESS_DENIED" in out.stdout, out.stdout)
    out = quotas("-u", second, user="second")
    check("others see their own", "204800" in out.stdout, out.stdout)
    out = quotas("-S", f"UQLIM:{second}:1/2", user="second")
    check("others do not set", "NT_STATUS_ACCESS_DENIED" in out.stdout, out.stdout)
    out = quotas("-S", "FSQLIM:1/2", user="second")
    check("others set no defaults", "NT_STATUS_ACCESS_DENIED" in out.stdout, out.stdout)
    out = quotas("-S", "UQLIM:S-1-5-32-544:1/2")
    check("administrators have no limit", "NT_STATUS_ACCESS_DENIED" in out.stdout, out.stdout)


def client_tests():
    need("smbcquotas", "smbclient")
    with scratch() as folder:
        account(folder, USER)
        second = account(folder, "second")
        limits(second, folder)
        volume(folder)
        rights(second)
        for i in range(4):  # of whom nothing else is known
            quotas("-S", f"UQLIM:S-1-5-21-9-9-9-{2000 + i}:1/2")
        rows = listed(quotas("-L", "-n").stdout)
        check("all are listed", len(rows) == 7, rows)
    finish()


if __name__ == "__main__":
    port445.main(__file__, client_tests, ["--user", "second%secret", "--user", "third%secret",
                                          "--admins", USER or "tester"])
