# SPDX-License-Identifier: Apache-2.0
"""Writes the ctypes binding of libczm from its public header, so that no layout is told twice.

    make_binding.py czm.h _binding.py

The header is read as the dialect of C in which it is written: enums with values, structs of plain
members, one callback type and functions marked CZM_API. Anything else is an error. The result holds
a Structure per struct, an int per enumerator, and the table FUNCTIONS of (result, arguments).
"""
import re
import sys

NUMBERS = {
    'void': 'None', 'bool': 'c_bool', 'int': 'c_int', 'size_t': 'c_size_t', 'int64_t': 'c_int64',
    'uint64_t': 'c_uint64', 'uint8_t': 'c_uint8', 'char': 'c_char', 'double': 'c_double',
}
ENUM = re.compile(r'typedef enum (\w+) \{(.*?)\} \1;', re.S)
STRUCT = re.compile(r'typedef struct (\w+) \{(.*?)\} \1;', re.S)
OPAQUE = re.compile(r'typedef struct (\w+) \1;')
CALLBACK = re.compile(r'typedef (\w+) \(\*(\w+)\)\((.*?)\);', re.S)
FUNCTION = re.compile(r'CZM_API ([^;]*?)(\w+)\(([^;]*?)\);', re.S)
ARRAY = re.compile(r'(\w+)\[(\d+)\]$')


class Binding:
    """The types that the header has declared so far, by their ctypes names."""

    def __init__(self):
        self.types = dict(NUMBERS)

    def type_of(self, words):
        """'const char *const *' -> 'POINTER(c_char_p)'"""
        stars = words.count('*')
        name = words.replace('*', ' ').replace('const', ' ').replace('struct', ' ').strip()
        result = self.types[name]
        if stars and name in ('char', 'void'):
            result, stars = 'c_' + name + '_p', stars - 1
        for _ in range(stars):
            result = f'POINTER({result})'
        return result

    def member(self, declaration):
        """'const char *a, *b' -> [('a', 'c_char_p'), ('b', 'c_char_p')]"""
        base = re.match(r'(?:const )?(?:struct )?\w+', declaration).group()
        for declarator in declaration[len(base):].split(','):
            *words, name = re.findall(r'\*|const|\w+(?:\[\d+\])?', declarator)
            size = ARRAY.match(name)
            kind = self.type_of(base + ' '.join(words))
            yield (size.group(1), f'{kind} * {size.group(2)}') if size else (name, kind)

    def parameters(self, text):
        """Types of 'void' or of 'const char *a, czm_report *report'."""
        if text.strip() == 'void':
            return []
        return [self.type_of(re.sub(r'\w+$', '', parameter.strip()))
                for parameter in text.split(',')]

    def enum(self, name, body):
        self.types[name] = 'c_int'
        for entry in filter(None, map(str.strip, body.split(','))):
            key, value = entry.split(' = ')
            yield f'{key} = {value}'

    def struct(self, name, body):
        self.types[name] = name
        yield f'class {name}(Structure):'
        yield '    _fields_ = ['
        for declaration in filter(None, map(str.strip, body.split(';'))):
            for member, kind in self.member(declaration):
                yield f'        ({member!r}, {kind}),'
        yield '    ]\n\n'

    def opaque(self, name):
        self.types[name] = name
        yield f'class {name}(Structure):'
        yield '    """Only the library knows what is in it."""\n\n'

    def callback(self, result, name, parameters):
        self.types[name] = name
        kinds = ', '.join([self.type_of(result), *self.parameters(parameters)])
        yield f'{name} = CFUNCTYPE({kinds})'


def plain(header):
    """The header without comments, preprocessor lines and the braces of extern "C"."""
    text = re.sub(r'//.*', '', header)
    text = re.sub(r'^#(?:.*\\\n)*.*\n', '', text, flags=re.M)
    return re.sub(r'extern "C" \{|^\}$', '', text, flags=re.M)


def declarations(text):
    """Each top-level declaration, whole."""
    start = depth = 0
    for at, character in enumerate(text):
        depth += {'{': 1, '}': -1}.get(character, 0)
        if character == ';' and depth == 0:
            yield text[start:at + 1].strip()
            start = at + 1
    if text[start:].strip():
        raise ValueError(f'no declaration: {text[start:].strip()[:200]}')


def binding_of(header):
    """The lines of the binding."""
    binding = Binding()
    kinds = ((ENUM, binding.enum), (STRUCT, binding.struct), (OPAQUE, binding.opaque),
             (CALLBACK, binding.callback))
    functions = []
    yield '# SPDX-License-Identifier: Apache-2.0'
    yield '"""Made from include/czm.h by python/make_binding.py."""'
    yield ('from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, '
           'c_int,\n                    c_int64, c_size_t, c_uint8, c_uint64, c_void_p)\n')
    for declaration in declarations(plain(header)):
        function = FUNCTION.fullmatch(declaration)
        if function:
            result, name, parameters = function.groups()
            functions.append((name, binding.type_of(result), binding.parameters(parameters)))
            continue
        match, kind = next(((pattern.fullmatch(declaration), kind) for pattern, kind in kinds
                            if pattern.fullmatch(declaration)), (None, None))
        if not match:
            raise ValueError(f'not understood: {declaration}')
        yield from kind(*match.groups())
    yield '\nFUNCTIONS = {'
    for name, result, arguments in functions:
        yield f'    {name!r}: ({result}, [{", ".join(arguments)}]),'
    yield '}'


def main(header, target):
    with open(header, encoding='utf-8') as file:
        lines = list(binding_of(file.read()))
    with open(target, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
