// A real browser on the page: opens tabs, and notes whatever should not happen in one.
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
