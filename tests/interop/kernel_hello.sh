#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest, where the share of docs/writing-a-plugin.md is mounted at $MNT: all that it shows.
fails=0
is() { # is WHAT IS WANTED
    if [ "$2" = "$3" ]; then echo "ok $1"; else
        echo "FAIL $1: '$2', not '$3'"
        fails=$((fails + 1))
    fi
}
is "listing" "$(ls "$MNT")" hello.txt
is "content" "$(cat "$MNT/hello.txt")" "Hello from a plugin."
is "without regard to case" "$(cat "$MNT/HELLO.TXT")" "Hello from a plugin."
is "size" "$(stat -c %s "$MNT/hello.txt")" 21
is "time" "$(stat -c %Y "$MNT/hello.txt")" 1704067200
is "an absent name" "$(cat "$MNT/other" 2>/dev/null && echo there)" ""
is "writing" "$( (echo x >"$MNT/hello.txt") 2>/dev/null && echo written)" ""
is "making" "$( (echo x >"$MNT/new") 2>/dev/null && echo made)" ""
is "removing" "$(rm -f "$MNT/hello.txt" 2>/dev/null && echo removed)" ""
is "still there" "$(cat "$MNT/hello.txt")" "Hello from a plugin."
exit $((fails != 0))
