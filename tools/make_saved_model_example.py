# SPDX-License-Identifier: Apache-2.0
"""Writes docs/formats/saved_model_example.md: the SavedModel of one convolution, byte for byte.

    make_saved_model_example.py --czmodel PROGRAM [--check]

--check only compares. The network is made here (tests/lib/graph_text.py), so that no TensorFlow is needed.
"""
import argparse
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, 'docs', 'formats', 'saved_model_example.md')
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))

import graph_text  # noqa: E402
import recipe  # noqa: E402
from protobuf import read_varint  # noqa: E402

GRAPH = '''tag serve
node image Placeholder dtype=type:FLOAT shape=shape:1,8,8,3
node conv/kernel VarHandleOp dtype=type:FLOAT shape=shape:1,1,3,2
node conv/ReadVariableOp ReadVariableOp conv/kernel dtype=type:FLOAT
node conv/Conv2D Conv2D image conv/ReadVariableOp T=type:FLOAT strides=list:1,1,1,1 padding=text:SAME
input serving_default image image:0 FLOAT 1,8,8,3
output serving_default classes conv/Conv2D:0 FLOAT 1,8,8,2
node names Const dtype=type:STRING value=strings:kernel
node slices Const dtype=type:STRING value=strings:
node prefix Const dtype=type:STRING value=strings:unused
node restore RestoreV2 prefix names slices dtypes=types:FLOAT
node assign AssignVariableOp conv/kernel restore dtype=type:FLOAT
node restore_all NoOp ^assign
restore restore_all
'''

# Of each message: field number -> its name, and the message it holds, if it holds one.
STRUCTURED = {1: 'none:', 13: 'string', 14: 'bool', 33: 'tensor_spec:Spec', 51: 'list:Values',
              52: 'tuple:Values', 53: 'dict:Fields', 54: 'named_tuple:Named'}
MESSAGES = {
    'SavedModel': {1: 'saved_model_schema_version', 2: 'meta_graphs:MetaGraph'},
    'MetaGraph': {1: 'meta_info_def:Info', 2: 'graph_def:Graph', 3: 'saver_def:Saver',
                  4: 'collection_def:Collections', 5: 'signature_def:Signatures',
                  7: 'object_graph_def:Objects'},
    'Info': {1: 'meta_graph_version', 4: 'tags', 5: 'tensorflow_version'},
    'Graph': {1: 'node:Node', 2: 'library:Library', 4: 'versions:Versions'},
    'Versions': {1: 'producer', 2: 'min_consumer'},
    'Library': {1: 'function:Function'},
    'Function': {1: 'signature:Op', 3: 'node_def:Node', 4: 'ret:Texts', 5: 'attr:Attr'},
    'Op': {1: 'name', 2: 'input_arg:Arg', 3: 'output_arg:Arg', 17: 'is_stateful'},
    'Arg': {1: 'name', 3: 'type'},
    'Texts': {1: 'key', 2: 'value'},
    'Node': {1: 'name', 2: 'op', 3: 'input', 5: 'attr:Attr'},
    'Attr': {1: 'key', 2: 'value:Value'},
    'Value': {1: 'list:List', 2: 's', 3: 'i', 4: 'f', 5: 'b', 6: 'type', 7: 'shape:Shape',
              8: 'tensor:Tensor', 10: 'func:Func'},
    'List': {2: 's', 3: 'i', 6: 'type', 7: 'shape:Shape'},
    'Func': {1: 'name'},
    'Shape': {2: 'dim:Dim', 3: 'unknown_rank'},
    'Dim': {1: 'size'},
    'Tensor': {1: 'dtype', 2: 'tensor_shape:Shape', 8: 'string_val'},
    'Saver': {1: 'filename_tensor_name', 2: 'save_tensor_name', 3: 'restore_op_name',
              4: 'max_to_keep', 7: 'version'},
    'Collections': {1: 'key', 2: 'value:Collection'},
    'Collection': {2: 'bytes_list:Variables'},
    'Variables': {1: 'value:VariableDef'},
    'VariableDef': {1: 'variable_name', 2: 'initializer_name', 3: 'snapshot_name', 5: 'is_resource',
                    6: 'initial_value_name'},
    'Signatures': {1: 'key', 2: 'value:Signature'},
    'Signature': {1: 'inputs:Infos', 2: 'outputs:Infos', 3: 'method_name'},
    'Infos': {1: 'key', 2: 'value:TensorInfo'},
    'TensorInfo': {1: 'name', 2: 'dtype', 3: 'tensor_shape:Shape'},
    'Objects': {1: 'nodes:Object', 2: 'concrete_functions:Concretes'},
    'Object': {1: 'children:Child', 4: 'user_object:User', 6: 'function:SavedFunction',
               7: 'variable:Variable', 8: 'bare_concrete_function:Bare'},
    'Child': {1: 'node_id', 2: 'local_name'},
    'User': {1: 'identifier', 2: 'version:Versions', 3: 'metadata'},
    'SavedFunction': {1: 'concrete_functions', 2: 'function_spec:FunctionSpec'},
    'FunctionSpec': {1: 'fullargspec:Structured', 2: 'is_method', 5: 'input_signature:Structured'},
    'Variable': {1: 'dtype', 2: 'shape:Shape', 3: 'trainable', 6: 'name'},
    'Bare': {1: 'concrete_function_name', 2: 'argument_keywords',
             3: 'allowed_positional_arguments'},
    'Concretes': {1: 'key', 2: 'value:Concrete'},
    'Concrete': {2: 'bound_inputs', 3: 'canonicalized_input_signature:Structured',
                 4: 'output_signature:Structured'},
    'Structured': STRUCTURED,
    'Values': {1: 'values:Structured'},
    'Fields': {1: 'fields:Pair'},
    'Named': {1: 'name', 2: 'values:Pair'},
    'Pair': {1: 'key', 2: 'value:Structured'},
    'Spec': {1: 'name', 2: 'shape:Shape', 3: 'dtype'},
    'Trackables': {1: 'nodes:Trackable'},
    'Trackable': {1: 'children:Child', 2: 'attributes:Serialized'},
    'Serialized': {1: 'name', 2: 'full_name', 3: 'checkpoint_key'},
}


def text_of(value):
    if all(32 <= byte < 127 for byte in value):
        return '"' + value.decode() + '"'
    return value.hex(' ')


def dump(content, start, end, kind, depth):
    """A line a field: where it begins, its tag and size or number, its name and value."""
    at = start
    while at < end:
        begin = at
        tag, at = read_varint(content, at)
        name, _, inner = MESSAGES[kind][tag >> 3].partition(':')
        is_message = MESSAGES[kind][tag >> 3].endswith(':') or bool(inner)
        if tag & 7 == 5:
            at += 4
            value = str(struct.unpack('<f', content[at - 4:at])[0])
        else:
            number, at = read_varint(content, at)
            value = str(number - (1 << 64) if number >> 63 else number)
        head = content[begin:at].hex(' ')
        where = f'{begin:6}  {head:12}  ' + '  ' * depth + name
        if tag & 7 != 2:
            yield f'{where} = {value}'
        elif is_message:
            yield where
            yield from dump(content, at, at + number, inner, depth + 1) if inner else ()
            at += number
        else:
            yield f'{where} = {text_of(content[at:at + number])}'
            at += number


def make_model(folder):
    os.makedirs(os.path.join(folder, 'variables'))
    with open(os.path.join(folder, 'saved_model.pb'), 'wb') as out:
        out.write(graph_text.saved_model(GRAPH))
    data = struct.pack('<6f', 1, 2, 3, 4, 5, 6)
    with open(os.path.join(folder, 'variables', 'variables.data-00000-of-00001'), 'wb') as out:
        out.write(data)
    entry = (graph_text.number(1, 1) + graph_text.message(2, graph_text.shape('1,1,3,2'))
             + graph_text.number(5, len(data)) + b'\x35' + recipe.masked_crc32c(data))
    with open(os.path.join(folder, 'variables', 'variables.index'), 'wb') as out:
        out.write(recipe.table((b'', graph_text.number(1, 1)), (b'kernel', entry)))


def convert(program):
    """The members of the SavedModel that the program writes."""
    with tempfile.TemporaryDirectory() as folder:
        make_model(os.path.join(folder, 'model'))
        spec = os.path.join(folder, 'spec.json')
        with open(spec, 'w') as file:
            json.dump({'BorderSize': 0, 'ColorHandling': 'SplitRgb', 'PixelType': 'Bgr24',
                       'Classes': ['a', 'b'], 'ModelPath': 'model'}, file)
        subprocess.run([program, 'convert', spec, folder, 'one', '--quiet', '--allow',
                        'probabilities'], check=True, stderr=subprocess.DEVNULL)
        with zipfile.ZipFile(os.path.join(folder, 'one.czmodel')) as outer:
            name, = (name for name in outer.namelist() if name.endswith('.model'))
            inner = outer.read(name)
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def hex_lines(content):
    for at in range(0, len(content), 16):
        row = content[at:at + 16]
        letters = ''.join(chr(byte) if 32 <= byte < 127 else '.' for byte in row)
        yield f'{at:6}  {row.hex(" "):47}  {letters}'


def page(members):
    model, index, data = (members[name] for name in (
        'saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001'))
    length, at = read_varint(data, 0)
    lines = ['# The SavedModel of one convolution, byte for byte', '',
             'Made by `tools/make_saved_model_example.py`. The network is a convolution of 1 x 1 pixel, from 3 to 2',
             'channels, on an image of 8 x 8 pixels. [saved_model.md](saved_model.md) explains the form.', '',
             f'## saved_model.pb, {len(model)} bytes', '',
             'Each line has the offset of a field, its tag and size or number, its name, and its value.', '',
             '```', *dump(model, 0, len(model), 'SavedModel', 0), '```', '',
             f'## variables/variables.data-00000-of-00001, {len(data)} bytes', '',
             f'The string `_CHECKPOINTABLE_OBJECT_GRAPH`: its length ({length}) as a varint, {data[:at].hex(" ")}; the masked',
             f'CRC-32C of the length as 4 bytes, {data[at:at + 4].hex(" ")}; a TrackableObjectGraph:', '',
             '```', *dump(data, at + 4, at + 4 + length, 'Trackables', 0), '```', '',
             'The kernel, 6 numbers of 4 bytes:', '',
             '```', *hex_lines(data[at + 4 + length:]), '```', '',
             f'## variables/variables.index, {len(index)} bytes', '',
             'A table ([tensor_bundle.md](tensor_bundle.md)) of the header and two entries:', '',
             '```', *hex_lines(index), '```']
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--czmodel', required=True)
    parser.add_argument('--check', action='store_true')
    options = parser.parse_args()
    text = page(convert(os.path.abspath(options.czmodel)))
    if not options.check:
        with open(PAGE, 'w') as file:
            file.write(text)
        return
    with open(PAGE) as file:
        if file.read() != text:
            sys.exit('docs/formats/saved_model_example.md is not what the program writes: run '
                     'tools/make_saved_model_example.py')


if __name__ == '__main__':
    main()
