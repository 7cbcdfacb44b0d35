#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian packages that a task needs: installs what is missing as root, names it otherwise.
#
# Usage: deps.sh build|check|kernel
set -u
export DEBIAN_FRONTEND=noninteractive

build="gcc libc6-dev libssl-dev libcmocka-dev meson ninja-build pkg-config"
# What the checks use: a second compiler with its sanitizers, and clients that are not ours.
check="$build clang clang-format g++ libclang-rt-14-dev mandoc nmap python3 python3-impacket tshark"
# Networks in which the way to a client can be cut.
check="$check iproute2 iptables"
# File systems to try the plugin dir on.
check="$check btrfs-progs e2fsprogs xfsprogs"
# Those who tell the network of servers, and who look for them.
check="$check avahi-daemon avahi-utils dbus iproute2 wsdd"
# A realm of Kerberos for the tests, and what the module for it is built with.
check="$check krb5-admin-server krb5-kdc libkrb5-dev"
# Clients, and smbd to compare with, of which a newer version than the release's tests more, if there
# is one to be had.
clients="smbclient samba-testsuite python3-smbc samba samba-vfs-modules"

case "${1-}" in
build) clients="" wanted=$build ;;
check) wanted=$check ;;
# git and make are used in a guest; the newer qemu starts programs three times as fast
kernel)
    wanted="$build busybox-static e2fsprogs git make smbclient tshark xfsprogs"
    clients=qemu-system-x86
    ;;
*)
    echo "usage: deps.sh build|check|kernel" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps.sh: not a Debian system; needed is what Debian calls: $wanted $clients"
    exit 0
fi

# Those of the arguments that are not installed.
missing() {
    for p in "$@"; do
        dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || printf '%s ' "$p"
    done
}

# Some packages start servers, now and at each boot. Those that come in here shall do neither: the tests
# start their own, and port 445 of this machine, or its name in the network, is not ours to give away.
services_of() {
    case $1 in
    samba) echo smbd nmbd samba-ad-dc ;;
    avahi-daemon) echo avahi-daemon.socket avahi-daemon ;;
    krb5-kdc | krb5-admin-server) echo "$1" ;;
    wsdd) echo wsdd ;;
    esac
}
services=""
policy=/usr/sbin/policy-rc.d
mark="# smbkit's tools/deps.sh: no service is started while it installs"
ours() {
    grep -qsxF "$mark" $policy
}
quiet_begin() {
    # what is there is put away, and never over what was put away before
    if [ -e $policy ] || [ -L $policy ]; then
        if [ -e $policy.smbkit ]; then
            echo "deps.sh: there are $policy and $policy.smbkit; remove the one that is not to stay" >&2
            exit 1
        fi
        mv $policy $policy.smbkit || exit 1
    fi
    trap quiet_end EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\n%s\n# services: %s\nexit 101\n' "$mark" "$services" >$policy.new && chmod 755 $policy.new &&
        mv $policy.new $policy || exit 1
}
quiet_end() {
    never_start
    ! ours || rm -f $policy
    [ -e $policy ] || [ ! -e $policy.smbkit ] || mv $policy.smbkit $policy
    trap - EXIT HUP INT TERM
}
never_start() {
    ! ours || services=$(sed -n 's/^# services: //p' $policy)
    for service in $services; do
        if command -v systemctl >/dev/null; then
            systemctl disable -q $service
        else
            update-rc.d $service disable
        fi
    done >/dev/null 2>&1
}

# A run that was killed could not tidy up.
if [ "$(id -u)" = 0 ] && { ours || { [ ! -e $policy ] && [ -e $policy.smbkit ]; }; }; then
    quiet_end
fi

# shellcheck disable=SC2086  # lists of names
{
    wanted=$(missing $wanted)
    clients=$(missing $clients)
}
[ -n "$wanted$clients" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "deps.sh: missing packages; as root: apt-get install $wanted$clients" >&2
    exit 1
fi

echo "deps.sh: installing $wanted$clients"
for p in $wanted $clients; do
    services="$services $(services_of "$p")"
done
[ -z "$(echo $services)" ] || quiet_begin
apt-get update -q -o APT::Update::Error-Mode=any || exit 1
# shellcheck disable=SC2086
if [ -n "$wanted" ]; then
    apt-get install -qy --no-install-recommends $wanted || exit 1
fi
# shellcheck disable=SC2086
if [ -n "$clients" ]; then
    suite=$("$(dirname "$0")/backports.sh") || suite=""
    apt-get install -qy --no-install-recommends ${suite:+-t "$suite"} $clients ||
        apt-get install -qy --no-install-recommends $clients || exit 1
fi
exit 0
