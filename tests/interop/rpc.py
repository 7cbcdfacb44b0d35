#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Named pipes with the tools that administrators and auditors use: smbclient -L, rpcclient with and
without protection inside the pipe, impacket's calls."""
import re

from impacket.dcerpc.v5 import lsat, lsad, samr, srvs, transport, wkst
from impacket.dcerpc.v5.dtypes import MAXIMUM_ALLOWED
from impacket.dcerpc.v5.rpcrt import RPC_C_AUTHN_LEVEL_PKT_INTEGRITY, RPC_C_AUTHN_LEVEL_PKT_PRIVACY
from impacket.smbconnection import SMBConnection

from peer import HOST, PASSWORD, PORT, SHARE, USER, check, finish, need, run


ADMIN, OTHER = "admin", "bob"  # of the server that this script is run with


def rpcclient(commands, binding="", user=USER):
    return run(["rpcclient", "-p", PORT, "-U", f"{user}%{PASSWORD}", "--configfile=/dev/null",
                "--use-kerberos=off", f"ncacn_np:{HOST}{binding}", "-c", commands]).stdout


# And what the answers say.
COMMANDS = [
    ("srvinfo 102", "server type     :\t0x9003", "users           :\tffffffff"),
    ("netshareenum", "netname: IPC$", f"netname: {SHARE}"),
    (f"netsharegetinfo {SHARE} 502", f"path:\tC:\\{SHARE}", "max_uses:\t-1"),
    (f"netsharegetinfo {SHARE} 1005", "flags: 0x0"),
    ("netsharegetinfo nothing 1", "result was WERR_NERR_NETNAMENOTFOUND"),
    ("netfileenum", "\\PIPE\\srvsvc"),
    ("netsessenum", "Received 1 entries"),
    ("netdiskenum", ""),
    ("netremotetod", ""),
    (f"netnamevalidate {SHARE} 9", ""),
    ("enumdomains", "name:[Builtin]"),
    ("enumdomgroups", "group:[None] rid:[0x201]"),
    ("enumalsgroups builtin", "group:[Administrators] rid:[0x220]", "group:[Users] rid:[0x221]"),
    ("querydominfo", "Total Users:\t4", "Total Groups:\t1"),
    ("querygroup 0x201", "Group Name:\tNone"),
    ("querygroupmem 0x201", "rid:[0x1f5] attr:[0x7]"),
    ("queryusergroups 0x1f5", "group rid:[0x201] attr:[0x7]"),
    ("queryaliasmem builtin 0x221", "sid:[S-1-5-21-"),
    (f"samlookupnames domain {USER}", f"name {USER}: 0x", "(1)"),
    ("samlookuprids domain 0x1f5", "rid 0x1f5: Guest (1)"),
    ("lookupsids S-1-5-21-1-2-3-4", "S-1-5-21-1-2-3-4 *unknown*\\*unknown* (8)"),
    ("lookupsids_level 1 S-1-1-0", "S-1-1-0 \\Everyone (5)"),
    ("lookupnames nobodyhere", "NT_STATUS_NONE_MAPPED"),
    ("lookupnames4 Everyone", "NT_STATUS_ACCESS_DENIED"),
    ("lsaquery", "Domain Name: WORKGROUP"),
    ("lsaquery 5", "Domain Sid: S-1-5-21-"),
    ("getusername", f"Account Name: {ADMIN}"),
    ("wkssvc_wkstagetinfo 102", ""),
    ("wkssvc_enumerateusers", ""),
]


def says(what, out, *texts):
    for text in texts:
        check(f"{what}: {text!r}", text in out, out)


def samba():
    out = run(["smbclient", "-L", HOST, "-p", PORT, "-U", f"{USER}%{PASSWORD}",
               "--configfile=/dev/null", "--use-kerberos=off"]).stdout
    says("smbclient -L", out, SHARE, "IPC$")
    says("srvinfo", rpcclient("srvinfo"), "platform_id")
    for level in ("1", "2", "502"):
        says(f"netshareenumall {level}", rpcclient(f"netshareenumall {level}", user=ADMIN), SHARE)
        says(f"netsharegetinfo {level}", rpcclient(f"netsharegetinfo {SHARE} {level}", user=ADMIN),
             SHARE)
    says("netshareenumall 1", rpcclient("netshareenumall 1"), SHARE)
    for level in ("2", "502"):
        says(f"netshareenumall {level} of a user", rpcclient(f"netshareenumall {level}"),
             "WERR_ACCESS_DENIED")
        says(f"netsharegetinfo {level} of a user", rpcclient(f"netsharegetinfo {SHARE} {level}"),
             "WERR_ACCESS_DENIED")
    says("lookupnames", rpcclient(f"lookupnames {USER} Everyone"), "(User: 1)", "S-1-1-0")
    sid = rpcclient(f"lookupnames {USER}").split()[1]
    says("lookupsids", rpcclient(f"lookupsids {sid} S-1-5-32-545"), f"\\{USER} (1)", "Users (4)")
    out = rpcclient("enumdomusers")
    says("enumdomusers", out, f"user:[{USER}]")
    rid = out.split("rid:[")[1].split("]")[0]
    says("queryuser", rpcclient(f"queryuser {rid}"), USER, "logon_hrs")
    says("querydispinfo", rpcclient("querydispinfo"), f"Account: {USER}")
    for binding in ("[sign]", "[seal]", "[ntlm,sign]", "[ntlm,seal]", "[spnego,sign]",
                    "[spnego,seal]"):
        says(f"getusername {binding}", rpcclient("getusername", binding), USER)
    for command, *texts in COMMANDS:
        out = rpcclient(command, user=ADMIN)
        says(command, out, *texts)
        check(f"{command}: no error", texts != [""] or not re.search("WERR_|NT_STATUS_|not found", out), out)
    says("a pipe that nobody answers", rpcclient("winreg_enumkey HKLM"), "NT_STATUS_")


def connect(pipe, uuid, level=None, user=ADMIN):
    t = transport.SMBTransport(HOST, int(PORT), pipe, user, PASSWORD)
    d = t.get_dce_rpc()
    if level is not None:
        d.set_credentials(user, PASSWORD)
        d.set_auth_level(level)
    d.connect()
    d.bind(uuid)
    return d


def impacket():
    c = SMBConnection(HOST, HOST, sess_port=int(PORT))
    c.login(USER, PASSWORD)
    names = [s["shi1_netname"][:-1] for s in c.listShares()]
    check("listShares", SHARE in names and "IPC$" in names, names)
    c.logoff()
    for level in (None, RPC_C_AUTHN_LEVEL_PKT_INTEGRITY, RPC_C_AUTHN_LEVEL_PKT_PRIVACY):
        d = connect(r"\srvsvc", srvs.MSRPC_UUID_SRVS, level)
        for info in (100, 101, 102, 103):
            out = srvs.hNetrServerGetInfo(d, info)
            check(f"NetrServerGetInfo {info}", out["ErrorCode"] == 0)
        check("NetrRemoteTOD", srvs.hNetrRemoteTOD(d)["BufferPtr"]["tod_year"] >= 2024)
        d.disconnect()
    d = connect(r"\wkssvc", wkst.MSRPC_UUID_WKST)
    for info in (100, 101, 102, 502):
        check(f"NetrWkstaGetInfo {info}", wkst.hNetrWkstaGetInfo(d, info)["ErrorCode"] == 0)
    d = connect(r"\lsarpc", lsat.MSRPC_UUID_LSAT)
    policy = lsad.hLsarOpenPolicy2(d, MAXIMUM_ALLOWED)["PolicyHandle"]
    domain = lsad.hLsarQueryInformationPolicy2(
        d, policy, lsad.POLICY_INFORMATION_CLASS.PolicyAccountDomainInformation)
    sid = domain["PolicyInformation"]["PolicyAccountDomainInfo"]["DomainSid"].formatCanonical()
    out = lsat.hLsarLookupSids(d, policy, [f"{sid}-501", "S-1-5-18"])
    texts = [n["Name"] for n in out["TranslatedNames"]["Names"]]
    check("LsarLookupSids", texts == ["Guest", "SYSTEM"], texts)
    d = connect(r"\samr", samr.MSRPC_UUID_SAMR)
    server = samr.hSamrConnect(d)["ServerHandle"]
    check("SamrEnumerateDomains", len(samr.hSamrEnumerateDomainsInSamServer(d, server)["Buffer"]
                                      ["Buffer"]) == 2)


need("smbclient", "rpcclient")
samba()
impacket()
finish()
