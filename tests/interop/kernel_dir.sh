#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In the guest, where a share of the dir plugin is mounted at $MNT; see kernel_dir.py, whose variables
# these are: REPOSITORY, BRANCH, SEED, OPERATIONS, LINKS. What it leaves there the host looks at.
links=${LINKS:+--links}
fails=0
"$CHECKS/kernel_fsstress.py" "$MNT/stress" /tmp/twin --seed "$SEED" --operations "$OPERATIONS" $links ||
    fails=$((fails + 1))
mkdir "$MNT/git" && "$CHECKS/kernel_build.sh" "$REPOSITORY" "$BRANCH" "$MNT/git" || fails=$((fails + 1))
sync
echo 3 >/proc/sys/vm/drop_caches
for tree in stress git; do
    echo "tree $tree $("$CHECKS/kernel_tree.py" "$MNT/$tree" $SKIP)" || fails=$((fails + 1))
done
exit $((fails != 0))
