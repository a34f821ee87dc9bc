#!/bin/sh
# SPDX-License-Identifier: MIT
# The Debian packages that muster needs, by purpose, and their installation.
#
#     tools/packages.sh list GROUP...      prints the names
#     tools/packages.sh install GROUP...   installs what is missing (root, or sudo); does nothing when nothing is
#
# Groups: build, unit (what building the tests needs), test, qemu (the emulated machine), arm64 (the one of another processor),
# containers (engines), torch (large), peers (what the benchmark compares with).
set -eu

packages_of() {
	case $1 in
	build) echo gcc libc6-dev cmake ninja-build pkg-config libhwloc-dev libudev-dev libyaml-dev libuv1-dev libjansson-dev ;;
	unit) echo libcmocka-dev python3 ;;
	test)
		echo git hwloc-nox python3-jsonschema python3-yaml procps util-linux
		echo g++ clang libclang-rt-dev clang-format clang-tidy valgrind mandoc shellcheck bash-completion spin
		;;
	qemu) echo qemu-system-x86 busybox-static cpio ;;
	containers) echo docker.io docker-compose podman runc mmdebstrap ;;
	torch) echo python3-torch ;;
	arm64) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm cpio ;;
	peers) echo openmpi-bin libopenmpi-dev mpich libmpich-dev parallel python3-joblib ;;
	*)
		echo "tools/packages.sh: there is no group \"$1\"; there are build, unit, test, qemu, arm64, containers, torch, peers" >&2
		exit 2
		;;
	esac
}

list() {
	for group in "$@"; do
		packages_of "$group"
	done | tr ' ' '\n'
}

# The names from standard input that are not installed.
missing() {
	while read -r package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "tools/packages.sh: to install packages run this as root, or install sudo" >&2
		return 1
	fi
}

# apt-get is silent unless it fails.
apt() {
	if ! said=$(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
		-o APT::Acquire::Retries=3 "$@" </dev/null 2>&1); then
		echo "tools/packages.sh: apt-get $1 failed: $said" >&2
		return 1
	fi
}

install() {
	wanted=$(list "$@" | missing)
	[ -n "$wanted" ] || return 0
	echo "installing: $wanted" | tr '\n' ' '
	echo
	# The machine's package lists may be old or not there at all; when that cannot be mended, those that are may do.
	apt update || echo "tools/packages.sh: going on with the package lists that are here" >&2
	# shellcheck disable=SC2086 # a list of names
	apt install -y --no-install-recommends $wanted
}

[ $# -ge 2 ] || {
	sed -n '3,9s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
action=$1
shift
list "$@" >/dev/null # an unknown group ends here
case $action in
list) list "$@" ;;
install) install "$@" ;;
*)
	echo "tools/packages.sh: \"$action\" is neither list nor install" >&2
	exit 2
	;;
esac
