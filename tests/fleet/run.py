# SPDX-License-Identifier: Apache-2.0
"""example/fleet on good and broken models, with a Dask cluster of two workers and with Snakemake.

    run.py --build FOLDER

The package is the wheel that the test "wheels" has built. Snakemake, Dask and ONNX Runtime are downloaded to
FOLDER/engines/fleet unless they are there (60 MB).
"""
import argparse
import csv
import glob
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLE = os.path.join(ROOT, 'example', 'nuclei')
FLEET = os.path.join(ROOT, 'example', 'fleet')
PACKAGES = ('snakemake==9.27.1', 'dask[distributed]==2026.8.0', 'onnxruntime==1.23.2')
SKIPPED = 77
EXPECTED = {'broken.json': 'failed', 'deeper/worse.json': 'failed', 'deeper/cells.json': 'ok', 'nuclei.json': 'ok'}


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f'{" ".join(command)} ended with {done.returncode}:\n{done.stdout}')
    return done.stdout


def environment(build, wheel):
    """The folder of programs of an environment with everything."""
    folder = os.path.join(build, 'engines', 'fleet')
    programs, mark = os.path.join(folder, 'bin'), os.path.join(folder, 'complete')
    pip = os.path.join(programs, 'pip')
    if not os.path.exists(mark):
        shutil.rmtree(folder, ignore_errors=True)
        run(sys.executable, '-m', 'venv', folder)
        run(pip, 'install', '--quiet', *PACKAGES)
        with open(mark, 'w', encoding='utf-8'):
            pass
    run(pip, 'install', '--quiet', '--no-deps', '--force-reinstall', wheel)
    return programs


def write_models(folder):
    """Two good models and two broken ones, in two folders."""
    shutil.copytree(EXAMPLE, os.path.join(folder, 'files'))
    os.remove(os.path.join(folder, 'files', 'model_spec.json'))
    os.mkdir(os.path.join(folder, 'deeper'))
    with open(os.path.join(EXAMPLE, 'model_spec.json'), encoding='utf-8') as file:
        spec = json.load(file)
    for name, files in (('nuclei.json', 'files'), ('deeper/cells.json', '../files'), ('broken.json', 'nowhere')):
        made = {key: f'{files}/{value}' if key in ('ModelPath', 'TestImageFile', 'LicenseFile') else value
                for key, value in spec.items()}
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            json.dump(made, file)
    with open(os.path.join(folder, 'deeper', 'worse.json'), 'w', encoding='utf-8') as file:
        file.write('{')


def check_report(results, models):
    with open(os.path.join(results, 'report.csv'), encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    told = {os.path.relpath(row['model'], models): row['status'] for row in rows}
    verified = [row['verified'] for row in rows if row['status'] == 'ok']
    files = [os.path.exists(row['file']) for row in rows if row['status'] == 'ok']
    if told != EXPECTED or verified != ['yes', 'yes'] or not all(files) or rows[0]['status'] != 'failed':
        sys.exit(f'{results}: the report is {rows}')


def times(results):
    return {path: os.path.getmtime(path) for path in glob.glob(os.path.join(glob.escape(results), '**', '*.czmodel'),
                                                                recursive=True)}


def test_fleet(scratch, models, name, environ, *command):
    results = os.path.join(scratch, f'results of {name}')
    command = [word.replace('RESULTS', results) for word in command]
    run(*command, cwd=scratch, env=environ)
    check_report(results, models)
    before = times(results)
    run(*command, cwd=scratch, env=environ)
    check_report(results, models)
    if times(results) != before or len(before) != 2:
        sys.exit(f'{name}: a second run makes the models again')
    print(f'{name}: one report, and nothing to do the second time')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', metavar='FOLDER', required=True, type=os.path.abspath)
    build = parser.parse_args().build
    wheels = glob.glob(os.path.join(glob.escape(build), 'wheels', f'*manylinux*_{platform.machine()}.whl'))
    if not wheels:
        print('skipped: the test "wheels" has made no wheel')
        sys.exit(SKIPPED)
    programs = environment(build, wheels[0])
    path = {**os.environ, 'PATH': programs + os.pathsep + os.environ['PATH']}
    with tempfile.TemporaryDirectory() as scratch:
        models = os.path.join(scratch, 'the models')
        os.mkdir(models)
        write_models(models)
        test_fleet(scratch, models, 'dask', path, 'python', '-B', os.path.join(FLEET, 'fleet_dask.py'), models,
                   'RESULTS')
        test_fleet(scratch, models, 'snakemake', path, 'snakemake', '--snakefile',
                   os.path.join(FLEET, 'Snakefile'), '--cores', '2', '--config', f'models={models}',
                   'results=RESULTS')


if __name__ == '__main__':
    main()
