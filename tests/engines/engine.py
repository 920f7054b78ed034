# SPDX-License-Identifier: Apache-2.0
"""TensorFlow 2.0.0, the engine that ZEN runs, without a Python that is old enough for it.

    engine.py                                  get the engine, print its version
    engine.py MODEL_DIR INPUT.npy OUTPUT.npy   run a model of one input and one output

From Python:

    engine = Engine()
    with engine.load('model') as session:
        feeds = {session.inputs['x']: array}
        probabilities, = session.run(feeds, [session.outputs['y']])

The wheels of 2.0.0 are for Python 3.5 to 3.7, but its C API needs no Python: two shared libraries
of the wheel hold all of it. One of them wants symbols of the interpreter, which are never used in
this way; a library of dummies satisfies the loader. Needs numpy, pip, a C compiler and nm.

What can take the whole process along (TensorFlow ends it on some broken graphs) belongs into a
process of its own: run.py shows how.
"""
import ctypes
import os
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

from protobuf import every, fields, first, string_map  # noqa: E402, F401

DEFAULT_CACHE = os.path.normpath(os.path.join(HERE, '..', '..', 'build', 'engines', 'tf200'))

PIP_DOWNLOAD = ('download --quiet --no-deps --python-version 3.7 --platform manylinux2010_x86_64 '
                '--only-binary=:all: tensorflow==2.0.0').split()
DUMMIES = 'libpython_dummies.so'
# The folders stay as in the wheel: the second library looks for the first relative to itself.
FRAMEWORK = 'tensorflow_core/libtensorflow_framework.so.2'
INTERNAL = 'tensorflow_core/python/_pywrap_tensorflow_internal.so'
# In the order of loading. The dummies must be complete before anything asks for them; the others
# may leave open what is never called.
LIBRARIES = ((DUMMIES, os.RTLD_NOW), (FRAMEWORK, os.RTLD_LAZY), (INTERNAL, os.RTLD_LAZY))
# Newer packages keep the C API in libraries that are free of Python.
NEWER_LIBRARIES = (('libtensorflow_framework.so.2', os.RTLD_LAZY),
                   ('libtensorflow_cc.so.2', os.RTLD_LAZY))

# ConfigProto: intra_op_parallelism_threads=2, inter_op_parallelism_threads=5, one each. Sums are
# then added up in the same order every time, and other work on the machine is left its share.
ONE_THREAD = bytes([2 << 3, 1, 5 << 3, 1])


class EngineError(Exception):
    """What TensorFlow said; `code` is its canonical error code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# --------------------------------------------- getting it

def fetch(cache=DEFAULT_CACHE):
    """Makes sure that the libraries lie in the folder `cache`, and returns its full path."""
    cache = os.path.abspath(cache)
    if all(os.path.exists(os.path.join(cache, name)) for name, _ in LIBRARIES):
        return cache
    os.makedirs(cache, exist_ok=True)
    # Made beside and renamed, so that an interrupted download leaves no half of a library.
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        unpack_wheel(scratch)
        make_dummies(scratch)
        for name, _ in LIBRARIES:
            place = os.path.join(cache, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.replace(os.path.join(scratch, name), place)
    return cache


def unpack_wheel(folder):
    subprocess.run([sys.executable, '-m', 'pip', *PIP_DOWNLOAD, '--dest', folder], check=True)
    wheel, = (name for name in os.listdir(folder) if name.endswith('.whl'))
    with zipfile.ZipFile(os.path.join(folder, wheel)) as archive:
        for name in (FRAMEWORK, INTERNAL):
            archive.extract(name, folder)


def make_dummies(folder):
    """A library that defines each symbol of the interpreter that TensorFlow leaves undefined."""
    words = subprocess.run(['nm', '-D', '--undefined-only', os.path.join(folder, INTERNAL)],
                           check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    symbols = sorted({word for word in words if word.startswith(('Py', '_Py'))})
    source = os.path.join(folder, 'dummies.c')
    with open(source, 'w') as file:
        file.writelines(f'long {symbol}[64];\n' for symbol in symbols)
    subprocess.run([os.environ.get('CC', 'cc'), '-shared', '-fPIC', source, '-o',
                    os.path.join(folder, DUMMIES)], check=True)


def signature_of(meta_graph, name):
    """({key: tensor} of the inputs, {key: tensor} of the outputs); empty without the signature.

    MetaGraphDef: signature_def=5 (map); SignatureDef: inputs=1, outputs=2 (maps); TensorInfo:
    name=1.
    """
    signature = string_map(meta_graph, 5).get(name, b'')
    return tuple({key: first(info, 1).decode() for key, info in string_map(signature, part).items()}
                 for part in (1, 2))


# --------------------------------------------- the C API

class Buffer(ctypes.Structure):
    _fields_ = [('data', ctypes.c_void_p), ('length', ctypes.c_size_t),
                ('deallocator', ctypes.c_void_p)]


class Output(ctypes.Structure):
    _fields_ = [('operation', ctypes.c_void_p), ('index', ctypes.c_int)]


# DataType: numpy's type, for those that numpy has
DTYPES = {1: np.float32, 2: np.float64, 3: np.int32, 4: np.uint8, 5: np.int16, 6: np.int8,
          8: np.complex64, 9: np.int64, 10: np.bool_, 17: np.uint16, 18: np.complex128,
          19: np.float16, 22: np.uint32, 23: np.uint64}
NUMBERS = {np.dtype(dtype): number for number, dtype in DTYPES.items()}
BFLOAT16 = 14

P, I, S = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
SIZE, LONG = ctypes.c_size_t, ctypes.c_int64
# name: (result, arguments); all of TensorFlow's own structures go as plain pointers
FUNCTIONS = {
    'TF_Version': (S, ()),
    'TF_NewStatus': (P, ()),
    'TF_GetCode': (I, (P,)),
    'TF_Message': (S, (P,)),
    'TF_DeleteStatus': (None, (P,)),
    'TF_NewBuffer': (P, ()),
    'TF_NewBufferFromString': (P, (S, SIZE)),
    'TF_DeleteBuffer': (None, (P,)),
    'TF_GetAllOpList': (P, ()),
    'TF_GetAllRegisteredKernels': (P, (P,)),
    'TF_NewGraph': (P, ()),
    'TF_DeleteGraph': (None, (P,)),
    'TF_GraphOperationByName': (P, (P, S)),
    'TF_OperationNumOutputs': (I, (P,)),
    'TF_OperationOutputType': (I, (Output,)),
    'TF_NewImportGraphDefOptions': (P, ()),
    'TF_DeleteImportGraphDefOptions': (None, (P,)),
    'TF_GraphImportGraphDef': (None, (P, P, P, P)),
    'TF_NewSessionOptions': (P, ()),
    'TF_SetConfig': (None, (P, S, SIZE, P)),
    'TF_DeleteSessionOptions': (None, (P,)),
    'TF_NewSession': (P, (P, P, P)),
    'TF_LoadSessionFromSavedModel': (P, (P, P, S, ctypes.POINTER(S), I, P, P, P)),
    'TF_CloseSession': (None, (P, P)),
    'TF_DeleteSession': (None, (P, P)),
    'TF_SessionRun': (None, (P, P, P, P, I, P, P, I, P, I, P, P)),
    'TF_AllocateTensor': (P, (I, P, I, SIZE)),
    'TF_DeleteTensor': (None, (P,)),
    'TF_TensorType': (I, (P,)),
    'TF_NumDims': (I, (P,)),
    'TF_Dim': (LONG, (P, I)),
    'TF_TensorByteSize': (SIZE, (P,)),
    'TF_TensorData': (P, (P,)),
}


def load_libraries(folder, libraries):
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # the exceptions say it; read when loaded
    for name, mode in libraries:
        library = ctypes.CDLL(os.path.join(folder, name), mode=mode | os.RTLD_GLOBAL)
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Engine:
    """TensorFlow 2.0.0. A process can hold one TensorFlow only: its symbols are global."""

    def __init__(self, cache=DEFAULT_CACHE):
        self.c = load_libraries(fetch(cache), LIBRARIES)

    @classmethod
    def of_package(cls, folder):
        """A newer TensorFlow; `folder` is its package, .../site-packages/tensorflow."""
        engine = cls.__new__(cls)
        engine.c = load_libraries(folder, NEWER_LIBRARIES)
        return engine

    def version(self):
        return self.c.TF_Version().decode()

    def op_list(self):
        """All ops: a serialised OpList."""
        return self.take(self.c.TF_GetAllOpList())

    def kernel_list(self):
        """All kernels: a serialised KernelList."""
        return self.take(self.checked(self.c.TF_GetAllRegisteredKernels))

    def load(self, folder, tags=('serve',)):
        """A Session of the SavedModel in `folder`."""
        names = (S * len(tags))(*(tag.encode() for tag in tags))
        buffer = self.c.TF_NewBuffer()

        def make(options, graph, status):
            return self.c.TF_LoadSessionFromSavedModel(
                options, None, os.fsencode(folder), names, len(tags), graph, buffer, status)
        graph = self.c.TF_NewGraph()
        try:
            handle = self.new_session(make, graph)
        finally:
            meta_graph = self.take(buffer)
        return Session(self, handle, graph, meta_graph)

    def load_graph(self, graph_def):
        """A Session of a serialised GraphDef."""
        graph = self.c.TF_NewGraph()

        def make(options, graph, status):
            return self.c.TF_NewSession(graph, options, status)
        self.import_graph(graph, graph_def)
        return Session(self, self.new_session(make, graph), graph, b'')

    def run_graph(self, graph_def, feeds, fetches):
        """Runs a serialised GraphDef once: feeds {tensor: array}, fetches [tensor] -> [array]."""
        with self.load_graph(graph_def) as session:
            return session.run(feeds, fetches)

    # ---- beneath

    def checked(self, function, *arguments):
        """Calls a function whose last parameter is a TF_Status."""
        status = self.c.TF_NewStatus()
        try:
            result = function(*arguments, status)
            code = self.c.TF_GetCode(status)
            if code:
                raise EngineError(code, self.c.TF_Message(status).decode(errors='replace'))
            return result
        finally:
            self.c.TF_DeleteStatus(status)

    def take(self, buffer):
        """The bytes of a TF_Buffer, which is deleted."""
        view = Buffer.from_address(buffer)
        data = ctypes.string_at(view.data, view.length) if view.length else b''
        self.c.TF_DeleteBuffer(buffer)
        return data

    def new_session(self, make, graph):
        """make(options, graph, status) -> session; the graph goes if there is none."""
        options = self.c.TF_NewSessionOptions()
        try:
            self.checked(self.c.TF_SetConfig, options, ONE_THREAD, len(ONE_THREAD))
            return self.checked(make, options, graph)
        except EngineError:
            self.c.TF_DeleteGraph(graph)
            raise
        finally:
            self.c.TF_DeleteSessionOptions(options)

    def import_graph(self, graph, graph_def):
        buffer = self.c.TF_NewBufferFromString(graph_def, len(graph_def))
        options = self.c.TF_NewImportGraphDefOptions()
        try:
            self.checked(self.c.TF_GraphImportGraphDef, graph, buffer, options)
        except EngineError:
            self.c.TF_DeleteGraph(graph)
            raise
        finally:
            self.c.TF_DeleteImportGraphDefOptions(options)
            self.c.TF_DeleteBuffer(buffer)

    def new_tensor(self, value):
        array = np.asarray(value, order='C')
        if array.dtype not in NUMBERS:
            raise TypeError(f'no DataType for numpy\'s {array.dtype}')
        dims = (LONG * array.ndim)(*array.shape)
        tensor = self.c.TF_AllocateTensor(NUMBERS[array.dtype], dims, array.ndim, array.nbytes)
        ctypes.memmove(self.c.TF_TensorData(tensor), array.ctypes.data, array.nbytes)
        return tensor

    def read_tensor(self, tensor):
        """An array; bfloat16, which NumPy does not have, becomes float32."""
        number = self.c.TF_TensorType(tensor)
        if number not in DTYPES and number != BFLOAT16:
            raise TypeError(f'numpy has no type for DataType {number}')
        shape = [self.c.TF_Dim(tensor, axis) for axis in range(self.c.TF_NumDims(tensor))]
        size = self.c.TF_TensorByteSize(tensor)
        data = ctypes.string_at(self.c.TF_TensorData(tensor), size) if size else b''
        if number == BFLOAT16:
            return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
        return np.frombuffer(bytearray(data), DTYPES[number]).reshape(shape)


class Session:
    """A loaded graph; close it, or use it in a `with`. `inputs` and `outputs` are {key: tensor
    name} of serving_default, empty if the model has no such signature."""

    def __init__(self, engine, handle, graph, meta_graph):
        self.engine, self.handle, self.graph = engine, handle, graph
        self.meta_graph = meta_graph  # a serialised MetaGraphDef
        self.inputs, self.outputs = signature_of(meta_graph, 'serving_default')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.handle is None:
            return
        handle, self.handle = self.handle, None
        self.engine.checked(self.engine.c.TF_CloseSession, handle)
        self.engine.checked(self.engine.c.TF_DeleteSession, handle)
        self.engine.c.TF_DeleteGraph(self.graph)

    def run(self, feeds, fetches):
        """feeds {tensor name: array}, fetches [tensor name] -> [array]"""
        fed, fetched = self.tensors_of(feeds), self.tensors_of(fetches)
        values, results = [], (P * len(fetches))()
        try:
            for value in feeds.values():
                values.append(self.engine.new_tensor(value))
            self.engine.checked(self.engine.c.TF_SessionRun, self.handle, None,
                                fed, (P * len(values))(*values), len(values),
                                fetched, results, len(fetches), None, 0, None)
            return [self.engine.read_tensor(tensor) for tensor in results]
        finally:
            for tensor in filter(None, (*values, *results)):
                self.engine.c.TF_DeleteTensor(tensor)

    def as_fed(self, name, value):
        """The array as the type that the graph's input has; a converted network's is float32."""
        number = self.engine.c.TF_OperationOutputType(self.tensor(name))
        return value.astype(DTYPES[number]) if number in DTYPES and value.dtype.kind in 'fiub' else value

    def tensors_of(self, names):
        return (Output * len(names))(*map(self.tensor, names))

    def tensor(self, name):
        node, _, index = name.partition(':')
        index = int(index or 0)
        operation = self.engine.c.TF_GraphOperationByName(self.graph, node.encode())
        if not operation:
            raise KeyError(f'the graph has no node "{node}"')
        # asked for by index alone, TensorFlow would end the process
        if index >= self.engine.c.TF_OperationNumOutputs(operation):
            raise KeyError(f'node "{node}" has no output {index}')
        return Output(operation, index)


# --------------------------------------------- command line

def run_model(folder, input_path, output_path):
    with Engine().load(folder) as session:
        if len(session.inputs) != 1 or len(session.outputs) != 1:
            sys.exit(f'one input and one output wanted, found {sorted(session.inputs)} and '
                     f'{sorted(session.outputs)}')
        result, = session.run({name: np.load(input_path) for name in session.inputs.values()},
                              list(session.outputs.values()))
    np.save(output_path, result)


def main(arguments):
    if not arguments:
        print('TensorFlow', Engine().version())
    elif len(arguments) == 3:
        run_model(*arguments)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except EngineError as error:
        sys.exit(f'TensorFlow: {error}')
