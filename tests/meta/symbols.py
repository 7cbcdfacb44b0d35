#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a built module calls what its layer may not: what layers.py cannot see in #include lines.

Usage: symbols.py LIB.a...        each named lib<module>.a or libsmbkit_<module>.a

What is sans-I/O has no clock, thread, socket or file; memory comes from base/mem.c alone.
"""
import os
import re
import subprocess
import sys

MEMORY = "malloc calloc realloc free reallocarray posix_memalign aligned_alloc strdup strndup".split()
SYSTEM = """
    socket bind listen accept accept4 connect send sendto sendmsg recv recvfrom recvmsg poll ppoll
    select epoll_wait open open64 openat creat read write pread pwrite close ioctl fcntl stat fstat
    unlink rename mkdir opendir readdir fopen fopen64 fdopen fread fwrite fclose fputs fputc puts
    printf fprintf vprintf vfprintf perror
    time clock_gettime gettimeofday nanosleep usleep sleep localtime gmtime
    rand random srand getrandom getentropy arc4random
    pthread_create pthread_mutex_lock pthread_cond_wait thrd_create mtx_lock
    dlopen dlsym fork execve system getenv setenv exit _exit signal sigaction kill
""".split()
SANS_IO = {"wire", "crypto", "compress", "acl", "auth", "rpc", "lease", "vfs", "tree", "core"}
MAY = {"base": set(SYSTEM) | set(MEMORY), "plat": set(SYSTEM), "net": set(SYSTEM)}


def undefined(lib):
    out = subprocess.run(["nm", "-u", "--format=posix", lib], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    member = "?"
    for line in out.splitlines():
        m = re.match(r".*\[(.+)\]:$", line) or re.match(r"(\S+\.o):$", line)
        if m:
            member = m.group(1)
            continue
        name = line.split(" ", 1)[0].split("@", 1)[0]
        yield member, re.sub(r"^__(.*)_chk$", r"\1", name)


def main():
    wrong = 0
    for lib in sys.argv[1:]:
        module = re.sub(r"^lib(smbkit_)?|\.a$", "", os.path.basename(lib))
        banned = set(MEMORY) | (set(SYSTEM) if module in SANS_IO else set())
        banned -= MAY.get(module, set())
        for member, name in undefined(lib):
            if name in banned:
                print(f"{module}/{member}: calls {name}")
                wrong += 1
    if len(sys.argv) < 2:
        sys.exit("symbols.py: no libraries given")
    print(f"{len(sys.argv) - 1} libraries, {wrong} wrong calls")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
