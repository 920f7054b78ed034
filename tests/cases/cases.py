# SPDX-License-Identifier: Apache-2.0
"""Small networks of public test suites, libraries and reports, each with an input and the exporter's own output.

cases.tar.xz holds them as NAME/{model/,input.npy,expected.npy}; NAME begins with where they, or networks of their
kind, come from. Those with input2.npy and expected2.npy must also work at that size. make_cases.py makes some.
rejected.json lists those that are rejected, {NAME: {FORMAT: MESSAGE}}; every other one converts and gives the
expected output in every engine that accepts the format.

    cases.py FOLDER NAME...    adds networks of this layout, which lie in FOLDER, to the archive
"""
import ast
import io
import json
import os
import shutil
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
ARCHIVE = os.path.join(HERE, 'cases.tar.xz')
REJECTED = os.path.join(HERE, 'rejected.json')
OPSETS = {'3.1.0': 12, 'czann-2.1.0': 18}


def rejections():
    with open(REJECTED, encoding='utf-8') as file:
        return json.load(file)


def shape_of(path):
    """Of an array in NumPy's format."""
    with open(path, 'rb') as file:
        return list(ast.literal_eval(file.read(1024)[10:].split(b'\n')[0].decode('latin-1'))['shape'])


def size_of(place):
    """Height and width of the second input; []: there is none."""
    path = os.path.join(place, 'input2.npy')
    return shape_of(path)[1:3] if os.path.exists(path) else []


def unpack(folder):
    """The folder, with the networks in it; beside those that are rejected, meta.json with the operator sets."""
    mark = os.path.join(folder, 'complete')
    newest = max(map(os.path.getmtime, (ARCHIVE, REJECTED, __file__)))
    if os.path.exists(mark) and os.path.getmtime(mark) >= newest:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder)
    for name, messages in rejections().items():
        rejected = [OPSETS[key] for key in messages if key in OPSETS]
        with open(os.path.join(folder, name, 'meta.json'), 'w', encoding='utf-8') as file:
            json.dump({'rejected': rejected}, file)
    with open(mark, 'w', encoding='utf-8'):
        return folder


def members(folder, names):
    for name in sorted(names):
        for base, _, files in sorted(os.walk(os.path.join(folder, name))):
            for file in sorted(files):
                path = os.path.join(base, file)
                yield os.path.relpath(path, folder), path


def add(folder, names):
    """Writes the archive anew; the same networks give the same bytes."""
    contents = {}
    if os.path.exists(ARCHIVE):
        with tarfile.open(ARCHIVE) as archive:
            contents = {info.name: archive.extractfile(info).read() for info in archive if info.isfile()}
    for name, path in members(folder, names):
        with open(path, 'rb') as file:
            contents[name] = file.read()
    with tarfile.open(ARCHIVE, 'w:xz', format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(contents):
            info = tarfile.TarInfo(name)
            info.size = len(contents[name])
            archive.addfile(info, io.BytesIO(contents[name]))


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    add(sys.argv[1], sys.argv[2:])
