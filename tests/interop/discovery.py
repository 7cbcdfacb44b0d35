#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server is found in the network, and gone from it at its end: mDNS by avahi-browse, WS-Discovery by hand.

Usage: discovery.py SMBKIT PLUGIN

Two network namespaces with a cable between them, each with a D-Bus and an avahi-daemon of its own: the server is in
one, who looks for it in the other. Needs root and the packages avahi-daemon, avahi-utils, dbus, wsdd and iproute2;
skipped (77) with the reason otherwise.
"""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import uuid
import xml.etree.ElementTree as ET

from peer import check, finish, run, scratch, skip

PROGRAMS = ("avahi-daemon", "avahi-publish", "avahi-browse", "dbus-daemon", "wsdd", "ip", "nsenter", "unshare",
            "smbclient")
HERE, THERE = "10.77.0.1", "10.77.0.2"  # of the server, of who looks for it
NAME = "NAS7"
USER, PASSWORD = "tester", "secret"
WSD4, WSD6, WSD_PORT = "239.255.255.250", "ff02::c", 3702
PATIENCE = 20  # seconds

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
GET = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
DEVICES = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
ANONYMOUS = ADDRESSING + "/role/anonymous"

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
<allow receive_sender="*"/></policy></busconfig>
"""
AVAHI = """[server]
host-name={name}
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-workstation=no
publish-hinfo=no
"""


# ---------------------------------------------------------------- WS-Discovery, in the namespace of who looks

def envelope(action, to, body):
    message = f"urn:uuid:{uuid.uuid4()}"
    return message, (f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" '
                     f'xmlns:d="{DISCOVERY}" xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof"><s:Header>'
                     f"<a:To>{to}</a:To><a:Action>{action}</a:Action><a:MessageID>{message}</a:MessageID><a:ReplyTo>"
                     f"<a:Address>{ANONYMOUS}</a:Address></a:ReplyTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
                     ).encode()


def text(tree, namespace, name):
    found = tree.find(f".//{{{namespace}}}{name}")
    return "" if found is None else (found.text or "").strip()


def ask(family, action, body):
    """Multicasts a question; the answer to it as a tree, or None."""
    message, data = envelope(f"{DISCOVERY}/{action}", DEVICES, body)
    index = socket.if_nametoindex("cable")
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        if family == socket.AF_INET:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), index))
            s.sendto(data, (WSD4, WSD_PORT))
        else:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            s.sendto(data, (WSD6, WSD_PORT, 0, index))
        s.settimeout(5)
        try:
            while True:
                tree = ET.fromstring(s.recv(65536))
                if text(tree, ADDRESSING, "RelatesTo") == message:
                    return tree
        except socket.timeout:
            return None


def metadata(address, endpoint):
    """What the device says of itself over HTTP."""
    _, data = envelope(GET, endpoint, "")
    request = urllib.request.Request(address, data, {"Content-Type": "application/soap+xml"})
    return ET.fromstring(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).read())


def probe(family):
    """Probe, Resolve and Get, as Windows does, prefixes included: wsdd reads them as part of the name."""
    answer = ask(family, "Probe", "<d:Probe><d:Types>wsdp:Device</d:Types></d:Probe>")
    if answer is None:
        return {}
    endpoint = text(answer, ADDRESSING, "Address")
    for address in answer.iter(f"{{{ADDRESSING}}}Address"):
        if (address.text or "").startswith("urn:uuid:"):
            endpoint = address.text
    found = {"types": text(answer, DISCOVERY, "Types"), "endpoint": endpoint}
    answer = ask(family, "Resolve", "<d:Resolve><a:EndpointReference><a:Address>" + endpoint +
                 "</a:Address></a:EndpointReference></d:Resolve>")
    if answer is not None:
        found["address"] = text(answer, DISCOVERY, "XAddrs")
        if family == socket.AF_INET:  # urllib knows no scopes
            found["computer"] = "".join(metadata(found["address"], endpoint).itertext())
    return found


def listen():
    """Prints the action of each message that is multicast, until it is killed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((WSD4, WSD_PORT))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     struct.pack("4s4si", socket.inet_aton(WSD4), bytes(4), socket.if_nametoindex("cable")))
        print("listening", flush=True)
        while True:
            print(text(ET.fromstring(s.recv(65536)), ADDRESSING, "Action").rsplit("/", 1)[-1], flush=True)


# ---------------------------------------------------------------- the two namespaces

class Place:
    """A namespace with a bus and avahi-daemon; `enter` is the command that leads there."""

    def __init__(self, folder, name, enter):
        self.folder, self.name, self.enter, self.children = folder, name, enter, []
        self.bus = f"{folder}/{name}.bus"
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus}"}

    def run(self, *command, **more):
        return run([*self.enter, *command], env=self.env, **more)

    def start(self, *command, **more):
        p = subprocess.Popen([*self.enter, *command], stdin=subprocess.DEVNULL, env=self.env, **more)
        self.children.append(p)
        return p

    def services(self):
        for suffix, form in (("bus.conf", BUS), ("avahi.conf", AVAHI)):
            with open(f"{self.folder}/{self.name}.{suffix}", "w", encoding="ascii") as f:
                f.write(form.format(path=self.bus, name=self.name))
        with open(f"{self.folder}/{self.name}.log", "w", encoding="ascii") as log:
            self.start("dbus-daemon", f"--config-file={self.bus}.conf", "--nofork", "--nopidfile", stderr=log)
            wait_until(lambda: os.path.exists(self.bus))
            os.chmod(self.bus, 0o666)
            self.start("avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title", "-f",
                       f"{self.folder}/{self.name}.avahi.conf", stderr=log)
        good = wait_until(lambda: self.run("avahi-browse", "-atp").returncode == 0)
        with open(f"{self.folder}/{self.name}.log", encoding="ascii", errors="replace") as log:
            check(f"avahi-daemon runs in {self.name}", good, log.read())

    def stop(self):
        for p in reversed(self.children):
            p.terminate()
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def wait_until(what):
    end = time.monotonic() + PATIENCE
    while not (result := what()) and time.monotonic() < end:
        time.sleep(0.2)
    return result


def cable(here, there, pid):
    """A pair of interfaces. False: no IPv6 here."""
    run(["ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(pid)])
    for place, address in ((here, HERE), (there, THERE)):
        place.run("ip", "link", "set", "lo", "up")
        place.run("ip", "addr", "add", f"{address}/24", "dev", "cable")
        place.run("ip", "link", "set", "cable", "up")
    settled = wait_until(lambda: all("tentative" not in p.run("ip", "-6", "addr", "show", "cable").stdout and
                                     "fe80" in p.run("ip", "-6", "addr", "show", "cable").stdout
                                     for p in (here, there)))
    if "cable" not in here.run("ip", "link").stdout:
        skip("no pair of interfaces can be made here")
    return settled


def browse(place, service):
    """(name, address, port, TXT) of what was found and resolved."""
    out = place.run("avahi-browse", "-rtp", service).stdout
    rows = [line.split(";") for line in out.split("\n") if line.startswith("=;cable;")]
    return [(r[3].replace("\\032", " "), r[7], int(r[8]), r[9]) for r in rows]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(x) for x in f.read().split()]


def user_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^Uid:\s+(\d+)", f.read(), re.M).group(1))


# ---------------------------------------------------------------- the checks

def serve(here, plugin, *options):
    p = here.start(os.environ["DISCOVERY_SMBKIT"], "--user", f"{USER}%{PASSWORD}", "--server-name", NAME, "--share",
                   f"docs={plugin},timemachine=on", "--share", f"other={plugin}", *options,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in p.stdout:
        lines.append(line)
        if "mount.cifs" in line and "other" in line:
            break
    return p, "".join(lines)


def end(p, number=signal.SIGTERM):
    p.send_signal(number)
    _, err = p.communicate(timeout=60)
    return p.returncode, err


def found_by_mdns(there):
    smb = wait_until(lambda: [r for r in browse(there, "_smb._tcp") if ":" not in r[1]])
    check("_smb._tcp", smb == [(NAME, HERE, 445, "")], str(smb))
    model = wait_until(lambda: browse(there, "_device-info._tcp"))
    check("_device-info._tcp", model and model[0][0] == NAME and '"model=RackMac"' in model[0][3], str(model))
    disk = wait_until(lambda: browse(there, "_adisk._tcp"))
    check("_adisk._tcp", disk and '"dk0=adVN=docs,adVF=0x82"' in disk[0][3] and "other" not in disk[0][3], str(disk))
    if smb:
        out = there.run("smbclient", f"//{smb[0][1]}/docs", "-p", str(smb[0][2]), "-U", f"{USER}%{PASSWORD}",
                        "--configfile=/dev/null", "-c", "ls")
        check("what was found is there", out.returncode == 0, out.stdout)


def found_by_wsd(there, families):
    for family in families:
        what = f"WS-Discovery over {family}"
        out = there.run(sys.executable, os.path.abspath(__file__), "probe", family)
        found = json.loads(out.stdout) if out.returncode == 0 else {}
        check(f"{what}: Probe", "Computer" in found.get("types", ""), out.stdout)
        check(f"{what}: Resolve", ":5357/" in found.get("address", ""), out.stdout)
        if family == "ipv4":
            check(f"{what}: Get", f"{NAME}/Workgroup:WORKGROUP" in found.get("computer", ""), out.stdout)


def test_found(here, there, plugin, families):
    """From the first Hello to the last Bye."""
    listener = there.start(sys.executable, os.path.abspath(__file__), "listen", stdout=subprocess.PIPE, text=True)
    listener.stdout.readline()
    p, lines = serve(here, plugin, "--discovery=on", "--listen", ":445")
    check("says so", f"Shown in the network as '{NAME}' (mDNS and WS-Discovery)." in lines, lines)
    helpers = children(p.pid)
    check("four helpers", len(helpers) == 4, str(helpers))
    check("they are nobody's", wait_until(lambda: all(user_of(h) != 0 for h in helpers)))
    found_by_mdns(there)
    found_by_wsd(there, families)
    status = end(p)
    check("ends", status == (0, ""), str(status))
    check("no helper stays", not any(os.path.exists(f"/proc/{h}") for h in helpers), str(helpers))
    for service in ("_smb._tcp", "_device-info._tcp", "_adisk._tcp"):
        check(f"{service} is taken back", wait_until(lambda s=service: not browse(there, s)))
    time.sleep(1)
    listener.terminate()
    heard = listener.communicate(timeout=10)[0].split()
    check("Hello and Bye", "Hello" in heard and heard[-1] == "Bye", str(heard))


def test_killed(here, there, plugin):
    """The helpers end with a server that cannot tell them so; auto starts what there is."""
    p, lines = serve(here, plugin, "--listen", f"{HERE}:445")
    check("auto", "(mDNS and WS-Discovery)" in lines, lines)
    helpers = children(p.pid)
    check("found", wait_until(lambda: browse(there, "_smb._tcp")))
    end(p, signal.SIGKILL)
    check("no helper outlives it", wait_until(lambda: not any(os.path.exists(f"/proc/{h}") for h in helpers)))
    check("gone", wait_until(lambda: not browse(there, "_smb._tcp")))


def test_not_shown(here, plugin):
    """Who cannot be reached, or does not want to be found, is not shown; who insists is told why."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind((HERE, 5357))
    taken.listen()
    rows = [(("--listen", "127.0.0.1:445"), ""),
            (("--listen", "127.0.0.1:445", "--listen", "[::1]:445", "--discovery=on"), "only this machine can reach"),
            (("--listen", ":445", "--discovery=off"), ""),
            (("--listen", ":4445", "--discovery=wsd"), "no port but 445"),
            (("--listen", ":445", "--discovery=wsd"), "another program answers WS-Discovery")]
    for options, complaint in rows:
        p, lines = serve(here, plugin, *options)
        check(f"{options}: no helpers", children(p.pid) == [] and "Shown" not in lines, lines)
        status, err = end(p)
        check(f"{options}: {complaint or 'nothing to say'}", status == 0 and (complaint in err if complaint else not err),
              err)
    taken.close()


def test_helper_ends(here, plugin):
    p, _ = serve(here, plugin, "--listen", ":445", "--discovery=mdns")
    for h in children(p.pid):
        os.kill(h, signal.SIGKILL)
    check("ended helpers are waited for", wait_until(lambda: not children(p.pid)))
    status, err = end(p)
    check("and spoken of", status == 0 and "a program for --discovery has ended" in err, err)


def test_missing(here, plugin):
    """Without the programs: auto says nothing, who insists is told what to install."""
    for program in ("avahi-publish", "wsdd"):
        out = run(["mount", "--bind", "/dev/null", os.path.realpath(shutil.which(program))])
        check(f"{program} is taken away", out.returncode == 0, out.stdout)
    for options, complaints in ((), ()), (("--discovery=on",), ("package avahi-utils", "package wsdd")):
        p, lines = serve(here, plugin, "--listen", ":445", *options)
        status, err = end(p)
        check(f"{options}: without programs", status == 0 and "Shown" not in lines and
              len(err.splitlines()) == len(complaints) and all(c in err for c in complaints), err)


def inside(smbkit, plugin):
    os.environ["DISCOVERY_SMBKIT"] = smbkit
    run(["mount", "-t", "tmpfs", "none", "/run"])
    with scratch() as folder:
        os.chmod(folder, 0o755)
        holder = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c", "mount -t tmpfs none /run && echo && exec sleep 600"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
        here = Place(folder, "here", [])
        there = Place(folder, "there", ["nsenter", "-t", str(holder.pid), "-n", "-m"])
        try:
            v6 = cable(here, there, holder.pid)
            if not v6:
                print("no IPv6 here: IPv4 only")
            here.services()
            there.services()
            test_found(here, there, plugin, ["ipv4", "ipv6"] if v6 else ["ipv4"])
            test_killed(here, there, plugin)
            test_not_shown(here, plugin)
            test_helper_ends(here, plugin)
            test_missing(here, plugin)
        finally:
            here.stop()
            there.stop()
            holder.terminate()
            holder.wait()
    finish()


def outside(smbkit, plugin):
    missing = [p for p in PROGRAMS if shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if missing:
        skip("not installed: " + ", ".join(missing) + " (tools/deps.sh check installs them)")
    if os.geteuid() != 0:
        skip("network namespaces and port 445 need root")
    probed = run(["unshare", "-n", "-m", "mount", "-t", "tmpfs", "none", "/run"])
    if probed.returncode != 0:
        skip("no namespaces here: " + probed.stdout.strip())
    sys.exit(subprocess.run(["unshare", "-n", "-m", sys.executable, os.path.abspath(__file__), "inside",
                             os.path.abspath(smbkit), os.path.abspath(plugin)], stdin=subprocess.DEVNULL,
                            env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}).returncode)


def main():
    mode, *more = sys.argv[1:]
    if mode == "probe":
        print(json.dumps(probe(socket.AF_INET if more == ["ipv4"] else socket.AF_INET6)))
    elif mode == "listen":
        listen()
    elif mode == "inside":
        inside(*more)
    else:
        outside(mode, *more)


if __name__ == "__main__":
    main()
