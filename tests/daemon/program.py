# SPDX-License-Identifier: Apache-2.0
"""What the tests of the program share: running it in a clean environment, and counting.

Each script is called with the program's path; it ends with 'N passed, N failed' and that status.
"""
import os
import signal
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
TIMEOUT = 60

_passed = 0
_failed = 0

folder = tempfile.TemporaryDirectory(prefix="smbkit-daemon.")
HOME = folder.name


def environment(**more):
    env = {k: v for k, v in os.environ.items()
           if k not in ("XDG_CONFIG_HOME", "SMBKIT_PLUGIN_PATH", "LISTEN_FDS", "LISTEN_PID")}
    env.update(HOME=HOME, LC_ALL="C", **more)
    return env


def check(what, good, detail=""):
    global _passed, _failed
    if good:
        _passed += 1
    else:
        _failed += 1
        print(f"FAILED {what}: {detail}".rstrip(), flush=True)
    return good


def run(*args, stdin="", **env):
    return subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, text=True,
                          timeout=TIMEOUT, env=environment(**env), check=False)


def start(*args, **env):
    """The running program; its ready lines are to be read from stdout."""
    return subprocess.Popen([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=environment(**env))


def ready(process):
    """The lines that it prints when it serves: up to the one for mount.cifs."""
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if "mount.cifs" in line:
            break
    return lines


def stop(process, number=signal.SIGTERM):
    process.send_signal(number)
    _, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, err


def finish():
    print(f"{_passed} passed, {_failed} failed", flush=True)
    sys.exit(1 if _failed or not _passed else 0)
