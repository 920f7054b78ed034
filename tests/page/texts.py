# SPDX-License-Identifier: Apache-2.0
"""Fails if a table of texts of the page is no TypeScript any more, or lacks a rule of the rule book.

    texts.py ROOT

The tests of the page find both, too, but need a browser.
"""
import pathlib
import re
import sys

TABLES = ('texts.ts', 'rules_de.ts')


def faults_of_quotes(path):
    """Lines with an apostrophe outside texts, such as one in a text that it ends."""
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        code = re.sub(r'//.*', '', re.sub(r"'(?:[^'\\]|\\.)*'|`[^`]*`", '""', line))
        # After a text comes what ends an entry, or an operator; never a word.
        if "'" in code or re.search(r'""\s*\w', code):
            yield f'{path.name}:{number}: an apostrophe ends a text: {line.strip()}'


def missing_rules(root):
    rules = set(re.findall(r'^RULE\(\w+, "([^"]+)"', (root / 'src/report/rules.def').read_text(encoding='utf-8'), re.M))
    translated = set(re.findall(r"^  '?([a-z-]+)'?: \[$", (root / 'page/src/rules_de.ts').read_text(encoding='utf-8'), re.M))
    for rule in sorted(rules ^ translated):
        yield f"rules_de.ts: {'no text for' if rule in rules else 'there is no'} rule {rule}"


def main():
    root = pathlib.Path(sys.argv[1])
    faults = list(missing_rules(root))
    for name in TABLES:
        faults += faults_of_quotes(root / 'page/src' / name)
    print('\n'.join(faults) or f'{len(TABLES)} tables are sound')
    return bool(faults)


if __name__ == '__main__':
    sys.exit(main())
