// SPDX-License-Identifier: Apache-2.0
//
// Bundles the page:
//
//     node build.mjs czmodel.wasm EXAMPLE THIRD-PARTY.txt OUT
//
// OUT/czmodel.html has everything inside, also the files of EXAMPLE, a folder with a specification;
// OUT/small/czmodel.html has neither ONNX Runtime nor the example; OUT/site/ is the page for a web host. Scripts and
// styles are allowed by their hashes, and requests by nothing but what is part of the page.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const [wasm, example, notices, out] = process.argv.slice(2);

async function bundle(entry, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'inline',
    ...options,
  });
  return outputFiles[0].text;
}

// ONNX Runtime Web is an ES module, which a worker from a Blob cannot load: it becomes a classic script that asks
// for no file, since the worker hands it the module (page/src/tryout.ts).
const ort = 'node_modules/onnxruntime-web/dist';
const runtime = {
  'ort.js': Buffer.from(
    await bundle(`${ort}/ort.wasm.bundle.min.mjs`, {
      globalName: 'ort',
      define: { 'import.meta.url': '"https://localhost/ort.js"' },
    }),
  ),
  'ort.wasm': readFileSync(`${ort}/ort-wasm-simd-threaded.wasm`),
};

// The files of the example, in base64, by their paths.
function exampleFiles(folder, below) {
  return readdirSync(folder).flatMap((name) => {
    const [path, inside] = [join(folder, name), `${below}/${name}`];
    if (statSync(path).isDirectory()) return exampleFiles(path, inside);
    return /^(README|expected|preview)/.test(name) ? [] : [[inside, readFileSync(path, 'base64')]];
  });
}
runtime['example.json'] = Buffer.from(JSON.stringify(Object.fromEntries(exampleFiles(example, 'nuclei'))));

// The licences of all that the page contains. ONNX Runtime's package has no file with its licence, which is the same
// as Preact's, and the names are in its scripts.
const licence = (name, file) => readFileSync(join('node_modules', name, file), 'utf8');
const mit = licence('preact', 'LICENSE');
const licences = Object.entries({
  preact: mit,
  '@picocss/pico': licence('@picocss/pico', 'LICENSE.md'),
  sortablejs: licence('sortablejs', 'LICENSE'),
  'onnxruntime-web': `${mit.replace(/^Copyright.*$/m, 'Copyright (c) Microsoft Corporation')}
ONNX Runtime contains parts of other works. Their licences are in the file ThirdPartyNotices.txt of this version at
https://github.com/microsoft/onnxruntime`,
}).map(([name, text]) => {
  const { version } = JSON.parse(licence(name, 'package.json'));
  return `==== ${name} ${version}\n\n${text.trim()}\n`;
});

const assets = {
  'licences.txt': Buffer.from([...licences, readFileSync(notices, 'utf8')].join('\n')),
  'czmodel.wasm': readFileSync(wasm),
  'worker.js': Buffer.from(await bundle('src/worker.ts')),
};
const script = (await bundle('src/app.tsx')).replaceAll('</script', '<\\/script');
const style = await bundle('src/page.css');

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

// The worker is a blob, which the same policy governs: it may compile the module.
function page({ scripts, connect, styles, head, tail, isFull }) {
  const policy = [
    "default-src 'none'",
    `script-src ${scripts} 'wasm-unsafe-eval'${isFull ? ' blob:' : ''}`,
    `worker-src blob:${connect === "'self'" ? " 'self'" : ''}`,
    `connect-src ${connect}`,
    `style-src ${styles}`,
    'img-src blob: data:',
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!DOCTYPE html>
<html lang="en"${isFull ? ' data-full' : ''}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>czmodel</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
<div id="app"></div>
${tail}
</body>
</html>
`;
}

const embedded = (name, bytes) =>
  `<script type="application/octet-stream" id="asset-${name}">${gzipSync(bytes, { level: 9 }).toString('base64')}</script>`;

function single(contents, isFull) {
  const elements = Object.entries(contents).map(([name, bytes]) => embedded(name, bytes));
  return page({
    scripts: hash(script),
    connect: "'none'",
    styles: hash(style),
    head: `<style>${style}</style>`,
    tail: `${elements.join('\n')}\n<script>${script}</script>`,
    isFull,
  });
}

mkdirSync(`${out}/site`, { recursive: true });
mkdirSync(`${out}/small`, { recursive: true });
writeFileSync(`${out}/czmodel.html`, single({ ...assets, ...runtime }, true));
writeFileSync(`${out}/small/czmodel.html`, single(assets, false));
writeFileSync(
  `${out}/site/index.html`,
  page({
    scripts: "'self'",
    connect: "'self'",
    styles: "'self'",
    head: '<link rel="stylesheet" href="page.css">',
    tail: '<script src="page.js"></script>',
    isFull: true,
  }),
);
writeFileSync(`${out}/site/page.js`, script);
writeFileSync(`${out}/site/page.css`, style);
copyFileSync(`${ort}/ort-wasm-simd-threaded.mjs`, `${out}/site/ort-threads.mjs`);
for (const [name, bytes] of Object.entries({ ...assets, ...runtime })) writeFileSync(`${out}/site/${name}`, bytes);
