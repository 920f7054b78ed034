# SPDX-License-Identifier: Apache-2.0
"""Reports as HTML, for notebooks: a table of single values, then a table for each list. Everything
is escaped, since names in a model may contain anything."""
from __future__ import annotations

import base64
import dataclasses
from html import escape

from ._records import Record

SWATCH = ('<span style="display:inline-block;width:1em;height:1em;border:1px solid;'
          'background:rgb({},{},{})" title="{} {} {}"></span>')
CELL = '<td style="text-align:left">{}</td>'
# Long lists that are seldom read are collapsed.
FOLDED = ('rules', 'layers', 'signatures')


def page(record: Record) -> str:
    """The record and everything inside it."""
    single, parts = [], []
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name == 'svg':
            parts.append(picture(value))
        elif isinstance(value, Record) or is_table(value):
            parts.append(part(field.name, value))
        else:
            single.append(row(f'<b>{label(field.name)}</b>', cell(field.name, value)))
    return table(single) + ''.join(parts)


def part(name, value) -> str:
    body = page(value) if isinstance(value, Record) else list_table(value)
    tag = '' if name in FOLDED else ' open'
    count = f' ({len(value)})' if isinstance(value, list) else ''
    return f'<details{tag}><summary><b>{label(name)}{count}</b></summary>{body}</details>'


def picture(svg) -> str:
    """As a separate image: its styles would otherwise apply to other drawings in the page."""
    data = base64.b64encode(svg.encode()).decode()
    return f'<img style="max-width:100%" src="data:image/svg+xml;base64,{data}"/>'


def is_table(value) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Record)


def list_table(records) -> str:
    names = [field.name for field in dataclasses.fields(records[0])]
    head = ''.join(f'<th style="text-align:left">{label(name)}</th>' for name in names)
    rows = [row(*(cell(name, getattr(record, name)) for name in names)) for record in records]
    return table([f'<tr>{head}</tr>', *rows])


def table(rows) -> str:
    return f'<table>{"".join(rows)}</table>' if rows else ''


def row(*cells) -> str:
    return f'<tr>{"".join(map(CELL.format, cells))}</tr>'


def label(name) -> str:
    return escape(name.replace('_', ' '))


def cell(name, value) -> str:
    if name in ('colour', 'color'):
        return SWATCH.format(*value, *value)
    return escape(text(name, value))


def text(name, value) -> str:
    """A value as text; the dimensions of a shape are joined by times signs."""
    if isinstance(value, bool):
        return '\u2713' if value else '\u2717'
    if isinstance(value, dict):
        return ', '.join(f'{key} {count}' for key, count in value.items())
    if isinstance(value, list):
        sign = ' \u00d7 ' if name == 'shape' else ', '
        return sign.join(tensor_text(item) if isinstance(item, Record) else text('', item)
                         for item in value)
    return '?' if value is None else str(value)


def tensor_text(tensor) -> str:
    return f'{tensor.name} {tensor.dtype} {text("shape", tensor.shape)}'


def metadata_page(metadata) -> str:
    """A ModelMetadata, with the colours of its classes."""
    single = [row(f'<b>{label(name)}</b>', cell(name, value))
              for name, value in metadata._asdict().items()
              if name != 'classes' and value is not None]
    classes = [row(str(number), cell('color', color), escape(name))
               for number, (name, color) in enumerate(metadata.classes, 1)]
    return table(single) + table(classes)
