// The page's articles in a real browser. WATCHFIRE_URL names a running `watchfire serve` whose loopback is open; where it has
// no articles, or there is none, the mock stands in. Everything is seeded through the API, with a feed served from here.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answer, assertAccessible, AXE, notice, parameters, startBrowser, tabs } from "./browser.mjs";
import { startMock } from "./mock.mjs";
import { ask, calculate, hasArticles, HOSTILE, reader, seedArticles, serveFeed, token, until } from "./seed-articles.mjs";

let url = process.env.WATCHFIRE_URL?.replace(/\/$/, ""), mock = null, browser = null, feed = null, id = null;

before(async () => {
  if (!url || !(await hasArticles(url))) {
    mock = await startMock({ lively: false, patterns: 50, quota: 1_000_000 });
    ({ url } = mock);
  }
  feed = await serveFeed();
  id = await seedArticles(url, feed);
  browser = await startBrowser();
});

after(async () => {
  if (id) await ask(url, "DELETE", `/feeds/${id}`).catch(() => {});
  await ask(url, "DELETE", `/profiles/${reader}`).catch(() => {});
  await browser?.close();
  feed?.close();
  await mock?.close();
});

const inTab = tabs(() => ({ browser, url }));
const option = (page, text) => page.locator("#articles [role=option]", { hasText: text });
const active = (page) => page.locator("#articles [role=option][aria-selected=true]");
const detail = (page) => page.locator("section.articles-section .article");
const map = (page) => page.locator("section.articles-section .map");
const place = (page, name) => map(page).getByRole("button", { name });
const mine = (more = "") => `/?view=articles&user=${reader}&feed=${id}${more}`;
const stateOf = async (title) => (await ask(url, "GET", `/articles/with-relevance?user=${reader}&feed=${id}&dismissed=show&limit=200`)).items.find((article) => article.title.startsWith(title))?.state;
const becomes = (title, state) => until(() => stateOf(title), (now) => now === state, `“${title}” to be ${state}`);
const at = (page, name, value) => page.waitForFunction(([name, value]) => (new URLSearchParams(location.search).get(name) ?? undefined) === (value ?? undefined), [name, value]);

describe("a reader", () => {
  test("reads by relevance, with the reasons for each score, and what is opened is recorded", async () => {
    await inTab(`/?view=articles&user=${reader}&feed=`.replace("&feed=", `&feed=${id}`), async (page) => {
      await option(page, `First ${token}`).waitFor();
      const titles = await page.locator("#articles [role=option] .what").allTextContents();
      assert.match(titles[0], new RegExp(`First ${token}`));
      // What does not matter at all is left out, or comes last.
      const second = titles.findIndex((title) => title.startsWith(`Second ${token}`)), quiet = titles.findIndex((title) => title.startsWith("Quiet day"));
      assert.ok(second > 0 && (quiet < 0 || second < quiet), titles.join(" | "));
      const scores = (await page.locator("#articles [role=option] .score b").allTextContents()).map((text) => Number(text.replace(",", "")));
      assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
      assert.notEqual((await page.locator("#articles [role=option] .why").first().textContent()).trim(), "");

      await page.keyboard.press("j");
      await page.keyboard.press("Enter");
      await detail(page).getByRole("heading", { name: "Why it matters to you" }).waitFor();
      assert.ok((await detail(page).locator(".weights li").count()) >= 1);
      await detail(page).getByText(/Fortinet/i).first().waitFor();
      const link = detail(page).getByRole("link", { name: `First ${token}` });
      assert.match(await link.getAttribute("href"), /^https?:\/\/feed\.example\//);
      assert.equal(await link.getAttribute("rel"), "noreferrer noopener");
      assert.ok((await detail(page).locator(".prose p").count()) >= 2, "text has its paragraphs");
      await becomes(`First ${token}`, "opened");
      await page.locator("#articles .option.opened", { hasText: `First ${token}` }).waitFor();

      await detail(page).getByRole("button", { name: "CVE-2024-3400" }).click();
      await at(page, "entity", "cve:CVE-2024-3400");
      await option(page, "Quiet day").first().waitFor({ state: "detached" });
      assert.equal(await page.locator("#articles [role=option]").count(), 1);
    });
  });

  test("dismisses and takes back by keyboard", async () => {
    await inTab(mine(), async (page) => {
      await option(page, `Second ${token}`).waitFor();
      await page.keyboard.press("j");
      while (!(await active(page).textContent()).includes(`Second ${token}`)) await page.keyboard.press("j");
      await page.keyboard.press("x");
      await notice(page, /Dismissed/);
      await page.locator("#articles .option.dismissed", { hasText: `Second ${token}` }).waitFor();
      assert.ok(!(await active(page).textContent()).includes(`Second ${token}`), "on to the next");
      await becomes(`Second ${token}`, "dismissed");

      await page.keyboard.press("u");
      await notice(page, /Taken back/);
      await becomes(`Second ${token}`, "new");
      await page.waitForFunction(() => !document.querySelector("#articles .option.dismissed"));

      await page.keyboard.press("x");
      await becomes(`Second ${token}`, "dismissed");
      await page.reload();
      await option(page, `First ${token}`).waitFor();
      assert.equal(await option(page, `Second ${token}`).count(), 0, "left out of the list");
      await page.goto(url + mine("&dismissed=only"));
      await option(page, `Second ${token}`).waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("u");
      await becomes(`Second ${token}`, "new");
    });
  });

  test("keeps filters and what is open in the address, over a reload, and their name on this machine", async () => {
    await inTab(mine(), async (page) => {
      await option(page, `First ${token}`).waitFor();
      await page.getByLabel("Order").selectOption("published");
      await page.getByLabel("Severity").selectOption("low");
      await page.getByRole("button", { name: "More filters" }).click();
      await place(page, /Kyiv/).waitFor();
      await page.getByLabel("Country").selectOption("UA");
      await page.keyboard.press("Escape");
      await page.locator("#articles").focus();
      await page.keyboard.press("/");
      await page.keyboard.type("CVE-2024-3400");
      await page.keyboard.press("Enter");
      await at(page, "entity", "CVE-2024-3400");
      await option(page, `First ${token}`).click();
      await detail(page).getByRole("heading", { level: 2 }).waitFor();
      const before = parameters(page);
      assert.deepEqual([before.sort, before.min_severity, before.country, before.user, before.feed], ["published", "low", "UA", reader, id]);
      await page.reload();
      await option(page, `First ${token}`).waitFor();
      await detail(page).getByRole("heading", { level: 2 }).waitFor();
      assert.deepEqual(parameters(page), before);
      assert.equal(await page.getByLabel("Order").inputValue(), "published");
      assert.equal(await page.getByLabel("Country").inputValue(), "UA", "a rare filter that is set is shown");
      await page.goBack();
      await detail(page).waitFor({ state: "hidden" });

      await page.goto(`${url}/?view=articles`);
      await at(page, "user", reader);
      assert.equal(await page.getByLabel("For", { exact: true }).inputValue(), reader);
    });
  });

  test("finds on the map where it is, and narrows the list by a place", async () => {
    await inTab(mine(), async (page) => {
      await option(page, `First ${token}`).waitFor();
      await place(page, /Kyiv/).waitFor();
      assert.equal(await map(page).locator(".spot").count(), await map(page).locator(".place").count(), "each mark is in the list");
      await map(page).getByText("GeoNames").waitFor();
      assert.ok((await map(page).locator(".land").getAttribute("d")).length > 20_000, "there is land");

      await place(page, /Rotterdam/).focus();
      await page.keyboard.press("Enter");
      await at(page, "country", "NL");
      await option(page, "Quiet day").first().waitFor({ state: "detached" });
      await option(page, `Second ${token}`).waitFor();
      assert.equal(await option(page, `First ${token}`).count(), 0);
      assert.equal(await place(page, /Rotterdam/).getAttribute("aria-pressed"), "true");
      await place(page, /Kyiv/).waitFor();

      // Pressed again it is all of them; a mark does the same as its name.
      await place(page, /Rotterdam/).click();
      await at(page, "country", undefined);
      await map(page).locator(".spot", { hasText: "Rotterdam" }).dispatchEvent("click");
      await at(page, "country", "NL");
      await page.goBack();
      await option(page, `First ${token}`).waitFor();
      await page.locator("#articles").focus();
      await page.keyboard.press("m");
      await map(page).waitFor({ state: "hidden" });
      await page.keyboard.press("m");
      await map(page).waitFor();
      await map(page).getByRole("button", { name: "Closer" }).click();
      assert.notEqual((await map(page).locator(".world").getAttribute("viewBox")).split(" ")[2], "552.00");
    });
  });

  test("says what matters to them, and sees the scores being calculated", async () => {
    const name = `other-${token}`;
    try {
      await inTab(mine(), async (page) => {
        await option(page, `First ${token}`).waitFor();
        await page.getByLabel("For", { exact: true }).selectOption({ label: "New profile…" });
        await page.getByRole("heading", { name: "A new profile" }).waitFor();
        await page.getByLabel("Reader").fill(name);
        await page.getByLabel("Keyword", { exact: true }).fill("Rotterdam");
        await page.getByLabel("Weight").fill("3");
        await page.getByLabel("Sectors").fill("shipping\nenergy");
        await page.getByRole("button", { name: "Save and calculate" }).click();
        // So few are calculated before anybody sees a bar.
        await page.getByRole("progressbar", { name: "Scores calculated" }).or(page.getByText(/[\d,]+ scores are new/)).first().waitFor();
        await page.getByText(/[\d,]+ scores are new/).waitFor();
        await at(page, "user", name);
        await page.waitForFunction((title) => document.querySelector("#articles [aria-posinset='1']")?.textContent.includes(title), `Second ${token}`);
        const saved = await ask(url, "GET", `/profiles/${name}`);
        assert.deepEqual([saved.keywords[0].text, saved.sectors], ["Rotterdam", ["shipping", "energy"]]);

        await page.getByRole("button", { name: "One more" }).first().click();
        await page.getByLabel("Vendor").last().fill("Fortinet");
        await page.getByRole("button", { name: "Save and calculate" }).click();
        await until(() => ask(url, "GET", `/profiles/${name}`), ({ stack }) => stack[0]?.vendor === "Fortinet", "the profile");

        const remove = page.getByRole("button", { name: "Delete profile" });
        await remove.click();
        await page.getByRole("button", { name: "Delete for good?" }).click();
        await notice(page, /is deleted/);
      });
    } finally {
      await ask(url, "DELETE", `/profiles/${name}`).catch(() => {});
    }
  });

  test("is told how long to wait when scores were calculated too often", async () => {
    await inTab(mine("&side=profile"), async (page) => {
      await page.getByRole("button", { name: "Calculate anew" }).click();
      await page.getByText(/50 times in 5 minutes; again in 2 min/).waitFor();
      assert.ok(await page.getByRole("button", { name: "Calculate anew" }).isDisabled());
    }, { expectFailures: true, before: (page) => page.route("**/api/v1/relevance/calculate", answer({ title: "Too often", status: 429, detail: "wait" }, { status: 429, headers: { "Retry-After": "130" } })) });
  });

  test("adds a feed by its address, has it fetched, and removes it", async () => {
    // Articles at addresses of their own: those of the other feed would be known again.
    const own = await serveFeed(`${token}-own`);
    try {
      await inTab(mine(), async (page) => {
        await option(page, `First ${token}`).waitFor();
        await page.keyboard.press("s");
        await page.getByLabel("Address of a feed").fill(own.address);
        await page.getByText("More about it").click();
        await page.getByLabel("Title").fill(`Second feed ${token}`);
        await page.getByLabel("It may be at an address").check();
        await page.getByRole("button", { name: "Add", exact: true }).click();
        await notice(page, /The feed is added/);
        const row = page.locator(".feed", { hasText: own.address });
        await row.getByText(`Second feed ${token}`).waitFor();
        await row.getByRole("button", { name: "Fetch now" }).click();
        await notice(page, /is asked now/);
        await row.getByText(new RegExp(`${own.count()} articles`)).waitFor();
        // Where a model is asked for places, as in the mock, it says how that goes.
        if (mock) await page.getByRole("heading", { name: "Reading for places" }).waitFor();
        await row.getByRole("button", { name: "Remove" }).click();
        assert.equal(await row.count(), 1, "one press removes nothing");
        await row.getByRole("button", { name: "Remove for good?" }).click();
        await row.waitFor({ state: "detached" });
      });
    } finally {
      for (const one of (await ask(url, "GET", "/feeds")).items) if (one.url === own.address) await ask(url, "DELETE", `/feeds/${one.id}`);
      own.close();
    }
  });

  test("is told of new articles without the list moving, and shows them when ready", async () => {
    await inTab(mine("&sort=published"), async (page) => {
      await option(page, `First ${token}`).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      const top = await page.locator("#articles [aria-posinset='1']").getAttribute("id");
      feed.add({ title: `Third ${token}`, text: "It came later.", time: Date.now() });
      await ask(url, "POST", `/feeds/${id}/fetch`);
      await page.getByRole("button", { name: /new – press/ }).waitFor();
      assert.equal(await page.locator("#articles [aria-posinset='1']").getAttribute("id"), top, "nothing moved");
      await page.keyboard.press(".");
      await option(page, `Third ${token}`).waitFor();
      await calculate(url, reader);
    });
  });
});

describe("an attacker's article", () => {
  test("is text wherever it shows: no markup of it, no link but to a page", async () => {
    await inTab(mine("&sort=published"), async (page) => {
      for (const { title } of HOSTILE) {
        const shown = title.slice(0, title.indexOf(token) + token.length);
        await option(page, shown).click();
        await detail(page).getByRole("heading", { name: shown }).waitFor();
        await detail(page).getByRole("heading", { name: "What it says" }).waitFor();
        const found = await page.locator("section.articles-section").evaluate((section) => ({
          markup: section.querySelectorAll("img, script, iframe, object, form form, [onerror], [onload]").length,
          links: [...section.querySelectorAll("[href], [src], [action]")].map((node) => node.getAttribute("href") ?? node.getAttribute("src") ?? ""),
          text: section.textContent,
        }));
        assert.equal(found.markup, 0);
        for (const link of found.links) assert.match(link, /^(https?:\/\/(www\.geonames\.org|feed\.example)\/|\/|#$)/);
        assert.doesNotMatch(found.text, /[\u202a-\u202e\u2066-\u2069]/u);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll(".detail")].every((pane) => pane.scrollWidth <= pane.clientWidth)), "nothing is widened");
      }
    });
  });
});

describe("when there is nothing, or nobody", () => {
  test("an empty list says how to add the first feed", async () => {
    await inTab("/?view=articles", async (page) => {
      await page.getByRole("heading", { name: "No feeds yet" }).waitFor();
      await page.getByRole("button", { name: "Add a feed" }).click();
      await page.waitForFunction(() => document.activeElement?.id === "feed-url");
    }, { before: async (page) => {
      await page.route("**/api/v1/articles/with-relevance?*", answer({ items: [], next: null }));
      await page.route("**/api/v1/articles/map*", answer({ places: [], more: false }));
      await page.route("**/api/v1/feeds", answer({ items: [] }));
    } });
  });

  test("without a profile the list is in order of time, and says how to make one", async () => {
    await inTab(`/?view=articles&feed=${id}`, async (page) => {
      await option(page, `First ${token}`).waitFor();
      assert.equal(await page.getByLabel("Order").inputValue(), "published");
      await page.getByText("relevance needs to know what matters to whom").waitFor();
      await page.getByRole("button", { name: "Make a profile" }).click();
      await page.getByRole("heading", { name: "A new profile" }).waitFor();
    }, { before: (page) => page.route("**/api/v1/profiles", answer({ items: [] })) });
  });

  test("a filter that finds nothing can be cleared", async () => {
    await inTab(mine("&entity=cve:CVE-1999-99999"), async (page) => {
      await page.getByRole("heading", { name: "No article is like this" }).waitFor();
      await page.getByRole("button", { name: "Clear the filters" }).click();
      await page.locator("#articles [role=option]").first().waitFor();
      assert.equal(parameters(page).user, reader, "who reads stays");
    });
  });

  test("a server that is away is said, and read again when it is back", async () => {
    await inTab("/", async (page, context) => {
      await page.locator("nav").getByText("Articles").waitFor();
      await page.getByText("live", { exact: true }).waitFor();
      await context.route("**/api/**", (route) => route.abort());
      await context.route("**/healthz", (route) => route.abort());
      await page.keyboard.press("3");
      await page.locator("section.articles-section").getByRole("heading", { name: "Watchfire does not answer" }).waitFor();
      await context.unroute("**/api/**");
      await context.unroute("**/healthz");
      await page.getByRole("button", { name: "Try now" }).click();
      await page.locator("#articles [role=option]").first().waitFor();
    }, { expectFailures: true });
  });
});

describe("accessibility", () => {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing serious in the articles, in ${colorScheme} colours`, async () => {
      await inTab(mine(), async (page) => {
        await place(page, /Kyiv/).waitFor();
        await page.getByRole("button", { name: "More filters" }).click();
        await assertAccessible(page, "list and map");
        await place(page, /Kyiv/).click();
        await option(page, "Quiet day").first().waitFor({ state: "detached" });
        await assertAccessible(page, "a country");
        await option(page, `First ${token}`).click();
        await detail(page).getByRole("heading", { name: "What it names" }).waitFor();
        await assertAccessible(page, "article");
        await page.keyboard.press("x");
        await notice(page, /Dismissed/);
        await assertAccessible(page, "dismissed");
        await page.keyboard.press("u");
        await notice(page, /Taken back/);
        await page.keyboard.press("e");
        await page.getByLabel("Sectors").waitFor();
        await assertAccessible(page, "profile");
        await page.keyboard.press("s");
        await page.locator(".feed").first().waitFor();
        await assertAccessible(page, "feeds");
      }, { context: { colorScheme }, before: (page) => page.addInitScript({ path: AXE }) });
    });
  }

  test("articles can be used at 800 pixels", async () => {
    await inTab(mine(), async (page) => {
      await option(page, `First ${token}`).waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await page.keyboard.press("m");
      await place(page, /Kyiv/).waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await page.keyboard.press("m");
      await option(page, `First ${token}`).click();
      await detail(page).getByRole("heading", { level: 2 }).waitFor();
      await page.keyboard.press("Escape");
      await option(page, `First ${token}`).waitFor();
    }, { context: { viewport: { width: 800, height: 900 } } });
  });
});
