# SPDX-License-Identifier: MIT
# find_package(muster): muster::muster is the shared library, muster::static the archive.
include(${CMAKE_CURRENT_LIST_DIR}/muster-targets.cmake)
