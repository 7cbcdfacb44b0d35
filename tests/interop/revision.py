# SPDX-License-Identifier: Apache-2.0
"""Which commit of the server a run was of."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What the server is made of; its commit is the run's.
SOURCE = ["src", "include", "daemon", "plugins", "filters", "meson.build"]


def git(*args):
    out = subprocess.run(["git", "-C", ROOT, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=False)
    return out.stdout.strip()


def source():
    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return commit + (" with changes" if git("status", "--porcelain", "--", *SOURCE) else "")
