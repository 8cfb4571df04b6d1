// Where articles come from: each feed with how it is and when it is asked next; adding, asking now, removing. And how the
// reading for places and the memory of lists are doing.
import { el, put, button } from "./dom.js";
import { api, part } from "./api.js";
import { on } from "./bus.js";
import { count, counted, percent, seconds } from "./figures.js";
import { notify, notifyProblem } from "./notices.js";
import { whyNotWrite } from "./session.js";
import { loadProblem } from "./states.js";
import { foreign, machine, tame } from "./text.js";
import { since } from "./time.js";
import { sentence } from "./words.js";

const AGAIN_MS = 10_000, ASKED_MS = 1500;
const LOOKS = { ok: "good", failing: "warn", gone: "bad", paused: "unasked" };

export class ArticleFeeds {
  #all = null;
  #timer = 0;

  /** `changed(feeds)` is told what feeds there are. */
  constructor({ close, changed }) {
    this.changed = changed;
    this.rows = el("ul.feeds", { "aria-label": "Feeds" });
    this.state = el("div");
    this.tally = el("p.under");
    this.figures = el("div");
    this.element = el("div.feeds-pane", { hidden: true },
      el("header.detail-head", null, el("div.title", null, el("h2", null, "Feeds"), this.tally), el("div.buttons", null, button("Close", close, { key: "Esc", kind: "quiet" }))),
      el("div.detail-body", null, this.#adder(), this.state, this.rows, this.figures));
    on("articles", () => { if (!this.element.hidden) this.#soon(ASKED_MS); });
    on("back", () => { if (!this.element.hidden) this.show(); });
  }

  /** The feeds there are, asked for once. */
  async list() {
    if (!this.#all) this.#all = (await api.get("/feeds")).items;
    return this.#all;
  }

  async show() {
    clearTimeout(this.#timer);
    this.element.toggleAttribute("hidden", false);
    if (!this.#all) put(this.state, el("p.loading", null, "Loading…"));
    try {
      const [{ items }, statistics] = await Promise.all([api.get("/feeds"), api.get("/articles/statistics").catch(() => null)]);
      const before = JSON.stringify(this.#all?.map(({ id, title }) => [id, title]));
      this.#all = items;
      if (before !== JSON.stringify(items.map(({ id, title }) => [id, title]))) this.changed(items);
      this.#draw(items);
      if (statistics) put(this.figures, figures(statistics));
    } catch (problem) {
      if (!this.#all) put(this.state, loadProblem(problem, () => this.show()));
    }
    this.#soon(AGAIN_MS);
  }

  focusAdd() {
    this.address.focus();
  }

  #soon(ms) {
    clearTimeout(this.#timer);
    // Offstage there is nobody to tell.
    this.#timer = setTimeout(() => { if (this.element.offsetParent && !document.hidden) this.show(); else this.#soon(AGAIN_MS); }, ms);
  }

  #adder() {
    this.address = el("input", { id: "feed-url", name: "url", required: true, maxlength: 2048, inputmode: "url", autocomplete: "off", spellcheck: "false", placeholder: "address of RSS, Atom or JSON Feed" });
    const title = el("input", { id: "feed-title", name: "title", maxlength: 200, autocomplete: "off", placeholder: "as it calls itself" });
    const folder = el("input", { id: "feed-folder", name: "folder", maxlength: 100, autocomplete: "off" });
    const limit = el("input", { id: "feed-limit", name: "limit", type: "number", min: 1, max: 100_000, placeholder: "none" });
    const inner = el("input", { id: "feed-inner", type: "checkbox", name: "allow_private" });
    const problem = el("p.problem", { role: "alert" });
    const submit = el("button.primary", { type: "submit" }, "Add");
    return el("form.adder", {
      "aria-label": "Add a feed",
      onsubmit: async (event) => {
        event.preventDefault();
        put(problem);
        const why = whyNotWrite();
        if (why) return void put(problem, why);
        submit.disabled = true;
        const body = { url: this.address.value.trim() };
        if (title.value.trim()) body.title = title.value.trim();
        if (folder.value.trim()) body.folder = folder.value.trim();
        if (limit.value) body.limit = Number(limit.value);
        if (inner.checked) body.allow_private = true;
        try {
          await api.post("/feeds", body);
          event.target.reset();
          notify("The feed is added. Its articles come with the first answer.");
          await this.show();
        } catch (refused) {
          put(problem, refused.message, " ", refused.hint);
          this.address.focus();
        } finally {
          submit.disabled = false;
        }
      },
    },
    el("p.add", null, el("label.unseen", { for: "feed-url" }, "Address of a feed"), this.address, submit), problem,
    el("details", null, el("summary", null, "More about it"), el("div.more-fields", null,
      el("p.field", null, el("label", { for: "feed-title" }, "Title"), title), el("p.field", null, el("label", { for: "feed-folder" }, "Folder"), folder),
      el("p.field", null, el("label", { for: "feed-limit" }, "Articles kept"), limit), el("p.check", null, inner, el("label", { for: "feed-inner" }, "It may be at an address of our own network")))));
  }

  #draw(items) {
    const failing = items.filter(({ state }) => state === "failing" || state === "gone").length;
    put(this.tally, items.length ? [counted(items.length, "feed"), failing ? [", ", el("b.problem", null, `${count(failing)} with a problem`)] : ", all answer"] : null);
    put(this.state, items.length ? null : el("p.nothing", null, "No feeds yet. Add one by its address; a site's own page will not do, its feed will."));
    // What somebody is about to press stays under the finger.
    const focused = this.rows.contains(document.activeElement) ? document.activeElement : null;
    if (focused?.dataset.sure) return;
    const at = focused && [focused.closest("li").dataset.id, [...focused.closest("li").querySelectorAll("button")].indexOf(focused)];
    put(this.rows, items.map((feed) => this.#feed(feed)));
    if (at) [...this.rows.children].find(({ dataset }) => dataset.id === at[0])?.querySelectorAll("button")[at[1]]?.focus({ preventScroll: true });
  }

  #feed(feed) {
    const why = whyNotWrite(), name = tame(feed.title || feed.url, 80);
    const remove = button("Remove", () => {
      // Its articles go with it, so it takes two presses.
      if (remove.dataset.sure) return void this.#remove(feed);
      remove.dataset.sure = "yes";
      remove.textContent = "Remove for good?";
      remove.addEventListener("blur", () => { delete remove.dataset.sure; remove.textContent = "Remove"; }, { once: true });
    }, { kind: "quiet", disabled: Boolean(why), title: why || `Remove ${name}` });
    const fetch = button("Fetch now", () => this.#fetch(feed, fetch), { kind: "quiet", disabled: Boolean(why), title: why || `Ask ${name} now` });
    return el("li.feed", { "data-id": feed.id },
      el("p.feed-head", null, el("span", { class: `reputation ${LOOKS[feed.state] ?? ""}` }, sentence(tame(feed.state, 20))), el("b", null, foreign(feed.title || feed.url, 80)), feed.folder ? el("small", null, tame(feed.folder, 40)) : null, el("span.buttons", null, fetch, remove)),
      el("p.note", null, machine(feed.url, 160)),
      el("p.note", null, counted(feed.articles ?? 0, "article"), ", ", feed.last_fetched ? ["fetched ", since(feed.last_fetched)] : "not fetched yet", nextWords(feed)),
      feed.problem ? el("p.problem", null, foreign(feed.problem, 300)) : null);
  }

  async #fetch(feed, pressed) {
    pressed.disabled = true;
    try {
      await api.post(`/feeds/${part(feed.id)}/fetch`, {});
      notify(`${tame(feed.title || feed.url, 60)} is asked now.`);
      this.#soon(ASKED_MS);
    } catch (problem) {
      notifyProblem(problem, "Not asked");
    } finally {
      pressed.disabled = false;
    }
  }

  async #remove(feed) {
    try {
      await api.delete(`/feeds/${part(feed.id)}`);
      notify(`${tame(feed.title || feed.url, 60)} is removed.`);
      document.activeElement?.blur();
      await this.show();
      this.address.focus();
    } catch (problem) {
      notifyProblem(problem, "Not removed");
    }
  }
}

function nextWords({ state, next_fetch: next, interval_s: interval }) {
  const every = interval ? `, every ${seconds(interval)}` : "";
  if (state === "gone") return "; gone for good, not asked again";
  if (state === "paused" || !next) return "; not asked by itself";
  const left = (Date.parse(next) - Date.now()) / 1000;
  return left > 1 ? `, next in ${seconds(left)}${every}` : `, due now${every}`;
}

function facts(rows) {
  return el("dl.facts", null, rows.map(([name, ...value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
}

function figures({ articles, feeds, locations, cache, relevance }) {
  const flushes = (locations?.size_flushes ?? 0) + (locations?.timer_flushes ?? 0);
  return [
    locations ? el("section.block", null, el("h3", null, "Reading for places"),
      (locations.warnings ?? []).map((warning) => el("p.could-not", null, foreign(warning, 300))),
      facts([
        ["Waiting", count(locations.current_buffer_size), " of ", count(locations.batch_size), locations.current_buffer_size ? `, the oldest for ${seconds(locations.first_entry_age_s)} of ${seconds(locations.batch_age_s)}` : null, locations.is_paused ? el("b.problem", null, " paused") : null],
        ["Batches", count(flushes), flushes ? ` – ${count(locations.size_flushes)} full, ${count(locations.timer_flushes)} by time` : null],
        ["Articles in all", count(locations.total_queued)],
      ])) : null,
    el("section.block", null, el("h3", null, "How it goes"), facts([
      ["Articles", count(articles)],
      ["Feeds", count(feeds?.total), feeds?.due ? `, ${count(feeds.due)} due` : null, feeds?.failing ? `, ${count(feeds.failing)} failing` : null],
      ["Lists from memory", percent(cache?.hit_rate), cache ? ` – ${count(cache.hits)} of ${count((cache.hits ?? 0) + (cache.misses ?? 0))}, ${counted(cache.entries ?? 0, "list")} kept` : null],
      ["Scores", relevance?.running || relevance?.waiting ? `${count(relevance.running)} running, ${count(relevance.waiting)} waiting` : "none being calculated"],
    ])),
  ];
}
