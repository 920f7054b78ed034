# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzzers, which the preset `fuzz` builds, one after the other.

    run.py --build FOLDER [--seconds 600 | --replay] [--keep] [FUZZER ...]

What they find is in FOLDER/found; --keep puts small inputs that reach something new into corpus/. With
--replay each runs the inputs that there are, and no new ones.
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
# The dictionary of each.
FUZZERS = {'spec': 'spec', 'graph': 'graph', 'bundle': None, 'archive': 'archive',
           'convert': 'graph', 'onnx': None, 'hdf5': None, 'keras': None}
LIMIT = '-rss_limit_mb=512'
# Of AddressSanitizer: the usual 256 MB of freed memory would count against this limit.
SANITIZER = 'quarantine_size_mb=64'
# Limits in the repository, bytes: of an input, of a fuzzer's corpus.
LARGEST_INPUT, LARGEST_CORPUS = 6000, 58000


def run(command, **more):
    """Runs it with a temporary folder, in memory if there is one: a fuzzer that finds something leaves its files."""
    memory = '/dev/shm' if os.path.isdir('/dev/shm') else None
    with tempfile.TemporaryDirectory(prefix='czm-fuzz-', dir=memory) as folder:
        environment = {**os.environ, 'TMPDIR': folder, 'ASAN_OPTIONS': SANITIZER}
        return subprocess.run(command, capture_output=True, env=environment, **more)


def run_fuzzer(name, build, length):
    """Whether nothing was found; prints a row of numbers. `length`: options that say how much to try."""
    corpus, found = os.path.join(build, 'corpus', name), os.path.join(build, 'found')
    for folder in (corpus, found):
        os.makedirs(folder, exist_ok=True)
    command = [os.path.join(build, 'fuzz_' + name), LIMIT, *length,
               '-print_final_stats=1', f'-artifact_prefix={found}/{name}-', corpus]
    command += filter(os.path.isdir, (os.path.join(build, 'seeds', name), os.path.join(HERE, 'corpus', name)))
    if FUZZERS[name]:
        command.append(f'-dict={HERE}/{FUZZERS[name]}.dict')
    done = run(command, check=False)
    log = done.stderr.decode('utf-8', 'replace')
    runs = re.findall(r'number_of_executed_units: (\d+)', log)
    points = re.findall(r'cov: (\d+)', log)
    print(f'{name:10} {runs[-1] if runs else "?":>10} {points[-1] if points else "?":>10}'
          f'{"" if done.returncode == 0 else "   FAILED"}', flush=True)
    if done.returncode:
        print(log[-3000:])
    return done.returncode == 0


def keep_corpus(name, build):
    """The smallest inputs that together reach most, within the limits."""
    small, merged = (os.path.join(build, part, name) for part in ('small', 'merged'))
    kept = os.path.join(HERE, 'corpus', name)
    for folder in (small, merged):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
    os.makedirs(kept, exist_ok=True)
    for path in glob.glob(os.path.join(glob.escape(build), 'corpus', name, '*')) + glob.glob(glob.escape(kept) + '/*'):
        if os.path.getsize(path) <= LARGEST_INPUT:
            shutil.copy(path, small)
    run([os.path.join(build, 'fuzz_' + name), '-merge=1', merged, small], check=True)
    shutil.rmtree(kept)
    os.makedirs(kept)
    total = 0
    for path in sorted(glob.glob(glob.escape(merged) + '/*'), key=lambda path: (os.path.getsize(path), path)):
        total += os.path.getsize(path)
        if total > LARGEST_CORPUS:
            break
        shutil.copy(path, kept)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--seconds', type=int, default=600)
    parser.add_argument('--replay', action='store_true')
    parser.add_argument('--keep', action='store_true')
    parser.add_argument('fuzzers', nargs='*', metavar='FUZZER', choices=[[], *FUZZERS])
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    length = [f'-max_total_time={arguments.seconds}', '-timeout=5']
    if arguments.replay:
        length = ['-runs=0', '-timeout=100']
    subprocess.run([sys.executable, '-B', os.path.join(HERE, 'make_seeds.py'), '--czmodel',
                    os.path.join(build, 'czmodel'), os.path.join(build, 'seeds')], check=True)
    print(f'{"fuzzer":10} {"inputs":>10} {"places":>10}')
    is_good = True
    for name in arguments.fuzzers or FUZZERS:
        is_good &= run_fuzzer(name, build, length)
        if arguments.keep:
            keep_corpus(name, build)
    sys.exit(not is_good)


if __name__ == '__main__':
    main()
