# SPDX-License-Identifier: Apache-2.0
#
# The verify command reads and writes images through libpng, libjpeg and libtiff, which nothing else
# needs. Without them it is built as a message that says so.
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
  foreach(part font grid image json network payload preview runtime_onnx runtime_tensorflow sample system tile)
    list(APPEND CZM_VERIFY_SOURCES ${PROJECT_SOURCE_DIR}/cli/verify/${part}.c)
  endforeach()
  set(CZM_VERIFY_LIBRARIES PNG::PNG JPEG::JPEG TIFF::TIFF ${CMAKE_DL_LIBS})
  target_sources(czmodel PRIVATE cli/verify_command.c ${CZM_VERIFY_SOURCES})
  target_link_libraries(czmodel PRIVATE ${CZM_VERIFY_LIBRARIES})
else()
  message(STATUS "czmodel verify is left out: it needs libpng, libjpeg and libtiff")
  target_sources(czmodel PRIVATE cli/verify/without.c)
endif()
