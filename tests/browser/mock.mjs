// A stand-in for `watchfire serve`, for working on the page without building the server. It keeps the contract of the API
// strictly: what the real server would refuse, it refuses. No part of the program.
//
//   node mock.mjs [--port 8751] [--patterns 50000] [--empty] [--token wf_x] [--read-only] [--quota 600]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { mockArticles } from "./mock-articles.mjs";
import { mockMeasurements } from "./mock-measurements.mjs";
import { alertDetail, chance, decisionOf, instant, makeAlert, makePattern, SEVERITIES } from "./mock-data.mjs";

const PAGE = new URL("../../crates/server/page/", import.meta.url);
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const TYPES = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", svg: "image/svg+xml" };
const VERDICTS = ["true_positive", "suspicious", "insufficient_data", "benign_positive", "false_positive", "duplicate"];
const MOST_BODY = 1 << 20;

class Refusal extends Error {
  constructor(status, title, detail, hint = "") {
    super(detail);
    this.body = { type: "about:blank", title, status, detail, hint };
    this.status = status;
  }
}

/** Starts the mock; resolves to `{ url, close() }`. */
export async function startMock({ port = 0, patterns: many = 50_000, token = null, readOnly = false, quota = 600, lively = true } = {}) {
  const started = Date.now();
  const patterns = Array.from({ length: many }, (_, number) => ({ number, ...makePattern(number, started) }));
  const byId = new Map(patterns.map((pattern) => [pattern.id, pattern]));
  const own = new Map(), analysts = new Map(), log = [], dead = [], streams = new Set(), sessions = new Set();
  const outcomes = { received: 0, judged: 0, set_aside: 0, dead: 0, pending: 0 };
  let sorted = new Map(), counter = 0, perSecond = 0, used = 0, windowFrom = Date.now(), changed = new Set();
  let alertsInAll = patterns.reduce((sum, pattern) => sum + pattern.alerts, 0);
  outcomes.received = outcomes.judged = alertsInAll;
  if (many) for (let each = 0; each < 3; each += 1) letter(['{"timestamp":"2026-11-21T09:14:03","event_type":"al', "<14>Mar 17 CEF:0|only|three", '{"hello":"<img src=x onerror=alert(1)>"}'][each], ["the record ends early", "a CEF header has 7 fields, this has 3", "no reader claims a record with these keys"][each], ["send the whole record", "see docs/mapping.md", "write a mapping for it"][each]);

  function letter(raw, reason, hint) {
    dead.unshift({ id: ++counter, source: "api", line: dead.length + 1, reason, hint, raw, whole: true, attempts: 0, at: instant(Date.now()) });
    outcomes.received += 1;
    outcomes.dead += 1;
  }

  function order(sort) {
    if (sorted.has(sort)) return sorted.get(sort);
    const value = { priority: (pattern) => pattern.priority * 1e14 + Date.parse(pattern.last_seen), newest: (pattern) => Date.parse(pattern.last_seen), alerts: (pattern) => pattern.alerts }[sort];
    const all = patterns.map((pattern) => [value(pattern), pattern]).sort((a, b) => b[0] - a[0] || (a[1].id < b[1].id ? -1 : 1)).map(([, pattern]) => pattern);
    sorted.set(sort, all);
    return all;
  }

  function touch(pattern) {
    sorted = new Map();
    changed.add(pattern.id);
  }

  // --- intake ---------------------------------------------------------------------------------------------------

  function take(text) {
    const answer = { received: 0, judged: 0, set_aside: 0, dead: 0, alerts: [], replayed: false };
    for (const line of text.split("\n").filter((each) => each.trim())) {
      answer.received += 1;
      let record = null;
      try {
        record = JSON.parse(line);
      } catch {
        letter(line, "the record ends early", "send the whole record");
        answer.dead += 1;
        continue;
      }
      if (!record?.alert?.signature) {
        answer.set_aside += 1;
        continue;
      }
      answer.judged += 1;
      answer.alerts.push(judge(record, line));
    }
    outcomes.received += answer.judged + answer.set_aside;
    outcomes.judged += answer.judged;
    outcomes.set_aside += answer.set_aside;
    perSecond += answer.judged;
    return answer;
  }

  function judge(record, raw) {
    const key = `suricata/${record.alert.signature_id}`, asset = record.dest_ip ?? "";
    let pattern = patterns.find((each) => each.rule_key === key && each.asset === asset && each.rule === record.alert.signature);
    if (!pattern) {
      const number = patterns.length;
      const severity = ["high", "high", "medium", "low"][record.alert.severity] ?? "low";
      pattern = { number, ...makePattern(number, Date.now()), rule: record.alert.signature, rule_key: key, asset, alerts: 0, severity, verdict: "suspicious", decider: "rule", priority: { high: 97, medium: 50, low: 20 }[severity], first_seen: record.timestamp };
      pattern.reason = `“${pattern.rule}” from ${record.src_ip} (source.ip, outside) on ${asset}.`;
      pattern.evidence = [["rule.name", pattern.rule], ["source.ip", record.src_ip ?? ""], ["user.name", record.user ?? ""]];
      patterns.push(pattern);
      byId.set(pattern.id, pattern);
      own.set(pattern.id, []);
    }
    const alerts = own.get(pattern.id) ?? [];
    const alert = { ...makeAlert(pattern, pattern.number, alerts.length), time: instant(Date.parse(record.timestamp)), source: record.src_ip ?? null, destination: record.dest_ip ?? null, user: record.user ?? null, raw };
    alerts.push(alert);
    own.set(pattern.id, alerts);
    pattern.alerts += 1;
    alertsInAll += 1;
    pattern.last_seen = instant(Date.parse(record.timestamp));
    pattern.example = alert.id;
    touch(pattern);
    return alert.id;
  }

  // --- reading --------------------------------------------------------------------------------------------------

  const articles = mockArticles({ many, lively, Refusal, send: (name, data) => send(name, data), after: (run) => setTimeout(run, 30) });
  const measurements = mockMeasurements({ Refusal });
  const known = (query, ...names) => { for (const name of query.keys()) if (!names.includes(name)) throw new Refusal(400, "Unknown parameter", `there is no parameter ${name}`); };

  function limitOf(query) {
    const limit = query.has("limit") ? Number(query.get("limit")) : 50;
    if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw new Refusal(400, "Wrong limit", "limit is a number from 1 to 500");
    return limit;
  }

  function word(query, name, words) {
    const value = query.get(name);
    if (value !== null && !words.includes(value)) throw new Refusal(400, "Wrong parameter", `${name} is one of ${words.join(", ")}`);
    return value;
  }

  function pageOf(all, query) {
    const limit = limitOf(query), from = query.has("cursor") ? Number(Buffer.from(query.get("cursor"), "base64url").toString()) : 0;
    if (!Number.isInteger(from) || from < 0) throw new Refusal(400, "Wrong cursor", "this cursor is none of mine");
    return { items: all.slice(from, from + limit), next: from + limit < all.length ? Buffer.from(String(from + limit)).toString("base64url") : null };
  }

  function listPatterns(query) {
    known(query, "state", "verdict", "min_severity", "decider", "q", "sort", "cursor", "limit");
    const state = word(query, "state", ["open", "decided", "all"]) ?? "open", verdict = word(query, "verdict", VERDICTS), decider = query.get("decider"), least = SEVERITIES.indexOf(word(query, "min_severity", SEVERITIES) ?? "unknown"), q = query.get("q")?.toLowerCase();
    const all = order(word(query, "sort", ["priority", "newest", "alerts"]) ?? "priority").filter((pattern) =>
      (state === "all" || (state === "decided") === Boolean(pattern.decided)) && (!verdict || pattern.verdict === verdict) && (!decider || pattern.decider === decider) &&
      SEVERITIES.indexOf(pattern.severity) >= least && (!q || pattern.rule.toLowerCase().includes(q) || pattern.asset.toLowerCase().includes(q)));
    const { items, next } = pageOf(all, query);
    return { items: items.map(clean), next, total: all.length };
  }

  const refuse = (...given) => { throw new Refusal(...given); }, find = (id) => byId.get(id) ?? refuse(404, "Not there", "there is no such pattern");

  function* alertsOf(pattern) {
    const mine = own.get(pattern.id) ?? [];
    yield* mine.toReversed();
    for (let which = mine.length; which < pattern.alerts; which += 1) yield makeAlert(pattern, pattern.number, which);
  }

  function listAlerts(query) {
    known(query, "q", "pattern", "verdict", "min_severity", "min_priority", "from", "to", "source", "cursor", "limit");
    const q = query.get("q"), verdict = word(query, "verdict", VERDICTS), least = SEVERITIES.indexOf(word(query, "min_severity", SEVERITIES) ?? "unknown"), urgent = Number(query.get("min_priority") ?? 0);
    const from = query.has("from") ? Date.parse(query.get("from")) : -Infinity, to = query.has("to") ? Date.parse(query.get("to")) : Infinity;
    if (Number.isNaN(from) || Number.isNaN(to)) throw new Refusal(400, "Wrong time", "from and to are RFC 3339 times");
    const fits = (alert) => (!q || [alert.source, alert.destination, alert.user].includes(q) || alert.rule.toLowerCase().split(/\W+/).includes(q.toLowerCase())) &&
      (!query.has("source") || alert.source === query.get("source")) && (!verdict || alert.verdict === verdict) && SEVERITIES.indexOf(alert.severity) >= least && alert.priority >= urgent && Date.parse(alert.time) >= from && Date.parse(alert.time) <= to;
    const all = [];
    if (query.has("pattern")) {
      for (const alert of alertsOf(find(query.get("pattern")))) if (fits(alert) && all.push(alert) > 3000) break;
    } else {
      for (const pattern of order("newest").slice(0, 8000)) {
        let taken = 0;
        for (const alert of alertsOf(pattern)) if ((taken += 1) > 5 || (fits(alert) && all.push(alert) > 20_000)) break;
      }
      for (const alerts of own.values()) for (const alert of alerts) if (fits(alert) && !all.some(({ id }) => id === alert.id)) all.push(alert);
      all.sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
    }
    const page = pageOf(all, query);
    return { ...page, items: page.items.map(({ raw, ...alert }) => alert) };
  }

  function oneAlert(id) {
    const [number, which] = [Number.parseInt(id.split("-")[0], 16), Number(id.split("-")[1])];
    const pattern = patterns[number];
    if (!pattern || !(which < pattern.alerts)) throw new Refusal(404, "Not there", "there is no such alert");
    const alert = own.get(pattern.id)?.[which] ?? makeAlert(pattern, number, which);
    return alertDetail(alert, pattern, log.filter((entry) => entry.pattern === pattern.id));
  }

  function onePattern(id) {
    const pattern = find(id), decision = decisionOf(pattern);
    return { ...clean(pattern), decision, next_steps: decision.next_steps, decisions: [decision], analysts: analysts.get(id) ?? [] };
  }

  // --- deciding -------------------------------------------------------------------------------------------------

  function decide(id, body, who) {
    const pattern = find(id);
    for (const name of Object.keys(body)) if (!["verdict", "reason", "action"].includes(name)) throw new Refusal(422, "Unknown field", `there is no field ${name}`);
    if (!VERDICTS.includes(body.verdict)) throw new Refusal(422, "Wrong verdict", `verdict is one of ${VERDICTS.join(", ")}`);
    if (typeof body.reason !== "string" || !body.reason.trim()) throw new Refusal(422, "No reason", "a decision has a reason", "say why");
    pattern.before ??= { verdict: pattern.verdict, decider: pattern.decider };
    const at = instant(Date.now());
    Object.assign(pattern, { verdict: body.verdict, decider: "analyst", decided: { by: who.name, at, reason: body.reason, verdict: body.verdict } });
    const entry = { id: ++counter, at, alert: pattern.example, pattern: id, type: pattern.rule_key, proposed: ["true_positive: isolate host"], chosen: body.action ?? "", verdict: body.verdict, by: who.name, reason: body.reason, outcome: null, outcome_at: null };
    log.unshift(entry);
    analysts.set(id, [{ id: entry.id, by: who.name, at, reason: body.reason, verdict: body.verdict, undone: false }, ...(analysts.get(id) ?? [])]);
    touch(pattern);
    return { pattern: clean(pattern), alerts: pattern.alerts, entry: entry.id };
  }

  const clean = ({ number, before, ...pattern }) => pattern;

  function undo(id) {
    const pattern = find(id);
    if (!pattern.decided) throw new Refusal(409, "Nothing to undo", "no analyst decided on this pattern");
    Object.assign(pattern, pattern.before, { decided: null });
    delete pattern.before;
    analysts.get(id)[0].undone = true;
    touch(pattern);
    return { pattern: clean(pattern), alerts: pattern.alerts };
  }

  function replay({ ids = dead.map(({ id }) => id) }) {
    const answer = { replayed: 0, unreadable: 0, partial: 0, alerts: [] };
    for (const one of dead.filter(({ id }) => ids.includes(id))) {
      one.attempts += 1;
      if (!one.raw.includes("hello")) {
        answer.unreadable += 1;
        continue;
      }
      dead.splice(dead.indexOf(one), 1);
      answer.replayed += 1;
      outcomes.dead -= 1;
      outcomes.judged += 1;
    }
    send("dead", { waiting: dead.length });
    return answer;
  }

  function statistics() {
    const tally = (name) => {
      const sums = new Map();
      for (const pattern of patterns) sums.set(pattern[name], (sums.get(pattern[name]) ?? 0) + pattern.alerts);
      return [...sums].map(([key, alerts]) => ({ name: key, alerts })).sort((a, b) => b.alerts - a.alerts);
    };
    const wave = lively ? Math.max(0, 900 + 500 * Math.sin(Date.now() / 9000) + 200 * Math.random()) : 0;
    return {
      uptime_s: (Date.now() - started) / 1000, version: "0.1.0", store: { alerts: alertsInAll, patterns: patterns.length, dead: dead.length, bytes: alertsInAll * 512 }, balance: { ...outcomes }, open_questions: many ? 12 : 0,
      per_second: { "1s": wave + perSecond, "60s": wave * 0.9 }, hit_rate: { exact: 0.104, pattern: 0.983, intel: 0.9, propositions: 0.7 }, calls: { made: many ? 420 : 0, avoided: alertsInAll }, by_verdict: tally("verdict"), by_severity: tally("severity"),
      latency_ms: many ? [{ name: "intake", p50: 1.2, p95: 2.0, p99: 3.1, mean: 1.3, count: 1000 }, { name: "judge", p50: 0.011, p95: 0.02, p99: 0.09, mean: 0.013, count: 1_000_000 }, { name: "propositions", p50: 0.4, p95: 6, p99: 180, mean: 2.2, count: 5300 }, { name: "llm", p50: 812, p95: 2400, p99: 4100, mean: 990, count: 420 }] : [],
      outside: many ? [
        { name: "llm fast", kind: "llm", breaker: "closed", waiting: 3, next_slot_s: 4.2, last_slot_s: 30, limits: ["15 requests in 60 s", "1,000,000 tokens in a day"], calls_today: 420, cost_today_usd: 0.0134, stopped: "" },
        { name: "abuseipdb", kind: "intel", breaker: "half_open", waiting: 0, next_slot_s: 0, last_slot_s: 0, limits: ["1,000 requests in a day"], calls_today: 212, cost_today_usd: 0, stopped: "" },
        { name: "greynoise", kind: "intel", breaker: "open", waiting: 8, next_slot_s: 31, last_slot_s: 90, limits: ["50 requests in 7 days"], calls_today: 50, cost_today_usd: 0, stopped: "budget of the week is spent" },
      ] : [],
      memory_bytes: 88_000_000, queue: { intake: many ? 17 : 0, bound: 1024 }, errors: many ? [{ kind: "rate_limited", count: 14 }, { kind: "timed_out", count: 3 }] : [],
    };
  }

  // --- HTTP -----------------------------------------------------------------------------------------------------

  function whoOf(request) {
    if (!token) return { name: "local", scopes: readOnly ? ["read"] : ["read", "write", "admin"], open: true };
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] === token;
    const cookie = /(?:^|; )watchfire=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    return bearer || sessions.has(cookie) ? { name: "ana", scopes: readOnly ? ["read"] : ["read", "write"], open: false } : null;
  }

  async function bodyOf(request) {
    const parts = [];
    let size = 0;
    for await (const part of request) {
      parts.push(part);
      if ((size += part.length) > MOST_BODY) throw new Refusal(413, "Too large", "a body has at most 1 MiB");
    }
    return Buffer.concat(parts).toString();
  }

  async function json(request) {
    if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) throw new Refusal(415, "Not JSON", "the body has to be application/json");
    try {
      return JSON.parse(await bodyOf(request));
    } catch {
      throw new Refusal(400, "Not JSON", "the body is no JSON");
    }
  }

  function countRequest(response) {
    if (Date.now() - windowFrom > 60_000) [windowFrom, used] = [Date.now(), 0];
    used += 1;
    const left = Math.ceil((windowFrom + 60_000 - Date.now()) / 1000);
    response.setHeader("RateLimit-Policy", `"default";q=${quota};w=60`);
    response.setHeader("RateLimit", `"default";r=${Math.max(0, quota - used)};t=${left}`);
    if (used > quota) {
      response.setHeader("Retry-After", String(left));
      throw new Refusal(429, "Too many requests", "the quota of this minute is used up");
    }
  }

  async function answer(request, response, path, query) {
    const { method } = request, parts = path.split("/").map(decodeURIComponent);
    countRequest(response);
    if (parts[0] === "session") {
      if (method === "POST") {
        if ((await json(request)).token !== token) throw new Refusal(401, "Not known", "this token is not known");
        const key = String(chance(Date.now())());
        sessions.add(key);
        response.setHeader("Set-Cookie", `watchfire=${key}; HttpOnly; SameSite=Strict; Path=/`);
        return { name: "ana", scopes: readOnly ? ["read"] : ["read", "write"], open: false };
      }
      if (method === "DELETE") return sessions.clear(), null;
    }
    const who = whoOf(request);
    if (!who) throw new Refusal(401, "Who are you?", "a token is needed", "sign in");
    if (method !== "GET") {
      if (request.headers.cookie && request.headers["x-watchfire"] !== "1") throw new Refusal(403, "Not from the page", "the header X-Watchfire is missing");
      if (!who.scopes.includes("write")) throw new Refusal(403, "May read only", "this token has no scope write");
    }
    const route = `${method} ${parts.map((part, place) => (place % 2 === 1 && !["replay", "by-alert", "process"].includes(part) ? "*" : part)).join("/")}`;
    switch (route) {
      case "GET session": return who;
      case "POST alerts": return response.statusCode = 202, take(await bodyOf(request));
      case "GET alerts": return listAlerts(query);
      case "GET alerts/*": return oneAlert(parts[1]);
      case "GET patterns": return listPatterns(query);
      case "GET patterns/*": return onePattern(parts[1]);
      case "POST patterns/*/decision": return decide(parts[1], await json(request), who);
      case "DELETE patterns/*/decision": return undo(parts[1]);
      case "GET decisions": known(query, "type", "from", "to", "cursor", "limit"); return pageOf(log.filter((entry) => !query.get("type") || entry.type === query.get("type")), query);
      case "PATCH decisions/*": { const entry = log.find(({ id }) => String(id) === parts[1]); return Object.assign(entry, { outcome: (await json(request)).outcome, outcome_at: instant(Date.now()) }); }
      case "GET dead-letters": known(query, "cursor", "limit"); return { ...pageOf(dead, query), waiting: dead.length };
      case "POST dead-letters/replay": return replay(await json(request));
      case "DELETE dead-letters/*": dead.splice(dead.findIndex(({ id }) => String(id) === parts[1]), 1); outcomes.dead -= 1; outcomes.received -= 1; return null;
      case "GET statistics": return statistics();
      case "GET cost": { const per = Number(query.get("alerts_per_day") ?? 500); return { today_usd: many ? 0.0134 : 0, all_usd: many ? 1.2 : 0, projected: many ? { alerts_per_day: per, worst_usd: per * 0.0002, expected_usd: per * 0.000_02, best_usd: 0 } : null, ledger: many ? [{ day: "2026-11-21", service: "llm fast", model: "gemini-2.5-flash", calls: 420, tokens_in: 812_000, tokens_out: 41_000, cost_usd: 0.0134 }] : [] }; }
      default: {
        const found = await articles.answer(method, parts, query, () => json(request), (status) => { response.statusCode = status; }) ?? measurements.answer(method, parts, query, parts[1] === "batch" || method === "POST" ? await json(request) : null);
        return found !== undefined ? found : refuse(404, "Not there", `there is no ${method} ${path}`);
      }
    }
  }

  function send(name, data) {
    for (const stream of streams) stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    response.setHeader("Content-Security-Policy", CSP);
    response.setHeader("X-Content-Type-Options", "nosniff");
    try {
      if (url.pathname === "/healthz") return response.setHeader("Content-Type", "application/json").end('{"status":"alive"}');
      if (url.pathname === "/api/v1/events") {
        if (!whoOf(request)) throw new Refusal(401, "Who are you?", "a token is needed");
        response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
        response.write("retry: 2000\n\n");
        response.write(`event: statistics\ndata: ${JSON.stringify(statistics())}\n\n`);
        streams.add(response);
        request.on("close", () => streams.delete(response));
        return;
      }
      if (url.pathname.startsWith("/api/v1/")) {
        const body = await answer(request, response, url.pathname.slice(8), url.searchParams);
        if (body === null) return response.writeHead(204).end();
        return response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
      }
      const name = url.pathname === "/" ? "index.html" : /^\/assets\/([a-z0-9-]+\.[a-z]+)$/.exec(url.pathname)?.[1];
      if (!name) throw new Refusal(404, "Not there", "there is no such page");
      const file = await readFile(new URL(name, PAGE)).catch(() => { throw new Refusal(404, "Not there", "there is no such page"); });
      response.setHeader("Content-Type", TYPES[name.split(".").pop()] ?? "application/octet-stream").end(file);
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
      if (error.retryAfter) response.setHeader("Retry-After", String(error.retryAfter));
      const body = error instanceof Refusal ? error.body : { type: "about:blank", title: "Failed", status: 500, detail: "the mock failed", hint: "" };
      response.writeHead(body.status, { "Content-Type": "application/problem+json" }).end(JSON.stringify(body));
    }
  });

  const random = chance(1);
  const timers = [
    setInterval(() => { send("statistics", statistics()); perSecond = 0; }, 1000),
    setInterval(() => { if (changed.size) { send("patterns", { ids: [...changed].slice(0, 200), more: changed.size > 200 }); changed = new Set(); } }, 250),
    setInterval(() => {
      if (!lively || !many) return;
      const pattern = order("priority")[Math.floor(random() * 40)];
      pattern.alerts += 1;
      alertsInAll += 1;
      outcomes.received += 1;
      outcomes.judged += 1;
      pattern.last_seen = instant(Date.now());
      touch(pattern);
    }, 2500),
  ];
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      for (const timer of timers) clearInterval(timer);
      articles.close();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const given = (name, usual) => { const at = process.argv.indexOf(`--${name}`); return at < 0 ? usual : process.argv[at + 1]; };
  const mock = await startMock({ port: Number(given("port", 8751)), patterns: process.argv.includes("--empty") ? 0 : Number(given("patterns", 50_000)), token: given("token", null), readOnly: process.argv.includes("--read-only"), quota: Number(given("quota", 600)), lively: !process.argv.includes("--still") });
  console.error(mock.url);
}
