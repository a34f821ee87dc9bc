#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows muster at work on this machine: installs what building it needs (root, or sudo), builds it into build-release/
# and runs a real job on every core: a Monte-Carlo simulation of pi, whose parts are added up at the end.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }
show() {
	printf '\n$ %s\n' "$*"
	"$@"
}
# What a build prints matters only when it fails.
quietly() {
	if ! said=$("$@" 2>&1); then
		printf '%s\n' "$said" >&2
		return 1
	fi
}

step "1. What muster is built with"
tools/packages.sh install build
echo "is here"

step "2. Building muster into build-release/"
quietly cmake --preset release -DBUILD_TESTING=OFF
quietly cmake --build --preset release
PATH=$PWD/build-release/launcher:$PATH
muster --version

step "3. The job: configs/pi.yaml"
grep -v '^#' configs/pi.yaml

step "4. The plan: which rank gets which core, and why; nothing is started"
show muster plan configs/pi.yaml

step "5. The run: one rank on each core, each with random numbers of its own"
printf '\n$ %s\n' "muster run --report-bindings configs/pi.yaml"
results=$(mktemp)
trap 'rm -f "$results"' EXIT
muster run --report-bindings configs/pi.yaml >"$results" && status=0 || status=$?
cat "$results"
[ "$status" -eq 0 ] || exit "$status"

step "6. All ranks together"
awk '{
	for (field = 2; field < NF; field++)
		if ($field == "of" && $(field + 2) == "points") {
			inside += $(field - 1)
			points += $(field + 1)
			ranks++
		}
}
END {
	if (points == 0)
		exit 1
	printf "%d ranks threw %d points, %d fell inside the circle: pi is about %.6f\n", ranks, points, inside, 4 * inside / points
}' "$results"

step "What next"
cat <<'NEXT'
The program is build-release/launcher/muster. configs/ has an example for every use, each with the command that runs it:
    build-release/launcher/muster run configs/hello.yaml
    build-release/launcher/muster run -n 4 --label sh -c 'echo "I am rank $MUSTER_RANK"'
    build-release/launcher/muster --help
NEXT
