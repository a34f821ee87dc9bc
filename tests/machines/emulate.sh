#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots an emulated machine of a given topology, runs the checks of guest/MACHINE.sh in it, and judges by what came out of
# its second serial port. Nothing is written outside WORK_DIRECTORY; QEMU ends after LIMIT_S seconds at the latest, and
# when this script ends. Exits 0, 1, or 77 with the reason when the machine cannot be had.
#
#     emulate.sh WORK_DIRECTORY MACHINE MUSTER PROGRAM...
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$1 machine=$2 muster=$3
shift 3
limit_s=${MACHINE_LIMIT_S:-240}
qemu=

two_nodes="-object memory-backend-ram,id=memory0,size=512M -object memory-backend-ram,id=memory1,size=512M
	-numa node,nodeid=0,cpus=0-3,memdev=memory0 -numa node,nodeid=1,cpus=4-7,memdev=memory1"
processor=x86_64
case $machine in
two_sockets) hardware="-smp 8,sockets=2,cores=2,threads=2 $two_nodes" kernel_arguments= ;;
one_socket) hardware="-smp 4,sockets=1,dies=2,cores=2,threads=1" kernel_arguments="maxcpus=3" ;;
cgroup_v2) hardware="-smp 6,sockets=1,cores=6,threads=1" kernel_arguments= ;;
cgroup_v1) hardware="-smp 4,sockets=1,cores=2,threads=2" kernel_arguments= ;;
arm64) processor=aarch64 hardware="-smp 8,sockets=2,cores=4,threads=1 $two_nodes" kernel_arguments= ;;
*)
	echo "emulate.sh: unknown machine '$machine'" >&2
	exit 2
	;;
esac

run=$work/$machine
rm -rf "$run"
mkdir -p "$run" || exit 2

# The first serial port is the kernel's console, the second one the checks'; where there is one only it is for both.
if [ "$processor" = x86_64 ]; then
	kernel=$("$here/prepare.sh" "$work/cache") || exit
	busybox=/bin/busybox console_port=ttyS0 checks_port=ttyS1
	emulator="qemu-system-x86_64 -machine q35 -cpu max,vendor=GenuineIntel -serial file:$run/console"
else
	kernel=$work/cache/arm64/vmlinuz busybox=$work/cache/arm64/busybox console_port=ttyAMA0 checks_port=ttyAMA0
	emulator="qemu-system-aarch64 -machine virt,gic-version=3 -cpu max,pauth-impdef=on"
	kernel_arguments="$kernel_arguments loglevel=1"
fi

add_program() { # FILE: into the image's /bin, with the shared libraries that it needs at the paths where it looks
	cp "$1" "$run/root/bin/" || exit 2
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$run/root$(dirname "$library")"
		cp -L "$library" "$run/root$library"
	done
}

pack_image() {
	mkdir -p "$run/root/bin" "$run/root/guest"
	cp "$busybox" "$run/root/bin/busybox"
	cp "$here"/guest/* "$run/root/guest/"
	echo "$machine" >"$run/root/guest/machine"
	echo "$checks_port" >"$run/root/guest/port"
	echo $((limit_s * 4 / 5)) >"$run/root/guest/limit_s" # so that what it has said by then still comes out
	install -m 755 "$here/guest/init" "$run/root/init"
	chmod 755 "$run/root/guest/in_cgroup"
	for program in "$muster" "$@"; do
		add_program "$program"
	done
	(cd "$run/root" && find . | cpio --quiet -o -H newc) >"$run/image" || exit 2
	rm -rf "$run/root"
}

end_machine() { # called when this script is told to end
	# shellcheck disable=SC2317
	rm -f "$run/image"
	# shellcheck disable=SC2317
	[ -n "$qemu" ] && kill "$qemu" 2>/dev/null
}

# thread=single: the other way hangs.
boot() {
	# shellcheck disable=SC2086 # lists of options
	setpriv --pdeathsig TERM timeout -k 5 "$limit_s" $emulator -accel tcg,thread=single -m 1024 $hardware \
		-nodefaults -display none -no-reboot -serial "file:$run/checks" -kernel "$kernel" -initrd "$run/image" \
		-append "console=$console_port quiet panic=-1 $kernel_arguments" </dev/null >"$run/qemu" 2>&1 &
	qemu=$!
	trap 'end_machine; exit 2' TERM INT HUP
	wait "$qemu"
	status=$?
	qemu=
	[ "$status" = 124 ] && echo "the machine had not ended after $limit_s s"
}

everything_that_was_said() {
	for part in qemu console checks; do
		[ -s "$run/$part" ] && sed "s/^/$part: /" "$run/$part"
	done
	echo "failed; all of this is in $run"
}

pack_image "$@"
: >"$run/checks"
boot
rm -f "$run/image"
planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$run/checks")
passed=$(grep -a -c '^ok ' "$run/checks")
grep -a -E '^(ok|not ok) ' "$run/checks"
if [ -n "$planned" ] && [ "$planned" = "$passed" ] && ! grep -a -q '^not ok ' "$run/checks"; then
	echo "$machine: all $passed checks passed"
	exit 0
fi
everything_that_was_said
exit 1
