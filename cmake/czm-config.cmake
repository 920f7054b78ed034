# SPDX-License-Identifier: Apache-2.0
#
# find_package(czm) reads this file; Package.cmake describes the targets. Only the static
# library requires the development files of its libraries.
include(CMakeFindDependencyMacro)
include(${CMAKE_CURRENT_LIST_DIR}/czm-shared.cmake)

if("static" IN_LIST czm_FIND_COMPONENTS)
  find_dependency(PkgConfig)
  find_dependency(Threads)
  find_dependency(ZLIB)
  pkg_check_modules(JANSSON REQUIRED QUIET IMPORTED_TARGET jansson)
  pkg_check_modules(EXPAT REQUIRED QUIET IMPORTED_TARGET expat)
  include(${CMAKE_CURRENT_LIST_DIR}/czm-static.cmake)
endif()
