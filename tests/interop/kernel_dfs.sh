#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest, where the root of kernel_dfs.py's name space is mounted at $MNT: what lies behind its links.
fails=0
is() { # is WHAT IS WANTED
    if [ "$2" = "$3" ]; then echo "ok $1"; else
        echo "FAIL $1: '$2', not '$3'"
        fails=$((fails + 1))
    fi
}
is "a folder of the root" "$(mkdir "$MNT/deep" && echo made)" made
is "links are folders" "$(cd "$MNT" && echo *)" "dead deep link"
is "a link is a folder" "$(stat -c %F "$MNT/link")" directory
is "writing behind it" "$( (echo there >"$MNT/link/file") && echo written)" written
is "reading" "$(cat "$MNT/link/file")" there
is "a folder" "$(mkdir "$MNT/link/sub" && mv "$MNT/link/file" "$MNT/link/sub/" && ls "$MNT/link")" sub
is "a link in a folder, to a folder" "$(cat "$MNT/deep/inner/file")" there
is "which is listed" "$(ls "$MNT/deep")" inner
is "a link to nothing" "$(ls "$MNT/dead/x" 2>/dev/null && echo there)" ""
is "the root is still here" "$( (echo here >"$MNT/mine") && cat "$MNT/mine")" here
mount_share docs /mnt/docs "$OPTS"
is "it is all on the other share" "$(cat /mnt/docs/sub/file)" there
umount /mnt/docs
exit $((fails != 0))
