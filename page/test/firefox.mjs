// SPDX-License-Identifier: Apache-2.0
//
// The way from a file to the download in a second engine, Firefox, by WebDriver BiDi:
//
//     node test/firefox.mjs CZMODEL ROOT INPUTS PAGE FIREFOX [PATTERN]
//
// The arguments are those of run.mjs. playwright drives only a Firefox of its own, hence puppeteer.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';
import { attempt, command, end, example, folders, host, kind, scratch, specificationOf } from './support.mjs';

const [pageFolder, executablePath] = folders;
const downloads = join(scratch, 'downloads');
const PATIENCE = 60_000; // milliseconds, of a machine with other work

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath,
  extraPrefsFirefox: {
    'browser.download.folderList': 2,
    'browser.download.dir': downloads,
    'browser.download.alwaysOpenPanel': false,
    'intl.accept_languages': 'en-GB',
  },
});

async function until(what, isTrue) {
  for (const end = Date.now() + PATIENCE; !(await isTrue()); ) {
    assert.ok(Date.now() < end, `${what}: not in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);

const idle = (page) => until('the page is ready', async () => /Ready/.test(await text(page, '#status').catch(() => '')));

async function open(address) {
  const page = await browser.newPage();
  const [messages, requests] = [[], []];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(address);
  await idle(page);
  return Object.assign(page, { messages, requests });
}

async function choose(page, path) {
  await (await page.$('#files')).uploadFile(path);
  await idle(page);
}

/** The bytes of the download. Firefox writes to a file that ends with ".part" until they are complete. */
async function converted(page) {
  rmSync(downloads, { recursive: true, force: true });
  mkdirSync(downloads);
  await page.click('#convert');
  let made;
  await until('the download', () => {
    const names = readdirSync(downloads);
    made = names.find((name) => !name.endsWith('.part'));
    return made && names.length === 1 && readFileSync(join(downloads, made)).length > 0;
  });
  return readFileSync(join(downloads, made));
}

async function tried(page) {
  await page.click('#run');
  await page.waitForSelector('.result canvas', { timeout: PATIENCE });
}

async function checkExample(page) {
  await page.click('#example');
  await idle(page);
  await page.type('#name', 'result');
  assert.ok((await converted(page)).equals(command(join(example, 'model_spec.json'), 'result')));
  await tried(page);
  assert.deepEqual(page.messages, []);
}

const html = pathToFileURL(join(pageFolder, 'czmodel.html')).href;

await attempt('Firefox: networks, and containers', async () => {
  const page = await open(html);
  for (const name of ['network.h5', 'network.keras', 'network.onnx', 'zipped.zip', 'container.czmodel', 'container.czann']) {
    await choose(page, kind(name));
    await page.$eval('#name', (input) => (input.value = ''));
    await page.type('#name', 'result');
    const source = name.startsWith('container') ? kind(name) : specificationOf(kind(name));
    assert.ok((await converted(page)).equals(command(source, 'result')), name);
  }
  assert.deepEqual(page.messages, [], 'the console is not empty');
  assert.deepEqual(page.requests.filter((url) => url !== html && !/^(blob|data):/.test(url)), [], 'the page made requests');
  await page.close();
});

await attempt('Firefox: the example, converted and tried', async () => {
  const page = await open(html);
  await checkExample(page);
  await page.close();
});

await attempt('Firefox: the example on a web host', async () => {
  const { address, close } = await host(join(pageFolder, 'site'));
  const page = await open(address);
  await checkExample(page);
  await page.close();
  close();
});

await browser.close();
end();
