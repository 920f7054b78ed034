// SPDX-License-Identifier: Apache-2.0
//
// The files and folders of the module: what src/base/os_wasm.c asks for. sources.ts has their bytes.
import { Blocks, BULK, isSame, Pieces, type Source } from './sources';

const enum Kind {
  missing,
  file,
  folder,
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
