# SPDX-License-Identifier: Apache-2.0
"""The readers test: what others make of the formats with ONNX inside.

    readers.py --czmodel PROGRAM --build FOLDER

The example is converted to every format. czmodel 6.2.0, without PyTorch, and the parser of
napari-czann-segment read the containers; what czmodel writes again must be the same to this program.
ONNX Runtime runs the network that they find, and its
answer is compared with that of the CZModel 3.0.0 in TensorFlow 2.0.0. They are installed into
FOLDER/engines/readers unless they are there; TensorFlow 2.0.0 is what the engines test has fetched.
"""
import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, '..', '..', 'example', 'nuclei', 'model_spec.json')
ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
CLASSES = ['Background', 'Nucleus', 'Boundary']
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
PACKAGES = [['onnxruntime==1.32.0', 'onnx==1.23.2', 'numpy==2.4.6', 'defusedxml', 'xmltodict'],
            ['--no-deps', 'czmodel==6.2.0', 'napari-czann-segment==0.1.2']]
TOLERANCE = 1e-4

# cache of TensorFlow 2.0.0, folder
RUN = '''
import os, sys
import engine
import numpy as np
cache, folder = sys.argv[1:]
with engine.Engine(cache).load(os.path.join(folder, 'network')) as session:
    picture = np.load(os.path.join(folder, 'in.npy'))
    answer, = session.run({name: picture for name in session.inputs.values()},
                          list(session.outputs.values()))
np.save(os.path.join(folder, 'out.npy'), answer)
'''

sys.path.insert(0, os.path.join(HERE, '..', 'engines'))


class Fault(Exception):
    """A wrong result of a reader."""


def expect(condition, text):
    if not condition:
        raise Fault(text)


def convert(program, folder, name, *options):
    subprocess.run([program, 'convert', EXAMPLE, folder, name, '--model-id', ID, '--quiet', *options],
                   check=True)


# ---- networks

def expected_answer(program, build, folder, picture):
    """Of the CZModel 3.0.0, by TensorFlow 2.0.0, which needs its own process."""
    import numpy as np
    convert(program, folder, 'legacy')
    with zipfile.ZipFile(os.path.join(folder, 'legacy.czmodel')) as outer:
        with outer.open(f'{ID}.model') as member, zipfile.ZipFile(member) as inner:
            inner.extractall(os.path.join(folder, 'network'))
    np.save(os.path.join(folder, 'in.npy'), picture)
    subprocess.run([sys.executable, '-c', RUN, os.path.join(build, 'engines', 'tf200'), folder],
                   env={**os.environ, 'PYTHONPATH': os.path.join(HERE, '..', 'engines')}, check=True)
    return np.load(os.path.join(folder, 'out.npy'))


def fed(picture, extension):
    """The values that the container feeds: those of a .czann are from 0 to 1, here from 16 bits."""
    import numpy as np
    return (picture / np.float32(65535)).astype(np.float32) if extension == '.czann' else picture


def difference(path, picture, expected):
    import numpy as np
    import onnxruntime
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    port, = session.get_inputs()
    answer, = session.run(None, {port.name: picture})
    expect(answer.shape == expected.shape, f'{path}: {answer.shape}, not {expected.shape}')
    worst = float(np.abs(answer - expected).max())
    expect(worst <= TOLERANCE, f'{path}: off by {worst}')
    return worst


# ---- readers: each gives the path of the network that it found, and czmodel's metadata

def read_czann(path, target):
    from czmodel import ModelType
    from czmodel.core.util._extract_model import extract_czann_model
    metadata, network = extract_czann_model(path, target)
    expect(metadata.model_type == ModelType.SINGLE_CLASS_SEMANTIC_SEGMENTATION, metadata.model_type)
    expect(list(metadata.classes) == CLASSES, metadata.classes)
    expect(list(metadata.min_overlap) == [48, 48], metadata.min_overlap)
    expect(list(metadata.input_shape) == [256, 256, 1], metadata.input_shape)
    expect(list(metadata.output_shape) == [256, 256, 3], metadata.output_shape)
    expect(str(metadata.model_id) == ID, metadata.model_id)
    return network, metadata


def read_legacy(path, target):
    from czmodel.core.util._extract_model import extract_czseg_model
    metadata, network = extract_czseg_model(path, target)
    found = [c.name if hasattr(c, 'name') else str(c) for c in metadata.classes]
    expect(found == CLASSES, found)
    expect(int(metadata.border_size) == 24, metadata.border_size)
    expect('Gray16' in str(metadata.pixel_types), metadata.pixel_types)
    return network, metadata._replace(name='model')  # it does not read the name


def read_by_napari(path, target):
    """The parser alone, without the widget's dependencies."""
    package = importlib.util.find_spec('napari_czann_segment')
    parser = os.path.join(package.submodule_search_locations[0], 'czseg_parser.py')
    spec = importlib.util.spec_from_file_location('czseg_parser', parser)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    metadata, network, is_bgr, colours = module.extract_czseg_model(path, target)
    expect(list(metadata.classes) == CLASSES, metadata.classes)
    expect(list(metadata.min_overlap) == [48, 48], metadata.min_overlap)
    expect(list(metadata.input_shape) == [256, 256, 1], metadata.input_shape)
    expect(not is_bgr, 'it expects BGR')
    expect([tuple(c) for c in colours] == COLOURS, colours)
    return network, None


def write_again(program, path, network, metadata):
    """A file that czmodel 6.2.0 has read and written again is equal for this program."""
    from czmodel.core.util import model_packing
    again, extension = os.path.splitext(path)
    again += '-again' + extension
    is_czann = extension == '.czann'
    write = model_packing.create_model_zip if is_czann else model_packing.create_legacy_model_zip
    write(str(network), metadata, again)
    if path.endswith('czann-2.1.0.czann'):
        ours, theirs = (zipfile.ZipFile(p).read('model.json') for p in (path, again))
        expect(ours == theirs, f'model.json: {ours} and {theirs}')
    for command, target in (('check', ()), ('diff', (path,))):
        done = subprocess.run([program, command, *target, again], capture_output=True, text=True)
        expect(done.returncode == 0, f'{command} of what czmodel wrote: {done.stdout}{done.stderr}')


CASES = (
    ('3.1.0', '.czmodel', (), read_legacy),
    ('3.1.0', '.czseg', ('--extension', 'czseg'), read_by_napari),
    ('czann-1.0.0', '.czann', (), read_czann),
    ('czann-1.1.0', '.czann', (), read_czann),
    ('czann-2.0.0', '.czann', (), read_czann),
    ('czann-2.1.0', '.czann', (), read_czann),
)


def test(program, build):
    import pathlib

    import numpy as np
    faults = 0
    picture = np.random.default_rng(1).integers(0, 65536, (1, 256, 256, 1)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        expected = expected_answer(program, build, folder, picture)
        for name, extension, options, read in CASES:
            try:
                convert(program, folder, name, '--format', name, *options)
                target = pathlib.Path(folder, f'{name}{extension}-unpacked')
                target.mkdir()
                path = os.path.join(folder, name + extension)
                network, metadata = read(path, target)
                if metadata:
                    write_again(program, path, network, metadata)
                print(f'{name}{extension}: {read.__name__}, '
                      f'{difference(network, fed(picture, extension), expected):.1e} from TensorFlow 2.0.0')
            except Fault as fault:
                faults += 1
                print(f'{name}{extension}: {read.__name__}: {fault}')
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--build', required=True)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    place = os.path.join(build, 'engines', 'readers')
    if not sys.prefix.startswith(place):
        import run as engines
        base = engines.find_python((3, 11), (3, 13))
        if not base:
            sys.exit('needs a Python of 3.11 to 3.13')
        python = engines.make_venv(base, place, PACKAGES)
        os.execv(python, [python, '-B', os.path.abspath(__file__), *sys.argv[1:]])
    sys.exit(test(os.path.abspath(options.czmodel), build))


if __name__ == '__main__':
    main()
