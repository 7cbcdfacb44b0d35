#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Linux kernel's client follows DFS links: kernel_dfs.sh in the guest of kernel.py's runner.

    kernel_dfs.py SMBKIT PLUGIN

The links lead to another share of the same server, under the address that the guest has for it: the kernel stays
with the port that it was mounted with.
"""
import os
import subprocess
import sys

from kernel import CANNOT_RUN, FOLDER, KERNEL
from peer import HERE, PASSWORD, PORT, QUICK, USER, check, finish, run, skip

GUEST_HOST = "10.0.2.2"
LINKS = (f"dfs=link=//{GUEST_HOST}/docs,dfs=deep/inner=//{GUEST_HOST}/docs/sub,dfs=dead=//{GUEST_HOST}/none")
OPTIONS = ["vers=3.1.1,seal", "vers=3.0,sign", "vers=2.1,sign"]


def client():
    runner = os.path.join(FOLDER, "run")
    for options in OPTIONS[:1] if QUICK else OPTIONS:
        command = [runner, "--kernel", KERNEL, "--port", PORT, "--share", "root", "--user", USER, "--password", PASSWORD,
                   "--opts", options, "--timeout", "300", "--", os.path.join(HERE, "kernel_dfs.sh")]
        out = run(command, timeout=600)
        if out.returncode == CANNOT_RUN:
            skip("no guest can be run here: " + out.stdout.strip().split("\n")[-1])
        check(options, out.returncode == 0, out.stdout)
        # what the next one begins with
        run(["smbclient", f"//127.0.0.1/root", "-p", PORT, "-U", f"{USER}%{PASSWORD}", "-c", "del mine; rmdir deep"])
        run(["smbclient", f"//127.0.0.1/docs", "-p", PORT, "-U", f"{USER}%{PASSWORD}", "-c", "deltree sub"])
    finish()


def main():
    if sys.argv[1:] == ["client"]:
        client()
    smbkit, plugin = sys.argv[1:]
    if not os.path.exists(os.path.join(FOLDER, "run")):
        skip(f"no runner at {FOLDER}: set SMBKIT_VMCLIENT")
    script = os.path.abspath(__file__)
    sys.exit(subprocess.run([smbkit, "--listen", "127.0.0.1:0", "--user", "tester%secret", "--share",
                             f"root={plugin},{LINKS}", "--share", f"docs={plugin}", "--run",
                             f"exec '{sys.executable}' '{script}' client"], stdin=subprocess.DEVNULL,
                            check=False).returncode)


if __name__ == "__main__":
    main()
