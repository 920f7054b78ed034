# SPDX-License-Identifier: Apache-2.0
"""The library's symbols: the shared one exports the functions of czm.h and nothing else, and what
the static one has is named czm_ or stays in its file.

    exports.py HEADER SHARED_LIBRARY STATIC_LIBRARY
"""
import re
import subprocess
import sys

DECLARATION = re.compile(r'^CZM_API [^;{]*?\b(czm_\w+)\(', re.MULTILINE)
# Of sanitizers and coverage counters, which such builds add.
FOREIGN = re.compile(r'__(asan|ubsan|odr_asan|gcov|sanitizer|start|stop)|\.|mangle_path$')


def symbols(library, *options):
    """The names of the defined global symbols."""
    done = subprocess.run(['nm', '--defined-only', '--extern-only', *options, library],
                          capture_output=True, text=True, check=True)
    return {words[2] for words in map(str.split, done.stdout.splitlines())
            if len(words) == 3 and not FOREIGN.match(words[2])}


def main():
    header, shared, static = sys.argv[1:]
    with open(header, encoding='utf-8') as file:
        declared = set(DECLARATION.findall(file.read()))
    exported, linked = symbols(shared, '--dynamic'), symbols(static)
    faults = [f'{name} is declared but not exported' for name in sorted(declared - exported)]
    faults += [f'{name} is exported but not declared' for name in sorted(exported - declared)]
    faults += [f'{name} of the static library does not begin with czm_'
               for name in sorted(linked) if not name.startswith('czm_')]
    print(f'{len(declared)} functions, {len(linked)} symbols')
    if faults or not declared or not linked:
        sys.exit('\n'.join(faults) or 'nothing was found')


if __name__ == '__main__':
    main()
