# SPDX-License-Identifier: Apache-2.0
"""Writes docs/rules.md and the list of rules in man/czmodel.1 from the rule book.

    make_rules.py --czmodel PROGRAM [--check]

The rule book is src/report/rules.def; the program prints it (czmodel explain --json). --check writes
nothing and fails if the files are not what would be written.
"""
import argparse
import json
import os
import subprocess
import sys
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN = '.\\" rules: tools/make_rules.py writes from here\n'
END = '.\\" rules: to here\n'

SUBJECTS = {
    'call': 'What was asked for',
    'container': 'A finished CZModel',
    'metadata': 'The metadata',
    'network': 'The network',
    'onnx': 'The network, if it is an ONNX file',
    'keras': 'The network, if it is a Keras file',
    'both': 'Metadata and network together',
}

PAGE = '''# The rules

Every rule that czmodel knows. `czmodel check` runs them all, `czmodel convert` all that need no look
at the weights' bytes before it writes; `czmodel explain RULE` says what stands here. The severity is
the gravest that a rule's findings have: some have lesser ones too. `--allow ID` makes warnings of
the errors of a rule that can be allowed; `--strict` makes errors of warnings. "Specification" is
ZEISS's ANN Model Specification for model version 3.0.0.

This page is made by `tools/make_rules.py` from `src/report/rules.def`.
'''


def page(rules):
    text = PAGE
    for subject, title in SUBJECTS.items():
        text += f'\n## {title}\n\n| rule | severity | can be allowed | why | what repairs it |\n'
        text += '|---|---|---|---|---|\n'
        for rule in rules:
            if rule['subject'] == subject:
                allowed = 'yes' if rule['can_be_allowed'] else 'no'
                text += (f"| `{rule['rule']}` | {rule['severity']} | {allowed} | {rule['why']} | "
                         f"{rule['hint']} |\n")
    return text


def manual_list(rules):
    text = ''
    for rule in rules:
        allowed = ', can be allowed' if rule['can_be_allowed'] else ''
        why = rule['why'][0].upper() + rule['why'][1:] + '.'
        text += f".It Cm {rule['rule']} Pq {rule['severity']}{allowed}\n"
        # A full stop at the beginning of a line would make a macro of it.
        lines = textwrap.wrap(why, 78)
        text += '\n'.join('\\&' + line if line[0] == '.' else line for line in lines) + '\n'
    return text


def manual(rules):
    path = os.path.join(ROOT, 'man', 'czmodel.1')
    with open(path, encoding='utf-8') as file:
        before, _, rest = file.read().partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + manual_list(rules) + END + after


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--check', action='store_true')
    asked = parser.parse_args()
    rules = json.loads(subprocess.run([asked.czmodel, 'explain', '--json'], check=True,
                                      capture_output=True, text=True).stdout)
    stale = []
    for name, text in (('docs/rules.md', page(rules)), ('man/czmodel.1', manual(rules))):
        path = os.path.join(ROOT, name)
        old = open(path, encoding='utf-8').read() if os.path.exists(path) else ''
        if old == text:
            continue
        stale.append(name)
        if not asked.check:
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
    if asked.check and stale:
        sys.exit('run tools/make_rules.py: stale are ' + ', '.join(stale))


if __name__ == '__main__':
    main()
