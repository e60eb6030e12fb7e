// SPDX-License-Identifier: Apache-2.0
// Takes the picture of README.md and doc/status.md: node tests/browser/picture.mjs doc/status-page.png (then pngquant).

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const server = spawn("/usr/bin/python3", ["-B", path.join(import.meta.dirname, "serve.py")],
  { stdio: ["pipe", "pipe", "inherit"] });
let base;
for await (const line of createInterface({ input: server.stdout })) {
  base = JSON.parse(line).base;
  break;
}
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const page = await browser.newPage({ viewport: { width: 1100, height: 1480 } });
await page.goto(`${base}?domain=example.com`);
await page.screenshot({ path: process.argv[2] });
await browser.close();
server.stdin.end();
