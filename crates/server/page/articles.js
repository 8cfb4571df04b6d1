// Articles: what the feeds brought, for one reader at a time, the most relevant first. Beside the list stands the article
// that is open, else the map of what the list is about, the reader's profile, or the feeds.
import { el, put, button } from "./dom.js";
import { api, pace_ms, part } from "./api.js";
import { announce, mention } from "./announce.js";
import { ArticleDetail } from "./article-detail.js";
import { ArticleMap } from "./article-map.js";
import { countryName, entityGiven } from "./article-words.js";
import { look, row, rowHeight } from "./article-row.js";
import { on } from "./bus.js";
import { ArticleFeeds } from "./article-feeds.js";
import { count, counted } from "./figures.js";
import { filters } from "./filters.js";
import { List } from "./list.js";
import { notify, notifyProblem } from "./notices.js";
import { ProfileEditor } from "./profile.js";
import { Readers } from "./readers.js";
import { Refresher } from "./refresher.js";
import { change, parameters, view } from "./route.js";
import { whyNotWrite } from "./session.js";
import { loadProblem } from "./states.js";
import { tame } from "./text.js";
import { SEVERITIES, sentence } from "./words.js";

const PAGE = 50, FOLLOW_MS = 160, DWELL_MS = 1200;
const FILTERS = ["sort", "min_severity", "min_score", "feed", "entity", "country", "since", "until", "dismissed"];
const SIDES = ["map", "profile", "new", "feeds", "none"];
const FIELDS = "id,feed,title,link,author,published,fetched,severity,summary,score,reasons,entities,state";
const roomy = matchMedia("(width >= 1080px)");

export function articlesSection() {
  const readers = new Readers({ changed: () => { offerOrders(); if (view() === "articles") show(); }, wanted: () => aside("new") });
  const bar = filters("articles", [
    { name: "sort", label: "Order", kind: "choice", usual: "published", choices: orders(false) },
    { name: "min_severity", label: "Severity", kind: "choice", choices: [["", "Any"], ...SEVERITIES.slice(1).toReversed().map((name, place) => [name, place === 0 ? sentence(name) : `${sentence(name)} or worse`])] },
    { name: "entity", label: "Names", kind: "search", placeholder: "CVE, actor:name", wide: true },
    { name: "feed", label: "Feed", kind: "choice", choices: [["", "Any"]] },
    { name: "min_score", label: "Score from", kind: "number", min: 0, max: 1000, rare: true },
    { name: "country", label: "Country", kind: "choice", choices: [["", "Any"]], rare: true },
    { name: "since", label: "From (UTC)", kind: "date", rare: true },
    { name: "until", label: "To (UTC)", kind: "date", rare: true },
    { name: "dismissed", label: "Dismissed", kind: "choice", usual: "hide", choices: [["hide", "Left out"], ["show", "Shown too"], ["only", "Only these"]], rare: true },
  ]);
  const state = el("div.state");
  const fresh = el("button.fresh", { type: "button", hidden: true, onclick: () => load() });
  const scores = el("span.tally");
  const hint = el("p.hint-line", { hidden: true });
  const doors = { map: door("Map", "map", "m"), profile: door("Profile", "profile", "e"), feeds: door("Feeds", "feeds", "s") };
  const list = new List({ id: "articles", label: "Articles", row, look, height: rowHeight, moved: follow, opened: open, more });
  const detail = new ArticleDetail({ user, filter: (changes) => change(changes, { push: true }), dismiss, takeBack, close: closeArticle, read });
  const map = new ArticleMap({ choose: (country) => change({ country }, { push: true }), close: () => aside("none") });
  const profile = new ProfileEditor({ readers, close: () => aside(""), scored: () => refresher.note([], true) });
  const feeds = new ArticleFeeds({ close: () => aside(""), changed: offerFeeds });
  const pane = el("section.detail", { "aria-label": "Beside the list", tabindex: "-1" }, detail.element, map.element, profile.element, feeds.element);
  const element = el("section.articles-section.split", { "aria-label": "Articles" }, el("h1.unseen", null, "Articles"),
    el("div.lane", null,
      el("div.lane-head.two", null, el("div.lane-line", null, readers.element, el("div.doors", { role: "group", "aria-label": "Beside the list" }, Object.values(doors)), el("div.lane-side", null, fresh, scores)), bar.element, hint),
      el("div.lane-body", null, list.element, state)), pane);

  let asked = null, next = null, loading = null, followTimer = 0, dwell = 0, news = 0, meant = null, mapped = null, closeNotice = null;
  const dismissed = [];
  let loaded = false;
  const refresher = new Refresher({ pace_ms, wanted: () => view() === "articles" && asked !== null, run: () => load({ keep: true }) });

  function door(words, side, key) {
    return button(words, () => aside(shows(side) ? "" : side), { key, "aria-pressed": "false" });
  }

  function user() {
    return readers.chosen();
  }

  /** Whether this stands beside the list now. */
  function shows(side) {
    const now = beside();
    return !parameters("articles").article && (now === side || (now === "new" && side === "profile"));
  }

  /** What stands beside the list while no article is open. */
  function beside() {
    const { side } = parameters("articles");
    return SIDES.includes(side) ? side : roomy.matches ? "map" : "none";
  }

  function aside(side) {
    // What is usual needs no parameter.
    const usual = roomy.matches ? "map" : "none";
    change({ article: "", side: side === usual || (side === "" && roomy.matches) ? "" : side || "none" }, { push: true });
  }

  function query({ country = true } = {}) {
    const given = parameters("articles"), all = Object.fromEntries(FILTERS.map((name) => [name, given[name]]));
    all.sort ||= usualOrder();
    // Without a profile nothing has a score.
    if (!readers.known()) Object.assign(all, all.sort === "relevance" ? { sort: "published" } : null, { min_score: "" });
    if (all.since) all.since = `${all.since}T00:00:00Z`;
    if (all.until) all.until = `${all.until}T23:59:59Z`;
    if (all.entity) all.entity = entityGiven(all.entity);
    return { user: user(), ...all, country: country ? all.country : "" };
  }

  const usualOrder = () => (readers.known() ? "relevance" : "published");
  function orders(scored) {
    return [...(scored ? [["relevance", "Relevance"]] : []), ["severity", "Severity"], ["published", "Newest"]];
  }

  function offerOrders() {
    bar.choices("sort", orders(readers.known()), usualOrder());
  }

  function offerFeeds(all) {
    bar.choices("feed", [["", "Any"], ...all.map(({ id, title, url }) => [String(id), tame(title || url, 60)])]);
  }

  async function load({ keep = false } = {}) {
    const of = (asked = JSON.stringify(query()));
    loading?.abort();
    loading = new AbortController();
    loaded &&= keep;
    if (!keep) put(state, el("p.loading", null, "Loading…"));
    try {
      const answer = await api.get("/articles/with-relevance", { ...query(), fields: FIELDS, limit: keep ? Math.min(200, Math.max(PAGE, list.items.length)) : PAGE }, { signal: loading.signal });
      if (of !== asked) return;
      next = answer.next;
      loaded = true;
      news = 0;
      fresh.hidden = true;
      list.set(answer.items);
      if (!keep) list.top();
      await showState();
      map.forget();
      showMap();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (keep) return void notifyProblem(problem, "Not read anew");
      list.set([]);
      put(state, loadProblem(problem, load));
    }
  }

  async function more() {
    if (!next) return;
    const cursor = next, of = asked;
    put(list.foot, "Loading more…");
    try {
      const answer = await api.get("/articles/with-relevance", { ...query(), fields: FIELDS, cursor, limit: PAGE });
      if (of !== asked || cursor !== next) return;
      next = answer.next;
      list.append(answer.items);
      showFoot();
    } catch (problem) {
      put(list.foot, problem.message, " ", button("Try again", () => list.askAgain()));
    }
  }

  function showFoot() {
    put(list.foot, list.items.length && !next ? `That is all: ${counted(list.items.length, "article")}.` : null);
  }

  async function showState() {
    showFoot();
    showHint();
    if (list.items.length) return void put(state);
    const filtered = FILTERS.some((name) => name !== "sort" && parameters("articles")[name]);
    if (filtered) return void put(state, el("div.empty", null, el("h2", null, "No article is like this"), el("p", null, "Fewer filters find more. An entity is a kind and a value, such as ", el("code", null, "vendor:fortinet"), "."), button("Clear the filters", () => change(Object.fromEntries(FILTERS.map((name) => [name, ""]))))));
    const known = await feeds.list().catch(() => null);
    put(state, known && !known.length
      ? el("div.empty.welcome", null, el("h2", null, "No feeds yet"), el("p", null, "Articles come from feeds: RSS, Atom or JSON Feed. Add the first by its address, and its articles appear here within a minute, with whom and where they are about."), el("p", null, button("Add a feed", () => { aside("feeds"); feeds.focusAdd(); }, { kind: "primary" })), el("p.note", null, "Or from a terminal: ", el("code", null, "watchfire feeds add ADDRESS"), ", ", el("code", null, "watchfire feeds import FILE.opml"), "."))
      : el("div.empty", null, el("h2", null, "Nothing new to read"), el("p", null, known ? `${counted(known.length, "feed is", "feeds are")} asked by themselves; what they bring appears here.` : "What the feeds bring appears here."), button("See the feeds", () => aside("feeds"))));
  }

  function showHint() {
    const without = list.items.length > 0 && !readers.known();
    hint.hidden = !without;
    if (without) put(hint, readers.chosen() ? "This reader has no profile: " : "In order of time: ", "relevance needs to know what matters to whom. ", button(readers.any() ? "Choose or make a profile" : "Make a profile", () => aside("profile"), { kind: "link" }));
  }

  function showMap() {
    if (!shows("map") || !loaded) return;
    map.show({ ...query({ country: false }), sort: "" }).then(offerCountries);
  }

  function offerCountries() {
    const places = map.countries();
    if (JSON.stringify(places) === mapped) return;
    mapped = JSON.stringify(places);
    bar.choices("country", [["", "Any"], ...places.map((code) => [code, countryName(code)]).sort(([, a], [, b]) => a.localeCompare(b))]);
  }

  // --- opening, dismissing ------------------------------------------------------------------------------------------

  function open(article) {
    clearTimeout(followTimer);
    meant = article.id;
    if (parameters("articles").article === article.id && detail.article) read(detail.article);
    change({ article: article.id }, { push: !parameters("articles").article });
  }

  function follow(article) {
    clearTimeout(followTimer);
    if (parameters("articles").article) followTimer = setTimeout(() => change({ article: article.id }), FOLLOW_MS);
  }

  function closeArticle() {
    change({ article: "" });
    list.focus();
  }

  /** An article is in sight. Opened on purpose it counts at once; come to on the way through the list, once somebody stays. */
  function read(article) {
    clearTimeout(dwell);
    if (!user() || article.state !== "new" || whyNotWrite()) return;
    dwell = setTimeout(async () => {
      if (parameters("articles").article !== article.id || detail.article?.state !== "new") return;
      try {
        await act(article.id, "opened");
      } catch {
        // Nobody asked for this; it is learned from the next time.
      }
    }, meant === article.id ? 0 : DWELL_MS);
  }

  async function act(id, action) {
    await api.post(`/articles/${part(id)}/action`, { user: user(), action });
    const now = action === "none" ? "new" : action, known = list.item(id);
    if (known) list.update({ ...known, state: now });
    if (detail.article?.id === id) detail.mark(now);
  }

  async function dismiss(id) {
    const why = user() ? whyNotWrite() : "Choose who reads: what is dismissed is dismissed for them.";
    if (why) return void notify(why);
    try {
      await act(id, "dismissed");
      dismissed.push(id);
      // One notice at a time: the key takes back the others, too.
      closeNotice?.();
      closeNotice = notify("Dismissed. Others like it will count for less.", { action: { label: "Take back", key: "u", run: () => takeBack(id) } });
      advance(id);
    } catch (problem) {
      notifyProblem(problem, "Not dismissed");
    }
  }

  async function takeBack(id = dismissed.at(-1)) {
    if (!id || !user()) return void notify("Nothing was dismissed here.");
    const why = whyNotWrite();
    if (why) return void notify(why);
    try {
      await act(id, "none");
      const at = dismissed.lastIndexOf(id);
      if (at >= 0) dismissed.splice(at, 1);
      closeNotice?.();
      notify("Taken back.");
      list.activate(id);
    } catch (problem) {
      notifyProblem(problem, "Not taken back");
    }
  }

  /** After dismissing: on to the next that is not. */
  function advance(from) {
    const onward = list.items.slice((list.place(from) ?? -1) + 1).find((article) => article.state !== "dismissed");
    if (onward && list.active?.id === from) list.activate(onward.id);
    list.focus();
  }

  // --- showing ------------------------------------------------------------------------------------------------------

  function show() {
    if (!readers.ready()) return;
    const given = parameters("articles"), side = beside();
    element.classList.toggle("with-detail", Boolean(given.article) || side !== "none");
    pane.hidden = !given.article && side === "none";
    for (const [name, part] of [["map", map], ["profile", profile], ["feeds", feeds]]) {
      const here = shows(name);
      if (part.element.hidden === here) pane.scrollTop = 0;
      part.element.hidden = !here;
      doors[name].setAttribute("aria-pressed", String(here));
    }
    map.chosen(given.country ?? "");
    detail.show(given.article, list.item(given.article));
    if (shows("profile")) profile.show({ fresh: side === "new" });
    if (shows("feeds")) feeds.show();
    if (asked !== JSON.stringify(query())) load();
    else showMap();
    if (given.article && list.active?.id !== given.article && list.has(given.article)) list.activate(given.article, { quiet: true });
    if (beside() !== "map" || given.article) offerKnownFeeds();
  }

  let offered = false;
  function offerKnownFeeds() {
    if (offered) return;
    offered = true;
    feeds.list().then(offerFeeds, () => { offered = false; });
  }

  async function start() {
    await readers.load();
    offerOrders();
    offerKnownFeeds();
    show();
  }

  on("route", () => { if (view() === "articles") { readers.follow(); show(); } });
  on("articles", ({ new: many }) => {
    if (!asked || !many) return;
    news += many;
    fresh.hidden = false;
    put(fresh, `${count(news)} new – press `, el("kbd", null, "."), " to show");
    if (view() === "articles") mention(`${counted(news, "new article")}. Press full stop to show.`);
  });
  on("relevance", ({ user: of, done, total, state: now }) => {
    if (of !== user()) return;
    const running = now === "running" || now === "waiting";
    put(scores, running ? `Scores: ${total ? Math.floor((done / total) * 100) : 0} %` : null);
    if (now === "done") { refresher.note([], true); announce("The scores are calculated."); }
  });
  on("back", async () => {
    asked = null;
    if (view() !== "articles") return;
    // Also who has a profile could not be asked meanwhile.
    await readers.load();
    offerOrders();
    load({ keep: list.items.length > 0 });
  });
  roomy.addEventListener("change", () => { if (view() === "articles") show(); });

  return {
    element, title: "Articles", focusSearch: bar.focus,
    show() { if (readers.ready()) { readers.follow(); show(); } else start(); },
    keys(event) {
      const opened = parameters("articles").article, here = opened ?? list.active?.id;
      switch (event.key) {
        case ".": load(); return true;
        case "Enter": case "o": if (list.active) open(list.active); return Boolean(list.active);
        case "x": if (here) dismiss(here); return Boolean(here);
        case "u": takeBack(list.item(here)?.state === "dismissed" ? here : undefined); return true;
        case "m": aside(!opened && beside() === "map" ? "none" : "map"); return true;
        case "e": aside("profile"); return true;
        case "s": aside("feeds"); return true;
        case "Escape":
          if (opened) closeArticle();
          else if (["profile", "new", "feeds"].includes(beside())) aside("");
          else return false;
          return true;
        default: return list.key(event);
      }
    },
  };
}
