#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs with a server inside, built out of tree with nothing but what `meson install` has installed,
against the shared and the static library, and used by smbclient.

Usage: embed.py BUILD_FOLDER
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1])
SMB = 'smbclient --configfile=/dev/null -U'
WARNINGS = ["-Wall", "-Wextra", "-Werror"]

_failed = 0
_passed = 0


def check(what, good, detail=""):
    global _failed, _passed
    if good:
        _passed += 1
    else:
        _failed += 1
        print(f"FAILED {what}: {detail}", flush=True)
    return good


def finish():
    print(f"{_passed} passed, {_failed} failed")
    sys.exit(1 if _failed else 0)


def run(args, **more):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, check=False, **more)


def install(to):
    """The folder of pkg-config files in a staged installation."""
    r = run(["meson", "install", "-C", BUILD, "--destdir", to, "--no-rebuild", "--quiet"])
    check("meson install", r.returncode == 0, r.stdout + r.stderr)
    for folder, _, files in os.walk(to):
        if "smbkit.pc" in files:
            return folder
    return None


def pkg_config(stage, folder, *args):
    env = dict(os.environ, PKG_CONFIG_LIBDIR=folder + ":" + os.environ.get("PKG_CONFIG_PATH", "") +
               ":" + run(["pkg-config", "--variable", "pc_path", "pkg-config"]).stdout.strip(),
               PKG_CONFIG_SYSROOT_DIR=stage)
    r = run(["pkg-config", *args, "smbkit"], env=env)
    check(f"pkg-config {args}", r.returncode == 0, r.stderr)
    # what is not ours lies outside of the stage
    return [w if os.path.exists(w[2:]) or not w.startswith(("-I", "-L")) else
            w.replace(stage, "", 1) for w in r.stdout.split()]


def build(stage, pc, name, static):
    out = os.path.join(stage, name.replace(".", "-") + ("-static" if static else "-shared"))
    cxx = name.endswith(".cc")
    libs = pkg_config(stage, pc, "--libs", *(["--static"] if static else []))
    if static:
        libs = ["-Wl,-Bstatic" if w == "-lsmbkit" else w for w in libs]
        libs = [x for w in libs for x in ((w, "-lsmbkit", "-Wl,-Bdynamic")
                                          if w == "-Wl,-Bstatic" else (w,))]
    r = run(["c++" if cxx else "cc", "-std=c++17" if cxx else "-std=gnu11", *WARNINGS,
             *pkg_config(stage, pc, "--cflags"), "-o", out, os.path.join(HERE, name), *libs,
             "-pthread"])
    check(f"{name} compiles, {'static' if static else 'shared'}", r.returncode == 0, r.stderr)
    if r.returncode != 0:
        sys.exit(1)
    needed = run(["readelf", "-d", out]).stdout
    check(f"{name} needs the library", ("libsmbkit.so.1" in needed) != static, needed)
    return out


def use(program, libdir, folder, command=None):
    env = dict(os.environ, LD_LIBRARY_PATH=libdir)
    r = run([program, *([command] if command else [])], env=env, cwd=folder)
    # smbclient tells of its failures on its output
    lines = [x for x in (r.stdout + r.stderr).splitlines(True) if "NT_STATUS_" not in x]
    return r.returncode, "".join(lines)


def get(user, port, share, name="hello"):
    return f'{SMB} {user}%secret //127.0.0.1/{share} -p {port} -c "get {name} -" 2>/dev/null'


def wait_for(name):
    """Until the file has something in it; not for ever, because nobody ends a command that has lost its server."""
    return f"n=0; until [ -s {name} ] || [ $((n += 1)) -gt 600 ]; do sleep 0.05; done"


def order(text):
    return (f"rm -f obeyed; echo {text} >order; {SMB} ann%secret //127.0.0.1/x -p $port -c "
            f'"put order" >/dev/null 2>&1; {wait_for("obeyed")}')


def test_loop(program, libdir, folder):
    commands = f"{get('friend7', '$port', 'x')}; ! {get('stranger', '$port', 'x')}"
    status, out = use(program, libdir, folder, commands)
    check("own loop, users, log, memory", status == 0 and out == "from a loop\n", out)


def test_several(program, libdir, folder):
    one, two, three = get("ann", "$port1", "x"), get("ben", "$port2", "x"), get("cyd", "$port3", "x")
    commands = (f"{one} && {two} && {three} && ! {get('ben', '$port1', 'x')} && touch stop && "
                f"while [ -e stop ]; do sleep 0.05; done; ! {one} && {two} && {three}")
    status, out = use(program, libdir, folder, commands)
    check("several servers", status == 0 and out == "one\nboth\nboth\nboth\nboth\n", out)


def test_live(program, libdir, folder):
    y = get("ann", "$port", "y")
    commands = (f"rm -f first second replaced; ! {y}; {order('add y new')}; {y}; echo; "
                # one client stays connected while the share is replaced
                f"(echo 'get hello first'; {wait_for('replaced')}; echo 'get hello second') | "
                f"{SMB} ann%secret //127.0.0.1/y -p $port >/dev/null 2>&1 & "
                f"{wait_for('first')}; {order('replace y newer')}; {y}; echo; "
                "echo >replaced; wait; cat first; echo; cat second; echo; "
                f"{order('remove y')}; ! {y}")
    status, out = use(program, libdir, folder, commands)
    check("live shares", status == 0 and out.split() == ["new", "newer", "new", "newer"], out)


def main():
    if shutil.which("smbclient") is None or shutil.which("pkg-config") is None:
        print("no smbclient or pkg-config")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="smbkit-embed.") as stage:
        pc = install(stage)
        if pc is None:
            sys.exit("embed.py: no smbkit.pc was installed")
        libdir = os.path.dirname(pc)
        for static in (False, True):
            for name, test in (("loop.c", test_loop), ("several.c", test_several),
                               ("live.c", test_live)):
                test(build(stage, pc, name, static), libdir, stage)
            if shutil.which("c++"):
                status, out = use(build(stage, pc, "cplusplus.cc", static), libdir, stage)
                check("C++", status == 0, out)
        symbols = run(["nm", "-D", "--defined-only", os.path.join(libdir, "libsmbkit.so")]).stdout
        names = [line.split()[-1] for line in symbols.splitlines()]
        check("only smbkit_* is exported, at version 1", names and
              all(n.startswith("smbkit_") and n.endswith("@@SMBKIT_1") or n == "SMBKIT_1"
                  for n in names), symbols)
    finish()


if __name__ == "__main__":
    main()
