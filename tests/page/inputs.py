# SPDX-License-Identifier: Apache-2.0
"""Makes the inputs of the page's tests: each kind of file that can be dropped, and hostile ones.

`make(folder, czmodel)` writes them. What is below `kinds` converts, what is below `hostile` does not.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import numpy

ROOT = pathlib.Path(__file__).parents[2]
EXAMPLE = ROOT / 'example/nuclei'
sys.path[:0] = [str(ROOT / 'tests/lib'), str(ROOT / 'tests/keras')]
import keras_file  # pylint: disable=wrong-import-position
import rejections  # pylint: disable=wrong-import-position


def run(*command):
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


def make_kinds(folder, czmodel):
    keras_file.write(rejections.of(rejections.CONV, weights=rejections.KERNEL), str(folder / 'network.h5'))
    keras_file.write(rejections.of(rejections.CONV, version='3.15.0', weights={
        'layers/conv2d/vars/0': [3, 3, 1, 2], 'layers/conv2d/vars/1': [2]}), str(folder / 'network.keras'))
    shutil.make_archive(str(folder / 'zipped'), 'zip', EXAMPLE / 'model')
    run(czmodel, 'convert', EXAMPLE / 'model_spec.json', folder, 'container')
    run(czmodel, 'convert', EXAMPLE / 'model_spec.json', folder, 'segmenter', '--extension', 'czseg')
    run(czmodel, 'convert', EXAMPLE / 'model_spec.json', folder, 'container', '--format', 'czann-2.1.0')
    run(czmodel, 'convert', EXAMPLE / 'model_spec.json', folder, 'older', '--format', 'czann-1.1.0')
    extract_network(folder / 'older.czann', folder / 'network.onnx')


def make_fixtures(folder, czmodel):
    """Keras files of old versions, and the SavedModels of tests/fixtures in ONNX."""
    with tarfile.open(ROOT / 'tests/keras/old_versions.tar.xz') as archive:
        for member in archive.getmembers():
            if not member.name.endswith('.npz'):
                (folder / member.name).write_bytes(archive.extractfile(member).read())
    for model in sorted((ROOT / 'tests/fixtures/models').iterdir()):
        made = subprocess.run([czmodel, 'new', model / 'model', folder / 'new.json'], capture_output=True, check=False)
        if made.returncode == 0:
            subprocess.run([czmodel, 'convert', folder / 'new.json', folder, model.name, '--format', 'czann-1.1.0',
                            '--allow', 'probabilities'], capture_output=True, check=False)
            (folder / 'new.json').unlink()
    for container in folder.glob('*.czann'):
        extract_network(container, container.with_suffix('.onnx'))
        container.unlink()


def extract_network(container, to):
    with zipfile.ZipFile(container) as archive:
        name = next(name for name in archive.namelist() if name.endswith('.model'))
        to.write_bytes(archive.read(name))


def make_large(path):
    """300 MB of weights."""
    def layer(name, filters, after, activation='relu'):
        return rejections.layer(name, 'Conv2D', {'filters': filters, 'kernel_size': [3, 3], 'padding': 'same',
                                                 'activation': activation}, after=after)
    layers = [layer('a', 1024, 'input'), layer('b', 8192, 'a'), layer('c', 2, 'b', 'softmax')]
    keras_file.write(rejections.of(*layers, weights={
        'a': {'kernel:0': [3, 3, 1, 1024], 'bias:0': [1024]},
        'b': {'kernel:0': [3, 3, 1024, 8192], 'bias:0': [8192]},
        'c': {'kernel:0': [3, 3, 8192, 2], 'bias:0': [2]}}), str(path))


def make_hostile(folder, kinds):
    container = (kinds / 'container.czmodel').read_bytes()
    (folder / 'cut.czmodel').write_bytes(container[:len(container) // 2])
    (folder / 'empty.onnx').write_bytes(b'')
    (folder / 'noise.h5').write_bytes(b'\x89HDF\r\n\x1a\n' + bytes(range(256)) * 64)
    (folder / 'deep.json').write_text('{"ModelPath": ' + '[' * 100000)
    # Text that would be markup, and the marks of a remedy that is none.
    spec = {'BorderSize': 0, 'ColorHandling': '<img src=x onerror=alert(1)>', 'PixelType': '\u27e6strict\u27e7',
            'Classes': ['<script>alert(1)</script>'], 'ModelPath': 'https://example.org/model'}
    (folder / 'markup.json').write_text(json.dumps(spec), encoding='utf-8')
    with zipfile.ZipFile(folder / 'bomb.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('saved_model.pb', b'\0' * 300_000_000)


def make_expected(path):
    """What TensorFlow gives for some pixels of the example's image."""
    data = numpy.load(EXAMPLE / 'expected.npz')
    start = int(data['crop'][0]) # of rows and of columns
    places = [(y, x) for y in range(4, 64, 19) for x in range(4, 64, 19)]
    path.write_text(json.dumps({
        'width': data['input'].shape[1], 'height': data['input'].shape[0],
        'pixels': [{'y': start + y, 'x': start + x, 'probabilities': data['output'][y, x].tolist()}
                   for y, x in places]}))


def make(folder, czmodel):
    shutil.rmtree(folder, ignore_errors=True)
    for name in ('fixtures', 'hostile', 'kinds', 'large'):
        (folder / name).mkdir(parents=True)
    make_kinds(folder / 'kinds', czmodel)
    make_fixtures(folder / 'fixtures', czmodel)
    make_hostile(folder / 'hostile', folder / 'kinds')
    make_large(folder / 'large/large.h5')
    make_expected(folder / 'expected.json')
