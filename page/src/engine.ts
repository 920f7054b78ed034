// SPDX-License-Identifier: Apache-2.0
//
// The page's end of the worker: each action of worker.ts as a function that returns a promise.
import type { Given } from './files';
import type { Actions } from './worker';

type Result<K extends keyof Actions> = Awaited<ReturnType<Actions[K]>>;

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

// The other parts of the page besides its script: inside the single file they are elements, gzipped and in base64; on
// a web host they are files beside the page. build.mjs writes both.
async function asset(name: string): Promise<ArrayBuffer> {
  const element = document.getElementById(`asset-${name}`);
  if (!element) {
    const response = await fetch(name);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    return response.arrayBuffer();
  }
  const stream = new Blob([bytesOf(element.textContent!)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

const EXAMPLE = 'nuclei/model_spec.json';

/** Whether the page has ONNX Runtime and the example. */
export const isFull = 'full' in document.documentElement.dataset;

/** The files of the example (example/nuclei), which the page carries along. */
export async function example(): Promise<Given[]> {
  const files: Record<string, string> = JSON.parse(new TextDecoder().decode(await asset('example.json')));
  return Object.entries(files).map(([path, text]) => ({ path, file: new File([bytesOf(text)], path.split('/').pop()!) }));
}

/** The licences of all that is in the page. */
export const licences = async () => new TextDecoder().decode(await asset('licences.txt'));

export class Engine {
  private readonly waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  private next = 0;
  onProgress: (part: number) => void = () => {};

  private constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }) => {
      if ('progress' in data) return this.onProgress(data.progress);
      const { resolve, reject } = this.waiting.get(data.id)!;
      this.waiting.delete(data.id);
      if ('fault' in data) reject(new Error(data.fault));
      else resolve(data.result);
    };
    // A module that runs out of memory, or a fault of ours, must not leave the page waiting.
    worker.onerror = (event) => {
      for (const { reject } of this.waiting.values()) reject(new Error(event.message));
      this.waiting.clear();
    };
  }

  static async start(): Promise<{ engine: Engine; about: Result<'load'> }> {
    const script = new Blob([await asset('worker.js')], { type: 'text/javascript' });
    const engine = new Engine(new Worker(URL.createObjectURL(script)));
    const about = await engine.do('load', await asset('czmodel.wasm'));
    // On a web host the example is fetched only if somebody opens it.
    if (document.getElementById('asset-example.json')) await engine.do('warmUp', await example(), EXAMPLE);
    return { engine, about };
  }

  do<K extends keyof Actions>(name: K, ...args: Parameters<Actions[K]>): Promise<Result<K>> {
    const id = this.next++;
    return new Promise<Result<K>>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.worker.postMessage({ id, name, args });
    });
  }

  /** Loads ONNX Runtime, unless it is there. */
  async needRuntime() {
    if (await this.do('hasRuntime')) return;
    const isHosted = !document.getElementById('asset-ort.js');
    const threads = isHosted && crossOriginIsolated ? new URL('ort-threads.mjs', location.href).href : null;
    await this.do('loadRuntime', await asset('ort.js'), await asset('ort.wasm'), threads);
  }

  stop() {
    this.worker.terminate();
  }
}
