# SPDX-License-Identifier: Apache-2.0
"""Comparing lines that a test has collected with those of a committed file."""


def differ(lines, path, is_update):
    """Whether the lines differ from those of the file, and prints how; or writes them to it."""
    if is_update:
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')
    with open(path, encoding='utf-8') as file:
        expected = file.read().splitlines()
    for line in sorted(set(lines) ^ set(expected)):
        print('now:' if line in lines else 'was:', line)
    return lines != expected


def errors_of(text, folder):
    """The errors of a command and what to do about them, without rules and without the folder's path."""
    errors, lines = False, []
    for line in text.splitlines():
        errors = line.startswith('error') if not line.startswith(' ') else errors
        if errors and not line.startswith('  rule:'):
            lines.append(line.replace(folder + '/', ''))
    return lines
