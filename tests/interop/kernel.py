#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Linux kernel's client in a virtual machine: mounts the share in several dialects, signed and sealed.

Needs a runner that boots a kernel, mounts, and runs a script in the guest:

    RUNNER --kernel VERSION --port PORT --share SHARE --user USER --password PASSWORD \\
        --opts MOUNT-OPTIONS [--env NAME=VALUE] -- SCRIPT

SMBKIT_VMCLIENT is its folder, with `run` and `checks/`; when unset, ../shared/vmclient beside the source.
Without one everything is skipped (77), with the reason. Wireshark looks on at the short script. QUICK: one mount and the short script only.
"""
import os
import shutil

from peer import HERE, PASSWORD, PORT, QUICK, SHARE, USER, check, finish, run, scratch, skip
from tshark import Capture, judge

ROOT = os.path.dirname(os.path.dirname(HERE))
FOLDER = os.environ.get("SMBKIT_VMCLIENT") or os.path.join(ROOT, "..", "shared", "vmclient")
KERNEL = os.environ.get("KERNEL", "6.12")
# mount options, script
MOUNTS = [
    ("vers=3.1.1,sign", "all.sh"),
    ("vers=3.1.1,seal", "smoke.sh"),
    ("vers=3.0,sign", "smoke.sh"),
    ("vers=3.0,seal", "all.sh"),
    ("vers=3.0.2,seal", "smoke.sh"),
    ("vers=2.1,sign", "all.sh"),
]
# What the runner says when the machine, not the server, is at fault.
CANNOT_RUN = 125


def watched(name, command):
    """Runs it while Wireshark looks on, as in tshark.py."""
    with scratch() as folder:
        path = os.path.join(folder, "pcap")
        with Capture(path):
            out = run(command, timeout=1800)
        if out.returncode != CANNOT_RUN:
            judge(name, path)
    return out


def main():
    runner = os.path.join(FOLDER, "run")
    watching = os.getuid() == 0 and all(map(shutil.which, ("dumpcap", "tshark")))
    if not watching:
        print("Wireshark does not look on: it is not installed, or we are not root")
    if not os.path.exists(runner):
        skip(f"no runner at {FOLDER}: set SMBKIT_VMCLIENT")
    for options, script in [("vers=3.1.1,seal", "smoke.sh")] if QUICK else MOUNTS:
        path = os.path.join(FOLDER, "checks", script)
        command = [runner, "--kernel", KERNEL, "--port", PORT, "--share", SHARE, "--user", USER,
                   "--password", PASSWORD, "--opts", options, "--timeout", "1500", "--", path]
        # the long script moves more than can be kept
        if script == "smoke.sh" and watching:
            out = watched(f"{options} {script}", command)
        else:
            out = run(command, timeout=1800)
        if out.returncode == CANNOT_RUN:
            skip(" ".join(out.stdout.split()))
        print(f"---- {options} {script}\n{out.stdout}", flush=True)
        check(f"{options} {script}", out.returncode == 0, f"status {out.returncode}")
    finish()


if __name__ == "__main__":
    main()
