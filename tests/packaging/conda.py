# SPDX-License-Identifier: Apache-2.0
"""The recipe for conda-forge, built and tested by rattler-build as that does it.

    conda.py --build FOLDER

The channel is made here: its packages hold what Debian or Ubuntu has installed of a library or a tool, under the names
of conda-forge. So what the recipe asks for, does and packs is tested, but not the versions of conda-forge's packages.
py-rattler-build is downloaded (25 MB) into FOLDER/packaging/conda, unless it is there.
"""
import argparse
import glob
import json
import os
import pathlib
import shlex
import shutil
import sys
import tempfile

from support import ROOT, run, skip

sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
from sources import copy_sources  # noqa: E402

TOOLS = 'py-rattler-build==0.73.0'
# The package of conda-forge, and what holds its headers here.
LIBRARIES = {'expat': 'libexpat1-dev', 'jansson': 'libjansson-dev', 'libdeflate': 'libdeflate-dev',
             'libjpeg-turbo': 'libjpeg-dev', 'libpng': 'libpng-dev', 'libtiff': 'libtiff-dev', 'zlib': 'zlib1g-dev'}
PROGRAMS = ('cmake', 'make', 'pkg-config')
# What the compiler's package sets when it is activated.
COMPILER = '''export CC=/usr/bin/gcc CFLAGS="-I$PREFIX/include" LDFLAGS="-L$PREFIX/lib -Wl,-rpath,$PREFIX/lib"
export PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig CMAKE_ARGS="-DCMAKE_PREFIX_PATH=$PREFIX"
'''
OUTPUT = '''  - package: {{name: {name}, version: "{version}"}}
    build:
      dynamic_linking: {{binary_relocation: false}}
      prefix_detection: {{ignore_binary_files: true}}
      script:
        - {script}
    requirements: {{run: [{needs}], run_exports: [{exports}]}}
'''
# Prints one line for each result; the log goes to the standard error.
BUILD = '''
import sys
from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig
from rattler_build.progress import SimpleProgressCallback
recipe, folder, test, *channel = sys.argv[1:]
variants = VariantConfig({'c_compiler': ['gcc'], 'c_compiler_version': ['1'], 'c_stdlib': ['sysroot'],
                          'c_stdlib_version': ['1']})
for built in Stage0Recipe.from_file(recipe).run_build(
        variant_config=variants, channels=channel, output_dir=folder, progress_callback=SimpleProgressCallback(),
        render_config=RenderConfig(platform=PlatformConfig(experimental=True)),
        tool_config=ToolConfiguration(test_strategy=test, compression_threads=1)):
    print('built', built.name, built.version)
'''


def installed_files(package):
    """Of a package for developers, and of the libraries that it depends on. Ubuntu's libjpeg-dev is empty and depends on
    another package for developers, as does that one."""
    packages = [package]
    for name in packages:
        needed = run('dpkg-query', '--show', '--showformat=${Depends}', name) if name.endswith('-dev') else ''
        words = [word.split()[0] for word in needed.split(',') if word.strip().startswith('lib')]
        packages += [word for word in words if word not in packages and not word.startswith(('libc6', 'libc-'))]
    return sorted(set(run('dpkg', '--listfiles', *packages).splitlines()))


def copy_library(package, folder):
    """Headers, libraries and .pc files, where conda has them."""
    for path in installed_files(package):
        parts = path.split('/')[2:]
        if os.path.isdir(path) or not parts or parts[0] not in ('include', 'lib'):
            continue
        target = os.path.join(folder, parts[0], *(part for part in parts[1:] if not part.endswith('-linux-gnu')))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if path.endswith('.pc'):
            with open(path, encoding='utf-8') as file, open(target, 'w', encoding='utf-8') as copy:
                copy.writelines(moved(line) for line in file)
        elif parts[0] == 'include' or '.so' in path:
            shutil.copy2(path, target, follow_symlinks=not os.path.islink(path))


def moved(line):
    """A line of a .pc file, whose folders are below its own."""
    places = {'prefix': '${pcfiledir}/../..', 'libdir': '${prefix}/lib', 'includedir': '${prefix}/include'}
    name = line.partition('=')[0]
    return f'{name}={places[name]}\n' if name in places else line


def copy(folder, name):
    return f'cp -R {shlex.quote(os.path.join(folder, name))}/. "$PREFIX"'


def outputs(folder):
    """(name, version, line of a shell, what it needs): the packages of the channel."""
    for name, package in LIBRARIES.items():
        copy_library(package, os.path.join(folder, name))
        yield name, '1', copy(folder, name), ''
    for name in PROGRAMS:
        yield name, '1', f'mkdir -p "$PREFIX/bin" && ln -s /usr/bin/{name} "$PREFIX/bin/{name}"', ''
    os.makedirs(os.path.join(folder, 'compiler', 'etc', 'conda', 'activate.d'))
    with open(os.path.join(folder, 'compiler', 'etc', 'conda', 'activate.d', 'compiler.sh'), 'w', encoding='utf-8') as file:
        file.write(COMPILER)
    yield 'gcc_linux-64', '1', copy(folder, 'compiler'), ''
    yield 'sysroot_linux-64', '1', 'mkdir -p "$PREFIX/share/sysroot" && touch "$PREFIX/share/sysroot/is-here"', ''
    version = '.'.join(map(str, sys.version_info[:3]))
    yield 'python', version, f'{shlex.quote(sys.executable)} -m venv "$PREFIX"', ''
    yield 'pip', '1', 'mkdir -p "$PREFIX/share/pip" && touch "$PREFIX/share/pip/is-in-python"', 'python'


def write_recipe(folder):
    """In a folder of its own, which becomes a part of each package."""
    path = os.path.join(folder, 'recipe', 'recipe.yaml')
    os.makedirs(os.path.dirname(path))
    os.makedirs(os.path.join(folder, 'files'))
    with open(path, 'w', encoding='utf-8') as file:
        file.write('schema_version: 1\nrecipe: {name: channel, version: "1"}\noutputs:\n')
        for name, version, script, needs in outputs(os.path.join(folder, 'files')):
            file.write(OUTPUT.format(name=name, version=version, script=json.dumps(script, ensure_ascii=False), needs=needs,
                                     exports=name if name in LIBRARIES else ''))
    return path


def address_of(channel):
    """Of a channel that is empty or not yet there."""
    for system in ('noarch', 'linux-64'):
        os.makedirs(os.path.join(channel, system), exist_ok=True)
        path = os.path.join(channel, system, 'repodata.json')
        if not os.path.exists(path):
            with open(path, 'w', encoding='utf-8') as file:
                json.dump({'info': {'subdir': system}, 'packages': {}, 'packages.conda': {}}, file)
    return pathlib.Path(channel).as_uri()


def copied_recipe(folder):
    """In a copy of the sources, since the recipe's source is the tree around it."""
    sources = os.path.join(folder, 'sources')
    if not copy_sources(sources):
        sys.exit('this is not a clone: there is no list of the sources')
    return os.path.join(sources, 'packaging', 'conda', 'recipe.yaml')


def tools(folder):
    """The Python with rattler-build, which is downloaded unless it is there."""
    python = os.path.join(folder, 'bin', 'python')
    mark = os.path.join(folder, TOOLS)
    if not os.path.exists(mark):
        shutil.rmtree(folder, ignore_errors=True)
        run(sys.executable, '-m', 'venv', folder)
        run(python, '-m', 'pip', 'install', '--quiet', TOOLS)
        pathlib.Path(mark).touch()
    return python


def test(python, folder):
    channel, made = os.path.join(folder, 'channel'), os.path.join(folder, 'made')
    run(python, '-c', BUILD, write_recipe(folder), channel, 'skip', address_of(channel))
    told = run(python, '-c', BUILD, copied_recipe(folder), made, 'native', address_of(channel))
    if 'all tests passed' not in told or not glob.glob(os.path.join(glob.escape(made), '*', 'czmodel-native-*.conda')):
        sys.exit(told)
    print(told.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    build = parser.parse_args().build
    if not shutil.which('dpkg'):
        skip('the packages of the channel are made of those of Debian or Ubuntu')
    python = tools(os.path.join(build, 'packaging', 'conda'))
    # Not in the build folder: rattler-build requires a path without blanks, and follows links.
    with tempfile.TemporaryDirectory(prefix='czm-conda-') as folder:
        test(python, folder)


if __name__ == '__main__':
    main()
