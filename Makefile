# SPDX-License-Identifier: Apache-2.0
# Thin wrappers: what a newcomer types. The build itself is meson's (build/).
#
#   make         builds in build/
#   make run     builds and serves a share in memory; ARGS='--name docs memory size=2G' for more
#   make check   everything that must hold before a change lands (tools/check)
#   make fuzz    the fuzz targets, some seconds each
#   make bench   the measurements in bench/
#   make install what meson installs
# Missing Debian packages are installed when this runs as root, and named otherwise.

BUILD ?= build
ARGS ?= memory

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	tools/deps.sh build
	meson setup $(BUILD)

run: all
	$(BUILD)/daemon/smbkit $(ARGS)

check:
	tools/check

fuzz:
	tools/deps.sh check
	python3 tools/check.py --only fuzz

bench: all
	@if [ -x bench/run ]; then bench/run $(BUILD); \
	else echo "There is nothing to measure yet: bench/ has no program 'run'."; fi

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-check

.PHONY: all run check fuzz bench install clean
