# SPDX-License-Identifier: Apache-2.0
"""Every command and every block of code in README and docs, run as it is printed.

    run.py --build FOLDER [--library FILE] [--cc CC] [BLOCK ...]

BLOCKS says what each block of code is: `Shell` runs its lines one by one in a folder that has what they name,
`Json` is a specification that must be accepted, `Python` and `C` run against the library (without --library they
are left out: a library with sanitizers cannot be loaded), `Covered` names the test that runs it, and `Text` is
not code. A block that is not listed is a fault, and so is an entry without a block.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXAMPLE = os.path.join(ROOT, 'example', 'nuclei')
COLOUR = os.path.join(ROOT, 'tests', 'fixtures', 'models', 'tf221-keras3', 'model')
PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/**/*.md', 'example/**/*.md']
BLOCK = re.compile(r'^ *```(\w*)\n(.*?)^ *```', re.S | re.M)
SECONDS = 120


class Shell:
    """`given`: sources to copy, by the names that the block uses; `before`: a command that comes first."""

    def __init__(self, given, before=''):
        self.given, self.before = given, before

    def run(self, test, text):
        for name, source in self.given.items():
            test.give(name, source)
        for line in [self.before, *text.splitlines()]:
            # "[output_name] [options]" are optional: the first is used, options are not.
            command = line.split('#')[0].replace('[options]', '').replace('[', '').replace(']', '')
            if command.strip():
                test.shell(command)


class Json:
    def run(self, test, text):
        for name in ('model', 'LICENSE.txt', 'test_image.png'):
            test.give(name, os.path.join(EXAMPLE, name))
        with open('block.json', 'w', encoding='utf-8') as file:
            file.write(text)
        done = test.program('check', 'block.json')
        # Whether it fits this network is not the question.
        bad = re.findall(r'\u2717 .*\[(?:spec|czann|class-name|color)[\w-]*\]', done.stdout)
        if bad or not done.stdout:
            raise AssertionError(f'{bad} {done.stderr}')


class Python:
    """`first`: the text of the page before the block."""

    def __init__(self, first=''):
        self.first = first

    def run(self, test, text):
        if test.library:
            for name in ('model', 'LICENSE.txt', 'model_spec.json', 'test_image.png'):
                test.give(name, os.path.join(EXAMPLE, name))
            test.python(self.first + text)


class C:
    def run(self, test, text):
        if test.library:
            test.give('model_spec.json', os.path.join(EXAMPLE, 'model_spec.json'))
            test.give('model', os.path.join(EXAMPLE, 'model'))
            test.give('LICENSE.txt', os.path.join(EXAMPLE, 'LICENSE.txt'))
            test.c(text)


class Covered:
    def __init__(self, *names):
        self.names = names

    def run(self, test, _text):
        for name in self.names:
            if not re.search(rf'\b{re.escape(name)}\b', test.tests):
                raise AssertionError(f'there is no test {name}')


class Text:
    def run(self, test, text):
        pass


MODEL = os.path.join(EXAMPLE, 'model')
NUCLEI = {name: os.path.join(EXAMPLE, name)
          for name in ('model_spec.json', 'model', 'LICENSE.txt', 'test_image.png')}
IN_PATH = {f'path/to/{name}': source for name, source in NUCLEI.items()}
MADE = 'czmodel convert model_spec.json out nuclei'
KERAS = Covered('python')  # the same code, with Keras models
METADATA = ('from czmodel.model_metadata import ModelMetadata, ModelSpec\n'
            'from czmodel.convert import convert_from_model_spec\n'
            'model_spec = ModelSpec("model", ModelMetadata.from_params(name="n", border_size=24, '
            'color_handling="ConvertToMonochrome", pixel_type="Gray16", classes=["a", "b", "c"]))\n')

# page -> what its blocks are, in their order
BLOCKS = {
    'README.md': [
        Covered('demo', 'engines'),
        Shell(IN_PATH),
        Json(),
        Shell({'model_spec.json': 'colour', 'model': COLOUR, 'path/to/any/saved_model': COLOUR}),
        Shell(NUCLEI, MADE + ' && cp out/nuclei.czmodel .'),
        Shell(NUCLEI),
        Shell({**NUCLEI, 'saved_model': MODEL}),
        Covered('verify'),
        Python('model = "model"\n'),
        Covered('demo'),
        C(),
    ],
    'CONTRIBUTING.md': [Text(), Text()],
    'docs/architecture.md': [Text()],
    'docs/fleet.md': [Covered('fleet'), Text(), Text()],  # the others need a cluster
    'docs/formats/czmodel.md': [Text()],
    'docs/formats/onnx_containers.md': [Json()],
    'docs/formats/saved_model.md': [Text()],
    'docs/formats/saved_model_example.md': [Text()] * 4,  # which the test saved-model-example compares
    'docs/formats/tensor_bundle.md': [Text(), Text()],
    'docs/install.md': [Covered('wheels'), Covered('wheels'), Covered('deb'), Covered('deb'),
                        Covered('release'), Covered('install'), Covered('install'),
                        Covered('install')],
    'docs/migration.md': [Covered('wheels')],
    'docs/keras.md': [Text()],
    'docs/page.md': [Covered('page'), Text()],
    'docs/python.md': [
        Python('model = "model"\n'),
        Python(),
        KERAS,  # a layer for colour images
        KERAS,
        Python('import czmodel\nfrom czmodel.convert import convert_from_json_spec\n'),
    ],
    'docs/verify.md': [Covered('verify')],
    'docs/windows.md': [Covered('windows')],
    'docs/zen.md': [
        Shell(NUCLEI, MADE),
        Covered('verify'),
        Shell(NUCLEI),
        Shell(NUCLEI, MADE),
    ],
    'example/nuclei/README.md': [Covered('engines'), Covered('engines'),
                                 Shell({'example/nuclei/' + name: source
                                        for name, source in NUCLEI.items()})],
}


class Test:
    """A block runs in an empty folder."""

    def __init__(self, options):
        self.build, self.library, self.cc = options.build, options.library, options.cc
        names = glob.glob(os.path.join(glob.escape(ROOT), 'tests', '**', 'CMakeLists.txt'), recursive=True)
        self.tests = ''.join(open(name, encoding='utf-8').read() for name in names)

    def give(self, name, source):
        os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
        if source == 'colour':
            with open(name, 'w', encoding='utf-8') as file:
                file.write('{"BorderSize": 2, "ColorHandling": "SplitRgb", "PixelType": "Bgr24", '
                           '"Classes": ["a", "b", "c"], "ModelPath": "model"}\n')
        elif os.path.isdir(source):
            shutil.copytree(source, name, dirs_exist_ok=True)
        else:
            shutil.copy(source, name)

    def run_command(self, command, **more):
        path = self.build + os.pathsep + os.environ['PATH']
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False,
                              **{'env': {**os.environ, 'PATH': path}, **more})

    def program(self, *arguments):
        return self.run_command([os.path.join(self.build, 'czmodel'), *arguments])

    def shell(self, command):
        done = self.run_command(command, shell=True)
        if done.returncode:
            raise AssertionError(f'{command}: status {done.returncode}\n{done.stdout}{done.stderr}')

    def python(self, text):
        shutil.copytree(os.path.join(ROOT, 'python', 'czmodel'), 'site/czmodel')
        # The package loads it by its name without a version.
        shutil.copy(self.library, 'site/czmodel/' + re.sub(r'(\.\d+)+', '', os.path.basename(self.library)))
        self.shell(f'"{sys.executable}" -B "{ROOT}/python/make_binding.py" '
                   f'"{ROOT}/include/czm.h" site/czmodel/_binding.py')
        done = self.run_command([sys.executable, '-B', '-c', text],
                                env={**os.environ, 'PYTHONPATH': 'site'})
        if done.returncode:
            raise AssertionError(f'{text}\n{done.stderr}')

    def c(self, text):
        head, _, body = text.partition('\n\n')
        with open('block.c', 'w', encoding='utf-8') as file:
            file.write(f'#include <stdio.h>\n{head}\nint main(void) {{\n{body}\nreturn 0;\n}}\n')
        folder = os.path.dirname(self.library)
        self.shell(f'{self.cc} -std=c17 -Wall -Werror -I "{ROOT}/include" block.c '
                   f'"{self.library}" -Wl,-rpath,"{folder}" -o block && ./block && ls out/*.czmodel')


def blocks_of(page):
    with open(os.path.join(ROOT, page), encoding='utf-8') as file:
        return [re.sub(r'^   ', '', match.group(2), flags=re.M) if match.group(0)[0] == ' '
                else match.group(2) for match in BLOCK.finditer(file.read())]


def pages():
    for pattern in PAGES:
        for path in sorted(glob.glob(os.path.join(glob.escape(ROOT), pattern), recursive=True)):
            yield os.path.relpath(path, ROOT).replace(os.sep, '/')


def fault_of(test, kind, text):
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            kind.run(test, text)
        except (AssertionError, subprocess.TimeoutExpired) as fault:
            return str(fault)
        finally:
            os.chdir(here)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True, type=os.path.abspath)
    parser.add_argument('--library', type=os.path.abspath)
    parser.add_argument('--cc', default='cc')
    parser.add_argument('only', nargs='*')
    options = parser.parse_args()
    test, bad, count = Test(options), 0, 0
    for page in pages():
        blocks, kinds = blocks_of(page), BLOCKS.get(page, [])
        if len(blocks) != len(kinds) and not options.only:
            print(f'{page}: there are {len(blocks)} blocks; BLOCKS lists {len(kinds)}')
            bad += 1
        for number, (kind, text) in enumerate(zip(kinds, blocks), 1):
            name = f'{page}:{number}'
            if options.only and name not in options.only:
                continue
            count += 1
            fault = fault_of(test, kind, text)
            if fault:
                print(f'{name}: {fault}')
                bad += 1
    print(f'{count} blocks, {bad} faults')
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()
