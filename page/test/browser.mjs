// SPDX-License-Identifier: Apache-2.0
//
// A browser with the page, and the actions of tests. No test may make a request that the page did not bring
// along: each is recorded, and there must be none. Debian 12 has Node.js 18, which playwright-core supports up to
// version 1.61.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const arguments_ = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

const PATIENCE = 120_000; // milliseconds, of a machine with other work

export const launch = (executablePath) => chromium.launch({ executablePath, args: arguments_ });

export class Page {
  /** Without animations, whose colours and places would depend on the moment. `address`: an HTML file, or a URL. */
  static async open(browser, address, options = {}) {
    const context = await browser.newContext({ acceptDownloads: true, locale: 'en-GB', reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = new Page(await context.newPage());
    page.requests = [];
    page.messages = [];
    context.on('request', (request) => page.requests.push(request.url()));
    page.browser.on('console', (message) => page.messages.push(message.text()));
    page.browser.on('pageerror', (error) => page.messages.push(error.message));
    page.address = existsSync(address) ? pathToFileURL(address).href : address;
    await page.browser.goto(page.address);
    await page.idle();
    return page;
  }

  constructor(browser) {
    this.browser = browser;
  }

  get = (selector, options) => this.browser.locator(selector, options);
  labelled = (label, options) => this.browser.getByLabel(label, options);
  button = (name) => this.browser.getByRole('button', { name });

  /** Waits until the page has done everything. It is "working" as soon as something changes. */
  async idle() {
    await this.browser.locator('#status', { hasText: /Ready|Bereit/ }).waitFor();
  }

  async choose(...paths) {
    await this.get('#files').setInputFiles(paths);
    await this.idle();
  }

  async chooseFolder(path) {
    await this.get('#folder').setInputFiles(path);
    await this.idle();
  }

  /** Drops a file or a folder on the page, as the mouse does. */
  async drop(path) {
    const session = await this.browser.context().newCDPSession(this.browser);
    await this.browser.evaluate(() => {
      window.hasDropped = new Promise((resolve) => window.addEventListener('drop', resolve, { once: true }));
    });
    await this.get('.drop').scrollIntoViewIfNeeded();
    const box = await this.get('.drop').boundingBox();
    const place = { x: box.x + box.width / 2, y: box.y + 20, data: { items: [], files: [path], dragOperationsMask: 1 } };
    for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, ...place });
    await this.browser.evaluate(() => window.hasDropped.then(() => null));
    await this.idle();
  }

  /** Clicks on "Convert and download", and returns the name and the bytes of the file. */
  async convert() {
    const [download] = await Promise.all([this.browser.waitForEvent('download'), this.get('#convert').click()]);
    const path = await download.path();
    return { name: download.suggestedFilename(), bytes: readFileSync(path) };
  }

  /** What axe finds that is serious. The debugger runs it, since the page allows no script but its own. */
  async audit(axe) {
    const session = await this.browser.context().newCDPSession(this.browser);
    await session.send('Runtime.evaluate', { expression: axe });
    const { violations } = await this.browser.evaluate(() => globalThis.axe.run());
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }

  /** Bytes that the largest process of this test's browser has used at most; an empty page has 220 MB. */
  memory() {
    const field = (pid, name) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(`${name}:\\s+(\\d+)`)[1]);
    const isOurs = (pid) => pid > 1 && (pid === process.pid || isOurs(field(pid, 'PPid')));
    const most = (pid) => {
      try {
        const isPage = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer');
        return isPage && isOurs(pid) ? 1024 * field(pid, 'VmHWM') : 0;
      } catch {
        return 0; // a process that has ended
      }
    };
    return Math.max(...readdirSync('/proc').map(Number).filter(Boolean).map(most));
  }

  findings = () => this.get('.finding').allInnerTexts();

  /** Requests beyond the page itself; blobs and data are parts of it. */
  foreign = () => this.requests.filter((url) => url !== this.address && !/^(blob|data):/.test(url));

  async close() {
    await this.browser.context().close();
  }
}
