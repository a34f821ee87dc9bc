# SPDX-License-Identifier: MIT
# Checks on a machine of another processor, of 2 sockets of 4 cores without SMT, a NUMA node a socket. Its kernel names no
# caches, so that it is hwloc that reads it.
# shellcheck shell=sh
. /guest/checks.sh

levels() {
	placed "cores, one a rank, packed" "0 1 2 3 4 5 6 7" -n 8
	placed "two cores a rank" "0-1 2-3" -n 2 -c 2
	placed "the NUMA node around each rank" "0-3 4-7" -n 2 --bind-to numa --map-by numa
	placed "cores dealt over packages" "0 4 1 5" -n 4 --map-by package
	by_way_of "taskset -c 1,4" placed "a caller's affinity" "1 4" -n auto
}

memory_binding() {
	run -n 2 --map-by numa --mem-bind local witness
	plan -n 2 --map-by numa --mem-bind local witness
	expect "local memory is on the rank's own node, as planned" "[0] [1]; 0:256 1:256" \
		"$(planned numa); $(witnessed pages)"
}

described_machines() {
	text_plan -n 2 --topology "package:2 core:2 pu:2" true
	expect_text "a machine that is only described can be planned for" "2 packages, 4 cores, 8 hardware threads" out
}

failures() {
	run -n 2 --report report.json sh /guest/one_of_two.sh sh -c "exit 7"
	expect "a rank's exit code ends the job" "7 exit 1" \
		"$code $(json_text first_failure.kind <report.json) $(json_text first_failure.rank <report.json)"
	nothing_is_left
	run -n 2 /nowhere/program
	expect "a command that is not there starts nothing" "127 0" "$code $(wc -l <out)"
	expect_text "and is named" "/nowhere/program" err
	run -n 2 --report report.json sh -c "sleep 60 & sleep 60 & kill -SEGV \$\$"
	expect "a signal is told, and what ranks left behind is ended" "139 signal SIGSEGV" \
		"$code $(json_text first_failure.kind <report.json) $(json_text first_failure.signal <report.json)"
	expect "by way of a control group of the job's own" "cgroup" "$(json_text cleanup <report.json)"
	nothing_is_left
}

ranks_meet() {
	run -n 8 meet
	expect "ranks meet through the library" "0 8" "$code $(grep -c 'all is well' out)"
	run -n 12 -q meet
	expect "and when there are more of them than cores" "0 12" "$code $(grep -c 'all is well' out)"
}

mount_control_groups
levels
memory_binding
described_machines
failures
ranks_meet
memory_limit
end_of_checks
