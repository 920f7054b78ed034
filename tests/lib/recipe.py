# SPDX-License-Identifier: Apache-2.0
"""Inputs that are derived when a test runs, by the lines of a file `recipe`:

    copy NAME TARGET           the model of a fixture
    graph FILE FOLDER          a SavedModel from text (graph_text.py)
    weights FOLDER KEY COUNT   a checkpoint of one float32 tensor: sparse, with a false checksum
    folder NAME
    write FILE TEXT            the rest of the line, with Python's escapes; \\xNN is a byte
    truncate FILE SIZE
    flip FILE OFFSET           the eight bits of one byte
    remove FILE
    copy-file FILE TARGET
    zip FOLDER FILE            stored, with the folder's name in front
    zip-content FOLDER FILE    deflated, the content of the folder alone
    container FOLDER FILE ...  a CZModel, deflated, of a SavedModel without classes' colours of its
                               own; `...` are KEY=VALUE: version, xml-id, without (a member's end),
                               extra (a member's name), doctype (before the element)
"""
import os
import re
import shlex
import shutil
import warnings
import zipfile

from graph_text import saved_model, shape
from protobuf import message, number, varint

# A note is three lines: the finding, its rule, its fix.
NOTE = re.compile(r'^note: .*\n  rule: .*\n(  fix: .*\n)?', re.MULTILINE)


def without_notes(text):
    """The messages of a command without the notes, which tests of faults ignore."""
    return NOTE.sub('', text)


HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), 'fixtures', 'models')


def copy(name, target):
    shutil.copytree(os.path.join(FIXTURES, name, 'model'), target)


def graph(file, folder):
    os.makedirs(folder)
    with open(file, encoding='utf-8') as text, \
            open(os.path.join(folder, 'saved_model.pb'), 'wb') as out:
        out.write(saved_model(text.read()))


def masked_crc32c(content):
    crc = 0xffffffff
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    crc ^= 0xffffffff
    return ((crc >> 15 | crc << 17) + 0xa282ead8 & 0xffffffff).to_bytes(4, 'little')


def table_block(*entries):
    """A block of leveldb's tables: no shared prefixes, one restart point, not compressed."""
    content = b''.join(varint(0) + varint(len(key)) + varint(len(value)) + key + value
                       for key, value in entries)
    content += bytes(4) + (1).to_bytes(4, 'little')
    return content + bytes(1) + masked_crc32c(content + bytes(1))


def table(*entries):
    def handle(at, block):
        return varint(at) + varint(len(block) - 5)
    data, meta = table_block(*entries), table_block()
    index = table_block((entries[-1][0], handle(0, data)))
    footer = handle(len(data), meta) + handle(len(data) + len(meta), index)
    return data + meta + index + footer.ljust(40, b'\0') + bytes.fromhex('57fb808b247547db')


def weights(folder, rest):
    key, count = rest.split()
    path = os.path.join(folder, 'variables')
    os.makedirs(path)
    with open(os.path.join(path, 'variables.data-00000-of-00001'), 'wb') as out:
        out.truncate(4 * int(count))
    value = number(1, 1) + message(2, shape(count)) + number(5, 4 * int(count))
    with open(os.path.join(path, 'variables.index'), 'wb') as out:
        out.write(table((b'', number(1, 1)), (key.encode(), value)))


def write(file, text):
    with open(file, 'wb') as out:
        out.write(text.encode('latin-1').decode('unicode_escape').encode('latin-1'))


def truncate(file, size):
    os.truncate(file, int(size))


def flip(file, offset):
    with open(file, 'r+b') as f:
        f.seek(int(offset))
        byte = f.read(1)[0]
        f.seek(int(offset))
        f.write(bytes([byte ^ 0xff]))


def files_below(folder):
    for root, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            yield os.path.join(root, file)


def pack(folder, file):
    with zipfile.ZipFile(file, 'w') as archive:
        for path in files_below(folder):
            archive.write(path)


def pack_content(folder, file):
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
        for path in files_below(folder):
            archive.write(path, os.path.relpath(path, folder))


ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'
XML = """<?xml version='1.0' encoding='utf-8'?>
%(doctype)s<Model Version="%(version)s"><Id>%(xml-id)s</Id><ModelName>model</ModelName>\
<Status>Trained</Status><FeatureExtractor>DeepNeuralNetwork</FeatureExtractor><Postprocessing />\
<ColorHandling>SplitRgb</ColorHandling><Channels><Item PixelType="Bgr24" /></Channels>\
<TrainingClasses><Item colB="0" colG="0" colR="255" LabelValue="1" Name="Background" />\
<Item colB="0" colG="255" colR="0" LabelValue="2" Name="Cell" />\
<Item colB="255" colG="0" colR="0" LabelValue="3" Name="Edge" /></TrainingClasses>\
<BorderSize>7</BorderSize></Model>"""


def container(folder, rest):
    file, *words = shlex.split(rest)
    given = {'version': '3.0.0', 'xml-id': ID, 'doctype': ''}
    given.update(word.split('=', 1) for word in words)
    pack_content(folder, file + '.network')
    with open(file + '.network', 'rb') as network:
        members = [(ID + '.xml', XML % given), (ID + '.model', network.read()),
                   ('modelid=' + ID, b'')]
    os.remove(file + '.network')
    warnings.simplefilter('ignore')  # a name twice is what some tests are about
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in members + [(name, b'') for name in [given.get('extra')] if name]:
            if 'without' not in given or not name.endswith(given['without']):
                archive.writestr(zipfile.ZipInfo(name), content)


VERBS = {'container': container,
         'copy': copy, 'copy-file': shutil.copyfile, 'graph': graph, 'weights': weights,
         'folder': os.makedirs, 'write': write, 'truncate': truncate, 'flip': flip,
         'remove': os.remove, 'zip': pack, 'zip-content': pack_content}


def follow(file):
    """Runs the recipe in the working directory, if there is one."""
    if not os.path.exists(file):
        return
    with open(file, encoding='utf-8') as lines:
        for line in lines:
            words = line.rstrip('\n').split(' ', 2)
            if words[0] and not words[0].startswith('#'):
                VERBS[words[0]](*words[1:])
