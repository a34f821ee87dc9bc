#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing (root, or sudo), builds everything under warnings as errors and runs every test:
# as users get it, once more with the address and undefined-behaviour sanitizers, and libmuster with ThreadSanitizer.
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
# What a build prints matters only when it fails; it stays in $said.
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
# Nothing that was begun here runs on.
end() {
	[ ! -e "$logs/at_leisure" ] || kill -- "-$(cat "$logs/at_leisure")" 2>/dev/null || :
	wait
	rm -rf "$logs"
}
trap end EXIT
trap 'exit 130' INT TERM HUP
# run_tests NAME COMMAND...: keeps what ctest said, for the summary.
run_tests() {
	name=$1
	shift
	{ "$@" && echo ok >"$logs/$name.ok"; } 2>&1 | tee "$logs/$name"
}

# What only tests need is fetched while the compiler works; without the last three, their tests skip and say so.
fetch_the_rest() {
	tools/packages.sh install test || return 1
	[ -z "$with_torch" ] || tools/packages.sh install torch || echo "PyTorch cannot be had"
	tools/packages.sh install qemu || echo "the emulated machine cannot be had"
	tools/packages.sh install containers || echo "container engines cannot be had"
}

step "Packages for building"
tools/packages.sh install build unit

step "Building: for tests, with sanitizers, and the demo; meanwhile, packages for testing"
fetch_the_rest >"$logs/packages" 2>&1 &
fetching=$!
build ci
build asan-ubsan
quietly cmake --preset tsan
quietly cmake --build --preset tsan --target multi_process
said=
quietly tools/demo.sh
case $said in
*"pi is about 3.14"*) ;;
*)
	printf 'tools/demo.sh does not find pi:\n%s\n' "$said" >&2
	exit 1
	;;
esac
wait "$fetching" && fetched=yes || fetched=
cat "$logs/packages"
[ -n "$fetched" ] || exit 1
quietly cmake --preset ci # some tests are there only when their tools are

# Analysers and models only compute: they get what the tests leave of the processors, from here to the end. The kernel
# shares those between sessions first, so that they are in a modest one of their own.
at_leisure() {
	setsid --wait sh -c '
		echo $$ >"$0"
		{ echo 19 >/proc/$$/autogroup; } 2>/dev/null
		exec chrt --idle 0 "$@"' "$logs/at_leisure" "$@"
}
step "Every test, as users get it; analysers and models beside it"
run_tests analysers at_leisure ctest --preset ci --parallel "$(nproc)" --label-regex analysis >/dev/null &
analysing=$!
run_tests tests ctest --preset ci --parallel "$(nproc)" --label-exclude analysis

step "What starts and ends processes under ASan and UBSan"
run_tests sanitized ctest --preset asan-ubsan --parallel "$(nproc)" --tests-regex '^(unit|end_to_end|faults|multi_process)\.'
step "Threads under TSan"
TEST_TIME_FACTOR=5 run_tests threads ctest --preset tsan --parallel "$(nproc)" --tests-regex '^multi_process\.'
step "The rest of the analysers"
wait "$analysing"
rm "$logs/at_leisure"
cat "$logs/analysers"

step "Summary"
failed=
for name in tests sanitized threads analysers; do
	printf '\n%s:\n' "$name"
	sed -n '/tests passed/,$p' "$logs/$name"
	[ -e "$logs/$name.ok" ] || failed="$failed $name"
done
[ -z "$failed" ] || {
	printf '\nfailed:%s\n' "$failed" >&2
	exit 1
}
printf '\nall passed, after %d s\n' $(($(date +%s) - started))
