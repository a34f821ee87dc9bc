# SPDX-License-Identifier: MIT
# Rank 1 becomes the given command; rank 0 sleeps until the job ends.
# shellcheck shell=sh
[ "$MUSTER_RANK" = 1 ] || exec sleep 60
exec "$@"
