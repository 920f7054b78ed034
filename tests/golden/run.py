# SPDX-License-Identifier: Apache-2.0
"""The golden test: what becomes of some fixtures, as text that can be read in a diff.

    run.py --czmodel PROGRAM [--update]

NAME.txt holds the container's members, those of the network's archive, the nodes of its graph, and
the objects; NAME.xml is the metadata, byte for byte. --update shows the difference
and then writes it down.
"""
import argparse
import difflib
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

from protobuf import fields  # noqa: E402

FIXTURES = os.path.join(os.path.dirname(HERE), 'fixtures', 'models')
MODEL_ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'

# fixture -> its metadata; chosen for the oldest, the newest, and a graph with functions.
CASES = {
    'tf115-ref_variables': {'PixelType': 'Bgr48', 'ColorHandling': 'ConvertToMonochrome'},
    'tf221-keras3': {'PixelType': 'Bgr24', 'ColorHandling': 'SplitRgb'},
    'tf221-while_cond': {'PixelType': 'Bgr96Float', 'ColorHandling': 'SplitRgb'},
}
CLASSES = ['Background', 'Größe < 5 µm & "klein"', 'Edge\tcase']


def all_of(content, *path):
    """The values at a path of field numbers."""
    if not path:
        yield content
        return
    for number, value in fields(content):
        if number == path[0]:
            yield from all_of(value, *path[1:])


def node_text(node):
    name, op = (next(all_of(node, number)).decode() for number in (1, 2))
    inputs = ', '.join(value.decode() for value in all_of(node, 3))
    attrs = ' '.join(sorted(value.decode() for value in all_of(node, 5, 1)))
    return f'{name} = {op}({inputs}) {attrs}'.rstrip()


def graph_lines(saved_model):
    for meta in all_of(saved_model, 2):
        yield from map(node_text, all_of(meta, 2, 1))
        for function in all_of(meta, 2, 2, 1):
            yield 'function ' + next(all_of(function, 1, 1)).decode()
            for node in all_of(function, 3):
                yield '  ' + node_text(node)


def object_lines(saved_model):
    """Number, children, kind, and identifier or name of each object."""
    kinds = {4: 'user_object', 6: 'function', 7: 'variable', 8: 'bare_concrete_function'}
    for graph in all_of(saved_model, 2, 7):
        for number, saved in enumerate(all_of(graph, 1)):
            words = [str(number)]
            for field, value in fields(saved):
                parts = dict(fields(value))
                if field == 1:
                    words.append(f'{parts[2].decode()}={parts.get(1, 0)}')
                else:
                    words += [kinds[field], parts[6 if field == 7 else 1].decode()]
                    words += ['trainable'] if field == 7 and parts.get(3) else []
            yield ' '.join(words)


# --------------------------------------------- the test

def listing(archive):
    return [f'{member.filename} {member.file_size}' for member in archive.infolist()]


def describe(path):
    """The text and the XML of a container."""
    with zipfile.ZipFile(path) as archive:
        metadata, network = (archive.read(name) for name in archive.namelist()[:2])
        lines = ['# container'] + listing(archive)
    with zipfile.ZipFile(io.BytesIO(network)) as archive:
        lines += ['', '# network'] + listing(archive)
        saved_model = archive.read('saved_model.pb')
    lines += ['', '# graph'] + list(graph_lines(saved_model))
    lines += ['', '# objects'] + list(object_lines(saved_model))
    return '\n'.join(lines) + '\n', metadata.decode()


def convert(program, name, folder):
    spec = dict(CASES[name], BorderSize=8, Classes=CLASSES,
                ModelPath=os.path.join(FIXTURES, name, 'model'))
    path = os.path.join(folder, 'spec.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(spec, file)
    subprocess.run([program, 'convert', path, folder, name, '--quiet', '--model-id', MODEL_ID,
                    '--name', name, '--allow', 'input-size-undefined'], check=True)
    return os.path.join(folder, name + '.czmodel')


def compare(file, actual, update):
    path = os.path.join(HERE, file)
    expected = ''
    if os.path.exists(path):
        with open(path, encoding='utf-8', newline='') as text:
            expected = text.read()
    if actual == expected:
        return True
    sys.stdout.writelines(difflib.unified_diff(
        expected.splitlines(True), actual.splitlines(True), file, 'now'))
    if update:
        with open(path, 'w', encoding='utf-8', newline='') as text:
            text.write(actual)
    return update


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    good = True
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            text, metadata = describe(convert(os.path.abspath(options.czmodel), name, folder))
        good &= compare(name + '.txt', text, options.update)
        good &= compare(name + '.xml', metadata, options.update)
    if not good:
        sys.exit('the golden files differ; --update writes them anew')
    print(f'{len(CASES)} conversions are as expected')


if __name__ == '__main__':
    main()
