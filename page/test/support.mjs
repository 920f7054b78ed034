// SPDX-License-Identifier: Apache-2.0
//
// Shared by the tests of all browsers: the arguments of run.mjs and firefox.mjs, the command, a web host, the report.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

const [czmodel, root_, inputs_, pageFolder, browser, pattern = ''] = process.argv.slice(2);
export const root = root_;
export const inputs = inputs_;
export const folders = [pageFolder, browser];
export const example = join(root, 'example/nuclei');
export const scratch = mkdtempSync(join(tmpdir(), 'czmodel-page-'));
export const kind = (name) => join(inputs, 'kinds', name);

const run = (...words) => execFileSync(czmodel, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** The bytes that the command writes. It throws if the command fails. */
export function command(source, name, ...options) {
  const line = run('convert', source, scratch, name, ...options);
  const path = line.slice(0, line.indexOf(': '));
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}

/** The specification that the command writes for a network. */
export function specificationOf(network) {
  const path = join(scratch, 'new.json');
  rmSync(path, { force: true });
  run('new', network, path);
  return path;
}

/** Serves the folder for web hosts, without any special header unless some are given. */
export async function host(folder, headers = {}) {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };
  const server = createServer((request, response) => {
    const path = join(folder, request.url === '/' ? 'index.html' : request.url);
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream', ...headers });
    response.end(readFileSync(path));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

let failed = 0;

export const isChosen = (name) => name.match(pattern) !== null;

/** Runs a test that PATTERN chooses, and reports the result. */
export async function attempt(name, test) {
  if (!isChosen(name)) return;
  const begin = performance.now();
  try {
    await test();
    console.log(`ok     ${name} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}

export function end() {
  rmSync(scratch, { recursive: true });
  process.exit(failed ? 1 : 0);
}
