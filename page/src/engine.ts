// SPDX-License-Identifier: Apache-2.0
//
// The page's end of the worker: each action of worker.ts as a function that returns a promise.
import type { Actions } from './worker';

type Result<K extends keyof Actions> = Awaited<ReturnType<Actions[K]>>;

// What the page needs beside its own script: inside the single file they are elements, gzipped and in base64; on
// a web host they are files beside the page. build.mjs writes both.
async function asset(name: string): Promise<ArrayBuffer> {
  const element = document.getElementById(`asset-${name}`);
  if (!element) {
    const response = await fetch(name);
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    return response.arrayBuffer();
  }
  const bytes = Uint8Array.from(atob(element.textContent!), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

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
    return { engine, about: await engine.do('load', await asset('czmodel.wasm')) };
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
    await this.do('loadRuntime', await asset('ort.js'), await asset('ort.wasm'));
  }

  stop() {
    this.worker.terminate();
  }
}
