#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tree that smbd wrote is read right by smbkit's dir plugin, and the other way round.

Arguments: the program and the plugin. Attributes, creation times, named streams, extended
attributes and security descriptors are written through one server and read through the other, from
the same folder. Needs smbd; without it, or when not root (smbd wants to be), it is skipped.

Descriptors are compared with smbd's module acl_xattr as it comes, with "ignore system acls" (it
writes another version then), and with another attribute than security.NTACL.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from peer import check, finish, need, skip
from samba_server import PASSWORD, USER, SambaServer

# absolute: smbclient runs in a folder of its own
PROGRAM, PLUGIN = (os.path.abspath(p) for p in sys.argv[1:3])
# the share as smbd has it
MODULES = """ vfs objects = acl_xattr streams_xattr
 ea support = yes
 store dos attributes = yes
 map archive = no
"""


def command(words, folder=None):
    return subprocess.run(words, cwd=folder, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout


# This script once more, as a client that reads a file's descriptor, or sets its DACL.
DESCRIPTOR = (sys.executable, os.path.abspath(__file__), "--descriptor")


def descriptor_client(port, user, password, path, sddl):
    """smbcacls has no option for a port."""
    from impacket.smbconnection import SMBConnection
    from impacket import smb3structs as smb2
    from samba.dcerpc import security
    from samba.ndr import ndr_pack, ndr_unpack
    domain = security.dom_sid("S-1-5-21-9-9-9")  # of no account that is meant here
    smb = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=int(port))
    smb.login(user, password)
    client = smb.getSMBServer()
    tree = smb.connectTree("share")
    access = 0x20000 | (0x40000 if sddl else 0)  # READ_CONTROL, WRITE_DAC
    file = client.create(tree, path.replace("/", "\\"), access, 7, 0, smb2.FILE_OPEN, 0)
    if sddl:
        sd = security.descriptor.from_sddl(sddl, domain)
        client.setInfo(tree, file, ndr_pack(sd), infoType=smb2.SMB2_0_INFO_SECURITY,
                       fileInfoClass=0, additionalInformation=4)
    data = client.queryInfo(tree, file, infoType=smb2.SMB2_0_INFO_SECURITY, fileInfoClass=0,
                            additionalInformation=7)
    print(ndr_unpack(security.descriptor, data).as_sddl(domain))


class Samba(SambaServer):
    def run(self, commands, folder):
        return self.tool("smbclient", "-c", commands, folder=folder)

    def tool(self, program, *args, folder=None):
        return command([program, "//127.0.0.1/share", "-p", str(self.port), "-U",
                        f"{USER}%{PASSWORD}", "--configfile=/dev/null", *args], folder)

    def descriptor(self, path, sddl=""):
        return command([*DESCRIPTOR, str(self.port), USER, PASSWORD, path, sddl])


class Smbkit:
    def __init__(self, share, acls):
        self.share = share
        self.acls = acls

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, commands, folder):
        return self.tool("smbclient", "-c", commands, folder=folder)

    def tool(self, program, *args, folder=None):
        words = " ".join(shlex.quote(w) for w in args)
        return self.serve(f'{program} "$unc" -p $port -U "$user%$password" '
                          f'--configfile=/dev/null {words} 2>&1', folder)

    def descriptor(self, path, sddl=""):
        words = " ".join(shlex.quote(w) for w in DESCRIPTOR)
        return self.serve(f'{words} $port $user "$password" {shlex.quote(path)} '
                          f'{shlex.quote(sddl)} 2>&1')

    def serve(self, client, folder=None):
        return command([PROGRAM, "--name", "share", "--run", client, PLUGIN, "path=" + self.share,
                        "as=server", "acls=" + self.acls], folder)


WRITE = ('put data Plain; put data marked; setmode marked +rhs; mkdir Folder; '
         'setmode Folder +h; put data Folder/in; put data Plain:small; put data Folder:other; '
         'utimes marked 2001:02:03-04:05:06 -1 -1 2003:02:03-04:05:06; utimes Folder 2002:02:03-04:05:06 -1 -1 -1')
READ = ('allinfo plain; allinfo MARKED; allinfo folder; get plain:SMALL got; get folder:other got2; '
        'ls')
# what allinfo says that must be the same, whoever says it
SAME = re.compile(r"^(?:create_time|attributes):.*$", re.M)


def facts(text):
    return SAME.findall(text)


def round_trip(name, writer, reader, folder):
    for f in ("got", "got2"):
        if os.path.exists(os.path.join(folder, f)):
            os.unlink(os.path.join(folder, f))
    out = writer.run(WRITE, folder)
    check(f"{name}: written", "NT_STATUS" not in out, out)
    mine, theirs = writer.run(READ, folder), reader.run(READ, folder)
    check(f"{name}: the same is read", len(facts(mine)) == 6 and facts(mine) == facts(theirs),
          f"\nby the writer: {facts(mine)}\nby the reader: {facts(theirs)}\n{theirs}")
    if isinstance(writer, Smbkit):  # smbd keeps no change time, and reads all else beside it
        check(f"{name}: change time", re.search("^change_time: .* 2003 UTC", mine, re.M), mine)
    check(f"{name}: attributes", theirs.count("(27)") == 1 and "2001 UTC" in theirs, theirs)
    for f in ("got", "got2"):
        path = os.path.join(folder, f)
        check(f"{name}: bytes of a stream {f}", os.path.exists(path) and
              open(path, "rb").read() == b"some data\n", theirs)
    # the reader changes it, and the writer sees that
    reader.run("setmode marked -rhs; setmode marked +s; put more plain:small", folder)
    back = writer.run("allinfo marked; get plain:small got", folder)
    check(f"{name}: attributes and back", "(4)" in back or "(24)" in back, back)
    got = os.path.join(folder, "got")
    check(f"{name}: a stream and back", os.path.exists(got) and
          open(got, "rb").read() == b"more data\n", back)


SDS = {
    "Plain": "D:P(D;;DCLCRPCR;;;AN)(A;;FA;;;WD)",
    "marked": "D:AI(A;;0x1200a9;;;AU)(A;;FA;;;WD)(A;;0x1301bf;;;S-1-5-21-11-22-33-1044)",
    "Folder": "D:P(A;OICI;FA;;;WD)(A;OICIIO;FA;;;CO)(A;CI;0x1200a9;;;BU)",
}
INHERITED = "Folder/later"


# An account, not one of the made-up machine above.
ACCOUNT = r"S-1-5-21-(?!11-22-33-)(?:\d+-){3}\d+"


def descriptor(server, path):
    """What everybody must read alike of a descriptor: the DACL, and who in it is the owner. To
    smbkit the owner of smbd's file is another account than to smbd."""
    out = server.descriptor(path).strip()
    owner = re.match(f"O:({ACCOUNT})", out)
    out = out[out.index("D:"):] if "D:" in out else out
    return re.sub(owner[1], "(the owner)", out) if owner else out


def descriptors(name, writer, reader, folder, attribute, share):
    for path, sd in SDS.items():
        out = writer.descriptor(path, sd)
        check(f"{name}: descriptor of {path} is set", out.startswith("O:"), out)
        # the path of the disk is as it was written
        check(f"{name}: descriptor of {path} is in the attribute",
              attribute in os.listxattr(os.path.join(share, path)),
              os.listxattr(os.path.join(share, path)))
    out = writer.run("put data " + INHERITED, folder)
    check(f"{name}: a file that inherits is made", "NT_STATUS" not in out, out)
    for path in (*SDS, INHERITED):
        mine, theirs = descriptor(writer, path), descriptor(reader, path)
        check(f"{name}: descriptor of {path}", mine == theirs and "D:" in theirs,
              f"\nby the writer: {mine}\nby the reader: {theirs}")
    check(f"{name}: it says what was set", "S-1-5-21-11-22-33-1044" in descriptor(reader, "marked"))
    check(f"{name}: it was inherited", "FA;;;WD)" in descriptor(reader, INHERITED) and
          not re.search("BU|CO", descriptor(reader, INHERITED)), descriptor(reader, INHERITED))
    # the reader changes it, and the writer sees that
    reader.descriptor("marked", SDS["Plain"])
    back = descriptor(writer, "marked")
    check(f"{name}: a descriptor and back",
          back == descriptor(reader, "marked") and "AN)" in back, back)
    hidden = reader.run("listea Plain", folder) + writer.run("listea Plain", folder)
    check(f"{name}: the attribute is not a client's", "NTACL" not in hidden, hidden)


# how smbd keeps descriptors, and what smbkit is told to do
KINDS = (
    ("", "security.NTACL"),
    (" acl_xattr:ignore system acls = yes\n", "security.NTACL"),
    (" acl_xattr:security_acl_name = user.NTACL\n", "user.NTACL"),
)


def compare(home, number, more, attribute):
    share = os.path.join(home, str(number))
    for direction in ("smbd to smbkit", "smbkit to smbd"):
        os.mkdir(share)
        with Samba(home, share, MODULES + more) as samba:
            smbkit = Smbkit(share, attribute)
            pair = (samba, smbkit) if direction == "smbd to smbkit" else (smbkit, samba)
            name = f"{direction}, {attribute}{',' + more.strip() if more else ''}"
            round_trip(name, *pair, home)
            descriptors(name, *pair, home, attribute, share)
        shutil.rmtree(share)


def main():
    need("smbclient")
    if shutil.which("smbd") is None or shutil.which("smbpasswd") is None:
        skip("smbd is not installed: trees of Samba are not compared")
    if os.getuid() != 0:
        skip("not root: smbd cannot be started")
    with tempfile.TemporaryDirectory(prefix="smbkit-samba.") as home:
        for file, content in (("data", b"some data\n"), ("more", b"more data\n")):
            with open(os.path.join(home, file), "wb") as f:
                f.write(content)
        try:
            os.setxattr(home, "user.smbkit", b"x")
            os.setxattr(home, "security.smbkit", b"x")
        except OSError:
            skip("extended attributes cannot be kept in the temporary folder")
        for number, (more, attribute) in enumerate(KINDS):
            compare(home, number, more, attribute)
    finish()


if __name__ == "__main__":
    if sys.argv[1] == "--descriptor":
        descriptor_client(*sys.argv[2:])
    else:
        main()
