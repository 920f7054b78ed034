// SPDX-License-Identifier: Apache-2.0
//
// Tests of the page in Chromium:
//
//     node test/run.mjs CZMODEL ROOT INPUTS PAGE CHROMIUM [PATTERN]
//
// CZMODEL is the command, whose bytes the page must write; ROOT the sources; INPUTS what tests/page/inputs.py has
// made; PAGE the folder with czmodel.html; PATTERN a choice of tests.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { launch, Page } from './browser.mjs';
import { difference, pictures, take } from './screenshots.mjs';
import { attempt, command, end, example, folders, host, inputs, kind, root, scratch, specificationOf } from './support.mjs';

const [pageFolder, chromium] = folders;
const html = join(pageFolder, 'czmodel.html');

async function converts(page, source, ...options) {
  await page.get('#name').fill('result');
  const { bytes } = await page.convert();
  assert.ok(bytes.equals(command(source, 'result', ...options)), `the bytes differ from the command's for ${source}`);
}

const saved = async (page) => {
  const [download] = await Promise.all([
    page.browser.waitForEvent('download'),
    page.button('Save the specification').click(),
  ]);
  return JSON.parse(readFileSync(await download.path(), 'utf8'));
};

function* fixtures() {
  const models = join(root, 'tests/fixtures/models');
  for (const name of readdirSync(models)) yield join(models, name, 'model');
  for (const name of readdirSync(join(inputs, 'fixtures'))) yield join(inputs, 'fixtures', name);
}

/** The file that the command makes of a network; null: it rejects the network. */
function commandOn(network) {
  try {
    return command(specificationOf(network), 'result');
  } catch {
    return null;
  }
}

const tests = {
  async 'the example, from the folder to the bytes of the command'(page) {
    await page.chooseFolder(example);
    assert.deepEqual(await page.findings(), []);
    assert.match(await page.get('.good').innerText(), /runs in ZEN blue 3\.2 and newer/);
    await converts(page, join(example, 'model_spec.json'));
  },

  async 'networks without a specification'(page) {
    for (const name of ['network.h5', 'network.keras', 'network.onnx', 'zipped.zip']) {
      await page.choose(kind(name));
      assert.doesNotMatch((await page.findings()).join('\n'), /^Error/m);
      await converts(page, specificationOf(kind(name)));
    }
    await page.chooseFolder(join(example, 'model'));
    await converts(page, specificationOf(join(example, 'model')));
  },

  async 'containers'(page) {
    for (const name of ['container.czmodel', 'segmenter.czseg', 'container.czann']) {
      await page.choose(kind(name));
      await converts(page, kind(name));
    }
  },

  async 'the form is a specification, checked while it changes'(page) {
    await page.chooseFolder(example);
    await page.labelled('Name of class 1').fill('Nucleus');
    await page.idle();
    assert.match((await page.findings()).join(), /Nucleus/);
    await page.labelled('Name of class 1').fill('Ground');
    await page.button('Move down: Ground').click();
    await page.labelled('Border in pixels').fill('3');
    await page.idle();
    assert.match((await page.findings()).join(), /Warning.*BorderSize is 3/s);
    await page.button('border: auto').first().click();
    await page.labelled('Pixel type').selectOption('Gray8');
    await page.labelled('Tile size in pixels (H)').fill('512');
    await page.labelled('Tile size in pixels (H)').blur();
    await page.idle();
    assert.doesNotMatch((await page.findings()).join(), /BorderSize/);
    const specification = await saved(page);
    assert.deepEqual(specification.Classes, ['Nucleus', 'Ground', 'Boundary']);
    assert.deepEqual(specification.SpatialDims, [512, 256]);
    assert.equal(specification.BorderSize, 23);
    const path = join(scratch, 'edited.json');
    writeFileSync(path, JSON.stringify({ ...specification, ModelPath: join(example, 'model'), LicenseFile: join(example, 'LICENSE.txt'), TestImageFile: join(example, 'test_image.png') }));
    await page.labelled('Model name', { exact: true }).fill('nuclei');
    await converts(page, path, '--name', 'nuclei');
  },

  async 'every fixture: the bytes of the command, or both reject it'(page) {
    let count = 0;
    for (const path of fixtures()) {
      if (existsSync(join(path, 'saved_model.pb'))) await page.chooseFolder(path);
      else await page.choose(path);
      const expected = commandOn(path);
      const hasFailed = (await page.findings()).some((text) => text.startsWith('Error'));
      assert.equal(hasFailed, expected === null, `${path}: ${await page.findings()}`);
      if (!expected) continue;
      await page.get('#name').fill('result');
      assert.ok((await page.convert()).bytes.equals(expected), path);
      count++;
    }
    assert.ok(count >= 49, `${count} fixtures convert`);
  },

  async 'a Keras file and an image, in at most 10 clicks'(page) {
    await page.browser.evaluate(() => {
      window.clicks = 0;
      document.addEventListener('click', (event) => { if (event.isTrusted) window.clicks++; }, true);
    });
    const [chooser] = await Promise.all([page.browser.waitForEvent('filechooser'), page.button('Choose files').click()]);
    await chooser.setFiles([kind('network.h5'), join(example, 'test_image.png')]);
    await page.idle();
    await page.button('Run the network').click();
    await page.get('.result canvas').waitFor();
    await page.labelled('Name of class 2').click();
    await page.browser.keyboard.press('ControlOrMeta+A');
    await page.browser.keyboard.type('Cell');
    await page.idle();
    await page.convert();
    const clicks = await page.browser.evaluate(() => window.clicks);
    assert.ok(clicks >= 4 && clicks <= 10, `${clicks} clicks`);
  },

  async 'files and folders that are dropped'(page) {
    for (const [path, source] of [[kind('network.onnx'), () => specificationOf(kind('network.onnx'))], [example, () => join(example, 'model_spec.json')]]) {
      await page.drop(path);
      await converts(page, source());
    }
    await page.drop(join(root, 'LICENSE'));
    assert.match((await page.findings()).join(), /None of these files is a network/);
  },

  async 'colours, and the order of classes by dragging'(page) {
    await page.chooseFolder(example);
    await page.labelled('Colour of class 2').fill('#ffcc00');
    await page.idle();
    const handles = page.get('.classes .handle');
    await handles.nth(1).dragTo(handles.nth(2), { targetPosition: { x: 5, y: 12 } });
    await page.idle();
    const { Classes, ClassColors, ...rest } = await saved(page);
    assert.deepEqual(Classes, ['Background', 'Boundary', 'Nucleus']);
    assert.deepEqual(ClassColors, [null, null, '#ffcc00']);
    assert.equal(await page.labelled('Colour of class 2').inputValue(), '#00ff00');
    assert.equal(await page.labelled('Colour of class 3').inputValue(), '#ffcc00');
    const path = join(scratch, 'colours.json');
    writeFileSync(path, JSON.stringify({ ...rest, Classes, ClassColors, ModelPath: join(example, 'model'), LicenseFile: join(example, 'LICENSE.txt'), TestImageFile: join(example, 'test_image.png') }));
    await page.labelled('Model name', { exact: true }).fill('nuclei');
    await converts(page, path, '--name', 'nuclei');
  },

  async 'format and ZEN version'(page) {
    await page.chooseFolder(example);
    await page.labelled('Format').selectOption('czann-2.1.0');
    await page.idle();
    assert.match(await page.get('.good').innerText(), /ZEN blue 3\.13/);
    await converts(page, join(example, 'model_spec.json'), '--format', 'czann-2.1.0');
    await page.labelled('Version of ZEN blue').fill('3.4');
    await page.labelled('Version of ZEN blue').blur();
    await page.idle();
    await converts(page, join(example, 'model_spec.json'), '--zen', '3.4');
  },

  async 'the example tried on its image: the numbers that TensorFlow gives'(page) {
    await page.chooseFolder(example);
    await page.get('#run').click();
    await page.get('.result canvas').waitFor();
    const expected = JSON.parse(readFileSync(join(inputs, 'expected.json'), 'utf8'));
    const canvas = page.get('.result canvas');
    const { width, height } = await canvas.boundingBox();
    for (const { y, x, probabilities } of expected.pixels) {
      const position = { x: ((x + 0.5) * width) / expected.width, y: ((y + 0.5) * height) / expected.height };
      await canvas.hover({ position });
      const shown = await page.get('#under').innerText();
      assert.ok(shown.startsWith(`x ${x}, y ${y}:`), shown);
      const found = [...shown.matchAll(/ (\d\.\d+)/g)].map(([, value]) => Number(value));
      found.forEach((value, i) => assert.ok(Math.abs(value - probabilities[i]) < 0.002, `${shown}: ${probabilities}`));
    }
    await page.labelled('Show').selectOption('confidence');
    await page.labelled('Opacity').fill('1');
    await page.labelled('Zoom').fill('2');
    const [download] = await Promise.all([page.browser.waitForEvent('download'), page.button('Save as PNG').click()]);
    assert.equal(readFileSync(await download.path()).subarray(1, 4).toString(), 'PNG');
    await page.get('#image').setInputFiles(join(root, 'LICENSE'));
    await page.get('#run').click();
    await page.get('.finding', { hasText: 'neither PNG, JPEG nor TIFF' }).waitFor();
  },

  async 'the example that the page carries'(page) {
    await page.button('Open the example').click();
    await page.idle();
    await converts(page, join(example, 'model_spec.json'));
  },

  async 'the page survives hostile files, and says what is wrong'(page) {
    for (const name of readdirSync(join(inputs, 'hostile'))) {
      await page.choose(join(inputs, 'hostile', name));
      assert.match((await page.findings()).join(), /^Error/, name);
      assert.equal(await page.get('script:not(#app ~ script)').count(), 0, name);
    }
    assert.equal(await page.get('.remedy', { hasText: 'strict' }).count(), 0);
    await page.choose(join(root, 'LICENSE'));
    assert.match((await page.findings()).join(), /None of these files is a network/);
    await page.chooseFolder(example);
    await converts(page, join(example, 'model_spec.json'));
  },

  async '300 MB, cancelled, then converted within 512 MB of memory beside the browser'(page) {
    await page.choose(join(inputs, 'large/large.h5'));
    await page.labelled('Name of class 2').fill('Cell');
    await page.idle();
    await page.get('#convert').click();
    await page.button('Cancel').click();
    await page.idle();
    assert.equal(await page.labelled('Name of class 2').inputValue(), 'Cell');
    await page.labelled('Name of class 2').fill('Foreground');
    await page.idle();
    await converts(page, specificationOf(join(inputs, 'large/large.h5')));
    assert.ok(page.memory() > 200e6 && page.memory() < 220e6 + 512e6, `${page.memory()} bytes`);
  },

  async 'German, and accessibility in both colour schemes'(page) {
    await page.choose(kind('network.h5'), join(example, 'test_image.png'));
    await page.labelled('Border in pixels').fill('0');
    await page.idle();
    await page.get('#run').click();
    await page.get('.result canvas').waitFor();
    for (const part of await page.get('summary').all()) await part.click();
    assert.match(await page.get('.result canvas').getAttribute('aria-label'), /Background \d.*%, Foreground \d.*%/);
    await page.labelled('Language').selectOption('de');
    await page.idle();
    assert.match(await page.get('main').innerText(), /Umwandeln und herunterladen/);
    assert.match((await page.findings()).join(), /Warnung.*Der Rand sollte.*Abhilfe: Setzen Sie.*Rand: auto/s);
    // Every rule is translated.
    assert.ok((await page.get('tbody td:nth-child(2)').count()) > 70);
    assert.deepEqual(await page.get('tbody td:nth-child(2)[lang=en]').allTextContents(), []);
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    for (const colorScheme of ['light', 'dark']) {
      await page.browser.emulateMedia({ colorScheme, reducedMotion: 'reduce' }); // no colours on their way
      await page.idle();
      for (const button of ['#run', '#convert', '#example']) {
        await page.get(button).hover();
        assert.deepEqual(await page.audit(axe), [], `${colorScheme}, ${button} under the pointer`);
      }
    }
  },

  async 'every control can be reached and used with the keyboard'(page) {
    await page.chooseFolder(example);
    await page.labelled('Name of class 1').focus();
    await page.browser.keyboard.press('Tab'); // "up" is disabled
    await page.browser.keyboard.press('Enter');
    await page.browser.keyboard.press('Enter'); // the focus has gone with the class
    await page.idle();
    assert.deepEqual((await saved(page)).Classes, ['Nucleus', 'Boundary', 'Background']);
    assert.match(await page.get('fieldset [role=status]').innerText(), /Background: 3 of 3/);
    for (const name of ['Choose files', 'Open the example', 'Run the network', 'Convert and download'])
      assert.equal(await page.button(name).evaluate((button) => button.tabIndex), 0);
    await page.button('Run the network').focus();
    await page.browser.keyboard.press('Enter');
    await page.get('.result canvas').waitFor();
  },

  async 'nothing is wider than a window of 1280 x 720 pixels'(page) {
    await page.chooseFolder(example);
    const { scroll, width } = await page.browser.evaluate(() => ({
      scroll: document.documentElement.scrollWidth,
      width: document.documentElement.clientWidth,
    }));
    assert.ok(scroll <= width, `${scroll} > ${width}`);
  },
};

/** A file that is written in random order, from own bytes and from parts of another file, has the bytes of an array. */
async function keepsBytes(browser) {
  const bundle = await build({ entryPoints: ['src/sources.ts'], bundle: true, write: false, format: 'iife', globalName: 'sources' });
  const page = await browser.newPage();
  const found = await page.evaluate(async (script) => {
    const test = () => {
      const SIZE = 13e6;
      let seed = 1;
      const random = (below) => (seed = (seed * 48271) % 2147483647) % Math.floor(below);
      const other = Uint8Array.from({ length: SIZE }, () => random(256));
      const blob = new Blob([other]);
      const file = new sources.Pieces();
      const expected = new Uint8Array(SIZE);
      const isSame = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
      for (let i = 0; i < 300; i++) {
        const size = 1 + random(SIZE / 60);
        const [at, from] = [random(SIZE - size), random(SIZE - size)];
        expected.set(other.subarray(from, from + size), at);
        if (random(2)) file.pass(at, size, blob, from);
        else file.write(at, other.subarray(from, from + size));
        const [begin, length] = [random(file.size), random(SIZE / 20)];
        const read = file.read(begin, length);
        if (!isSame(read, expected.subarray(begin, Math.min(begin + length, file.size)))) return `read ${i}`;
      }
      const whole = new Uint8Array(new FileReaderSync().readAsArrayBuffer(file.blob()));
      return isSame(whole, expected.subarray(0, file.size)) ? 'same' : 'blob';
    };
    const worker = new Worker(URL.createObjectURL(new Blob([`${script}; postMessage((${test})())`])));
    return new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
  }, bundle.outputFiles[0].text);
  assert.equal(found, 'same');
  await page.close();
}

// The dialog of the browser cannot be operated: the file is one of the page's own storage.
async function savesAs(page) {
  await page.browser.evaluate(() => {
    window.showSaveFilePicker = async ({ suggestedName }) =>
      (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
  });
  await page.get('#name').fill('placed');
  await page.get('#save-as').click();
  await page.get('#made', { hasText: 'placed.czmodel' }).waitFor();
  const bytes = await page.browser.evaluate(async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle('placed.czmodel');
    return [...new Uint8Array(await (await handle.getFile()).arrayBuffer())];
  });
  assert.ok(Buffer.from(bytes).equals(command(join(example, 'model_spec.json'), 'placed')));
}

async function onWebHost(browser) {
  const { address, close } = await host(join(pageFolder, 'site'));
  const page = await Page.open(browser, address);
  await page.chooseFolder(example);
  await converts(page, join(example, 'model_spec.json'));
  await savesAs(page);
  await page.get('#run').click();
  await page.get('.result canvas').waitFor();
  assert.deepEqual(page.foreign().filter((url) => !url.startsWith(address)), []);
  await page.close();
  close();
}

async function onIsolatedHost(browser) {
  const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
  const { address, close } = await host(join(pageFolder, 'site'), headers);
  const page = await Page.open(browser, address);
  await page.button('Open the example').click();
  await page.idle();
  await page.get('#run').click();
  await page.get('.result canvas').waitFor();
  const threads = page.browser.workers().filter((worker) => worker.url().endsWith('ort-threads.mjs')).length;
  assert.equal(threads, Math.min(8, availableParallelism()) - 1, `${threads} further threads`);
  assert.deepEqual(page.messages, []);
  await page.close();
  close();
}

const MOST_DIFFERENT = 0.1; // the same fonts: 0; a fixed-width font for everything: 0.18

async function looksAsDocumented(browser) {
  const found = [];
  for (const picture of pictures) {
    const committed = readFileSync(join(root, picture.file));
    found.push(await take(browser, html, picture));
    const part = await difference(browser, committed, found.at(-1));
    assert.ok(part < MOST_DIFFERENT, `${(100 * part).toFixed(1)} % of ${picture.file} differ; if that is right: page/test/screenshots.mjs`);
  }
  const blank = await (await browser.newPage()).screenshot();
  assert.ok((await difference(browser, blank, found[1])) > 0.5, 'the comparison finds no difference where there is one');
}

function sizes() {
  for (const [file, most] of [[html, 8e6], [join(pageFolder, 'small/czmodel.html'), 2e6]]) {
    const { size } = statSync(file);
    assert.ok(size < most, `${file} has ${size} bytes`);
  }
}

const browser = await launch(chromium);
for (const [name, test] of Object.entries(tests)) {
  await attempt(name, async () => {
    const page = await Page.open(browser, html);
    await test(page).catch(async (error) => {
      throw new Error([error.stack, ...(await page.findings()), ...page.messages].join('\n'));
    });
    assert.deepEqual(page.foreign(), [], 'the page made requests');
    assert.deepEqual(page.messages, [], 'the console is not empty');
    await page.close();
  });
}
await attempt('files that are written in any order', () => keepsBytes(browser));
await attempt('the example on a web host', () => onWebHost(browser));
await attempt('threads, on a web host that allows them', () => onIsolatedHost(browser));
await attempt('the pictures in the documentation', () => looksAsDocumented(browser));
await attempt('sizes', sizes);
await browser.close();
end();
