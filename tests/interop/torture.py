#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Samba's smbtorture against a server of its own and compares with what is expected.

torture.tsv beside this file has a line for each test: its name, its settings (separated by spaces:
share=NAME, server=NAME, user=NAME, timeout=SECONDS, target=NAME, option=NAME=VALUE, each also as
dir:NAME=VALUE when it is for the plugin dir alone), the expected result over the plugin memory, over dir on
ext4 and over dir on tmpfs (pass, fail, skip, or - where the test is not run), Samba's own best result, and the
reason for every result that is not pass. A test that is expected to pass and does not is tried once more
alone, because many of them measure time and this machine may be busy; when it fails again, that is a failure
of this run. A change for the better is named, and recorded with --update.

Every test has a process of its own and ends with it. The tests use fixed names: each job has a share of
its own. A test with server=NAME has a server of its own, too, which is set up as OWN_SERVERS says, on port
445 of a network namespace of its own: there the way to the client can be cut, by torture:use_iptables=yes. The one
called kerberos has a KDC beside it, and its client logs on with a ticket.
"""
import argparse
import contextlib
import csv
import fnmatch
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import kdc
from port445 import namespace, why_not

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "torture.tsv")
COLUMNS = ["test", "settings", "memory", "dir", "tmpfs", "samba", "reason"]
# The columns that are run: the plugin, and the type of the file system that it lies on as stat -f says.
RUN = {"memory": ("memory", None), "dir": ("dir", "ext2/ext3"), "tmpfs": ("dir", "tmpfs")}
SKIPPED = 77
SHARES = ["a", "b", "c", "d"]
USER, PASSWORD, USER2, ADMIN = "tester", "secret", "tester2", "admin"
EVENT = re.compile(r"^(success|failure|error|skip): (.*?)( \[)?$")
LIMIT = 60  # seconds
PATIENCE = float(os.environ.get("SMBKIT_PATIENCE", "1"))  # times each limit: for slow builds

# Shares that some tests want beside the one they are given: what follows the plugin's own parameters,
# and the filters before it.
SPECIAL = {
    "bare": ("", ["without,what=compression+streams"]),
    "plain": ("", ["without,what=compression+streams"]),
    "slow": ("", ["delay,time=2s,ops=read"]),
    "hideunread": (",hide-unreadable=on", []),
    "keeping": (",keep-acl-flags=on", []),
    "hiding": (",hide-files=hidefile+.*", []),
    "noperm": ("", ["error,status=ACCESS_DENIED"]),
    "nonotify": ("", ["error,status=NOT_IMPLEMENTED,ops=watch"]),
}

# The files that the tests of snapshots want, now and then; here for smbclient.
SNAPSHOT = "@GMT-2015.10.31-19.40.30"
SNAPSHOT_FILES = ("printf abc >file; for s in {share} then; do smbclient -p {port} -U {user} //127.0.0.1/$s -c "
                  '"put file foo; put file foo:bar; mkdir subdir; put file subdir/hardlink"; done')
# Servers of their own: in what their settings differ from those of the server that runs all other tests, and
# what is done before the test. {place} is a new folder, {share} the share of the test.
OWN_SERVERS = {
    "own": ([], ""),
    "local": (["--share", "local=dir,path={place},as=server,acls=user.NTACL"], ""),
    "signing": (["--signing", "required"], ""),
    "asleep": (["--filter", "{share}=asleep"], ""),
    "lost": (["--filter", "{share}=error,status=OBJECT_NAME_NOT_FOUND,ops=getattr,nth=1"], ""),
    "kerberos": (["--keytab", "{place}/keytab"], ""),
    "snapshot": (["--share", "then=dir,path={place},as=server",
                  "--snapshot", "{share}=" + SNAPSHOT + "=dir,path={place},as=server"], SNAPSHOT_FILES),
}
OWN_PORT = 445
# The client's machine acknowledges at once there: an acknowledgment that is held back, and then cut off with
# the way, has the server wait with what it sends next, which the tests expect to arrive.
AT_ONCE = ["sh", "-c", "ip route replace table local local 127.0.0.1 dev lo proto kernel scope host "
           'src 127.0.0.1 quickack 1 && exec "$@"', "sh"]


def read_list():
    with open(LIST, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def write_list(rows):
    with open(LIST, "w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, COLUMNS, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None,
                             lineterminator="\n")
        out.writeheader()
        out.writerows(sorted(rows, key=lambda r: r["test"]))


# ---------------------------------------------------------------- one test

def judge(status, out):
    """(result, reason) from smbtorture's subunit lines."""
    seen = set()
    reason = ""
    lines = out.splitlines()
    for i, line in enumerate(lines):
        event = EVENT.match(line)
        if not event:
            continue
        seen.add(event.group(1))
        if event.group(3) and event.group(1) != "success" and not reason:
            end = lines.index("]", i) if "]" in lines[i:] else len(lines)
            reason = " ".join(" ".join(lines[i + 1:end]).split())
    if seen & {"error", "failure"}:
        return "fail", reason
    if status != 0 or not seen:
        return "fail", f"smbtorture ended with status {status} without a verdict"
    return ("pass", "") if "success" in seen else ("skip", reason)


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def settings_of(row, plugin):
    """Pairs of name and value; what is set for this plugin alone first."""
    all_of_them = [s.partition("=")[::2] for s in row["settings"].split()]
    mine = [(k.removeprefix(plugin + ":"), v) for k, v in all_of_them if k.startswith(plugin + ":")]
    return mine + [(k, v) for k, v in all_of_them if ":" not in k]


def client(row, settings, share, folder, port):
    """The command line of smbtorture."""
    target = next((v for k, v in settings if k == "target"), "other")
    user = next((v for k, v in settings if k == "user"), USER)
    kerberos = ("server", "kerberos") in settings
    host = kdc.HOST if kerberos else "127.0.0.1"
    user = f"{user}@{kdc.REALM}" if kerberos else user
    command = ["smbtorture", "--configfile=/dev/null", f"--basedir={folder}", "--format=subunit",
               "--fullname", f"--target={target}", f"--use-kerberos={'required' if kerberos else 'off'}",
               f"--smb-ports={port}", "--option=torture:progress=no",
               f"--option=torture:user2name={USER2}", f"--option=torture:user2password={PASSWORD}"]
    command += [f"--option={name}={folder}" for name in (
        "private dir", "lock directory", "state directory", "cache directory", "pid directory",
        "ncalrpc dir")]
    command += [f"--option={v}" for k, v in settings if k == "option"]
    return [*command, f"--user={user}%{PASSWORD}", f"//{host}/{share}", row["test"]]


def own_server(args, name, share, command):
    """The command line of a server that runs the command in a namespace of its own. It has the share, and
    whatever else its options say."""
    share = share if share in SHARES else SHARES[0]
    place = tempfile.mkdtemp(prefix="own.", dir=os.environ["SMBKIT_TORTURE"])
    names = {"place": place, "share": share, "port": OWN_PORT, "user": f"{USER}%{PASSWORD}"}
    options, before = OWN_SERVERS[name]
    options = [o.format(**names) for o in options]
    if before:
        command = ["sh", "-c", before.format(**names) + '; exec "$@"', "sh", *command]
    command = [w.replace("{place}", place) for w in command]
    command = server(args, place, OWN_PORT, [share], options, command)
    if name == "kerberos":
        command = [sys.executable, os.path.join(HERE, "kdc.py"), place, f"{USER}%{PASSWORD}", *command]
    return namespace([*AT_ONCE, *command])


def torture(args, row, share, folder):
    settings = settings_of(row, RUN[args.column][0])
    share = next((v for k, v in settings if k == "share"), share)
    own = next((v for k, v in settings if k == "server"), None)
    limit = next((float(v) for k, v in settings if k == "timeout"), LIMIT) * PATIENCE
    command = client(row, settings, share, folder, OWN_PORT if own else os.environ["port"])
    if own:
        command = own_server(args, own, share, command)
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.DEVNULL, cwd=folder, start_new_session=True)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        end_group(process)
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    if status is None:
        return "fail", f"no end after {limit:g} s"
    return judge(status, text)


# ---------------------------------------------------------------- all of them

class Run:
    def __init__(self, rows, args):
        self.rows = iter(rows)
        self.args = args
        self.column = args.column
        self.results = {}   # test -> (result, reason)
        self.seconds = {}
        self.lock = threading.Lock()

    def one(self, row, share, folder):
        start = time.monotonic()
        self.results[row["test"]] = torture(self.args, row, share, folder)
        self.seconds[row["test"]] = time.monotonic() - start

    def worker(self, share):
        with tempfile.TemporaryDirectory(prefix="smbkit-torture.") as folder:
            while True:
                with self.lock:
                    row = next(self.rows, None)
                if row is None:
                    return
                self.one(row, share, folder)

    def worse(self, row):
        return row[self.column] == "pass" and self.results[row["test"]][0] != "pass"

    def again(self, rows):
        """Those that did not pass as expected, one at a time; says which were saved by that."""
        with tempfile.TemporaryDirectory(prefix="smbkit-torture.") as folder:
            for row in filter(self.worse, rows):
                first = self.results[row["test"]][1]
                self.one(row, SHARES[0], folder)
                if not self.worse(row):
                    print(f"passed at the second try: {row['test']}: {first}", flush=True)


def chosen(args):
    rows = [r for r in read_list() if r[args.column] != "-"
            and any(fnmatch.fnmatchcase(r["test"], g) for g in args.only or ["*"])]
    if args.passing:
        rows = [r for r in rows if r[args.column] == "pass"]
    for setting, why in (("server=", why_not), ("server=kerberos", kdc.host_missing)):
        own = [r["test"] for r in rows if setting in r["settings"]]
        reason = why() if own else None
        if reason:
            print(f"{len(own)} tests are not run: {reason}")
            rows = [r for r in rows if r["test"] not in own]
    return rows


def inside(args):
    rows = chosen(args)
    # the long ones first, that none is left alone at the end
    order = sorted(rows, key=lambda r: "timeout=" not in r["settings"])
    run = Run(order, args)
    threads = [threading.Thread(target=run.worker, args=(s,)) for s in SHARES[:args.jobs]]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    run.again(rows)
    return report(rows, run, args)


def report(rows, run, args):
    counts = dict.fromkeys(("pass", "fail", "skip"), 0)
    worse = []
    for row in rows:
        result, reason = run.results[row["test"]]
        counts[result] += 1
        if run.worse(row):
            worse.append(f"FAILED {row['test']} ({run.seconds[row['test']]:.1f} s): {reason}")
        elif result == "pass" and row[args.column] != "pass":
            print(f"better than expected: {row['test']}")
        elif args.verbose and result != "pass":
            print(f"{result} {row['test']}: {reason}")
    print(f"smbtorture over {args.column}: {counts['pass']} pass, {counts['fail']} fail, "
          f"{counts['skip']} are skipped by smbtorture")
    if args.update:
        results = {t: r[0] for t, r in run.results.items()}
        write_list([{**r, args.column: results.get(r["test"], r[args.column])}
                    for r in read_list()])
    print("\n".join([*worse, f"{len(rows) - len(worse)} as expected, {len(worse)} worse"]))
    return 1 if worse or not rows else 0


def file_system(folder):
    out = subprocess.run(["stat", "-f", "-c", "%T", folder], stdout=subprocess.PIPE, text=True,
                         check=True)
    return out.stdout.strip()


@contextlib.contextmanager
def mounted(folder):
    """The folder as a tmpfs; says False where that cannot be made."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,mode=0700", "smbkit-torture", folder],
                          stderr=subprocess.PIPE, text=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=False)


def server(args, folder, port, shares, options, command):
    """The command line of a server that runs `command`; what it serves is new and lies in the folder."""
    plugin = RUN[args.column][0]
    words = [os.path.abspath(args.smbkit), "--listen", f"127.0.0.1:{port}", "--signing", "offered",
             "--anonymous", "--log-level", "error", "--admins", ADMIN, *options]
    for user in (USER, USER2, ADMIN):
        words += ["--user", f"{user}%{PASSWORD}"]
    for share in shares:
        parameters = ""
        if plugin == "dir":
            path = os.path.join(folder, share)
            os.mkdir(path)
            parameters = f",path={path},as=server"
        more, filters = SPECIAL.get(share, ("", []))
        words += ["--share", f"{share}={plugin}{parameters}{more}"]
        for f in filters:
            words += ["--filter", f"{share}={f}"]
    return [*words, "--run", "exec " + shlex.join(command)]


def serve(args, folder):
    """Starts the server, which runs this program again as its command."""
    env = {**os.environ, "SMBKIT_TORTURE": folder}
    if args.plugins:
        env["SMBKIT_PLUGIN_PATH"] = ":".join(map(os.path.abspath, args.plugins.split(":")))
    command = server(args, folder, 0, [*SHARES, *SPECIAL], [],
                     [sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, check=False).returncode


def run_column(args):
    """Finds or makes a folder on the file system that the column is for."""
    wanted = RUN[args.column][1]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="smbkit-torture.",
                                                                 dir=args.folder))
        if wanted == "tmpfs" and file_system(folder) != wanted and \
                not stack.enter_context(mounted(folder)):
            print("the column tmpfs is not run: only root may mount one, and --folder names none")
            return SKIPPED
        if wanted is not None and file_system(folder) != wanted:
            message = f"{folder} is on {file_system(folder)} and not on {wanted}"
            if args.update or not args.folder:
                print(f"the column {args.column} is not run: {message}: use --folder")
                return SKIPPED
            print(message)
        return serve(args, folder)


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("smbkit", help="the program")
    p.add_argument("--plugins", help="folders of plugins and filters, separated by ':'")
    p.add_argument("--column", choices=RUN, default="memory",
                   help="what is run (default: memory)")
    p.add_argument("--folder", help="for the shares of dir (default: a temporary one)")
    p.add_argument("--only", action="append", metavar="GLOB", help="tests (may be repeated)")
    p.add_argument("--passing", action="store_true",
                   help="only those that are expected to pass: the others cannot become worse")
    p.add_argument("--jobs", type=int, default=len(SHARES))
    p.add_argument("--update", action="store_true", help="record what came out")
    p.add_argument("--verbose", action="store_true", help="name every failure and its reason")
    return p.parse_args()


def main():
    args = arguments()
    if shutil.which("smbtorture") is None:
        print("smbtorture is not installed: run make check, which installs it")
        return 1
    if os.environ.get("SMBKIT_TORTURE"):
        return inside(args)
    return run_column(args)


if __name__ == "__main__":
    sys.exit(main())
