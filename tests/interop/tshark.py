#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets Wireshark look on while clients work, and fails on what it finds wrong in our packets.

Captures on the loopback: signed sessions of several dialects and clients, and a sealed one with each cipher,
which is decrypted with the password. No packet may be malformed, no protocol above TCP may have a
remark of severity warning or error, and notes must stand in TOLERATED with a reason.
Skipped (77) with the reason when this user may not capture.

In the capture our port becomes 445: on any other one Wireshark takes the length of a frame for 17 bits
and the server's first token for a client's, and calls both malformed.
"""
import os
import re
import signal
import struct
import subprocess
import sys
import time

from peer import (HERE, HOST, PASSWORD, PORT, SHARE, USER, check, finish, need, payload, run,
                  scratch, skip)

# (protocol, what its summary begins with): why it is no fault of ours.
TOLERATED = {
    ("TCP", ""): "the loopback and its buffers, not SMB",
}
# [MS-SMB2] 2.2.3.1.2
CIPHERS = {"AES-128-CCM": 1, "AES-128-GCM": 2, "AES-256-CCM": 3, "AES-256-GCM": 4}
COMMANDS = ("put file a; get a back; allinfo a; mkdir d; cd d; put ../file b; rename b c; ls; del c; "
            "cd ..; rmdir d; ls; volume; del a; mkdir x; rmdir x; cd nowhere; get nothing")


class Capture:
    """dumpcap on the loopback, from `with` until its end."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.process = subprocess.Popen(
            ["dumpcap", "-P", "-i", "lo", "-f", f"tcp port {PORT}", "-B", "64", "-w", self.path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = ""
        for line in self.process.stderr:
            said += line
            if line.startswith("File:"):
                break
        if self.process.poll() is not None or "File:" not in said:
            self.process.wait()
            skip("dumpcap may not capture on the loopback here: " + " ".join(said.split()))
        time.sleep(0.5)
        return self

    def __exit__(self, *what):
        time.sleep(1)  # what is still in its buffer
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
        relabel(self.path)


def relabel(path):
    """Port 445 for ours, in a file of the old pcap form: Ethernet, IPv4 or IPv6, TCP."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    order = "<" if data[:1] in (b"\xd4", b"\x4d") else ">"
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        ip = at + 16 + 14
        tcp = ip + ((data[ip] & 15) * 4 if data[ip] >> 4 == 4 else 40)
        for port in (tcp, tcp + 2):
            if struct.unpack_from(">H", data, port)[0] == int(PORT):
                struct.pack_into(">H", data, port, 445)
        at += 16 + length
    with open(path, "wb") as f:
        f.write(data)


def tshark(path, *args):
    return run(["tshark", "-r", path, "-o", f"ntlmssp.nt_password:{PASSWORD}", *args])


def count(path, display_filter):
    out = tshark(path, "-Y", display_filter, "-T", "fields", "-e", "frame.number")
    return sum(line.strip().isdigit() for line in out.stdout.split("\n"))


def smbclient(folder, protocol, *options):
    return run(["smbclient", f"//{HOST}/{SHARE}", "-p", PORT, "-U", f"{USER}%{PASSWORD}",
                "--configfile=/dev/null", f"--option=client min protocol={protocol}",
                f"--option=client max protocol={protocol}", "--use-kerberos=off", *options,
                "-c", COMMANDS], cwd=folder)


def tolerated(protocol, summary):
    return any(p == protocol and summary.startswith(s) for p, s in TOLERATED)


def experts(path):
    """(severity, count, group, protocol, summary) of each row of Wireshark's table."""
    severity = ""
    for line in tshark(path, "-q", "-z", "expert,note").stdout.split("\n"):
        m = re.match(r"(Errors|Warns|Notes) \(\d+\)", line)
        if m:
            severity = m.group(1)
        m = re.match(r"\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*\S)", line)
        if m and severity:
            yield (severity, *m.groups())


def judge(name, path):
    shown = tshark(path, "-Y", "_ws.malformed").stdout
    check(f"{name}: no malformed packet", count(path, "_ws.malformed") == 0, shown)
    for severity, number, group, protocol, summary in experts(path):
        what = f"{name}: {severity} of {protocol} ({group}), {number} times: {summary}"
        if tolerated(protocol, summary):
            print(f"tolerated: {what}")
        else:
            check(what, False)
    requests = count(path, "smb2.flags.response == 0")
    replies = count(path, "smb2.flags.response == 1")
    check(f"{name}: {requests} requests and {replies} replies were seen",
          requests > 20 and replies > 20)


def main():
    need("dumpcap", "tshark", "smbclient")
    with scratch() as folder:
        with open(f"{folder}/file", "wb") as f:
            f.write(payload(200000))
        with Capture(f"{folder}/signed.pcap"):
            for protocol in ("SMB2_02", "SMB2_10", "SMB3_00", "SMB3_11"):
                smbclient(folder, protocol, "--client-protection=sign")
            run([sys.executable, os.path.join(HERE, "impacket_client.py")])
            run([sys.executable, os.path.join(HERE, "smbc_client.py")])
        judge("signed", f"{folder}/signed.pcap")
        for cipher in ("AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"):
            path = f"{folder}/{cipher}.pcap"
            with Capture(path):
                smbclient(folder, "SMB3_11", "--client-protection=encrypt",
                          f"--option=client smb3 encryption algorithms={cipher}")
            check(f"{cipher}: chosen", count(path, f"smb2.negotiate_context.cipher_id == {CIPHERS[cipher]}") > 1)
            check(f"{cipher}: decrypted", count(path, "smb2.cmd == 5") > 10)
            judge(cipher, path)
    finish()


if __name__ == "__main__":
    main()
