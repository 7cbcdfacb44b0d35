#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What administrators do through srvsvc, live: shares are made, changed and ended, sessions and files closed;
and what others are refused. With impacket's calls and smbclient.

Usage: rpc_admin.py SMBKIT MEMORY_PLUGIN DIR_PLUGIN
"""
import os
import subprocess
import sys

from impacket.dcerpc.v5 import srvs, transport
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.dcerpc.v5.dtypes import DWORD, NULL
from impacket.ldap.ldaptypes import ACCESS_ALLOWED_ACE, ACCESS_MASK, ACE, ACL, LDAP_SID, SR_SECURITY_DESCRIPTOR
from impacket.smbconnection import SMBConnection

from peer import HOST, PASSWORD, PORT, check, finish, need, run, scratch

ADMIN, BOB, EVE = "admin", "bob", "eve"
ROOT = os.environ.get("SMBKIT_TEST_ROOT", "")

ACCESS_DENIED, NOT_SUPPORTED, INVALID_PARAMETER, INVALID_LEVEL = 5, 50, 87, 124
UNKNOWN_DIR, DUPLICATE, NO_NAME, NO_CLIENT, NO_FILE = 0x844, 0x846, 0x906, 0x908, 0x90A
READ, FULL = 0x1200A9, 0x1F01FF

# impacket has forgotten that the descriptor is a pointer ([MS-SRVS] 2.2.4.53)
srvs.SHARE_INFO_1501.structure = (("shi1501_reserved", DWORD), ("shi1501_security_descriptor", srvs.LPBYTE))


class Pipe:
    """Calls of one user; each gives the result's code."""

    def __init__(self, user):
        t = transport.SMBTransport(HOST, int(PORT), r"\srvsvc", user, PASSWORD)
        self.dce = t.get_dce_rpc()
        self.dce.connect()
        self.dce.bind(srvs.MSRPC_UUID_SRVS)
        self.parm = None

    def call(self, function, *args, **more):
        try:
            return function(self.dce, *args, **more)["ErrorCode"]
        except DCERPCException as e:
            self.parm = e.packet["ParmErr"] if e.packet is not None and "ParmErr" in e.packet.fields else None
            return e.error_code

    def add(self, name, path, level=2, kind=0, comment="made", sd=None):
        info = getattr(srvs, {2: "LPSHARE_INFO_2", 502: "LPSHARE_INFO_502"}[level])()
        p = f"shi{level}_"
        for key, value in (("netname", name), ("type", kind), ("remark", comment), ("permissions", 0),
                           ("max_uses", 0xFFFFFFFF), ("current_uses", 0), ("path", path), ("passwd", NULL)):
            info[p + key] = text(value)
        if level == 502:
            info[p + "reserved"] = len(sd or b"")
            info[p + "security_descriptor"] = list(sd) if sd else NULL
        return self.call(share_add, level, info)

    def set(self, name, level, **values):
        known = {1004: "LPSHARE_INFO_1004", 1005: "LPSHARE_INFO_1005", 1006: "LPSHARE_INFO_1006",
                 1501: "LPSHARE_INFO_1501", 1: "LPSHARE_INFO_1", 0: "LPSHARE_INFO_0"}
        info = getattr(srvs, known[level])()
        for key, value in values.items():
            info[f"shi{level}_{key}"] = text(value)
        return self.call(share_set, name, level, info)

    def names(self, function=srvs.hNetrShareEnum):
        rows = function(self.dce, 1)["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"]
        return {r["shi1_netname"][:-1] for r in rows}

    def info(self, name, level):
        return srvs.hNetrShareGetInfo(self.dce, name, level)["InfoStruct"][f"ShareInfo{level}"]


def text(value):
    return value + "\0" if isinstance(value, str) else value


def with_parm(request):
    request["ParmErr"] = 0
    return request


def share_add(dce, level, info):
    request = with_parm(srvs.NetrShareAdd())
    request["ServerName"] = NULL
    request["Level"] = level
    request["InfoStruct"]["tag"] = level
    request["InfoStruct"][f"ShareInfo{level}"] = info
    return dce.request(request)


def share_set(dce, name, level, info):
    request = with_parm(srvs.NetrShareSetInfo())
    request["ServerName"] = NULL
    request["NetName"] = text(name)
    request["Level"] = level
    request["ShareInfo"]["tag"] = level
    request["ShareInfo"][f"ShareInfo{level}"] = info
    return dce.request(request)


def share_del(dce, name):
    return srvs.hNetrShareDel(dce, text(name))


def share_order(dce, request, name):
    request["ServerName"] = NULL
    request["NetName"] = text(name)
    request["Reserved"] = 0
    return dce.request(request)


def descriptor(*entries):
    """Self-relative; entries are (SID, mask) that allow."""
    sd = SR_SECURITY_DESCRIPTOR()
    sd["Revision"], sd["Sbz1"], sd["Control"] = b"\1", b"\0", 0x8004
    sd["OwnerSid"] = LDAP_SID()
    sd["OwnerSid"].fromCanonical("S-1-5-32-544")
    sd["GroupSid"] = b""
    sd["Sacl"] = b""
    acl = ACL()
    acl["AclRevision"], acl["Sbz1"], acl["Sbz2"] = 2, 0, 0
    acl.aces = []
    for sid, mask in entries:
        body = ACCESS_ALLOWED_ACE()
        body["Mask"] = ACCESS_MASK()
        body["Mask"]["Mask"] = mask
        body["Sid"] = LDAP_SID()
        body["Sid"].fromCanonical(sid)
        ace = ACE()
        ace["AceType"], ace["AceFlags"], ace["Ace"] = ACCESS_ALLOWED_ACE.ACE_TYPE, 0, body
        acl.aces.append(ace)
    sd["Dacl"] = acl
    return sd.getData()


def smb(user, share, commands):
    return run(["smbclient", f"//{HOST}/{share}", "-p", PORT, "-U", f"{user}%{PASSWORD}",
                "--configfile=/dev/null", "--use-kerberos=off", "-c", commands], cwd=ROOT).stdout


def equal(what, got, wanted):
    check(what, got == wanted, f"got {got!r}, not {wanted!r}")


def sid_of(user):
    out = run(["rpcclient", "-p", PORT, "-U", f"{ADMIN}%{PASSWORD}", "--configfile=/dev/null",
               "--use-kerberos=off", HOST, "-c", f"lookupnames {user}"]).stdout
    return out.split()[1]


# ---------------------------------------------------------------- shares

def making(admin):
    equal("NetrShareAdd", admin.add("data", "C:\\data"), 0)
    out = smb(BOB, "data", "put up there; ls")
    check("its files are those of the folder", os.path.exists(f"{ROOT}/share/data/there"), out)
    info = admin.info("data", 2)
    equal("its path", info["shi2_path"][:-1], "C:\\data")
    equal("it is temporary", info["shi2_type"], 0x40000000)
    check("it is listed", "data" in admin.names())
    check("it is not among those that stay", "data" not in admin.names(srvs.hNetrShareEnumSticky))
    equal("a folder in a folder", admin.add("deep", "c:\\data\\deep\\"), 0)
    equal("all of it", admin.add("all", "C:\\", level=502), 0)
    check("all of it is listed", "data" in smb(BOB, "all", "ls"))
    equal("the same name again", admin.add("DATA", "C:\\data"), DUPLICATE)
    equal("a configured name", admin.add("share", "C:\\data"), DUPLICATE)


def bad_paths(admin):
    for path in ("C:\\..", "C:\\data\\..\\data", "C:\\.", "C:\\data\\\\deep", "data", "\\data", "/data",
                 "C:", "C:data", "C:\\a/b", "D:\\data", "\\\\?\\C:\\data", "\\\\host\\share",
                 "C:\\data:stream", "C:\\da\1ta", "C:\\" + "x" * 5000, ""):
        equal(f"NetrShareAdd of {path[:20]!r}", admin.add("bad", path), INVALID_PARAMETER)
        equal(f"the wrong member of {path[:20]!r}", admin.parm, 8)
    for path in ("C:\\nothing", "C:\\file", "C:\\link", "C:\\link\\inside", "C:\\updir", "C:\\DATA",
                 "C:\\etc\\ssh", f"C:{ROOT}".replace("/", "\\")):
        equal(f"NetrShareAdd of {path!r}", admin.add("bad", path), UNKNOWN_DIR)
    check("none was made", "bad" not in admin.names())


def bad_members(admin):
    for name, parm in (("", 1), ("x" * 81, 1), ("a\\b", 1), ("a/b", 1)):
        equal(f"the name {name[:5]!r}", (admin.add(name, "C:\\data"), admin.parm), (INVALID_PARAMETER, parm))
    equal("a printer", (admin.add("p", "C:\\data", kind=1), admin.parm), (INVALID_PARAMETER, 3))
    equal("a long remark", (admin.add("p", "C:\\data", comment="x" * 49), admin.parm), (INVALID_PARAMETER, 4))
    equal("no descriptor", (admin.add("p", "C:\\data", 502, sd=b"12345"), admin.parm), (INVALID_PARAMETER, 501))
    equal("a name of the system", admin.add("mailslot", "C:\\data"), ACCESS_DENIED)
    check("none was made", "p" not in admin.names())


def changing(admin):
    equal("a comment", admin.set("data", 1004, remark="another"), 0)
    equal("it is there", admin.info("data", 1)["shi1_remark"][:-1], "another")
    equal("level 1", admin.set("share", 1, netname="share", type=0, remark="of the configuration"), 0)
    equal("also of a configured one", admin.info("share", 1)["shi1_remark"][:-1], "of the configuration")
    equal("a long one", (admin.set("data", 1004, remark="x" * 49), admin.parm), (INVALID_PARAMETER, 4))
    equal("flags", admin.set("data", 1005, flags=0x830), 0)
    equal("they are there", admin.info("data", 1005)["shi1005_flags"], 0x830)
    equal("what we cannot", admin.set("data", 1005, flags=0x2000), NOT_SUPPORTED)
    equal("a level that sets nothing", admin.set("data", 0, netname="x"), INVALID_LEVEL)
    equal("a share that is none", admin.set("none", 1004, remark="x"), NO_NAME)
    equal("the server's own", admin.set("IPC$", 1004, remark="x"), ACCESS_DENIED)
    equal("one use", admin.set("data", 1006, max_uses=1), 0)
    c = SMBConnection(HOST, HOST, sess_port=int(PORT))
    c.login(BOB, PASSWORD)
    c.connectTree("data")
    equal("one is used", admin.info("data", 2)["shi2_current_uses"], 1)
    check("no second one", "NT_STATUS_REQUEST_NOT_ACCEPTED" in smb(EVE, "data", "ls"))
    c.close()
    equal("any number", admin.set("data", 1006, max_uses=0xFFFFFFFF), 0)
    check("then one may", "NT_STATUS" not in smb(EVE, "data", "ls"))


def rights(admin):
    bob = sid_of(BOB)
    sd = descriptor((bob, READ))
    equal("who may", admin.set("data", 1501, reserved=len(sd), security_descriptor=list(sd)), 0)
    equal("it is there", b"".join(admin.info("data", 502)["shi502_security_descriptor"]), sd)
    check("bob reads", "there" in smb(BOB, "data", "ls"))
    out = smb(BOB, "data", "put up more")
    check("bob does not write", "NT_STATUS_ACCESS_DENIED" in out, out)
    out = smb(EVE, "data", "ls")
    check("eve does not get in", "NT_STATUS_ACCESS_DENIED" in out, out)
    equal("no descriptor", (admin.set("data", 1501, reserved=3, security_descriptor=[b"1"] * 3), admin.parm),
          (INVALID_PARAMETER, 501))
    sd = descriptor(("S-1-1-0", FULL))
    equal("everybody", admin.set("data", 1501, reserved=len(sd), security_descriptor=list(sd)), 0)
    check("eve gets in", "there" in smb(EVE, "data", "ls"))
    equal("made for one", admin.add("bobs", "C:\\data", 502, sd=descriptor((bob, FULL))), 0)
    check("he may", "NT_STATUS" not in smb(BOB, "bobs", "put up of-bob"))
    check("others may not", "NT_STATUS_ACCESS_DENIED" in smb(EVE, "bobs", "ls"))


def security(admin):
    """The descriptor of a file on a disk: the plugin is asked on another thread."""
    bob, eve = Pipe(BOB), Pipe(EVE)

    try:
        sd = SR_SECURITY_DESCRIPTOR(data=srvs.hNetrpGetFileSecurity(bob.dce, "data\0", "\\there\0", 5))
    except DCERPCException as e:
        sd = str(e)
    check("NetrpGetFileSecurity", isinstance(sd, SR_SECURITY_DESCRIPTOR) and sd["OffsetOwner"] > 0
          and sd["OffsetDacl"] > 0 and sd["OffsetSacl"] == 0, sd)
    for what, who, share, path, info, wanted in (
            ("no file", bob, "data", "\\nothing", 7, 2), ("no share", bob, "nothing", "\\there", 7, NO_NAME),
            ("the server's own", bob, "IPC$", "\\srvsvc", 7, NO_NAME), ("upwards", bob, "data", "..\\..\\x", 7, 123),
            ("the SACL", bob, "data", "\\there", 8, 1314), ("a share that he does not see", eve, "private", "\\", 7,
                                                              NO_NAME),
            ("one that he does not get into", eve, "members", "\\", 7, ACCESS_DENIED)):
        equal(f"NetrpGetFileSecurity: {what}", who.call(lambda dce, a=share, b=path, c=info: raw_security(dce, a, b, c)),
              wanted)
    equal("one that he does", bob.call(lambda dce: raw_security(dce, "members", "\\", 7)), 0)
    equal("the SACL for an administrator", admin.call(lambda dce: raw_security(dce, "data", "\\there", 8)), 0)


def raw_security(dce, share, path, info):
    request = srvs.NetrpGetFileSecurity()
    request["ServerName"] = NULL
    request["ShareName"] = text(share)
    request["lpFileName"] = text(path)
    request["RequestedInformation"] = info
    return dce.request(request)


def listing(admin):
    check("who may connect sees it", "private" in Pipe(BOB).names())
    eve = Pipe(EVE)
    check("others do not", not {"private", "hidden"} & eve.names(), eve.names())
    check("unless it is not left out", "members" in eve.names(), eve.names())
    equal("nor hear of it", eve.call(srvs.hNetrShareGetInfo, "private\0", 1), NO_NAME)
    for name in ("private", "members"):
        check(f"eve does not get into {name}", "NT_STATUS_ACCESS_DENIED" in smb(EVE, name, "ls"))
        check(f"bob gets into {name}", "NT_STATUS" not in smb(BOB, name, "ls"))
    check("administrators see all", {"private", "hidden"} <= admin.names(), admin.names())


def refusals():
    bob = Pipe(BOB)
    equal("NetrShareAdd", bob.add("x", "C:\\data"), ACCESS_DENIED)
    equal("NetrShareSetInfo", bob.set("data", 1004, remark="x"), ACCESS_DENIED)
    equal("NetrShareDel", bob.call(share_del, "data"), ACCESS_DENIED)
    equal("NetrSessionDel", bob.call(srvs.hNetrSessionDel, NULL, text(EVE)), ACCESS_DENIED)
    equal("NetrFileClose", bob.call(srvs.hNetrFileClose, 1), ACCESS_DENIED)
    equal("NetrFileEnum", bob.call(srvs.hNetrFileEnum, NULL, NULL, 3), ACCESS_DENIED)
    equal("NetrConnectionEnum", bob.call(srvs.hNetrConnectionEnum, "share\0", 1), ACCESS_DENIED)
    for level in (2, 502, 503):
        equal(f"NetrShareEnum {level}", bob.call(srvs.hNetrShareEnum, level), ACCESS_DENIED)
        equal(f"NetrShareGetInfo {level}", bob.call(srvs.hNetrShareGetInfo, "share\0", level), ACCESS_DENIED)
    equal("NetrServerGetInfo 102", bob.call(srvs.hNetrServerGetInfo, 102), ACCESS_DENIED)


def ending(admin):
    c = SMBConnection(HOST, HOST, sess_port=int(PORT))
    c.login(BOB, PASSWORD)
    tree = c.connectTree("deep")
    equal("NetrShareDel", admin.call(share_del, "deep"), 0)
    check("it is gone", "deep" not in admin.names())
    try:
        c.createFile(tree, "x")
        check("and for those who were connected", False)
    except Exception as e:
        check("and for those who were connected", "NETWORK_NAME_DELETED" in str(e), str(e))
    equal("again", admin.call(share_del, "deep"), NO_NAME)
    equal("the server's own", admin.call(share_del, "IPC$"), ACCESS_DENIED)
    equal("the name is free", admin.add("deep", "C:\\data"), 0)
    two_phases(admin)


def two_phases(admin):
    begun = share_order(admin.dce, srvs.NetrShareDelStart(), "deep")
    check("NetrShareDelStart leaves it", "deep" in admin.names())
    commit = srvs.NetrShareDelCommit()
    commit["ContextHandle"] = begun["ContextHandle"]
    equal("NetrShareDelCommit", admin.call(lambda dce: dce.request(commit)), 0)
    check("now it is gone", "deep" not in admin.names())
    equal("NetrShareDelSticky of the configuration's",
          admin.call(share_order, srvs.NetrShareDelSticky(), "share"), NOT_SUPPORTED)
    equal("... of a temporary one", admin.call(share_order, srvs.NetrShareDelSticky(), "data"), NO_NAME)
    check("both are there", {"share", "data"} <= admin.names())
    equal("NetprPathType", admin.call(srvs.hNetprPathType, "C:\\data\0", 0), NOT_SUPPORTED)


# ---------------------------------------------------------------- sessions, files, connections

def closing(admin):
    c = SMBConnection(HOST, HOST, sess_port=int(PORT))
    c.login(BOB, PASSWORD)
    tree = c.connectTree("share")
    f = c.createFile(tree, "open")
    rows = srvs.hNetrFileEnum(admin.dce, NULL, text(BOB), 3)["InfoStruct"]["FileInfo"]["Level3"]["Buffer"]
    mine = [r for r in rows if r["fi3_path_name"][:-1] == "C:\\share\\open"]
    check("NetrFileEnum", len(mine) == 1 and mine[0]["fi3_username"][:-1] == BOB, [r["fi3_path_name"] for r in rows])
    rows = srvs.hNetrConnectionEnum(admin.dce, "share\0", 1)["InfoStruct"]["ConnectInfo"]["Level1"]["Buffer"]
    check("NetrConnectionEnum", [r["coni1_username"][:-1] for r in rows] == [BOB], len(rows))
    equal("its files", rows[0]["coni1_num_opens"], 1)
    equal("NetrFileClose", admin.call(srvs.hNetrFileClose, mine[0]["fi3_id"]), 0)
    equal("again", admin.call(srvs.hNetrFileClose, mine[0]["fi3_id"]), NO_FILE)
    try:
        c.readFile(tree, f)
        check("it is closed", False)
    except Exception as e:
        check("it is closed", "FILE_CLOSED" in str(e), str(e))
    equal("NetrSessionDel of nobody", admin.call(srvs.hNetrSessionDel, NULL, "nobody\0"), NO_CLIENT)
    equal("NetrSessionDel", admin.call(srvs.hNetrSessionDel, "\\\\127.0.0.1\0", text(BOB)), 0)
    check("it has ended", lost(c.createFile, tree, "another"))


def lost(function, *args):
    """The answer of a call may go the way of the pipe that it came through."""
    try:
        function(*args)
        return False
    except Exception:
        return True


def suicide():
    """The one who asks may be among those who are meant."""
    admin = Pipe(ADMIN)
    rows = srvs.hNetrFileEnum(admin.dce, NULL, text(ADMIN), 3)["InfoStruct"]["FileInfo"]["Level3"]["Buffer"]
    check("his own pipes are among the files", {r["fi3_path_name"][:-1] for r in rows} == {"\\PIPE\\srvsvc"},
          [r["fi3_path_name"] for r in rows])
    for r in rows:
        lost(admin.call, srvs.hNetrFileClose, r["fi3_id"])
    check("an administrator's own pipe", lost(admin.names))
    admin = Pipe(ADMIN)
    lost(admin.call, srvs.hNetrSessionDel, NULL, text(ADMIN))
    check("an administrator's own session", lost(admin.names))
    check("the server is there", "data" in Pipe(ADMIN).names())


def inside():
    need("smbclient", "rpcclient")
    with open(f"{ROOT}/up", "w", encoding="ascii") as f:
        f.write("up")
    admin = Pipe(ADMIN)
    for step in (making, bad_paths, bad_members, changing, rights, security, listing, closing, ending):
        step(admin)
    refusals()
    suicide()
    finish()


def without():
    """No share-root: no path on the wire means anything."""
    admin = Pipe(ADMIN)
    for path in ("C:\\data", "C:\\", "C:\\tmp"):
        equal(f"NetrShareAdd of {path!r}", admin.add("data", path), UNKNOWN_DIR)
    finish()


def serve(smbkit, memory, folder, step, *options):
    me = os.path.abspath(__file__)
    command = [smbkit, "--listen", "127.0.0.1:0", "--log-level", "error", "--admins", ADMIN, *options]
    for user in (ADMIN, BOB, EVE):
        command += ["--user", f"{user}%secret"]
    for share in ("share", f"private={memory},users={BOB}+nobody,hide-unreachable=on",
                  f"members={memory},users={BOB}", f"hidden={memory},hidden=on"):
        command += ["--share", share if "=" in share else f"{share}={memory}"]
    env = {**os.environ, "SMBKIT_TEST_ROOT": folder}
    return subprocess.run([*command, "--run", f"exec '{sys.executable}' '{me}' {step}"], env=env,
                          stdin=subprocess.DEVNULL, check=False).returncode


def main(smbkit, memory, plugin):
    with scratch() as folder:
        root = f"{folder}/share"
        os.makedirs(f"{root}/data/deep")
        os.mkdir(f"{folder}/secret")
        os.symlink("data", f"{root}/link")
        os.symlink("..", f"{root}/updir")
        with open(f"{root}/file", "w", encoding="ascii") as f:
            f.write("no folder")
        os.environ["SMBKIT_PLUGIN_PATH"] = os.path.dirname(plugin)
        with_root = serve(smbkit, memory, folder, "inside", "--share-root", root, "--share-as", "server")
        return serve(smbkit, memory, folder, "without") or with_root


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    elif sys.argv[1:] == ["without"]:
        without()
    else:
        sys.exit(main(*sys.argv[1:]))
