# SPDX-License-Identifier: Apache-2.0
"""What the interop scripts share: the server under test as given by `smbkit --run`, and counting.

A script is run by `smbkit --run 'SCRIPT' ...`, which sets port, user, password and unc in the
environment. A check that fails is printed with what the client said; the script ends with
'N passed, N failed' and that exit status. A missing client is a failure: `make check` installs it.
What this machine cannot do at all is skipped: exit status 77 with the reason as the last line, unless a check
has failed before.

SMBKIT_QUICK=1: small files.
"""
import os
import shutil
import subprocess
import sys
import tempfile

PORT = os.environ.get("port", "")
USER = os.environ.get("user", "")
PASSWORD = os.environ.get("password", "")
SHARE = os.environ.get("unc", "//127.0.0.1/share").rstrip("/").rsplit("/", 1)[-1]
HOST = "127.0.0.1"
HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = os.environ.get("SMBKIT_QUICK") == "1"

_passed = 0
_failed = 0


def check(what, good, detail=""):
    global _passed, _failed
    if good:
        _passed += 1
    else:
        _failed += 1
        print(f"FAILED {what}: {detail}".rstrip(), flush=True)
    return good


def finish():
    print(f"{_passed} passed, {_failed} failed", flush=True)
    sys.exit(1 if _failed or not _passed else 0)


def skip(reason):
    """What failed before stays a failure."""
    print(reason, flush=True)
    if _failed:
        finish()
    sys.exit(77)


def need(*programs):
    for p in programs:
        if shutil.which(p) is None:
            check(f"find {p}", False, "not installed: run make check, which installs it")
            finish()


def scratch():
    return tempfile.TemporaryDirectory(prefix="smbkit-interop.")


def payload(size, seed=1):
    """Bytes that repeat in no power of two, quick to make."""
    block = bytes((i * 131 + seed * 17 + (i >> 8)) & 0xFF for i in range(65521))
    return (block * (size // len(block) + 1))[:size]


def run(command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=more.pop("timeout", 300), **more)
