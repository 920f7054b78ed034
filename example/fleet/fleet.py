# SPDX-License-Identifier: Apache-2.0
"""One model of a fleet: convert, check and verify it, and write a row about it.

    fleet.py model MODEL OUTPUT_FOLDER ROW.json
    fleet.py lost MODEL EXIT_STATUS ROW.json           the process of a model has died
    fleet.py report FOLDER_OF_ROWS REPORT.csv

The Snakefile calls it as a program, fleet_dask.py as a module. Whatever happens to a model ends as a row: a
broken one costs no more than that. MODEL is a specification (.json).
"""
import csv
import json
import os
import sys
import time
import warnings

COLUMNS = ('model', 'status', 'rule', 'message', 'file', 'model_id', 'verified', 'runtime',
           'tile_seconds', 'seconds')
MOST_TEXT = 300  # characters of a message


def process(model, folder):
    """The row of a model: converts it into the folder, checks the result, and runs it if ONNX Runtime is there."""
    import czmodel
    begin = time.perf_counter()
    row = dict.fromkeys(COLUMNS, '')
    row['model'] = model
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', czmodel.CzmodelWarning)
            made = czmodel.convert_from_json_spec(model, folder, name_of(model))
        row.update(file=made.path, model_id=made.model_id)
        verdict = czmodel.check(made.path)
        row['status'] = 'ok' if verdict.ok else 'check'
        warned = [finding for finding in verdict.findings if finding.severity == 'warning']
        if warned:
            row.update(rule=warned[0].rule, message=str(warned[0])[:MOST_TEXT])
        verify(row, made.path)
    except czmodel.ConversionError as error:
        first = next(iter(error.findings), None)
        row.update(status='failed', rule=first.rule if first else '', message=str(error)[:MOST_TEXT])
    except Exception as error:  # a row, not the end of the fleet
        row.update(status='failed', rule=type(error).__name__, message=str(error)[:MOST_TEXT])
    row['seconds'] = round(time.perf_counter() - begin, 3)
    return row


def lost(model, error):
    """The row of a model whose worker has died, such as one without enough memory."""
    return {**dict.fromkeys(COLUMNS, ''), 'model': model, 'status': 'failed', 'rule': type(error).__name__,
            'message': str(error)[:MOST_TEXT]}


def verify(row, path):
    """The network runs, and its result is plausible. Where there is no ONNX Runtime, the column stays empty."""
    import importlib.util

    import czmodel
    if importlib.util.find_spec('onnxruntime') is None:
        return
    found = czmodel.verify(path)
    row.update(verified='yes' if found.ok else 'no', runtime=found.runtime, tile_seconds=found.tile['seconds'])
    if not found.ok:
        row['status'] = 'verify'


def name_of(model):
    return os.path.splitext(os.path.basename(model))[0]


def write_row(row, path):
    """Whole or not at all, so that an interrupted run does not take a half for a result."""
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path + '.part', 'w', encoding='utf-8') as file:
        json.dump(row, file)
    os.replace(path + '.part', path)


def write_report(rows, path):
    rows = sorted(rows, key=lambda row: (row['status'] == 'ok', row['model']))  # what failed comes first
    with open(path + '.part', 'w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(path + '.part', path)
    good = sum(row['status'] == 'ok' for row in rows)
    print(f'{good} of {len(rows)} models are good; {path}')


def read_row(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def rows_below(folder):
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith('.json'):
                yield read_row(os.path.join(parent, name))


def main(command, *arguments):
    if command == 'model':
        model, folder, row = arguments
        write_row(process(model, folder), row)
    elif command == 'lost':
        model, status, row = arguments
        write_row(lost(model, RuntimeError(f'the process ended with status {status}')), row)
    else:
        folder, report = arguments
        write_report(rows_below(folder), report)


if __name__ == '__main__':
    main(*sys.argv[1:])
