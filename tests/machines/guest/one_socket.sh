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

processors_that_come_later
every_level
memory_binding
one_processor
full_disk
end_of_checks
