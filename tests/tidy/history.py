# SPDX-License-Identifier: Apache-2.0
"""Fails if a temporary file is tracked, if git may change the line ends of a file in a clone (.gitattributes), or if a
new commit has a subject that CONTRIBUTING.md does not allow.

    history.py [ROOT]

Subjects count after FIRST; the older ones stay as they are. Without git, as in an archive of the sources, there
is nothing to check.
"""
import re
import subprocess
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else '.'
FIRST = '91616f4f525f'
LONGEST = 72
TEMPORARY = re.compile(r'(^|/)(\.czm-[0-9a-f]+\.tmp|__pycache__|node_modules|build|tmp)/|'
                       r'(\.tmp|\.swp|\.orig|\.rej|\.pyc|\.o|~)$|'
                       r'^[^/]*\.(onnx|h5|keras|pb|png|czmodel|czann|czseg)$') # what a program wrote into the root
LOCAL_FOLDER = re.compile(r'(^|[\s\'"(])(~|/[\w.-]+)/[\w.-]')


def git(*arguments):
    done = subprocess.run(['git', '-C', ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True)
    return done.stdout.splitlines() if done.returncode == 0 else None


def subject_fault(subject):
    if len(subject) > LONGEST:
        return f'has {len(subject)} characters, more than {LONGEST}'
    return 'names a local folder' if LOCAL_FOLDER.search(subject) else None


def new_subjects():
    """Those after FIRST; of a clone without it, that of the newest commit."""
    found = git('log', '--format=%s', f'{FIRST}..HEAD')
    return git('log', '--format=%s', '-1') if found is None else found


def main():
    files = git('ls-files')
    if files is None:
        return print('there is no git repository')
    faults = [f'{path}: looks like a temporary file' for path in files if TEMPORARY.search(path)]
    faults += [f'{line.split(chr(9))[1]}: .gitattributes does not keep its line ends' for line in git('ls-files', '--eol')
               if 'attr/-text' not in line.split()]
    subjects = new_subjects()
    faults += [f'"{subject}": {fault}' for subject in subjects if (fault := subject_fault(subject))]
    print(f'{len(files)} files, {len(subjects)} new commits')
    if faults:
        sys.exit('\n'.join(faults))


if __name__ == '__main__':
    main()
