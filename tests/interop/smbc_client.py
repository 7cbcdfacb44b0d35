#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python3-smbc (libsmbclient, what desktop file managers use): list, read and write."""
import os

from peer import HOST, PASSWORD, PORT, SHARE, USER, check, finish, payload, scratch

try:
    import smbc
except ImportError as e:
    check("import smbc", False, str(e))
    finish()


def context():
    c = smbc.Context(auth_fn=lambda *a: ("WORKGROUP", USER, PASSWORD))
    c.port = int(PORT)
    c.optionNoAutoAnonymousLogin = True
    return c


def main():
    with scratch() as folder:
        os.environ["HOME"] = folder
        c = context()
        base = f"smb://{HOST}/{SHARE}"
        data = payload(1000000)
        c.mkdir(f"{base}/gvfs", 0o755)
        f = c.open(f"{base}/gvfs/a file", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        for i in range(0, len(data), 60000):
            f.write(data[i:i + 60000])
        f.close()
        f = c.open(f"{base}/gvfs/a file", os.O_RDONLY)
        got = b""
        while True:
            piece = f.read(65536)
            if not piece:
                break
            got += piece
        f.close()
        check("bytes equal", got == data, f"{len(got)} of {len(data)}")
        names = {e.name for e in c.opendir(f"{base}/gvfs").getdents()}
        check("listing", names == {".", "..", "a file"}, str(names))
        check("size", c.stat(f"{base}/gvfs/a file")[6] == len(data))
        c.unlink(f"{base}/gvfs/a file")
        c.rmdir(f"{base}/gvfs")
        names = {e.name for e in c.opendir(base).getdents()}
        check("gone", "gvfs" not in names, str(names))
    finish()


if __name__ == "__main__":
    try:
        main()
    except Exception as e:
        check("python3-smbc", False, f"{type(e).__name__}: {e}")
        finish()
