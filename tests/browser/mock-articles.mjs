// The mock's articles: feeds, profiles, scores, lists. Feeds that are added are fetched and read for real, so that tests
// seed it as they seed the server: with a feed of their own on this machine.
import { ANA, FEEDS, makeArticle, MILDEST_FIRST, readText, score } from "./mock-articles-data.mjs";
import { instant } from "./mock-data.mjs";

const MOST_CALCULATIONS = 50, WINDOW_MS = 300_000, STEP_MS = 90, STEPS = 14, DEMO = 420, MOST_PLACES = 500;
const FILTERS = ["user", "sort", "min_severity", "min_score", "feed", "entity", "country", "since", "until", "dismissed"];

/** `<item>`s of RSS as the tests write it; no reader for the wild. */
function readFeed(xml) {
  const unescape = (text) => text.replace(/^<!\[CDATA\[([\s\S]*)\]\]>$/, "$1").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, "&");
  const field = (item, name) => unescape(new RegExp(`<${name}[^>]*>([\\s\\S]*?)</${name}>`).exec(item)?.[1]?.trim() ?? "");
  const items = xml.match(/<item>[\s\S]*?<\/item>/g) ?? [];
  return { title: field(xml.split("<item>")[0], "title"), items: items.map((item) => Object.fromEntries(["title", "link", "guid", "description", "pubDate", "author"].map((name) => [name, field(item, name)]))) };
}

/** The routes of articles: `answer(method, parts, query, json)` resolves to a body, or to undefined where it has none. */
export function mockArticles({ many, lively, send, Refusal, after }) {
  const feeds = new Map(), articles = new Map(), profiles = new Map(), states = new Map(), scores = new Map(), jobs = new Map(), asked = new Map();
  let counter = 0, fresh = 500_000, hits = 0, misses = 0;
  const now = Date.now(), timers = [], keep = (article) => articles.set(article.id, article);
  if (many) {
    FEEDS.forEach(([title, url, folder], which) => makeFeed({ title, url, folder }, which));
    for (let number = 0; number < DEMO; number += 1) keep(makeArticle(number, [...feeds.values()], now));
    saveProfile("ana", ANA);
    calculate("ana");
    for (const { id } of [...articles.values()].slice(3, 60).filter((_, place) => place % 5 === 2)) states.set(`ana ${id}`, "opened");
  }

  function makeFeed({ title = "", url, folder = "", limit = null, allow_private = false }, which = 0) {
    const id = String(++counter), interval = [900, 1800, 3600, 1200, 86_400][which % 5], failing = which === 4;
    feeds.set(id, { id, title, url, folder, limit, allow_private, state: failing ? "failing" : "ok", last_fetched: which || many ? instant(now - 400_000 * (which + 1)) : null, next_fetch: instant(now + interval * 700), interval_s: interval, problem: failing ? "the answer is no feed: a page of HTML (4 times in a row; asked again in 6 h)" : null });
    return feeds.get(id);
  }

  const listed = (feed) => ({ ...feed, limit: undefined, allow_private: undefined, articles: [...articles.values()].filter((one) => one.feed.id === feed.id).length });

  async function fetchFeed(feed) {
    try {
      const answer = await fetch(feed.url, { signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const { title, items } = readFeed(await answer.text());
      if (!items.length) throw new Error("the answer is no feed");
      feed.title ||= title;
      let added = 0;
      for (const item of items) {
        if ([...articles.values()].some((one) => one.guid === (item.guid || item.link) && one.feed.id === feed.id)) continue;
        const text = item.description.replace(/<\/p>/g, "\n\n").replace(/<[^>]+>/g, "").trim();
        const time = Date.parse(item.pubDate);
        keep({ id: String(++fresh), guid: item.guid || item.link, feed: { id: feed.id, title: feed.title }, title: item.title, link: item.link, author: item.author || null, published: Number.isNaN(time) ? null : instant(time), fetched: instant(Date.now()), summary: text.slice(0, 300), text, ...readText(item.title, text), state: "new" });
        added += 1;
      }
      Object.assign(feed, { state: "ok", problem: null, last_fetched: instant(Date.now()), next_fetch: instant(Date.now() + feed.interval_s * 1000) });
      for (const user of profiles.keys()) calculate(user);
      if (added) send("articles", { new: added });
    } catch (error) {
      Object.assign(feed, { state: "failing", problem: `${error.message}${error.cause ? `: ${error.cause.message}` : ""}`, last_fetched: instant(Date.now()) });
    }
  }

  function saveProfile(user, body) {
    const { user: _, ...rest } = body;
    profiles.set(user, { user, stack: [], sectors: [], regions: [], keywords: [], actors: [], malware: [], muted: [], min_score: 0, ...rest, updated: instant(Date.now()) });
    const { updated, ...profile } = profiles.get(user);
    return profile;
  }

  function calculate(user) {
    const profile = profiles.get(user);
    scores.set(user, new Map([...articles.values()].map((article) => [article.id, score(article, profile)])));
  }

  function startJob(user) {
    if (!profiles.has(user)) throw new Refusal(404, "Not there", `${user} has no profile`, "PUT /api/v1/profiles/NAME makes one");
    const times = (asked.get(user) ?? []).filter((at) => at > Date.now() - WINDOW_MS);
    if (times.length >= MOST_CALCULATIONS) {
      const refusal = new Refusal(429, "Too often", "scores were calculated 50 times in 5 minutes", "wait");
      refusal.retryAfter = Math.ceil((times[0] + WINDOW_MS - Date.now()) / 1000);
      throw refusal;
    }
    asked.set(user, [...times, Date.now()]);
    const job = { job: String(++counter), user, state: "waiting", done: 0, total: articles.size };
    jobs.set(job.job, job);
    const timer = setInterval(() => {
      job.state = "running";
      job.done = Math.min(job.total, job.done + Math.ceil(job.total / STEPS));
      if (job.done >= job.total || !profiles.has(user)) {
        job.state = profiles.has(user) ? "done" : "failed";
        if (profiles.has(user)) calculate(user);
        clearInterval(timer);
      }
      send("relevance", job);
    }, STEP_MS);
    timers.push(timer);
    return { job: job.job, ahead: 0, wait_s: 0.1 };
  }

  // --- lists ----------------------------------------------------------------------------------------------------

  function view(article, user) {
    const found = scores.get(user)?.get(article.id);
    return { ...article, guid: undefined, text: undefined, severity_reasons: undefined, score: found?.score ?? null, reasons: found?.reasons ?? null, state: states.get(`${user} ${article.id}`) ?? "new" };
  }

  function choose(query, ...more) {
    for (const name of query.keys()) if (![...FILTERS, ...more].includes(name)) throw new Refusal(400, "Unknown parameter", `there is no parameter ${name}`);
    const user = query.get("user") ?? "", least = MILDEST_FIRST.indexOf(query.get("min_severity") ?? "unknown"), dismissed = query.get("dismissed") ?? "hide", sort = query.get("sort") ?? (profiles.has(user) ? "relevance" : "published");
    if (least < 0) throw new Refusal(400, "Wrong parameter", "min_severity is a severity");
    if (!["hide", "show", "only"].includes(dismissed)) throw new Refusal(400, "Wrong parameter", "dismissed is hide, show or only");
    if (!["relevance", "severity", "published"].includes(sort)) throw new Refusal(400, "Wrong parameter", "sort is relevance, severity or published");
    if (sort === "relevance" && !profiles.has(user)) throw new Refusal(400, "No profile", `there is no profile of “${user}”`, "choose another order, or make a profile");
    const entity = query.get("entity"), [kind, value] = entity ? [entity.slice(0, entity.indexOf(":")), entity.slice(entity.indexOf(":") + 1).toLowerCase()] : [];
    if (entity && !/^[a-z_]+:./.test(entity)) throw new Refusal(400, "Wrong parameter", "entity is KIND:VALUE");
    const time = (name, usual) => { const at = query.has(name) ? Date.parse(query.get(name)) : usual; if (Number.isNaN(at)) throw new Refusal(400, "Wrong time", `${name} is an RFC 3339 time`); return at; };
    const since = time("since", -Infinity), until = time("until", Infinity), floor = Math.max(Number(query.get("min_score") ?? 0), profiles.get(user)?.min_score ?? 0);
    const all = [...articles.values()].map((article) => view(article, user)).filter((one) => MILDEST_FIRST.indexOf(one.severity) >= least && (one.score ?? 1000) >= floor && (!query.has("feed") || one.feed.id === query.get("feed")) &&
      (!entity || one.entities.some((each) => each.kind === kind && each.value.toLowerCase() === value)) && (!query.has("country") || one.places.some(({ country }) => country === query.get("country"))) &&
      Date.parse(one.published ?? one.fetched) >= since && Date.parse(one.published ?? one.fetched) <= until && (dismissed === "show" || (one.state === "dismissed") === (dismissed === "only")));
    const date = (one) => Date.parse(one.published ?? one.fetched), rank = { relevance: (one) => one.score ?? 0, severity: (one) => MILDEST_FIRST.indexOf(one.severity), published: () => 0 }[sort];
    return all.sort((a, b) => rank(b) - rank(a) || date(b) - date(a));
  }

  function list(query) {
    const all = choose(query, "fields", "limit", "cursor"), limit = Number(query.get("limit") ?? 50), from = query.has("cursor") ? Number(Buffer.from(query.get("cursor"), "base64url")) : 0;
    if (!Number.isInteger(limit) || limit < 1 || limit > 200) throw new Refusal(400, "Wrong limit", "limit is a number from 1 to 200");
    if (from) hits += 1;
    else misses += 1;
    hits += 4;
    const fields = query.get("fields")?.split(",");
    const items = all.slice(from, from + limit).map((one) => (fields ? Object.fromEntries(fields.map((name) => [name, one[name]])) : one));
    return { items, next: from + limit < all.length ? Buffer.from(String(from + limit)).toString("base64url") : null };
  }

  function map(query) {
    const places = new Map();
    for (const one of choose(query)) for (const { name, country, latitude, longitude } of one.places) {
      const place = places.get(`${name} ${country}`) ?? { name, country, latitude, longitude, articles: 0, severity: "unknown" };
      place.articles += 1;
      if (MILDEST_FIRST.indexOf(one.severity) > MILDEST_FIRST.indexOf(place.severity)) place.severity = one.severity;
      places.set(`${name} ${country}`, place);
    }
    const all = [...places.values()].sort((a, b) => b.articles - a.articles);
    return { places: all.slice(0, MOST_PLACES), more: all.length > MOST_PLACES };
  }

  function statistics() {
    const all = [...feeds.values()], waiting = lively ? Math.floor((Date.now() / 4000) % 10) : 3;
    return {
      articles: articles.size, feeds: { total: all.length, failing: all.filter(({ state }) => state !== "ok").length, due: 0 },
      locations: { total_queued: articles.size, size_flushes: Math.floor(articles.size / 60), timer_flushes: Math.floor(articles.size / 12), current_buffer_size: waiting, first_entry_age_s: waiting * 21, batch_size: 10, batch_age_s: 300, is_paused: false, warnings: many ? ["timer flushes are 83 % of all: a batch size of 4 would wait less"] : [] },
      cache: { hits, misses, hit_rate: hits / Math.max(1, hits + misses), entries: 12 }, relevance: { waiting: 0, running: [...jobs.values()].filter(({ state }) => state === "running").length },
    };
  }

  const there = (of, id, what) => of.get(id) ?? (() => { throw new Refusal(404, "Not there", `there is no such ${what}`); })();

  function addFeed(body) {
    for (const name of Object.keys(body)) if (!["url", "title", "folder", "limit", "allow_private"].includes(name)) throw new Refusal(422, "Unknown field", `there is no field ${name}`);
    let url;
    try {
      url = new URL(body.url);
    } catch {
      throw new Refusal(422, "Not an address", `“${body.url}” is no address of the web`, "it begins with http:// or https://");
    }
    if (!/^https?:$/.test(url.protocol)) throw new Refusal(422, "Not an address", "a feed is at http or https", "give the feed's address");
    if (/^(127\.|10\.|192\.168\.|localhost$)/.test(url.hostname) && !body.allow_private) throw new Refusal(422, "Private address", `${url.hostname} is a private address`, "allow_private lets this feed be there");
    if ([...feeds.values()].some((feed) => feed.url === body.url)) throw new Refusal(409, "There already", "this feed is there already");
    const feed = makeFeed(body);
    Object.assign(feed, { last_fetched: null, next_fetch: instant(Date.now()), state: "ok", problem: null });
    after(() => fetchFeed(feed));
    return listed(feed);
  }

  async function answer(method, parts, query, json, created) {
    const [first, second, third] = parts, route = `${method} ${first}${second === undefined ? "" : ["with-relevance", "map", "statistics", "calculate"].includes(second) ? `/${second}` : "/*"}${third ? `/${third}` : ""}`;
    switch (route) {
      case "GET articles/with-relevance": return list(query);
      case "GET articles/map": return map(query);
      case "GET articles/statistics": return statistics();
      case "GET articles/*": { const one = there(articles, second, "article"); return { ...view(one, query.get("user") ?? ""), text: one.text, severity_reasons: one.severity_reasons }; }
      case "POST articles/*/action": {
        const { user, action } = await json();
        there(articles, second, "article");
        if (!user || !["opened", "dismissed", "none"].includes(action)) throw new Refusal(422, "Wrong action", "action is opened, dismissed or none");
        states.set(`${user} ${second}`, action === "none" ? "new" : action);
        return null;
      }
      case "POST relevance/calculate": return created(202), startJob((await json()).user);
      case "GET relevance/*": return there(jobs, second, "job");
      case "GET feeds": return { items: [...feeds.values()].map(listed) };
      case "POST feeds": return created(201), addFeed(await json());
      case "DELETE feeds/*": there(feeds, second, "feed"); feeds.delete(second); for (const one of articles.values()) if (one.feed.id === second) articles.delete(one.id); return null;
      case "POST feeds/*/fetch": { const feed = there(feeds, second, "feed"); after(() => fetchFeed(feed)); return created(202), {}; }
      case "GET profiles": return { items: [...profiles.values()].map(({ user, updated }) => ({ user, updated })) };
      case "GET profiles/*": { const { updated, ...profile } = there(profiles, second, "profile"); return profile; }
      case "PUT profiles/*": return saveProfile(second, await json());
      case "DELETE profiles/*": there(profiles, second, "profile"); profiles.delete(second); scores.delete(second); return null;
      default: return undefined;
    }
  }

  if (lively && many) timers.push(setInterval(() => {
    keep({ ...makeArticle(DEMO + fresh, [...feeds.values()], Date.now()), id: String(++fresh), published: instant(Date.now()), fetched: instant(Date.now()) });
    for (const user of profiles.keys()) calculate(user);
    send("articles", { new: 1 });
  }, 45_000));
  return { answer, close: () => timers.forEach(clearInterval) };
}
