#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Samba's smbtorture, one test at a time, four at once, each on a share of its own; writes docs/conformance.md.
#
# Usage: torture.sh BUILD
#
# SMBKIT_CONFORMANCE: a folder with the runner `smbtorture-run`, the list `smb2-core.txt` and, for
# comparison, `samba-baseline.tsv`; when unset, ../shared/conformance beside the source. LIST: another
# list; RESULT: where the table of results goes (BUILD/torture.tsv).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=${SMBKIT_CONFORMANCE:-$root/../shared/conformance}
list=${LIST:-$folder/smb2-core.txt}
result=${RESULT:-$1/torture.tsv}
if [ ! -x "$folder/smbtorture-run" ]; then
    echo "no smbtorture-run in $folder: set SMBKIT_CONFORMANCE"
    exit 77
fi
rm -f "$result"
export folder list result
# Failures are the result, not an error: the table tells. Signing is offered and not required: some tests
# send what a client that must sign does not send or accept.
# shellcheck disable=SC2016  # the server sets $port, $user and $password
SMBKIT_PLUGIN_PATH=$1/plugins/memory "$1/daemon/smbkit" --listen 127.0.0.1:0 --signing offered \
    --user tester%secret --user tester2%secret \
    --share a=memory --share b=memory --share c=memory --share d=memory \
    --run '"$folder/smbtorture-run" --port "$port" --share a,b,c,d --jobs 4 --user "$user" \
        --password "$password" --user2 tester2 --list "$list" --out "$result" --suites' || true
[ -s "$result" ]
python3 "$here/conformance_table.py" "$result" "$folder/samba-baseline.tsv" >"$root/docs/conformance.md"
tail -n 1 "$root/docs/conformance.md"
