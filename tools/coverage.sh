#!/bin/sh
# SPDX-License-Identifier: MIT
# Which lines of the launcher and of libmuster the tests enter, by file: builds with coverage, and runs what needs no
# emulated machine and no container.
#
#     tools/coverage.sh [CTEST-ARGUMENT...]
set -eu
cd "$(dirname "$0")/.."
command -v gcov >/dev/null || {
	echo "tools/coverage.sh: gcov is not installed; it comes with gcc" >&2
	exit 1
}
cmake --preset coverage >/dev/null
cmake --build --preset coverage -- --quiet
find build-coverage -name '*.gcda' -delete
ctest --preset coverage --parallel "$(nproc)" -R '^(unit|end_to_end|multi_process|faults|topologies|fuzz)\.' "$@" || echo "some tests failed: the figures are of those that ran"

# gcov prints two lines a source: File 'NAME', Lines executed:P% of N.
find build-coverage/launcher build-coverage/worker_api -name '*.gcda' -exec gcov -n {} + 2>/dev/null |
	awk -F"[':% ]+" '
		/^File/ { file = $2 }
		/^Lines executed/ && file ~ /(launcher|worker_api)\/.*\.c$/ { # gcov ends with a line for all, without a file
			sub(/.*\/launcher\//, "launcher/", file)
			sub(/.*\/worker_api\//, "worker_api/", file)
			lines = $NF
			entered = $3 / 100 * lines
			printf "%6.1f %%  %5d lines  %s\n", $3, lines, file
			all_lines += lines
			all_entered += entered
			file = ""
		}
		END { if (all_lines > 0) printf "%6.1f %%  %5d lines  all\n", 100 * all_entered / all_lines, all_lines }' |
	sort -n
