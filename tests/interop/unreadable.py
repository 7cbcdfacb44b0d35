#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A share with hide-unreadable=on: smbclient lists what may be read and nothing else, rpcclient is told
that it is so. The descriptors are set with impacket's library."""
import io
import struct

from peer import HOST, PASSWORD, PORT, SHARE, USER, check, finish, need, run

try:
    from impacket.smb3structs import DELETE, FILE_OPEN, SMB2_0_INFO_SECURITY, WRITE_DAC
    from impacket.smbconnection import SMBConnection
except ImportError as e:
    check("import impacket", False, str(e))
    finish()

DACL = 4  # DACL_SECURITY_INFORMATION
EVERYONE = bytes([1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
READ, WRITE = 0x00120089, 0x00120116  # FILE_GENERIC_READ, FILE_GENERIC_WRITE


def descriptor(mask):
    """[MS-DTYP] 2.4.6: everybody may do this much."""
    ace = struct.pack("<BBHI", 0, 0, 8 + len(EVERYONE), mask) + EVERYONE
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(ace), 1, 0) + ace
    return struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + acl


def allow(smb, name, mask):
    tree = smb.connectTree(SHARE)
    file = smb.getSMBServer().create(tree, name, WRITE_DAC | DELETE, 7, 0, FILE_OPEN, 0)
    smb.getSMBServer().setInfo(tree, file, descriptor(mask), infoType=SMB2_0_INFO_SECURITY,
                               fileInfoClass=0, additionalInformation=DACL)
    smb.closeFile(tree, file)


def client(command):
    return run(["smbclient", f"//{HOST}/{SHARE}", "-p", PORT, "-U", f"{USER}%{PASSWORD}",
                "--configfile=/dev/null", "--use-kerberos=off", "-c", command]).stdout


def listed(pattern):
    lines = client(f"ls {pattern}").splitlines()
    return {line.split()[0] for line in lines if line.startswith("  ")} - {".", ".."}


def main():
    need("smbclient", "rpcclient")
    smb = SMBConnection(HOST, HOST, sess_port=int(PORT))
    smb.login(USER, PASSWORD)
    for name in ("open", "shut"):
        smb.putFile(SHARE, name, io.BytesIO(b"x").read)
        smb.createDirectory(SHARE, name + "-folder")
    check("before", listed("*") == {"open", "shut", "open-folder", "shut-folder"}, listed("*"))
    for name in ("open", "open-folder"):
        allow(smb, name, READ)
    for name in ("shut", "shut-folder"):
        allow(smb, name, WRITE)
    check("all names", listed("*") == {"open", "open-folder"}, listed("*"))
    check("one name", listed("open") == {"open"}, listed("open"))
    out = client("ls shut")
    check("one that is hidden", "NT_STATUS_NO_SUCH_FILE" in out, out)
    out = client("get shut -")
    check("who knows its name is told that it is there", "NT_STATUS_ACCESS_DENIED" in out, out)
    out = run(["rpcclient", "-p", PORT, "-U", f"{USER}%{PASSWORD}", "--configfile=/dev/null",
               "--use-kerberos=off", f"ncacn_np:{HOST}", "-c", f"netsharegetinfo {SHARE} 1005"]).stdout
    check("the share's flags", "flags: 0x800" in out, out)
    smb.close()
    finish()


if __name__ == "__main__":
    try:
        main()
    except Exception as e:
        check("hide-unreadable", False, f"{type(e).__name__}: {e}")
        finish()
