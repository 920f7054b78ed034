# SPDX-License-Identifier: Apache-2.0
"""The base of the records, and those that every conversion needs. Creating a dataclass takes time,
so the many others are in reports.py, which is imported when it is needed."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Mapping


def nested(kind):
    """A field that contains one `kind`, a list of them, or None."""
    return dataclasses.field(metadata={'kind': kind})


def nest(kind, value):
    if kind is None or value is None:
        return value
    return [kind.of(item) for item in value] if isinstance(value, list) else kind.of(value)


@dataclass(frozen=True)
class Record:
    """A JSON object as a dataclass."""
    raw: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def of(cls, values: Dict[str, Any]):
        record = cls(**{field.name: nest(field.metadata.get('kind'), values[field.name])
                        for field in dataclasses.fields(cls) if field.name in values})
        object.__setattr__(record, 'raw', values)
        return record

    def __str__(self) -> str:
        from . import _text
        return _text.page(self)

    def _repr_html_(self) -> str:
        from . import _html
        return _html.page(self)


@dataclass(frozen=True)
class Finding(Record):
    """One fault or remark.

    Attributes:
        rule: stable id of the rule, such as 'class-count'.
        severity: 'error' (no file is written), 'warning' or 'note'.
        where: file, key, layer or node.
        finding: what was found.
        why: the rule in one sentence, with its source.
        hint: how to repair it.
    """
    rule: str
    severity: str
    where: str
    finding: str
    why: str
    hint: str

    def __str__(self) -> str:
        place = f'{self.where}: ' if self.where else ''
        advice = f' ({self.hint})' if self.hint else ''
        return f'{place}{self.finding}{advice} [{self.rule}]'


@dataclass(frozen=True)
class Conversion(Record):
    """The result of a conversion.

    Attributes:
        path: the file that was written.
        model_id: its UUID.
        size: its size in bytes.
        class_count: classes in its metadata.
        findings: warnings and notes.
    """
    path: str
    model_id: str
    size: int
    class_count: int
    findings: List[Finding]
