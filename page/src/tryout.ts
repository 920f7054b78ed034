// SPDX-License-Identifier: Apache-2.0
//
// Runs a model on an image, tile by tile, in ONNX Runtime Web (in the worker). cli/page/tryout.c cuts and merges.
import type * as Ort from 'onnxruntime-web/wasm';
import type { Answer, Czm, Options } from './czm';
import type { Pieces } from './sources';

declare function importScripts(url: string): void;

/** What the page draws. `image` is red, green, blue, opaque; `probabilities` class by class within a pixel. */
export interface Tried {
  height: number;
  width: number;
  classes: number;
  tiles: number;
  unused: string | null;
  image: Uint8ClampedArray<ArrayBuffer>;
  mask: Uint8Array<ArrayBuffer>;
  probabilities: Float32Array<ArrayBuffer>;
}

const NETWORK = '.czmodel-page/network.onnx';

const MOST_THREADS = 8;

/**
 * Its script and its module, which are loaded when they are needed first. `threads`: the address of the script of its
 * threads, where the browser allows them.
 */
export function loadRuntime(script: ArrayBuffer, module: ArrayBuffer, threads: string | null) {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  importScripts(url);
  URL.revokeObjectURL(url);
  const { env } = runtime();
  env.wasm.wasmBinary = module;
  env.wasm.numThreads = 1;
  if (!threads) return;
  // Threads are modules, which only a web host can provide.
  env.wasm.numThreads = Math.min(MOST_THREADS, navigator.hardwareConcurrency);
  env.wasm.wasmPaths = { mjs: threads };
}

const runtime = () => (globalThis as unknown as { ort?: typeof Ort }).ort!;

export const hasRuntime = () => !!runtime();

// The darkest sample is black, the brightest white, as in the picture of the verify command.
function picture(pixels: Float32Array, channels: number): Uint8ClampedArray<ArrayBuffer> {
  let [least, most] = [Infinity, -Infinity];
  for (const value of pixels) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const factor = most > least ? 255 / (most - least) : 0;
  const result = new Uint8ClampedArray((pixels.length / channels) * 4);
  for (let i = 0; i < result.length / 4; i++) {
    for (let c = 0; c < 3; c++) result[4 * i + c] = (pixels[i * channels + (channels === 1 ? 0 : c)] - least) * factor;
    result[4 * i + 3] = 255;
  }
  return result;
}

function checked<T>(answer: Answer<T & { fault?: string }>): T {
  if (answer.result?.fault) throw new TryoutError(answer.result.fault);
  if (answer.status || !answer.result)
    throw new TryoutError(answer.report.findings.map(({ finding }) => finding).join('; '));
  return answer.result;
}

/** A fault of the image or of the network, in words. */
export class TryoutError extends Error {}

export async function tryOut(
  czm: Czm,
  options: Options,
  image: string,
  onTile: (done: number, count: number) => void,
): Promise<Tried> {
  czm.host.remove(NETWORK);
  const opened = checked(czm.tryoutOpen(options, image, NETWORK));
  const { height, width } = opened;
  const shown = picture(czm.floats(opened.pixels, height * width * opened.channels), opened.channels);
  const file = czm.host.get(NETWORK) as Pieces;
  const session = await runtime().InferenceSession.create(file.read(0, file.size));
  czm.host.remove(NETWORK);
  const input = session.inputMetadata[0];
  const dims = input.isTensor ? input.shape.map((size) => (typeof size === 'number' ? size : -1)) : [];
  const { tile, count } = checked(czm.tryoutBegin(dims));
  let done = 0;
  for (let at = czm.tryoutNext(); at; at = czm.tryoutNext()) {
    const values = czm.floats(at, tile[0] * tile[1] * tile[2]).slice();
    const results = await session.run({ [session.inputNames[0]]: new (runtime().Tensor)('float32', values, [1, ...tile]) });
    const output = results[session.outputNames[0]];
    if (output.type !== 'float32' || output.dims.length !== 4)
      throw new TryoutError('the output of the network is not float32 of batch, height, width and classes');
    const fault = czm.tryoutPut(output.data as Float32Array, output.dims);
    if (fault) throw new TryoutError(fault);
    onTile(++done, count);
  }
  await session.release();
  const end = checked(czm.tryoutEnd());
  return {
    height, width, classes: end.classes, tiles: count, unused: opened.unused, image: shown,
    mask: czm.bytes(end.mask, height * width).slice(),
    probabilities: czm.floats(end.probabilities, height * width * end.classes).slice(),
  };
}
