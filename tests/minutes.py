# SPDX-License-Identifier: Apache-2.0
"""How long the tests of the last "make test" took, and what they left out, from the logs of CTest.

    minutes.py BUILD [--write]

Prints the reasons of all that was skipped, and a table of minutes; --write puts the table into tests/README.md. Two
cores share the time, and tests run beside each other: their minutes add up to more than the whole run.
"""
import argparse
import os
import re

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'README.md')
BEGIN, END = '<!-- minutes -->\n', '<!-- end of the minutes -->\n'
TEST = re.compile(r'^\d+/\d+ Testing: (\S+)\n.*?^Output:\n-+\n(.*?)^<end of output>\nTest time = +([\d.]+) sec$',
                  re.MULTILINE | re.DOTALL)
# What is run where; tests below SHORT minutes are one line together.
RUNS = (('check', 'with sanitizers'), ('coverage', 'with counters'), ('', 'optimised'))
SHORT = 0.5


def tests_of(build, run):
    """(name, output, minutes)"""
    path = os.path.join(build, run, 'Testing', 'Temporary', 'LastTest.log')
    if os.path.exists(path):
        with open(path, encoding='utf-8', errors='replace') as file:
            for name, output, seconds in TEST.findall(file.read()):
                yield name, output, float(seconds) / 60


def rows(build):
    for run, words in RUNS:
        tests = list(tests_of(build, run))
        for name, output, _ in tests:
            for line in re.findall('^skipped: .*', output, re.MULTILINE):
                print(f'{name}: {line}')
        long = sorted(((minutes, name) for name, _, minutes in tests if minutes >= SHORT), reverse=True)
        yield from ((f'`{name}`, {words}', minutes) for minutes, name in long)
        if tests:
            yield (f'the other {len(tests) - len(long)} tests, {words}',
                   sum(minutes for _, _, minutes in tests if minutes < SHORT))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('build')
    parser.add_argument('--write', action='store_true')
    options = parser.parse_args()
    table = '| tests | minutes |\n|---|--:|\n' + ''.join(
        f'| {label} | {minutes:.1f} |\n' for label, minutes in rows(options.build))
    print(table, end='')
    if options.write:
        with open(README, encoding='utf-8') as file:
            before, rest = file.read().split(BEGIN)
        with open(README, 'w', encoding='utf-8') as file:
            file.write(before + BEGIN + table + END + rest.split(END)[1])


if __name__ == '__main__':
    main()
