#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Clones, changes and builds a repository in a folder, so that each run leaves the same bytes.
#
# Usage: kernel_build.sh REPOSITORY BRANCH FOLDER      FOLDER/clone is made
#
# The same programs must run, in a guest as on its host. What git notes of the place (index, config)
# is the place's own; all else must be the same.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # of a make that runs this
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_CONFIG_COUNT=3 \
    GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' GIT_CONFIG_KEY_1=pack.threads GIT_CONFIG_VALUE_1=1 \
    GIT_CONFIG_KEY_2=gc.auto GIT_CONFIG_VALUE_2=0 \
    GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_AUTHOR_DATE='1700000000 +0000' \
    GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org GIT_COMMITTER_DATE='1700000000 +0000' LC_ALL=C
fails=0
log=$(mktemp)
step() { # step WHAT COMMAND...
    what=$1 began=$(date +%s)
    shift
    if "$@" >"$log" 2>&1; then echo "ok $what, $(($(date +%s) - began)) s"; else
        echo "FAIL $what: $(tail -n 3 "$log" | tr '\n' ' ')"
        fails=$((fails + 1))
    fi
}
clean() { test -z "$(git status --porcelain | tee /dev/stderr)"; }
change() {
    git checkout -q -b change && mkdir -p new/folder && cp -r src/base new/folder && git mv docs documents &&
        sed -i 's/smbkit/SMBKIT/' documents/*.md && git add -A && git commit -q -m change
}

step "git clone" git clone -q --no-local -b "$2" "$1" "$3/clone"
cd "$3/clone" || exit 1
step "git fsck" git fsck --full --strict
step "git status is clean" clean
step "branch, move, change and commit" change
step "status is clean again" clean
step "fsck again" git fsck --full --strict
step "make" make -s -j"$(nproc)"
step "the program runs" ./program
step "make has nothing to do" sh -c 'test "$(make | tee /dev/stderr)" = "make: Nothing to be done for '"'all'"'."'
step "what was built is not in the way" clean
rm -f "$log"
exit $((fails != 0))
