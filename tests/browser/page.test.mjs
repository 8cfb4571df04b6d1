// The page in a real browser, as an analyst meets it. WATCHFIRE_URL names a running `watchfire serve` whose loopback is open
// (no token made); without it a mock of the API stands in, for working on the page alone.
//
//   npm ci && npm test
//   WATCHFIRE_URL=http://127.0.0.1:8750 npm test
//   FAILURES=FOLDER npm test        keeps a picture of where a test failed
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answer, assertAccessible, AXE, notice, openTab, parameters, PATIENCE_MS, SIZE, startBrowser, tabs } from "./browser.mjs";
import { startMock } from "./mock.mjs";
import { addresses, HOSTILE, record, seed, send } from "./seed.mjs";

let url = process.env.WATCHFIRE_URL?.replace(/\/$/, ""), mock = null, browser = null;

before(async () => {
  if (!url) {
    mock = await startMock({ lively: false });
    ({ url } = mock);
  }
  browser = await startBrowser();
  await seed(url);
});

after(async () => {
  await browser?.close();
  await mock?.close();
});

const inTab = tabs(() => ({ browser, url }));
const option = (page, text) => page.locator("#patterns [role=option]", { hasText: text });
const active = (page) => page.locator("#patterns [role=option][aria-selected=true]");
const detail = (page) => page.locator("section.queue .detail");
const newest = "/?sort=newest";

describe("an analyst", () => {
  test("triages by keyboard alone: moves, opens, decides with a reason, takes it back", async () => {
    await inTab(newest, async (page) => {
      await option(page, "Seed: attempt number 1").first().waitFor();
      await page.keyboard.press("j");
      const first = await active(page).getAttribute("id");
      await page.keyboard.press("j");
      assert.notEqual(await active(page).getAttribute("id"), first);
      await page.keyboard.press("k");
      assert.equal(await active(page).getAttribute("id"), first);
      while (!(await active(page).textContent()).includes("Seed: attempt number 1")) await page.keyboard.press("j");
      const id = (await active(page).getAttribute("id")).replace("patterns-", "");

      await page.keyboard.press("Enter");
      await detail(page).getByRole("heading", { name: "Seed: attempt number 1" }).waitFor();
      assert.equal(parameters(page).pattern, id);

      await page.keyboard.press("b");
      await page.keyboard.press("Enter");
      await detail(page).getByText("Say why").waitFor();
      await page.keyboard.type("the nightly backup, ticket 4711");
      await page.keyboard.press("Enter");
      await notice(page, /Benign positive: holds for [\d,]+ alerts? and all later ones/);
      await page.locator(`#patterns-${id}.decided`, { hasText: "the nightly backup" }).waitFor();
      assert.ok(await page.evaluate(() => document.activeElement?.id === "patterns"), "the keyboard is back at the list");

      await page.keyboard.press("u");
      await notice(page, /Taken back/);
      await page.locator(`#patterns-${id}:not(.decided)`).waitFor();

      await page.keyboard.press("Escape");
      assert.equal(parameters(page).pattern, undefined);
      for (const [key, view] of [["2", "alerts"], ["3", "articles"], ["4", "dead"], ["5", "decisions"], ["6", "health"], ["1", undefined]]) {
        await page.keyboard.press(key);
        assert.equal(parameters(page).view, view);
      }
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    });
  });

  test("sees in one tab what was decided in another, where it stands", async () => {
    await inTab(newest, async (page, context) => {
      await option(page, "Seed: attempt number 2").first().waitFor();
      const { page: second, trouble } = await openTab(context, url + newest);
      await option(second, "Seed: attempt number 2").first().waitFor();
      const places = () => second.locator("#patterns [role=option]").evaluateAll((all) => all.slice(0, 12).map(({ id, style }) => `${id} ${style.transform}`));
      const before = await places();

      await option(page, "Seed: attempt number 2").first().click();
      await detail(page).getByRole("button", { name: "Suspicious" }).click();
      await detail(page).getByLabel("Because").fill("same source as ticket 4712");
      await detail(page).getByLabel("Action taken").fill("isolated the host");
      await page.keyboard.press("Enter");
      await notice(page, /Suspicious: holds for/);

      // A hidden tab waits until somebody looks.
      await second.bringToFront();
      await second.locator(".option.decided", { hasText: "same source as ticket 4712" }).waitFor();
      assert.deepEqual(await places(), before, "nothing moved");
      assert.deepEqual(await trouble(), []);

      await page.keyboard.press("5");
      const entry = page.getByRole("row", { name: /same source as ticket 4712/ });
      await entry.waitFor();
      await entry.getByRole("combobox").selectOption("resolved");
      await page.reload();
      assert.equal(await entry.getByRole("combobox").inputValue(), "resolved");
    });
  });

  test("is told of new patterns without the list moving, and shows them when ready", async () => {
    await inTab(newest, async (page) => {
      await option(page, "Seed: attempt").first().waitFor();
      const top = await page.locator("#patterns [role=option][aria-posinset='1']").getAttribute("id");
      await send(url, [record({ signature: "Seed: came later", id: 2_990_500, target: addresses.other, time: new Date(Date.now() + 1000) })]);
      await page.getByRole("button", { name: /new – press/ }).waitFor();
      assert.equal(await page.locator("#patterns [role=option][aria-posinset='1']").getAttribute("id"), top, "nothing moved");
      await page.keyboard.press(".");
      await option(page, "Seed: came later").first().waitFor();
    });
  });

  test("goes on hearing in one tab when the one that listened for both is closed", async () => {
    const context = await browser.newContext({ viewport: SIZE });
    context.setDefaultTimeout(PATIENCE_MS);
    try {
      const { page: first } = await openTab(context, url + newest);
      await first.locator("#patterns [role=option]").first().waitFor();
      await first.getByText("live", { exact: true }).waitFor();
      const { page: second, trouble } = await openTab(context, url + newest);
      await second.locator("#patterns [role=option]").first().waitFor();
      await second.getByText("live", { exact: true }).waitFor();
      await first.close();
      await second.waitForTimeout(1500);
      await send(url, [record({ signature: "Seed: heard after all", id: 2_990_501, target: addresses.other, time: new Date(Date.now() + 5000) })]);
      await second.getByRole("button", { name: /new – press/ }).waitFor();
      assert.deepEqual(await trouble(), []);
    } finally {
      await context.close();
    }
  });

  test("reads a dead letter again", async () => {
    await inTab("/?view=dead", async (page) => {
      const letter = page.locator(".letter", { hasText: "onerror=alert(2)" }).first();
      await letter.getByRole("button", { name: "Read again" }).click();
      await notice(page, /read and judged|None could be read/);
      await page.getByText("tried again 1 time").first().waitFor();
    });
  });

  test("finds an old alert by its address, and reads all of it", async () => {
    await inTab("/?view=alerts", async (page) => {
      // Keys are taken once the page stands; before that, the digits of the address would go elsewhere.
      await page.locator("#alerts [role=option]").first().waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type(addresses.old);
      await page.keyboard.press("Enter");
      await page.locator("#alerts [role=option]", { hasText: "Seed: earlier contact" }).first().click();
      const pane = page.locator("section.alerts-section .detail");
      await pane.getByRole("heading", { name: "Seed: earlier contact" }).waitFor();
      await pane.getByRole("region", { name: "Raw record" }).getByText(`"src_ip": "${addresses.old}"`).waitFor();
      await pane.getByRole("heading", { name: "What comes next" }).waitFor();
      assert.equal(parameters(page).q, addresses.old);
    });
  });

  test("keeps filters and what is open in the address, over a reload", async () => {
    await inTab("/", async (page) => {
      await page.locator("#patterns [role=option]").first().waitFor();
      await page.getByLabel("Order").selectOption("newest");
      await page.getByLabel("Severity").selectOption("low");
      await page.locator("#patterns [role=option]").first().click();
      const { sort, min_severity: severity, pattern } = parameters(page);
      assert.deepEqual([sort, severity], ["newest", "low"]);
      await page.reload();
      await page.locator("#patterns [role=option]").first().waitFor();
      assert.equal(await page.getByLabel("Order").inputValue(), "newest");
      assert.equal(await page.getByLabel("Severity").inputValue(), "low");
      assert.equal(parameters(page).pattern, pattern);
      await detail(page).getByRole("heading", { level: 2 }).waitFor();
      await page.goBack();
      await detail(page).waitFor({ state: "hidden" });
    });
  });

  test("reads light or dark, as the system says or as they choose", async () => {
    const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await inTab("/", async (page) => {
      const light = await paper(page);
      await page.emulateMedia({ colorScheme: "dark" });
      const dark = await paper(page);
      assert.notEqual(light, dark);
      await page.getByRole("button", { name: "Use light colours" }).click();
      assert.equal(await paper(page), light);
      await page.reload();
      assert.equal(await paper(page), light, "the choice is remembered");
      await page.getByRole("button", { name: "Use dark colours" }).click();
      assert.equal(await paper(page), dark);
    });
  });

  test("scrolls through many patterns of which only those in sight exist", async () => {
    await inTab("/?state=all", async (page) => {
      await page.locator("#patterns [role=option]").first().waitFor();
      const total = Number(await page.locator("#patterns [role=option]").first().getAttribute("aria-setsize"));
      for (let each = 0; each < 6; each += 1) {
        await page.locator("section.queue .list").evaluate((list) => list.scrollTo(0, list.scrollHeight));
        await page.waitForTimeout(400);
      }
      assert.ok((await page.locator("#patterns [role=option]").count()) < 60);
      const reached = Number(await page.locator("#patterns [role=option]").last().getAttribute("aria-posinset"));
      assert.ok(reached >= Math.min(total, 200), `reached ${reached} of ${total}`);
    });
  });
});

describe("an attacker's text", () => {
  test("is text wherever it shows, and nothing of it runs", async () => {
    await inTab(newest, async (page) => {
      await option(page, "onerror=").first().waitFor();
      await option(page, "<script>alert(1)</script>").first().waitFor();
      assert.equal(await page.locator("#patterns img, #patterns script, #patterns a").count(), 0);
      const texts = await page.locator("#patterns").evaluate((list) => list.textContent);
      // What turns or hides text is replaced before it is shown.
      assert.doesNotMatch(texts, /[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/u);

      for (const text of HOSTILE.slice(0, 4)) {
        const shown = text.split(/[^ -~]/u)[0] || "[31mred";
        await option(page, shown).first().click();
        await detail(page).getByText("Decided", { exact: true }).first().waitFor();
        await page.keyboard.press("a");
        await detail(page).getByRole("region", { name: "Raw record" }).waitFor();
        assert.equal(await detail(page).locator("img, script").count(), 0);
        for (const link of await detail(page).locator("a").evaluateAll((all) => all.map(({ href }) => href))) assert.match(link, /^https:\/\/attack\.mitre\.org\//);
        await page.keyboard.press("Escape");
      }
      // A word of ten thousand letters widens nothing.
      await page.goto(`${url}/?view=alerts&q=${addresses.hostile}`);
      await page.locator("#alerts [role=option]", { hasText: "AAAA" }).first().click();
      await page.locator("section.alerts-section .detail").getByRole("region", { name: "Raw record" }).waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll(".detail")].every((pane) => pane.scrollWidth <= pane.clientWidth)));
      await page.goto(`${url}/?view=dead`);
      await page.locator(".letter").first().waitFor();
      assert.equal(await page.locator(".letter img").count(), 0);
    });
  });
});

describe("when something is wrong", () => {
  test("what is typed is kept while the server is away, and saved when it is back", async () => {
    await inTab(newest, async (page, context) => {
      await option(page, "Seed: attempt number 3").first().click();
      await detail(page).getByRole("heading", { name: "Seed: attempt number 3" }).waitFor();
      await page.keyboard.press("f");
      await detail(page).getByLabel("Because").waitFor();
      await page.keyboard.type("a lab machine");
      await context.route("**/*", (route) => route.abort());
      await page.keyboard.press("Enter");
      await detail(page).getByText(/Not saved/).waitFor();
      await page.getByText(/Watchfire does not answer/).first().waitFor();
      assert.equal(await detail(page).getByLabel("Because").inputValue(), "a lab machine");
      await context.unroute("**/*");
      await page.getByRole("button", { name: "Try now" }).click();
      await page.getByRole("button", { name: "Try now" }).waitFor({ state: "hidden" });
      // Also over a reload.
      await page.reload();
      const reason = detail(page).getByLabel("Because");
      await reason.waitFor();
      assert.equal(await reason.inputValue(), "a lab machine");
      await reason.press("Enter");
      await notice(page, /False positive: holds for/);
      await page.keyboard.press("u");
      await notice(page, /Taken back/);
    }, { expectFailures: true });
  });

  test("too many requests are waited out, as long as the server says", async () => {
    let asked = 0;
    await inTab("/", async (page) => {
      await page.getByText(/asks to wait/).waitFor();
      await page.locator("#patterns [role=option]").first().waitFor();
      assert.ok(asked >= 2);
    }, {
      expectFailures: true,
      before: (page) => page.route("**/api/v1/patterns?*", (route) => (asked++ ? route.continue() : answer({ title: "Too many requests", status: 429, detail: "wait" }, { status: 429, headers: { "Retry-After": "2" } })(route))),
    });
  });

  test("whoever is not signed in is asked for a token, and told if it is wrong", async () => {
    let signedIn = false;
    const who = { name: "ana", scopes: ["read", "write"], open: false };
    await inTab("/", async (page) => {
      const dialog = page.getByRole("dialog", { name: "Sign in" });
      await dialog.getByLabel("API token").fill("wf_wrong");
      await page.keyboard.press("Enter");
      await dialog.getByText("not known").waitFor();
      await dialog.getByLabel("API token").fill("wf_right");
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
      await page.locator("#patterns [role=option]").first().waitFor();
      await page.getByText("ana", { exact: true }).waitFor();
    }, {
      expectFailures: true,
      before: (page) => page.route("**/api/v1/session", (route) => {
        if (route.request().method() === "POST") signedIn = route.request().postDataJSON().token === "wf_right";
        return (signedIn ? answer(who) : answer({ title: "Who are you?", status: 401, detail: "a token is needed" }, { status: 401 }))(route);
      }),
    });
  });

  test("a token that may only read shows all, and says why it decides nothing", async () => {
    await inTab(newest, async (page) => {
      await option(page, "Seed: attempt number 4").first().click();
      await detail(page).getByText("Your token may read only").waitFor();
      assert.ok(await detail(page).getByRole("button", { name: "Suspicious" }).isDisabled());
      await page.keyboard.press("b");
      assert.equal(await detail(page).getByLabel("Because").isVisible(), false);
    }, { before: (page) => page.route("**/api/v1/session", answer({ name: "eve", scopes: ["read"], open: false })) });
  });

  test("an empty queue says how the first alert gets in", async () => {
    await inTab("/", async (page) => {
      await page.getByRole("heading", { name: "The queue is empty" }).waitFor();
      assert.match(await page.locator(".command").textContent(), /^curl .*\/api\/v1\/alerts$/);
    }, { before: (page) => page.route("**/api/v1/patterns?*", answer({ items: [], next: null, total: 0 })) });
  });

  test("a record that is gone is an answer, not an error of the page", async () => {
    await inTab("/?pattern=ffffffffffffffff", async (page) => {
      await detail(page).getByRole("heading", { name: "Not there" }).waitFor();
    }, { expectFailures: true });
  });
});

describe("accessibility", () => {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing serious in any section, in ${colorScheme} colours`, async () => {
      await inTab(newest, async (page) => {
        const check = (where) => assertAccessible(page, where);
        await option(page, "Seed: attempt number 5").first().waitFor();
        await check("queue");
        await option(page, "Seed: attempt number 5").first().click();
        await detail(page).getByText("Decided", { exact: true }).first().waitFor();
        await page.keyboard.press("s");
        await page.waitForTimeout(1200);
        await check("pattern");
        await page.keyboard.press("Escape");
        await page.keyboard.press("a");
        await detail(page).getByRole("region", { name: "Raw record" }).waitFor();
        await check("alert");
        for (const [key, name, ready] of [["2", "alerts", "#alerts [role=option]"], ["4", "dead letters", ".letter"], ["5", "decisions", ".decisions-section table, .decisions-section .empty"], ["6", "health", ".panel.cost dl"]]) {
          await page.keyboard.press(key);
          await page.locator(ready).first().waitFor();
          await check(name);
        }
        await page.keyboard.press("?");
        await check("keys");
      }, { context: { colorScheme }, before: (page) => page.addInitScript({ path: AXE }) });
    });
  }

  test("landmarks, live region and focus are there for those who need them", async () => {
    await inTab(newest, async (page) => {
      await option(page, "Seed: attempt").first().waitFor();
      for (const role of ["banner", "navigation", "main"]) assert.equal(await page.getByRole(role).count(), 1, role);
      assert.equal(await page.locator("[aria-live=polite]").count(), 1);
      assert.equal(await page.locator("nav [aria-current=page]").textContent().then((text) => text.startsWith("Queue")), true);
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the work");
      // Everything that Tab reaches shows that it is reached.
      for (let each = 0; each < 20; each += 1) {
        await page.keyboard.press("Tab");
        const outlined = await page.evaluate(() => {
          const { activeElement: node } = document;
          const of = node.id === "patterns" ? node.querySelector(".active") : node;
          return node === document.body || getComputedStyle(of).outlineStyle !== "none" || node.outerHTML.slice(0, 120);
        });
        assert.equal(outlined, true);
      }
      const list = page.getByRole("listbox", { name: "Patterns" });
      await list.focus();
      assert.equal(await list.getAttribute("aria-activedescendant"), await active(page).getAttribute("id"));
    });
  });

  test("the page can be used at 800 pixels", async () => {
    await inTab(newest, async (page) => {
      await option(page, "Seed: attempt").first().click();
      await detail(page).getByRole("heading", { level: 2 }).waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await page.keyboard.press("Escape");
      await option(page, "Seed: attempt").first().waitFor();
    }, { context: { viewport: { width: 800, height: 900 } } });
  });
});
