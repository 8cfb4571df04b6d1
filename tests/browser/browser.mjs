// A real browser on the page: opens tabs, and notes whatever should not happen in one.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-lcd-text"];

/** Starts Chromium. Each context that is made of it has an empty profile of its own. */
export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
}

/** A tab at `url`; `trouble` fills with errors, dialogs, refused content and requests to elsewhere. */
export async function openTab(context, url, { before = async () => {}, expectFailures = false } = {}) {
  const page = await context.newPage();
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { trouble.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("console", (message) => {
    // The browser itself notes each failed request; where a test makes them fail, that is no trouble.
    if (expectFailures && message.text().startsWith("Failed to load resource")) return;
    if (["error", "warning"].includes(message.type())) trouble.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => { if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith("data:")) trouble.push(`request to ${request.url()}`); });
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
  });
  await before(page);
  await page.goto(url);
  return { page, trouble: async () => [...trouble, ...(await page.evaluate(() => globalThis.violations))] };
}

/** How large a tab is, and how long it is waited for what should show. */
export const SIZE = { width: 1440, height: 900 }, PATIENCE_MS = 20_000;

/**
 * Runs `work(page, context)` in a new profile at `path` of the server, then asserts that nothing happened that should not.
 * `given()` is `{ browser, url }`, known once the tests begin.
 */
export function tabs(given) {
  return async (path, work, { context: contextOptions = {}, ...options } = {}) => {
    const { browser, url } = given();
    const context = await browser.newContext({ viewport: SIZE, colorScheme: "light", reducedMotion: "reduce", ...contextOptions });
    context.setDefaultTimeout(PATIENCE_MS);
    try {
      const { page, trouble } = await openTab(context, url + path, options);
      await work(page, context);
      assert.deepEqual(await trouble(), []);
    } catch (error) {
      // A picture of where it went wrong.
      if (process.env.FAILURES) await context.pages()[0]?.screenshot({ path: `${process.env.FAILURES}/failure-${Date.now()}.png` }).catch(() => {});
      throw error;
    } finally {
      await context.close();
    }
  };
}

/** The script of axe, for `page.addInitScript`. */
export const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Asserts that axe, which the page has, finds nothing serious in what it shows. */
export async function assertAccessible(page, where) {
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).slice(0, 3).join(" | ")}`);
  assert.deepEqual(found, []);
}

/** The parameters of a page's address. */
export const parameters = (page) => Object.fromEntries(new URL(page.url()).searchParams);

/** Waits for a notice with this text. */
export const notice = (page, text) => page.locator("#notices", { hasText: text }).waitFor();

/** Answers a request of the page's in the server's place. */
export const answer = (body, { status = 200, headers = {} } = {}) => (route) => route.fulfill({ status, headers, contentType: status < 400 ? "application/json" : "application/problem+json", body: JSON.stringify(body) });
