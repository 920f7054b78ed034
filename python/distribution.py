# SPDX-License-Identifier: Apache-2.0
"""The parts of the package's metadata that need the project's address, which stands in the file HOMEPAGE alone.

scikit-build-core calls dynamic_metadata(); see pyproject.toml. As a program,

    distribution.py FOLDER

writes FOLDER/czmodel_native-VERSION.dist-info for systems whose packages are built without it (Debian).
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINK = re.compile(r'\]\((?!https?:|#)([^)]+)\)')  # a relative one, in Markdown
PAGES = {'Homepage': '', 'Documentation': '/blob/main/docs/python.md', 'Source': '',
         'Changelog': '/blob/main/CHANGELOG.md', 'Issues': '/issues'}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def urls():
    address = read('HOMEPAGE').strip()
    return {name: address + page for name, page in PAGES.items()}


def readme():
    """docs/python.md with absolute links."""
    address = read('HOMEPAGE').strip()

    def absolute(match):
        path = os.path.normpath(os.path.join('docs', match.group(1))).replace(os.sep, '/')
        return f']({address}/blob/main/{path})'
    return LINK.sub(absolute, read('docs', 'python.md'))


def dynamic_metadata(field, settings=None, project=None):
    if field == 'urls':
        return urls()
    return {'text': readme(), 'content-type': 'text/markdown'}


def main(folder):
    import tomllib  # Python 3.11
    project = tomllib.loads(read('pyproject.toml'))['project']
    version = read('VERSION').strip()
    lines = ['Metadata-Version: 2.1', f'Name: {project["name"]}', f'Version: {version}',
             f'Summary: {project["description"]}', f'Author: {project["authors"][0]["name"]}',
             'License: Apache-2.0', f'Requires-Python: {project["requires-python"]}']
    lines += [f'Classifier: {name}' for name in project['classifiers']]
    lines += [f'Project-URL: {name}, {url}' for name, url in urls().items()]
    lines += ['Description-Content-Type: text/markdown', '', readme()]
    info = os.path.join(folder, f'{project["name"].replace("-", "_")}-{version}.dist-info')
    os.makedirs(info)
    for name, text in (('METADATA', '\n'.join(lines)), ('INSTALLER', 'debian\n'),
                       ('top_level.txt', 'czmodel\n')):
        with open(os.path.join(info, name), 'w', encoding='utf-8') as file:
            file.write(text)


if __name__ == '__main__':
    main(*sys.argv[1:])
