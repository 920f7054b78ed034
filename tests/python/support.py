# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of the package. run.py sets the environment that is read here."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / 'tests' / 'fixtures' / 'models'
EXAMPLE = ROOT / 'example' / 'nuclei'
CLASSES = ['Background', 'Interesting Object', 'Foreground']
SCRIPTS = pathlib.Path(os.environ['CZM_TEST_SCRIPTS'])
TOLERANCE = 2e-6
TOLERANCE_IN_ONNX = 1e-4

# Prints the largest difference to what was expected. A process of its own, with a Python of its
# own: TensorFlow 2.0.0 bears no other TensorFlow beside it, and the package needs no numpy.
RUN_IN_TENSORFLOW_2_0_0 = '''
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import engine
with engine.Engine(sys.argv[2]).load(sys.argv[3]) as session:
    (fed,), (fetched,) = session.inputs.values(), session.outputs.values()
    result, = session.run({fed: np.load(sys.argv[4])}, [fetched])
expected = np.load(sys.argv[5])
assert result.shape == expected.shape, (result.shape, expected.shape)
print(np.abs(result - expected).max())
'''


class TestCase(unittest.TestCase):
    """Each test works in an empty folder, and must leave nothing in the folder for temporary
    files."""

    def setUp(self):
        self.folder = pathlib.Path(self.enter(tempfile.TemporaryDirectory()))
        self.temporary = pathlib.Path(self.enter(tempfile.TemporaryDirectory()))
        before, tempfile.tempdir = tempfile.tempdir, str(self.temporary)
        self.addCleanup(setattr, tempfile, 'tempdir', before)
        self.addCleanup(self.check_temporary)

    def enter(self, context):
        """unittest's own comes with Python 3.11."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(context)

    def check_temporary(self):
        # TensorFlow's autograph removes its own files when the process ends
        left = [name for name in os.listdir(self.temporary) if not name.startswith('__autograph')]
        self.assertEqual(left, [], 'files remain')

    def spec(self, model, name='model_spec.json', **changes):
        """The path of a JSON specification."""
        path = self.folder / name
        content = {'BorderSize': 2, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24',
                   'Classes': CLASSES, 'ModelPath': str(model)}
        path.write_text(json.dumps({**content, **changes}), encoding='utf-8')
        return path

    def network(self, czmodel):
        """The SavedModel inside a CZModel, unpacked."""
        folder = self.folder / 'network'
        shutil.rmtree(folder, ignore_errors=True)
        with zipfile.ZipFile(czmodel) as outer:
            name, = (name for name in outer.namelist() if name.endswith('.model'))
            with outer.open(name) as inner, zipfile.ZipFile(inner) as archive:
                archive.extractall(folder)
        return folder

    def manifest(self, czmodel):
        """The text of the metadata inside a CZModel."""
        with zipfile.ZipFile(czmodel) as outer:
            name, = (name for name in outer.namelist() if name.endswith('.xml'))
            return outer.read(name).decode()

    def assert_right_in_tensorflow_2_0_0(self, czmodel, fed, expected):
        """`fed` and `expected` are paths of .npy files."""
        done = subprocess.run(
            [os.environ['CZM_TEST_ENGINE_PYTHON'], '-B', '-c', RUN_IN_TENSORFLOW_2_0_0,
             str(ROOT / 'tests' / 'engines'), os.environ['CZM_TEST_ENGINE'],
             str(self.network(czmodel)), str(fed), str(expected)],
            capture_output=True, text=True, env={'PATH': os.environ['PATH']})
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertLessEqual(float(done.stdout.split()[-1]), TOLERANCE)

    def read_back(self, container, fed, expected):
        """What others read of a container with ONNX inside, whose network must give `expected`;
        both are paths of .npy files. See read_back.py."""
        done = subprocess.run(
            [os.environ['CZM_TEST_READERS_PYTHON'], '-B', str(ROOT / 'tests/python/read_back.py'),
             str(container), str(fed), str(expected)],
            capture_output=True, text=True, env={'PATH': os.environ['PATH']})
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        found = json.loads(done.stdout)
        for values in found.values():
            self.assertLessEqual(values.pop('difference'), TOLERANCE_IN_ONNX)
        return found
