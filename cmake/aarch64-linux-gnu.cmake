# SPDX-License-Identifier: MIT
# Builds for 64-bit ARM on another machine, with Debian's gcc-aarch64-linux-gnu. MUSTER_SYSROOT is where Debian's arm64
# packages of the libraries are unpacked; pkg-config finds them by PKG_CONFIG_SYSROOT_DIR and PKG_CONFIG_LIBDIR.
# tests/machines/arm64.sh does all of it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MUSTER_SYSROOT)
set(CMAKE_FIND_ROOT_PATH ${MUSTER_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_C_FLAGS_INIT "-isystem ${MUSTER_SYSROOT}/usr/include/aarch64-linux-gnu")
