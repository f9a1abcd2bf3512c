// node scripts/icon.mjs: draws images/icon.png, which the gallery shows, from images/icon.svg with Chromium.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './set-up.mjs';
import { ensureChromium, openBrowser } from './vscode-host/host.mjs';

ensureChromium();
const { browser, page } = await openBrowser({ width: 256, height: 256 });
try {
  const svg = readFileSync(path.join(root, 'images/icon.svg'), 'utf8');
  await page.setContent(
    `<body style="margin:0">${svg.replace('<svg ', '<svg style="display:block" ')}</body>`,
  );
  writeFileSync(path.join(root, 'images/icon.png'), await page.screenshot({ omitBackground: true }));
} finally {
  await browser.close();
}
