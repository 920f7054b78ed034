# SPDX-License-Identifier: Apache-2.0
"""The test of the formats with ONNX inside: the files that convert writes, and files of other programs.

    run.py --czmodel PROGRAM

Members and metadata are compared with what czmodel 1.2.0 to 6.2.0 and ZEN write; the numbers that the
networks compute are compared in ../onnx and ../python.
"""
import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'lib'))
import onnx_text  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORK = os.path.join(HERE, '..', 'rules', 'models', 'tf221')
SIGNATURE = ('--signature', 'gray')  # 16 x 16 pixels of one channel, two classes
ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
FIRST = {'BorderSize': 8, 'ColorHandling': 'ConvertToMonochrome', 'PixelType': 'Gray16',
         'Classes': ['Background', 'Cell'], 'ModelPath': 'net'}
MODEL = {'Type': 'SingleClassSemanticSegmentation', 'Classes': ['Background', 'Cell'],
         'InputShape': [16, 16, 1], 'OutputShape': [16, 16, 2], 'ModelName': 'Net',
         'MinOverlap': [16, 16]}
LATER = {'ModelMetadata': MODEL, 'ModelPath': 'net.onnx'}
# format, extension, operator set, keys of model.json
FORMATS = (
    ('3.1.0', '.czmodel', 12, None),
    ('czann-1.0.0', '.czann', 12, []),
    ('czann-1.1.0', '.czann', 12, []),
    ('czann-2.0.0', '.czann', 12, []),
    ('czann-2.1.0', '.czann', 18, ['FormatVersion']),
)
KEYS = ['Id', 'Type', 'InputShape', 'OutputShape', 'MinOverlap', 'Classes', 'ModelName']

# As ZEN writes version 3.2.0: byte order mark, CRLF, other elements and order, alternatives.
ZEN_XML = '''<?xml version="1.0" encoding="utf-8"?>
<Model Version="3.2.0">
  <Id>%s</Id>
  <ModelName>Nuclei</ModelName>
  <Description>https://example.com/</Description>
  <Status>Trained</Status>
  <FeatureExtractor>DeepNeuralNetwork</FeatureExtractor>
  <Postprocessing>None</Postprocessing>
  <ColorHandling>SplitRgb</ColorHandling>
  <Channels IsAfterColorHandling="true">
    <Item PixelType="Gray8 Gray16 Gray32Float" />
  </Channels>
  <TrainingClasses>
    <Item colR="255" colG="0" colB="0" LabelValue="1" Name="Background" />
    <Item colR="0" colG="255" colB="0" LabelValue="2" Name="Nucleus" />
  </TrainingClasses>
  <BorderSize>4</BorderSize>
  <ScaleInputsByBitdepth>true</ScaleInputsByBitdepth>
  <TotalTileHeight>16</TotalTileHeight>
  <TotalTileWidth>16</TotalTileWidth>
</Model>
'''


CUBIC = onnx_text.message(1, 'mode') + onnx_text.message(4, 'cubic') + onnx_text.number(20, 3)


class Tester:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.count, self.faults = 0, []

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        if isinstance(content, dict):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'wb') as file:
            file.write(content)

    def run(self, *arguments, status=0):
        done = subprocess.run([self.program, *arguments], cwd=self.folder, capture_output=True,
                              text=True, timeout=600, check=False)
        self.expect(done.returncode == status,
                    f'{" ".join(arguments)}: {done.returncode}, not {status}: {done.stderr}')
        return done

    def rules(self, target, *arguments):
        """rule -> its findings' severities."""
        done = subprocess.run([self.program, 'check', target, '--json', *arguments],
                              cwd=self.folder, capture_output=True, text=True, timeout=600,
                              check=False)
        found = {}
        for f in json.loads(done.stdout)['findings']:
            found.setdefault(f['rule'], []).append((f['severity'], f['finding']))
        return found

    def expect(self, condition, text):
        self.count += 1
        if not condition:
            self.faults.append(text)

    def expect_rule(self, rule, severity, words, target, *arguments):
        found = self.rules(target, *arguments).get(rule, [])
        self.expect(any(s == severity and words in text for s, text in found),
                    f'{target} {arguments}: no {severity} of {rule} with "{words}": {found}')


def members(data):
    with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist()}


def container(parts, compression=zipfile.ZIP_DEFLATED):
    """A file as other writers make it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as archive:
        for name, content in parts:
            stored = zipfile.ZIP_STORED if not content else compression
            archive.writestr(zipfile.ZipInfo(name), content, stored)
    return out.getvalue()


def czann(network, **changes):
    metadata = {'Id': ID, **{k: v for k, v in {**MODEL, **changes}.items() if v is not None}}
    return container([('model.json', json.dumps(metadata, indent=2)), ('model.model', network)])


# ---- what convert writes

def test_formats(t):
    t.write('licence.txt', 'CC0')
    for name, extension, opset, first_keys in FORMATS:
        t.write('spec.json', {**FIRST, 'LicenseFile': 'licence.txt'})
        t.run('convert', 'spec.json', 'out', name, '--format', name, '--model-id', ID,
              *SIGNATURE)
        path = t.path(f'out/{name}{extension}')
        found = members(path)
        network = found.get('model.model') or found.get(f'{ID}.model')
        t.expect(network and network[:2] == b'\x08\x07' or network[:2] == b'\x08\x08',
                 f'{name}: the network is no ONNX: {network and network[:4]}')
        inspected = json.loads(t.run('inspect', f'out/{name}{extension}', '--json').stdout)
        t.expect(inspected['network']['opset'] == opset, f'{name}: {inspected["network"]["opset"]}')
        # Before 2.1.0 the file has no version: it is the oldest one that can contain its keys.
        told = 'czann-1.0.0' if first_keys == [] else name
        t.expect(inspected['model_version'] == told, f'{name}: {inspected["model_version"]}')
        t.expect(inspected['network']['input']['shape'][1:] == [16, 16, 1], str(inspected['network']['input']))
        if first_keys is None:
            t.expect(list(found) == [f'{ID}.xml', f'{ID}.model', 'licence.txt', f'modelid={ID}'], str(list(found)))
            t.expect(b'<Model Version="3.1.0">' in found[f'{ID}.xml'], f'{name}: {found[ID + ".xml"]}')
            continue
        t.expect(list(found) == ['model.json', 'model.model', 'licence.txt'], str(list(found)))
        metadata = json.loads(found['model.json'])
        t.expect(list(metadata) == first_keys + KEYS, f'{name}: {list(metadata)}')
        t.expect(metadata['Id'] == ID and metadata['MinOverlap'] == [16, 16] and
                 metadata['InputShape'] == [16, 16, 1] and metadata['OutputShape'] == [16, 16, 2] and
                 metadata['Classes'] == FIRST['Classes'] and metadata['Type'] == MODEL['Type'],
                 f'{name}: {metadata}')
        t.expect('\n' not in found['model.json'].decode('ascii'), f'{name}: more than a line')


def test_network(t):
    """Channels first inside, with one transposition at the end (the picture has one channel, which
    needs none); the same input, the same bytes."""
    example = os.path.join(HERE, '..', '..', 'example', 'nuclei', 'model_spec.json')
    contents = []
    for name in ('a', 'b'):
        t.run('convert', example, 'out', name, '--format', '3.1.0', '--model-id', ID)
        with open(t.path(f'out/{name}.czmodel'), 'rb') as file:
            contents.append(file.read())
    t.expect(contents[0] == contents[1], 'two conversions give other bytes')
    ops = json.loads(t.run('inspect', 'out/a.czmodel', '--json').stdout)['network']['ops']
    t.expect(ops['Transpose'] == 1 and 'BatchNormalization' not in ops, str(ops))


def test_choice(t):
    t.write('spec.json', FIRST)
    for zen, extension, version in (('3.2', 'czmodel', '3.0.0'), ('ZEN 3.4', 'czmodel', '3.1.0'),
                                    ('blue 3.5', 'czann', 'czann-1.0.0'), ('core 3.3', 'czmodel', '3.1.0'),
                                    ('3.13', 'czann', 'czann-2.1.0')):
        t.run('convert', 'spec.json', 'zen', 'net', '--zen', zen, *SIGNATURE)
        inspected = json.loads(t.run('inspect', f'zen/net.{extension}', '--json').stdout)
        t.expect(inspected['model_version'] == version, f'{zen}: {inspected["model_version"]}')
        shutil.rmtree(t.path('zen'))
    t.run('convert', 'spec.json', 'zen', 'net', '--format', '3.1.0', '--extension', 'czseg', *SIGNATURE)
    t.expect(os.path.exists(t.path('zen/net.czseg')), '--extension czseg')
    for arguments in (('--format', '4.0.0'), ('--zen', '3.1'), ('--zen', 'x'), ('--format', '3.1.0', '--zen', '3.4'),
                      ('--format', '3.0.0', '--extension', 'czann'), ('--format', '3.1.0', '--as-is')):
        t.run('convert', 'spec.json', 'zen', *arguments, *SIGNATURE, status=2)


def test_range(t):
    """The legacy formats feed raw values, .czann 0 to 1: the factor is inserted, once."""
    later = {**LATER, 'ModelPath': 'net', 'PixelType': 'Gray16', 'ColorHandling': 'SplitRgb'}
    gray8, real = {'PixelType': 'Gray8'}, {'PixelType': 'Gray32Float'}
    for spec, changes, format_name, options, severity, words in (
            (FIRST, {}, 'czann-1.1.0', (), 'note', 'the factor 65535 is inserted'),
            (FIRST, gray8, 'czann-2.1.0', (), 'note', 'the factor 255 is inserted'),
            (FIRST, {}, 'czann-1.1.0', ('--preprocessing', 'shift=3'), 'note', '65535 is inserted'),
            (FIRST, {}, 'czann-1.1.0', ('--preprocessing', 'scale=65536'), 'note', 'no second factor'),
            (FIRST, {}, 'czann-1.1.0', ('--preprocessing', 'scale=255'), 'note', '65535 is inserted'),
            (FIRST, real, 'czann-1.1.0', (), 'warning', 'no factor follows'),
            (FIRST, real, 'czann-1.1.0', ('--preprocessing', 'scale=7'), None, ''),
            (FIRST, {}, '3.0.0', (), None, ''),
            (FIRST, {}, '3.0.0', ('--value-range', 'unit'), 'note', 'the factor 1.52590219e-05 is inserted'),
            (FIRST, {'ValueRange': 'unit'}, 'czann-1.1.0', (), None, ''),
            (FIRST, {'ValueRange': 'unit'}, '3.1.0', (), 'note', 'the factor 1.52590219e-05 is inserted'),
            (FIRST, {}, 'czann-1.1.0', ('--value-range', 'unit'), None, ''),
            (later, {}, '3.0.0', (), 'note', 'the factor 1.52590219e-05 is inserted'),
            (later, gray8, '3.1.0', ('--preprocessing', 'scale=0.00390625'), 'note', 'no second factor'),
            (later, {}, 'czann-1.1.0', (), None, ''),
            (later, {'ValueRange': 'raw'}, 'czann-1.1.0', (), 'note', 'the factor 65535 is inserted'),
            (later, {}, 'czann-1.1.0', ('--value-range', 'raw'), 'note', 'the factor 65535 is inserted')):
        t.write('spec.json', {**spec, **changes})
        done = t.run('convert', 'spec.json', 'out', '--format', format_name, *SIGNATURE, *options)
        found = re.findall(r'^(\w+): .*PixelType: (.*) \[pixel-range\]$', done.stderr, re.M)
        t.expect([s for s, _ in found] == [severity] * bool(severity) and
                 all(words in text for _, text in found), f'{spec} {changes} {options}: {found}')
    t.run('convert', 'spec.json', 'out', '--value-range', '8-bit', *SIGNATURE, status=2)
    t.write('spec.json', {**FIRST, 'ValueRange': 'Unit'})
    t.expect_rule('spec-value', 'error', 'ValueRange', 'spec.json')


def test_integers(t):
    """A network for integers cannot mean values from 0 to 1, whatever the metadata say."""
    first, *others = onnx_text.convolution()
    t.write('net.onnx', onnx_text.segmentation(
        inputs=[onnx_text.end('input', ['n', 16, 16, 1], onnx_text.UINT8)],
        nodes=[onnx_text.node('Cast', ['input'], ['real'], attributes=[onnx_text.integer('to', onnx_text.FLOAT)]),
               first.replace(onnx_text.message(1, 'input'), onnx_text.message(1, 'real')), *others, onnx_text.softmax()]))
    for spec, options, factor in (({**LATER}, (), 'the factor 255 is inserted before the cast'),
                                  ({**FIRST, 'PixelType': 'Gray8', 'ModelPath': 'net.onnx'}, ('--format', 'czann-1.1.0'),
                                   'the factor 255 is inserted before the network')):
        t.write('spec.json', spec)
        done = t.run('convert', 'spec.json', 'out', 'integers', *options)
        t.expect(done.stderr.count('[pixel-range]') == 1 and factor in done.stderr, done.stderr)
        network = members(t.path('out/integers.czann'))['model.model']
        t.expect(network.count(b'Mul') and network.count(b'Round') and network.count(b'Cast'), 'operations')
    t.write('spec.json', {**FIRST, 'PixelType': 'Gray8', 'ModelPath': 'net.onnx'})
    done = t.run('convert', 'spec.json', 'out', 'integers')
    t.expect('[pixel-range]' not in done.stderr and 'a cast from float32 is inserted' in done.stderr, done.stderr)


# ---- the later form of the specification

def test_later_form(t):
    t.write('net.onnx', onnx_text.segmentation())
    t.write('later.json', {**LATER, 'ModelMetadata': {**MODEL, 'Scaling': [1e-7, 2e-7]}})
    t.run('convert', 'later.json', 'out', 'later')
    metadata = json.loads(members(t.path('out/later.czann'))['model.json'])
    t.expect(metadata['Scaling'] == [1e-7, 2e-7] and metadata['ModelName'] == 'Net', str(metadata))
    for changes, rule, severity, words in (
            ({'Type': None}, 'spec-key', 'error', '"Type" is missing'),
            ({'Type': 'Segmentation'}, 'spec-value', 'error', 'not a valid value of Type'),
            ({'InputShape': [16, 16]}, 'metadata-shape', 'error', '[16,16]'),
            ({'OutputShape': [16, 16, 3]}, 'metadata-shape', 'error', '[16,16,3]'),
            ({'InputShape': 'large'}, 'spec-value', 'error', 'InputShape'),
            ({'Classes': ['a', 'b', 'c']}, 'class-count', 'error', '3 classes'),
            ({'Classes': None}, 'spec-key', 'error', 'Classes is missing'),
            ({'MinOverlap': [15, 15]}, 'czann-value', 'warning', '15 is odd'),
            ({'Scaling': [1.0, 1.0]}, 'czann-value', 'warning', '1 metres'),
            ({'Scaling': [1.0]}, 'spec-value', 'error', 'Scaling'),
            ({'scaling': [1e-7, 1e-7]}, 'spec-key', 'error', 'wrong case'),
            ({'Typ': 'x'}, 'spec-unknown-key', 'warning', '"Typ"')):
        changed = {k: v for k, v in {**MODEL, **changes}.items() if v is not None}
        t.write('later.json', {**LATER, 'ModelMetadata': changed})
        t.expect_rule(rule, severity, words, 'later.json')
    t.write('later.json', LATER)
    t.expect_rule('spec-key', 'error', 'PixelType is missing', 'later.json', '--format', '3.1.0')
    t.write('later.json', {'ModelMetadata': 7, 'ModelPath': 'net.onnx'})
    t.expect_rule('spec-value', 'error', 'ModelMetadata', 'later.json')
    t.write('later.json', {**LATER, 'PixelType': 'Gray8', 'ColorHandling': 'SplitRgb'})
    t.run('convert', 'later.json', 'out', 'legacy', '--format', '3.1.0')
    t.write('later.json', {**LATER, 'ModelMetadata': {**MODEL, 'Type': 'Regression', 'Classes': None}})
    t.expect(not [r for r, f in t.rules('later.json').items() if f[0][0] == 'error'],
             f'regression: {t.rules("later.json")}')


# ---- ONNX files

def passed_rules(t, target):
    rules = json.loads(t.run('check', target, '--json').stdout)['rules']
    return {rule['rule'] for rule in rules if rule['outcome'] == 'passed'}


def test_onnx(t):
    t.write('net.onnx', onnx_text.segmentation())
    t.write('spec.json', {**FIRST, 'ModelPath': 'net.onnx'})
    t.run('convert', 'spec.json', 'out', 'packed', '--model-id', ID, '--as-is')
    with open(t.path('net.onnx'), 'rb') as file:
        t.expect(members(t.path('out/packed.czmodel'))[f'{ID}.model'] == file.read(), 'it was changed')
    passed = passed_rules(t, 'net.onnx')
    t.expect({'probabilities', 'tile-memory', 'onnx-import'} <= passed, f'net.onnx: {passed}')
    t.expect(not {'op-unsupported', 'weights-damaged', 'signature'} & passed,
             f'net.onnx: rules of a SavedModel have passed: {passed}')
    t.expect('border' in passed_rules(t, 'spec.json'), 'spec.json: the border is not checked')
    inspected = json.loads(t.run('inspect', 'net.onnx', '--json').stdout)
    t.expect(inspected['kind'] == 'ONNX' and inspected['network']['ops'] == {'Transpose': 2, 'Conv': 1, 'Softmax': 1}
             and inspected['network']['parameters'] == 2
             and inspected['network']['exporter'] == 'test 1.0', str(inspected))
    t.run('new', 'net.onnx', 'new.json')
    t.write('open.onnx', onnx_text.segmentation('h', 'w', nodes=onnx_text.convolution('output')))
    t.run('new', 'open.onnx', 'open.json')
    with open(t.path('open.json'), encoding='utf-8') as file:
        spec = json.load(file)
    t.expect(spec['SpatialDims'] == [512, 512] and spec['Postprocessing'] == ['softmax'], str(spec))
    words = onnx_text.node('Cast', ['words'], ['input'], attributes=[onnx_text.integer('to', onnx_text.FLOAT)])
    t.write('words.onnx', onnx_text.segmentation(nodes=[words, *onnx_text.convolution(), onnx_text.softmax()],
                                                 inputs=[onnx_text.end('words', ['n', 16, 16, 1], onnx_text.UINT16)]))
    t.write('two.onnx', onnx_text.segmentation(channels=2))
    t.run('new', 'two.onnx', 'two.json')
    with open(t.path('two.json'), encoding='utf-8') as file:
        t.expect('ModelMetadata' in json.load(file), 'no pixel type has two channels')
    t.run('new', 'words.onnx', 'words.json')
    with open(t.path('words.json'), encoding='utf-8') as file:
        t.expect(json.load(file)['PixelType'] == 'Gray16', 'the input is uint16')
    t.run('convert', 'spec.json', 'out', 'saved', '--format', '3.0.0', '--spatial-dims', '8,24')
    t.run('convert', 'spec.json', 'out', '--format', '3.0.0', '--as-is', status=1)
    t.run('convert', 'spec.json', 'out', '--as-is', '--preprocessing', 'scale=2', status=2)
    t.run('convert', 'spec.json', 'out', '--layout', 'hwc', status=2)
    t.write('net.onnx', onnx_text.segmentation(opset=18))
    t.run('convert', 'spec.json', 'out', '--as-is', status=1)
    t.run('convert', 'spec.json', 'out', 'new', '--format', 'czann-2.1.0', '--as-is')
    t.run('convert', 'spec.json', 'out', 'older', '--format', '3.1.0')
    older = json.loads(t.run('inspect', 'out/older.czmodel', '--json').stdout)
    t.expect(older['network']['opset'] == 12, f'operator set {older["network"]["opset"]}')
    for ir, format_name, is_read in ((7, 'czann-1.0.0', True), (8, 'czann-1.0.0', False), (14, '3.1.0', False),
                                     (8, 'czann-2.1.0', True), (9, 'czann-2.1.0', False)):
        t.write('net.onnx', onnx_text.segmentation(ir=ir))
        t.run('convert', 'spec.json', f'ir{ir}', 'new', '--format', format_name, '--as-is',
              status=0 if is_read else 1)
    t.write('net.onnx', onnx_text.segmentation(nodes=[
        *onnx_text.convolution(), onnx_text.node('NonZero', ['logits'], ['output'], '/head/NonZero')]))
    t.expect_rule('onnx-import', 'error', 'the operation NonZero is not supported', 'spec.json')
    found = t.rules('net.onnx') # which is only looked at
    t.expect(found['network-unchecked'][0][0] == 'note' and 'head/NonZero' in found['network-unchecked'][0][-1],
             f'{found}')
    unchecked = passed_rules(t, 'net.onnx')
    t.expect(not {'probabilities', 'tile-memory', 'border', 'onnx-import'} & unchecked, f'{unchecked}')
    t.write('net.onnx', onnx_text.model(onnx_text.graph(
        [onnx_text.node('Conv', ['input', 'kernel'], ['c'], 'conv'),
         onnx_text.node('Resize', ['c', '', 'scales'], ['output'], 'up', attributes=[CUBIC])],
        [onnx_text.end('input', ['n', 1, 'h', 'w'])], [onnx_text.end('output', ['n', 2, 'y', 'x'])],
        [onnx_text.weight('kernel', [1, 2], (2, 1, 1, 1)), onnx_text.weight('scales', [1, 1, 2, 2], (4,))])))
    allowed = ('--format', '3.0.0', '--allow', 'probabilities,output-size')
    t.run('convert', 'spec.json', 'out', 'cubic', *allowed, status=1) # of every size
    t.run('convert', 'spec.json', 'out', 'cubic', *allowed, '--spatial-dims', '16,24')
    for network, rule, words in (
            (onnx_text.segmentation(classes=3), 'class-count', '2 classes'),
            (onnx_text.segmentation(channels=3), 'pixel-type-channels', 'Gray16'),
            (onnx_text.segmentation('h', 'w'), 'input-size-undefined', '[?,?,?,1]'),
            (onnx_text.segmentation(inputs=[onnx_text.end('input', [16, 16, 1])]), 'onnx-import', '4 of 3 axes'),
            (onnx_text.segmentation(nodes=[*onnx_text.convolution(), onnx_text.node('ArgMax', ['logits'], ['output'])]),
             'output-type', 'int64'),
            (onnx_text.segmentation(inputs=[onnx_text.end('input', ['n', 16, 16, 1]),
                                            onnx_text.end('more', ['n', 1])]), 'one-input', '2 inputs')):
        t.write('net.onnx', network)
        t.expect_rule(rule, 'error', words, 'spec.json')


def test_damage(t):
    """No ONNX file that is cut off or has a hole passes, and none ends the program."""
    whole = onnx_text.segmentation()
    t.write('spec.json', {**FIRST, 'ModelPath': 'net.onnx'})
    cut = whole.index(b'kernel')
    for size in (3, 10, cut, len(whole) - 8, len(whole) - 1):
        t.write('net.onnx', whole[:size])
        t.expect_rule('onnx-damaged', 'error', '', 'spec.json')
    kernel = onnx_text.weight
    conv, softmax = onnx_text.convolution(), onnx_text.softmax()
    for changes, words in (
            ({'kernel': kernel('kernel', [1.0], (2, 1, 1, 1))}, 'does not match its shape'),
            ({'kernel': kernel('other', [1.0], (1,))}, 'reads "kernel"'),
            ({'nodes': [onnx_text.node('Add', ['input', 'output'], ['output'], 'cycle')]}, 'reads "output"'),
            ({'nodes': conv}, 'no operation computes the output "output"'),
            ({'opset': 0}, 'does not name an operator set')):
        t.write('net.onnx', onnx_text.segmentation(**changes))
        t.expect_rule('onnx-damaged', 'error', words, 'spec.json')
    t.write('net.onnx', onnx_text.segmentation(kernel=kernel('kernel', [], (2, 1, 1, 1), outside=True)))
    t.expect_rule('file-missing', 'error', 'the weight "kernel"', 'spec.json')
    t.write('weights.bin', '12345678')
    t.expect(not t.rules('spec.json').keys() & {'file-missing', 'onnx-damaged'}, 'weights in another file')
    t.write('weights.bin', '1234567')
    t.expect_rule('onnx-damaged', 'error', '"kernel"', 'spec.json')
    t.write('net.onnx', onnx_text.segmentation(kernel=kernel('kernel', [1.0, 2.0], (2, 1, 1, 1), packed=True)))
    t.expect('onnx-damaged' not in t.rules('spec.json'), 'packed dims')
    t.write('weights.bin', '12345678')
    value = onnx_text.message(1, 'value') + onnx_text.message(5, kernel('k', [], (2, 1, 1, 1), outside=True))
    constant = onnx_text.node('Constant', [], ['kernel'], 'inner', attributes=[value + onnx_text.number(20, 4)])
    t.write('net.onnx', onnx_text.segmentation(kernel=kernel('other', [1.0], (1,)),
                                               nodes=[constant, *conv, softmax]))
    t.expect('onnx-damaged' not in t.rules('spec.json'), 'a constant in another file')
    done = t.run('convert', 'spec.json', 'out', 'new', '--as-is', status=1)
    t.expect('weights inside "inner" are stored in another file' in done.stderr, 'a constant that would be lost')


# ---- files of others

def loop():
    """A Loop, as networks that ZEN trains hold them."""
    body = onnx_text.graph([onnx_text.node('Identity', ['go'], ['on'])],
                           [onnx_text.end('i', [], onnx_text.INT64), onnx_text.end('go', [], onnx_text.BOOL)],
                           [onnx_text.end('on', [], onnx_text.BOOL)])
    attribute = onnx_text.message(1, 'body') + onnx_text.message(6, body) + onnx_text.number(20, 5)
    return onnx_text.model(onnx_text.graph(
        [onnx_text.node('Loop', ['', ''], [], 'loop', attributes=[attribute]),
         onnx_text.node('Identity', ['input'], ['model'])],
        [onnx_text.end('input', ['n', 'unk__375', 'unk__376', 1])],
        [onnx_text.end('model', ['n', 'unk__375', 'unk__376', 1])]), opset=11, ir=6)


def test_others(t):
    xml = b'\xef\xbb\xbf' + (ZEN_XML % ID).replace('\n', '\r\n').encode()
    t.write('zen.czseg', container([(f'modelid={ID}', b''), (f'{ID}.xml', xml),
                                    (f'{ID}.model', onnx_text.segmentation())]))
    t.write('denoise.czann', czann(loop(), Type='Regression', Classes=None, InputShape=[1024, 1024, 1],
                                   OutputShape=[1024, 1024, 1], ModelDescription='Denoise'))
    t.write('plain.czann', czann(onnx_text.segmentation()))
    for name, version in (('zen.czseg', '3.2.0'), ('denoise.czann', 'czann-1.0.0'),
                          ('plain.czann', 'czann-1.0.0')):
        found = t.rules(name)
        t.expect(not [r for r, f in found.items() if f[0][0] == 'error'], f'{name}: {found}')
        inspected = json.loads(t.run('inspect', name, '--json').stdout)
        t.expect(inspected['model_version'] == version, f'{name}: {inspected["model_version"]}')
        t.run('unpack', name, 'u-' + name)
        t.run('convert', f'u-{name}/model_spec.json', 'out', 'again-' + name.split('.', maxsplit=1)[0],
              *([] if 'zen' in name else ['--as-is']))
        again = next(f for f in os.listdir(t.path('out')) if f.startswith('again-' + name.split('.', maxsplit=1)[0]))
        done = t.run('diff', name, 'out/' + again, status=1 if 'zen' in name else 0)
        # The XML's Postprocessing is "None", and its network expects values from 0 to 1.
        t.expect(re.findall(r'^(\w+) ', done.stdout, re.M) == (
            ['metadata', 'graph', '2'] if 'zen' in name else ['no']), f'{name}: {done.stdout}')
        with open(t.path(f'u-{name}/model_spec.json'), encoding='utf-8') as file:
            t.expect(json.load(file).get('ValueRange') == ('unit' if 'zen' in name else None), name)
    done = t.run('convert', 'zen.czseg', 'out', 'moved', '--format', '3.1.0')
    t.expect('the factor 0.00392156863 is inserted' in done.stderr, done.stderr)
    done = t.run('convert', 'zen.czseg', 'out', 'moved', '--format', 'czann-2.0.0')
    t.expect('pixel-range' not in done.stderr, done.stderr)
    metadata = json.loads(members(t.path('out/moved.czann'))['model.json'])
    t.expect(metadata['Id'] == ID and metadata['ModelName'] == 'Nuclei' and metadata['MinOverlap'] == [8, 8],
             str(metadata))
    t.run('convert', 'plain.czann', 'out', '--format', '3.1.0', status=1)
    for parts, rule in (([('model.json', '{}'), ('model.model', onnx_text.segmentation())], 'spec-key'),
                        ([('model.json', '{'), ('model.model', onnx_text.segmentation())], 'spec-syntax'),
                        ([('model.json', json.dumps({'Id': ID, **MODEL}))], 'container-member'),
                        ([('model.json', json.dumps({'FormatVersion': '9.0.0', 'Id': ID, **MODEL})),
                          ('model.model', b'')], 'model-version'),
                        ([('model.json', json.dumps({'Id': ID, **MODEL})), ('model.model', b'x' * 9)],
                         'onnx-damaged')):
        t.write('broken.czann', container([*parts, ('more.txt', b'')]))
        t.expect_rule(rule, 'error', '', 'broken.czann')


def volume(channels=1, classes=2):
    return onnx_text.segmentation(
        nodes=[onnx_text.node('Concat', ['input'] * (classes // channels), ['logits'],
                              attributes=[onnx_text.integer('axis', 4)]),
               onnx_text.node('Softmax', ['logits'], ['output'], attributes=[onnx_text.integer('axis', 4)])],
        inputs=[onnx_text.end('input', ['n', 4, 16, 16, channels])],
        outputs=[onnx_text.end('output', ['n', 4, 16, 16, classes])])


def model_json(path):
    return json.loads(members(path)['model.json'])


def test_first_format(t):
    """A .czann has no values for a .czmodel, and contains no SavedModel that a loader could reject."""
    t.write('net.czann', czann(onnx_text.segmentation()))
    done = t.run('convert', 'net.czann', 'out', 'first', '--format', '3.0.0', status=1)
    t.expect('PixelType is missing' in done.stderr and 'SavedModel describes' not in done.stderr, done.stderr)


def test_volumes(t):
    """Networks of [z, height, width, channels] are valid in a .czann and nowhere else."""
    shapes = {'InputShape': [4, 16, 16, 1], 'OutputShape': [4, 16, 16, 2]}
    t.write('volume.czann', czann(volume(), **shapes, MinOverlap=[2, 4, 6], Scaling=[1e-7, 1e-7, 3e-7]))
    found = t.rules('volume.czann')
    t.expect(not set(found) - {'network-unchecked'}, f'volume.czann: {found}')
    t.run('inspect', 'volume.czann')
    t.run('unpack', 'volume.czann', 'u-volume')
    t.run('convert', 'u-volume/model_spec.json', 'out', 'volume', '--format', 'czann-2.1.0', '--as-is')
    written = model_json(t.path('out/volume.czann'))
    t.expect({k: written[k] for k in (*shapes, 'MinOverlap', 'Scaling')} == {
        **shapes, 'MinOverlap': [2, 4, 6], 'Scaling': [1e-7, 1e-7, 3e-7]}, str(written))
    done = t.run('diff', 'volume.czann', 'out/volume.czann')
    t.expect(done.stdout.startswith('no difference'), done.stdout)
    done = t.run('convert', 'u-volume/model_spec.json', 'out', 'raw', '--border', '3')
    t.expect(model_json(t.path('out/raw.czann'))['MinOverlap'] == [2, 6, 6], 'a border keeps z')
    t.write('net.onnx', volume())
    t.run('new', 'net.onnx', 'drafted.json')
    t.run('convert', 'drafted.json', 'out', 'drafted')
    t.expect(model_json(t.path('out/drafted.czann'))['MinOverlap'] == [0, 0, 0], 'new of a volume')
    t.write('spec.json', {**FIRST, 'ModelPath': 'net.onnx'})
    t.expect_rule('input-rank', 'error', '[?,4,16,16,1]', 'spec.json')
    t.run('convert', 'spec.json', 'out', 'first', '--format', 'czann-1.0.0')
    t.expect(model_json(t.path('out/first.czann'))['OutputShape'] == [4, 16, 16, 2], 'first form')
    t.expect(not [r for r, f in t.rules('net.onnx').items() if f[0][0] != 'note'], 'net.onnx')
    t.expect_rule('input-rank', 'error', '[?,4,16,16,1]', 'net.onnx', '--format', '3.1.0')
    t.write('spec.json', {'ModelMetadata': {**MODEL, **shapes}, 'ModelPath': 'net.onnx'})
    t.expect_rule('czann-value', 'warning', 'InputShape has 3 axes', 'spec.json')
    t.write('net.onnx', onnx_text.model(onnx_text.graph(
        [onnx_text.node('Conv', ['input', 'kernel'], ['output'], 'conv')], [onnx_text.end('input', ['n', 1, 4, 16, 16])],
        [onnx_text.end('output', ['n', 2, 4, 16, 16])], [onnx_text.weight('kernel', [1, 2], (2, 1, 1, 1, 1))])))
    t.run('convert', 'spec.json', 'out', 'first', '--format', 'czann-1.1.0', '--allow', 'probabilities')
    ends = json.loads(t.run('inspect', 'out/first.czann', '--json').stdout)['network']
    t.expect([ends[end]['shape'] for end in ('input', 'output')] == [[None, 4, 16, 16, n] for n in (1, 2)], str(ends))
    done = subprocess.run([t.program, 'verify', 'volume.czann'], cwd=t.folder, capture_output=True, text=True,
                          timeout=60, check=False)
    t.expect(done.returncode and ('three-dimensional' in done.stderr or 'without' in done.stderr), done.stderr)


def test_sizes(t):
    """No -1 is written into InputShape: open sizes must be stated."""
    t.write('net.onnx', onnx_text.segmentation('h', 'w'))
    open_later = {**MODEL, 'InputShape': [None, None, 1], 'OutputShape': [None, None, 2]}
    t.write('spec.json', {'ModelMetadata': open_later, 'ModelPath': 'net.onnx'})
    done = t.run('convert', 'spec.json', 'out', '--allow', 'input-size-undefined', status=1)
    t.expect('[metadata-shape]' in done.stderr and 'leaves the height or the width open' in done.stderr, done.stderr)
    t.write('spec.json', {'ModelMetadata': {**open_later, 'InputShape': [32, 48, 1]}, 'ModelPath': 'net.onnx'})
    t.run('convert', 'spec.json', 'out', 'sized')
    written = model_json(t.path('out/sized.czann'))
    t.expect((written['InputShape'], written['OutputShape']) == ([32, 48, 1], [32, 48, 2]), str(written))


def test_kept(t):
    """A converted container keeps the metadata that the format can contain, and the others are reported."""
    t.write('a.czann', czann(onnx_text.segmentation(), MinOverlap=[4, 6], ModelDescription='For nuclei'))
    t.run('convert', 'a.czann', 'out', 'kept', '--format', 'czann-2.1.0')
    written = model_json(t.path('out/kept.czann'))
    t.expect(written['MinOverlap'] == [4, 6] and written['ModelDescription'] == 'For nuclei', str(written))
    t.run('convert', 'a.czann', 'out', 'kept', '--border', '5')
    t.expect(model_json(t.path('out/kept.czann'))['MinOverlap'] == [10, 10], '--border 5')
    xml = b'\xef\xbb\xbf' + (ZEN_XML % ID).replace('colR="255"', 'colR="17"').replace(
        '>None<', '>CRF<').replace('\n', '\r\n').encode()
    t.write('zen.czseg', container([(f'modelid={ID}', b''), (f'{ID}.xml', xml),
                                    (f'{ID}.model', onnx_text.segmentation())]))
    done = t.run('convert', 'zen.czseg', 'out', 'kept', '--format', 'czann-1.1.0')
    t.expect('cannot contain Postprocessing "CRF", the colours of the classes, ColorHandling "SplitRgb", '
             'PixelType "Gray8", TotalTileHeight, TotalTileWidth [metadata-loss]' in done.stderr, done.stderr)
    t.expect(model_json(t.path('out/kept.czann'))['ModelDescription'] == 'https://example.com/', 'Description')
    done = t.run('convert', 'zen.czseg', 'out', 'kept', '--format', '3.1.0')
    t.expect('all pixel types but the first of "Gray8 Gray16 Gray32Float", the description' in done.stderr, done.stderr)
    kept = next(v for k, v in members(t.path('out/kept.czmodel')).items() if k.endswith('.xml')).decode()
    t.expect('<Postprocessing>CRF</Postprocessing>' in kept and 'colR="17"' in kept, kept)
    t.run('unpack', 'zen.czseg', 'u-colours')
    with open(t.path('u-colours/model_spec.json'), encoding='utf-8') as file:
        t.expect(json.load(file)['ClassColors'] == ['#110000', '#00ff00'], 'colours of a file')


def test_channels(t):
    """Several channels, each with its pixel type (czmodel 1.2.0)."""
    types = ['Gray16', 'Gray16']
    t.write('net.onnx', onnx_text.segmentation(channels=2))
    t.write('spec.json', {**FIRST, 'PixelType': types, 'ModelPath': 'net.onnx'})
    t.run('convert', 'spec.json', 'out', 'two')
    items = '<Channels><Item PixelType="Gray16" /><Item PixelType="Gray16" /></Channels>'
    xml = next(v for k, v in members(t.path('out/two.czmodel')).items() if k.endswith('.xml')).decode()
    t.expect(items in xml, xml)
    t.run('unpack', 'out/two.czmodel', 'u-two')
    with open(t.path('u-two/model_spec.json'), encoding='utf-8') as file:
        t.expect(json.load(file)['PixelType'] == types, 'PixelType of two channels')
    t.run('convert', 'out/two.czmodel', 'out', 'again', '--format', '3.1.0')
    t.expect(items in next(v for k, v in members(t.path('out/again.czmodel')).items()
                           if k.endswith('.xml')).decode(), 'converted again')
    done = t.run('convert', 'out/two.czmodel', 'out', 'moved', '--format', 'czann-1.0.0')
    t.expect('PixelType "Gray16, Gray16" [metadata-loss]' in done.stderr, done.stderr)
    t.write('spec.json', {**FIRST, 'PixelType': ['Gray16', 'Grey16'], 'ModelPath': 'net.onnx'})
    t.expect_rule('spec-value', 'error', '"Grey16"', 'spec.json')
    t.write('spec.json', {**FIRST, 'PixelType': [*types, 'Gray8'], 'ModelPath': 'net.onnx'})
    t.expect_rule('pixel-type-channels', 'error', 'but the network\'s input has 2', 'spec.json')


def test_colours(t):
    """ClassColors, this program's own key."""
    t.write('net.onnx', onnx_text.segmentation())
    for colours, expected in ((['#0A0b0C', None], ((10, 11, 12), (0, 255, 0))), (None, ((255, 0, 0), (0, 255, 0)))):
        t.write('spec.json', {'ClassColors': colours, **FIRST, 'ModelPath': 'net.onnx'})
        t.run('convert', 'spec.json', 'out', 'coloured')
        found = json.loads(t.run('inspect', 'out/coloured.czmodel', '--json').stdout)['metadata']['classes']
        t.expect(tuple(tuple(c['colour']) for c in found) == expected, str(found))
    t.write('spec.json', {'ClassColors': ['#0A0b0C', None], **FIRST, 'ModelPath': 'net.onnx'})
    done = t.run('convert', 'spec.json', 'out', 'grey', '--format', 'czann-1.0.0')
    t.expect('cannot contain the colours of the classes [metadata-loss]' in done.stderr, done.stderr)
    for wrong in (['#000000'], ['#00000', None], ['red', None], [0, 0], '#000000', ['#00000g', None], ['# 00000', None]):
        t.write('spec.json', {**FIRST, 'ModelPath': 'net.onnx', 'ClassColors': wrong})
        t.expect_rule('spec-value', 'error', 'ClassColors', 'spec.json')


def test_diff(t):
    """A container equals the SavedModel that it was made from; another weight is reported."""
    t.write('spec.json', FIRST)
    t.run('convert', 'spec.json', 'out', 'fixed', '--format', '3.0.0', *SIGNATURE)
    for name, extension, opset, _ in FORMATS:
        t.run('convert', 'out/fixed.czmodel', 'out', 'd' + name, '--format', name)
        done = t.run('diff', 'out/fixed.czmodel', f'out/d{name}{extension}', status=0 if name == '3.1.0' else 1)
        t.expect(('+ Mul (value-range' in done.stdout) == (extension == '.czann') and 'weights' not in done.stdout, f'{name}: {done.stdout}')
    t.write('a.onnx', onnx_text.segmentation())
    kernel = onnx_text.weight('kernel', [0.5, 0.25], (2, 1, 1, 1))
    t.write('b.onnx', onnx_text.segmentation(kernel=kernel))
    done = t.run('diff', 'a.onnx', 'b.onnx', status=1)
    t.expect('weights   kernel' in done.stdout and 'CRC-32' in done.stdout, done.stdout)
    t.write('b.onnx', onnx_text.segmentation(nodes=[
        *onnx_text.convolution(), onnx_text.node('Sigmoid', ['logits'], ['output'], 'last')]))
    done = t.run('diff', 'a.onnx', 'b.onnx', status=1)
    t.expect('operation 4 of 4' in done.stdout and 'Sigmoid (last)' in done.stdout, done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    program = os.path.abspath(parser.parse_args().czmodel)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(NETWORK, os.path.join(folder, 'net'))
        t = Tester(program, folder)
        for test in (test_formats, test_network, test_choice, test_range, test_integers, test_later_form, test_onnx, test_damage,
                     test_others, test_volumes, test_first_format, test_sizes, test_kept, test_channels, test_colours, test_diff):
            test(t)
    for fault in t.faults:
        print(fault)
    print(f'{t.count - len(t.faults)} of {t.count} expectations hold')
    sys.exit(1 if t.faults else 0)


if __name__ == '__main__':
    main()
