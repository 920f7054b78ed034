# SPDX-License-Identifier: Apache-2.0
"""Makes a program of the example in the opening comment of czm.h: what people copy must compile.

    example.py HEADER PROGRAM.c
"""
import sys


def main():
    header, program = sys.argv[1:]
    with open(header, encoding='utf-8') as file:
        comment = file.read().split('#ifndef')[0]
    lines = [line[7:] for line in comment.splitlines() if line.startswith('//     ')]
    if not lines:
        sys.exit(f'there is no example in {header}')
    with open(program, 'w', encoding='utf-8') as file:
        file.write('#include <stdio.h>\n#include "czm.h"\nint main(void) {\n'
                   + '\n'.join(lines) + '\nreturn 0;\n}\n')


if __name__ == '__main__':
    main()
