# SPDX-License-Identifier: Apache-2.0
# Thin wrappers: what a newcomer types. The build itself is meson's (build/).
#
#   make         builds in build/
#   make run     builds and serves a share in memory; ARGS='--name docs memory size=2G' for more
#   make check   everything that must hold before a change lands (tools/check)
#   make fuzz    the fuzz targets, some seconds each
#   make bench   the measurements in bench/
#   make install what meson installs
# And what takes longer than a check may, or needs more than Debian's packages:
#   make check-quick   gcc and the tests on small data, for every save
#   make check-kernel  the Linux kernel's client in a virtual machine
#   make conformance   Samba's smbtorture, 15 minutes; writes docs/conformance.md; EXT4=FOLDER on ext4; ends
#                      at a column that cannot be run, or has become worse (recorded: the next time it goes on)
#   make xfstests      xfstests' generic tests on the Linux kernel's client, an hour; writes their part of
#                      docs/conformance.md; SMBKIT_XFSTESTS=FOLDER of a built xfstests
#   make stress        four smbtorture at once; MINUTES=5
# Missing Debian packages are installed when this runs as root, and named otherwise.

BUILD ?= build
ARGS ?= memory
MINUTES ?= 5
EXT4 ?= $(BUILD)

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	tools/deps.sh build
	meson setup $(BUILD)

run: all
	$(BUILD)/daemon/smbkit $(ARGS)

check:
	tools/check

check-quick:
	tools/check --quick

check-kernel: all
	tests/interop/kernel.sh $(BUILD)

conformance: all
	tools/deps.sh check
	for c in memory dir tmpfs; do tests/interop/torture.py $(BUILD)/daemon/smbkit --column $$c --update \
	    --plugins $(BUILD)/plugins/memory:$(BUILD)/plugins/dir:$(BUILD)/filters:$(BUILD)/src/kerberos:$(BUILD)/tests \
	    $$([ $$c = dir ] && echo --folder $(EXT4)) || exit 1; done
	tests/interop/conformance_table.py >docs/conformance.md.new
	mv docs/conformance.md.new docs/conformance.md

xfstests: all
	tools/deps.sh check
	SMBKIT_PLUGIN_PATH=$(BUILD)/plugins/memory:$(BUILD)/plugins/dir \
	    tests/interop/kernel_xfstests.py $(BUILD)/daemon/smbkit --update
	tests/interop/conformance_table.py --xfstests docs/conformance.md >docs/conformance.md.new
	mv docs/conformance.md.new docs/conformance.md

stress: all
	tools/deps.sh check
	tests/interop/stress.sh $(BUILD) $(MINUTES)

fuzz:
	tools/deps.sh check
	python3 tools/check.py --only fuzz

bench: all
	tools/deps.sh check
	bench/run $(BUILD)

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-check

.PHONY: all run check check-quick check-kernel conformance xfstests stress fuzz bench install clean
