# SPDX-License-Identifier: Apache-2.0
#
# The verify command reads and writes images through libpng, libjpeg and libtiff, which nothing else
# needs. Without them, the command only prints a message about this.
set(CZM_VERIFY AUTO CACHE STRING "Build czmodel verify: ON, OFF, or AUTO, if its libraries are there")
set_property(CACHE CZM_VERIFY PROPERTY STRINGS AUTO ON OFF)

set(CZM_HAS_VERIFY OFF)
if(CZM_VERIFY)
  if(CZM_VERIFY STREQUAL "ON")
    set(required REQUIRED)
  endif()
  find_package(PNG ${required})
  find_package(JPEG ${required})
  find_package(TIFF ${required})
  if(PNG_FOUND AND JPEG_FOUND AND TIFF_FOUND)
    set(CZM_HAS_VERIFY ON)
  endif()
endif()

if(CZM_HAS_VERIFY)
  # Images, tiles, classes and pictures: for every caller that runs networks.
  add_library(
    czm_verify STATIC
    cli/verify/font.c
    cli/verify/grid.c
    cli/verify/image.c
    cli/verify/json.c
    cli/verify/preview.c
    cli/verify/sample.c
    cli/verify/tile.c)
  target_include_directories(czm_verify PUBLIC . src)
  target_link_libraries(czm_verify PUBLIC czm_static PNG::PNG JPEG::JPEG TIFF::TIFF)
  # The command, which runs them in a library that it loads.
  target_sources(
    czmodel
    PRIVATE cli/verify_command.c
            cli/runtime/network.c
            cli/runtime/onnx.c
            cli/runtime/payload.c
            cli/runtime/system_$<IF:$<BOOL:${WIN32}>,windows,posix>.c
            cli/runtime/tensorflow.c)
  target_link_libraries(czmodel PRIVATE czm_verify ${CMAKE_DL_LIBS})
else()
  message(STATUS "czmodel verify is left out: it needs libpng, libjpeg and libtiff")
  target_sources(czmodel PRIVATE cli/verify_without.c)
endif()
