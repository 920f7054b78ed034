# SPDX-License-Identifier: Apache-2.0
#
# A CMake toolchain for build: the compiler that it has wrapped, in WORK, and the libraries below
# DEPENDENCIES, none of this machine's.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES WORK DEPENDENCIES ZIG_TARGET)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR ${ZIG_TARGET})
set(CMAKE_SYSTEM_NAME Linux)
if(ZIG_TARGET MATCHES macos)
  set(CMAKE_SYSTEM_NAME Darwin)
elseif(ZIG_TARGET MATCHES windows)
  set(CMAKE_SYSTEM_NAME Windows)
elseif(ZIG_TARGET MATCHES wasm)
  set(CMAKE_SYSTEM_NAME Generic) # WASI, which CMake does not know
endif()

set(CMAKE_C_COMPILER ${WORK}/cc)
set(CMAKE_AR ${WORK}/ar)
set(CMAKE_RANLIB ${WORK}/ranlib)
set(CMAKE_RC_COMPILER ${WORK}/rc)
set(CMAKE_RC_COMPILE_OBJECT "<CMAKE_RC_COMPILER> /:auto-includes none /:output-format coff /:target x86_64 -- <SOURCE> <OBJECT>")
# Zig builds a C library for whoever links, which takes a minute: questions are answered without.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_FIND_ROOT_PATH ${DEPENDENCIES})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind INCLUDE LIBRARY PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()

# How a library for macOS calls itself: not after the folder where it was built.
set(CMAKE_BUILD_WITH_INSTALL_NAME_DIR ON)
set(CMAKE_INSTALL_NAME_DIR @rpath)
