// SPDX-License-Identifier: Apache-2.0
//
// Bytes of files that can be read at once: those of the browser, read in blocks, and those that the module writes, in
// pieces of bounded size. Blocks that the module reads and writes unchanged, which most weights are, do not become
// pieces: the new file refers to the old one for them.

/** Bytes that can be read at once, without waiting. */
export interface Source {
  readonly size: number;
  read(offset: number, size: number): Uint8Array;
}

export class Bytes implements Source {
  readonly size: number;
  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {
    this.size = bytes.length;
  }
  read(offset: number, size: number): Uint8Array {
    return this.bytes.subarray(offset, offset + size);
  }
}

/** Waits for bytes, which a worker may do. */
const bytesOf = (blob: Blob) => new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob));

export const BULK = 64 << 10; // reads and writes of at least so many bytes are those of weights

/** A File of the browser, which is read block by block. Larger blocks are faster, but browsers free them late. */
export class Blocks implements Source {
  static readonly BLOCK = 4 << 20;
  readonly size: number;
  private at = -1;
  private block = new Uint8Array();
  constructor(readonly blob: Blob) {
    this.size = blob.size;
  }
  read(offset: number, size: number): Uint8Array {
    if (size > Blocks.BLOCK) return this.fetch(offset, size);
    if (this.at < 0 || offset < this.at || offset + size > this.at + this.block.length) {
      // What is read in bulk goes on in the same direction; small reads go forth and back.
      const isBulk = size >= BULK || (offset % Blocks.BLOCK) + size > Blocks.BLOCK;
      this.at = isBulk ? offset : offset - (offset % Blocks.BLOCK);
      this.block = this.fetch(this.at, Blocks.BLOCK);
    }
    return this.block.subarray(offset - this.at, offset - this.at + size);
  }
  private fetch(offset: number, size: number): Uint8Array<ArrayBuffer> {
    return bytesOf(this.blob.slice(offset, offset + size));
  }
}

/** Bytes of a file that are those of another file. */
interface Part {
  readonly at: number;
  size: number;
  readonly blob: Blob;
  readonly from: number; // in the blob
}

/** What is left of a part if the bytes from `begin` to `end` of the file are no longer those of the other file. */
function without({ at, size, blob, from }: Part, begin: number, end: number): Part[] {
  const before = Math.min(size, Math.max(0, begin - at));
  const after = Math.min(size, Math.max(0, end - at));
  const rest = { at: at + after, size: size - after, blob, from: from + after };
  return [{ at, size: before, blob, from }, rest].filter(({ size }) => size > 0);
}

const PIECE = 4 << 20;

/** The pieces of a file from one place to another: for each its index, and which of its bytes are meant. */
function* piecesOf(begin: number, end: number) {
  for (let at = begin; at < end; ) {
    const place = at % PIECE;
    const size = Math.min(end - at, PIECE - place);
    yield { at, size, index: (at - place) / PIECE, place };
    at += size;
  }
}

/**
 * A file that the module writes, anywhere in it and in any order. Only the newest pieces are in the memory of
 * the page: older ones become Blobs, which the browser keeps where it likes, and come back if they are needed.
 */
export class Pieces implements Source {
  static readonly MOST = 8;
  size = 0;
  private readonly stored: (Blob | undefined)[] = [];
  private readonly live = new Map<number, Uint8Array<ArrayBuffer>>(); // the one used last is the last
  private parts: Part[] = []; // of other files, by place; they hide the pieces

  private piece(index: number): Uint8Array {
    let bytes = this.live.get(index);
    this.live.delete(index);
    if (!bytes) {
      const blob = this.stored[index];
      const free = this.live.size < Pieces.MOST ? undefined : this.store(this.live.keys().next().value!);
      if (blob) bytes = bytesOf(blob);
      else bytes = free?.fill(0) ?? new Uint8Array(PIECE);
    }
    this.live.set(index, bytes);
    return bytes;
  }

  /** Makes a Blob of a piece. Returns its memory, of which the Blob has a copy. */
  private store(index: number): Uint8Array<ArrayBuffer> {
    const bytes = this.live.get(index)!;
    this.stored[index] = new Blob([bytes]);
    this.live.delete(index);
    return bytes;
  }

  /** Whether bytes of another file are there. */
  private isPassed(offset: number, size: number): boolean {
    let [from, to] = [0, this.parts.length]; // the first part that ends after `offset` is one of these
    while (from < to) {
      const middle = (from + to) >> 1;
      const { at, size } = this.parts[middle];
      if (at + size > offset) to = middle;
      else from = middle + 1;
    }
    return from < this.parts.length && this.parts[from].at < offset + size;
  }

  /** Writes bytes of another file without looking at them. */
  pass(offset: number, size: number, blob: Blob, from: number) {
    const last = this.parts.at(-1);
    const end = last ? last.at + last.size : 0;
    if (offset < end) return this.write(offset, bytesOf(blob.slice(from, from + size)));
    if (last && offset === end && blob === last.blob && from === last.from + last.size) last.size += size;
    else this.parts.push({ at: offset, size, blob, from });
    this.size = Math.max(this.size, offset + size);
  }

  write(offset: number, bytes: Uint8Array) {
    if (this.isPassed(offset, bytes.length))
      this.parts = this.parts.flatMap((part) => without(part, offset, offset + bytes.length));
    this.size = Math.max(this.size, offset + bytes.length);
    for (const { at, size, index, place } of piecesOf(offset, offset + bytes.length))
      this.piece(index).set(bytes.subarray(at - offset, at - offset + size), place);
  }

  read(offset: number, size: number): Uint8Array {
    if (this.isPassed(offset, size)) return bytesOf(this.blob().slice(offset, offset + size));
    const result = new Uint8Array(Math.min(size, Math.max(0, this.size - offset)));
    for (const { at, size, index, place } of piecesOf(offset, offset + result.length))
      result.set(this.piece(index).subarray(place, place + size), at - offset);
    return result;
  }

  /** The own bytes from one place to another. */
  private *own(begin: number, end: number): Generator<BlobPart> {
    for (const { size, index, place } of piecesOf(begin, end)) {
      const live = this.live.get(index);
      yield live ? live.subarray(place, place + size) : (this.stored[index]?.slice(place, place + size) ?? new Uint8Array(size));
    }
  }

  blob(): Blob {
    const all: BlobPart[] = [];
    let done = 0;
    for (const { at, size, blob, from } of this.parts) {
      all.push(...this.own(done, at), blob.slice(from, from + size));
      done = at + size;
    }
    return new Blob([...all, ...this.own(done, this.size)]);
  }
}

/** Whether the bytes are the same, as far as this can be found fast: words are compared, at places that have them. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length || a.length % 4 || a.byteOffset % 4 || b.byteOffset % 4) return false;
  const words = (bytes: Uint8Array) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const [left, right] = [words(a), words(b)];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
