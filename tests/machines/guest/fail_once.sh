# SPDX-License-Identifier: MIT
# Writes VALUE to FILE and fails, in the first incarnation of its job; later on it becomes COMMAND.
#
#     fail_once.sh VALUE FILE COMMAND [ARG...]
# shellcheck shell=sh
value=$1 file=$2
shift 2
[ "$MUSTER_RESTART_COUNT" = 0 ] || exec "$@"
echo "$value" >"$file"
exit 1
