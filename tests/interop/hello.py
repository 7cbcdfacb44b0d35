#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smbclient reads the share of the plugin in docs/writing-a-plugin.md, and cannot write to it."""
from peer import HOST, PASSWORD, PORT, SHARE, USER, check, finish, need, run, scratch


def main():
    need("smbclient")
    with scratch() as folder:
        def smb(commands):
            return run(["smbclient", f"//{HOST}/{SHARE}", "-p", PORT, "-U", f"{USER}%{PASSWORD}",
                        "--configfile=/dev/null", "--use-kerberos=off", "-c", commands], cwd=folder)

        out = smb("ls; get HELLO.TXT got")
        check("ls and get", out.returncode == 0 and " hello.txt " in out.stdout, out.stdout)
        with open(f"{folder}/got", encoding="ascii") as f:
            text = f.read()
        check("the text", text == "Hello from a plugin.\n", text)
        for command, status in (("put got new", "NT_STATUS_ACCESS_DENIED"),
                                ("put got hello.txt", "NT_STATUS_ACCESS_DENIED"),
                                ("del hello.txt", "NT_STATUS_"),
                                ("mkdir d", "NT_STATUS_ACCESS_DENIED"),
                                ("get other", "NT_STATUS_OBJECT_NAME_NOT_FOUND"),
                                ("get a/b", "NT_STATUS_OBJECT_PATH_NOT_FOUND")):
            out = smb(command)
            check(f"{command}: {status}", status in out.stdout, out.stdout)
        out = smb("ls")
        check("still there", " hello.txt " in out.stdout, out.stdout)
    finish()


if __name__ == "__main__":
    main()
