// SPDX-License-Identifier: Apache-2.0
// The status page in a browser: with a keyboard, with a screen reader, on a phone, in the dark.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const PICTURES = process.env.MTA_STS_PICTURES;
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };
const SCHEMES = ["light", "dark"];
const VIEWS = {
  overview: "", domain: "?domain=example.com", hostile: "?domain=example.org",
  quiet: "?domain=customer001.example", none: "?q=nothing-like-this",
};
const MORE_VIEWS = { year: "?since=400d", all: "?since=all", found: "?q=customer00", last: "?page=2", listed: "?show=all" };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server, browser, profile, base;

before(async () => {
  server = spawn("/usr/bin/python3", ["-B", path.join(import.meta.dirname, "serve.py")],
    { stdio: ["pipe", "pipe", "inherit"] });
  server.ended = new Promise((resolve) => server.on("exit", resolve));
  for await (const line of createInterface({ input: server.stdout })) {
    base = JSON.parse(line).base;
    break;
  }
  assert.ok(base, "the httpd did not start");
  profile = mkdtempSync(path.join(tmpdir(), "mta-sts-chromium-"));
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS,
    env: { ...process.env, HOME: profile } });
});

after(async () => {
  await browser?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
  server.stdin.end();
  assert.equal(await server.ended, 0, "httpd failed, or its error log has an unexpected line");
});

// Opens a view, uses it, and checks that the browser logged nothing.
async function withPage(view, options, use) {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const complaints = [], requests = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", (dialog) => { complaints.push(dialog.message()); dialog.dismiss(); });
    page.on("request", (request) => requests.push(request.url()));
    const answer = await page.goto(base + view);
    assert.equal(answer.status(), 200);
    await use(page);
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests.filter((url) => !url.startsWith(base) && !url.startsWith("data:")), []);
  } finally {
    await context.close();
  }
}

async function checkLook(page, name, size, colorScheme) {
  await page.emulateMedia({ colorScheme });
  const [wide, room] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, globalThis.innerWidth]);
  assert.ok(wide <= room, `${wide} px wide`);
  assert.deepEqual(await page.locator(".badge").evaluateAll((all) => all.filter((it) =>
    it.getBoundingClientRect().right > it.parentElement.getBoundingClientRect().right + 1)
    .map((it) => it.textContent)), [], "badges beyond their place");
  if (PICTURES) {
    await page.screenshot({ fullPage: true,
      path: path.join(PICTURES, `${name}-${size}-${colorScheme}.png`) });
  }
}

// Colours in both schemes, all other rules once.
async function checkWithAxe(page, colorScheme) {
  const rules = colorScheme === "light" ? undefined : ["color-contrast"];
  await page.evaluate(axe);
  const { violations } = await page.evaluate((runOnly) =>
    globalThis.axe.run(runOnly ? { runOnly, resultTypes: ["violations"] } : {}), rules);
  assert.deepEqual(violations.map((found) =>
    `${found.impact} ${found.id}: ${found.nodes.map((node) => node.html).join("; ")}`), []);
}

for (const [name, view] of Object.entries({ ...VIEWS, ...MORE_VIEWS })) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`${name} on a ${size} fits and is readable in light and dark`, async () => {
      await withPage(view, { viewport, bypassCSP: true }, async (page) => {
        for (const colorScheme of SCHEMES) {
          await checkLook(page, name, size, colorScheme);
          if (name in VIEWS) await checkWithAxe(page, colorScheme);
        }
      });
    });
  }
}

// The elements that the Tab key reaches, in order.
async function tabThrough(page, limit = 600) {
  const stops = [];
  for (let i = 0; i < limit; i++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const it = document.activeElement;
      if (it === document.body || it.seen) return null;
      it.seen = true;
      const style = getComputedStyle(it);
      return { name: (it.textContent || it.name || "").trim(), href: it.getAttribute("href"),
        tag: it.localName, outline: style.outlineStyle !== "none" };
    });
    if (!stop) break;
    stops.push(stop);
  }
  return stops;
}

for (const [name, view] of Object.entries(VIEWS)) {
  test(`${name}: the keyboard reaches every control, and the focus is visible`, async () => {
    await withPage(view, { viewport: SIZES.desktop }, async (page) => {
      const there = await page.evaluate(() =>
        document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), [tabindex='0']").length);
      const inClosed = await page.evaluate(() =>
        document.querySelectorAll("details:not([open]) > :not(summary) :is(a[href], summary, [tabindex='0']), details:not([open]) > :is(a[href], [tabindex='0'])").length);
      const stops = await tabThrough(page);
      assert.equal(stops.length, there - inClosed);
      assert.equal(stops[0].name, "Skip to content");
      assert.deepEqual(stops.filter((stop) => !stop.outline), []);
    });
  });
}

test("every view is reached from the overview with the keyboard alone", async () => {
  await withPage("", { viewport: SIZES.desktop }, async (page) => {
    const go = async (selector, expected) => {
      await page.locator(selector).first().focus();
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.search === expected);
    };
    await go("a[href='?since=400d']", "?since=400d");
    await go("a[href='?domain=example.com&since=400d']", "?domain=example.com&since=400d");
    await go(".crumb a", "?since=400d");
    await page.locator("#q").focus();
    await page.keyboard.type("customer00");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.search === "?q=customer00&since=400d");
    await go("a[href='?domain=customer001.example&since=400d']",
      "?domain=customer001.example&since=400d");
    await go(".crumb a", "?since=400d");
    await go(".more a", "?since=400d&show=all");
    await go(".pages a:text('Next')", "?since=400d&show=all&page=2");
    await go("nav.range a:text('30 days')", "?show=all&page=2");
    await go("nav.filters a:text('Failing')", "?show=failing");
    await go("a[href='?domain=example.com']", "?domain=example.com");
  });
});

test("the skip link leads to the content", async () => {
  await withPage("", {}, async (page) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
  });
});

test("details open and close with the keyboard", async () => {
  await withPage("?domain=example.com", {}, async (page) => {
    const details = page.locator("details").first();
    await details.locator("summary").focus();
    await page.keyboard.press("Enter");
    assert.ok(await details.locator("table").isVisible());
    await page.keyboard.press("Space");
    assert.ok(!(await details.locator("table").isVisible()));
  });
});

test("a screen reader finds headings, landmarks, the chart and its numbers", async () => {
  await withPage("?domain=example.com", {}, async (page) => {
    const tree = await page.locator("body").ariaSnapshot();
    for (const expected of [/banner/, /navigation "Range of reports"/, /main/, /contentinfo/,
      /heading "example.com" \[level=1\]/, /region "What failed, and what to do"/,
      /region "Sessions per day"/, /img "Sessions per day: [\d,]+ secure and [\d,]+ failed in 30 days/,
      /columnheader "Secure"/, /rowheader "Big Mail Inc\."/]) {
      assert.match(tree, expected);
    }
  });
});

test("the list of domains stays a table for a screen reader on a phone", async () => {
  await withPage("", { viewport: SIZES.phone }, async (page) => {
    const tree = await page.getByRole("table").filter({ hasText: "customer001" }).last()
      .ariaSnapshot();
    assert.match(tree, /rowheader "customer001.example/);
    assert.match(tree, /cell "enforce"/);
  });
});

test("a long name breaks neither badges nor ids in the list of domains", async () => {
  for (const width of [SIZES.desktop.width, 760]) {
    await withPage("?q=customer", { viewport: { width, height: 900 } }, async (page) => {
      const broken = await page.locator("[aria-labelledby=domains] table").evaluate((table) =>
        [...table.querySelectorAll("td .badge, td > code")]
          .filter((it) => it.getBoundingClientRect().height > 30 || it.getClientRects().length > 1)
          .map((it) => it.textContent));
      assert.deepEqual(broken, []);
      assert.ok(await page.evaluate(() =>
        document.documentElement.scrollWidth <= globalThis.innerWidth));
    });
  }
});

test("FILE:LINE is never broken into lines, and its end is visible", async () => {
  for (const width of [SIZES.phone.width, SIZES.desktop.width]) {
    await withPage("?domain=example.com", { viewport: { width, height: 900 } }, async (page) => {
      const locations = await page.locator(".location").evaluateAll((all) => all.map((it) =>
        ({ text: it.textContent, lines: it.getClientRects().length, height: it.clientHeight,
          direction: getComputedStyle(it).direction })));
      assert.ok(locations.some((it) => /:\d+$/.test(it.text)));
      assert.deepEqual(locations.filter((it) =>
        it.lines > 1 || it.height > 30 || it.direction !== "rtl"), []);
    });
  }
});

test("the verdict comes first and says that mail is refused", async () => {
  await withPage("", {}, async (page) => {
    const verdict = page.locator("main > :first-child");
    assert.match(await verdict.textContent(), /^Mail is being refused\..*example\.com: \d+ sessions/s);
    assert.ok(await verdict.evaluate((it) => it.matches(".verdict.error")));
  });
});

test("nothing of a hostile report becomes markup", async () => {
  for (const view of ["?domain=example.org", "", "?since=all"]) {
    await withPage(view, {}, async (page) => {
      assert.notEqual(await page.title(), "broken");
      assert.equal(await page.locator("script, img, iframe, object, embed").count(), 0);
      assert.equal(await page.evaluate(() => [...document.querySelectorAll("*")].filter((it) =>
        it.getAttributeNames().some((name) => name.startsWith("on") || name === "style")).length), 0);
      assert.deepEqual(await page.evaluate(() => [...document.links].map((link) => link.protocol)
        .filter((protocol) => protocol !== "http:")), []);
      assert.ok(await page.getByText("<script>document.title").count() > 0);
    });
  }
});

test("the page may not do anything: an injected script would not run", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(base);
  const ran = await page.evaluate(() => new Promise((resolve) => {
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.body.append(script);
    const image = new Image();
    image.onerror = () => resolve(globalThis.ran === true);
    image.src = "http://127.0.0.1:1/picture";
    document.body.append(image);
  }));
  assert.equal(ran, false);
  await context.close();
});

test("without scripts, without colours and on paper it is the same page", async () => {
  await withPage("", { javaScriptEnabled: false, forcedColors: "active" }, async (page) => {
    assert.ok(await page.getByRole("heading", { name: "Policy domains" }).isVisible());
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.getByRole("heading", { name: "Sessions per day" }).isVisible());
    assert.ok(!(await page.getByRole("navigation", { name: "Range of reports" }).isVisible()));
  });
});
