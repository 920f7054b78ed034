# SPDX-License-Identifier: Apache-2.0
#
# The module of the page, czmodel.wasm: the library and the calls of cli/page/, for JavaScript.
add_executable(czm_page cli/page/calls.c)
target_include_directories(czm_page PRIVATE . src)
target_link_libraries(czm_page PRIVATE czm_static)
target_link_options(czm_page PRIVATE -mexec-model=reactor -Wl,-z,stack-size=4194304)
set_target_properties(czm_page PROPERTIES OUTPUT_NAME czmodel SUFFIX .wasm)
