# SPDX-License-Identifier: Apache-2.0
"""The messages that the sources of src/read/keras contain, as regular expressions, and the classes that they reject.

tests/keras/rejections.py compares them with the messages that it has provoked.
"""
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = os.path.join(ROOT, 'src', 'read', 'keras')
# The function that reports, and which of its arguments is the message.
REPORTS = {'czm_keras_fail': 2, 'czm_keras_fail_damaged': 1, 'czm_keras_refuse': 5, 'damaged': 2, 'fail_layer': 2,
           'czm_report_add': 4}
UNTESTED = {
    'reading failed: %s',  # a disk that fails
    'the model calls layers too often',  # the budget of work ends before
    'the layer has no weight "%s"',  # layers.def gives each layer those that its function reads
}


def arguments(text, at):
    """The arguments of a call in C; `at` is the position after its parenthesis."""
    found, depth, start, quoted = [], 1, at, False
    while depth:
        if quoted:
            at += text[at] == '\\'
            quoted = text[at] != '"' or text[at - 1] == '\\'
        elif text[at] == '"':
            quoted = True
        else:
            depth += (text[at] in '([{') - (text[at] in ')]}')
            if depth == 0 or (depth == 1 and text[at] == ','):
                found.append(text[start:at])
                start = at + 1
        at += 1
    return found


def messages():
    """(file, message as the source has it)"""
    for path in sorted(glob.glob(os.path.join(glob.escape(SOURCES), '*.c'))):
        with open(path, encoding='utf-8') as file:
            text = file.read()
        for call in re.finditer(r'(?<![\w"])(%s)\(' % '|'.join(REPORTS), text):
            given = arguments(text, call.end())
            index = REPORTS[call.group(1)]
            # "a ? b : c" is several messages.
            choices = re.split(r'[?:](?=(?:[^"]*"[^"]*")*[^"]*$)', given[index]) if len(given) > index else []
            for choice in choices:
                message = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', choice)).replace('\\"', '"')
                if message not in ('', '%s'):
                    yield os.path.basename(path), message


def unprovoked(lines):
    """The messages that none of these lines contains."""
    seen = '\n'.join(lines)
    for file, message in messages():
        words = re.split(r'(%(?:s|zu|lld|d))', message)
        pattern = ''.join('.*' if word == '%s' else r'-?\d+' if word.startswith('%') else re.escape(word)
                          for word in words)
        if message not in UNTESTED and not re.search(pattern, seen):
            yield f'{file}: {message}'


def rejected_classes():
    with open(os.path.join(SOURCES, 'classes.c'), encoding='utf-8') as file:
        return re.findall(r'^    \{"(\w+)", ', file.read(), re.MULTILINE)
