# SPDX-License-Identifier: Apache-2.0
"""The verify command's tests, from outside.

    run.py --czmodel PROGRAM --build FOLDER

ONNX Runtime is downloaded to FOLDER/engines unless it is there (18 MB); TensorFlow 2.0.0 is what
engines/engine.py keeps there.
"""
import argparse
import contextlib
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXAMPLE = os.path.join(ROOT, 'example', 'nuclei')
WHEEL = 'onnxruntime==1.23.2'
SECONDS = 1800


class Fault(Exception):
    pass


def expect(claim, text):
    if not claim:
        raise Fault(text)


class Verify:
    """Runs the command with a library of ONNX Runtime."""

    def __init__(self, czmodel, runtime):
        self.czmodel = czmodel
        self.runtime = runtime
        self.named = ['--runtime', runtime] if runtime else []

    def __call__(self, *arguments, status=0):
        done = subprocess.run([self.czmodel, 'verify', *self.named, *arguments], capture_output=True,
                              text=True, env={**os.environ, 'LC_ALL': 'C'}, timeout=SECONDS, check=False)
        expect(done.returncode == status,
               f'{arguments}: exit status {done.returncode}, not {status}:\n{done.stdout}'
               f'{done.stderr}')
        return done


def line_of(done, what):
    """The mark and the text of the line `what`."""
    found = re.search(rf'^  (\S+)  {re.escape(what)} +(.*)$', done.stdout, re.MULTILINE)
    expect(found, f'there is no line "{what}":\n{done.stdout}')
    return found.groups()


def number_in(text, pattern):
    return float(re.search(pattern, text)[1])


# --------------------------------------------- PNG

def read_png(path):
    """The pixels of an RGB image of 8 bits."""
    with open(path, 'rb') as file:
        data = file.read()
    at, packed = 8, b''
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB', body[:10])
            expect((depth, colour) == (8, 2), 'the picture is not RGB of 8 bits')
        packed += body if kind == b'IDAT' else b''
        at += size + 12
    return unfilter(zlib.decompress(packed), height, width * 3).reshape(height, width, 3)


def unfilter(raw, height, size):
    rows = np.zeros((height + 1, size + 3), np.int64)  # a row above and a pixel to the left, of zeros
    for y in range(height):
        kind, *values = raw[y * (size + 1):(y + 1) * (size + 1)]
        row, above = rows[y + 1], rows[y]
        for x, value in enumerate(values):
            a, b, c = row[x], above[x + 3], above[x]
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[x + 3] = value + (0, a, b, (a + b) // 2, paeth)[kind] & 255
    return rows[1:, 3:].astype(np.uint8)


def write_png(path, pixels):
    """Grey, 16 bits."""
    def chunk(kind, body):
        return (struct.pack('>I', len(body)) + kind + body
                + struct.pack('>I', zlib.crc32(kind + body)))
    height, width = pixels.shape
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in pixels)
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n'
                   + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 16, 0, 0, 0, 0))
                   + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


# --------------------------------------------- ONNX Runtime

def test_example(verify, _):
    """The picture shows the classes that TensorFlow found when the network was trained."""
    done = verify(os.path.join(EXAMPLE, 'model_spec.json'), '--preview', 'preview.png')
    mark, text = line_of(done, 'probabilities')
    expect(mark == '\u2713' and number_in(text, r'within (\S+)') < 1e-5, text)
    mark, text = line_of(done, 'tile edges')
    reach = number_in(text, r'reach (\d+) pixels')
    expect(mark == '\u2713' and 20 <= reach <= 23, text)
    mark, text = line_of(done, 'a tile')
    expect(number_in(text, r'([\d.]+) MB of memory') < 200, text)
    picture = read_png('preview.png')
    expected = np.load(os.path.join(EXAMPLE, 'expected.npz'))['classes']
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    top = 28
    mask = picture[top:top + 256, 276:276 + 256]
    same = (mask == colours[expected]).all(axis=2).mean()
    expect(same > 0.9999, f'{same:.6f} of the mask is as expected')
    return f'reach {reach:g}, {same:.4%} of the mask as TensorFlow 2.21 has it'


def test_tiles(verify, _):
    """An image of four times the size, made of mirror images, in tiles; and a smaller one."""
    pixels = np.load(os.path.join(EXAMPLE, 'expected.npz'))['input'][..., 0]
    wide = np.concatenate([pixels, pixels[:, ::-1]], axis=1)
    write_png('large.png', np.concatenate([wide, wide[::-1]]))
    write_png('small.png', pixels[:100, :77])
    spec = os.path.join(EXAMPLE, 'model_spec.json')
    for image, tiles in (('large.png', 9), ('small.png', 1)):
        done = verify(spec, '--image', image, '--preview', 'preview.png')
        _, text = line_of(done, 'a tile')
        expect(f'; {tiles} for the image' in text, text)
    # The middle of a quarter equals the result of the quarter alone.
    verify(spec, '--image', 'large.png', '--preview', 'preview.png')
    expected = np.load(os.path.join(EXAMPLE, 'expected.npz'))['classes'][32:224, 32:224]
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    mask = read_png('preview.png')[28 + 32:28 + 224, 532 + 32:532 + 224]
    same = (mask == colours[expected]).all(axis=2).mean()
    expect(same > 0.9999, f'{same:.6f} of the mask is as expected')


def test_border_too_small(verify, _):
    shutil.copytree(EXAMPLE, 'nuclei')
    path = 'nuclei/model_spec.json'
    with open(path, encoding='utf-8') as file:
        spec = json.load(file)
    spec['BorderSize'] = 8
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(spec, file)
    done = verify(path, status=1)
    mark, text = line_of(done, 'tile edges')
    expect(mark == '\u2717' and 'border 8' in text, text)


def test_engine(verify, build):
    """TensorFlow 2.0.0 runs the converted network, and reports why it cannot run the original."""
    engine = os.path.join(build, 'engines', 'tf200')
    done = verify(os.path.join(EXAMPLE, 'model_spec.json'), '--engine', engine)
    mark, text = line_of(done, 'SavedModel')
    difference = number_in(text, r'at most (\S+)')
    expect(mark == '\u2713' and 'TensorFlow 2.0.0' in text and 0 < difference < 1e-4, text)
    expect('does not run there' in line_of(done, 'original')[1], done.stdout)
    # Without ONNX Runtime, TensorFlow judges.
    alone = Verify(verify.czmodel, '/nowhere')
    done = alone(os.path.join(EXAMPLE, 'model_spec.json'), '--engine', engine)
    expect('the SavedModel itself, in TensorFlow 2.0.0' in line_of(done, 'network')[1], done.stdout)
    line_of(done, 'tile edges')
    result = json.loads(verify(os.path.join(EXAMPLE, 'model_spec.json'), '--json', '--engine',
                               engine).stdout)
    expect(result['ok'] and result['edges']['receptive_field'] == 23
           and result['tile']['count'] == 1 and result['original']['difference'] is None
           and 0 < result['payload']['difference'] < 1e-4, result)
    return f'translation and SavedModel in TensorFlow 2.0.0 differ by {difference:.1e}'


def test_containers(verify, build):
    """A CZModel of version 3.0.0, and one with ONNX."""
    subprocess.run([verify.czmodel, 'convert', os.path.join(EXAMPLE, 'model_spec.json'), '.',
                    'nuclei', '--quiet'], check=True)
    done = verify('nuclei.czmodel', '--engine', os.path.join(build, 'engines', 'tf200'))
    expect('generated' in line_of(done, 'image')[1], done.stdout)
    expect(line_of(done, 'SavedModel')[0] == '\u2713', done.stdout)
    subprocess.run([verify.czmodel, 'convert', os.path.join(EXAMPLE, 'model_spec.json'), '.',
                    'newer', '--format', '3.1.0', '--quiet'], check=True)
    done = verify('newer.czmodel', '--image', os.path.join(EXAMPLE, 'test_image.png'))
    expect('its ONNX file' in line_of(done, 'network')[1], done.stdout)
    expect('receptive field 23' in line_of(done, 'tile edges')[1], done.stdout)
    done = verify('newer.czmodel', '--engine', '/nowhere', status=2)
    expect('is ONNX' in done.stderr, done.stderr)


def test_unit_range(verify, _):
    """A .czann is fed 0 to 1: the factor before the network makes it the same one, whether it is
    inserted into a SavedModel or into ONNX, and one that the user gives is the only one."""
    spec = os.path.join(EXAMPLE, 'model_spec.json')
    pictures = []
    for source, name, *options in ((spec, 'raw.czmodel', '--format', '3.1.0'),
                                   (spec, 'unit.czann', '--format', 'czann-2.1.0'),
                                   ('raw.czmodel', 'moved.czann', '--zen', '3.5'),
                                   (spec, 'step.czann', '--zen', '3.5', '--preprocessing', 'scale=65535')):
        subprocess.run([verify.czmodel, 'convert', source, '.', name, '--quiet', *options],
                       check=True)
        verify(name, '--image', os.path.join(EXAMPLE, 'test_image.png'), '--preview', f'{name}.png')
        pictures.append(read_png(f'{name}.png'))
    shares = [float((pictures[0] != picture).mean()) for picture in pictures]
    expect(max(shares) < 1e-3, f'{shares} of the pictures differ')
    return f'{max(shares):.2%} of the pictures differ'


def test_places(verify, _):
    """Beside the program the runtime is found by itself, but nothing of the working or model's folder runs."""
    os.makedirs('program')
    program = shutil.copy(verify.czmodel, 'program/czmodel')
    os.symlink(verify.runtime, 'program/onnxruntime')
    alone = Verify(os.path.abspath(program), None)
    spec = os.path.join(EXAMPLE, 'model_spec.json')
    expect('ONNX Runtime' in line_of(alone(spec), 'network')[1], 'beside the program')
    os.chdir('program')
    for name in ('onnxruntime.py', 'types.py', 'importlib.py'):
        with open(name, 'w', encoding='utf-8') as file:
            file.write('open("executed", "w")\n')
    expect('it is not installed' in alone(spec, status=3).stderr, 'in the working folder')
    shutil.copytree(EXAMPLE, 'model')
    os.rename('model/model_spec.json', 'model_spec.json')
    with open('model_spec.json', encoding='utf-8') as file:
        text = file.read().replace('"model"', '"model/model"').replace('"test_image', '"model/test_image') \
            .replace('"LICENSE', '"model/LICENSE')
    with open('model_spec.json', 'w', encoding='utf-8') as file:
        file.write(text)
    spec = os.path.abspath('model_spec.json')
    os.chdir('..')
    expect('it is not installed' in alone(spec, status=3).stderr, 'in the model\'s folder')
    expect(not os.path.exists('program/executed'), 'a module of the working folder was executed')


def test_class_everywhere(verify, _):
    """The effect of a wrong value range: one class covers the image, which is a warning that names
    both ranges."""
    subprocess.run([verify.czmodel, 'convert', os.path.join(EXAMPLE, 'model_spec.json'), '.', 'wrong', '--quiet',
                    '--zen', '3.5', '--value-range', 'unit'], check=True)
    done = verify('wrong.czann', '--image', os.path.join(EXAMPLE, 'test_image.png'))
    mark, text = line_of(done, 'largest class')
    expect(mark == '⚠' and '"Background" covers 100 %' in text and 'expects 0 to 1' in text, done.stdout)
    expect('(the image times 1.5259e-05)' in line_of(done, 'values')[1], done.stdout)
    done = verify(os.path.join(EXAMPLE, 'model_spec.json'))
    expect(line_of(done, 'largest class')[0] == '-', done.stdout)


TESTS = (test_places, test_example, test_tiles, test_border_too_small, test_engine, test_containers,
         test_unit_range, test_class_everywhere)


# --------------------------------------------- the whole

def fetch_runtime(build):
    """The folder of ONNX Runtime's library, below FOLDER/engines."""
    place = os.path.join(build, 'engines', 'onnxruntime')
    if not os.path.isdir(place):
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(place)) as folder:
            subprocess.run([sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
                            '--python-version', '3.11', '--only-binary=:all:', '--dest', folder,
                            WHEEL], check=True)
            wheel, = glob.glob(os.path.join(glob.escape(folder), '*.whl'))
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(os.path.join(folder, 'package'))
            os.replace(os.path.join(folder, 'package'), place)
    return os.path.join(place, 'onnxruntime', 'capi')


@contextlib.contextmanager
def scratch_folder():
    with tempfile.TemporaryDirectory() as folder:
        before = os.getcwd()
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--build', required=True)
    options = parser.parse_args()
    czmodel, build = os.path.abspath(options.czmodel), os.path.abspath(options.build)
    verify = Verify(czmodel, fetch_runtime(build))
    bad = 0
    for test in TESTS:
        with scratch_folder():
            try:
                told = test(verify, build)
                print(f'{test.__name__}: ' + (told or 'as it should'))
            except Fault as fault:
                bad += 1
                print(f'{test.__name__}: {fault}')
    if bad:
        sys.exit(f'{bad} of {len(TESTS)} tests failed')


if __name__ == '__main__':
    main()
