# SPDX-License-Identifier: MIT
# Checks on a machine of 2 sockets of 2 cores of 2 hardware threads, a NUMA node and an L3 cache a socket:
#
#     socket, node, L3    0           1
#     core                0    1      2    3
#     CPUs                0 1  2 3    4 5  6 7
# shellcheck shell=sh
. /guest/checks.sh

every_level() {
	placed "hardware threads, one a rank" "0 1 2 3 4 5 6 7" -n 8 --bind-to hwthread --map-by hwthread
	placed "cores, one a rank, packed" "0-1 2-3 4-5 6-7" -n 4
	placed "fewer ranks than cores are packed too" "0-1 2-3" -n 2
	placed "the L3 cache around each rank" "0-3 4-7" -n 2 --bind-to l3cache --map-by l3cache
	placed "the NUMA node around each rank" "0-3 4-7" -n 2 --bind-to numa --map-by numa
	placed "the package around each rank" "0-3 4-7" -n 2 --bind-to package --map-by package
	placed "no binding at all" "0-7 0-7" -n 2 --bind-to none
	placed "cores dealt over L3 caches" "0-1 4-5 2-3 6-7" -n 4 --map-by l3cache
	placed "cores dealt over NUMA nodes" "0-1 4-5 2-3 6-7" -n 4 --map-by numa
	placed "cores dealt over packages" "0-1 4-5 2-3 6-7" -n 4 --map-by package
	placed "two cores a rank" "0-3 4-7" -n 2 -c 2
	placed "two hardware threads a rank" "0-1 2-3 4-5 6-7" -n 4 -c 2 --bind-to hwthread --map-by hwthread
	placed "one hardware thread of each core" "0 2 4 6" -n 4 --set placement.smt=one
	placed "a CPU set with half cores" "1 2-3 4" -n auto --cpu-set 1-4
	placed "one rank a core when nobody says how many" "0-1 2-3 4-5 6-7" -n auto
	placed "explicit CPU lists" "6 0,4" -n 2 --set 'placement.rank_cpus=["6", "0,4"]'
}

more_ranks_than_cores() {
	plan -n 6 witness
	run -n 6 witness
	expect "six ranks on four cores have what was planned" "$(planned cpus)" "$(witnessed cpus)"
	expect "no core has more than two of them" "0" \
		"$(witnessed cpus | tr ' ' '\n' | sort | uniq -c | awk '$1 > 2' | wc -l)"
	expect_text "and there is a warning" "6 ranks" err
	run -n 6 --oversubscribe refuse witness
	expect "or a refusal, and nothing is started" "125 0" "$code $(wc -l <out)"
}

narrowed_caller() {
	by_way_of "taskset -c 1,2,4,5" placed "a caller's affinity with half cores is obeyed" "1 2 4-5" -n auto
	by_way_of "taskset -c 1,2,4,5" placed "a package is bound as far as it is allowed" "1-2 4-5" \
		-n 2 --bind-to package --map-by package
	by_way_of "taskset -c 3" run --cpu-set 0-1 -n 1 witness
	expect "a CPU set outside the caller's affinity starts nothing" "125 0" "$code $(wc -l <out)"
}

memory_binding() {
	run -n 2 --map-by numa --mem-bind local witness
	plan -n 2 --map-by numa --mem-bind local witness
	expect "local memory is on the rank's own node, as planned" "[0] [1]; 0:256 1:256" \
		"$(planned numa); $(witnessed pages)"
	run -n 1 -c 4 --mem-bind interleave witness
	expect "interleaved memory is on both nodes" "0:128,1:128" "$(witnessed pages)"
	run -n 2 --mem-bind none witness
	expect "no memory policy when none is asked for" "default default" "$(witnessed policy)"
	by_way_of "pretend set_mempolicy EPERM" run -n 2 --map-by package witness
	expect "where memory may not be bound, CPUs are, and the job runs" "0 0-1 4-5" "$code $(witnessed cpus)"
	expect_text "and muster says so" "memory" err
}

masks_are_read_back() {
	by_way_of "pretend sched_setaffinity 0" run -n 2 sleep 1
	expect "a kernel that binds nothing and says yes costs no job" 0 "$code"
	expect_text "but is found out" "rank [01] is not bound as planned" err
	run -n 2 sleep 1
	expect "ranks where they belong are not worth a word" "" "$(cat err)"
}

# The machine changes between one incarnation of a group and the next: the plan is older than that.
restarts_on_a_changed_machine() {
	make_group shrinking cpuset.cpus 0-3
	inside shrinking run -n 1 --bind-to package --on-failure restart --max-restarts 1 --set failure.backoff=10ms \
		sh /guest/fail_once.sh 0-1 "$groups/shrinking/cpuset.cpus" witness
	expect "a cpuset that has become smaller is obeyed by a restarted rank" "0 0-1" "$code $(witnessed cpus)"
	expect_text "and found out" "rank 0 is not bound as planned" err
	remove_group shrinking

	run -n 1 --cpu-set 3 --on-failure restart --max-restarts 1 --set failure.backoff=10ms \
		sh /guest/fail_once.sh 0 /sys/devices/system/cpu/cpu3/online witness
	expect "a rank whose only CPU has gone offline is not started again elsewhere" "125 0" \
		"$code $(grep -c rank= out)"
	expect_text "but muster says what it could not do" "CPU binding" err
	nothing_is_left
	processor 3 1
}

cpuset_of_a_group() {
	make_group holes cpuset.cpus 0-2,5
	inside holes placed "a cpuset with holes and half cores" "0-1 2 5" -n auto
	inside holes text_plan -n auto true
	expect_text "and the plan says that the cpuset is why" "CPU 3 left out.*cpuset" out
	before="in_cgroup $groups/holes taskset -c 1-5"
	placed "cpuset and affinity together" "1 2 5" -n auto
	before=
	remove_group holes

	make_group far cpuset.cpus 0-3 cpuset.mems 1
	inside far run -n 2 witness
	expect "memory that only the other node may give is taken from there" "0 1:256 1:256" \
		"$code $(witnessed pages)"
	remove_group far
}

offline_processors() {
	processor 3 0
	placed "a core with one hardware thread offline is used by the other" "0-1 2 4-5 6-7" -n auto
	processor 2 0
	placed "a core that is offline is left out" "0-1 4-5 6-7" -n auto
	run -n 1 --cpu-set 2 witness
	expect "asking for an offline CPU starts nothing" "125 0" "$code $(wc -l <out)"
	processor 2 1
	processor 3 1
	placed "all is as before when they come back" "0-1 2-3 4-5 6-7" -n auto
}

# Two caches: the barrier combines along them, and so does what is built on it.
ranks_meet() {
	run -n 8 --bind-to hwthread --map-by hwthread --no-label meet
	expect "ranks of one cache have one domain, and all of them meet" \
		"0:0 1:0 2:0 3:0 4:1 5:1 6:1 7:1" "$(awk '/all is well/ { print $2 ":" $4 + 0 }' out | sort -n | in_one_line)"
	run -n 4 --map-by numa --no-label meet
	expect "also when they are dealt over the nodes" \
		"0:0 1:1 2:0 3:1" "$(awk '/all is well/ { print $2 ":" $4 + 0 }' out | sort -n | in_one_line)"
	run -n 12 --no-label -q meet
	expect "and when there are more of them than cores" "0 12" "$code $(grep -c 'all is well' out)"
}

mount_control_groups
every_level
more_ranks_than_cores
narrowed_caller
memory_binding
masks_are_read_back
restarts_on_a_changed_machine
ranks_meet
cpuset_of_a_group
offline_processors
end_of_checks
