// SPDX-License-Identifier: Apache-2.0
//
// The pictures of the page in the documentation. run.mjs compares them with the page; this makes them anew:
//
//     node test/screenshots.mjs ROOT PAGE CHROMIUM
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, Page } from './browser.mjs';

/** A file below ROOT, the window, and the actions before the screenshot. */
export const pictures = [
  {
    file: 'docs/page.png',
    options: { viewport: { width: 1280, height: 1430 }, deviceScaleFactor: 0.75, colorScheme: 'light' },
    async prepare(page) {
      await page.get('#example').click();
      await page.idle();
      await page.get('#run').click();
      await page.get('.result canvas').waitFor();
    },
  },
  {
    file: 'docs/page-german.png',
    options: { viewport: { width: 1280, height: 720 }, deviceScaleFactor: 0.5, colorScheme: 'dark', locale: 'de-DE' },
    async prepare() {},
  },
];

export async function take(browser, html, { options, prepare }) {
  const page = await Page.open(browser, html, options);
  await prepare(page);
  const picture = await page.browser.screenshot();
  await page.close();
  return picture;
}

/**
 * The part of the squares of 16 x 16 pixels whose mean differs visibly. Fonts differ between systems, which changes
 * few means; a section that is missing or elsewhere changes many.
 */
export async function difference(browser, one, other) {
  const page = await browser.newPage();
  const part = await page.evaluate(async (pictures) => {
    const VISIBLE = 40; // of 255
    const pixels = async (base64) => {
      const image = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
      const [width, height] = [Math.ceil(image.width / 16), Math.ceil(image.height / 16)];
      const context = new OffscreenCanvas(width, height).getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(image, 0, 0, width, height);
      return context.getImageData(0, 0, width, height).data;
    };
    const [a, b] = [await pixels(pictures[0]), await pixels(pictures[1])];
    if (a.length !== b.length) return 1;
    let count = 0;
    for (let i = 0; i < a.length; i += 4)
      if ([0, 1, 2].some((c) => Math.abs(a[i + c] - b[i + c]) > VISIBLE)) count++;
    return count / (a.length / 4);
  }, [one, other].map((picture) => picture.toString('base64')));
  await page.close();
  return part;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [root, folder, chromium] = process.argv.slice(2);
  const browser = await launch(chromium);
  for (const picture of pictures) writeFileSync(join(root, picture.file), await take(browser, join(folder, 'czmodel.html'), picture));
  await browser.close();
}
