# SPDX-License-Identifier: Apache-2.0
"""The library names options by czm_option, not by a flag of the command or a word of another front end.

    flags.py ROOT

A text in src/ that contains something like "--spatial-dims" is a fault.
"""
import pathlib
import re
import sys

TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')
FLAG = re.compile(r'--[a-z]')


def faults_of(path):
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        if any(FLAG.search(text) for text in TEXT.findall(line)):
            yield f'{path}:{number}: {line.strip()}'


def main(root):
    files = [path for path in sorted((pathlib.Path(root) / 'src').rglob('*'))
             if path.suffix in ('.c', '.h', '.def')]
    faults = [fault for path in files for fault in faults_of(path)]
    print(f'{len(files)} files')
    if faults or not files:
        sys.exit('use czm_report_option() instead of a flag:\n' + '\n'.join(faults))


if __name__ == '__main__':
    main(sys.argv[1])
