# SPDX-License-Identifier: Apache-2.0
"""The messages of the verify command where it cannot run; needs no engine.

    messages.py --czmodel PROGRAM
"""
import argparse
import json
import os
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'example', 'nuclei')
SPEC = os.path.join(EXAMPLE, 'model_spec.json')

# Arguments, exit status, part of the message
CASES = (
    ([SPEC], 3, 'ONNX Runtime: it is not at nowhere, which --runtime names'),
    ([SPEC, '--image', 'nowhere.png'], 3, 'nowhere.png: it cannot be read: No such file'),
    ([SPEC, '--image', SPEC], 3, 'it is neither PNG, JPEG nor TIFF'),
    ([SPEC, '--image', 'fifo.png'], 3, 'fifo.png: it is not a regular file'),
    ([SPEC, '--preview', 'fifo.png'], 3, 'fifo.png: it is not a regular file'),
    ([SPEC, '--preview', '/dev/null'], 3, '/dev/null: it is not a regular file'),
    ([SPEC, '--preview', 'folder.png'], 3, 'folder.png: a folder has this name'),
    (['fifo.json'], 3, 'fifo.png: it is not a regular file'),
    ([SPEC, '--image', 'image.czi'], 3, 'it is a CZI file; export the image as OME-TIFF in ZEN'),
    (['nowhere'], 3, '[file-missing]'),
    ([], 2, 'usage: czmodel verify'),
    ([SPEC, '--engine', 'nowhere/libtensorflow.so'], 3, 'nowhere/libtensorflow.so cannot be loaded'),
    ([SPEC, '--engine', EXAMPLE], 3, 'contains no TensorFlow C library'),
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    czmodel = os.path.abspath(parser.parse_args().czmodel)
    environment = {**os.environ, 'LC_ALL': 'C'}
    bad = 0
    folder = tempfile.TemporaryDirectory()
    os.chdir(folder.name)
    with open('image.czi', 'wb') as file:
        file.write(b'ZISRAWFILE' + bytes(100))
    os.mkfifo('fifo.png')
    os.mkdir('folder.png')
    with open(SPEC, encoding='utf-8') as file:
        spec = json.load(file)
    with open('fifo.json', 'w', encoding='utf-8') as file:
        json.dump({**spec, 'ModelPath': os.path.join(EXAMPLE, spec['ModelPath']), 'TestImageFile': 'fifo.png'}, file)
    for arguments, status, text in CASES:
        done = subprocess.run([czmodel, 'verify', '--runtime', 'nowhere', *arguments], capture_output=True, text=True,
                              env=environment, timeout=600, check=False)
        if done.returncode != status or text not in done.stderr or done.stdout:
            bad += 1
            print(f'{arguments}: exit status {done.returncode}, not {status} with "{text}":\n'
                  f'{done.stdout}{done.stderr}')
    left = sorted(os.listdir('.'))
    if left != ['fifo.json', 'fifo.png', 'folder.png', 'image.czi'] or not stat.S_ISFIFO(os.stat('fifo.png').st_mode):
        bad += 1
        print(f'the files are {left}')
    os.chdir(HERE)
    folder.cleanup()
    print(f'{len(CASES) - bad} of {len(CASES)} messages are as expected')
    if bad:
        sys.exit(1)


if __name__ == '__main__':
    main()
