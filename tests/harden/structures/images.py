# SPDX-License-Identifier: Apache-2.0
"""Images for verify, which reads them before it looks for an engine."""
import struct
import zlib

from .parts import kind as any_kind, put


def kind(*sizes):
    return any_kind(*sizes, commands=('verify',))


# ---- PNG

def chunk(name, content):
    return struct.pack('>I', len(content)) + name + content + struct.pack('>I', zlib.crc32(name + content))


def png(folder, height, width, chunks, colour=0, interlaced=0):
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, colour, 0, 0, interlaced))
    return put(folder, 'image.png', b'\x89PNG\r\n\x1a\n' + header + b''.join(chunks) + chunk(b'IEND', b''))


def rows(height, width, samples=1):
    return chunk(b'IDAT', zlib.compress(bytes(height * (width * samples + 1)), 9))


@kind(10 ** 3, 10 ** 5, 10 ** 9)
def png_size(folder, n):
    """A header that lies."""
    return png(folder, n, n, [chunk(b'IDAT', b'')])


@kind(1000, 1500, 2000)
def png_zeros(folder, n):
    """A thousandth of its pixels."""
    return png(folder, n, n, [rows(n, n, 3)], colour=2)


@kind(1000, 1500, 2000)
def png_passes(folder, n):
    return png(folder, n, n, [rows(n, n, 2)], colour=4, interlaced=1)


@kind(250, 500, 1000)
def png_texts(folder, n):
    """Texts that unpack to a thousand times their size."""
    text = chunk(b'zTXt', b'k\0\0' + zlib.compress(bytes([65]) * 7_000_000, 9))
    return png(folder, 8, 8, [text] * n + [rows(8, 8)])


@kind(10 ** 5, 10 ** 6, 10 ** 7)
def png_profile(folder, n):
    profile = struct.pack('>I', n) + bytes(32) + b'acsp' + bytes(88) + struct.pack('>I', (n - 132) // 12)
    return png(folder, 8, 8, [chunk(b'iCCP', b'k\0\0' + zlib.compress(profile.ljust(n, b'\0'), 9)), rows(8, 8)])


@kind(10 ** 4, 4 * 10 ** 4, 16 * 10 ** 4)
def png_chunks(folder, n):
    return png(folder, 8, 8, [chunk(b'tEXt', b'k\0v')] * n + [rows(8, 8)])


@kind(10 ** 4, 4 * 10 ** 4, 16 * 10 ** 4)
def png_pieces(folder, n):
    """A byte of the pixels in each chunk."""
    packed = zlib.compress(bytes(n * 5 // 8 * 8), 0)[:n]
    return png(folder, n // 8, 4, [chunk(b'IDAT', packed[i:i + 1]) for i in range(n)])


# ---- JPEG

def segment(marker, content):
    return struct.pack('>BBH', 0xff, marker, len(content) + 2) + content


ONE_CODE = bytes([1]) + bytes(15) # the table has one code, of one bit


def jpeg(folder, content):
    return put(folder, 'image.jpg', b'\xff\xd8' + content + b'\xff\xd9')


def frame(marker, height, width):
    return segment(0xdb, bytes([0]) + bytes([1]) * 64) + segment(marker, struct.pack('>BHHBBBB', 8, height, width, 1, 1, 0x11, 0))


def scan(first, last, bits):
    return segment(0xda, bytes([1, 1, 0, first, last, 0])) + bits


@kind(1000, 4000, 16000)
def jpeg_scans(folder, n):
    """Each scan says in a few bytes that nothing follows in any block."""
    blocks = (2000 // 8) ** 2
    dc = segment(0xc4, bytes([0]) + ONE_CODE + bytes([0]))
    ac = segment(0xc4, bytes([0x10]) + ONE_CODE + bytes([0xe0])) # the end of 2 ** 14 blocks or more
    bits = ('0' + '10' * 7) * (blocks // 27306 + 1)
    ends = int(bits.ljust(-(-len(bits) // 8) * 8, '1'), 2).to_bytes(-(-len(bits) // 8), 'big')
    return jpeg(folder, frame(0xc2, 2000, 2000) + dc + scan(0, 0, bytes(blocks // 8)) + ac + scan(1, 63, ends) * n)


@kind(10 ** 4, 4 * 10 ** 4, 16 * 10 ** 4)
def jpeg_segments(folder, n):
    return jpeg(folder, segment(0xfe, b'') * n + frame(0xc0, 8, 8))


@kind(10 ** 3, 10 ** 4, 65500)
def jpeg_size(folder, n):
    return jpeg(folder, frame(0xc0, n, n) + segment(0xc4, bytes([0]) + ONE_CODE + bytes([0]))
                + segment(0xc4, bytes([0x10]) + ONE_CODE + bytes([0])) + scan(0, 63, bytes(100)))


# ---- TIFF

BYTES, TEXTS, SHORTS, LONGS = 1, 2, 3, 4
WIDTH, HEIGHT, BITS, PACKING, COLOUR, OFFSETS, SAMPLES, ROWS, COUNTS, PLANES = 256, 257, 258, 259, 262, 273, 277, 278, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, TEXT, DEFLATE = 322, 323, 324, 325, 270, 8


class Tiff:
    """Directories of tags: a number, or (type, count, place in the file)."""

    def __init__(self):
        self.data = bytearray(b'II*\0' + bytes(4))
        self.next_at = 4

    def put(self, content):
        place = len(self.data)
        self.data += content + bytes(len(content) % 2)
        return place

    def numbers(self, values):
        return LONGS, len(values), self.put(struct.pack(f'<{len(values)}I', *values))

    def directory(self, tags):
        entries = b''.join(struct.pack('<HHII', tag, *(value if isinstance(value, tuple) else (LONGS, 1, value)))
                           for tag, value in sorted(tags.items()))
        place = self.put(struct.pack('<H', len(tags)) + entries + bytes(4))
        self.data[self.next_at:self.next_at + 4] = struct.pack('<I', place)
        self.next_at = place + 2 + len(entries)
        return place

    def write(self, folder):
        return put(folder, 'image.tif', bytes(self.data))


def usual(height, width, **more):
    return {WIDTH: width, HEIGHT: height, BITS: 8, PACKING: 1, COLOUR: 1, SAMPLES: 1, ROWS: height, **more}


@kind(10 ** 4, 10 ** 5, 4 * 10 ** 5)
def tiff_strips(folder, n):
    """A strip for each row."""
    tiff = Tiff()
    place = tiff.put(bytes(8))
    tiff.directory({**usual(n, 8), ROWS: 1, OFFSETS: tiff.numbers([place] * n), COUNTS: tiff.numbers([8] * n)})
    return tiff.write(folder)


@kind(10 ** 4, 10 ** 6, 4 * 10 ** 9)
def tiff_rows(folder, n):
    """As many rows as a number can say."""
    tiff = Tiff()
    tiff.directory({**usual(n, 1), ROWS: 1, OFFSETS: (LONGS, n, 8), COUNTS: (LONGS, n, 8)})
    return tiff.write(folder)


@kind(10, 100, 2000)
def tiff_tall_tiles(folder, n):
    """An image of one row of tiles, each of which is much higher than the image."""
    tiff = Tiff()
    size = 16 * (n // 16 + 1)
    packed = zlib.compress(bytes(size * size), 9)
    place = tiff.put(packed)
    count = 2000
    tags = usual(1, size * count)
    del tags[ROWS]
    tiff.directory({**tags, PACKING: DEFLATE, TILE_WIDTH: size, TILE_HEIGHT: size,
                    TILE_OFFSETS: tiff.numbers([place] * count), TILE_COUNTS: tiff.numbers([len(packed)] * count)})
    return tiff.write(folder)


@kind(1000, 2000, 8000)
def tiff_small_tiles(folder, n):
    tiff = Tiff()
    place = tiff.put(bytes(256))
    across = n // 16
    tags = usual(n // 4, n)
    del tags[ROWS]
    count = across * ((n // 4 + 15) // 16)
    tiff.directory({**tags, TILE_WIDTH: 16, TILE_HEIGHT: 16, TILE_OFFSETS: tiff.numbers([place] * count),
                    TILE_COUNTS: tiff.numbers([256] * count)})
    return tiff.write(folder)


@kind(1000, 2000, 4000)
def tiff_zeros(folder, n):
    tiff = Tiff()
    packed = zlib.compress(bytes(n * n), 9)
    place = tiff.put(packed)
    tiff.directory({**usual(n, n), PACKING: DEFLATE, OFFSETS: place, COUNTS: len(packed)})
    return tiff.write(folder)


@kind(1000, 4000, 16000)
def tiff_pages(folder, n):
    """Pages that share the places of n strips."""
    tiff = Tiff()
    place = tiff.put(bytes(8))
    offsets, counts = tiff.numbers([place] * n), tiff.numbers([8] * n)
    for _ in range(n):
        tiff.directory({**usual(n, 8), ROWS: 1, OFFSETS: offsets, COUNTS: counts})
    return tiff.write(folder)


@kind(1000, 4000, 16000)
def tiff_texts(folder, n):
    """Pages that share a long description."""
    tiff = Tiff()
    place = tiff.put(bytes([65]) * 64 * n)
    for _ in range(n):
        tiff.directory({**usual(8, 8), OFFSETS: place, COUNTS: 64, TEXT: (TEXTS, 64 * n, place)})
    return tiff.write(folder)


@kind(10, 100, 10000)
def tiff_circle(folder, n):
    tiff = Tiff()
    place = tiff.put(bytes(64))
    pages = [tiff.directory({**usual(8, 8), OFFSETS: place, COUNTS: 64}) for _ in range(n)]
    tiff.data[tiff.next_at:tiff.next_at + 4] = struct.pack('<I', pages[0])
    return tiff.write(folder)


@kind(100, 1000, 65000)
def tiff_samples(folder, n):
    """A plane for each of many channels."""
    tiff = Tiff()
    place = tiff.put(bytes(64))
    bits = SHORTS, n, tiff.put(struct.pack('<H', 8) * n)
    tiff.directory({**usual(8, 8), SAMPLES: (SHORTS, 1, n), BITS: bits, PLANES: (SHORTS, 1, 2),
                    OFFSETS: tiff.numbers([place] * n), COUNTS: tiff.numbers([64] * n)})
    return tiff.write(folder)


@kind(10 ** 3, 10 ** 6, 4 * 10 ** 9)
def tiff_counts(folder, n):
    """Tags with more values than the file has bytes."""
    tiff = Tiff()
    place = tiff.put(bytes(64))
    tiff.directory({**usual(8, 8), OFFSETS: place, COUNTS: 64, TEXT: (TEXTS, n, 8), 333: (TEXTS, n, 8),
                    700: (BYTES, n, 8), 320: (SHORTS, n, 8), 34675: (7, n, 8)})
    return tiff.write(folder)


@kind(1000, 10000, 60000)
def tiff_tags(folder, n):
    tiff = Tiff()
    place = tiff.put(bytes(64))
    tiff.directory({**{5000 + i: 1 for i in range(n)}, **usual(8, 8), OFFSETS: place, COUNTS: 64})
    return tiff.write(folder)
