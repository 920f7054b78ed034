# SPDX-License-Identifier: Apache-2.0
"""Writes the table of layers in docs/keras.md: what becomes of each class of keras.layers.

    make_keras_layers.py [--check]

The classes are those of src/read/keras: layers.def, and classes.c for those that are rejected. --check writes nothing
and fails if the page is not what would be written. tests/keras/run.py compares the classes with those of Keras 2 and 3.
"""
import argparse
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, 'docs', 'keras.md')
BEGIN = '<!-- layers: tools/make_keras_layers.py writes from here -->\n'
END = '<!-- layers: to here -->\n'
NO_EFFECT = {'identity', 'dropout'}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def rows():
    """{what happens: [class]}, in the order of the sources"""
    found = {}
    for name, function in re.findall(r'^LAYER\("(\w+)".* (\w+)\)$', read('src', 'read', 'keras', 'layers.def'), re.M):
        is_idle = function in NO_EFFECT and name != 'InputLayer'
        found.setdefault('no effect, as in `model.predict`' if is_idle else 'converted', []).append(name)
    source = re.sub(r'\\\n', '', read('src', 'read', 'keras', 'classes.c'))
    texts = {name: ''.join(re.findall(r'"([^"]*)"', value))
             for name, value in re.findall(r'^#define (\w+)\s+("[^\n]*)$', source, re.M)}
    for name, why in re.findall(r'^    \{"(\w+)", (\w+|"[^"]*"),', source, re.M):
        found.setdefault('rejected: ' + texts.get(why, why.strip('"')), []).append(name)
    return found


def table():
    lines = ['| layers | what happens |', '|---|---|']
    lines += [f'| {", ".join(f"`{name}`" for name in names)} | {what} |' for what, names in rows().items()]
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--check', action='store_true')
    text = read('docs', 'keras.md')
    before, rest = text.split(BEGIN)
    wanted = before + BEGIN + table() + END + rest.split(END)[1]
    if parser.parse_args().check:
        sys.exit(None if text == wanted else 'docs/keras.md is outdated: run tools/make_keras_layers.py')
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(wanted)


if __name__ == '__main__':
    main()
