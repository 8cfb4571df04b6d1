// The pictures of the documentation, taken in a real browser: SCREENSHOTS=1 npm test. With WATCHFIRE_URL they are of that
// server, which should be new, and is sent the examples' day; else of the mock.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { openTab, startBrowser } from "./browser.mjs";
import { startMock } from "./mock.mjs";
import { makeSmaller } from "./smaller.mjs";

const SIZE = { width: 1280, height: 800 };
const MOST_BYTES = 250_000;
const DAY = new URL("../../examples/day.ndjson", import.meta.url);
/** Long enough for the charts to show something. */
const CHARTS_MS = 45_000;

/** Sends a day of alerts within less than a minute, in gusts, so that there is something to draw. */
async function sendDay(url) {
  const lines = (await readFile(DAY, "utf8")).split("\n");
  const seconds = CHARTS_MS / 1000;
  for (let second = 0, from = 0; second < seconds; second += 1) {
    const to = second === seconds - 1 ? lines.length : Math.floor(lines.length * ((second + 1) / seconds + 0.04 * Math.sin(second / 3)));
    if (to > from) await fetch(`${url}/api/v1/alerts`, { method: "POST", body: lines.slice(from, to).join("\n") });
    from = Math.max(from, to);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

test("the pictures of the documentation", { skip: !process.env.SCREENSHOTS && "set SCREENSHOTS=1 to write them" }, async () => {
  const mock = process.env.WATCHFIRE_URL ? null : await startMock();
  const url = mock?.url ?? process.env.WATCHFIRE_URL.replace(/\/$/, "");
  const browser = await startBrowser();
  const context = await browser.newContext({ viewport: SIZE, colorScheme: "light", reducedMotion: "reduce" });
  const take = async (page, name) => {
    const path = new URL(`../../docs/${name}.png`, import.meta.url).pathname;
    await page.screenshot({ path });
    const size = await makeSmaller(path);
    assert.ok(size <= MOST_BYTES, `${name} has ${size} bytes`);
  };
  try {
    const { page } = await openTab(context, url);
    await (mock ? page.waitForTimeout(CHARTS_MS) : sendDay(url));
    await page.locator("#patterns [role=option]").first().waitFor();
    await page.keyboard.press(".");
    await page.waitForTimeout(1500);
    await page.keyboard.press("j");
    await take(page, "page-queue");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(2500);
    await take(page, "page-pattern");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.keyboard.press("s");
    await page.keyboard.type("the same source tried two other machines");
    await take(page, "page-dark");
    await page.keyboard.press("Escape");
    await page.emulateMedia({ colorScheme: "light" });
    await page.keyboard.press("6");
    await page.waitForTimeout(2000);
    await take(page, "page-health");

    // A server that has no feeds of its own gets no picture of articles.
    if (mock) {
      await page.setViewportSize({ width: 1200, height: 630 });
      await page.goto(`${url}/?view=articles&user=ana`);
      await page.locator(".spot").first().waitFor();
      await page.keyboard.press("j");
      await page.waitForTimeout(500);
      await take(page, "page-articles");
      await page.setViewportSize(SIZE);
      await page.goto(url);
    }

    await context.route("**/api/v1/patterns?*", (route) => route.fulfill({ contentType: "application/json", body: '{"items":[],"next":null,"total":0}' }));
    await page.goto(url);
    await page.getByRole("heading", { name: "The queue is empty" }).waitFor();
    await page.waitForTimeout(2000);
    await take(page, "page-empty");
  } finally {
    await browser.close();
    await mock?.close();
  }
});
