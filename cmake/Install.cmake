# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, beside the program: manual pages, completion, and examples that run from where they land.

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page ${pages})
  string(REGEX MATCH "[1-8]$" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

# Section 3 is found under the name of each function, too.
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.3)
foreach(page ${pages})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
  get_filename_component(page_name ${page} NAME)
  file(STRINGS ${page} functions REGEX "^\\.Nm muster_")
  foreach(line ${functions})
    string(REGEX MATCH "muster_[a-z_]+" function ${line})
    if(NOT ${function}.3 STREQUAL page_name)
      file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/man3/${function}.3 CONTENT ".so man3/${page_name}\n")
      install(FILES ${PROJECT_BINARY_DIR}/man3/${function}.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
    endif()
  endforeach()
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/docs/completion/muster
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DOCDIR})

# In the source tree the specs name the example programs by where the build and the sources have them; installed, all of
# these are in one directory. The path stays relative, so that the installation may be moved.
set(examples ${CMAKE_INSTALL_LIBEXECDIR}/muster/examples)
set(configs ${CMAKE_INSTALL_DATADIR}/muster/configs)
file(GLOB_RECURSE specs CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/configs ${PROJECT_SOURCE_DIR}/configs/*.yaml)
foreach(spec ${specs})
  get_filename_component(directory ${configs}/${spec} DIRECTORY)
  file(RELATIVE_PATH from_spec /${directory} /${examples})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/configs/${spec})
  file(READ ${PROJECT_SOURCE_DIR}/configs/${spec} text)
  string(REGEX REPLACE "(working_directory: )[./]*(build-release/)?examples" "\\1${from_spec}" text "${text}")
  string(REPLACE ": where tools/demo.sh builds the example" "" text "${text}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/installed-configs/${spec} CONTENT "${text}" @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/installed-configs/${spec} DESTINATION ${directory})
endforeach()
file(GLOB schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/configs/*.schema.json)
install(FILES ${schemas} DESTINATION ${configs})
