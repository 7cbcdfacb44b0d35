#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tools that administrators and auditors ask a server with, each with what it must say: Samba's net,
impacket's example programs, nmap's scripts. Most of them know no port but 445.

Usage: rpc_tools.py SMBKIT PLUGIN

With Wireshark looking on, when this user may capture: it must find no malformed packet.
"""
import os
import re
import shutil
import sys

import port445
from peer import HOST, PASSWORD, SHARE, USER, check, finish, need, run, scratch

ADMIN, OTHER = "admin", "bob"
EXAMPLES = "/usr/share/doc/python3-impacket/examples"


def says(what, out, *texts):
    for text in texts:
        check(f"{what}: {text!r}", re.search(text, out) is not None, out)


def net(*args, user=ADMIN):
    return run(["net", "--configfile=/dev/null", "--use-kerberos=off", "-S", HOST, "-U", f"{user}%{PASSWORD}",
                *args], timeout=60).stdout


def example(name, *args):
    return run([sys.executable, f"{EXAMPLES}/{name}.py", *args], timeout=60).stdout


def account(user=ADMIN):
    return f"{user}:{PASSWORD}@{HOST}"


def scripts(*names, **arguments):
    wanted = ",".join(f"{k}={v}" for k, v in arguments.items())
    return run(["nmap", "-Pn", "-n", "-p", "445", "--script", ",".join(names), "--script-args", wanted, HOST],
               timeout=120).stdout


# ---------------------------------------------------------------- Samba's

def samba():
    says("net rpc share list", net("rpc", "share", "list", user=USER), rf"(?m)^{SHARE}$", r"(?m)^IPC\$$")
    says("net rpc share list -l", net("rpc", "share", "list", "--long", user=USER), rf"{SHARE} +Disk", r"IPC\$ +IPC")
    says("net rpc user", net("rpc", "user"), *(rf"(?m)^{u}\b" for u in (USER, ADMIN, OTHER)))
    says("net rpc user info", net("rpc", "user", "info", USER), "None")
    says("net rpc group list", net("rpc", "group", "list"), "None", "Administrators", "Users")
    says("net rpc group members", net("rpc", "group", "members", "None"), rf"\\{USER}")
    says("net rpc info", net("rpc", "info"), r"Domain SID: S-1-5-21-", "Num users: 4")
    says("net rpc share add", net("rpc", "share", "add", "new=C:\\new"), "The device or directory does not exist")
    says("net rpc share add of a user", net("rpc", "share", "add", "new=C:\\new", user=USER),
         "Access is denied")
    says("net rpc file", net("rpc", "file"), "Path|path")
    says("net rpc service list", net("rpc", "service", "list"), "NT_STATUS_")
    says("net rpc registry", net("rpc", "registry", "enumerate", "HKLM"), "NT_STATUS_")


# ---------------------------------------------------------------- impacket's

def impacket():
    out = example("lookupsid", account(), "1000")
    says("lookupsid", out, r"Domain SID is: S-1-5-21-", r"501: \S+\\Guest \(SidTypeUser\)",
         r"513: \S+\\None \(SidTypeGroup\)")
    out = example("samrdump", account())
    says("samrdump", out, r"Found domain\(s\):", "Builtin", rf"Found user: {USER}, uid = \d+", rf"{OTHER}",
         r"Received 4 entries")
    out = example("netview", f"{USER}:{PASSWORD}", "-target", HOST, "-noloop")
    check("netview does not fall over", "Traceback" not in out, out)
    out = example("getArch", "-target", HOST)
    check("getArch does not fall over", "Traceback" not in out, out)
    out = example("services", account(), "list")
    says("services is refused", out, "rejected|abstract_syntax|not supported|unsupported|Bind")
    out = example("reg", account(), "query", "-keyName", "HKLM\\Software")
    says("reg is refused", out, "rejected|abstract_syntax|not supported|unsupported|Bind|STATUS_")
    out = example("rpcmap", f"ncacn_np:{HOST}[\\pipe\\srvsvc]", "-auth-rpc", f"{ADMIN}:{PASSWORD}",
                  "-auth-transport", f"{ADMIN}:{PASSWORD}", "-brute-uuids")
    says("rpcmap", out, r"4B324FC8-1670-01D3-1278-5A47BF6EE188 v3\.0", r"MS-SRVS")
    out = example("rpcdump", account())
    says("rpcdump finds no endpoint mapper", out, "OBJECT_NAME_NOT_FOUND|refused|failed|rror")


def managed():
    """Who is here, and what an administrator sees of shares."""
    from impacket.dcerpc.v5 import srvs, transport
    t = transport.SMBTransport(HOST, 445, r"\srvsvc", ADMIN, PASSWORD)
    d = t.get_dce_rpc()
    d.connect()
    d.bind(srvs.MSRPC_UUID_SRVS)
    for level in (0, 1, 2, 10, 502):
        rows = srvs.hNetrSessionEnum(d, "\0", "\0", level)["InfoStruct"]["SessionInfo"]
        check(f"NetrSessionEnum {level}", rows[f"Level{level}"]["EntriesRead"] >= 1)
    for level in (0, 1, 2, 501, 502, 503):
        if level == 503:  # impacket's own answer lacks it
            continue
        rows = srvs.hNetrShareEnum(d, level)["InfoStruct"]["ShareInfo"]
        check(f"NetrShareEnum {level}", rows[f"Level{level}"]["EntriesRead"] == 2)
    for level in (0, 1, 2, 501, 502, 503, 1005):
        check(f"NetrShareGetInfo {level}", srvs.hNetrShareGetInfo(d, SHARE + "\0", level)["ErrorCode"] == 0)
    for level in (2, 3):
        check(f"NetrFileEnum {level}", srvs.hNetrFileEnum(d, "\0", "\0", level)["ErrorCode"] == 0)
    for level in (0, 1):
        check(f"NetrConnectionEnum {level}",
              srvs.hNetrConnectionEnum(d, "IPC$\0", level)["ErrorCode"] == 0)
    check("NetrServerDiskEnum", srvs.hNetrServerDiskEnum(d, 0)["ErrorCode"] == 0)
    check("NetrServerTransportEnum", srvs.hNetrServerTransportEnum(d, 0)["ErrorCode"] == 0)


# ---------------------------------------------------------------- nmap's

def nmap():
    out = scripts("smb-protocols", "smb2-security-mode", "smb2-capabilities", "smb2-time")
    says("smb-protocols", out, "smb-protocols", r"(?m)^\|     202$", r"(?m)^\|_ +311$")
    says("smb2-security-mode", out, "smb2-security-mode", "Message signing enabled and required")
    says("smb2-capabilities", out, "smb2-capabilities", "Leasing", "Multi-credit operations")
    says("smb2-time", out, r"smb2-time", r"date: \d{4}-")
    out = scripts("smb-enum-shares", "smb-enum-users", "smb-enum-domains", "smb-enum-sessions", "smb-os-discovery",
                  "smb-security-mode", smbusername=ADMIN, smbpassword=PASSWORD)
    # these scripts speak SMB1, which we do not: they must end, and find nothing
    check("smb-enum-shares and others end", "445/tcp open" in out and "done: 1 IP address" in out, out)
    check("the server lives on", "rpc user" not in net("rpc", "user", user=USER))


# ---------------------------------------------------------------- all of them

def all_of_them():
    samba()
    impacket()
    managed()
    if shutil.which("nmap"):
        nmap()
    else:
        print("without nmap, which is not installed")


def client():
    need("net", "smbclient", "rpcclient")
    check("impacket's examples are there", os.path.isdir(EXAMPLES), EXAMPLES)
    if run(["dumpcap", "-D"]).returncode != 0:
        print("without a capture")
        all_of_them()
        finish()
    import tshark
    with scratch() as folder:
        path = f"{folder}/rpc.pcap"
        with tshark.Capture(path):
            all_of_them()
        # impacket's rpcmap tries calls without parameters
        ours = "_ws.malformed and tcp.srcport == 445"
        check("no malformed packet", tshark.count(path, ours) == 0, tshark.tshark(path, "-Y", ours).stdout)
        check("calls were seen", tshark.count(path, "dcerpc.pkt_type == 0") > 50)
        check("answers were seen", tshark.count(path, "dcerpc.pkt_type == 2") > 50)
    finish()


if __name__ == "__main__":
    port445.main(__file__, client, ["--user", f"{OTHER}%secret", "--user", f"{ADMIN}%secret", "--admins", ADMIN])
