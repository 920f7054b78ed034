# SPDX-License-Identifier: Apache-2.0
"""The system of a program or library, and its requirements, read from its first bytes.

Layouts: the System V ABI (ELF), Microsoft's "PE Format", and Apple's mach-o/loader.h.
"""
import struct

ELF_MACHINES = {62: 'x86_64', 183: 'aarch64'}
PE_MACHINES = {0x8664: 'x86_64'}
MACH_MACHINES = {0x01000007: 'x86_64', 0x0100000c: 'arm64'}
LC_LOAD_DYLIB, LC_CODE_SIGNATURE, LC_BUILD_VERSION = 0xc, 0x1d, 0x32
IMPORTS = 1  # the entry of the table of data directories


def unpack(layout, data, at):
    return struct.unpack_from('<' + layout, data, at)


def text(data, at):
    return data[at:data.index(b'\0', at)].decode()


def pe_imports(data, header):
    """The names of the DLLs that a PE32+ file needs."""
    sections, = unpack('H', data, header + 6)
    optional_size, = unpack('H', data, header + 20)
    table = header + 24 + optional_size

    def offset(address):
        for section in range(table, table + 40 * sections, 40):
            size, start, raw_size, raw = unpack('4I', data, section + 8)
            if start <= address < start + max(size, raw_size):
                return address - start + raw
        raise ValueError(f'address {address:#x} is in no section')

    address, _ = unpack('2I', data, header + 24 + 112 + 8 * IMPORTS)
    entry, names = offset(address), []
    while (name := unpack('5I', data, entry)[3]):
        names.append(text(data, offset(name)).lower())
        entry += 20
    return names


def mach_commands(data):
    """(command, its place)"""
    at = 32
    for _ in range(unpack('I', data, 16)[0]):
        command, size = unpack('2I', data, at)
        yield command, at
        at += size


def machine(data):
    """Such as ('elf', 'x86_64')."""
    if data.startswith(b'\x7fELF'):
        return 'elf', ELF_MACHINES[unpack('H', data, 18)[0]]
    if data.startswith(b'MZ'):
        return 'pe', PE_MACHINES[unpack('H', data, unpack('I', data, 60)[0] + 4)[0]]
    if data.startswith(b'\xcf\xfa\xed\xfe'):
        return 'mach-o', MACH_MACHINES[unpack('I', data, 4)[0]]
    raise ValueError(f'neither ELF nor PE nor Mach-O: {data[:4]}')


def needed(data):
    """The libraries that Windows or macOS must have."""
    if data.startswith(b'MZ'):
        return pe_imports(data, unpack('I', data, 60)[0])
    return [text(data, at + unpack('I', data, at + 8)[0])
            for command, at in mach_commands(data) if command == LC_LOAD_DYLIB]


def oldest_macos(data):
    """(major, minor)"""
    place, = (at for command, at in mach_commands(data) if command == LC_BUILD_VERSION)
    version, = unpack('I', data, place + 12)
    return version >> 16, version >> 8 & 255


def is_signed(data):
    return LC_CODE_SIGNATURE in dict(mach_commands(data))
