// SPDX-License-Identifier: Apache-2.0
//
// The calls of include/czm.h, in WebAssembly: cli/page/calls.c is the other side. Everything blocks, so this
// runs in a worker.
import { Host } from './host';

/** The members of czm_options that a page can set, by their names. */
export interface Options {
  source_path?: string;
  output_folder?: string;
  output_name?: string;
  model_name?: string;
  license_path?: string;
  signature?: string;
  output?: string;
  model_id?: string;
  spatial_height?: number;
  spatial_width?: number;
  preprocessing?: string[];
  postprocessing?: string[];
  border?: string;
  format?: string;
  zen?: string;
  extension?: string;
  allow?: string[];
  strict?: boolean;
  as_is?: boolean;
  value_range?: string;
  layout?: string;
  config?: string;
}

/** docs/json.md describes it, like all JSON of the library. */
export interface Finding {
  rule: string;
  severity: 'error' | 'warning' | 'note';
  where: string;
  finding: string;
  why: string;
  hint: string;
}

export interface Verdict {
  kind: string;
  model_version: string;
  ok: boolean;
  status: number;
  zen: { product: string; since: string }[];
  findings: Finding[];
  rules: { rule: string; subject: string; outcome: 'passed' | 'found' | 'not checked'; statement: string }[];
}

export interface Port {
  name: string;
  dtype: string;
  shape: (number | null)[] | null;
}

/** Red, green and blue, from 0 to 255. */
export type Colour = [number, number, number];

export interface Inspection {
  kind: string;
  model_version: string;
  metadata: null | {
    model_name: string;
    color_handling: string;
    pixel_type: string;
    border_size: number;
    type: string;
    classes: { name: string; label: number; colour: Colour }[];
  };
  network: null | {
    opset: number | null;
    exporter: string;
    needs: string;
    signatures: { name: string; inputs: Port[]; outputs: Port[] }[];
    signature: string;
    input: Port;
    output: Port;
    parameters: number;
    tile_memory: { known: boolean; peak: number; limit: number; largest_tile: number | null; tile_multiple: number | null };
    border: { receptive_field: 'bounded' | 'unbounded' | 'unknown'; border: number | null; reason: string };
  };
}

/** What the module says about itself. */
export interface About {
  version: string;
  formats: string[];
  rules: { rule: string; hint: string }[]; // with the usual remedy
}

export interface Answer<T> {
  status: number; // a czm_status
  report: Verdict;
  result: T | null;
}

interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  allocate(size: number): number;
  release(at: number): void;
  call(request: number): number;
  tryout_next(): number;
  tryout_put(values: number, height: number, width: number, channels: number): number;
}

export class Czm {
  private constructor(
    readonly host: Host,
    private readonly exports: Exports,
  ) {}

  static async load(module: BufferSource, host = new Host()): Promise<Czm> {
    const { instance } = await WebAssembly.instantiate(module, {
      host: host.imports(),
      wasi_snapshot_preview1: host.wasi(),
    });
    const exports = instance.exports as Exports;
    host.attach(exports.memory);
    exports._initialize();
    return new Czm(host, exports);
  }

  private call<T>(request: object): Answer<T> {
    const text = new TextEncoder().encode(JSON.stringify(request) + '\0');
    const at = this.exports.allocate(text.length);
    new Uint8Array(this.exports.memory.buffer, at, text.length).set(text);
    const answer = this.exports.call(at);
    this.exports.release(at);
    if (!answer) throw new Error('out of memory');
    const result = JSON.parse(this.host.text(answer));
    this.exports.release(answer);
    return result;
  }

  about() {
    return this.call<About>({ call: 'about' });
  }
  check(options: Options) {
    return this.call<Verdict>({ call: 'check', options });
  }
  inspect(options: Options) {
    return this.call<{ inspection: Inspection; svg: string }>({ call: 'inspect', options });
  }
  convert(options: Options) {
    type Made = { path: string; model_id: string; size: number; class_count: number };
    return this.call<Made>({ call: 'convert', options });
  }
  newSpec(options: Options, path: string) {
    return this.call<null>({ call: 'new_spec', options, path });
  }
  unpack(path: string, folder: string) {
    return this.call<null>({ call: 'unpack', path, folder });
  }

  // ---- trying a model on an image: cli/page/tryout.c. Addresses are valid until the next call.

  tryoutOpen(options: Options, image: string, network: string) {
    type Opened = { height: number; width: number; channels: number; pixels: number; unused: string | null };
    return this.call<Opened & { fault?: string }>({ call: 'tryout_open', options, image, network });
  }
  tryoutBegin(dims: number[]) {
    type Begun = { tile: [number, number, number]; count: number };
    return this.call<Begun & { fault?: string }>({ call: 'tryout_begin', dims });
  }
  /** The address of the next tile; 0: there is none left. */
  tryoutNext() {
    return this.exports.tryout_next();
  }
  /** Takes the output for the tile. Returns null, or what is wrong with it. */
  tryoutPut(values: Float32Array, dims: readonly number[]): string | null {
    const at = this.exports.allocate(values.byteLength);
    if (!at) throw new Error('out of memory');
    this.floats(at, values.length).set(values);
    const fault = this.exports.tryout_put(at, dims[1], dims[2], dims[3]);
    this.exports.release(at);
    return fault ? this.host.text(fault) : null;
  }
  tryoutEnd() {
    type Ended = { classes: number; mask: number; probabilities: number };
    return this.call<Ended & { fault?: string }>({ call: 'tryout_end' });
  }
  floats(at: number, count: number) {
    return new Float32Array(this.exports.memory.buffer, at >>> 0, count);
  }
  bytes(at: number, count: number) {
    return new Uint8Array(this.exports.memory.buffer, at >>> 0, count);
  }
}
