#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Linux kernel's client follows DFS links: kernel_dfs.sh in the guest of kernel.py's runner.

    kernel_dfs.py SMBKIT

The links lead to another share of the same server, under the address that the guest has for it: the kernel stays
with the port that it was mounted with. For each mount a server of its own, with the plugin memory.
"""
import os
import sys

from kernel import CANNOT_RUN, FOLDER, KERNEL
from peer import HERE, QUICK, check, finish, run, skip

SERVER = "10.0.2.2"  # what the guest calls this machine
LINKS = f"dfs=link=//{SERVER}/docs,dfs=deep/inner=//{SERVER}/docs/sub,dfs=dead=//{SERVER}/none"
OPTIONS = ["vers=3.1.1,seal", "vers=3.0,sign", "vers=2.1,sign"]


def main():
    smbkit = os.path.abspath(sys.argv[1])
    runner = os.path.join(FOLDER, "run")
    if not os.path.exists(runner):
        skip(f"no runner at {FOLDER}: set SMBKIT_VMCLIENT")
    for options in OPTIONS[:1] if QUICK else OPTIONS:
        guest = (f"exec '{runner}' --kernel {KERNEL} --port $port --share root --user $user --password $password "
                 f"--opts {options} --timeout 300 -- '{HERE}/kernel_dfs.sh'")
        out = run([smbkit, "--listen", "127.0.0.1:0", "--user", "tester%secret", "--share", f"root=memory,{LINKS}",
                   "--share", "docs=memory", "--run", guest], timeout=600)
        if out.returncode == CANNOT_RUN:
            skip("no guest can be run here: " + out.stdout.strip().rsplit("\n", 1)[-1])
        check(f"DFS links, {options}", out.returncode == 0, out.stdout)
    finish()


if __name__ == "__main__":
    main()
