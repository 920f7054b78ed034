# SPDX-License-Identifier: Apache-2.0
#
# Warnings for all targets; errors and sanitizers where a preset asks for them.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wvla -Wundef)
if(CZM_WERROR)
  add_compile_options(-Werror)
endif()
if(CZM_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
