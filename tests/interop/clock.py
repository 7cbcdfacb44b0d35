#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smbclient reads the share of the plugin in docs/publishing-a-tree.md, and shows in it as a visitor."""
from peer import HOST, PASSWORD, PORT, SHARE, USER, check, finish, need, run, scratch


def main():
    need("smbclient")
    with scratch() as folder:
        def smb(commands):
            return run(["smbclient", f"//{HOST}/{SHARE}", "-p", PORT, "-U", f"{USER}%{PASSWORD}",
                        "--configfile=/dev/null", "--use-kerberos=off", "-c", commands], cwd=folder)

        out = smb("ls")
        check("ls", out.returncode == 0 and " time.txt " in out.stdout and " visitors " in out.stdout,
              out.stdout)
        for _ in range(5):
            out = smb("get TIME.txt got")
            check("get", out.returncode == 0, out.stdout)
        with open(f"{folder}/got", encoding="ascii") as f:
            text = f.read()
        check("the text", text.endswith(" seconds since 1970\n"), text)
        out = smb("cd visitors; ls")
        check("the last three", all(f" {n} {USER} " in out.stdout for n in (3, 4, 5)) and
              f" 2 {USER} " not in out.stdout, out.stdout)
        for command in ("put got new", "put got time.txt", "mkdir d", "rename time.txt x"):
            out = smb(command)
            check(command, "NT_STATUS_ACCESS_DENIED" in out.stdout, out.stdout)
    finish()


if __name__ == "__main__":
    main()
