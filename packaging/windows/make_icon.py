# SPDX-License-Identifier: Apache-2.0
"""Draws the icon of the programs for Windows: a cell with its nucleus, half of it segmented into classes.

    make_icon.py > packaging/windows/czmodel.ico

Drawn for this project, in the colours of its preview: sizes 16, 24, 32, 48, 64 and 256, as PNG in an ICO.
"""
import math
import struct
import sys
import zlib

SIZES = (16, 24, 32, 48, 64, 256)
SAMPLES = 4  # in each direction of a pixel
CLEAR = (0, 0, 0, 0)
TILE, CELL, NUCLEUS = (24, 32, 46, 255), (94, 108, 132, 255), (208, 216, 230, 255)
CLASS_CELL, CLASS_NUCLEUS = (26, 152, 139, 255), (244, 162, 60, 255)
CORNER = 0.18  # radius of the tile's corners; all in parts of the side


def is_in_tile(x, y):
    dx, dy = (max(CORNER - v, v - (1 - CORNER), 0) for v in (x, y))
    return math.hypot(dx, dy) <= CORNER


def is_in_cell(x, y):
    angle = math.atan2(y - 0.5, x - 0.5)
    return math.hypot(x - 0.5, y - 0.5) <= 0.37 + 0.03 * math.sin(3 * angle + 0.6)


def colour_at(x, y):
    if not is_in_tile(x, y):
        return CLEAR
    is_segmented = x > 0.5
    if math.hypot(x - 0.47, y - 0.53) <= 0.17:
        return CLASS_NUCLEUS if is_segmented else NUCLEUS
    if is_in_cell(x, y):
        return CLASS_CELL if is_segmented else CELL
    return TILE


def pixel(size, column, row):
    """The mean of the samples, colours weighted by their opacity."""
    total = [0, 0, 0, 0]
    for i in range(SAMPLES * SAMPLES):
        x = (column + (i % SAMPLES + 0.5) / SAMPLES) / size
        y = (row + (i // SAMPLES + 0.5) / SAMPLES) / size
        *rgb, alpha = colour_at(x, y)
        total = [a + b * alpha for a, b in zip(total, (*rgb, 1))]
    alpha = total[3]
    return [*(round(value / alpha) if alpha else 0 for value in total[:3]),
            round(alpha / SAMPLES ** 2)]


def chunk(name, data):
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png(size):
    rows = b''.join(b'\0' + bytes(v for column in range(size) for v in pixel(size, column, row))
                    for row in range(size))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', size, size, 8, 6, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(rows, 9)) + chunk(b'IEND', b''))


def main():
    images = [png(size) for size in SIZES]
    at = 6 + 16 * len(images)
    out = struct.pack('<HHH', 0, 1, len(images))
    for size, image in zip(SIZES, images):
        out += struct.pack('<BBBBHHII', size % 256, size % 256, 0, 0, 1, 32, len(image), at)
        at += len(image)
    sys.stdout.buffer.write(out + b''.join(images))


if __name__ == '__main__':
    main()
