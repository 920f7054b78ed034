# SPDX-License-Identifier: Apache-2.0
"""Compares the results of the reader of HDF5 with those of h5py.

    hdf5.py --dump PROGRAM [FILE...]

Needs a Python with h5py and numpy. Without files it writes its own: every layout that the reader
knows, in the oldest and in the newest version of the format, and what Keras' files hold.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import zlib

import h5py
import numpy as np

ATTRIBUTES = ('model_config', 'keras_version', 'backend', 'layer_names', 'weight_names', 'name',
              'dtype', 'text', 'texts', 'list', 'nothing', 'long0')
CLASSES = {'i': 1, 'u': 2, 'f': 3, 'V': 4, 'S': 5, 'O': 6}


# --------------------------------------------- what h5py finds

def texts(value):
    if isinstance(value, h5py.Empty):
        return []
    array = np.asarray(value, object) if isinstance(value, str) else np.asarray(value)
    if array.dtype.kind not in 'SO':
        return []
    return [one.encode() if isinstance(one, str) else bytes(one) for one in array.ravel()]


def attribute_lines(path, item):
    for name in ATTRIBUTES:
        if name in item.attrs:
            found = ' '.join('x' + one.rstrip(b'\0').hex() for one in texts(item.attrs[name]))
            yield f'text {path} {name} {found}'.strip()


def dataset_line(path, item):
    dtype = item.dtype
    kind = 'u' if dtype.kind == 'b' else dtype.kind
    dims = ' '.join(str(n) for n in item.shape)
    big = int(dtype.byteorder == '>')
    crc = zlib.crc32(np.ascontiguousarray(item[()]).tobytes())
    return f'numbers {path} {CLASSES[kind]} {dtype.itemsize} {big} {dims} {crc:08x}'.replace('  ', ' ')


def reference(path):
    lines = []
    with h5py.File(path, 'r') as file:
        todo = [('/', file['/'])]
        while todo:
            place, item = todo.pop()
            lines += attribute_lines(place, item)
            if isinstance(item, h5py.Dataset):
                lines.append(dataset_line(place, item))
                continue
            lines.append(f'group {place}')
            todo += [(f'{place}{name}/', item[name]) for name in item
                     if isinstance(item.get(name, getlink=True), h5py.HardLink)]
    return sorted(lines)


def found(program, path):
    text = subprocess.run([program, path, *ATTRIBUTES], stdout=subprocess.PIPE, check=True,
                          timeout=600).stdout.decode()
    return sorted(text.splitlines())


# --------------------------------------------- files of our own

def fill(file):
    rng = np.random.RandomState(1)
    file.attrs['model_config'] = '{"a": "' + 'long ' * 20000 + '"}'
    file.attrs['keras_version'] = b'2.2.4'
    file.attrs['texts'] = np.array(['Umlaut \u00e4', '', 'b'], object)
    file.attrs['list'] = np.array([b'conv2d', b'conv2d_1'])
    file.attrs['nothing'] = h5py.Empty('f')
    file.attrs['layer_names'] = []
    for k in range(60):
        group = file.create_group(f'group{k}')
        group.attrs['weight_names'] = np.array([f'w{n}:0' for n in range(k)], 'S') if k else []
        group.create_group('empty')
    numbers = file.create_group('numbers/deep')
    for dtype in ('<f4', '>f4', '<f2', '<f8', '>f8', '<i4', '>i8', 'u1', 'i1', '?'):
        numbers[dtype] = (rng.normal(size=(3, 5, 2)) * 50).astype(dtype)
    numbers['scalar'] = np.float32(3)
    numbers['none'] = np.zeros((0, 4), 'f')
    numbers['opaque'] = np.arange(12, dtype='u2').view('V2')
    numbers.create_dataset('unwritten', (7, 9), 'f', fillvalue=2.5)
    numbers.create_dataset('never', (7, 9), 'f')
    data = np.arange(23 * 17 * 3, dtype='f').reshape(23, 17, 3)
    for name, more in (('chunks', {}), ('gzip', dict(compression='gzip')),
                       ('shuffle', dict(compression='gzip', shuffle=True)),
                       ('check', dict(fletcher32=True)),
                       ('all', dict(compression='gzip', shuffle=True, fletcher32=True))):
        for chunks in ((23, 17, 3), (5, 4, 2), (23, 17, 1)):
            numbers.create_dataset(f'{name}{chunks[0]}_{chunks[2]}', data=data, chunks=chunks, **more)
    many = file.create_group('many_attributes')
    for k in range(40):
        many.attrs[f'a{k}'] = k
    many.attrs['text'] = 'found'
    file['soft'] = h5py.SoftLink('/numbers')


def compact(file):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((4,))
    dataset = h5py.h5d.create(file.id, b'compact', h5py.h5t.IEEE_F32LE, space, plist)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(4, dtype='f'))


def write_files(folder):
    for name, options in (('old', {}), ('new', dict(libver='latest')),
                          ('block', dict(userblock_size=1024)),
                          ('new_block', dict(libver='latest', userblock_size=512)),
                          ('ordered', dict(libver='latest', track_order=True))):
        path = os.path.join(folder, name + '.h5')
        with h5py.File(path, 'w', **options) as file:
            fill(file)
            compact(file)
        yield path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dump', required=True)
    parser.add_argument('files', nargs='*')
    asked = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = asked.files or list(write_files(folder))
        for path in paths:
            want, have = reference(path), found(asked.dump, path)
            if want == have:
                continue
            failures += 1
            print(f'{path}: {len(want)} lines by h5py, {len(have)} here')
            for line in sorted(set(want) ^ set(have))[:6]:
                print('  ', 'h5py' if line in want else 'here', line[:150])
    print(f'{len(paths) - failures} of {len(paths)} files are read as h5py reads them')
    sys.exit(failures > 0 or not paths)


if __name__ == '__main__':
    main()
