# SPDX-License-Identifier: Apache-2.0
"""Reads a .czann or .czseg with others' readers and runs the network that they find.

    read_back.py CONTAINER FED.npy EXPECTED.npy

A process of its own, in the environment of tests/formats/readers.py: czmodel 6.2.0, which has the
same import name as the package under test, the parser of napari-czann-segment, and ONNX Runtime.
(czmodel 3.0.0 reads nothing.) Prints a JSON object: what both read, and the largest
difference to what was expected.
"""
import importlib.util
import json
import os
import pathlib
import sys
import tempfile

import numpy as np
import onnxruntime
from czmodel.core.util import _extract_model


def read_by_czmodel(path, folder):
    is_czann = path.endswith('.czann')
    read = _extract_model.extract_czann_model if is_czann else _extract_model.extract_czseg_model
    metadata, network = read(path, folder)
    found: dict = {'classes': [getattr(item, 'name', item) for item in metadata.classes]}
    if is_czann:
        found.update(id=str(metadata.model_id), type=metadata.model_type.value,
                     min_overlap=metadata.min_overlap, input_shape=metadata.input_shape,
                     output_shape=metadata.output_shape, name=metadata.model_name)
    else:
        found.update(border=int(metadata.border_size), pixel_types=str(metadata.pixel_types))
    return found, network


def read_by_napari(path, folder):
    """The parser alone, without the widget's dependencies."""
    package = importlib.util.find_spec('napari_czann_segment')
    parser = os.path.join(package.submodule_search_locations[0], 'czseg_parser.py')
    spec = importlib.util.spec_from_file_location('czseg_parser', parser)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    metadata, network, is_bgr, colours = module.extract_czseg_model(path, folder)
    return {'classes': list(metadata.classes), 'min_overlap': list(metadata.min_overlap),
            'is_bgr': is_bgr, 'colours': [list(colour) for colour in colours]}, network


def difference(network, fed, expected):
    session = onnxruntime.InferenceSession(str(network), providers=['CPUExecutionProvider'])
    port, = session.get_inputs()
    answer, = session.run(None, {port.name: fed})
    assert answer.shape == expected.shape, (answer.shape, expected.shape)
    return float(np.abs(answer - expected).max())


def main():
    path, fed, expected = sys.argv[1:]
    fed, expected = np.load(fed), np.load(expected)
    readers = [read_by_czmodel] + ([] if path.endswith('.czann') else [read_by_napari])
    result = {}
    for read in readers:
        with tempfile.TemporaryDirectory() as folder:
            found, network = read(path, pathlib.Path(folder))
            result[read.__name__] = {**found, 'difference': difference(network, fed, expected)}
    print(json.dumps(result))


if __name__ == '__main__':
    main()
