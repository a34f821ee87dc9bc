# SPDX-License-Identifier: MIT
# Checks on a machine of one socket with 4 cores without SMT on two dies, each with an L3 cache; it starts with CPU 3
# offline (maxcpus=3), as some cloud machines do.
# shellcheck shell=sh
. /guest/checks.sh

processors_that_come_later() {
	placed "a CPU that the kernel never started is left out" "0 1 2" -n auto
	processor 3 1
	placed "and used once it is online" "0 1 2 3" -n auto
}

every_level() {
	placed "hardware threads are cores here" "0 1 2 3" -n 4 --bind-to hwthread --map-by hwthread
	placed "an L3 cache is half a package" "0-1 2-3" -n 2 --bind-to l3cache --map-by l3cache
	placed "cores dealt over the L3 caches" "0 2 1 3" -n 4 --map-by l3cache
	placed "the NUMA node is the machine" "0-3" -n 1 --bind-to numa --map-by numa
	placed "the package is the machine" "0-3" -n 1 --bind-to package --map-by package
	placed "one thread of each core is every thread" "0 1 2 3" -n 4 --set placement.smt=one
}

memory_binding() {
	run -n 2 --mem-bind local witness
	expect "local memory with a single node" "0 0:256 0:256" "$code $(witnessed pages)"
	run -n 2 --mem-bind interleave witness
	expect "interleaved memory with a single node" "0 0:256 0:256" "$code $(witnessed pages)"
}

one_processor() {
	for cpu in 1 2 3; do
		processor $cpu 0
	done
	placed "one rank on the only CPU left" "0" -n auto
	placed "four ranks share it" "0 0 0 0" -n 4
	expect_text "with a warning" "4 ranks" err
	run -n 4 --oversubscribe refuse witness
	expect "or a refusal, and nothing is started" "125 0" "$code $(wc -l <out)"
	for cpu in 1 2 3; do
		processor $cpu 1
	done
}

full_disk() {
	mkdir -p full
	mount -t tmpfs -o size=64k none full
	run -n 2 --output full/rank.%r sh -c 'head -c 200000 /dev/zero; echo finished >&2'
	expect "a full disk costs no rank, and the job exits 125" "125 2" "$code $(grep -c finished err)"
	expect_text "and is told at once" "full/rank.*[Nn]o space" err
	umount full
}

# Yama lets ancestors only read a process's memory, as on Ubuntu. Not of root: it may read all.
memory_of_other_ranks() {
	[ -e /proc/sys/kernel/yama/ptrace_scope ] || echo "# this kernel has no Yama"
	echo 1 >/proc/sys/kernel/yama/ptrace_scope
	run -n 2 --set user=65534:65534 read_rank
	expect "a rank reads what another one has, though Yama lets ancestors only" "0 rank 1: read" "$code $(cat out)"
	run -n 2 --set user=65534:65534 sh -c 'sh -c "read_rank; exit" && exit'
	expect "also with shells between muster and the rank" "0 rank 1: read" "$code $(cat out)"
	run -n 1 --set user=65534:65534 muster doctor
	expect_text "which the doctor sees" "process_vm_readv of another rank works" out
	muster run -n 2 --set user=65534:65534 read_rank place >holder 2>&1 &
	job=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -s place ] && break
		usleep 500000
	done
	# shellcheck disable=SC2046 # two words
	run -n 1 --set user=65534:65534 read_rank $(cat place)
	expect "and a rank of another job does not" "0 Operation not permitted" "$code $(cat out)"
	rm place
	wait "$job"
	echo 2 >/proc/sys/kernel/yama/ptrace_scope
	run -n 2 --set user=65534:65534 read_rank
	expect "nor does anybody where Yama lets nobody" "0 rank 1: Operation not permitted" "$code $(cat out)"
	run -n 4 --set user=65534:65534 -q meet
	expect "and all goes through the segment" "0 4" "$code $(grep -c 'all is well' out)"
	run -n 1 --set user=65534:65534 muster doctor
	expect_text "and the doctor names the setting" "ptrace_scope is above 1" out
	echo 0 >/proc/sys/kernel/yama/ptrace_scope
}

processors_that_come_later
every_level
memory_binding
one_processor
full_disk
memory_of_other_ranks
end_of_checks
