# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, beside the program: manual pages, completion, and examples that run from where they land.

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page ${pages})
  string(REGEX MATCH "[1-8]$" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/docs/completion/muster
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DOCDIR})

# In the source tree the specs name the example programs by where the build and the sources have them; installed, all of
# these are in one directory. The path stays relative, so that the installation may be moved.
set(examples ${CMAKE_INSTALL_LIBEXECDIR}/muster/examples)
set(configs ${CMAKE_INSTALL_DATADIR}/muster/configs)
file(RELATIVE_PATH from_configs /${configs} /${examples})
file(GLOB specs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/configs/*.yaml)
foreach(spec ${specs})
  get_filename_component(name ${spec} NAME)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${spec})
  file(READ ${spec} text)
  string(REPLACE "working_directory: ../build-release/examples" "working_directory: ${from_configs}" text "${text}")
  string(REPLACE "working_directory: ../examples" "working_directory: ${from_configs}" text "${text}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/installed-configs/${name} CONTENT "${text}" @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/installed-configs/${name} DESTINATION ${configs})
endforeach()
file(GLOB schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/configs/*.schema.json)
install(FILES ${schemas} DESTINATION ${configs})
