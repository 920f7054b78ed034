// SPDX-License-Identifier: Apache-2.0
//
// The worker: it owns the module and the files, and does one request of the page after the other. The page stays
// usable meanwhile.
import { Czm, type Options } from './czm';
import { Host } from './host';
import { Blocks, Bytes, Pieces } from './sources';
import { hasRuntime, loadRuntime, tryOut, TryoutError, type Tried } from './tryout';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const host = new Host();
let czm: Czm;

const actions = {
  async load(module: ArrayBuffer) {
    czm = await Czm.load(module, host);
    return czm.about().result!;
  },
  /**
   * Converts the example, whose result nobody needs: browsers compile a function of a module when it is first
   * called, which makes the first conversion four times as slow as the second.
   */
  warmUp(files: { path: string; file: Blob }[], specification: string) {
    actions.put(files);
    const options = { source_path: specification };
    czm.inspect(options);
    czm.check(options);
    czm.convert({ ...options, output_folder: 'out', output_name: 'example' });
    host.clear();
  },
  put(files: { path: string; file: Blob }[]) {
    for (const { path, file } of files) host.put(path, new Blocks(file));
  },
  clear() {
    host.clear();
  },
  remove(path: string) {
    host.remove(path);
  },
  paths(folder: string) {
    return host.paths(folder);
  },
  write(path: string, text: string) {
    host.put(path, new Bytes(new TextEncoder().encode(text)));
  },
  /** null: there is no such file. */
  read(path: string) {
    const file = host.get(path);
    return file ? new TextDecoder().decode(file.read(0, file.size)) : null;
  },
  check: (...args: Parameters<Czm['check']>) => czm.check(...args),
  inspect: (...args: Parameters<Czm['inspect']>) => czm.inspect(...args),
  /** With the file that was made, which is the caller's: one answer is faster than two. */
  convert(options: Options) {
    const answer = czm.convert(options);
    if (!answer.result) return { ...answer, file: null };
    const { path } = answer.result;
    const file = (host.get(path) as Pieces).blob();
    host.remove(path);
    return { ...answer, file };
  },
  newSpec: (...args: Parameters<Czm['newSpec']>) => czm.newSpec(...args),
  unpack: (...args: Parameters<Czm['unpack']>) => czm.unpack(...args),
  hasRuntime,
  loadRuntime,
  /** A text says what is wrong with the image or the network. */
  async tryOut(options: Options, image: string): Promise<Tried | string> {
    try {
      return await tryOut(czm, options, image, tell);
    } catch (error) {
      if (error instanceof TryoutError) return error.message;
      throw error;
    }
  },
};

export type Actions = typeof actions;

const TOLD_EVERY = 100; // milliseconds
let told = 0;
function tell(done: number, total: number) {
  if (performance.now() - told < TOLD_EVERY) return true;
  told = performance.now();
  scope.postMessage({ progress: total ? done / total : 0 });
  return true;
}
host.progress = tell;

let last: Promise<unknown> = Promise.resolve();

async function run(id: number, name: keyof Actions, args: unknown[]) {
  try {
    const result = await (actions[name] as (...args: unknown[]) => unknown)(...args);
    scope.postMessage({ id, result });
  } catch (error) {
    scope.postMessage({ id, fault: error instanceof Error ? error.message : String(error) });
  }
}

scope.onmessage = ({ data }) => {
  last = last.then(() => run(data.id, data.name, data.args));
};
