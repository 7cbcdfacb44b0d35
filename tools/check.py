#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every check of the project and counts them; called by tools/check, that is by `make check`.

    format     clang-format finds nothing to change
    gcc        gcc build without a warning; all test suites
    clang      clang build without a warning
    sanitize   clang build with ASan and UBSan; all test suites but meta, interop with small files
    fuzz       each fuzz target over its seeds and for some seconds beyond
    kernel     the Linux kernel's client in a virtual machine, one mount, where there is a runner for it

Every build, test and fuzz target counts as one. What is skipped is named with its reason. The last
line is 'N passed, N failed'; the exit status is 1 when something failed, or when a suite that should
be there has no test.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STAGES = ("format", "gcc", "clang", "sanitize", "fuzz", "kernel")
SUITES = ("unit", "meta", "sim", "daemon", "interop", "torture")
SANITIZE = ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzzing=true"]
SANITIZE_ENV = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "SMBKIT_PATIENCE": "3",
}
# Read by tests/interop: the same checks with smaller files.
QUICK_ENV = {"SMBKIT_QUICK": "1"}
SKIPPED = 77    # the exit status of what cannot run here
LOG_LINES = 60  # of a failure

started = time.monotonic()
counts = {"passed": 0, "failed": 0}
failures = []
skipped = []
built = {}


def say(text):
    print(f"[{time.monotonic() - started:4.0f} s] {text}", flush=True)


def tail(text):
    lines = text.rstrip().split("\n")
    cut = [f"... {len(lines) - LOG_LINES} lines before"] if len(lines) > LOG_LINES else []
    return "\n".join(cut + lines[-LOG_LINES:])


def count(what, good, output=""):
    counts["passed" if good else "failed"] += 1
    if not good:
        failures.append(what)
        say(f"FAILED {what}\n{tail(output)}")
    return good


def skip(what, output):
    reason = (output.strip().split("\n") or [""])[-1] or "it did not say why"
    skipped.append(f"{what}: {reason}")
    say(f"SKIPPED {what}: {reason}")


def run(command, env=None, timeout=1800):
    """(exit status, output); the command and what it started end together with it."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})},
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    try:
        out, _ = process.communicate(timeout=timeout)
        return process.returncode, out
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        return -1, f"{out}\nout of time after {timeout} s: {' '.join(command)}"


# ---------------------------------------------------------------- stages

def sources(*tops):
    for top in tops:
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            yield from (os.path.join(folder, f) for f in files if f.endswith((".c", ".h", ".cc")))


def stage_format(args):
    files = sorted(sources("src", "include", "daemon", "plugins", "filters", "tools", "tests",
                           "fuzz", "bench"))
    status, out = run(["clang-format", "--dry-run", "-Werror", *files])
    count(f"format of {len(files)} files", status == 0 and len(files) > 0, out)


def build(name, compiler, options, args):
    """The folder, or None; built and counted once for all stages that want it."""
    if name not in built:
        built[name] = build_now(name, compiler, options, args)
    return built[name]


def build_now(name, compiler, options, args):
    folder = os.path.join(args.builds, name)
    env = {"CC": compiler[0], "CXX": compiler[1]}
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        shutil.rmtree(folder, ignore_errors=True)
        status, out = run(["meson", "setup", folder, "-Dwerror=true", *options], env)
        if status != 0:
            return count(f"{name}: setup", False, out) and None
    status, out = run(["ninja", "-C", folder])
    # the compiler's words, not the list of commands
    lines = [line for line in out.split("\n") if not line.startswith("[")]
    return folder if count(f"{name}: build", status == 0, "\n".join(lines)) else None


def judge_test(stage, result):
    what = f"{stage}: {result['name']}"
    output = "\n".join(result.get(k) or "" for k in ("stdout", "stderr")).strip()
    if result["result"] == "SKIP":
        skip(what, result.get("stdout") or "")
    else:
        good = result["result"] in ("OK", "EXPECTEDFAIL")
        count(f"{what} ({result['result'].lower()}, {result['duration']:.0f} s)", good, output)


def test(stage, folder, suites, env, multiplier):
    log = os.path.join(folder, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    choose = [word for s in suites for word in ("--suite", s)]
    status, out = run(["meson", "test", "-C", folder, "--no-rebuild", "-t", str(multiplier), *choose],
                      env, timeout=3600)
    results = []
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as f:
            results = [json.loads(line) for line in f if line.strip()]
    for result in results:
        judge_test(stage, result)
    # what meson calls a failure without naming one
    if not results or (status != 0 and all(r["result"] in ("OK", "SKIP") for r in results)):
        count(f"{stage}: meson test", False, out)
    status, out = run(["meson", "introspect", "--tests", folder])
    known = json.loads(out) if status == 0 else []
    present = {s.split(":")[-1] for t in known for s in t["suite"]}
    for suite in suites:
        if suite not in present:
            count(f"{stage}: suite {suite} has a test", False)
    say(f"{stage}: {len(results)} tests")


def stage_gcc(args):
    folder = build("gcc", ("gcc", "g++"), [], args)
    if folder:
        suites = [s for s in SUITES if not (args.quick and s == "torture")]
        test("gcc", folder, suites, QUICK_ENV if args.quick else {}, 1)


def stage_clang(args):
    # Its warnings are the same without optimization, in a third of the time; the next stage runs it.
    build("clang", ("clang", "clang++"), ["-Dbuildtype=plain"], args)


def stage_sanitize(args):
    folder = build("sanitize", ("clang", "clang++"), SANITIZE, args)
    if folder:
        test("sanitize", folder, [s for s in SUITES if s != "meta"], {**SANITIZE_ENV, **QUICK_ENV}, 5)


def fuzz_one(path, seconds):
    name = os.path.basename(path).removesuffix("_fuzz")
    seeds = os.path.join(ROOT, "fuzz", "seeds", name)
    with tempfile.TemporaryDirectory(prefix="smbkit-fuzz.") as found:
        folders = [found] + ([seeds] if os.path.isdir(seeds) else [])
        status, out = run([path, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096",
                           f"-artifact_prefix={os.path.dirname(path)}/{name}-", *folders],
                          SANITIZE_ENV, timeout=seconds * 20 + 120)
    return name, status == 0, out


def stage_fuzz(args):
    folder = build("sanitize", ("clang", "clang++"), SANITIZE, args)
    if not folder:
        return
    where = os.path.join(folder, "fuzz")
    targets = sorted(os.path.join(where, f) for f in os.listdir(where) if f.endswith("_fuzz"))
    wanted = sum("LLVMFuzzerTestOneInput" in open(f, encoding="utf-8").read()
                 for f in sources("fuzz") if f.endswith("_fuzz.c"))
    if len(targets) != wanted:
        count(f"fuzz: {wanted} targets", False, f"{len(targets)} are built")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, good, out in pool.map(lambda t: fuzz_one(t, 3 if args.quick else 10), targets):
            count(f"fuzz: {name}", good, out)
    say(f"fuzz: {len(targets)} targets")


def stage_kernel(args):
    folder = build("gcc", ("gcc", "g++"), [], args)
    if not folder:
        return
    status, out = run(["tests/interop/kernel.sh", folder], QUICK_ENV, timeout=900)
    if status == SKIPPED:
        skip("kernel: mount and smoke", out)
    else:
        count("kernel: mount and smoke", status == 0, out)


# ---------------------------------------------------------------- main

def parse_args():
    p = argparse.ArgumentParser(prog="tools/check", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true",
                   help="the format and gcc only, smaller files")
    p.add_argument("--only", metavar="STAGE,...", help="of " + ", ".join(STAGES))
    p.add_argument("--builds", metavar="FOLDER", default=os.path.join(ROOT, "build-check"),
                   help="where the builds are kept (build-check)")
    args = p.parse_args()
    default = [s for s in STAGES if not (args.quick and s in ("clang", "sanitize", "fuzz", "kernel"))]
    args.stages = args.only.split(",") if args.only else default
    for s in args.stages:
        if s not in STAGES:
            p.error(f"there is no stage {s}")
    return args


def main():
    args = parse_args()
    for stage in args.stages:
        say(stage)
        globals()["stage_" + stage](args)
    say("done")
    for text in skipped:
        print("skipped " + text)
    for text in failures:
        print("failed " + text)
    print(f"{counts['passed']} passed, {counts['failed']} failed", flush=True)
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
