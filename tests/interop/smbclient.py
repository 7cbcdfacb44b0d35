#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smbclient in every dialect, with every signing algorithm and every cipher it offers.

Each combination puts, gets and compares files, lists, renames, deletes and asks for all it knows
of a file. BIG (bytes, default 20 MB, 2 MB when quick) is the largest file; the whole range up to 1 GiB
is run for the fastest combination when FULL=1.
"""
import os

from peer import HOST, PASSWORD, PORT, QUICK, SHARE, USER, check, finish, need, payload, run, scratch

DIALECTS = ["SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11"]
SIGNING = ["AES-128-GMAC", "AES-128-CMAC", "HMAC-SHA256"]
CIPHERS = ["AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"]
FULL = os.environ.get("FULL") == "1"
BIG = int(os.environ.get("BIG", "2000000" if QUICK else "20000000"))
SIZES = [0, 1, 65535, 65537, BIG]


def combinations():
    """(name, dialect, options): signed with each algorithm, sealed with each cipher."""
    for d in DIALECTS:
        algorithms = SIGNING if d == "SMB3_11" else [None]
        for a in algorithms:
            more = [f"--option=client smb3 signing algorithms={a}"] if a else []
            yield f"{d} signed {a or ''}", d, ["--client-protection=sign"] + more
        if d < "SMB3":
            continue
        for c in (CIPHERS if d == "SMB3_11" else ["AES-128-CCM"]):
            yield f"{d} {c}", d, ["--client-protection=encrypt",
                                  f"--option=client smb3 encryption algorithms={c}"]


def smbclient(dialect, options, commands, folder, timeout=300):
    return run(["smbclient", f"//{HOST}/{SHARE}", "-p", PORT, "-U", f"{USER}%{PASSWORD}",
                "--configfile=/dev/null", f"--option=client min protocol={dialect}",
                f"--option=client max protocol={dialect}", "--use-kerberos=off", *options,
                "-c", commands], cwd=folder, timeout=timeout)


def transfer(name, dialect, options, folder, sizes):
    for size in sizes:
        data = payload(size, size)
        with open(f"{folder}/up", "wb") as f:
            f.write(data)
        if os.path.exists(f"{folder}/down"):
            os.unlink(f"{folder}/down")
        out = smbclient(dialect, options, "put up file; get file down; del file", folder)
        same = out.returncode == 0 and os.path.exists(f"{folder}/down")
        if same:
            with open(f"{folder}/down", "rb") as f:
                same = f.read() == data
        check(f"{name}: {size} bytes there and back", same, out.stdout)


def names(name, dialect, options, folder):
    with open(f"{folder}/small", "wb") as f:
        f.write(b"hello")
    out = smbclient(dialect, options, "mkdir d; cd d; put small a; rename a b; allinfo b; ls; "
                    "mkdir e; put small e/x; cd ..; ls", folder)
    check(f"{name}: mkdir, put, rename, ls", out.returncode == 0 and " b " in out.stdout and
          "NT_STATUS" not in out.stdout, out.stdout)
    check(f"{name}: allinfo", "create_time" in out.stdout and "$DATA" in out.stdout, out.stdout)
    out = smbclient(dialect, options, "cd d; del b; deltree e; ls; cd ..; rmdir d; ls", folder)
    check(f"{name}: del, deltree, rmdir", out.returncode == 0 and "NT_STATUS" not in out.stdout and
          " d " not in out.stdout.split("blocks of size")[-2], out.stdout)


def main():
    need("smbclient")
    with scratch() as folder:
        for name, dialect, options in combinations():
            transfer(name, dialect, options, folder, SIZES)
            names(name, dialect, options, folder)
        if FULL:
            transfer("SMB3_11 1 GiB", "SMB3_11", ["--client-protection=encrypt"], folder,
                     [1 << 28, 1 << 30])
        out = smbclient("SMB3_11", ["--client-protection=sign"], "ls", folder)
        check("nothing is left", out.stdout.count("\n") <= 5, out.stdout)
    finish()


if __name__ == "__main__":
    main()
