#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Four smbtorture at once against one server; see stress.py.
#
# Usage: stress.sh BUILD [MINUTES]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
SMBKIT_PLUGIN_PATH=$1/plugins/memory exec "$1/daemon/smbkit" --listen 127.0.0.1:0 \
    --user tester%secret --user tester2%secret \
    --share a=memory --share b=memory --share c=memory --share d=memory \
    --run "exec python3 '$here/stress.py' ${2:-5}"
