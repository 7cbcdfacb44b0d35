#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smbclient reads the share of the plugin in docs/publishing-a-tree.md, and shows in it as a visitor;
another one watches the visitors come and go."""
import os
import subprocess
import time

from peer import HOST, PASSWORD, PORT, SHARE, USER, check, finish, need, run, scratch


def watch(smb):
    """What a watching client sees: lines of an action and a name; 1 added, 2 removed."""
    out, end = os.pipe()
    client = subprocess.Popen(["stdbuf", "-oL", *smb, "-c", "notify visitors"], stdout=end,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    os.close(end)
    os.set_blocking(out, False)
    return client, out


def seen(out):
    try:
        return os.read(out, 65536).decode()
    except BlockingIOError:
        return ""


def main():
    need("smbclient", "stdbuf")
    with scratch() as folder:
        client = ["smbclient", f"//{HOST}/{SHARE}", "-p", PORT, "-U", f"{USER}%{PASSWORD}",
                  "--configfile=/dev/null", "--use-kerberos=off"]

        def smb(commands):
            return run([*client, "-c", commands], cwd=folder)

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
        watcher, pipe = watch(client)
        text, tries = "", 0
        # nobody says when the watch begins: visit until it is heard of, then one more for the rest
        while tries < 50 and ("0001 " not in text or "0002 " not in text):
            smb("get time.txt got")
            time.sleep(0.1)
            text += seen(pipe)
            tries += 1
        watcher.terminate()
        watcher.wait()
        os.close(pipe)
        check("a visitor comes, and the oldest goes",
              f" {USER}" in text and "0001 " in text and "0002 " in text, text)
        for command in ("put got new", "put got time.txt", "mkdir d", "rename time.txt x"):
            out = smb(command)
            check(command, "NT_STATUS_ACCESS_DENIED" in out.stdout, out.stdout)
    finish()


if __name__ == "__main__":
    main()
