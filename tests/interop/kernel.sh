#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Linux kernel's client against a server of its own; see kernel.py (a share in memory), kernel_dir.py
# (a folder of this machine), kernel_quota.py (disks of the guest, which keep quotas) and kernel_dfs.py (links
# to another share).
#
# Usage: kernel.sh BUILD      SMBKIT_QUICK=1: one mount of each; KERNEL=6.1|6.12|new; SEED=N for kernel_dir.py
set -eu
here=$(cd "$(dirname "$0")" && pwd)
vmclient=${SMBKIT_VMCLIENT:-$here/../../../shared/vmclient}
if [ -x "$vmclient/run" ]; then
    "$here/../../tools/deps.sh" kernel || {
        echo "qemu cannot be installed"
        exit 77
    }
    "$vmclient/run" --fetch --kernel "${KERNEL:-6.12}" || {
        echo "the kernel ${KERNEL:-6.12} cannot be fetched"
        exit 77
    }
fi
# the plugin of docs/writing-a-plugin.md, built as the page says
if [ -x "$vmclient/run" ]; then
    python3 "$here/../embed/tutorial.py" "$1" "'$vmclient/run' --kernel ${KERNEL:-6.12} --port \$port \
        --share hello --user \$user --password \$password --opts vers=3.1.1,seal --timeout 600 \
        -- '$here/kernel_hello.sh'"
fi
status=0
SMBKIT_PLUGIN_PATH=$1/plugins/memory "$1/daemon/smbkit" --listen 127.0.0.1:0 \
    --user tester%secret --run "exec python3 '$here/kernel.py'" memory size=2G || status=$?
test $status != 77 || exit 77
build=$1
part() { # PLUGIN SCRIPT [ARGUMENT...]
    plugin=$1 script=$here/$2
    shift 2
    SMBKIT_PLUGIN_PATH=$build/plugins/$plugin "$script" "$build/daemon/smbkit" "$@" || {
        next=$?
        # one that is skipped does not hide that another failed
        case $status in 0 | 77) status=$next ;; esac
    }
}
part dir kernel_dir.py ${SEED:+"$SEED"}
part dir kernel_quota.py
part memory kernel_dfs.py
exit $status
