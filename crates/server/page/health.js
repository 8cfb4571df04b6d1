// Health and cost: all that the server counts, drawn where drawing says more.
import { el, put } from "./dom.js";
import { api } from "./api.js";
import { on } from "./bus.js";
import { bars, quantiles, share, timeline } from "./charts.js";
import { bytes, count, dollars, milliseconds, percent, rate, seconds } from "./figures.js";
import { change, parameters, view } from "./route.js";
import { KEPT, now, questions, throughput } from "./recent.js";
import { loadProblem } from "./states.js";
import { balanced, breaker } from "./strip.js";
import { tame } from "./text.js";
import { SEVERITIES, sentence, severityLabel, verdictLabel } from "./words.js";

const COST_EACH_MS = 60_000, USUAL_PER_DAY = 500;

export function healthSection() {
  const figures = el("div.panels");
  const cost = el("div");
  const perDay = el("input", { id: "per-day", type: "number", min: 1, max: 1e9, step: 1 });
  const element = el("section.health-section.column", { "aria-label": "Health and cost" },
    el("header.column-head", null, el("h1", null, "Health & cost"), el("p.tally")), figures,
    el("section.panel.cost", null, el("h2", null, "Cost"), el("p.filter", null, el("label", { for: "per-day" }, "Projected for alerts per day"), perDay), cost));
  let costAt = 0, typing = 0;

  perDay.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => change({ per_day: perDay.value === String(USUAL_PER_DAY) ? "" : perDay.value }), 400); });

  async function loadCost() {
    costAt = Date.now();
    const per = Number(parameters("health").per_day) || USUAL_PER_DAY;
    if (document.activeElement !== perDay) perDay.value = String(per);
    try {
      put(cost, costFigures(await api.get("/cost", { alerts_per_day: per })));
    } catch (problem) {
      put(cost, loadProblem(problem, loadCost));
    }
  }

  function draw() {
    const figure = now();
    if (!figure) return void put(figures, el("p.loading", null, "Waiting for figures…"));
    put(element.querySelector(".tally"), `Version ${tame(figure.version, 40)}, up ${seconds(figure.uptime_s)}`);
    put(figures, panels(figure));
  }

  async function show() {
    draw();
    loadCost();
    if (now()) return;
    try {
      const figure = await api.get("/statistics");
      if (!now()) put(figures, panels(figure));
    } catch (problem) {
      if (!now()) put(figures, loadProblem(problem, show));
    }
  }

  on("statistics", () => {
    if (view() !== "health" || document.hidden) return;
    // What somebody is marking to copy stays as it is.
    if (!getSelection().isCollapsed && figures.contains(getSelection().anchorNode)) return;
    draw();
    if (Date.now() - costAt > COST_EACH_MS) loadCost();
  });
  on("route", () => { if (view() === "health") loadCost(); });
  return { element, title: "Health & cost", show, keys: (event) => event.key === "." && (loadCost(), true) };
}

function panel(title, ...content) {
  // What has many columns gets the room of two.
  const wide = content.some((node) => node?.classList?.contains("wide"));
  return el(wide ? "section.panel.double" : "section.panel", null, el("h2", null, title), content);
}

function facts(rows) {
  return el("dl.facts", null, rows.map(([name, ...value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
}

function panels(all) {
  return [
    panel("Throughput", timeline(throughput(), { label: "Alerts judged per second", most: KEPT, format: rate, unit: "alerts per second" }),
      facts([["Now", rate(all.per_second["1s"]), " /s"], ["Over a minute", rate(all.per_second["60s"]), " /s"], ["In the intake", count(all.queue.intake), " of ", count(all.queue.bound), share(all.queue.intake / Math.max(1, all.queue.bound))]])),
    panel("Latency", latency(all.latency_ms)),
    panel("Balance", balanceTable(all.balance), facts([["Open questions", count(all.open_questions)], ["Calls made", count(all.calls.made)], ["Calls avoided", count(all.calls.avoided)]])),
    panel("Outside services", outside(all.outside)),
    panel("Reuse", bars([["exact", "Same content"], ["pattern", "Same pattern"], ["intel", "Intelligence"], ["propositions", "Propositions"]].filter(([name]) => name in all.hit_rate).map(([name, words]) => ({ name: words, value: all.hit_rate[name] ?? 0, words: percent(all.hit_rate[name]) })), "Share answered from memory", 1), el("p.note", null, "Shares that were answered from memory.")),
    panel("Verdicts", all.by_verdict.length ? bars(all.by_verdict.map(({ name, alerts }) => ({ name: verdictLabel(name), value: alerts, words: count(alerts) })), "Alerts by verdict") : none("No alerts yet.")),
    panel("Severities", all.by_severity.length ? bars(all.by_severity.toSorted((a, b) => SEVERITIES.indexOf(b.name) - SEVERITIES.indexOf(a.name)).map(({ name, alerts }) => ({ name: severityLabel(name), value: alerts, words: count(alerts), look: `fill s-${SEVERITIES.includes(name) ? name : "unknown"}` })), "Alerts by severity") : none("No alerts yet.")),
    panel("Store", facts([["Alerts", count(all.store.alerts)], ["Patterns", count(all.store.patterns)], ["Dead letters", count(all.store.dead)], ["On disk", bytes(all.store.bytes)], ["In memory", bytes(all.memory_bytes)]]),
      questions().some(Boolean) ? timeline(questions(), { label: "Open questions", most: KEPT, format: count, unit: "questions" }) : null),
    panel("Errors", all.errors.length ? bars(all.errors.map(({ kind, count: times }) => ({ name: sentence(tame(kind, 80)), value: times, words: count(times), look: "bad" })), "Errors by kind") : none("None since the start.")),
  ];
}

function none(words) {
  return el("p.note", null, words);
}

function balanceTable(balance) {
  const sound = balanced(balance);
  const row = (sign, name, value, strong) => el(strong ? "tr.sum" : "tr", null, el("td.sign", null, sign), el("th", { scope: "row" }, name), el("td.n", null, count(value)));
  return [
    el("table.sums", null, el("caption.unseen", null, "Balance"), el("tbody", null, row("", "received", balance.received, true), row("=", "judged", balance.judged), row("+", "set aside", balance.set_aside), row("+", "dead", balance.dead), row("+", "pending", balance.pending))),
    el(sound ? "p.verdict-of-balance.good" : "p.verdict-of-balance.bad", null, sound ? "✓ Nothing is lost" : "✗ This does not add up"),
  ];
}

function latency(rows) {
  if (!rows.length) return none("Nothing was timed yet.");
  return el("div.wide", { tabindex: "0", role: "region", "aria-label": "Latency" }, el("table.latency", null, el("caption.unseen", null, "Latency by stage"),
    el("thead", null, el("tr", null, ["Stage", "", "p50", "p95", "p99", "Mean", "Count"].map((name) => (name ? el("th", { scope: "col" }, name) : el("td"))))),
    el("tbody", null, rows.map((one) => el("tr", null, el("th", { scope: "row" }, sentence(tame(one.name, 60))), el("td.drawn", null, quantiles(one)),
      [one.p50, one.p95, one.p99, one.mean].map((value) => el("td.n", null, one.count ? milliseconds(value) : "–")), el("td.n", null, count(one.count)))))),
    el("p.note", null, "Bars are logarithmic, from 1 µs to 10 s: p50, p95, p99."));
}

function outside(services) {
  if (!services.length) return none("None is set up: everything is decided here, and costs nothing.");
  return el("div.wide", { tabindex: "0", role: "region", "aria-label": "Outside services" }, el("table.services", null, el("caption.unseen", null, "Outside services"),
    el("thead", null, el("tr", null, ["Service", "Breaker", "Waiting", "Next slot", "Limits", "Calls today", "Cost today"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", null, services.map((one) => el("tr", null,
      el("th", { scope: "row" }, tame(one.name, 60), el("small", null, tame(one.kind, 20))),
      el("td", null, breaker(one.breaker), one.stopped ? el("small.bad", null, tame(one.stopped, 200)) : null),
      el("td.n", null, count(one.waiting), one.waiting && one.last_slot_s ? el("small", null, `last in ${seconds(one.last_slot_s)}`) : null),
      el("td.n", null, one.next_slot_s > 0 ? `in ${seconds(one.next_slot_s)}` : "now"),
      el("td", null, one.limits.map((limit) => el("span.limit", null, tame(limit, 80)))), el("td.n", null, count(one.calls_today)), el("td.n", null, dollars(one.cost_today_usd)))))));
}

function costFigures({ today_usd: today, all_usd: all, projected, ledger }) {
  return [
    facts([["Today", dollars(today)], ["In all", dollars(all)]]),
    projected ? [el("h3", null, `At ${count(projected.alerts_per_day)} alerts a day`), bars([["Worst: nothing is reused", projected.worst_usd], ["Expected, as measured", projected.expected_usd], ["Best: all is reused", projected.best_usd]].map(([name, value]) => ({ name, value, words: `${dollars(value)} a day, ${dollars(value * 365 / 12)} a month` })), "Projected cost")] : none("Nothing to project: no service costs anything, or none was asked yet."),
    ledger?.length ? ledgerTable(ledger) : null,
  ];
}

// The ledger's columns are the server's; what is a cost or a time is told by its name.
function ledgerTable(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 10);
  const cell = (name, value) => (typeof value === "number" ? (name.endsWith("usd") ? dollars(value) : count(value)) : tame(value ?? "–", 120));
  return el("div.wide", { tabindex: "0", role: "region", "aria-label": "Ledger" }, el("table.services", null, el("caption", null, "Ledger"),
    el("thead", null, el("tr", null, columns.map((name) => el("th", { scope: "col" }, sentence(name.replace(/_usd$/, "")))))),
    el("tbody", null, rows.slice(0, 200).map((row) => el("tr", null, columns.map((name) => el(typeof row[name] === "number" ? "td.n" : "td", null, cell(name, row[name]))))))));
}
