# SPDX-License-Identifier: MIT
# A rank that leaves orphans to the first process. Rank 0 makes a hundred, waits until none of them runs, counts the
# zombies, and exits 7; the others wait for that.
# shellcheck shell=sh
[ "$MUSTER_RANK" = 0 ] || exec sleep 60

processes_in_state() { # LETTERS
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | grep -c "^[$1]"
}
processes_named() {
	cat /proc/[0-9]*/comm 2>/dev/null | grep -c "^$1\$"
}

for _ in 1 2 3 4 5 6 7 8 9 10; do
	sh -c 'for _ in 1 2 3 4 5 6 7 8 9 10; do usleep 200000 & done'
done
# The other rank's sleep is not one of them.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(processes_named usleep)" = 0 ] && break
	usleep 200000
done
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(processes_in_state Z)" = 0 ] && break
	usleep 100000
done
echo "zombies: $(processes_in_state Z)"
exit 7
