#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures muster against its peers and against the least that the work costs, in one run (see README.md beside this).
#
#     tests/benchmark/run.sh [--quick] [--only FIGURE]... [--muster PATH] [--json FILE] [--html FILE] [--svg FILE]
#                            [--with-torch] [--no-install] [--programs DIR] [--scratch DIR]
#
# Installs the peers that Debian has, builds what is missing, and hands over to benchmark.py, which knows the figures.
# Without --muster it builds the release preset and measures that.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)

muster='' programs='' groups=peers
# Goes through the options once: what is for this script is taken out, the rest stays for benchmark.py.
count=$#
while [ "$count" -gt 0 ]; do
	option=$1
	shift
	count=$((count - 1))
	case $option in
	-h | --help)
		sed -n '3,9s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	--no-install) groups='' ;;
	--with-torch) groups="$groups torch" ;;
	--muster | --programs)
		[ "$count" -gt 0 ] || {
			echo "run.sh: $option needs a path" >&2
			exit 2
		}
		[ "$option" = --muster ] && muster=$1 || programs=$1
		shift
		count=$((count - 1))
		;;
	*) set -- "$@" "$option" ;;
	esac
done

for group in $groups; do
	"$project/tools/packages.sh" install "$group" >&2 || echo "run.sh: going on without what is missing" >&2
done

# What a build prints matters only when it fails.
quietly() {
	if ! said=$("$@" 2>&1); then
		printf '%s\n' "$said" >&2
		exit 1
	fi
}

if [ -z "$programs" ]; then
	programs=$project/build-benchmark
	quietly cmake -S "$here" -B "$programs" -DCMAKE_BUILD_TYPE=Release
	quietly cmake --build "$programs"
fi
if [ -z "$muster" ]; then
	muster=$project/build-release/launcher/muster
	cd "$project"
	quietly cmake --preset release
	quietly cmake --build --preset release
	cd "$OLDPWD"
fi
[ -x "$muster" ] || {
	echo "run.sh: there is no program at $muster" >&2
	exit 1
}

exec env PYTHONDONTWRITEBYTECODE=1 python3 "$here/benchmark.py" --programs "$programs" --muster "$muster" "$@"
