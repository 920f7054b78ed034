# SPDX-License-Identifier: Apache-2.0
"""Reports as text, for print(): a line for each value, then a block for each list."""
from __future__ import annotations

import dataclasses

from ._html import is_table, text
from ._records import Finding, Record

# Of long lists that are seldom read, only the length is printed.
COUNTED = ('rules', 'signatures')
HIDDEN = ('svg',)


def page(record: Record, indent: str = '') -> str:
    """The record and everything inside it."""
    lines = []
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name not in HIDDEN:
            lines += part(field.name.replace('_', ' '), field.name, value, indent)
    return '\n'.join(lines)


def part(label, name, value, indent):
    if isinstance(value, Record):
        return [f'{indent}{label}:', page(value, indent + '  ')]
    if name in COUNTED:
        return [f'{indent}{label}: {len(value)}']
    if is_table(value):
        return [f'{indent}{label}:', *(f'{indent}  {line(item)}' for item in value)]
    return [f'{indent}{label}: {text(name, value) or "-"}']


def line(record: Record) -> str:
    """A record of a list."""
    if isinstance(record, Finding):
        return f'{record.severity}: {record}'
    return ', '.join(f'{field.name.replace("_", " ")} {text(field.name, getattr(record, field.name))}'
                     for field in dataclasses.fields(record))
