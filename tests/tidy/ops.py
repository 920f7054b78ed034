# SPDX-License-Identifier: Apache-2.0
"""An operation of TensorFlow is described in src/op/ops.def alone. Other code asks for its kind or its traits.

    ops.py ROOT

Three things are faults outside src/op/: a text that is the name of an operation (or of several), a table of kinds, and
a macro that makes kinds of names for another purpose than to read ops.def. The tables of the front ends are not
searched for kinds: they say which operation an ONNX operation, a layer or a function of Keras is, and nothing about it.
Texts there, and in src/write/onnx/, may be names of ONNX's operations and Keras' classes.
"""
import pathlib
import re
import sys

ROW = re.compile(r'^(?:OP|KERNEL|LAYER|OPERATION)\("?(\w+)', re.MULTILINE)
COMMENT = re.compile(r'//.*')
TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
TABLE = re.compile(r'czm_op_kind \w+\[[^]]*\](?:\[\d\])? = \{([^;]*)\};|\{(CZM_OP_\w+),')
KIND = re.compile(r'CZM_OP_(\w+)')
PASTED = re.compile(r'CZM_OP_##(?!(?:op|name)\b)|CZM_OP_##(?=(?:op|name)\b)(?![^@]{0,1500}?#include "op/ops\.def")')

MOST_EXCEPTIONS = 40
SCOPE = 'a scope that Keras opens in a layer, and its name in paths'
# file: {operation: reason}
EXCEPTIONS = {
    'api/loss.c': {'None': 'a postprocessing of the metadata, not the operation'},
    'draw/family.c': dict.fromkeys(['Add', 'Concat', 'MatMul', 'Stack'], 'a label in pictures of several operations'),
    'write/onnx/ops_complex.c': {'FFT': 'what the names of all Fourier transforms contain, after how many dimensions'},
    'graph/layer_name.c': dict.fromkeys(['BiasAdd', 'Conv2D', 'Conv3D', 'FusedBatchNormV3', 'PartitionedCall',
                                         'ReadVariableOp', 'Softmax'], SCOPE),
    'passes/onnx/list_arrays.c': {'TensorArray': 'what the names of all operations on such arrays begin with'},
    'passes/lower_types.c': dict.fromkeys(['LessEqual', 'Mean', 'Sum'],
                                          'kernels of bfloat16 that TensorFlow 2.0.0 registers and that do not work'),
    'read/savedmodel/flatten.c': dict.fromkeys(['PartitionedCall', 'StatefulPartitionedCall'],
                                               'names of calls that are left out of paths'),
}


def names_in(path):
    return set(ROW.findall(path.read_text(encoding='utf-8')))


def nested_parts(path):
    """Parts of rows inside the argument of another part, where nothing reads them."""
    depth, outer, inner = 0, set(), []
    for token in re.findall(r'"[^"]*"|[()]|\b[A-Z][A-Z_]+\b', COMMENT.sub('', path.read_text(encoding='utf-8'))):
        if token in '()':
            depth += 1 if token == '(' else -1
        elif depth == 1:
            outer.add(token)
        elif depth > 1:
            inner.append(token)
    return [token for token in inner if token in outer and token != 'NULL' and not token.startswith('CZM_')]


def foreign_names(source, path):
    """Names of another vocabulary that texts of this file may be."""
    onnx = names_in(source / 'write/onnx/kernels.def') | names_in(source / 'read/onnx/ops.def')
    keras = names_in(source / 'read/keras/layers.def') | names_in(source / 'read/keras/operations.def')
    if path.startswith(('write/onnx/', 'read/onnx/')) or path == 'edit/onnx_prefix.c' or path == 'op/ops.def':
        return onnx
    return keras if path.startswith('read/keras/') else set()


def found_in(source, path, known):
    """Operations that a file names."""
    text = COMMENT.sub('', (source / path).read_text(encoding='utf-8'))
    found = set()
    for literal in TEXT.findall(text):
        words = literal.split()
        if words and all(word in known for word in words):
            found |= set(words)
    found -= foreign_names(source, path)
    for table, first in TABLE.findall(text):
        if not path.startswith(('read/keras/', 'read/onnx/')):
            found |= set(KIND.findall(table or first)) - {'KIND_COUNT', 'OTHER'}
    if PASTED.search(text):
        found.add('CZM_OP_##')
    return found


def main(root):
    source = pathlib.Path(root) / 'src'
    known = names_in(source / 'op/ops.def') | names_in(source / 'op/op_table.inc')
    paths = [path.relative_to(source).as_posix() for path in sorted(source.rglob('*'))
             if path.suffix in ('.c', '.h', '.def')]
    faults = [f'op/ops.def has {part} inside another part' for part in nested_parts(source / 'op/ops.def')]
    used = 0
    for path in paths:
        if path.startswith('op/') or path == 'write/onnx/kernels.def': # generated: ONNX Runtime's operations
            continue
        found, allowed = found_in(source, path, known), EXCEPTIONS.get(path, {})
        faults += [f'{path} names {op}' for op in sorted(found - set(allowed))]
        faults += [f'{path} does not name {op}: remove the exception' for op in sorted(set(allowed) - found)]
        used += len(allowed)
    print(f'{len(paths)} files, {len(known)} operations, {used} exceptions')
    if faults or used > MOST_EXCEPTIONS or not paths:
        sys.exit('\n'.join(faults) or 'too many exceptions')


if __name__ == '__main__':
    main(sys.argv[1])
