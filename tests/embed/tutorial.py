#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does what docs/writing-a-plugin.md and docs/publishing-a-tree.md say, word by word, with nothing but what
`meson install` has installed: the C and the commands are taken from the pages.

Usage: tutorial.py BUILD_FOLDER [KERNEL-CLIENT COMMAND]

With a command, a mount by the Linux kernel's client is added: the command is run with $port, $unc, $user and
$password of a server that serves the plugin.
"""
import os
import re
import subprocess
import sys
import tempfile

import embed
from embed import check, run

ROOT = os.path.dirname(os.path.dirname(embed.HERE))


def blocks(page, language):
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as f:
        return re.findall(rf"^```{language}\n(.*?)^```", f.read(), re.S | re.M)


def environment(stage, pc, home):
    """As after `make install`, but that everything lies in the stage."""
    env = {k: v for k, v in os.environ.items() if k not in ("XDG_CONFIG_HOME", "SMBKIT_PLUGIN_PATH")}
    prefix = os.path.dirname(os.path.dirname(pc))
    while not os.path.isdir(os.path.join(prefix, "bin")):
        prefix = os.path.dirname(prefix)
    env.update(HOME=home, LD_LIBRARY_PATH=os.path.dirname(pc), PKG_CONFIG_PATH=pc,
               PKG_CONFIG_SYSROOT_DIR=stage, PATH=f"{prefix}/bin:{env['PATH']}")
    return env


def sh(commands, env, folder, stdin=""):
    return subprocess.run(["sh", "-ec", commands], env=env, cwd=folder, input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)


def write_source(page, name, folder):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(blocks(page, "c")[0])


def serve(command, env, folder, share):
    """Types the command that serves, reads what it prints, and looks at the share with smbclient."""
    if os.geteuid() == 0:  # where the users of root stand is not the test's business
        command = command.replace("smbkit --user", f"smbkit --users {folder}/users --user")
    p = subprocess.Popen(["sh", "-c", "exec " + command + " --listen 127.0.0.1:0"], env=env, cwd=folder,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    printed = ""
    for line in p.stdout:
        printed += line
        if "mount.cifs" in line or "mount -t cifs" in line:
            break
    m = re.search(r"127\.0\.0\.1:(\d+)", printed)
    if check(f"{command} is ready", m is not None, printed):
        r = run(["smbclient", f"//127.0.0.1/{share}", "-p", m.group(1), "-U", "alice%secret",
                 "--configfile=/dev/null", "-c", "ls"])
        check(f"{share} can be listed", r.returncode == 0 and ".txt" in r.stdout, r.stdout + r.stderr)
    p.terminate()
    p.communicate(timeout=60)


def test_hello(env, folder):
    page = "writing-a-plugin.md"
    write_source(page, "hello.c", folder)
    build, look, use = blocks(page, "sh")
    r = sh(build, env, folder)
    check("hello compiles without a word", r.returncode == 0 and r.stdout == "", r.stdout)
    r = sh(look, env, folder)
    check("hello: a first look", r.returncode == 0 and "name=hello\n" in r.stdout and
          "  hello.txt " in r.stdout and "Hello from a plugin.\n" in r.stdout, r.stdout)
    add, command = use.strip().split("\n")
    if os.geteuid() == 0:
        add += f" --users {folder}/users"
    r = sh(add, env, folder, "secret\n")
    check(add, r.returncode == 0, r.stdout)
    serve(command, env, folder, "hello")


def test_clock(env, folder):
    page = "publishing-a-tree.md"
    write_source(page, "clock.c", folder)
    build, command = blocks(page, "sh")[0].strip().split("\n")
    r = sh(build, env, folder)
    check("clock compiles without a word", r.returncode == 0 and r.stdout == "", r.stdout)
    serve(command, env, folder, "clock")


def test_kernel(env, folder, command):
    env = dict(env, HOME=os.environ["HOME"])  # where the client's kernel is kept
    r = subprocess.run(["smbkit", "--listen", "127.0.0.1:0", "--user", "tester%secret", "--name", "hello", "--run",
                        command,
                        "./hello.so"], env=env, cwd=folder, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=900, check=False)
    print(r.stdout)
    check("hello by the kernel's client", r.returncode == 0, f"status {r.returncode}")


def main():
    if any(not embed.shutil.which(x) for x in ("smbclient", "pkg-config", "cc")):
        print("no smbclient, pkg-config or cc")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="smbkit-tutorial.") as folder:
        stage, home = os.path.join(folder, "stage"), os.path.join(folder, "home")
        os.mkdir(home)
        env = environment(stage, embed.install(stage), home)
        os.environ["PATH"] = env["PATH"]  # for Popen to find smbkit
        test_hello(env, home)
        test_clock(env, home)
        if len(sys.argv) > 2:
            test_kernel(env, home, sys.argv[2])
    embed.finish()


if __name__ == "__main__":
    main()
