# SPDX-License-Identifier: MIT
# muster_options: the flags that every target of the project is compiled with.
# muster_room(): one directory of the launcher as a static library; a room names the lower rooms that it may use.

add_library(muster_options INTERFACE)
target_compile_definitions(muster_options INTERFACE _GNU_SOURCE MUSTER_VERSION="${PROJECT_VERSION}")
target_compile_options(muster_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual
  -Wwrite-strings -Wformat=2 -Wvla -Wundef -Wno-format-nonliteral -fno-common
  $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
if(MUSTER_WERROR)
  target_compile_options(muster_options INTERFACE -Werror)
endif()
if(MUSTER_SANITIZE)
  target_compile_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE})
endif()
if(MUSTER_SANITIZE STREQUAL "thread" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(muster_options INTERFACE -Wno-tsan) # it does not see fences; where there are some it must be told
endif()
if(MUSTER_COVERAGE)
  add_library(coverage_exit STATIC ${PROJECT_SOURCE_DIR}/cmake/coverage_exit.c)
  target_compile_options(muster_options INTERFACE --coverage -O0)
  target_link_options(muster_options INTERFACE --coverage -Wl,--wrap=_exit,--undefined=__wrap__exit) # libraries call it, too
  target_link_libraries(muster_options INTERFACE coverage_exit)
endif()
if(MUSTER_FUZZ)
  target_compile_options(muster_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(muster_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES" ${ARGN})
  add_library(muster_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(muster_${name} PUBLIC ${PROJECT_SOURCE_DIR}/launcher)
  target_link_libraries(muster_${name} PUBLIC muster_options ${ROOM_USES})
endfunction()
