# SPDX-License-Identifier: Apache-2.0
"""Every function of src/base/os.h is defined once for each system: the sources of no system but this one are
compiled by `make check`.

    os.py ROOT

Functions whose comment begins with "For the command" are not in WebAssembly, which has no command.
"""
import pathlib
import re
import sys

SYSTEMS = {
    'POSIX': ('os_posix.c', 'os_room.c', 'os_pipe.c', 'path_slash.c', 'path.c'),
    'Windows': ('os_windows.c', 'os_windows_program.c', 'os_pipe.c', 'path.c'),
    'WebAssembly': ('os_wasm.c', 'path_slash.c', 'path.c'),
}
FUNCTION = re.compile(r'^(?:[\w]+ \**)+\**(czm_\w+)\(', re.MULTILINE)


def declared(header):
    """The names of all functions, and of those for the command, which follow such a comment up to an empty line."""
    names, commands = set(), set()
    for block in header.split('\n\n'):
        found = set(FUNCTION.findall(block))
        names |= found
        if block.startswith('// For the command'):
            commands |= found
    return names, commands


def defined(paths):
    text = '\n'.join(path.read_text(encoding='utf-8') for path in paths)
    definitions = re.findall(r'^(?:[\w]+ \**)+\**(czm_\w+)\([^;{]*\{', text, re.MULTILINE)
    return definitions


def main(root):
    base = pathlib.Path(root) / 'src/base'
    names, commands = declared((base / 'os.h').read_text(encoding='utf-8'))
    faults = []
    for system, files in SYSTEMS.items():
        found = defined(base / file for file in files)
        wanted = names - commands if system == 'WebAssembly' else names
        faults += [f'{system}: {name} is defined {found.count(name)} times'
                   for name in sorted(wanted) if found.count(name) != 1]
    print(f'{len(names)} functions, {len(commands)} of them for the command')
    if faults or len(names) < 30:
        sys.exit('\n'.join(faults))


if __name__ == '__main__':
    main(sys.argv[1])
