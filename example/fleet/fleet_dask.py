# SPDX-License-Identifier: Apache-2.0
"""Converts, checks and verifies all models below a folder on a Dask cluster, and writes one report; docs/fleet.md.

    fleet_dask.py MODELS RESULTS [--scheduler ADDRESS | --workers N]

Without --scheduler, a cluster of N (2) workers is made on this machine. A model whose row is there and newer
than its specification is left out, so that an interrupted run continues where it was.
"""
import argparse
import os

import dask.distributed

import fleet


def specifications(folder):
    """Paths relative to the folder."""
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith('.json'):
                yield os.path.relpath(os.path.join(parent, name), folder)


def is_done(model, row):
    return os.path.exists(row) and os.path.getmtime(row) >= os.path.getmtime(model)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('models')
    parser.add_argument('results')
    parser.add_argument('--scheduler', metavar='ADDRESS')
    parser.add_argument('--workers', metavar='N', type=int, default=2)
    options = parser.parse_args()
    models, results = os.path.abspath(options.models), os.path.abspath(options.results)
    rows = {name: os.path.join(results, 'rows', name) for name in specifications(models)}
    wanted = [name for name in rows if not is_done(os.path.join(models, name), rows[name])]
    print(f'{len(rows)} models, {len(rows) - len(wanted)} of them done before', flush=True)
    cluster = {'address': options.scheduler} if options.scheduler else {
        'n_workers': options.workers, 'threads_per_worker': 1, 'dashboard_address': None}
    with dask.distributed.Client(**cluster) as client:
        client.upload_file(fleet.__file__)
        tasks = {client.submit(fleet.process, os.path.join(models, name),
                               os.path.join(results, os.path.dirname(name)), pure=False): name
                 for name in wanted}
        for task in dask.distributed.as_completed(tasks):
            row = task.result() if task.status == 'finished' else fleet.lost(tasks[task], task.exception())
            fleet.write_row(row, rows[tasks[task]])
    fleet.write_report(map(fleet.read_row, rows.values()), os.path.join(results, 'report.csv'))


if __name__ == '__main__':
    main()
