# SPDX-License-Identifier: Apache-2.0
#
# The module of the page, czmodel.wasm: the library, the calls of cli/page/ for JavaScript, and what these need of
# cli/verify/.
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(TIFF REQUIRED)
add_executable(czm_page cli/page/calls.c cli/page/tryout.c cli/verify/grid.c cli/verify/image.c
                        cli/verify/sample.c cli/verify/tile.c)
target_include_directories(czm_page PRIVATE . src)
target_link_libraries(czm_page PRIVATE czm_static PNG::PNG JPEG::JPEG TIFF::TIFF)
target_link_options(czm_page PRIVATE -mexec-model=reactor -Wl,-z,stack-size=4194304)
set_target_properties(czm_page PROPERTIES OUTPUT_NAME czmodel SUFFIX .wasm)
