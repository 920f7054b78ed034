# SPDX-License-Identifier: Apache-2.0
"""The results of the calls: dataclasses, which a notebook shows as tables.

The fields have the names of the keys in docs/json.md; `raw` keeps the whole JSON object, also what
this version of the package does not know. Sizes are in pixels, memory in bytes, shapes in the order
batch, height, width, channels with None for what is not known.
"""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple, Union

from ._records import Conversion, Finding, Record, nested

__all__ = ['Border', 'Check', 'Class', 'Comparison', 'Conversion', 'Difference', 'Finding',
           'Inspection', 'Layer', 'Metadata', 'Network', 'Product', 'Record', 'Rule', 'Signature',
           'Tensor', 'TileMemory', 'Verification']

Shape = Optional[List[Optional[int]]]


@dataclass(frozen=True)
class Rule(Record):
    """A rule, what it judges, its outcome ('passed', 'found' or 'not checked'), and what is true if it
    passed."""
    rule: str
    subject: str
    outcome: str
    statement: str = ''


@dataclass(frozen=True)
class Product(Record):
    """A product that accepts the model, and its oldest version that does."""
    product: str
    since: str


@dataclass(frozen=True)
class Check(Record):
    """The result of czmodel.check().

    Attributes:
        kind: 'specification', 'SavedModel' or 'CZModel'.
        model_version: of the container, or of the one that a conversion would write.
        ok: whether no rule is broken.
        status: exit status of the program, 0 to 3.
        zen: the products that accept the model; empty unless `ok`.
        findings: in the order in which they were made.
        rules: every rule and its outcome.
    """
    kind: str
    model_version: str
    ok: bool
    status: int
    zen: List[Product] = nested(Product)
    findings: List[Finding] = nested(Finding)
    rules: List[Rule] = nested(Rule)


@dataclass(frozen=True)
class Tensor(Record):
    """An input or output of the network."""
    name: str
    dtype: str
    shape: Shape


@dataclass(frozen=True)
class Signature(Record):
    name: str
    inputs: List[Tensor] = nested(Tensor)
    outputs: List[Tensor] = nested(Tensor)


@dataclass(frozen=True)
class Class(Record):
    """A class: its name, its label value from 1, its colour as [red, green, blue] of 0 to 255."""
    name: str
    label: int
    colour: List[int]


@dataclass(frozen=True)
class Metadata(Record):
    """The metadata in a specification or a container; `border_size` in pixels, `scaling` in metres
    a pixel or None, `type` as a .czann calls it, `unit_range` whether the network takes pixels from 0
    to 1 instead of the values of `pixel_type`."""
    model_name: str
    color_handling: str
    pixel_type: str
    border_size: int
    postprocessing: str
    type: str
    unit_range: bool
    scaling: Optional[List[float]]
    classes: List[Class] = nested(Class)


@dataclass(frozen=True)
class TileMemory(Record):
    """What one tile needs, in bytes; an estimate. `largest_tile` is the side in pixels of the
    largest square tile that fits, `tile_multiple` what the sides must be multiples of."""
    known: bool
    unknown_at: str
    weights: int
    activations: int
    workspace: int
    peak: int
    peak_at: str
    limit: int
    largest_tile: Optional[int]
    tile_multiple: Optional[int]


@dataclass(frozen=True)
class Border(Record):
    """How far an output pixel sees: `receptive_field` is 'bounded', 'unbounded' or 'unknown',
    `border` in pixels or None, `reason` the layer that makes it so."""
    receptive_field: str
    border: Optional[int]
    reason: str


@dataclass(frozen=True)
class Layer(Record):
    """The nodes that share a name; `inputs` are indices into the list of layers."""
    name: str
    op: str
    shape: Shape
    parameters: int
    receptive_field: Union[Tuple[int, int], str, None]
    inputs: List[int]


@dataclass(frozen=True)
class Network(Record):
    """A network.

    Attributes:
        opset: operator set of a network in ONNX, of which no memory, border, layers and signatures
            are given; None for a SavedModel.
        exporter: version of TensorFlow, or what wrote the ONNX file; '' if the file does not tell it.
        needs: TensorFlow that the files need as they are: '2.0.0' or 'newer'; '' for ONNX.
        newer: what in them TensorFlow 2.0.0 does not know.
        signatures: all; `signature` is the one that is described.
        input, output: its ends.
        parameters, weight_bytes: of the variables that inference reads.
        ops: {operation: how often} of the network as it would stand in a CZModel.
        tile_memory, border, layers: see their classes.
    """
    opset: Optional[int]
    exporter: str
    needs: str
    newer: List[str]
    signature: str
    parameters: int
    weight_bytes: int
    ops: Dict[str, int]
    signatures: List[Signature] = nested(Signature)
    input: Tensor = nested(Tensor)
    output: Tensor = nested(Tensor)
    tile_memory: TileMemory = nested(TileMemory)
    border: Border = nested(Border)
    layers: List[Layer] = nested(Layer)


@dataclass(frozen=True)
class Inspection(Record):
    """The result of czmodel.inspect().

    Attributes:
        kind: 'specification', 'SavedModel', 'ONNX', or 'CZModel' for every container.
        model_version, model_id: of a container, else ''.
        metadata: None for a SavedModel or an ONNX file.
        network: None if it could not be read.
        svg: the layers as a picture.
    """
    kind: str
    model_version: str
    model_id: str
    svg: str = dataclasses.field(repr=False)
    metadata: Optional[Metadata] = nested(Metadata)
    network: Optional[Network] = nested(Network)


@dataclass(frozen=True)
class Difference(Record):
    """One place where two models differ: section 'metadata', 'graph' or 'weights', the key, layer
    or variable, and what each model has there, '' for nothing."""
    section: str
    where: str
    a: str
    b: str


@dataclass(frozen=True)
class Comparison(Record):
    """The result of czmodel.diff(); `same` is True if there is no difference."""
    same: bool
    differences: List[Difference] = nested(Difference)


@dataclass(frozen=True)
class Verification(Record):
    """What czmodel.verify() found by running the network; docs/json.md describes the objects.

    Attributes:
        ok: whether no check has failed.
        network: what was run.
        runtime: the engine in which it was run.
        image: the file of the image; None for a generated one.
        tile: size, border, number, time and memory of a tile.
        probabilities: the range of all values, and how far their sum is from 1.
        edges: how far a tile's edges affect the result.
    """
    ok: bool
    network: str
    runtime: str
    image: Optional[str]
    tile: Dict[str, Any]
    probabilities: Dict[str, Any]
    edges: Optional[Dict[str, Any]]
