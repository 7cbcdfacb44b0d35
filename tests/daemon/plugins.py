#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plugins that block: on worker threads, one call at a time where that is promised; one that hangs
at the end; files that are no plugins.

Arguments: the program, the test plugin as SERIAL, as PARALLEL, as ASYNC and for another interface version, and a
filter for another one.
"""
import os
import re
import shutil
import subprocess
import sys
import time

from program import HOME, check, environment, finish, ready, run, start

SERIAL, PARALLEL, ASYNC, OTHER_ABI, OTHER_FILTER = sys.argv[2:7]
GET = 'smbclient "$unc" -p $port -U "$user%$password" -c "get hello -" 2>/dev/null'


def test_refused():
    text = os.path.join(HOME, "smbkit-text-plugin.so")
    with open(text, "w", encoding="utf-8") as f:
        f.write("not a library\n")
    libc = subprocess.run(["cc", "-print-file-name=libm.so.6"], capture_output=True, text=True,
                          check=False).stdout.strip()
    rows = [
        ((OTHER_ABI,), f"plugin {OTHER_ABI} was made for another version of the plugin interface"),
        ((SERIAL, "delay=x"), "share 'x': testing: delay=x is not valid"),
        ((SERIAL, "delay=666"), "share 'x': testing: delay=666 is not to my taste"),
        ((text,), f"cannot load {text}"),
        (("text", "--plugin-path", HOME), f"cannot load {text}"),
    ]
    rows += [
        (("file",), "share 'x': file: parameter 'path' must be given"),
        (("--filter", OTHER_FILTER, PARALLEL),
         f"filter {OTHER_FILTER} was made for another version of the server; a filter must be"),
        (("--filter", PARALLEL, PARALLEL),
         f"cannot load {PARALLEL}: undefined symbol: smbkit_filter"),
        ((OTHER_FILTER,),
         f"cannot load {OTHER_FILTER}: undefined symbol: smbkit_plugin"),
    ]
    if "/" in libc:
        rows.append(((libc,), f"cannot load {libc}"))
    for args, message in rows:
        r = run("--run", "true", "--name", "x", *args)
        check(f"refused {args}", r.returncode == 2 and len(r.stderr.splitlines()) == 1 and
              r.stderr.startswith("smbkit: " + message), r.stderr)
    shutil.copy(PARALLEL, os.path.join(HOME, "smbkit-testing-plugin.so"))
    for more in ({"SMBKIT_PLUGIN_PATH": f"/nonexistent:{HOME}"}, {}):
        args = () if more else ("--plugin-path", f":{HOME}:")
        r = run("--run", "true", *args, "testing", **more)
        check(f"found {args}{more}", r.returncode == 0, r.stderr)


def test_models():
    many = " & ".join([GET] * 6) + " & wait"
    for plugin in (SERIAL, PARALLEL):
        for threads in ("1", "8"):
            r = run("--threads", threads, "--name", "x", "--run", many, plugin, "delay=3")
            check(f"{os.path.basename(plugin)} with {threads} threads",
                  r.stdout.count("hello from a worker\n") == 6, r.stdout + r.stderr)


def test_slow_call_holds_nobody_up():
    """While one share hangs in a call the other is served."""
    hang = 'smbclient "//127.0.0.1/a" -p $port -U "$user%$password" -c "get hang" >/dev/null 2>&1 &'
    r = run("--threads", "2", "--share", f"b={SERIAL}", "--share", f"a={SERIAL},hang=1500",
            "--run", f"{hang} sleep 0.3; {GET}")
    check("served beside a slow share", "hello from a worker" in r.stdout, r.stdout + r.stderr)
    hang = ('for s in a c; do for i in 1 2 3; do smbclient "//127.0.0.1/$s" -p $port -U '
            '"$user%$password" -c "get hang" >/dev/null 2>&1 & done; done; ')
    r = run("--threads", "2", "--drain-timeout", "1s", "--share", f"b={PARALLEL}", "--share",
            f"a={PARALLEL},hang=4000", "--share", f"c={SERIAL},hang=4000", "--run",
            f"{hang} sleep 1; timeout 2 {GET}")
    check("served beside two shares that hang in every thread", "hello from a worker" in r.stdout,
          r.stdout + r.stderr)


def test_broken_contract():
    """Each breach is named in one line of the log, and the server goes on. No thread is a wrong one."""
    use = ('smbclient "$unc" -p $port -U "$user%$password" '
           '-c "get twice; get long -; get elsewhere -; get hello -" 2>/dev/null')
    for plugin in (SERIAL, PARALLEL):
        r = run("--name", "x", "--run", use, plugin)
        lines = [line for line in r.stderr.splitlines() if "error: " in line]
        told = ("plugin testing: open was answered twice; the second answer is ignored",
                "plugin testing: impossible answer to read: more bytes than were asked for")
        check("named", all(sum(text in line for line in lines) == 1 for text in told) and
              len(lines) == 2, r.stderr)
        check("goes on", r.stdout.count("hello from a worker") == 2 and
              "NT_STATUS_OBJECT_NAME_NOT_FOUND" in r.stdout, r.stdout)


def test_blocks_the_loop():
    """A plugin that says it never blocks and does: nobody is served meanwhile, and the log says by whom."""
    hang = 'smbclient "$unc" -p $port -U "$user%$password" -c "get hang" >/dev/null 2>&1; '
    r = run("--name", "x", "--run", f"{hang} {GET}", ASYNC, "hang=8000")
    check("served afterwards", "hello from a worker" in r.stdout, r.stdout + r.stderr)
    said = r.stderr.find("share 'x': testing does not return from open for 5 seconds")
    back = re.search(r"share 'x': testing has returned from open after (\d+) seconds", r.stderr)
    check("who blocks is named", 0 <= said and back and said < back.start() and int(back[1]) >= 7, r.stderr)
    check("once", r.stderr.count("does not return") == 1, r.stderr)


def begin_hang():
    p = start("--listen", "127.0.0.1:0", "--user", "a%b", "--drain-timeout", "1s", "--name", "x",
              SERIAL, "hang=3600000")
    port = ready(p)[0].rsplit(":", 1)[1]
    client = subprocess.Popen(["smbclient", "//127.0.0.1/x", "-p", port, "-U", "a%b", "-t", "60",
                               "-c", "get hang"], env=environment(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    return p, client, time.monotonic()


def test_hang_at_the_end(p, client, began):
    """A call that is never answered is named after half a minute, and the end is not held up."""
    time.sleep(max(0, began + 33 - time.monotonic()))
    began = time.monotonic()
    p.terminate()
    err = p.communicate(timeout=30)[1]
    told = re.findall(r"share 'x': testing has not answered open for (\d+) seconds\n", err)
    check("named", len(told) == 1 and int(told[0]) >= 30, err)
    check("status when a plugin hangs", p.returncode == 1, p.returncode)
    check("told why", "something is still in work" in err, err)
    check("in time", time.monotonic() - began < 10)
    client.wait(timeout=60)


def test_command_and_hang():
    """--run ends with the command's status, but not with success when the end of the server failed."""
    hang = 'smbclient "$unc" -p $port -U "$user%$password" -c "get hang" >/dev/null 2>&1 & sleep 1; '
    for status, want in ((0, 1), (7, 7)):
        r = run("--drain-timeout", "1s", "--name", "x", "--run", f"{hang} exit {status}", SERIAL,
                "hang=3600000")
        check(f"--run ends with {status}", r.returncode == want, f"{r.returncode} {r.stderr}")


if shutil.which("smbclient") is None:
    print("smbclient is not installed")
    sys.exit(77)
hanging = begin_hang()
test_refused()
test_models()
test_slow_call_holds_nobody_up()
test_broken_contract()
test_blocks_the_loop()
test_hang_at_the_end(*hanging)
test_command_and_hang()
finish()
