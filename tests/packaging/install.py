# SPDX-License-Identifier: Apache-2.0
"""The installed library, as somebody else's program finds it.

    install.py --build FOLDER --version VERSION --cc COMPILER --cmake CMAKE

What `make install` puts where is listed; then a program is built against it through pkg-config and
through CMake, with the shared library and with the static one, and each converts the example into the
bytes that the command makes of it. An installed tree may be moved.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

from support import PROGRAM, ROOT, SPEC, converted, files_below, read, run

# Below the prefix; LIB is "lib", or what the distribution calls it.
INSTALLED = '''bin/czmodel bin/savedmodel2czann bin/savedmodel2czmodel include/czm.h
    LIB/cmake/czm/czm-config-version.cmake
    LIB/cmake/czm/czm-config.cmake LIB/cmake/czm/czm-shared-TYPE.cmake LIB/cmake/czm/czm-shared.cmake
    LIB/cmake/czm/czm-static-TYPE.cmake LIB/cmake/czm/czm-static.cmake LIB/libczm.a LIB/libczm.so
    LIB/libczm.so.0 LIB/libczm.so.VERSION LIB/pkgconfig/czm.pc
    share/bash-completion/completions/czmodel share/fish/vendor_completions.d/czmodel.fish share/man/man1/czmodel.1
    share/man/man1/savedmodel2czann.1 share/man/man1/savedmodel2czmodel.1 share/zsh/site-functions/_czmodel'''.split()


def needed(program):
    return [line for line in run('readelf', '-d', program).splitlines() if 'NEEDED' in line]


# Writes its argument to a file: replaces xdg-open.
OPENER = '''#!/bin/sh
printf '%s\\n' "$#" "$1" > "$SHOWN"
'''


class Test:
    def __init__(self, options, scratch):
        self.options, self.scratch = options, scratch
        self.root = os.path.join(scratch, 'root')
        run(options.cmake, '--install', options.build, DESTDIR=self.root)
        self.pc, = (name for name in files_below(self.root) if name.endswith('/czm.pc'))
        self.prefix = self.variable('prefix')
        self.libraries = self.variable('libdir')
        self.expected = converted(os.path.join(self.prefix, 'bin', 'czmodel'), scratch)

    def pkg_config(self, *options):
        folder = os.path.join(self.root, os.path.dirname(self.pc))
        return run('pkg-config', *options, 'czm', PKG_CONFIG_PATH=folder,
                   PKG_CONFIG_SYSROOT_DIR=self.root)

    def variable(self, name):
        """A folder of czm.pc, where it is now."""
        return self.root + self.pkg_config(f'--variable={name}').replace(self.root, '')

    def files(self):
        build_type = [name for name in files_below(self.libraries) if 'shared-' in name][0]
        words = {'LIB': os.path.relpath(self.libraries, self.prefix),
                 'TYPE': build_type.partition('shared-')[2].partition('.')[0],
                 'VERSION': self.options.version}
        expected = INSTALLED
        for word, value in words.items():
            expected = [name.replace(word, value) for name in expected]
        # The page is installed if it has been built.
        found = [name for name in files_below(self.prefix) if name != 'share/czmodel/czmodel.html']
        if sorted(expected) != found:
            sys.exit(f'installed {found}\nexpected  {sorted(expected)}')

    def converts(self, program, shared):
        """The program works, and needs the shared library at run time only if it was asked to."""
        if any('libczm.so.0]' in line for line in needed(program)) != shared:
            sys.exit(f'{program} needs {needed(program)}')
        environment = {'LD_LIBRARY_PATH': self.libraries} if shared else {}
        version = run(program, SPEC, self.scratch, **environment)
        made = os.path.join(self.scratch, 'made.czmodel')
        if version != self.options.version or read(made) != self.expected:
            sys.exit(f'{program} (version {version}) makes another file than the command')
        os.remove(made)
        print(os.path.relpath(program, self.scratch))

    def with_pkg_config(self):
        if self.pkg_config('--modversion') != self.options.version:
            sys.exit('czm.pc contains another version')
        for name, flags, options in (('shared', [], []), ('static', ['-static'], ['--static'])):
            program = os.path.join(self.scratch, f'pkg-config-{name}')
            words = self.pkg_config('--cflags', '--libs', *options).split()
            run(self.options.cc, *flags, os.path.join(PROGRAM, 'program.c'), '-o', program, *words)
            self.converts(program, name == 'shared')

    def elsewhere(self):
        """Files installed below another prefix contain that prefix, and may be moved."""
        first, moved = (os.path.join(self.scratch, name) for name in ('first', 'moved'))
        run(self.options.cmake, '--install', self.options.build, '--prefix', first)
        below = os.path.relpath(os.path.dirname(self.pc), os.path.relpath(self.prefix, self.root))
        for prefix, options in ((first, []), (moved, ['--define-prefix'])):
            if prefix == moved:
                os.rename(first, moved)
            told = run('pkg-config', *options, '--cflags', '--libs', 'czm', PKG_CONFIG_SYSROOT_DIR='',
                       PKG_CONFIG_PATH=os.path.join(prefix, below))
            if f'-I{prefix}/include ' not in told or f'-L{prefix}/' not in told:
                sys.exit(f'in {prefix}, pkg-config says {told}')

    def with_cmake(self):
        build = os.path.join(self.scratch, 'cmake')
        run(self.options.cmake, '-S', PROGRAM, '-B', build, f'-DCMAKE_PREFIX_PATH={self.prefix}',
            f'-DCMAKE_C_COMPILER={self.options.cc}', f'-DWANTED={self.options.version}')
        run(self.options.cmake, '--build', build)
        self.converts(os.path.join(build, 'with_czm'), shared=True)
        self.converts(os.path.join(build, 'with_static'), shared=False)

    def page(self):
        """czmodel page hands the installed page to the system's opener: a path with all that a shell would read."""
        prefix = os.path.join(self.scratch, 'a $(touch b)\'; "c')
        os.makedirs(os.path.join(prefix, 'bin'))
        os.makedirs(os.path.join(prefix, 'share', 'czmodel'))
        program, opener = (os.path.join(prefix, 'bin', name) for name in ('czmodel', 'xdg-open'))
        shutil.copy(os.path.join(self.prefix, 'bin', 'czmodel'), program)
        page = os.path.join(prefix, 'share', 'czmodel', 'czmodel.html')
        for path, text in ((page, ''), (opener, OPENER)):
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        os.chmod(opener, 0o755)
        shown = os.path.join(self.scratch, 'shown')
        path = f'{os.path.dirname(opener)}{os.pathsep}{os.environ["PATH"]}'
        told = run(program, 'page', PATH=path, SHOWN=shown)
        for _ in range(600):  # the program does not wait for the opener
            if os.path.exists(shown) and read(shown).endswith(b'html\n'):
                break
            time.sleep(0.1)
        if os.path.realpath(told) != page or read(shown).decode() != f'1\n{told}\n':
            sys.exit(f'czmodel page prints {told} and opens {read(shown)}')
        done = subprocess.run([program, 'page'], env={'PATH': '/nowhere'}, capture_output=True, text=True)
        if done.returncode != 3 or 'is not installed' not in done.stderr:
            sys.exit(f'without an opener: {done}')
        print('czmodel page')

    def uninstall(self):
        """make uninstall removes each file; the manifest is that of the last installation."""
        root = os.path.join(self.scratch, 'removed')
        run(self.options.cmake, '--install', self.options.build, DESTDIR=root)
        run('make', '-C', ROOT, 'uninstall', f'BUILD={self.options.build}', f'DESTDIR={root}')
        if files_below(root):
            sys.exit(f'make uninstall leaves {files_below(root)}')

    def run(self):
        self.files()
        self.page()
        self.uninstall()
        self.with_pkg_config()
        self.elsewhere()
        self.with_cmake()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    for name in ('build', 'version', 'cc', 'cmake'):
        parser.add_argument(f'--{name}', required=True)
    options = parser.parse_args()
    scratch = tempfile.mkdtemp()
    try:
        Test(options, scratch).run()
    finally:
        shutil.rmtree(scratch)


if __name__ == '__main__':
    main()
