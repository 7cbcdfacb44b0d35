#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes apt know this Debian release's backports, where newer test clients (smbclient, smbtorture) are.
#
# Usage: backports.sh        prints the suite's name for `apt-get -t`; status 1 when it cannot be had
#
# The archive is the one that apt uses for the release itself: same URI, same key. What is added is
# one file, and it is taken away again when the archive has no backports or cannot be reached.
# Needs root and `apt-get update` done before.
set -u
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
suite=$codename-backports
file=/etc/apt/sources.list.d/smbkit-backports.sources
key=/usr/share/keyrings/debian-archive-keyring.gpg

targets() {
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(LABEL)|$(REPO_URI)' 'Created-By: Packages'
}

known() {
    targets | grep -q "^$suite main "
}

if [ -z "$codename" ] || [ ! -f "$key" ]; then
    echo "backports.sh: this is not a Debian release" >&2
    exit 1
fi
if ! known; then
    uri=$(targets | sed -n "s/^$codename main Debian|//p" | head -n 1)
    if [ -z "$uri" ]; then
        echo "backports.sh: apt does not know the archive of $codename (apt-get update?)" >&2
        exit 1
    fi
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
        "$uri" "$suite" "$key" >"$file" || exit 1
    if ! apt-get update -q -o Dir::Etc::sourcelist="$file" -o Dir::Etc::sourceparts=/dev/null \
        -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any >&2 || ! known; then
        rm -f "$file"
        echo "backports.sh: no $suite to be had" >&2
        exit 1
    fi
fi
echo "$suite"
