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
  if(MUSTER_STATIC_DEPENDENCIES AND ${prefix}_ARCHIVE)
    target_link_libraries(deps_${name} INTERFACE ${${prefix}_ARCHIVE} ${DEP_ALSO})
  else()
    target_link_libraries(deps_${name} INTERFACE ${${prefix}_LINK_LIBRARIES})
    set(muster_shared ${muster_shared} ${package} PARENT_SCOPE)
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

# The program is linked whole where everything has an archive: other distributions than Debian have few, and the C
# library's own may not be installed.
set(muster_is_whole OFF)
if(MUSTER_STATIC AND NOT muster_shared AND NOT MUSTER_SANITIZE)
  include(CheckCSourceCompiles)
  set(CMAKE_REQUIRED_LINK_OPTIONS -static-pie)
  check_c_source_compiles("int main(void) { return 0; }" MUSTER_LINKS_WHOLE)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  set(muster_is_whole ${MUSTER_LINKS_WHOLE})
endif()
if(MUSTER_STATIC AND NOT muster_is_whole AND NOT MUSTER_SANITIZE)
  list(JOIN muster_shared ", " shared)
  message(STATUS "muster is linked with shared libraries, and starts the slower for it: no archives of ${shared}")
endif()
