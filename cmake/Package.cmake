# SPDX-License-Identifier: Apache-2.0
#
# The libraries as other projects find them: czm.pc for pkg-config, and for CMake
#
#     find_package(czm)                     czm::czm, the shared library
#     find_package(czm COMPONENTS static)   czm::static too, and what it needs
include(CMakePackageConfigHelpers)
set(CZM_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/czm)

# Libraries that a user of the static library links with; the shared one contains them.
target_link_libraries(
  czm_static
  INTERFACE
    "$<INSTALL_INTERFACE:PkgConfig::JANSSON;PkgConfig::EXPAT;ZLIB::ZLIB;Threads::Threads;deflate;m>")

set_target_properties(czm_shared PROPERTIES EXPORT_NAME czm)
set_target_properties(czm_static PROPERTIES EXPORT_NAME static)
foreach(library shared static)
  install(TARGETS czm_${library} EXPORT czm-${library})
  install(EXPORT czm-${library} NAMESPACE czm:: DESTINATION ${CZM_CMAKE_DIR})
endforeach()

# Until 1.0.0 the interface may change with any minor version.
write_basic_package_version_file(czm-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/czm-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/czm-config-version.cmake
        DESTINATION ${CZM_CMAKE_DIR})

# Written when it is installed, since "cmake --install --prefix" may name another prefix than this; and
# with folders relative to the prefix, so that pkg-config --define-prefix finds them where they are moved.
foreach(folder LIBDIR INCLUDEDIR)
  set(PC_${folder} ${CMAKE_INSTALL_${folder}})
  if(NOT IS_ABSOLUTE ${PC_${folder}})
    string(PREPEND PC_${folder} "\${prefix}/")
  endif()
endforeach()
install(CODE "set(VERSION [[${PROJECT_VERSION}]])
set(LIBDIR [[${PC_LIBDIR}]])
set(INCLUDEDIR [[${PC_INCLUDEDIR}]])
configure_file([[${PROJECT_SOURCE_DIR}/cmake/czm.pc.in]] [[${CMAKE_CURRENT_BINARY_DIR}/czm.pc]] @ONLY)")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/czm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
