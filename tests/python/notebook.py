# SPDX-License-Identifier: Apache-2.0
"""Executes a Jupyter notebook without Jupyter: cell by cell, in one namespace.

    notebook.py NOTEBOOK.ipynb      executes it and writes what it shows into the file
"""
import ast
import base64
import contextlib
import io
import json
import sys


def run_cell(source, names):
    """Executes a cell; returns what it prints, and the value of a last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, 'cell', 'exec'), names)
        value = eval(compile(ast.Expression(last.value), 'cell', 'eval'), names) if last else None
    return printed.getvalue(), value


def code_cells(notebook):
    return [cell for cell in notebook['cells'] if cell['cell_type'] == 'code']


def execute(path):
    """The namespace after all cells."""
    names = {'__name__': 'notebook'}
    for cell in code_cells(read(path)):
        run_cell(''.join(cell['source']), names)
    return names


def shown(value):
    """The representations of a value that Jupyter would store."""
    data = {'text/plain': [repr(value)]}
    if hasattr(value, '_repr_html_'):
        data = {'text/html': [value._repr_html_()], 'text/plain': [type(value).__name__]}
    if hasattr(value, '_repr_png_'):
        data = {'image/png': base64.b64encode(value._repr_png_()).decode(),
                'text/plain': [type(value).__name__]}
    return data


def outputs(printed, value, count):
    if printed:
        yield {'output_type': 'stream', 'name': 'stdout', 'text': printed.splitlines(True)}
    if value is not None:
        yield {'output_type': 'execute_result', 'execution_count': count, 'metadata': {},
               'data': shown(value)}


def read(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def main(path):
    notebook, names = read(path), {'__name__': 'notebook'}
    for count, cell in enumerate(code_cells(notebook), 1):
        cell['execution_count'] = count
        cell['outputs'] = list(outputs(*run_cell(''.join(cell['source']), names), count))
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(notebook, file, indent=1, ensure_ascii=False)
        file.write('\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
