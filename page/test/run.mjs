// SPDX-License-Identifier: Apache-2.0
//
// Tests of the page in Chromium:
//
//     node test/run.mjs CZMODEL ROOT PAGE CHROMIUM SCRATCH
//
// CZMODEL is the command, whose bytes the page must write; ROOT the sources; PAGE the folder with czmodel.html.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { launch, Page } from './browser.mjs';

const [czmodel, root, pageFolder, chromium, scratch] = process.argv.slice(2);
const example = join(root, 'example/nuclei');
const html = join(pageFolder, 'czmodel.html');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });

/** The bytes that the command writes. */
function command(source, name, ...options) {
  const out = join(scratch, 'command');
  rmSync(out, { recursive: true, force: true });
  const line = execFileSync(czmodel, ['convert', source, out, name, ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return readFileSync(line.slice(0, line.indexOf(': ')));
}

const tests = {
  async 'the example: from the folder to the same bytes as the command'(page) {
    await page.chooseFolder(example);
    assert.deepEqual(await page.findings(), []);
    assert.match(await page.get('.good').innerText(), /runs in ZEN blue 3\.2 and newer/);
    await page.get('#name').fill('nuclei');
    const { name, bytes } = await page.convert();
    assert.equal(name, 'nuclei.czmodel');
    assert.ok(bytes.equals(command(join(example, 'model_spec.json'), 'nuclei')), 'the bytes differ');
  },
};

const browser = await launch(chromium);
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  const begin = performance.now();
  const page = await Page.open(browser, html);
  try {
    await test(page);
    assert.deepEqual(page.foreign(), [], 'the page made requests');
    assert.deepEqual(page.messages, [], 'the console is not empty');
    console.log(`ok     ${name} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n${error.stack}\n${(await page.findings()).join('\n')}\n${page.messages.join('\n')}`);
  }
  await page.close();
}
await browser.close();
console.log(`${Object.keys(tests).length - failed} of ${Object.keys(tests).length} tests passed`);
process.exit(failed ? 1 : 0);
