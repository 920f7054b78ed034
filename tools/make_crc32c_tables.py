# SPDX-License-Identifier: Apache-2.0
"""Writes src/codec/crc32c_tables.inc: the eight tables of CRC-32C (polynomial 0x1edc6f41, reflected).

    make_crc32c_tables.py > src/codec/crc32c_tables.inc
"""
POLYNOMIAL = 0x82f63b78


def after_byte(crc):
    for _ in range(8):
        crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc


def main():
    tables = [[after_byte(byte) for byte in range(256)]]
    for _ in range(7):
        tables.append([tables[0][crc & 0xff] ^ crc >> 8 for crc in tables[-1]])
    print('// SPDX-License-Identifier: Apache-2.0')
    print('//')
    print('// Made by tools/make_crc32c_tables.py.')
    for table in reversed(tables):
        print('    {')
        for at in range(0, 256, 8):
            print('        ' + ' '.join(f'0x{crc:08x},' for crc in table[at:at + 8]))
        print('    },')


if __name__ == '__main__':
    main()
