#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that layers.py, style.py, docs.py, limits.py and symbols.py catch what they are for: each gets small bad files.

A check that finds nothing is worth something only when it is known to find things.
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"

# (file, content, what the script must say); None: it must say nothing.
LAYERS = [
    ("src/base/a.c", '#include "wire/hdr.h"\n', "base may not include wire"),
    ("src/base/a.c", '#include <smbkit/vfs.h>\n', "base may see only the statuses"),
    ("src/base/a.c", '#include <smbkit/status.h>\n#include <string.h>\n', None),
    ("src/core/cmd/a.c", '#include "net/loop.h"\n', "core may not include net"),
    ("src/core/a.c", '#include "plat/clock.h"\n', "core may not include plat"),
    ("src/core/a.c", '  #  include   "server/server_int.h"\n', "core may not include server"),
    ("src/core/a.c", '#include <sys/socket.h>\n', "<sys/socket.h>"),
    ("src/core/a.c", '#include <pthread.h>\n', "<pthread.h>"),
    ("src/core/a.c", '#include "../net/loop.h"\n', "core may not include .."),
    ("src/core/a.c", '#include "lease/node.h"\n#include "core/core.h"\n', None),
    ("src/core/a.c", '#ifdef __linux__\n#endif\n', "only plat/ may ask for a system"),
    ("src/wire/a.h", '#if defined(_WIN32)\n#endif\n', "only plat/ may ask for a system"),
    ("src/wire/a.h", '#include "core/core.h"\n', "wire may not include core"),
    ("src/lease/a.c", '#include "wire/smb2.h"\n', "lease may not include wire"),
    ("src/vfs/a.c", '#include "core/core.h"\n', "vfs may not include core"),
    ("src/auth/a.c", '#include "wire/wire.h"\n', "auth may not include wire"),
    ("src/auth/a.c", '#include <openssl/evp.h>\n', "<openssl/evp.h>"),
    ("src/crypto/a.c", '#include <openssl/evp.h>\n', None),
    ("src/net/a.c", '#include "core/core.h"\n', "net may not include core"),
    ("src/net/a.c", '#include <sys/epoll.h>\n#include "plat/lock.h"\n', None),
    ("src/plat/linux/a.c", '#ifdef __linux__\n#include <unistd.h>\n#endif\n', None),
    ("src/server/a.c", '#include <unistd.h>\n', "<unistd.h>"),
    ("src/server/a.c", '#include "net/loop.h"\n#include "core/core.h"\n', None),
    ("plugins/x/a.c", '#include "base/mem.h"\n', "programs and plugins include <smbkit/...> only"),
    ("plugins/x/a.c", '#include <smbkit/vfs.h>\n#include <sys/stat.h>\n', None),
    ("filters/x/a.c", '#include "vfs/vfs.h"\n', "programs and plugins include <smbkit/...> only"),
    ("daemon/a.c", '#include "server/server_int.h"\n', "programs and plugins include"),
    ("include/smbkit/a.h", '#include "base/mem.h"\n', "public headers include"),
    ("include/smbkit/a.h", '#include <sys/types.h>\n', "public headers include"),
    ("include/smbkit/a.h", '#include <stdint.h>\n#include <smbkit/status.h>\n', None),
    ("src/core/test_a.c", '#include "net/loop.h"\n', None),  # tests may see everything
]
STYLE = [
    ("src/core/a.c", SPDX + "int a;\n" * 800, "801 lines; the limit is 800"),
    ("src/core/test_a.c", SPDX + "int a;\n" * 799, None),
    ("plugins/example1/example1.c", SPDX + "int a;\n" * 38, "an example of 39 lines"),
    ("plugins/example1/example1.c", SPDX + "int a;\n" * 39, None),
    ("plugins/example2/example2.c", SPDX + "int a;\n" * 149, None),
    ("plugins/example2/example2.c", SPDX + "int a;\n" * 150, "an example of 151 lines"),
    ("plugins/example2/test_example2.c", SPDX + "int a;\n" * 150, None),
    ("src/core/a.c", "int a;\n", "no licence line"),
    ("tools/a.py", "print()\n", "no licence line"),
    ("src/core/a.c", SPDX + "int a;\n", None),
    ("src/core/a.c", SPDX + "<" * 7 + " HEAD\nint a;\n", "a.c:2: half of a merge"),
    ("tests/a.tsv", "a\tb\n" + "=" * 7 + "\n", "a.tsv:2: half of a merge"),
    ("docs/a.md", "a\n" + ">" * 7 + " abc (a: b)\n", "a.md:2: half of a merge"),
    ("docs/a.md", "a\n" + "=" * 8 + "\n <<<<<<< a\n>" + ">" * 7 + "\n", None),
    ("tools/a.py", SPDX.replace("//", "#") + "def a(:\n    pass\n", "a.py:2: does not parse"),
    ("tools/a.py", SPDX.replace("//", "#") + "def a():\n    return b\n", None),
    ("src/core/a.c", SPDX + "void f(char *d)\n{\n    strcpy(d, x);\n}\n", "strcpy"),
    ("src/core/a.c", SPDX + "void f(void)\n{\n    x = malloc(1);\n}\n", "memory comes from"),
    ("plugins/x/a.c", SPDX + "void f(void)\n{\n    free(x);\n}\n", "memory comes from"),
    ("src/core/a.c", SPDX + "void f(void)\n{\n    mem_free(x);\n    v->free(x);\n}\n", None),
    ("src/core/a.c", SPDX + '/* malloc() */ const char *s = "malloc()";\n', None),
    ("src/base/mem.c", SPDX + "void f(void)\n{\n    x = malloc(1);\n}\n", None),
    ("src/core/a.c", SPDX + "/* TO" + "DO: later */\n", "unfinished work"),
    ("src/core/a.c", SPDX + "void f(void)\n{\n" + "    g();\n" * 79 + "}\n",
     "f has 81 lines; the limit is 80"),
    ("src/core/a.c", SPDX + "void f(void)\n{\n" + "    g();\n" * 78 + "}\n", None),
    ("src/core/a.c", SPDX + "void f(void)\n{\n" + "    if (a && b)\n        g();\n" * 16 + "}\n",
     "f has 32 branches; the limit is 30"),
]
DOCS = [
    ("docs/a.md", "see `src/core/none.c`\n", "no such file: src/core/none.c"),
    ("docs/a.md", "see `src/plat/filler.h` and `src/<module>/*.h`\n", None),
    ("docs/a.md", "call `no_such_function()`\n", "no such function"),
    ("docs/a.md", "run `make nothing`\n", "no such target: make nothing"),
    ("docs/a.md", "[there](b.md)\n", "no such file: b.md"),
    ("docs/a.md", "# One two\n[here](#one-two) [not](#three)\n", "no such heading: #three"),
    ("docs/a.md", "# One two\n[here](#one-two)\n", None),
    ("README.md", "```c\nint a;\n```\n", "has no such line: int a;"),
]
# (name of the module, C source, what must be said)
SYMBOLS = [
    ("core", "int socket(int, int, int); int f(void) { return socket(0, 0, 0); }", "socket"),
    ("wire", "void *malloc(unsigned long); void *f(void) { return malloc(7); }", "malloc"),
    ("lease", "long time(long *); long f(void) { return time(0); }", "time"),
    ("vfs", "int puts(const char *); int f(void) { return puts(\"\"); }", "puts"),
    ("net", "int socket(int, int, int); int f(void) { return socket(0, 0, 0); }", None),
    ("core", "int f(int a) { return a + 1; }", None),
]

# (row of the page, src/core/a.h, src/server/options.def, what limits.py must say)
ONE_NAMED = "only 1 limits are named"
LIMITS = [
    ("| a | 16 | b | `A_MAX` |", "#define A_MAX (1u << 5) /* 16 */\n", "", "A_MAX is 32, not 16"),
    ("| a | 2 KiB, 9 | b | `A_MAX` |", "#define B_MAX 1024u\n#define A_MAX (2 * B_MAX)\n", "", f"\n{ONE_NAMED}"),
    ("| a, b | 16, 2 KiB | b | `A_MAX`, `B_MAX` |", "#define A_MAX 2048\n#define B_MAX 16\n", "", "A_MAX is 2048, not"),
    ("| a, b | 16, 2 KiB | b | `A_MAX`, `B_MAX` |", "#define A_MAX 16\n#define B_MAX 2048\n", "",
     "only 2 limits are named"),
    ("| a | 16 | b | `B_MAX` |", "#define A_MAX 16\n", "", "B_MAX: is not in the source"),
    ("| a (`--many`) | 16 | b | |", "", 'OPTION(m, "many", UINT, NULL, 1, 99, "17", "t")\n', "--many is 17"),
    ("| a (`--few`) | 16 | b | |", "", 'OPTION(m, "many", UINT, NULL, 1, 99, "16", "t")\n', "no option --few"),
]

passed = failed = 0


def judge(what, out, wanted):
    global passed, failed
    found = out.returncode != 0 and wanted is not None and wanted in out.stdout
    if found or (wanted is None and out.returncode == 0):
        passed += 1
        return
    failed += 1
    print(f"FAILED {what}: wanted {wanted or 'no remark'}, status {out.returncode}:\n{out.stdout}")


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)


def check_file(script, folder, row):
    path, content, wanted = row
    root = os.path.join(folder, "tree")
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as f:
        f.write(content)
    # so that a file that the script passes over is not the only one
    filler = os.path.join(root, "src", "plat")
    os.makedirs(filler, exist_ok=True)
    with open(os.path.join(filler, "filler.h"), "w", encoding="utf-8") as f:
        f.write(SPDX)
    judge(f"{script} {path}: {content!r}"[:150], run(sys.executable, f"{HERE}/{script}", root),
          wanted)
    shutil.rmtree(root)


def check_limits(folder, row):
    line, source, options, wanted = row
    root = os.path.join(folder, "limits")
    table = f"| limit | value | stops | in the source |\n| --- | --- | --- | --- |\n{line}\n"
    for path, text in (("docs/security.md", table), ("src/core/a.h", source),
                       ("src/server/options.def", options)):
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
    out = run(sys.executable, f"{HERE}/limits.py", root)
    out.stdout = "nothing before:\n" + out.stdout.replace("docs/security.md: ", "")
    judge(f"limits.py: {line}", out, wanted)
    shutil.rmtree(root)


def check_symbols(folder, row, cc, ar):
    module, source, wanted = row
    with open(f"{folder}/a.c", "w", encoding="utf-8") as f:
        f.write(source)
    lib = f"{folder}/lib{module}.a"
    out = run(*cc, "-w", "-fno-builtin", "-O0", "-c", f"{folder}/a.c", "-o", f"{folder}/a.o")
    if out.returncode == 0:
        out = run(*ar, "rcs", lib, f"{folder}/a.o")
    if out.returncode != 0:
        judge("compile: " + source, out, None)
        return
    judge(f"symbols.py {module}: {source}", run(sys.executable, f"{HERE}/symbols.py", lib), wanted)
    os.unlink(lib)


def main():
    with tempfile.TemporaryDirectory(prefix="smbkit-meta.") as folder:
        for row in LAYERS:
            check_file("layers.py", folder, row)
        for row in STYLE:
            check_file("style.py", folder, row)
        for row in DOCS:
            check_file("docs.py", folder, row)
        for row in LIMITS:
            check_limits(folder, row)
        for row in SYMBOLS:
            check_symbols(folder, row, os.environ.get("CC", "cc").split(),
                          os.environ.get("AR", "ar").split())
        empty = os.path.join(folder, "empty")
        os.makedirs(empty)
        for script, said in (("layers.py", "no sources found"), ("style.py", "no sources found"),
                             ("docs.py", "no pages found")):
            judge(f"{script} on nothing", run(sys.executable, f"{HERE}/{script}", empty), said)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
