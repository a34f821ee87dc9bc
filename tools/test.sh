#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing (root, or sudo), builds everything under warnings as errors and runs every test:
# as users get it, and once more with the address and undefined-behaviour sanitizers.
#
#     tools/test.sh [--with-torch]
#
# --with-torch, or CI in the environment: PyTorch is installed too (large), so that its tests run instead of skipping.
set -eu
cd "$(dirname "$0")/.."

with_torch=${CI:+yes}
for argument in "$@"; do
	case $argument in
	--with-torch) with_torch=yes ;;
	*)
		sed -n '3,8s/^# \{0,1\}//p' "$0" >&2
		exit 2
		;;
	esac
done

started=$(date +%s)
step() { printf '\n== %s (after %d s)\n' "$*" $(($(date +%s) - started)); }
# What a build prints matters only when it fails.
quietly() {
	if ! said=$("$@" 2>&1); then
		printf '%s\n' "$said" >&2
		return 1
	fi
}
build() {
	quietly cmake --preset "$1"
	quietly cmake --build --preset "$1"
}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=
# run_tests NAME CTEST-ARGUMENT...: keeps what ctest said, for the summary.
run_tests() {
	name=$1
	shift
	{ ctest "$@" && echo 0 >"$logs/$name.status" || echo $? >"$logs/$name.status"; } 2>&1 | tee "$logs/$name"
	[ "$(cat "$logs/$name.status")" -eq 0 ] || failed="$failed $name"
}

step "Packages"
tools/packages.sh install build test
[ -z "$with_torch" ] || tools/packages.sh install torch || echo "PyTorch cannot be had: its tests will skip"
tools/packages.sh install qemu || echo "the emulated machine cannot be had: its tests will skip"

step "Building: as for users, and with sanitizers"
build ci
build asan-ubsan

step "Every test"
run_tests all --preset ci --parallel "$(nproc)"

step "What starts and ends processes, once more under ASan and UBSan"
run_tests sanitized --preset asan-ubsan --parallel "$(nproc)" -R '^(unit|end_to_end|faults)\.'

step "Summary"
for name in all sanitized; do
	printf '\n%s:\n' "$name"
	sed -n '/tests passed/,$p' "$logs/$name"
done
[ -z "$failed" ] || {
	echo "failed:$failed" >&2
	exit 1
}
