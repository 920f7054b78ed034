# SPDX-License-Identifier: Apache-2.0
"""A user's program, for type checkers: mypy --strict and pyright must accept it and know its types."""
from pathlib import Path
from typing import List, Optional

import czmodel
from czmodel.convert import convert_from_json_spec, convert_from_model_spec
from czmodel.model_metadata import ModelMetadata, ModelSpec
from czmodel.util.preprocessing import PerImageStandardization, RgbToBgr
from czmodel.v3.convert import DefaultConverter
from czmodel.v3.model_metadata import ModelMetadata as LaterMetadata
from czmodel.v3.model_metadata import ModelSpec as LaterSpec
from czmodel.v3.model_metadata import ModelType
from czmodel.v6.core.model_metadata import ModelMetadata as NewestMetadata
from czmodel.v6.core.model_metadata import ModelType as NewestType
from czmodel.v6.core.util.model_packing import create_model_zip
from czmodel.v6.pytorch.convert import DefaultConverter as NewestConverter
from czmodel.v6.pytorch.model_spec import ModelSpec as NewestSpec


def convert(model: Path, folder: Path) -> str:
    metadata = ModelMetadata.from_params(name='nuclei', color_handling='ConvertToMonochrome',
                                         pixel_type='Gray16', classes=['a', 'b'], border_size=24)
    result = convert_from_model_spec(ModelSpec(model, metadata), folder, 'nuclei',
                                     spatial_dims=(512, 512), preprocessing=[RgbToBgr(), 'scale=0.5'],
                                     postprocessing='softmax', border='auto', strict=True)
    path: str = result.path
    return path


def convert_later(model: Path, folder: Path) -> None:
    metadata = LaterMetadata(model_type=ModelType.SINGLE_CLASS_SEMANTIC_SEGMENTATION,
                             input_shape=[512, 512, 3], output_shape=[512, 512, 2],
                             classes=['a', 'b'], model_name='cells', min_overlap=[90, 90])
    DefaultConverter().convert_from_model_spec(model_spec=LaterSpec(model=model, model_metadata=metadata),
                                               output_path=folder, output_name='cells')


def convert_newest(network: Path, folder: Path) -> str:
    metadata = NewestMetadata(model_type=NewestType.SINGLE_CLASS_SEMANTIC_SEGMENTATION, input_shape=[512, 512, 3],
                              output_shape=[512, 512, 2], classes=['a', 'b'], scaling=(1e-7, 1e-7))
    spec = NewestSpec(str(network), metadata)
    spec.license_file = folder / 'LICENSE'
    result = NewestConverter().convert_from_model_spec(spec, folder, input_shape=(3, 512, 512), output_name='cells')
    packed = create_model_zip(network.read_bytes(), metadata, result.path)
    return packed.path


def look(path: Path) -> List[str]:
    found: List[str] = []
    try:
        convert_from_json_spec(path, 'out', preprocessing=PerImageStandardization())
    except czmodel.ConversionError as error:
        found += [finding.rule for finding in error.findings]
    verdict = czmodel.check(path)
    if not verdict.ok:
        found += [finding.hint for finding in verdict.findings]
    height: Optional[int] = None
    network = czmodel.inspect(path).network
    if network and network.input.shape:
        height = network.input.shape[1]
        found.append(f'{network.border.border} {height}')
    if not czmodel.verify(path, image='cells.tif').ok:
        found.append('verify')
    czmodel.unpack(path, 'folder', progress=lambda done, total: done < total)
    return found + [difference.where for difference in czmodel.diff(path, 'other').differences]
