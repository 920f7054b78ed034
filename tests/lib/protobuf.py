# SPDX-License-Identifier: Apache-2.0
"""Protocol buffers as far as tests need them: the fields of a message, written and read one by one."""


# --------------------------------------------- writing

def varint(value):
    value &= 0xffffffffffffffff
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


# --------------------------------------------- reading

def read_varint(content, at):
    """(value, position after it)"""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(content):
    """Yields (number, value) of each field; a value is an int, or bytes for all other kinds."""
    at = 0
    while at < len(content):
        key, at = read_varint(content, at)
        if key & 7 == 0:
            value, at = read_varint(content, at)
            yield key >> 3, value
            continue
        size, at = {1: (8, at), 5: (4, at)}.get(key & 7) or read_varint(content, at)
        yield key >> 3, content[at:at + size]
        at += size


def every(content, field):
    return [value for found, value in fields(content) if found == field]


def first(content, field, default=b''):
    return next((value for found, value in fields(content) if found == field), default)


def string_map(content, field):
    """A map with strings as keys: entries of key=1, value=2."""
    return {first(entry, 1).decode(): first(entry, 2) for entry in every(content, field)}
