# SPDX-License-Identifier: Apache-2.0
"""Containers: their XML and JSON; specifications; and ZIP archives that lie."""
import io
import json
import struct
import zipfile
import zlib

from . import saved_models
from .archives import small
from .parts import HEAD, SPEC, TAIL, kind as any_kind, put, saved_model
from make_sources import table
from protobuf import number

ID = '6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11'


def kind(*sizes, commands=('inspect', 'check', 'convert', 'unpack', 'diff')):
    return any_kind(*sizes, commands=commands)


def zipped(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


NETWORK = zipped([('saved_model.pb', small())])


# ---- XML

def container(folder, xml, method=zipfile.ZIP_STORED, network=NETWORK, more=()):
    return put(folder, 'model.czmodel', zipped([(f'{ID}.xml', xml), (f'{ID}.model', network), *more, (f'modelid={ID}', '')],
                                               method))


CLASSES = '<Item LabelValue="1" Name="a" colR="0" colG="0" colB="0"/><Item LabelValue="2" Name="b" colR="1" colG="0" colB="0"/>'


def metadata(more='', channels='<Item PixelType="Gray8" />', classes=CLASSES, name='n', attributes=''):
    return (f"<?xml version='1.0' encoding='utf-8'?>\n<Model Version=\"3.0.0\"{attributes}><Id>{ID}</Id><ModelName>{name}"
            '</ModelName><Status>Trained</Status><FeatureExtractor>DeepNeuralNetwork</FeatureExtractor><Postprocessing />'
            f'<ColorHandling>SplitRgb</ColorHandling><Channels>{channels}</Channels><TrainingClasses>{classes}'
            f'</TrainingClasses><BorderSize>1</BorderSize>{more}</Model>')


@kind(10 ** 3, 10 ** 4, 14 * 10 ** 4)
def xml_nest(folder, n):
    return container(folder, metadata('<a>' * n + '</a>' * n), zipfile.ZIP_DEFLATED)


@kind(10 ** 3, 10 ** 4, 9 * 10 ** 4)
def xml_attributes(folder, n):
    return container(folder, metadata(attributes=''.join(f' a{i}=""' for i in range(n))), zipfile.ZIP_DEFLATED)


@kind(10 ** 3, 10 ** 4, 6 * 10 ** 4)
def xml_elements(folder, n):
    """Elements that nobody knows, of which a conversion says that they are lost."""
    return container(folder, metadata(''.join(f'<e{i}>x</e{i}>' for i in range(n))), zipfile.ZIP_DEFLATED)


@kind(10 ** 3, 10 ** 4, 3 * 10 ** 4)
def xml_channels(folder, n):
    return container(folder, metadata(channels='<Item PixelType="Gray8" />' * n), zipfile.ZIP_DEFLATED)


@kind(10 ** 3, 4 * 10 ** 3, 15 * 10 ** 3)
def xml_classes(folder, n):
    classes = ''.join(f'<Item LabelValue="{i + 1}" Name="" colR="0" colG="0" colB="0"/>' for i in range(n))
    return container(folder, metadata(classes=classes), zipfile.ZIP_DEFLATED)


@kind(10 ** 4, 10 ** 5, 3 * 10 ** 5)
def xml_long_name(folder, n):
    return container(folder, metadata(f'<{"n" * n}>x</{"n" * n}>', name='N' * n), zipfile.ZIP_DEFLATED)


@kind(10 ** 4, 5 * 10 ** 4, 19 * 10 ** 4)
def xml_entities(folder, n):
    return container(folder, metadata(name='&amp;' * n), zipfile.ZIP_DEFLATED)


@kind(10 ** 4, 5 * 10 ** 4, 14 * 10 ** 4)
def xml_comments(folder, n):
    return container(folder, metadata('<!---->' * n), zipfile.ZIP_DEFLATED)


@kind(10, 15, 30)
def xml_doctype(folder, n):
    """Entities that each name the one before them ten times."""
    entities = ''.join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(n))
    head, rest = metadata(f'<a>&e{n};</a>').split('\n', 1)
    return container(folder, f'{head}\n<!DOCTYPE Model [<!ENTITY e0 "e">{entities}]>{rest}')


# ---- model.json of a .czann

def czann(folder, text):
    return put(folder, 'model.czann', zipped([('model.json', text), ('model.model', NETWORK)], zipfile.ZIP_DEFLATED))


def model_json(**more):
    return {'Id': ID, 'Type': 'SingleClassSemanticSegmentation', 'ModelName': 'n', 'MinOverlap': [2, 2], 'Classes': ['a', 'b'],
            'InputShape': [8, 8, 2], 'OutputShape': [8, 8, 2], 'Scaling': None, **more}


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def czann_nest(folder, n):
    return czann(folder, json.dumps(model_json(Classes=0)).replace('"Classes": 0', f'"Classes": {"[" * n}{"]" * n}'))


@kind(10 ** 4, 10 ** 5, 10 ** 6)
def czann_objects(folder, n):
    return czann(folder, json.dumps(model_json(More=[0])).replace('[0]', '[' + ','.join(['{}'] * n) + ']'))


@kind(10 ** 3, 10 ** 4, 10 ** 5)
def czann_classes(folder, n):
    return czann(folder, json.dumps(model_json(Classes=[str(i) for i in range(n)])))


# ---- ZIP archives

def local(name, packed):
    return struct.pack('<4s5H3I2H', b'PK\3\4', 20, 0, 0, 0, 33, 0, len(packed), len(packed), len(name), 0) + name + packed


def entry(name, packed, at, size=None, extra=b'', comment=b'', content=b''):
    return struct.pack('<4s6H3I5H2I', b'PK\1\2', 20, 20, 0, 0, 0, 33, zlib.crc32(content), len(packed),
                       len(packed) if size is None else size, len(name), len(extra), len(comment), 0, 0, 0, at) + name + extra + comment


def end(count, size, at):
    """The end records, of ZIP64 too."""
    record = struct.pack('<4sQHHIIQQQQ', b'PK\6\6', 44, 45, 45, 0, 0, count, count, size, at)
    locator = struct.pack('<4sIQI', b'PK\6\7', 0, at + size, 1)
    return record + locator + struct.pack('<4s4H2IH', b'PK\5\6', 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)


def archive(folder, members, directory, count):
    return put(folder, 'model.zip', members + directory + end(count, len(directory), len(members)))


ARCHIVE = ('inspect', 'check', 'convert', 'new', 'diff')


@kind(10 ** 3, 10 ** 4, 10 ** 5, commands=ARCHIVE)
def zip_overlapping(folder, n):
    """Members that all have the same bytes."""
    model = small()
    members = local(b'saved_model.pb', model)
    directory = entry(b'saved_model.pb', model, 0, content=model)
    directory += b''.join(entry(b'v%d' % i, model, 0, content=model) for i in range(n))
    return archive(folder, members, directory, n + 1)


@kind(10, 100, 1000, commands=ARCHIVE)
def zip_comments(folder, n):
    """Comments, extra fields and names as long as can be."""
    model = small()
    directory = entry(b'saved_model.pb', model, 0, content=model)
    first = local(b'saved_model.pb', model)
    directory += b''.join(entry(b'%04d' % i + b'n' * 20000, b'', len(first), extra=struct.pack('<HH', 9, 19996) + bytes(19996),
                                comment=bytes(20000)) for i in range(n))
    return archive(folder, first + local(b'', b'') * n, directory, n + 1)


@kind(10 ** 3, 10 ** 6, 2 ** 62, commands=ARCHIVE)
def zip64_sizes(folder, n):
    """Sizes, offsets and numbers of 64 bits that lie."""
    model = small()
    directory = entry(b'saved_model.pb', model, 0xffffffff, size=0xffffffff, content=model,
                      extra=struct.pack('<HHQQ', 1, 16, n, n))
    members = local(b'saved_model.pb', model)
    return put(folder, 'model.zip', members + directory + end(n, n, len(members)))


@kind(100, 1000, 10000, commands=ARCHIVE)
def zip_models(folder, n):
    """Many SavedModels, of which none is chosen."""
    return put(folder, 'model.zip', zipped([(f'model{i}/saved_model.pb', b'') for i in range(n)]))


@kind(100, 1000, 10000, commands=ARCHIVE)
def zip_deep(folder, n):
    """A SavedModel in many folders."""
    return put(folder, 'model.zip', zipped([('f/' * n + 'saved_model.pb', small())]))


@kind(100, 1000, 10000, commands=ARCHIVE)
def zip_onnx(folder, n):
    return put(folder, 'model.zip', zipped([(f'{i}.onnx', b'') for i in range(n)]))


@kind(100, 200, 400)
def container_members(folder, n):
    """A network with many members, each of which is unpacked and verified."""
    network = zipped([('saved_model.pb', small()), *((f'assets/{i}', b'') for i in range(n))])
    return container(folder, metadata(), network=network)


@kind(10 ** 3, 10 ** 4, 10 ** 5)
def container_ids(folder, n):
    """Members that could be the metadata, and none that is."""
    return put(folder, 'model.czmodel', zipped([(f'modelid={ID}', ''), *((f'{i}.xml', '') for i in range(n))]))


@kind(10 ** 6, 10 ** 7, 2 * 10 ** 8)
def container_zeros(folder, n):
    """A licence of zeros."""
    return container(folder, metadata(), zipfile.ZIP_DEFLATED, more=[('LICENSE.txt', bytes(n))])


@kind(10 ** 6, 10 ** 7, 10 ** 8)
def container_in_container(folder, n):
    """Zeros that are packed twice."""
    network = zipped([('saved_model.pb', small()), ('assets/zeros', bytes(n))], zipfile.ZIP_DEFLATED)
    return container(folder, metadata(), zipfile.ZIP_DEFLATED, network)


# ---- specifications

def specification(folder, text=None, **more):
    put(folder, 'model/saved_model.pb', small())
    return put(folder, 'model.json', (text or json.dumps({**SPEC, 'ModelPath': 'model', **more})).encode())


def replaced(folder, text):
    """`text` in the place of a value that nobody knows."""
    return specification(folder, json.dumps({**SPEC, 'ModelPath': 'model', 'More': 0}).replace('"More": 0', f'"More": {text}'))


SPECIFICATION = ('inspect', 'check', 'convert', 'diff')


@kind(10 ** 4, 10 ** 5, 10 ** 6, commands=SPECIFICATION)
def json_nest(folder, n):
    return replaced(folder, '[' * n + ']' * n)


@kind(10 ** 4, 10 ** 5, 2 * 10 ** 6, commands=SPECIFICATION)
def json_objects(folder, n):
    return replaced(folder, '[' + ','.join(['{}'] * n) + ']')


@kind(10 ** 4, 10 ** 5, 2 * 10 ** 6, commands=SPECIFICATION)
def json_arrays(folder, n):
    return replaced(folder, '[' + ','.join(['[]'] * n) + ']')


@kind(10 ** 4, 10 ** 5, 2 * 10 ** 6, commands=SPECIFICATION)
def json_numbers(folder, n):
    return replaced(folder, '[' + ','.join(['0'] * n) + ']')


@kind(10 ** 4, 10 ** 5, 4 * 10 ** 6, commands=SPECIFICATION)
def json_long_number(folder, n):
    return replaced(folder, '[' + '1' * n + ',1.' + '1' * (n // 2) + ']')


@kind(1000, 10 ** 4, 2 * 10 ** 5, commands=SPECIFICATION)
def json_keys(folder, n):
    """Keys that nobody knows, each of which is reported."""
    return specification(folder, **{f'k{i}': 0 for i in range(n)})


@kind(10 ** 3, 10 ** 4, 2 * 10 ** 5, commands=SPECIFICATION)
def json_inner_keys(folder, n):
    return specification(folder, More={f'{i}': 0 for i in range(n)})


@kind(10 ** 3, 10 ** 4, 2 * 10 ** 5, commands=SPECIFICATION)
def json_same_keys(folder, n):
    return replaced(folder, '{' + ','.join(['"a":0'] * n) + '}')


@kind(10 ** 4, 10 ** 5, 4 * 10 ** 6, commands=SPECIFICATION)
def json_long_names(folder, n):
    return specification(folder, **{'K' * n: 0, 'ModelName': 'N' * (n // 2)})


@kind(10 ** 3, 10 ** 4, 10 ** 5, commands=SPECIFICATION)
def json_classes(folder, n):
    return specification(folder, Classes=['c'] * n)


@kind(10 ** 2, 10 ** 3, 10 ** 4, commands=SPECIFICATION)
def json_steps(folder, n):
    return specification(folder, Preprocessing=['scale=1.5'] * n, Postprocessing=['softmax'] * n)


@kind(10 ** 3, 10 ** 4, 2 * 10 ** 5, commands=SPECIFICATION)
def json_long_step(folder, n):
    return specification(folder, Preprocessing=['scale=' + ','.join(['1.5'] * n)])


@kind(10 ** 3, 10 ** 4, 2 * 10 ** 5, commands=SPECIFICATION)
def json_shape(folder, n):
    return specification(folder, text=json.dumps(
        {'ModelPath': 'model', 'ModelMetadata': {
            'Type': 'SingleClassSemanticSegmentation', 'Classes': ['a', 'b'], 'InputShape': [8] * n, 'OutputShape': [8] * n,
            'MinOverlap': [2] * n, 'Scaling': [1e-6] * n, 'ModelName': 'n'}}))


@kind(10 ** 4, 10 ** 5, 4 * 10 ** 6, commands=SPECIFICATION)
def json_cut_off(folder, n):
    """A list of open brackets and strings with escapes."""
    return replaced(folder, '["' + '\\u0041' * (n // 6))


# ---- SavedModels in archives, and functions of conditionals

@kind(250, 500, 1000, commands=ARCHIVE)
def zip_shards(folder, n):
    """A checkpoint in n parts, and a variable in each of them."""
    model = saved_models.variables(folder, n, lambda i: f'v{i:05}', [(f'v{i:05}', 0) for i in range(n)])
    content = bytes(8)
    entries = [(b'', number(1, n)), *((key, value + number(3, i)) for i, (key, value) in enumerate(
        saved_models.index_entry(f'v{i:05}'.encode(), 0, content, 2) for i in range(n)))]
    with open(f'{model}/saved_model.pb', 'rb') as file:
        graph = file.read()
    return put(folder, 'model.zip', zipped([
        ('saved_model.pb', graph), ('variables/variables.index', table(entries)),
        *((f'variables/variables.data-{i:05}-of-{n:05}', content) for i in range(n))]))


@kind(1000, 2000, 4000, commands=('inspect', 'convert', 'onnx', 'diff'))
def conditionals(folder, n):
    """Each has two branches of its own."""
    lines = ['node size Size x T=type:FLOAT out_type=type:INT32', 'node zero Const dtype=type:INT32 value=ints:0',
             'node most Max size zero T=type:INT32 Tidx=type:INT32', 'node t Greater most most T=type:INT32']
    for i in range(n):
        lines.append(f'node f{i} If t {f"f{i - 1}" if i else "x"} then_branch=function:a{i} else_branch=function:b{i} '
                     'Tcond=type:BOOL Tin=types:FLOAT Tout=types:FLOAT')
    functions = []
    for i in range(n):
        for name, op, result in (('a', 'Relu', 'activations'), ('b', 'Tanh', 'y')):
            functions += [f'function {name}{i} a:FLOAT b:FLOAT b=r:{result}:0', f'node r {op} a T=type:FLOAT', 'end']
    return saved_model(folder, [*HEAD, *lines, f'node y Softmax f{n - 1} T=type:FLOAT', *functions, *TAIL])
