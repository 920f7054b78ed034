# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of a release, in CycloneDX 1.5: the libraries in the programs and wheels, and what the
page contains.

    make_sbom.py --zig VERSION > czmodel-VERSION.cdx.json

Versions and checksums are those of packaging/cross/sources.txt; of the page's packages, of page/package-lock.json. Nothing in it depends on time or place.
"""
import argparse
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LICENCES = {
    'expat': 'MIT', 'jansson': 'MIT', 'libdeflate': 'MIT', 'zlib': 'Zlib', 'tiff': 'libtiff',
    'libpng1.6': 'libpng-2.0', 'libjpeg-turbo': 'IJG AND BSD-3-Clause AND Zlib',
}
# What zig adds: the C library of static programs, the start of programs for Windows, and its run-time library.
RUNTIME = {'musl': 'MIT', 'mingw-w64': 'ZPL-2.1', 'compiler-rt': 'MIT'}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def component(name, version, licence, **more):
    return {'type': 'library', 'name': name, 'version': version,
            'licenses': [{'expression': licence}], **more}


def debian(line):
    """A component from a line of sources.txt."""
    suite, pin, checksum = line.split()
    name, _, version = pin.partition('=')
    purl = f'pkg:deb/debian/{name}@{version.replace("+", "%2B")}?arch=source&distro={suite}'
    return component(name, version, LICENCES[name], purl=purl, **{'bom-ref': purl}, properties=[
        {'name': 'debian:dsc:sha256', 'value': checksum}])


def packages_of_page():
    """The packages that page/build.mjs bundles, not those that build or test it."""
    dependencies = json.loads(read('page', 'package.json'))['dependencies']
    locked = json.loads(read('page', 'package-lock.json'))['packages']
    for name in sorted(dependencies):
        package = locked[f'node_modules/{name}']
        purl = f'pkg:npm/{name.replace("@", "%40")}@{package["version"]}'
        yield component(name, package['version'], package['license'], purl=purl, **{'bom-ref': purl})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--zig', metavar='VERSION', required=True)
    zig = parser.parse_args().zig
    parts = [debian(line) for line in read('packaging', 'cross', 'sources.txt').splitlines()]
    parts += [component(name, f'of zig {zig}', licence, **{'bom-ref': f'{name}-of-zig-{zig}'})
              for name, licence in RUNTIME.items()]
    parts += packages_of_page()
    product = {'type': 'application', 'name': 'czmodel', 'version': read('VERSION').strip(),
               'bom-ref': 'czmodel', 'licenses': [{'license': {'id': 'Apache-2.0'}}]}
    json.dump({'bomFormat': 'CycloneDX', 'specVersion': '1.5', 'version': 1,
               'metadata': {'component': product}, 'components': parts,
               'dependencies': [{'ref': 'czmodel', 'dependsOn': [p['bom-ref'] for p in parts]}]},
              sys.stdout, indent=2)
    print()


if __name__ == '__main__':
    main()
