// A feed of the tests' own, on this machine, that whatever server they drive is told to fetch; and a reader with a profile.
// Names are new for each run, so that it finds its own articles in a server that has others.
import { createServer } from "node:http";

const WAIT_MS = 45_000, STEP_MS = 250;
export const token = `zephyr${Math.floor(Math.random() * 1e9).toString(36)}`;
export const reader = `reader-${token}`;

/** Markup, script, a turned direction, an endless word: none of it may be more than text. */
export const HOSTILE = [
  { title: `Hostile ${token} <img src=x onerror="alert(1)">`, link: "javascript:alert(document.domain)", text: `<script>alert(1)</script> from Kyiv <a href="javascript:alert(2)">here</a> {{constructor.constructor('alert(1)')()}} <svg onload=alert(3)>` },
  { title: `Turned ${token} invoice\u202egpj.exe`, link: "data:text/html,<script>alert(1)</script>", text: `${"A".repeat(10_240)} "><script>alert(4)</script>` },
];

const PLAIN = ["Berlin", "Paris", "Madrid", "Warsaw", "Tokyo", "Sydney", "Nairobi", "Toronto", "Santiago", "Oslo", "Rome", "Manila", "Jakarta", "Bucharest", "Tallinn", "Seoul"];
const ITEMS = [
  { title: `First ${token}: FortiOS hole CVE-2024-3400 is exploited in Kyiv`, text: `Fortinet customers in Kyiv, Ukraine, saw ransomware after CVE-2024-3400 was exploited. The word is ${token}.\n\nA second paragraph names 203.0.113.77 and Kharkiv.` },
  { title: `Second ${token}: a phishing campaign in Rotterdam`, text: `The port of Rotterdam, in the Netherlands, was the lure. The word is ${token}.` },
  ...HOSTILE, ...PLAIN.map((city) => ({ title: `Quiet day in ${city}`, text: `Nothing much happened in ${city}. A report says so.` })),
];

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Serves the feed, with ids and addresses of this mark; resolves to `{ address, add(item), close() }`. */
export async function serveFeed(mark = token) {
  const items = ITEMS.slice(), began = Date.now();
  const server = createServer((request, response) => {
    if (request.url !== "/feed.xml") return response.writeHead(404).end();
    const body = items.map(({ title, text, link, time }, place) => `<item><title>${escape(title)}</title><link>${escape(link ?? `http://feed.example/${mark}/${place}`)}</link><guid isPermaLink="false">${mark}-${place}</guid><pubDate>${new Date(time ?? began - place * 3_600_000 - 60_000).toUTCString()}</pubDate><description>${escape(escape(`${text}\n\nEdition ${mark}.`)).replace(/\n\n/g, "&lt;/p&gt;&lt;p&gt;")}</description></item>`);
    response.setHeader("Content-Type", "application/rss+xml; charset=utf-8");
    response.end(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Seed feed ${token}</title><link>http://feed.example/</link><description>Of the tests</description>${body.join("")}</channel></rss>`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/feed.xml`, count: () => items.length,
    add: (item) => items.push(item),
    close() { server.closeAllConnections(); server.close(); },
  };
}

/** Sends a request to the API; resolves to its JSON, or throws what it refused. */
export async function ask(url, method, path, body) {
  const response = await fetch(`${url}/api/v1${path}`, { method, headers: body === undefined ? {} : { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}: ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Asks again until `fits(answer)`. */
export async function until(question, fits, what) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const now = await question();
    if (fits(now)) return now;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${JSON.stringify(now).slice(0, 400)}`);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

/** Whether a server has articles. */
export async function hasArticles(url) {
  return (await fetch(`${url}/api/v1/feeds`).catch(() => null))?.ok ?? false;
}

/** Calculates a reader's scores, to the end. */
export async function calculate(url, user) {
  const { job } = await ask(url, "POST", "/relevance/calculate", { user });
  return until(() => ask(url, "GET", `/relevance/${job}`), ({ state }) => state === "done" || state === "failed", "the scores");
}

/** The feed, its articles, their places, a profile, and its scores; resolves to the feed's id. */
export async function seedArticles(url, feed) {
  await ask(url, "POST", "/feeds", { url: feed.address, allow_private: true });
  const { id } = await until(() => ask(url, "GET", "/feeds").then(({ items }) => items.find((one) => one.url === feed.address)), Boolean, "the feed");
  await ask(url, "POST", `/feeds/${id}/fetch`);
  await until(() => ask(url, "GET", `/articles/with-relevance?sort=published&feed=${id}&limit=200`), ({ items }) => items.length >= feed.count(), "the articles");
  await until(() => ask(url, "GET", `/articles/map?feed=${id}`), ({ places }) => places.some(({ country }) => country === "UA") && places.some(({ country }) => country === "NL"), "the places");
  await ask(url, "PUT", `/profiles/${reader}`, { user: reader, stack: [{ vendor: "Fortinet", product: "FortiOS" }], sectors: [], regions: [], keywords: [{ text: token }], actors: [], malware: [], muted: [], min_score: 0 });
  await calculate(url, reader);
  return String(id);
}
