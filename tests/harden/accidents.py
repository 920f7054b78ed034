# SPDX-License-Identifier: Apache-2.0
"""Accidents of a conversion: it is killed or interrupted at a random moment, the
disk is full, the folder cannot be written, the source changes, another conversion makes the same file.

    accidents.py --czmodel PROGRAM [--times N]

Under its final name there is the earlier file or a complete new one, and after anything but a kill
nothing else is left.
"""
import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODEL = os.path.join(TESTS, 'fixtures', 'models', 'tf221-keras3', 'model')
IDS = ('6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11', 'a2b9f4c6-0d2e-4f8a-8f43-5b7d9c1e2f30')
EARLIER = b'precious'
FINAL = 'out/DNNModel.czmodel'
# A licence so large that there is time for accidents while it is packed.
LICENCE_SIZE = 16 << 20
SPEC = ('{"BorderSize": 0, "ColorHandling": "SplitRgb", "PixelType": "Bgr24", '
        '"Classes": ["a", "b", "c"], "ModelPath": "model", "LicenseFile": "licence.txt"}')
NOBODY = 65534


def write(path, content):
    with open(path, 'wb') as file:
        file.write(content)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Accidents:
    """In the working directory; each method that is an accident returns how often it happened."""

    def __init__(self, czmodel, times, folder):
        self.czmodel = shutil.copy(czmodel, folder) # the folder of the build may be closed to other users
        self.times = times
        self.random = random.Random(7)
        shutil.copytree(MODEL, 'model')
        write('spec.json', SPEC.encode())
        self.write_licence()
        self.before()
        begin = time.monotonic()
        self.run()
        self.seconds = time.monotonic() - begin
        self.results = {}
        for model_id in IDS:
            self.before()
            self.run(model_id)
            self.results[model_id] = read(FINAL)

    def write_licence(self):
        write('licence.txt', b'All rights are given away.\n' * (LICENCE_SIZE // 27))

    def start(self, model_id=IDS[0], **more):
        command = [self.czmodel, 'convert', '--quiet', '--model-id', model_id, 'spec.json', 'out']
        return subprocess.Popen(command, stderr=subprocess.PIPE, **more)

    def end(self, process):
        text = process.communicate(timeout=600)[1].decode()
        return process.returncode, text

    def run(self, model_id=IDS[0], **more):
        status, text = self.end(self.start(model_id, **more))
        if status:
            raise SystemExit(text)

    def before(self):
        shutil.rmtree('out', ignore_errors=True)
        os.mkdir('out')
        write(FINAL, EARLIER)

    def expect(self, condition, what):
        if not condition:
            raise SystemExit(f'{sys._getframe(1).f_code.co_name}: {what}')

    def expect_clean(self, *contents):
        """The final name alone, with one of these."""
        self.expect(os.listdir('out') == [os.path.basename(FINAL)], f'left: {os.listdir("out")}')
        self.expect(read(FINAL) in contents, 'the file is broken')

    def at_random_moment(self):
        time.sleep(self.random.uniform(0, 1.2 * self.seconds))

    # ---- accidents

    def killed(self):
        new = self.results[IDS[0]]
        for _ in range(self.times):
            self.before()
            process = self.start()
            self.at_random_moment()
            process.kill()
            self.end(process)
            self.expect(read(FINAL) in (EARLIER, new), 'the file is broken')
        self.run()
        self.expect(read(FINAL) == new, 'what was left is in the way')
        return self.times

    def interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for _ in range(self.times):
                self.before()
                process = self.start()
                self.at_random_moment()
                process.send_signal(number)
                status, _ = self.end(process)
                self.expect(status in (0, -number), f'exit status {status}')
                self.expect_clean(EARLIER if status else self.results[IDS[0]])
        return 2 * self.times

    def full(self):
        """A limit for the size of files; that of a disk is among faults.py's."""
        size = len(self.results[IDS[0]])
        for i in range(self.times):
            limit = size * i // self.times
            self.before()
            process = self.start(preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (limit, limit)))  # pylint: disable=cell-var-from-loop
            status, text = self.end(process)
            self.expect(status == 3 and 'file-unwritable' in text, f'exit status {status}, {text}')
            self.expect_clean(EARLIER)
        return self.times

    def read_only(self):
        self.before()
        os.chmod('out', 0o555)
        is_root = os.geteuid() == 0
        status, text = self.end(self.start(**({'user': NOBODY} if is_root else {})))
        os.chmod('out', 0o755)
        self.expect(status == 3 and 'file-unwritable' in text, f'exit status {status}, {text}')
        self.expect_clean(EARLIER)
        return 1

    def in_the_way(self):
        """A folder of the file's name; a file of the folder's name."""
        self.before()
        os.remove(FINAL)
        os.mkdir(FINAL)
        status, text = self.end(self.start())
        self.expect(status == 3 and 'file-unwritable' in text, f'exit status {status}, {text}')
        self.expect(os.listdir('out') == [os.path.basename(FINAL)], 'something is left')
        shutil.rmtree('out')
        write('out', EARLIER)
        status, text = self.end(self.start())
        self.expect(status == 3 and 'file-unwritable' in text, f'exit status {status}, {text}')
        self.expect(read('out') == EARLIER, 'the file is lost')
        os.remove('out')
        return 2

    def changed(self):
        """The licence shrinks or changes while it is read: it may be packed either way, or not."""
        for i in range(self.times):
            self.before()
            process = self.start()
            self.at_random_moment()
            if i % 2:
                os.truncate('licence.txt', self.random.randrange(LICENCE_SIZE))
            else:
                with open('licence.txt', 'r+b') as file:
                    file.seek(self.random.randrange(LICENCE_SIZE))
                    file.write(b'#' * 4096)
            status, text = self.end(process)
            self.expect(status in (0, 3) and bool(text) == bool(status), f'exit status {status}')
            self.expect(os.listdir('out') == [os.path.basename(FINAL)], 'something is left')
            if status:
                self.expect_clean(EARLIER)
            else:
                done = subprocess.run([self.czmodel, 'check', FINAL], check=False,
                                      capture_output=True)
                self.expect(b'\xe2\x9c\x97' not in done.stdout + done.stderr, 'the file is broken')
            self.write_licence()
        return self.times

    def at_once(self):
        for _ in range(self.times):
            self.before()
            processes = [self.start(model_id) for model_id in IDS]
            for process in processes:
                status, text = self.end(process)
                self.expect(status == 0, text)
            self.expect_clean(*self.results.values())
        return self.times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--times', type=int, default=20)
    arguments = parser.parse_args()
    czmodel = os.path.abspath(arguments.czmodel)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.chdir(folder)
        accidents = Accidents(czmodel, arguments.times, folder)
        for name in ('killed', 'interrupted', 'full', 'read_only', 'in_the_way', 'changed',
                     'at_once'):
            print(f'{name.replace("_", " "):30} {getattr(accidents, name)():8}', flush=True)
        os.chdir('/')


if __name__ == '__main__':
    main()
