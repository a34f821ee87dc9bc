#!/bin/sh
# SPDX-License-Identifier: MIT
# The emulated machine of another processor: builds muster and the machines' programs for it with Debian's cross compiler,
# and boots the machine `arm64`. Its libraries, busybox and kernel are Debian's as well, unpacked into the cache directory;
# nothing of this system's package lists changes. Exits like emulate.sh; 77 with the reason when something cannot be had.
#
#     arm64.sh WORK_DIRECTORY
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$1
cache=$work/cache/arm64
sysroot=$cache/sysroot
build=$cache/build
programs="witness json_text pretend touch_memory meet read_rank"

cannot() {
	echo "skipped: $*" >&2
	exit 77
}

tools_are_here() {
	for tool in aarch64-linux-gnu-gcc qemu-system-aarch64 cpio cmake ninja pkg-config apt-get; do
		command -v "$tool" >/dev/null || cannot "no $tool; tools/packages.sh install arm64"
	done
}

apt() { # as on a machine with that processor, and with package lists of its own
	timeout 240 apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root \
		-o APT::Get::Assume-Yes=true -o Dir::State="$cache/apt" -o Dir::State::status="$cache/apt/status" \
		-o Dir::Cache="$cache/apt" "$@" >"$cache/apt.log" 2>&1 ||
		cannot "apt-get $1 for arm64 failed: $(tail -n 1 "$cache/apt.log")"
}

kernel_package() { # the versioned package that linux-image-cloud-arm64 stands for today
	apt-cache -o APT::Architecture=arm64 -o Dir::State="$cache/apt" -o Dir::State::status="$cache/apt/status" \
		-o Dir::Cache="$cache/apt" depends linux-image-cloud-arm64 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-.*-cloud-arm64/ { print $2; exit }'
}

unpack() { # DIRECTORY PACKAGE...
	into=$1
	shift
	rm -rf "$cache/download"
	mkdir -p "$cache/download"
	(cd "$cache/download" && apt download "$@") || exit
	for file in "$cache"/download/*.deb; do
		dpkg-deb -x "$file" "$into" || cannot "could not unpack $file"
	done
	rm -rf "$cache/download"
}

fetch() {
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
	: >"$cache/apt/status"
	apt update
	package=$(kernel_package)
	[ -n "$package" ] || cannot "no package source offers linux-image-cloud-arm64"
	unpack "$sysroot" libhwloc-dev libyaml-dev libuv1-dev libjansson-dev libcmocka-dev libcmocka0
	unpack "$cache/unpacked" busybox-static "$package"
	cp "$cache/unpacked/bin/busybox" "$cache/busybox" || cannot "no busybox for arm64"
	mv "$cache"/unpacked/boot/vmlinuz-* "$cache/vmlinuz" || cannot "no kernel in $package"
	rm -rf "$cache/unpacked"
}

compile() {
	targets=muster
	for program in $programs; do
		targets="$targets machine_$program"
	done
	export PKG_CONFIG_SYSROOT_DIR="$sysroot"
	export PKG_CONFIG_LIBDIR="$sysroot/usr/lib/aarch64-linux-gnu/pkgconfig:$sysroot/usr/share/pkgconfig"
	# shellcheck disable=SC2086 # a list of targets
	cmake -S "$here/../.." -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$here/../../cmake/aarch64-linux-gnu.cmake" \
		-DMUSTER_SYSROOT="$sysroot" -DCMAKE_BUILD_TYPE=Release -DMUSTER_WERROR=ON >"$cache/build.log" 2>&1 &&
		cmake --build "$build" --target $targets >>"$cache/build.log" 2>&1 && return
	cat "$cache/build.log"
	echo "failed: muster cannot be built for arm64"
	exit 1
}

tools_are_here
mkdir -p "$cache"
[ -s "$cache/vmlinuz" ] || fetch
compile
built=
for program in $programs; do
	built="$built $build/tests/machines/$program"
done
# shellcheck disable=SC2086 # a list of files
exec "$here/emulate.sh" "$work" arm64 "$build/launcher/muster" $built
