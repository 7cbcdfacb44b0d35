#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In the guest; see kernel_xfstests.py, whose variables these are: XFSTESTS (a built xfstests), TEST and SCRATCH
# (two shares), MOUNT (mount options), TESTS, and LIMIT, the seconds for each. All are run by one `check`, which
# takes long to start; one that is too slow is killed, and named.
for user in fsgqa 123456-fsgqa fsgqa2; do
    grep -q "^$user:" /etc/passwd || useradd -M -s /bin/bash "$user"
done
options="ip=$SERVER,port=$PORT,username=$USERNAME,password=$PASSWORD,$MOUNT"
mkdir -p /mnt/test /mnt/scratch /tmp/results
cat >/tmp/config <<EOF
export FSTYP=cifs
export TEST_DEV=//$SERVER/$TEST TEST_DIR=/mnt/test
export SCRATCH_DEV=//$SERVER/$SCRATCH SCRATCH_MNT=/mnt/scratch
export RESULT_BASE=/tmp/results
export MOUNT_OPTIONS="-o $options" TEST_FS_MOUNT_OPTS="-o $options"
EOF
export HOST_OPTIONS=/tmp/config CIFS_MOUNT_OPTIONS="-o $options"

kill_all_of() {
    local child
    for child in $(pgrep -P "$1"); do
        kill_all_of "$child"
    done
    kill -KILL "$1"
}

watch() {
    local last="" since=0 test='.*/tests/[a-z]+/[0-9]+' pid name
    while sleep 3; do
        pid=$(pgrep -o -f "^/bin/bash $test\$")
        if [ -z "$pid" ] || [ "$pid" != "$last" ]; then
            last=$pid since=$SECONDS
        elif [ $((SECONDS - since)) -ge "$LIMIT" ]; then
            name=$(tr '\0' '\n' <"/proc/$pid/cmdline" | sed -nE "s|^.*/tests/([a-z]+/[0-9]+)\$|\1|p")
            echo
            echo "too slow: $name"
            kill_all_of "$pid" 2>/dev/null
        fi
    done
}

cd "$XFSTESTS" || exit 1
watch &
watcher=$!
# shellcheck disable=SC2086
./check $TESTS 2>&1
kill "$watcher"
if [ -d /vm/out ]; then
    cp /tmp/results/*/*.out.bad /tmp/results/*/*.full /vm/out/
    dmesg | tail -n 200 >/vm/out/dmesg
fi
for mnt in /mnt/scratch /mnt/test; do
    ! mountpoint -q $mnt || umount $mnt
done
exit 0
