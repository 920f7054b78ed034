# SPDX-License-Identifier: Apache-2.0
"""What the converters have in common: they unpack containers."""
from __future__ import annotations

import os
import zipfile
from pathlib import Path as FilePath
from typing import Any, Generic, Tuple, TypeVar

from ... import errors
from ..._library import Path

__all__ = ['UnpackModel']

Metadata = TypeVar('Metadata')


class UnpackModel(Generic[Metadata]):
    """A converter that unpacks its containers."""
    _metadata_suffix: str

    def unpack_model(self, model_file: Path, target_dir: Path) -> Tuple[Metadata, FilePath]:
        """Unpacks a container into a folder.

        Returns:
            The metadata, and the path of the network in the folder.

        Raises:
            InvalidModelError: the file is no such container.
        """
        try:
            with zipfile.ZipFile(os.fspath(model_file)) as container:
                container.extractall(os.fspath(target_dir))
                names = container.namelist()
        except zipfile.BadZipFile as error:
            raise errors.InvalidModelError(f'{os.fspath(model_file)}: this is not a ZIP archive') from error
        metadata, network = (next((os.path.join(os.fspath(target_dir), name) for name in names
                                   if name.endswith(suffix)), None) for suffix in (self._metadata_suffix, '.model'))
        if not metadata or not network:
            raise errors.InvalidModelError(f'{os.fspath(model_file)}: the container must contain a file '
                                           f'*{self._metadata_suffix} and a file *.model')
        return self._read_metadata(metadata), FilePath(network)

    @staticmethod
    def _read_metadata(path: str) -> Any:
        raise NotImplementedError
