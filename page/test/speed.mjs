// SPDX-License-Identifier: Apache-2.0
//
// How long opening and converting take in the page, beside the command:
//
//     node test/speed.mjs CZMODEL ROOT INPUTS PAGE CHROMIUM [PATTERN]
//
// The arguments are those of run.mjs. Each line is a run: milliseconds from the choice of the files to the end of all
// checks, from the click to the result, and to the end of the download; then those of the command, and of cp.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { launch, Page } from './browser.mjs';
import { command, end, example, folders, inputs, isChosen, scratch, specificationOf } from './support.mjs';

const RUNS = 7;
const [pageFolder, chromium] = folders;

const timed = async (action) => {
  const begin = performance.now();
  const result = await action();
  return [performance.now() - begin, result];
};

/** Milliseconds from the click to the message that the file is there, as the page sees them. */
const clicked = (page) =>
  page.browser.evaluate(async () => {
    document.querySelector('#made')?.remove();
    const begin = performance.now();
    document.querySelector('#convert').click();
    while (!document.querySelector('#made')) await new Promise((resolve) => setTimeout(resolve, 1));
    return performance.now() - begin;
  });

const large = join(inputs, 'large/large.h5');
const subjects = {
  example: { open: (page) => page.chooseFolder(example), source: () => join(example, 'model_spec.json') },
  large: { open: (page) => page.choose(large), source: () => specificationOf(large) },
};

const browser = await launch(chromium);
for (const [name, { open, source }] of Object.entries(subjects)) {
  if (!isChosen(name)) continue;
  const specification = source();
  console.log(`${name}: opened, result, downloaded; command, cp (ms)`);
  for (let run = 0; run < RUNS; run++) {
    const page = await Page.open(browser, join(pageFolder, 'czmodel.html'));
    const [opened] = await timed(() => open(page));
    const [downloaded, [result, path]] = await timed(() =>
      Promise.all([clicked(page), page.browser.waitForEvent('download').then((download) => download.path())]));
    const [native] = await timed(() => command(specification, 'speed'));
    const [copied] = await timed(() => execFileSync('cp', [path, join(scratch, 'copy')]));
    console.log([opened, result, downloaded, native, copied].map((ms) => ms.toFixed(1).padStart(8)).join(' '));
    await page.close();
  }
}
await browser.close();
end();
