#!/bin/sh
# SPDX-License-Identifier: MIT
# Gets what an emulated machine needs: QEMU, busybox, cpio (packages of this system) and a Debian kernel, which is unpacked
# into the cache directory, not installed. Prints the kernel's file name. Exits 77 with the reason when they cannot be had.
#
#     prepare.sh CACHE_DIRECTORY
set -u
cache=$1
packages="qemu-system-x86 busybox-static cpio"

cannot() {
	echo "skipped: $*" >&2
	exit 77
}

quietly() { # LOG COMMAND...: the output only matters when it fails
	log=$1
	shift
	"$@" >"$log" 2>&1
}

tools_are_here() {
	command -v qemu-system-x86_64 && command -v cpio && test -x /bin/busybox
} >/dev/null

install_packages() {
	# shellcheck disable=SC2086 # a list of packages
	quietly "$cache/apt.log" \
		timeout 240 apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 $packages
}

install_tools() {
	command -v apt-get >/dev/null || cannot "QEMU, busybox or cpio are missing, and this is not a Debian system"
	test "$(id -u)" = 0 || cannot "missing packages; as root: apt-get install --no-install-recommends $packages"
	install_packages && return
	quietly "$cache/apt.log" timeout 120 apt-get update
	install_packages || cannot "could not install $packages: $(tail -n 1 "$cache/apt.log")"
}

kernel_package() { # the versioned package that linux-image-cloud-amd64 stands for today
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-.*-cloud-amd64/ { print $2; exit }'
}

fetch_kernel() {
	package=$(kernel_package)
	if [ -z "$package" ]; then
		quietly "$cache/apt.log" timeout 120 apt-get update
		package=$(kernel_package)
	fi
	[ -n "$package" ] || cannot "no package source offers linux-image-cloud-amd64"
	download=$cache/download.$$
	rm -rf "$download"
	mkdir -p "$download"
	# As root apt would rather download as another user, who may not write here.
	(cd "$download" && quietly "$cache/apt.log" timeout 120 apt-get -o APT::Sandbox::User=root download "$package") ||
		cannot "could not download $package: $(tail -n 1 "$cache/apt.log")"
	dpkg-deb -x "$download"/*.deb "$download/unpacked" || cannot "could not unpack $package"
	mv "$download"/unpacked/boot/vmlinuz-* "$cache/vmlinuz" || cannot "no kernel in $package"
	rm -rf "$download"
}

mkdir -p "$cache"
exec 9>"$cache/lock" # machines may be tested side by side; one of them prepares
flock -w 600 9 || cannot "another test has been preparing for ten minutes"
tools_are_here || install_tools
[ -s "$cache/vmlinuz" ] || fetch_kernel
echo "$cache/vmlinuz"
