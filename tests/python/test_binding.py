# SPDX-License-Identifier: Apache-2.0
"""The generated binding against the C compiler; rejections by the generator and the build."""
import ctypes
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import czmodel._binding as binding
from support import ROOT, TestCase

sys.path.insert(0, str(ROOT / 'python'))
import make_binding  # noqa: E402

COMPILER = shutil.which(os.environ.get('CC', 'cc'))
STRUCTS = {name: kind for name, kind in vars(binding).items()
           if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
           and '_fields_' in vars(kind)}
CONSTANTS = {name: value for name, value in vars(binding).items() if name.startswith('CZM_')}


def facts():
    """(C expression, its value by ctypes)"""
    for name, kind in STRUCTS.items():
        yield f'sizeof({name})', ctypes.sizeof(kind)
        for field, _ in kind._fields_:
            yield f'offsetof({name}, {field})', getattr(kind, field).offset
            yield f'sizeof((({name} *)0)->{field})', getattr(kind, field).size
    for name, value in CONSTANTS.items():
        yield f'(int){name}', value


class BindingTest(TestCase):
    @unittest.skipUnless(COMPILER, 'there is no C compiler')
    def test_layout(self):
        found = list(facts())
        self.assertGreater(len(found), 150)
        lines = '\n'.join(f'    printf("%lld\\n", (long long){expression});'
                          for expression, _ in found)
        source = self.folder / 'layout.c'
        source.write_text(f'#include <stdio.h>\n#include <czm.h>\nint main(void) {{\n{lines}\n}}\n')
        subprocess.run([COMPILER, '-std=c17', '-I', ROOT / 'include', source, '-o',
                        self.folder / 'layout'], check=True)
        done = subprocess.run([self.folder / 'layout'], check=True, capture_output=True, text=True)
        said = list(map(int, done.stdout.split()))
        self.assertEqual([(e, value) for (e, _), value in zip(found, said)], found)

    def test_every_function_is_there(self):
        header = (ROOT / 'include' / 'czm.h').read_text()
        declared = header.count('CZM_API ') - header.count('#define CZM_API ')
        self.assertEqual(len(binding.FUNCTIONS), declared)

    def test_what_the_generator_does_not_understand(self):
        for text in ('int x;', 'typedef union u { int a; } u;', 'CZM_API long f(void);',
                     'typedef struct s { float f; } s;', 'void f(void) {}'):
            with self.subTest(text), self.assertRaises((KeyError, ValueError)):
                list(make_binding.binding_of(text))


class BuildTest(TestCase):
    @unittest.skipUnless(shutil.which('cmake'), 'there is no CMake')
    def test_missing_packages_are_named(self):
        """The message names the package that contains expat.h."""
        folders = '/usr/include', '/usr/local/include', *(
            str(path) for path in pathlib.Path('/usr/include').glob('*-linux-gnu'))
        done = subprocess.run(['cmake', '-S', ROOT / 'python', '-B', self.folder,
                               f'-DCMAKE_IGNORE_PATH={";".join(folders)}'],
                              capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(' '.join(done.stderr.split()),
                         'apt-get install libjansson-dev libexpat1-dev zlib1g-dev libdeflate-dev')


if __name__ == '__main__':
    unittest.main()
