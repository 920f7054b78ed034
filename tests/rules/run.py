# SPDX-License-Identifier: Apache-2.0
"""The test of the rules about metadata, network and container: each fires, and each is silent.

    run.py --czmodel PROGRAM

The networks are really exported (make_models.py), by two versions of TensorFlow. A case is a rule, the
severity of its finding, a part of its words, and how the input differs from one that obeys every
rule; all the other rules' silence is asserted on that one. Rules about options, files and damage are
tested in ../errors.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORTERS = ('tf215', 'tf221')
GOOD = {'BorderSize': 2, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24',
        'Classes': ['Background', 'Cell']}

# These have their tests in ../errors: what breaks them is damage, a missing file or an option.
ELSEWHERE = {'usage', 'normalization', 'tile-statistics', 'metadata-loss', 'file-missing', 'file-unreadable', 'file-unwritable', 'model-id', 'step',
             'spatial-dims', 'spatial-assumption', 'class-order', 'spec-syntax', 'spec-key',
             'spec-unknown-key', 'spec-value', 'class-name', 'member-name', 'model-kind',
             'model-damaged', 'weights-damaged', 'signature', 'input-unfed', 'stateful-inference',
             'needs-initialiser', 'variable-missing', 'op-unsupported', 'container-damaged',
             'container-member', 'metadata-damaged', 'model-version', 'container-id',
             'network-unchecked', 'loaders', 'unpack-loss', 'guess', 'onnx-unsupported', 'onnx-size'}
ELSEWHERE |= {'too-large'} # ../harden/hostile.py
# And these in ../formats.
ELSEWHERE |= {'pixel-range', 'czann-value', 'onnx-damaged', 'onnx-import', 'onnx-opset', 'onnx-ir-version', 'network-kind',
              'metadata-shape'}

# And these in ../keras.
ELSEWHERE |= {'keras-backend', 'keras-damaged', 'keras-layer', 'keras-weights'}

# rule, severity, words, signature, changes of the specification
CASES = [
    ('input-size-undefined', 'error', 'not defined: [?,?,?,3]', 'any_size', {}),
    ('tile-memory', 'note', 'cannot be estimated', 'any_size', {}),
    ('input-batch', 'error', 'batch size is 4', 'batch_of_four', {}),
    ('input-channels', 'error', 'channels is not defined', 'any_channels', {}),
    ('input-layout', 'error', 'channels first (NCHW)', 'channels_first', {}),
    ('input-rank', 'error', '[?,256]', 'vector', {}),
    ('input-type', 'note', 'uint8: a cast from float32 is inserted', 'bytes_in', {}),
    ('one-input', 'error', '2 inputs', 'two_inputs', {}),
    ('one-output', 'error', '"probabilities"', 'two_outputs', {}),
    ('output-type', 'error', 'int32', 'labels', {}),
    ('output-size', 'error', '8 x 8 pixels, but the input is 16 x 16', 'half_size', {}),
    ('output-size', 'error', 'not that of an image', 'one_answer', {}),
    ('output-size', 'note', 'are known only while the network runs', 'unknown_shape', {}),
    ('class-count', 'note', 'number of output channels cannot be computed', 'unknown_shape', {}),
    ('class-count', 'error', '3 classes are named', 'serving_default',
     {'Classes': ['a', 'b', 'c']}),
    ('class-count', 'error', '1 class is named', 'serving_default', {'Classes': ['a']}),
    ('probabilities', 'warning', 'not of a softmax', 'logits', {}),
    ('probabilities', 'warning', 'Relu', 'relu', {}),
    ('probabilities', 'warning', 'Tanh', 'tanh', {}),
    ('probabilities', 'warning', 'one channel', 'one_channel', {'Classes': ['a']}),
    ('probabilities', 'warning', 'Sigmoid', 'sigmoids', {'Classes': ['a', 'b', 'c']}),
    ('probabilities', 'warning', 'it is not known whether its values', 'undecided', {}),
    ('random-op', 'warning', 'RandomStandardNormal', 'augmented', {}),
    ('tile-memory', 'error', 'do not fit into 8 GiB', 'too_large',
     {'PixelType': 'Gray8', 'BorderSize': 8}),
    ('tile-memory', 'warning', 'of 8 GiB, at layer', 'nearly_too_large',
     {'PixelType': 'Gray8', 'BorderSize': 8}),
    ('border', 'note', 'requires at least 20', 'sees_far', {'BorderSize': 19}),
    ('border', 'warning', 'requires at least 20', 'sees_far', {'BorderSize': 4}),
    ('border', 'note', 'is the whole tile', 'sees_all', {}),
    ('border-size', 'warning', 'removes the whole tile', 'serving_default', {'BorderSize': 8}),
    ('pixel-type-channels', 'error', 'Gray8 has 1 channel', 'serving_default',
     {'PixelType': 'Gray8'}),
    ('pixel-type-channels', 'error', 'Bgr48 has 3 channels', 'gray', {'PixelType': 'Bgr48'}),
    ('pixel-type-channels', 'error', 'Bgra32 has 4 channels', 'serving_default',
     {'PixelType': 'Bgra32'}),
    ('pixel-type-channels', 'note', 'not specified', 'gray',
     {'PixelType': 'Gray64ComplexFloat'}),
    ('class-duplicate', 'warning', '"Cell"', 'serving_default', {'Classes': ['Cell', 'Cell']}),
    ('color-handling', 'warning', 'removes the colours', 'serving_default',
     {'ColorHandling': 'ConvertToMonochrome'}),
    ('color-order', 'note', 'blue, green, red', 'serving_default', {}),
    ('test-image', 'warning', 'there is no image', 'serving_default', {'TestImageFile': 'no.png'}),
    ('test-image', 'warning', 'is not a PNG', 'serving_default', {'TestImageFile': 'spec.json'}),
    ('test-image', 'warning', '1 channel of 16 bits, but Bgr24 has 3 of 8', 'serving_default',
     {'TestImageFile': '../image.png'}),
]

# signature, changes: nothing graver than a note, and nothing of these rules
SILENT = [
    ('serving_default', {}, ['probabilities', 'border', 'tile-memory', 'input-batch']),
    ('one_tile', {}, ['input-batch']),
    ('gray', {'PixelType': 'Gray32Float', 'ColorHandling': 'ConvertToMonochrome'},
     ['pixel-type-channels', 'color-order', 'color-handling']),
    ('gray', {'PixelType': 'Gray16', 'TestImageFile': '../image.png'}, ['test-image']),
    ('bgra', {'PixelType': 'Bgra32'}, ['pixel-type-channels']),
    ('softmax_by_hand', {}, ['probabilities']),
    ('enlarged', {'BorderSize': 4}, ['probabilities', 'border', 'output-size']),
    ('sees_far', {'BorderSize': 20}, ['border', 'border-size']),
    ('serving_default', {'BorderSize': 7}, ['border-size']),
]


class Checker:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.faults, self.count = [], 0

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], cwd=self.folder, capture_output=True,
                              text=True, timeout=600, check=False)

    def write_spec(self, exporter, changes):
        spec = {**GOOD, 'ModelPath': os.path.join('..', exporter), **changes}
        with open(os.path.join(self.folder, 'spec.json'), 'w', encoding='utf-8') as file:
            json.dump(spec, file)

    def check(self, target, *arguments):
        """The result of a check, whose exit status must agree with it."""
        done = self.run('check', target, '--json', *arguments)
        result = json.loads(done.stdout)
        errors = [f for f in result['findings'] if f['severity'] == 'error']
        if bool(errors) != (done.returncode != 0) or result['ok'] == bool(errors):
            self.fault(f'{target} {arguments}: exit status {done.returncode}, {errors}')
        return result

    def fault(self, text):
        self.faults.append(text)

    def expect(self, condition, text):
        self.count += 1
        if not condition:
            self.fault(text)


def graver_than_note(result):
    return [(f['rule'], f['finding']) for f in result['findings'] if f['severity'] != 'note']


def outcomes(result):
    return {rule['rule']: rule['outcome'] for rule in result['rules']}


def test_firing(c, exporter):
    for rule, severity, words, signature, changes in CASES:
        c.write_spec(exporter, changes)
        result = c.check('spec.json', '--signature', signature)
        found = [f for f in result['findings'] if f['rule'] == rule]
        c.expect(any(f['severity'] == severity and words in f['finding'] for f in found),
                 f'{exporter} {signature}: no {severity} of {rule} with "{words}": {found}')
        c.expect(all(f['where'] and f['hint'] and f['why'] for f in found),
                 f'{exporter} {signature}: {rule} lacks where, hint or why')
        c.expect(outcomes(result)[rule] == 'found', f'{signature}: the outcome of {rule}')


def test_silence(c, exporter):
    for signature, changes, rules in SILENT:
        c.write_spec(exporter, changes)
        result = c.check('spec.json', '--signature', signature)
        c.expect(not graver_than_note(result),
                 f'{exporter} {signature} {changes}: {graver_than_note(result)}')
        for rule in rules:
            c.expect(outcomes(result)[rule] == 'passed',
                     f'{exporter} {signature}: {rule} is {outcomes(result)[rule]}')


def test_all_pass(c, exporter):
    """The good model obeys every rule, as a specification and as the CZModel made of it."""
    c.write_spec(exporter, {})
    done = c.run('convert', 'spec.json', 'out', 'good')
    c.expect(done.returncode == 0, f'{exporter}: {done.stderr}')
    for target, subjects in (('spec.json', {'metadata', 'network', 'both'}),
                             ('../' + exporter, {'network'}),
                             ('out/good.czmodel', {'container', 'metadata', 'network', 'both'})):
        result = c.check(target)
        for rule in result['rules']:
            wanted = 'passed' if rule['subject'] in subjects else 'not checked'
            if rule['rule'] == 'color-order' and rule['subject'] in subjects:
                wanted = 'found'  # Bgr24
            if rule['subject'] == 'call' and rule['outcome'] != 'found':
                continue
            c.expect(rule['outcome'] == wanted,
                     f'{exporter} {target}: {rule["rule"]} is {rule["outcome"]}, not {wanted}')


def test_policy(c, exporter):
    """--strict, --allow and --border, on convert."""
    c.write_spec(exporter, {'Classes': ['Cell', 'Cell']})
    for arguments, status in (([], 0), (['--strict'], 1),
                              (['--strict', '--allow', 'class-duplicate'], 0),
                              (['--strict', '--allow', 'border,class-duplicate'], 0),
                              (['--allow', 'one-input'], 2), (['--allow', 'op-unsupported'], 2),
                              (['--allow', 'weights-damaged'], 2), (['--allow', 'no-such-rule'], 2),
                              (['--allow', ''], 2)):
        shutil.rmtree(os.path.join(c.folder, 'out'), ignore_errors=True)
        done = c.run('convert', 'spec.json', 'out', *arguments)
        c.expect(done.returncode == status, f'{arguments}: {done.returncode} {done.stderr}')
        c.expect(os.path.exists(os.path.join(c.folder, 'out', 'DNNModel.czmodel')) == (status == 0),
                 f'{arguments}: a file is there, or not')
    c.write_spec(exporter, {})
    done = c.run('convert', 'spec.json', 'out', '--signature', 'any_size')
    c.expect(done.returncode == 1 and '--spatial-dims' in done.stderr, done.stderr)
    done = c.run('convert', 'spec.json', 'out', '--signature', 'any_size', '--allow',
                 'input-size-undefined')
    c.expect(done.returncode == 0 and 'warning: input' in done.stderr, done.stderr)
    for border, expected in (('auto', 20), ('11', 11)):
        done = c.run('convert', 'spec.json', 'out', '--signature', 'sees_far', '--border', border)
        with zipfile.ZipFile(os.path.join(c.folder, 'out', 'DNNModel.czmodel')) as archive:
            xml, = (archive.read(n).decode() for n in archive.namelist() if n.endswith('.xml'))
        c.expect(f'<BorderSize>{expected}</BorderSize>' in xml, f'--border {border}: {xml}')
    done = c.run('convert', 'spec.json', 'out', '--border', 'some')
    c.expect(done.returncode == 2, f'--border some: {done.returncode}')


def test_example(c):
    """The example has no finding above note, and its border is the required one."""
    example = os.path.join(HERE, '..', '..', 'example', 'nuclei', 'model_spec.json')
    result = c.check(os.path.abspath(example), '--strict')
    c.expect(not graver_than_note(result), f'the example: {graver_than_note(result)}')
    border = json.loads(c.run('inspect', os.path.abspath(example), '--json').stdout)['network']['border']
    c.expect(border['border'] == 23, f'the border of the example: {border}')


def test_book(c):
    rules = {rule['rule'] for rule in json.loads(c.run('explain', '--json').stdout)}
    tested = {case[0] for case in CASES} | ELSEWHERE
    c.expect(rules == tested, f'rules without a test, or tests without a rule: {rules ^ tested}')
    for rule in rules:
        done = c.run('explain', rule)
        c.expect(done.returncode == 0 and rule in done.stdout and 'fix:' in done.stdout, rule)
    c.expect(c.run('explain', 'nonsense').returncode == 2, 'explain nonsense')


def write_image(path):
    """A grey PNG of 16 bits, 1 x 1."""
    import struct
    import zlib

    def chunk(name, content):
        return (struct.pack('>I', len(content)) + name + content
                + struct.pack('>I', zlib.crc32(name + content)))
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 16, 0, 0, 0, 0))
                   + chunk(b'IDAT', zlib.compress(bytes(3))) + chunk(b'IEND', b''))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    program = os.path.abspath(parser.parse_args().czmodel)
    with tempfile.TemporaryDirectory() as parent:
        write_image(os.path.join(parent, 'image.png'))
        folder = os.path.join(parent, 'case')
        os.mkdir(folder)
        for exporter in EXPORTERS:
            shutil.copytree(os.path.join(HERE, 'models', exporter), os.path.join(parent, exporter))
        c = Checker(program, folder)
        for exporter in EXPORTERS:
            for test in (test_firing, test_silence, test_all_pass, test_policy):
                test(c, exporter)
        test_example(c)
        test_book(c)
    for fault in c.faults:
        print(fault)
    print(f'{c.count - len(c.faults)} of {c.count} expectations hold')
    sys.exit(1 if c.faults else 0)


if __name__ == '__main__':
    main()
