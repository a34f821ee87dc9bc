# SPDX-License-Identifier: MIT
# How programs find libmuster once it is installed: by pkg-config, or by find_package(muster). Both find it wherever the
# installation was moved to.
include(CMakePackageConfigHelpers)

install(TARGETS muster_shared muster_archive EXPORT muster-targets)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# Relative to the file itself, unless somebody says where libraries are to be, once and for all.
set(pc ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(prefix ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE ${pc})
  file(RELATIVE_PATH up /${pc} /)
  string(REGEX REPLACE "/$" "" prefix "\${pcfiledir}/${up}")
endif()
cmake_path(APPEND includedir "\${prefix}" ${CMAKE_INSTALL_INCLUDEDIR})
cmake_path(APPEND libdir "\${prefix}" ${CMAKE_INSTALL_LIBDIR})
configure_file(cmake/muster.pc.in muster.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/muster.pc DESTINATION ${pc})

# Before 1.0, a new minor version may change the interface.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/muster)
write_basic_package_version_file(muster-config-version.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT muster-targets NAMESPACE muster:: DESTINATION ${package})
install(FILES cmake/muster-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/muster-config-version.cmake DESTINATION ${package})
