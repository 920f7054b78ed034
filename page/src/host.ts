// SPDX-License-Identifier: Apache-2.0
//
// The files and folders of the module: what src/base/os_wasm.c asks for. A file is a Source, which is read in
// blocks, or was written by the module in pieces of bounded size. Blocks that the module reads and writes unchanged,
// which most weights are, do not become pieces: the new file refers to the old one for them.

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

const BULK = 64 << 10; // reads and writes of at least so many bytes are those of weights

/** A File of the browser, which is read block by block: the larger the block, the less is waited for the browser. */
export class Blocks implements Source {
  static readonly BLOCK = 4 << 20;
  static readonly BULK_BLOCK = 8 << 20;
  readonly size: number;
  private at = -1;
  private block = new Uint8Array();
  constructor(readonly blob: Blob) {
    this.size = blob.size;
  }
  read(offset: number, size: number): Uint8Array {
    if (size > Blocks.BULK_BLOCK) return this.fetch(offset, size);
    if (this.at < 0 || offset < this.at || offset + size > this.at + this.block.length) {
      // What is read in bulk goes on in the same direction; small reads go forth and back.
      const isBulk = size >= BULK || (offset % Blocks.BLOCK) + size > Blocks.BLOCK;
      this.at = isBulk ? offset : offset - (offset % Blocks.BLOCK);
      this.block = this.fetch(this.at, isBulk ? Blocks.BULK_BLOCK : Blocks.BLOCK);
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

/**
 * A file that the module writes, anywhere in it and in any order. Only the newest pieces are in the memory of
 * the page: older ones become Blobs, which the browser keeps where it likes, and come back if they are needed.
 */
export class Pieces implements Source {
  static readonly PIECE = 4 << 20;
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
      else bytes = free?.fill(0) ?? new Uint8Array(Pieces.PIECE);
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
    for (let at = 0; at < bytes.length; ) {
      const place = (offset + at) % Pieces.PIECE;
      const size = Math.min(bytes.length - at, Pieces.PIECE - place);
      this.piece((offset + at - place) / Pieces.PIECE).set(bytes.subarray(at, at + size), place);
      at += size;
    }
  }

  read(offset: number, size: number): Uint8Array {
    if (this.isPassed(offset, size)) return bytesOf(this.blob().slice(offset, offset + size));
    const result = new Uint8Array(Math.min(size, Math.max(0, this.size - offset)));
    for (let at = 0; at < result.length; ) {
      const place = (offset + at) % Pieces.PIECE;
      const part = Math.min(result.length - at, Pieces.PIECE - place);
      result.set(this.piece((offset + at - place) / Pieces.PIECE).subarray(place, place + part), at);
      at += part;
    }
    return result;
  }

  /** The pieces from one place to another. */
  private *own(begin: number, end: number): Generator<BlobPart> {
    for (let at = begin; at < end; ) {
      const place = at % Pieces.PIECE;
      const size = Math.min(end - at, Pieces.PIECE - place);
      const index = (at - place) / Pieces.PIECE;
      const live = this.live.get(index);
      yield live ? live.subarray(place, place + size) : (this.stored[index]?.slice(place, place + size) ?? new Uint8Array(size));
      at += size;
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

const enum Kind {
  missing,
  file,
  folder,
}

/** Whether the bytes are the same, as far as this can be found fast: words are compared, at places that have them. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length || a.length % 4 || a.byteOffset % 4 || b.byteOffset % 4) return false;
  const words = (bytes: Uint8Array) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const [left, right] = [words(a), words(b)];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

export class HostError extends Error {}

/** "/a//b/../c/" and "a/c" are both "a/c"; the root is "". */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function byBytes(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i++)
    if (left[i] !== right[i]) return left[i].codePointAt(0)! - right[i].codePointAt(0)!;
  return left.length - right.length;
}

class Folder {
  readonly files = new Map<string, Source>();
  readonly folders = new Map<string, Folder>();

  /** The paths of all files below: those of a folder before its subfolders, each in the order of bytes. */
  *all(before = ''): Generator<string> {
    for (const name of [...this.files.keys()].sort(byBytes)) yield before + name;
    for (const name of [...this.folders.keys()].sort(byBytes))
      yield* this.folders.get(name)!.all(before + name + '/');
  }
}

export class Host {
  private readonly root = new Folder();
  private readonly open: (Source | undefined)[] = [];
  private failure = '';
  private memory!: WebAssembly.Memory;
  // What the module read in bulk last, and to where: when it writes from there, it may write the same.
  private lastRead: { to: number; bytes: Uint8Array; blob: Blob; offset: number } | null = null;

  /** Called with the bytes of weights that are done, and with all. */
  progress: (done: number, total: number) => boolean = () => true;

  attach(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  // ---- the tree

  private folder(path: string, makes = false): Folder | undefined {
    let at: Folder | undefined = this.root;
    for (const part of normal(path).split('/').filter(Boolean)) {
      let next: Folder | undefined = at.folders.get(part);
      if (!next && makes && !at.files.has(part)) at.folders.set(part, (next = new Folder()));
      if (!next) return undefined;
      at = next;
    }
    return at;
  }

  private split(path: string): [folder: string, name: string] {
    const whole = normal(path);
    const slash = whole.lastIndexOf('/');
    return [whole.slice(0, Math.max(slash, 0)), whole.slice(slash + 1)];
  }

  put(path: string, source: Source) {
    const [folder, name] = this.split(path);
    const at = this.folder(folder, true);
    if (!at || at.folders.has(name)) throw new HostError(`${path}: a file or folder of this name is there`);
    at.files.set(name, source);
  }

  get(path: string): Source | undefined {
    const [folder, name] = this.split(path);
    return this.folder(folder)?.files.get(name);
  }

  remove(path: string) {
    const [folder, name] = this.split(path);
    const at = this.folder(folder);
    at?.files.delete(name);
    at?.folders.delete(name);
  }

  clear() {
    this.lastRead = null;
    this.root.files.clear();
    this.root.folders.clear();
  }

  paths(folder: string): string[] {
    return [...(this.folder(folder)?.all() ?? [])];
  }

  // ---- the functions of os_wasm.c

  private bytes(at: number, size: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, size);
  }

  text(at: number): string {
    const bytes = new Uint8Array(this.memory.buffer, at >>> 0);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }

  private fail(text: string): number {
    this.failure = text;
    return -1;
  }

  private add(source: Source): number {
    let handle = this.open.indexOf(undefined);
    if (handle < 0) handle = this.open.length;
    this.open[handle] = source;
    return handle;
  }

  private kind(path: string): Kind {
    if (this.folder(path)) return Kind.folder;
    return this.get(path) ? Kind.file : Kind.missing;
  }

  private read(handle: number, offset: number, to: number, size: number): number {
    const source = this.open[handle]!;
    let bytes: Uint8Array;
    try {
      bytes = source.read(offset, size);
    } catch {
      return this.fail('the browser cannot read the file; it may have changed since it was opened');
    }
    if (bytes.length < size) return this.fail('the file ends too early') + 1;
    this.bytes(to, size).set(bytes);
    if (source instanceof Blocks && size >= BULK) this.lastRead = { to, bytes, blob: source.blob, offset };
    return 1;
  }

  private write(handle: number, offset: number, from: number, size: number): boolean {
    const file = this.open[handle] as Pieces;
    const bytes = this.bytes(from, size);
    const read = this.lastRead;
    if (read && read.to === from && isSame(read.bytes, bytes)) file.pass(offset, size, read.blob, read.offset);
    else file.write(offset, bytes);
    return true;
  }

  private publish(handle: number, path: string): boolean {
    try {
      this.put(path, this.open[handle]!);
      return true;
    } catch (error) {
      return this.fail((error as Error).message) > 0;
    }
  }

  private move(from: string, to: string): boolean {
    const [folder, name] = this.split(from);
    const [newFolder, newName] = this.split(to);
    const moved = this.folder(folder)?.folders.get(name);
    const target = this.folder(newFolder);
    if (!moved || !target || this.paths(to).length || target.files.has(newName))
      return this.fail('a file or folder has this name') > 0;
    this.remove(from);
    target.folders.set(newName, moved);
    return true;
  }

  private list(path: string, isDeep: boolean, to: number, size: number): number {
    const folder = this.folder(path);
    if (!folder) return this.fail('no such folder');
    const names = isDeep ? [...folder.all()] : [...folder.files.keys(), ...folder.folders.keys()].sort(byBytes);
    const bytes = new TextEncoder().encode(names.map((name) => name + '\0').join(''));
    if (size >= bytes.length) this.bytes(to, bytes.length).set(bytes);
    return bytes.length;
  }

  private error(to: number, size: number) {
    const bytes = new TextEncoder().encode(this.failure).slice(0, size - 1);
    this.bytes(to, size).fill(0).set(bytes);
  }

  private random(to: number, size: number): number {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
    this.bytes(to, size).set(bytes);
    return 0;
  }

  /**
   * WASI, of which little is needed: random bytes, with which expat and jansson protect their hash tables, and an
   * empty environment. Files are those of imports(): none is open, whatever the C library asks.
   */
  wasi(): WebAssembly.ModuleImports {
    const BADF = 8;
    const known: Record<string, (...at: number[]) => number> = {
      random_get: (to, size) => this.random(to >>> 0, size),
      environ_get: () => 0,
      environ_sizes_get: (count, size) => {
        this.bytes(count >>> 0, 4).fill(0);
        this.bytes(size >>> 0, 4).fill(0);
        return 0;
      },
    };
    return new Proxy({}, { get: (_, name) => known[name as string] ?? (() => BADF) });
  }

  imports(): WebAssembly.ModuleImports {
    return {
      look: (path: number) => this.kind(this.text(path)),
      open: (path: number) => {
        const source = this.get(this.text(path));
        return source ? this.add(source) : this.fail('no such file');
      },
      create: () => this.add(new Pieces()),
      size: (handle: number) => this.open[handle]!.size,
      read: (handle: number, offset: number, to: number, size: number) =>
        this.read(handle, offset, to >>> 0, size >>> 0),
      write: (handle: number, offset: number, from: number, size: number) =>
        this.write(handle, offset, from >>> 0, size >>> 0),
      publish: (handle: number, path: number) => this.publish(handle, this.text(path)),
      close: (handle: number) => {
        if (handle >= 0) this.open[handle] = undefined;
      },
      make_folder: (path: number) =>
        !!this.folder(this.text(path), true) || this.fail('a file has this name') > 0,
      move: (from: number, to: number) => this.move(this.text(from), this.text(to)),
      remove: (path: number) => this.remove(this.text(path)),
      list: (path: number, isDeep: number, to: number, size: number) =>
        this.list(this.text(path), isDeep !== 0, to >>> 0, size >>> 0),
      error: (to: number, size: number) => this.error(to >>> 0, size >>> 0),
      random: (to: number, size: number) => this.random(to >>> 0, size >>> 0),
      progress: (done: number, total: number) => this.progress(done, total),
    };
  }
}
