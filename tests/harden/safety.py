# SPDX-License-Identifier: Apache-2.0
"""What strangers' names, folders and devices must not do: nothing is injected, run or replaced.

    safety.py --czmodel PROGRAM
"""
import argparse
import json
import os
import re
import shlex
import stat
import subprocess
import sys
import tempfile
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

from graph_text import entry, node, tensor_info  # noqa: E402
from protobuf import message, number  # noqa: E402

IMAGE = '-1,8,8,2'
EVIL = 'e\x1b]0;OWNED\x07\x9b\u202e\u2066"; touch PWN; \'$(touch PWN)\' ![i](http://h.example/i) www.h.example\r\n<b>'
BIDI = 'AL R LRE RLE PDF LRO RLO LRI RLI FSI PDI'.split()


def evil_model(folder):
    """Hostile names of exporter, signatures, inputs, outputs and nodes, and an unknown operation."""
    def named(*words, name=EVIL):
        return message(1, message(1, name) + node(['-', *words])[3:])
    nodes = (named('Placeholder', 'dtype=type:FLOAT', f'shape=shape:{IMAGE}', name='x')
             + message(1, message(1, EVIL) + message(2, 'Evil' + EVIL) + message(3, 'x')))
    ends = (entry(1, EVIL, tensor_info('x:0', 'FLOAT', IMAGE))
            + entry(2, EVIL, tensor_info(EVIL + ':0', 'FLOAT', IMAGE))
            + entry(2, EVIL + '2', tensor_info(EVIL + ':0', 'FLOAT', IMAGE)))
    meta = (message(1, message(4, 'serve') + message(5, EVIL)) + message(2, nodes)
            + entry(5, EVIL, ends) + entry(5, EVIL + '2', ends))
    path = os.path.join(folder, 'evil')
    os.makedirs(path)
    with open(os.path.join(path, 'saved_model.pb'), 'wb') as out:
        out.write(number(1, 1) + message(2, meta))
    return path


def plain_model(folder):
    from graph_text import saved_model
    path = os.path.join(folder, 'plain')
    os.makedirs(path)
    with open(os.path.join(path, 'saved_model.pb'), 'wb') as out:
        out.write(saved_model(f'''tag serve
node x Placeholder dtype=type:FLOAT shape=shape:{IMAGE}
node y Softmax x T=type:FLOAT
input serving_default x x:0 FLOAT {IMAGE}
output serving_default y y:0 FLOAT {IMAGE}'''))
    return path


class Test:
    def __init__(self, program, folder):
        self.program, self.folder, self.faults = program, folder, []

    def expect(self, holds, text):
        if not holds:
            self.faults.append(text)

    def run(self, *arguments, **more):
        return subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, **more)

    def printable(self, what, output):
        for character in output.decode(errors='surrogateescape'):
            is_hidden = (unicodedata.category(character) in ('Cc', 'Zl', 'Zp') and character not in '\n'
                         or unicodedata.bidirectional(character) in BIDI[2:])
            self.expect(not is_hidden, f'{what} prints {character!r}')

    def names(self):
        model = evil_model(self.folder)
        spec = os.path.join(self.folder, 'spec.json')
        with open(spec, 'w', encoding='utf-8') as out:
            json.dump({'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Gray8',
                       'Classes': [EVIL, 'b'], 'ModelPath': model, EVIL: EVIL}, out)
        choice = ['--signature', EVIL, '--output', EVIL]
        for arguments in (['inspect', model], ['inspect', model, *choice], ['check', spec],
                          ['check', spec, *choice], ['check', '--json', spec, *choice],
                          ['inspect', '--json', model, *choice], ['new', model, EVIL + '.json'],
                          ['convert', spec, 'out', *choice], ['diff', model, spec],
                          ['inspect', EVIL], [EVIL], ['--' + EVIL], ['convert', spec, 'out', EVIL]):
            self.printable(' '.join(map(ascii, arguments)), self.run(*arguments).stdout)
        self.run('check', spec, *choice, '--report', 'report.md')
        with open(os.path.join(self.folder, 'report.md'), encoding='utf-8') as page:
            text = page.read()
        self.printable('the page', text.encode())
        for word in (r'!\[', r'(?<!\\)\]', '<b>', 'http:/', r'www\.'):
            self.expect(not re.search(word, text), f'the page contains {word}')

    def commands(self):
        name = 'a "; touch PWN; \'$(touch PWN)\'.json'
        output = self.run('new', plain_model(self.folder), name).stdout.decode()
        command = output[output.index('czmodel convert'):].splitlines()[0]
        self.expect(shlex.split(command)[2] == name, f'the shell reads {command} otherwise')

    def outputs(self):
        """No output takes the place of a device, a FIFO or a folder."""
        model = os.path.join(self.folder, 'plain')
        os.mkfifo(os.path.join(self.folder, 'fifo.md'))
        os.makedirs(os.path.join(self.folder, 'folder.md'))
        os.mkfifo(os.path.join(self.folder, 'fifo.czmodel'))
        os.makedirs(os.path.join(self.folder, 'folder.czmodel'))
        spec = os.path.join(self.folder, 'plain.json')
        with open(spec, 'w', encoding='utf-8') as out:
            json.dump({'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Gray8',
                       'Classes': ['a', 'b'], 'ModelPath': model}, out)
        image = os.path.join(self.folder, 'image.json')
        with open(image, 'w', encoding='utf-8') as out:
            json.dump({'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Gray8',
                       'Classes': ['a', 'b'], 'ModelPath': model, 'TestImageFile': 'fifo.md'}, out)
        self.run('convert', spec, '.', 'packed', '--allow', 'pixel-type-channels')
        before = sorted(os.listdir(self.folder))
        self.expect('packed.czmodel' in before, 'nothing was converted')
        result = self.run('check', image)
        self.expect(b'fifo.md' in result.stdout, f'a FIFO as TestImageFile: {result.stdout}')
        calls = [['inspect', model, '--svg', '/dev/null']]
        for kind in ('fifo', 'folder'):
            calls += [['inspect', model, '--svg', kind + '.md'], ['check', spec, '--report', kind + '.md'],
                      ['new', model, kind + '.md'], ['convert', spec, '.', kind, '--allow', 'pixel-type-channels']]
        calls += [['unpack', 'packed.czmodel', name] for name in ('fifo.md', '/dev/null', 'plain.json')]
        for call in calls:
            result = self.run(*call)
            self.expect(result.returncode == 3, f'{call}: exit status {result.returncode}: {result.stdout}')
        self.expect(sorted(os.listdir(self.folder)) == before, 'files were made or lost')
        for name in before:
            path = os.path.join(self.folder, name)
            self.expect(not name.startswith('fifo.') or stat.S_ISFIFO(os.stat(path).st_mode), f'{name} is no FIFO now')
            self.expect(not name.startswith('folder.') or os.path.isdir(path), f'{name} is no folder now')
        self.expect(not os.path.isfile('/dev/null'), 'a device is gone')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    with tempfile.TemporaryDirectory(prefix='czm-safety-') as folder:
        test = Test(parser.parse_args().czmodel, folder)
        test.names()
        test.commands()
        test.outputs()
        test.expect(not os.path.exists(os.path.join(folder, 'PWN')), 'something was executed')
    for fault in dict.fromkeys(test.faults):
        print(fault)
    sys.exit(1 if test.faults else 0)


if __name__ == '__main__':
    main()
