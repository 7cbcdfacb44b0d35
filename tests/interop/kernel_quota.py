#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Quotas of the dir plugin on disks that keep them: what clients see and set is what the kernel keeps and enforces.

    kernel_quota.py SMBKIT

The kernel that tests run on seldom keeps quotas, so the server runs in the guest of kernel.py's runner, as
root, on disks of the guest, with clients beside it: smbclient, smbcquotas (which knows no port but 445) and
the guest's kernel. The runner needs two more options for this: --disk IMAGE and --module NAME.

    kernel_quota.py --client TYPE DEVICE

is the part in the guest, run by `smbkit --run`. What SMB says is compared with quotactl(2).
"""
import ctypes
import os
import pwd
import re
import shutil
import subprocess
import sys

import smbcquotas
from kernel import CANNOT_RUN, FOLDER, KERNEL
from kernel_dir import in_guest
from peer import HERE, QUICK, USER, check, finish, need, run, scratch, skip
from smbcquotas import listed, put, quotas

# how it is made, size
DISKS = {
    "ext4": (["mkfs.ext4", "-q", "-F", "-O", "quota", "-E", "quotatype=usrquota"], 64 << 20),
    "xfs": (["mkfs.xfs", "-q", "-f"], 300 << 20),  # the least
}
UNSEEN = 4321  # the number of a user who has no account


# ---------------------------------------------------------------- in the guest

class Dqblk(ctypes.Structure):
    """Of <sys/quota.h>."""
    _fields_ = [(name, ctypes.c_uint64) for name in (
        "bhardlimit", "bsoftlimit", "curspace", "ihardlimit", "isoftlimit", "curinodes", "btime", "itime")]
    _fields_ += [("valid", ctypes.c_uint32)]


class Kernel:
    """quotactl(2) for the users of a device."""
    Q_GETQUOTA, Q_SETQUOTA, Q_XQUOTAON, Q_XQUOTAOFF = 0x800007, 0x800008, 0x5801, 0x5802
    QIF_BLIMITS, QIF_BTIME = 0x1, 0x10
    FS_QUOTA_UDQ_ENFD = 0x2

    def __init__(self, device):
        self.device = device.encode()
        self.libc = ctypes.CDLL(None, use_errno=True)

    def call(self, command, uid, data):
        if self.libc.quotactl(ctypes.c_int(command << 8), self.device, uid, ctypes.byref(data)) != 0:
            raise OSError(ctypes.get_errno(), f"quotactl {command:#x}")

    def get(self, uid):
        q = Dqblk()
        self.call(self.Q_GETQUOTA, uid, q)
        return q

    def row(self, uid):
        """As smbcquotas lists it."""
        q = self.get(uid)
        return q.curspace, *(str(n * 1024) if n else smbcquotas.NO_LIMIT for n in (q.bsoftlimit, q.bhardlimit))

    def set(self, uid, soft, hard):
        self.call(self.Q_SETQUOTA, uid, Dqblk(bsoftlimit=soft, bhardlimit=hard, valid=self.QIF_BLIMITS))

    def end_grace(self, uid):
        self.call(self.Q_SETQUOTA, uid, Dqblk(btime=1, valid=self.QIF_BTIME))

    def enforce(self, on):
        self.call(self.Q_XQUOTAON if on else self.Q_XQUOTAOFF, 0, ctypes.c_uint32(self.FS_QUOTA_UDQ_ENFD))


def row_of(sid):
    return listed(quotas("-L", "-n").stdout).get(sid)


def free_space(user):
    out = smbcquotas.client("smbclient", user, "-c", "du").stdout
    found = re.search(r"of size (\d+)\. (\d+) blocks available", out)
    return int(found[1]) * int(found[2]) if found else out


def what_the_kernel_has(kernel, second, uid):
    check("the kernel has what is listed", row_of(second) == kernel.row(uid), f"{row_of(second)} {kernel.row(uid)}")
    kernel.set(uid, 120, 240)
    check("what the kernel is told is listed", row_of(second)[1:] == ("122880", "245760"), row_of(second))
    unseen = f"S-1-22-1-{UNSEEN}"
    out = quotas("-S", f"UQLIM:{unseen}:4000/20000").stdout
    taken = [-(-n // unit) * unit for unit in (1024, 4096) for n in (4000, 20000)]  # xfs takes blocks of 4 KiB
    check("by number", [int(n) for n in kernel.row(UNSEEN)[1:]] in (taken[:2], taken[2:]),
          f"{kernel.row(UNSEEN)} {out}")
    check("who is a number is listed", row_of(unseen) == kernel.row(UNSEEN), row_of(unseen))
    out = quotas("-S", f"UQLIM:{unseen}:36864/12288").stdout
    check("a warning level above the limit", kernel.row(UNSEEN)[1:] == ("12288", "12288"),
          f"{kernel.row(UNSEEN)} {out}")


def enforcement(kernel, uid):
    with scratch() as folder:
        out = quotas("-F", "-v").stdout
        check("limits are enforced", "Quotas Enabled: On" in out and "Deny Disk:      On" in out, out)
        out = quotas("-S", "FSQLIM:1000/50000").stdout
        check("no defaults", "NT_STATUS_ACCESS_DENIED" in out, out)
        kernel.enforce(False)
        out = quotas("-F", "-v").stdout
        check("only tracked", "Quotas Enabled: On" in out and "Deny Disk:      Off" in out, out)
        check("then the disk is free", free_space("second") > 10 << 20, free_space("second"))
        out = put("second", folder, 500000, "tracked").stdout
        check("then everybody may write", "NT_STATUS" not in out and kernel.get(uid).curspace >= 500000,
              f"{kernel.row(uid)} {out}")
        kernel.enforce(True)
        out = put("second", folder, 10000, "enforced").stdout
        check("enforced again", "NT_STATUS_DISK_FULL" in out and free_space("second") == 0, out)
        smbcquotas.client("smbclient", "second", "-c", "del tracked; del enforced")


def soft_limit(kernel, uid):
    """Above the soft limit, for too long."""
    with scratch() as folder:
        used = kernel.get(uid).curspace // 1024
        kernel.set(uid, used // 2, used + 1000)
        check("above the warning level", 0 < free_space("second") <= 1024000, free_space("second"))
        out = put("second", folder, 10000, "warned").stdout
        check("the warning level is no limit", "NT_STATUS" not in out, out)
        kernel.end_grace(uid)
        check("nothing left", free_space("second") == 0, free_space("second"))
        out = put("second", folder, 10000, "late").stdout
        check("too late", "NT_STATUS_DISK_FULL" in out, out)


def kernel_client(kernel, uid):
    """The limit is ENOSPC for programs on a mounted share, and what df shows."""
    mnt = "/mnt/client"
    os.makedirs(mnt, exist_ok=True)
    used = kernel.get(uid).curspace
    hard = used // 1024 + 400
    kernel.set(uid, 0, hard)
    out = run(["mount", "-i", "-t", "cifs", "//127.0.0.1/data", mnt, "-o",
               "ip=127.0.0.1,vers=3.1.1,username=second,password=secret"])
    if not check("mount", out.returncode == 0, out.stdout):
        return
    st = os.statvfs(mnt)
    shown = (st.f_blocks * st.f_frsize, st.f_bavail * st.f_frsize)
    clusters = tuple(n // 4096 * 4096 for n in (hard * 1024, hard * 1024 - used))
    check("df", shown == clusters, f"{shown} {clusters}")
    out = run(["dd", "if=/dev/zero", f"of={mnt}/fits", "bs=64k", "count=3", "conv=fsync"])
    check("the kernel's client below the limit", out.returncode == 0, out.stdout)
    out = run(["dd", "if=/dev/zero", f"of={mnt}/more", "bs=64k", "count=16", "conv=fsync"])
    check("the kernel's client at the limit", out.returncode != 0 and "No space left" in out.stdout, out.stdout)
    check("the limit is kept", kernel.get(uid).curspace <= hard * 1024, f"{kernel.row(uid)} {hard}")
    out = run(["umount", mnt])
    check("umount", out.returncode == 0, out.stdout)


def client(kind, device):
    need("smbcquotas", "smbclient")
    kernel, uid = Kernel(device), pwd.getpwnam("second").pw_uid
    with scratch() as folder:
        smbcquotas.account(folder, USER)
        second = smbcquotas.account(folder, "second")
        smbcquotas.limits(second, folder)
        smbcquotas.rights(second)
    what_the_kernel_has(kernel, second, uid)
    enforcement(kernel, uid)
    soft_limit(kernel, uid)
    kernel_client(kernel, uid)
    out = quotas("-S", f"UQLIM:{second}:{smbcquotas.NO_LIMIT}/{smbcquotas.NO_LIMIT}").stdout
    check("no limit any more", kernel.row(uid)[1:] == (smbcquotas.NO_LIMIT,) * 2 and row_of(second) == kernel.row(uid),
          f"{kernel.row(uid)} {out}")
    print(f"  {kind}: {', '.join(f'{sid} {row}' for sid, row in listed(quotas('-L', '-n').stdout).items())}")
    finish()


# ---------------------------------------------------------------- here

def make_disk(path, kind):
    words, size = DISKS[kind]
    with open(path, "wb") as f:
        f.truncate(size)
    subprocess.run([*words, path], check=True, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})


def main():
    smbkit = os.path.abspath(sys.argv[1])
    if not os.path.exists(os.path.join(FOLDER, "run")):
        skip(f"no runner at {FOLDER}: set SMBKIT_VMCLIENT")
    kinds = ["ext4"] if QUICK else list(DISKS)
    with scratch() as work:
        command = [os.path.join(FOLDER, "run"), "--kernel", KERNEL, "--timeout", "900"]
        devices = []
        for i, kind in enumerate(kinds):
            path = os.path.join(work, kind)
            make_disk(path, kind)
            command += ["--disk", path, "--module", kind]
            devices.append(f"{kind}=/dev/vd{chr(ord('a') + i)}")
        for name in ("virtio_blk", "quota_v2", "cifs"):
            command += ["--module", name]
        plugins = ":".join(in_guest(p) for p in os.environ.get("SMBKIT_PLUGIN_PATH", "").split(":"))
        for variable in (f"SMBKIT={in_guest(smbkit)}", f"PLUGINS={plugins}", f"DISKS={' '.join(devices)}",
                         f"SMBKIT_QUICK={int(QUICK)}"):
            command += ["--env", variable]
        out = run([*command, "--", os.path.join(HERE, "kernel_quota.sh")], timeout=1200)
    if out.returncode == CANNOT_RUN:
        skip(" ".join(out.stdout.split()))
    print(f"---- quotas on {', '.join(kinds)}\n{out.stdout}", flush=True)
    check("quotas", out.returncode == 0, f"status {out.returncode}")
    finish()


if __name__ == "__main__":
    if sys.argv[1] == "--client":
        client(*sys.argv[2:4])
    else:
        main()
