# SPDX-License-Identifier: Apache-2.0
"""Numbers are read and written alike where the decimal point is a comma.

    comma.py --program COMMA

The locale is compiled here, since a system may have none with a comma. Without localedef and its sources, the test is
skipped.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

from graph_text import saved_model  # noqa: E402

SKIPPED = 77
IMAGE = '-1,32,32,2'
NETWORK = f'''tag serve
node x Placeholder dtype=type:FLOAT shape=shape:{IMAGE}
node y Softmax x T=type:FLOAT
input serving_default x x:0 FLOAT {IMAGE}
output serving_default y y:0 FLOAT {IMAGE}'''
# The later form of the specification has numbers with a point.
SPEC = {'ModelPath': 'model', 'ModelMetadata': {
    'Type': 'SingleClassSemanticSegmentation', 'Classes': ['a', 'b'], 'MinOverlap': [4, 4], 'InputShape': [32, 32, 2],
    'OutputShape': [32, 32, 2], 'Scaling': [1.5e-7, 2.5e-7], 'ModelName': 'comma',
    'Id': '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'}}


def has_locale(folder):
    if not shutil.which('localedef'):
        return False
    done = subprocess.run(['localedef', '-i', 'de_DE', '-f', 'UTF-8', os.path.join(folder, 'de_DE.UTF-8')],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode in (0, 1) and os.path.exists(os.path.join(folder, 'de_DE.UTF-8', 'LC_NUMERIC'))


def result_of(program, folder, locale):
    """What the program prints, and the file that it writes."""
    environment = {**os.environ, 'LOCPATH': folder, 'LC_ALL': locale}
    out = os.path.join(folder, f'out-{locale}')
    done = subprocess.run([program, 'spec.json', out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                          check=False)
    if done.returncode:
        sys.exit(f'{locale}: exit status {done.returncode}\n{done.stdout.decode()}')
    name, = os.listdir(out)
    with open(os.path.join(out, name), 'rb') as file:
        return done.stderr.decode(), done.stdout, file.read()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', required=True)
    program = os.path.abspath(parser.parse_args().program)
    with tempfile.TemporaryDirectory(prefix='czm-comma-') as folder:
        os.chdir(folder)
        if not has_locale(folder):
            print('skipped: localedef, or its source de_DE, is missing')
            sys.exit(SKIPPED)
        os.mkdir('model')
        with open('model/saved_model.pb', 'wb') as out:
            out.write(saved_model(NETWORK))
        with open('spec.json', 'w', encoding='utf-8') as out:
            json.dump(SPEC, out)
        point, *with_point = result_of(program, folder, 'C')
        comma, *with_comma = result_of(program, folder, 'de_DE.UTF-8')
        os.chdir('/')
    if (point, comma) != ('.', ','):
        sys.exit(f'the decimal points are {point!r} and {comma!r}')
    if with_point != with_comma:
        sys.exit('the results differ')


if __name__ == '__main__':
    main()
