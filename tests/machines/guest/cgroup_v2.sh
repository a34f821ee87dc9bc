# SPDX-License-Identifier: MIT
# Checks on a machine of 6 cores without SMT whose control groups are version 2, in which muster may be process
# 1 and the clock may be set.
# shellcheck shell=sh
. /guest/checks.sh

quota_of_a_group() {
	make_group outer cpu.max "350000 100000"
	echo +cpu >"$groups/outer/cgroup.subtree_control"
	make_group outer/inner cpu.max "150000 100000"
	inside outer/inner plan -n auto witness
	expect "a quota of 1.5 CPUs below one of 3.5: two ranks" 2 "$(json_text nprocs <plan.json)"
	inside outer/inner run -n 4 true
	expect_text "four ranks there get a warning with the quota in it" "quota.*1\.5|1\.5.*quota" err
	expect "and run" 0 "$code"
	make_group outer/inner cpu.max "max 100000"
	inside outer/inner plan -n auto witness
	expect "a quota of 3.5 above none: four ranks" 4 "$(json_text nprocs <plan.json)"
	make_group outer cpu.max "100000 100000"
	inside outer/inner plan -n auto witness
	expect "a quota of 1 above none: one rank" 1 "$(json_text nprocs <plan.json)"
	remove_group outer
}

memory_of_the_group_around() {
	make_group small memory.max 64M
	inside small run -n 2 --report report.json sh /guest/one_of_two.sh touch_memory 300
	expect "the limit of the group around muster is told apart from a SIGKILL as well" "137 oom 1" \
		"$code $(json_text first_failure.kind <report.json) $(json_text first_failure.rank <report.json)"
	run -n 2 --report report.json sh /guest/one_of_two.sh sh -c "kill -KILL \$\$"
	expect "and SIGKILL from it" "137 signal SIGKILL" \
		"$code $(json_text first_failure.kind <report.json) $(json_text first_failure.signal <report.json)"
	nothing_is_left
	remove_group small
}

# With version 2 a group that has processes cannot have groups with a memory limit; further up is out of bounds when the
# ranks would leave a limit by that.
ranks_stay_in_their_group() {
	make_group around memory.max 64M
	inside around run -n 1 --set limits.memory=200MiB touch_memory 150
	expect "a rank's own limit does not lift the one around muster" "125 0" "$code $(grep -c touched out)"
	expect_text "and the refusal says where and what to do" "limits.memory.*/around: .*; run as root" err
	make_group around memory.max max cpuset.cpus 1-2
	inside around run -n 1 --bind-to none --set limits.memory=50MiB witness
	expect "nor does it get a rank out of a cpuset" "125 0" "$code $(grep -c rank= out)"
	remove_group around
}

killed_muster() {
	command="muster run --set limits.memory=50MiB, killed"
	timeout -k 2 25 muster run -n 2 --set limits.memory=50MiB sleep 60 >out 2>err &
	wait_for_ranks 2
	kill -KILL $!
	wait $!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(processes_of_jobs) $(find "$groups" -mindepth 1 -type d | wc -l)" = "0 0" ] && break
		usleep 200000
	done
	nothing_is_left
	expect "no group either, after muster was killed" "" "$(find "$groups" -mindepth 1 -type d)"
}

first_process() {
	by_way_of "unshare -p -f --mount-proc" run -n 2 sh /guest/orphans.sh
	expect "as process 1 muster keeps a rank's exit code" 7 "$code"
	expect "and leaves no zombie of 100 orphans" "zombies: 0" "$(cat out)"
	nothing_is_left
	command="unshare -p -f --mount-proc muster run -n 2 sleep 60, then SIGTERM"
	timeout -k 2 25 unshare -p -f --mount-proc muster run -n 2 sleep 60 >out 2>err &
	wait_for_ranks 2
	begin=$(uptime_ms)
	read -r child _ <"/proc/$!/task/$!/children"
	kill -TERM "$child"
	wait $!
	expect "and hears SIGTERM" "143 soon" "$? $([ $(($(uptime_ms) - begin)) -lt 4500 ] && echo soon)"
	nothing_is_left
}

# A limit of 4 s, on a host that may be slow, while the wall clock is set a day forward, then two days back.
jumping_clock() {
	command="muster run --timeout 4s, clock set forward and back"
	begin=$(uptime_ms)
	timeout -k 2 25 muster run -n 2 --timeout 4s --report report.json sleep 60 >out 2>err &
	wait_for_ranks 2
	now=$(date +%s)
	date -s "@$((now + 86400))" >/dev/null
	sleep 1
	expect "a wall clock a day ahead ends nothing early" 2 "$(processes_of_jobs)"
	date -s "@$((now - 86400))" >/dev/null
	wait $!
	code=$?
	took_ms=$(($(uptime_ms) - begin))
	date -s "@$now" >/dev/null
	expect "nor does one a day behind keep it longer" "124 in time" \
		"$code $([ $took_ms -ge 3900 ] && [ $took_ms -lt 20000 ] && echo in time)"
	expect "the report's elapsed time is true all the same" "true" \
		"$(json_text elapsed_s <report.json | awk '{ if ($1 >= 3.9 && $1 < 20) print "true"; else print }')"
	nothing_is_left
}

mount_control_groups
quota_of_a_group
memory_limit
memory_of_the_group_around
ranks_stay_in_their_group
killed_muster
first_process
jumping_clock
end_of_checks
