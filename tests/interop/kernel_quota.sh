#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest; see kernel_quota.py, whose variables these are: SMBKIT, PLUGINS (where they are searched for)
# and DISKS, a word TYPE=DEVICE for each. The server and its clients both run here.
uid=4001
for user in tester second; do
    grep -q "^$user:" /etc/passwd || echo "$user:x:$uid:$uid::/:/bin/sh" >>/etc/passwd
    uid=$((uid + 1))
done
fails=0
for disk in $DISKS; do
    type=${disk%=*} device=${disk#*=} folder=/mnt/${disk%=*}
    mkdir -p "$folder"
    if mount -t "$type" -o usrquota "$device" "$folder" && chmod 1777 "$folder"; then
        SMBKIT_PLUGIN_PATH=$PLUGINS "$SMBKIT" --listen 127.0.0.1:445 --user tester%secret --user second%secret \
            --admins tester --name data --run "exec '$CHECKS/kernel_quota.py' --client $type $device" \
            dir "path=$folder" || fails=$((fails + 1))
        umount "$folder" || fails=$((fails + 1))
    else
        fails=$((fails + 1))
    fi
done
exit $((fails != 0))
