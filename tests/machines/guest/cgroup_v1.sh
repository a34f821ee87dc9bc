# SPDX-License-Identifier: MIT
# Checks on a machine of 2 cores of 2 hardware threads whose control groups are version 1, as on older hosts and in the
# containers that run there.
# shellcheck shell=sh
. /guest/checks.sh

mount_version_1() {
	mount -t tmpfs none "$groups"
	for controller in cpuset cpu memory; do
		mkdir -p "$groups/$controller"
		mount -t cgroup -o "$controller" none "$groups/$controller"
	done
}

cpuset_of_a_group() {
	make_group cpuset/holes cpuset.mems 0 cpuset.cpus 0,2-3
	inside cpuset/holes placed "a version 1 cpuset with half a core" "0 2-3" -n auto
	inside cpuset/holes run -n 1 --cpu-set 1 witness
	expect "a CPU outside it starts nothing" "125 0" "$code $(wc -l <out)"
	remove_group cpuset/holes
}

quota_of_a_group() {
	make_group cpu/outer cpu.cfs_period_us 100000 cpu.cfs_quota_us 350000
	make_group cpu/outer/inner cpu.cfs_period_us 100000 cpu.cfs_quota_us 90000
	inside cpu/outer/inner plan -n auto witness
	expect "a quota of 0.9 CPUs below one of 3.5: one rank" 1 "$(json_text nprocs <plan.json)"
	inside cpu/outer/inner run -n 2 true
	expect_text "two ranks there get a warning with the quota in it" "quota.*0\.9|0\.9.*quota" err
	make_group cpu/outer/inner cpu.cfs_quota_us -1
	make_group cpu/outer cpu.cfs_quota_us 150000
	inside cpu/outer/inner plan -n auto witness
	expect "a quota of 1.5 above none: two ranks" 2 "$(json_text nprocs <plan.json)"
	remove_group cpu/outer
}

mount_version_1
cpuset_of_a_group
quota_of_a_group
memory_limit
end_of_checks
