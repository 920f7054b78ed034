# SPDX-License-Identifier: Apache-2.0
"""From what Python's users say to the C library's options."""
from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any, Callable, Sequence, Union

from . import _binding as c
from . import _export
from ._library import Call, integer, new, path_bytes, text_bytes, texts

if TYPE_CHECKING:
    from typing import TypedDict

    class CommonOptions(TypedDict, total=False):
        """Keywords that the docstring of czmodel.convert describes."""
        border: Union[int, str]
        allow: Union[str, Sequence[str]]
        strict: bool
        signature: str
        output: str
        config: Union[str, os.PathLike[str]]
        as_is: bool
        memory: int
        format: str
        zen: str
        value_range: str
        layout: str
        extension: str
        progress: Callable[[int, int], Any]

    class Options(CommonOptions, total=False):
        """In czmodel.v3 this one is a parameter."""
        postprocessing: Any


# What the model is called in messages if it was exported to a temporary folder.
EXPORTED = 'model'


def json_text(text):
    """The text as it stands in JSON."""
    return text.replace('\\', '\\\\')


class Task(Call):
    """A call about a model, with its options, and a place for what Keras exports meanwhile."""

    def __init__(self, source):
        super().__init__()
        self.options = new(c.czm_options)
        self.folders = []
        try:
            self.take_source(source)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *arguments):
        for folder in self.folders:
            folder.cleanup()
        super().__exit__(*arguments)

    def folder(self) -> str:
        """The path of a folder that is removed with the task."""
        from tempfile import TemporaryDirectory  # slow to import
        self.folders.append(TemporaryDirectory(prefix='czmodel-'))
        return os.path.join(self.folders[-1].name, EXPORTED)

    def findings(self):
        """The findings without the paths of temporary folders, which are removed before a user reads them."""
        return [type(found)(**{name: self.without_folders(text)
                               for name, text in vars(found).items()})
                for found in super().findings()] if self.folders else super().findings()

    def text(self, name, *arguments):
        return self.without_folders(super().text(name, *arguments))

    def without_folders(self, text):
        for folder in self.folders:
            for path in (folder.name + os.sep, folder.name + '/'):
                text = text.replace(path, '').replace(json_text(path), '')
        return text

    # ---- the source

    def take_source(self, source):
        """A specification, a model of any kind, or a CZModel."""
        if hasattr(source, 'model_metadata'):
            model = path_bytes(_export.saved_model_of(source.model, self), 'model')
            self.options.metadata = ctypes.pointer(source.struct(model))
            if source.model_metadata.model_id is not None:
                self.options.model_id = text_bytes(str(source.model_metadata.model_id), 'model_id')
        else:
            self.options.source_path = path_bytes(_export.saved_model_of(source, self), 'model')

    # ---- options

    def take(self, spatial_dims=None, preprocessing=None, postprocessing=None, **more):
        """The options of a conversion; see the docstring of czmodel.convert."""
        for name, value in more.items():
            if name not in TAKERS:
                raise TypeError(f'there is no option {name!r}; there are postprocessing, '
                                f'{", ".join(TAKERS)}')
            TAKERS[name](self, name, value)
        if spatial_dims is not None:
            self.options.spatial_height, self.options.spatial_width = two_sizes(spatial_dims)
        self.take_list('preprocessing', self.steps(sequence(preprocessing), self.input))
        self.take_list('postprocessing', self.steps(sequence(postprocessing), self.output))

    def take_list(self, name, values):
        items = [text_bytes(value, name) for value in sequence(values)]
        setattr(self.options, name, texts(items))
        setattr(self.options, name + '_count', len(items))

    def take_text(self, name, value):
        setattr(self.options, name, None if value is None else text_bytes(value, name))

    def take_path(self, name, value):
        setattr(self.options, name, None if value is None else path_bytes(value, name))

    def take_border(self, name, value):
        self.take_text(name, value if value is None or isinstance(value, str)
                       else str(integer(value, name)))

    def take_flag(self, name, value):
        setattr(self.options, name, bool(value))

    def take_memory(self, name, value):
        self.allow_memory(value)

    def take_progress(self, name, value):
        self.options.progress = self.observed(value)

    # ---- pre- and postprocessing

    def steps(self, layers, port_of_network):
        """The library's words for each layer; a user's own layer becomes a SavedModel."""
        port = None
        for layer in layers:
            step = layer if isinstance(layer, str) else step_of(layer)
            if step is None:
                port = port or port_of_network()
                step, port = self.exported(layer, *port)
            yield step

    def exported(self, layer, shape, dtype):
        if _export.home_of(layer) is None:
            raise TypeError('preprocessing and postprocessing: a Keras layer or the text of a step is '
                            f'required, not {layer!r}')
        folder = self.folder()
        shape = _export.export_layer(layer, shape, dtype, folder)
        return f'model={folder}', (shape, dtype)

    def input(self):
        """Shape and type of the network's input, at its new size."""
        shape, dtype = self.port('input')
        if self.options.spatial_height:
            shape[1:3] = self.options.spatial_height, self.options.spatial_width
        return shape, dtype

    def output(self):
        """Shape and type of the network's output; a new size leaves height and width open."""
        shape, dtype = self.port('output')
        if self.options.spatial_height:
            shape[1:3] = [None] * len(shape[1:3])
        return shape, dtype

    def port(self, name):
        found = new(c.czm_inspection)
        with Call() as call:
            call.allow_memory(self.memory)
            call.checked('czm_inspect', self.options, found)
            port = getattr(found, name)
            shape = [None if port.dims[i] < 0 else port.dims[i] for i in range(port.rank)]
            return shape, port.dtype.decode()


TAKERS = {
    'border': Task.take_border,
    'allow': Task.take_list,
    'strict': Task.take_flag,
    'signature': Task.take_text,
    'output': Task.take_text,
    'config': Task.take_path,
    'as_is': Task.take_flag,
    'memory': Task.take_memory,
    'format': Task.take_text,
    'zen': Task.take_text,
    'value_range': Task.take_text,
    'layout': Task.take_text,
    'extension': Task.take_text,
    'progress': Task.take_progress,
}


def step_of(layer):
    """The library's name for a layer, if its own class has one; a subclass may compute anything."""
    step = vars(type(layer)).get('_czmodel_step')
    return step(layer) if callable(step) else step


def sequence(value):
    """None, one, or several: always several."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) or not hasattr(value, '__iter__') else value


def two_sizes(spatial_dims):
    """(height, width) of a tuple, list or array of two."""
    try:
        height, width = spatial_dims
    except (TypeError, ValueError):
        raise TypeError('spatial_dims: height and width are required, such as (512, 512), not '
                        f'{spatial_dims!r}') from None
    height, width = integer(height, 'spatial_dims'), integer(width, 'spatial_dims')
    if height < 1 or width < 1:
        raise ValueError(f'spatial_dims: height and width in pixels are required, not {spatial_dims!r}')
    return height, width
