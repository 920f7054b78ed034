# SPDX-License-Identifier: Apache-2.0
"""The errors test: each folder here is one broken input, with the exact message for it.

    run.py --czmodel PROGRAM [--system NAME] [--update] [CASE ...]

A folder holds `command` (the arguments), `expected.txt` (standard error without notes, and standard
output of commands that answer there) and `exit` (the status);
`expected-NAME.txt` is there where a system says it in its own words;
other files are the input, and `recipe` derives what is too large to keep (recipe.py). Everything
runs in a copy, so paths in messages are relative. --update shows the difference and then writes it
down: read it, for the wording is part of what users get.
"""
import argparse
import difflib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'lib'))
import recipe  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 600


def read(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as file:
        return file.read()


def read_command(case):
    return read(os.path.join(HERE, case, 'command'))


def run_case(program, case):
    """Returns standard error, the exit status, and what the command must not have done."""
    with tempfile.TemporaryDirectory() as parent:
        folder = os.path.join(parent, 'case')
        shutil.copytree(os.path.join(HERE, case), folder)
        os.chdir(folder)
        try:
            recipe.follow('recipe')
            before = set(recipe.files_below('.'))
            done = subprocess.run([program] + shlex.split(read_command(case)), capture_output=True,
                                  timeout=SECONDS, env={**os.environ, 'LC_ALL': 'C'}, check=False)
            left = sorted(set(recipe.files_below('.')) - before)
        finally:
            os.chdir(HERE)
    faults = []
    if done.returncode and left:
        faults.append(f'it failed and left {left}')
    words = shlex.split(read_command(case))
    if words[:1] != ['check'] and done.returncode and done.stdout:
        faults.append('it failed and wrote to standard output')
    if words[:1] == ['convert'] and not done.returncode and not left:
        faults.append('it said that all is well and wrote nothing')
    text = recipe.without_notes(done.stderr.decode('utf-8', 'replace'))
    if words[:1] == ['check']:
        text += done.stdout.decode('utf-8', 'replace')
    return text, f'{done.returncode}\n', faults


def expected_name(case, system):
    own = f'expected-{system}.txt'
    return own if os.path.exists(os.path.join(HERE, case, own)) else 'expected.txt'


def compare(case, name, actual, update):
    path = os.path.join(HERE, case, name)
    expected = read(path)
    if actual == expected and os.path.exists(path):
        return True
    sys.stdout.writelines(difflib.unified_diff(
        expected.splitlines(True), actual.splitlines(True), f'{case}/{name}', 'now'))
    if update:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(actual)
    return update


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--system', default='', metavar='NAME', help='such as windows')
    parser.add_argument('--update', action='store_true')
    parser.add_argument('cases', nargs='*')
    options = parser.parse_args()
    program = os.path.abspath(options.czmodel)
    cases = options.cases or sorted(name for name in os.listdir(HERE)
                                    if os.path.exists(os.path.join(HERE, name, 'command')))
    bad = []
    for case in cases:
        text, status, faults = run_case(program, case)
        same = [compare(case, expected_name(case, options.system), text, options.update),
                compare(case, 'exit', status, options.update)]
        for fault in faults:
            print(f'{case}: {fault}')
        if faults or not all(same):
            bad.append(case)
    print(f'{len(cases) - len(bad)} of {len(cases)} cases are as expected')
    if bad:
        sys.exit('not as expected: ' + ' '.join(bad))


if __name__ == '__main__':
    main()
