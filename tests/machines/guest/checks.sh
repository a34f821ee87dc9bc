# SPDX-License-Identifier: MIT
# What the machines' checks are made of. A check is one sentence; it compares what the kernel shows the ranks with what the
# plan promised or with fixed text, and prints `ok N - sentence`, or `not ok` and both texts.
# shellcheck shell=sh disable=SC2034 # the checks read what is set here

count=0

ok() {
	count=$((count + 1))
	echo "ok $count - $1"
}

not_ok() { # SENTENCE; what was seen instead goes through `remark` after it
	count=$((count + 1))
	echo "not ok $count - $1"
}

remark() {
	sed 's/^/# /'
}

show() { # FILE...: the beginning of each, under its name, without NUL bytes
	for file in "$@"; do
		[ -s "$file" ] && echo "$file:" && head -c 4000 "$file" | tr -d '\000' | sed 's/^/  /'
	done
}

end_of_checks() {
	echo "1..$count"
}

expect() { # SENTENCE EXPECTED SEEN
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		{
			echo "expected: $2"
			echo "seen:     $3"
			echo "command:  ${command:-}"
			show out err
		} | remark
	fi
}

expect_text() { # SENTENCE REGULAR_EXPRESSION FILE: some line of the file matches
	if grep -Eq -e "$2" "$3"; then
		ok "$1"
	else
		not_ok "$1"
		{
			echo "no line of $3 matches: $2"
			echo "command:  ${command:-}"
			show out err
		} | remark
	fi
}

in_one_line() {
	tr '\n' ' ' | sed 's/ $//'
}

# muster with its output in the files out and err, and its exit code in $code. $before is a command to run it by.
run() { # ARGUMENT of `muster run`...
	command="${before:-} muster run $*"
	# shellcheck disable=SC2086 # $before is a list of words
	timeout -k 2 25 ${before:-} muster run --no-label "$@" >out 2>err
	code=$?
}

plan() {
	# shellcheck disable=SC2086
	timeout -k 2 25 ${before:-} muster plan --json "$@" >plan.json 2>>err
}

text_plan() { # the plan for people, in the file out
	command="${before:-} muster plan $*"
	# shellcheck disable=SC2086
	timeout -k 2 25 ${before:-} muster plan "$@" >out 2>err
}

planned() { # MEMBER: of every rank, in one line
	json_text "ranks.*.$1" <plan.json | in_one_line
}

witnessed() { # FIELD of the witness's line: of every rank, in one line
	sed -n 's/^rank=//p' out | sort -n | sed -n "s/^.* $1=\([^ ]*\).*/\1/p" | in_one_line
}

# The plan, the ranks' own masks, those of their threads, and what MUSTER_CPUS tells them are all this text: "0-1 2-3".
placed() { # SENTENCE EXPECTED OPTION...
	sentence=$1 expected=$2
	shift 2
	: >err
	plan "$@" witness
	run "$@" witness
	seen="planned $(planned cpus); ranks have $(witnessed cpus)"
	seen="$seen; their threads $(witnessed threads); told $(witnessed said)"
	expect "$sentence" "planned $expected; ranks have $expected; their threads $expected; told $expected" "$seen"
}

# Every process of a job has MUSTER_JOB_ID in its environment: how many are there? No help of muster's.
processes_of_jobs() {
	grep -l -s MUSTER_JOB_ID= /proc/[0-9]*/environ | wc -l
}

nothing_is_left() {
	expect "nothing is left behind" 0 "$(processes_of_jobs)"
}

# Control groups, version 2. A group is named by its path below $groups.
groups=/sys/fs/cgroup

mount_control_groups() {
	mount -t cgroup2 none "$groups" && echo "+cpuset +cpu +memory" >"$groups/cgroup.subtree_control"
}

make_group() { # PATH [FILE VALUE]...
	group=$groups/$1
	shift
	mkdir -p "$group"
	while [ $# -gt 0 ]; do
		echo "$2" >"$group/$1" || echo "# could not write '$2' to $group/$1"
		shift 2
	done
}

remove_group() { # PATH, with what muster may have made below it and not removed
	find "$groups/$1" -depth -type d -exec rmdir {} \;
}

inside() { # GROUP COMMAND...: with $before set so that muster is started in that group
	before="in_cgroup $groups/$1"
	shift
	"$@"
	before=
}

by_way_of() { # PROGRAM-WITH-ARGUMENTS COMMAND...: with $before set to that text
	before=$1
	shift
	"$@"
	before=
}

processor() { # NUMBER 0|1: takes a CPU offline, or back
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

uptime_ms() {
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}

wait_for_ranks() { # COUNT: until so many processes of jobs are there, 10 s at most
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ "$(processes_of_jobs)" -ge "$1" ] && return
		usleep 500000
	done
}

memory_limit() {
	run -n 2 --set limits.memory=64MiB --report report.json sh /guest/one_of_two.sh touch_memory 300
	expect "a rank beyond its memory limit is killed and ends the job" "137 oom 1" \
		"$code $(json_text first_failure.kind <report.json) $(json_text first_failure.rank <report.json)"
	expect_text "and stderr names it and its memory" "rank 1.*memory" err
	nothing_is_left
	run -n 2 --set limits.memory=64MiB touch_memory 20
	expect "ranks within the limit never notice" "0 2" "$code $(grep -c 'touched 20 MiB' out)"
	expect "no group of muster's making is left" "" "$(find "$groups" -mindepth 1 -type d -name '*muster*')"
}
