#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzz target for so many seconds on its seeds, and fails on the first finding, which it names.
#
#     tests/fuzz/run.sh [SECONDS [TARGET...]]      30 seconds, every target
#
# A finding stays in build-fuzz/findings. Give it a name that says what it was, put it into tests/fuzz/corpus/TARGET, and
# it is replayed by every test run from then on. What the fuzzer learns is kept in build-fuzz/learnt for the next time.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-30}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- spec lists units options topology segment control answers record log start_word

if ! command -v clang >/dev/null ||
	! echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
	clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null; then
	echo "tests/fuzz/run.sh: skipped: needs clang with libFuzzer (Debian: clang libclang-rt-14-dev)"
	exit 77
fi

cd "$top"
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target fuzzers >/dev/null || {
	echo "tests/fuzz/run.sh: the targets do not build: cmake --build --preset fuzz --target fuzzers" >&2
	exit 1
}

# A fuzzer leaves without tidying; some of them make a directory.
TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

for target; do
	learnt=build-fuzz/learnt/$target
	findings=build-fuzz/findings
	log=build-fuzz/$target.log
	mkdir -p "$learnt" "$findings"
	dictionary=tests/fuzz/$target.dict
	[ -e "$dictionary" ] || dictionary=
	if ! xargs -a "build-fuzz/tests/fuzz/$target.seeds" \
		"build-fuzz/tests/fuzz/${target}_fuzz" -max_total_time="$seconds" -max_len=8192 -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/$target-" ${dictionary:+"-dict=$dictionary"} \
		"$learnt" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		echo "tests/fuzz/run.sh: $target: a finding, in $findings; the whole output is in $log" >&2
		exit 1
	fi
	echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, no finding"
done
