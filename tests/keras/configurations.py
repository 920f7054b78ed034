# SPDX-License-Identifier: Apache-2.0
"""The graphs that are read from Keras files, for every layer and operation, without Keras.

    configurations.py --tables PROGRAM [--update]

tests/networks/keras.json.xz has configurations that Keras wrote (make_configurations.py), and keras.txt the names of
the networks, each with the graph that is read below it, indented. The weights are counted: -3, -2 ... 3, -3 ...
--update writes the graphs into the table: read the difference before you commit it. That they compute the right
numbers is tested with Keras (run.py).
"""
import argparse
import json
import lzma
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'lib'))
import keras_file  # noqa: E402

NETWORKS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'networks')
TABLE, CONFIGURATIONS = os.path.join(NETWORKS, 'keras.txt'), os.path.join(NETWORKS, 'keras.json.xz')
HEAD = ['# SPDX-License-Identifier: Apache-2.0', '#', '# What is read from Keras files (tests/keras/configurations.py).', '']


def read_table():
    """{name: [lines of its graph]}"""
    rows, name = {}, None
    with open(TABLE, encoding='utf-8') as file:
        for line in file.read().splitlines():
            if line.startswith(' '):
                rows[name].append(line)
            elif line and not line.startswith('#'):
                rows[name := line] = []
    return rows


def graphs(program, networks):
    """The graph of each network, as lines."""
    with tempfile.TemporaryDirectory() as folder:
        for network in networks:
            keras_file.write({**network, 'counted': True}, os.path.join(folder, network['name']))
        text = subprocess.run([program, '--print', *(network['name'] for network in networks)], cwd=folder,
                              capture_output=True, text=True, timeout=600, check=True).stdout
    parts = text.split('== ')[1:]
    return {part.split('\n', 1)[0]: part.split('\n', 1)[1].rstrip('\n').splitlines() for part in parts}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--tables', required=True, metavar='PROGRAM')
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    with lzma.open(CONFIGURATIONS, 'rt', encoding='utf-8') as file:
        networks = [json.loads(line) for line in file]
    found = graphs(os.path.abspath(options.tables), networks)
    if options.update:
        with open(TABLE, 'w', encoding='utf-8') as file:
            file.write('\n'.join(HEAD + [line for name, graph in found.items() for line in (name, *graph)]) + '\n')
    rows, changed = read_table(), 0
    for name in sorted({*rows, *found}):
        if rows.get(name) != found.get(name):
            changed += 1
            print(name, 'expected:', *rows.get(name, []), 'became:', *found.get(name, []), sep='\n')
    print(f'{len(networks)} networks, {changed} differ')
    sys.exit(bool(changed))


if __name__ == '__main__':
    main()
