// The page's measurements in a real browser. WATCHFIRE_URL names a running `watchfire serve` whose loopback is open; where it
// serves none, or there is none, the mock stands in. Everything is seeded through the API.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answer, assertAccessible, AXE, notice, parameters, startBrowser, tabs } from "./browser.mjs";
import { startMock } from "./mock.mjs";
import { ask } from "./seed-articles.mjs";

const mark = `m${Math.floor(Math.random() * 1e9).toString(36)}`, anna = `${mark}-anna`;
/** Markup, a turned direction, a path: none of it may be more than text. */
const hostile = `${mark}-<img src=x onerror="alert(1)">\u202egpj/../?view=dead`;
const METRIC = `heart <script>alert(2)</script>`;
let url = process.env.WATCHFIRE_URL?.replace(/\/$/, ""), mock = null, browser = null;

const value = (user, metric, minute, value) => ({ user, metric, time: new Date(Date.UTC(2026, 10, 2, 6, minute)).toISOString(), value });
const hour = (user, metric) => Array.from({ length: 60 }, (_, minute) => value(user, metric, minute, 66 + [0, 1.5, -1, 2, -2][minute % 5]));

before(async () => {
  if (!url || !(await fetch(`${url}/api/v1/measurements/statistics`).catch(() => null))?.ok) {
    mock = await startMock({ lively: false, patterns: 50, quota: 1_000_000 });
    ({ url } = mock);
  }
  for (const user of [anna, hostile]) await ask(url, "POST", "/measurements/batch", { measurements: [...hour(user, METRIC), value(user, METRIC, 61, 250), ...hour(user, "grip")] });
  browser = await startBrowser();
});

after(async () => {
  for (const user of [anna, hostile]) await ask(url, "DELETE", `/measurements/${encodeURIComponent(user)}`).catch(() => {});
  await browser?.close();
  await mock?.close();
});

const inTab = tabs(() => ({ browser, url }));
const section = (page) => page.locator("section.measurements-section");
const figure = (page, name) => section(page).locator("figure.series", { hasText: name });

describe("measurements", () => {
  test("a user is found by the keyboard, and each metric is drawn with what was rejected", async () => {
    await inTab("/", async (page) => {
      await page.locator("nav a", { hasText: "Measurements" }).waitFor();
      await page.keyboard.press("7");
      await section(page).getByRole("heading", { level: 1, name: "Measurements" }).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type(mark);
      await section(page).getByRole("button", { name: anna }).waitFor();
      await page.keyboard.type("-anna");
      await page.keyboard.press("Enter");
      await figure(page, "grip").waitFor();
      assert.equal(parameters(page).user, anna);
      assert.equal(await figure(page, "heart").locator("circle").count(), 60);
      assert.equal(await figure(page, "heart").locator("path.cross").count(), 1);
      assert.equal(await figure(page, "grip").locator("path.cross").count(), 0);
      assert.match(await figure(page, "heart").getByRole("img").getAttribute("aria-label"), /60 accepted, 1 rejected/);
    });
  });

  test("the values are there as a table for those who don't see them", async () => {
    await inTab(`/?view=measurements&user=${anna}`, async (page) => {
      const one = figure(page, "heart");
      await one.locator("summary").focus();
      await page.keyboard.press("Enter");
      await one.getByRole("row").nth(1).waitFor();
      assert.equal(await one.getByRole("row").count(), 62);
      const newest = await one.getByRole("row").nth(1).textContent();
      assert.match(newest, /2026-11-02 07:01:00250rejected: outlier/);
    });
  });

  test("whatever a name says is text", async () => {
    await inTab(`/?view=measurements&user=${encodeURIComponent(hostile)}`, async (page) => {
      await figure(page, "grip").waitFor();
      assert.equal(await section(page).locator("h2 bdi").first().textContent(), hostile.replace("\u202e", "·"));
      assert.equal(await section(page).locator("img, script").count(), 0);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    });
  });

  test("who is not known is told, and nothing else is lost", async () => {
    await inTab(`/?view=measurements&user=${mark}-nobody`, async (page) => {
      await section(page).getByText(`No measurements of ${mark}-nobody`).waitFor();
      await section(page).getByText("Mean quality").waitFor();
    }, { expectFailures: true });
  });

  test("what could not be judged is judged again", async () => {
    let waiting = 1;
    const letter = { id: 7, measurement: { user: "<b>late</b>", metric: "cpu", time: "2026-11-02T06:00:00.000Z", value: "1" }, attempts: 8, reason: "the store failed: locked", at: "2026-11-02T06:00:01.000Z" };
    await inTab("/?view=measurements", async (page) => {
      await section(page).getByText("the store failed: locked").waitFor();
      await section(page).getByRole("button", { name: "Judge again" }).click();
      await notice(page, "1 measurement was judged: 1 accepted, 0 rejected.");
      await section(page).getByText("None: all that came was judged.").waitFor();
    }, { before: async (page) => {
      await page.route("**/api/v1/measurements/dead?*", (route) => answer({ items: waiting ? [letter] : [], next: null, waiting, dropped: 0 })(route));
      await page.route("**/api/v1/measurements/dead/replay", (route) => { waiting = 0; return answer({ judged: 1, accepted: 1, rejected: 0, failed: 0, waiting })(route); });
    } });
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing in the ${colorScheme}`, async () => {
      await inTab(`/?view=measurements&user=${anna}`, async (page) => {
        await figure(page, "heart").locator("summary").click();
        await section(page).getByText("Mean quality").waitFor();
        await assertAccessible(page, "measurements");
        if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/measurements-${colorScheme}.png` });
      }, { context: { colorScheme }, before: (page) => page.addInitScript({ path: AXE }) });
    });
  }

  test("a user is taken away with two presses", async () => {
    await inTab(`/?view=measurements&user=${anna}`, async (page) => {
      await section(page).getByRole("button", { name: "Delete", exact: true }).click();
      await section(page).getByRole("button", { name: "Delete for good?" }).click();
      await notice(page, `What was known of ${anna} is deleted.`);
      assert.equal(parameters(page).user, undefined);
    });
  });
});
