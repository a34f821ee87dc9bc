# SPDX-License-Identifier: MIT
# The libraries that the launcher is made with, as targets deps::NAME. Their archives are preferred where there are any:
# the dynamic linker's work on the shared ones is a good part of the time that muster takes to start.

find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

function(muster_dependency name package minimum)
  cmake_parse_arguments(DEP "" "" "ARCHIVES;ALSO" ${ARGN})
  string(TOUPPER ${name} prefix)
  pkg_check_modules(${prefix} REQUIRED ${package}>=${minimum})
  add_library(deps_${name} INTERFACE)
  target_include_directories(deps_${name} SYSTEM INTERFACE ${${prefix}_INCLUDE_DIRS})
  if(MUSTER_STATIC_DEPENDENCIES)
    find_library(${prefix}_ARCHIVE NAMES ${DEP_ARCHIVES} HINTS ${${prefix}_LIBRARY_DIRS} ${${prefix}_LIBDIR})
  endif()
  if(${prefix}_ARCHIVE)
    target_link_libraries(deps_${name} INTERFACE ${${prefix}_ARCHIVE} ${DEP_ALSO})
  else()
    target_link_libraries(deps_${name} INTERFACE ${${prefix}_LINK_LIBRARIES})
  endif()
  add_library(deps::${name} ALIAS deps_${name})
endfunction()

muster_dependency(yaml yaml-0.1 0.2.5 ARCHIVES libyaml.a)
muster_dependency(uv libuv 1.44 ARCHIVES libuv_a.a libuv.a ALSO Threads::Threads dl rt)
muster_dependency(jansson jansson 2.13 ARCHIVES libjansson.a)
muster_dependency(hwloc hwloc 2.9 ARCHIVES libhwloc.a ALSO hwloc_udev m dl Threads::Threads)

# What hwloc's archive would want of libudev (the file says why).
add_library(hwloc_udev STATIC EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/launcher/machine/hwloc_udev.c)
target_link_libraries(hwloc_udev PRIVATE muster_options)
