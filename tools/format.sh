#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes every C source as .clang-format says.
set -eu
cd "$(dirname "$0")/.."
find launcher worker_api tests examples -name '*.[ch]' -exec clang-format -i {} +
