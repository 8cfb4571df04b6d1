// Alerts, newest first, found by what they were: an old one by its address, user or rule.
import { el, put, button } from "./dom.js";
import { api } from "./api.js";
import { on } from "./bus.js";
import { Detail } from "./detail.js";
import { filters } from "./filters.js";
import { List } from "./list.js";
import { change, parameters, view } from "./route.js";
import { empty, loadProblem } from "./states.js";
import { foreign, machine } from "./text.js";
import { since } from "./time.js";
import { deciderWords, severityClass, severityMark, SEVERITIES, sentence, verdictLabel, VERDICTS } from "./words.js";

const PAGE = 100, FOLLOW_MS = 160;
const FILTERS = ["q", "verdict", "min_severity", "min_priority", "source", "from", "to"];

export function alertsSection() {
  const bar = filters("alerts", [
    { name: "q", label: "Search", kind: "search", placeholder: "address, user, or a word of the rule", wide: true },
    { name: "verdict", label: "Verdict", kind: "choice", choices: [["", "Any"], ...VERDICTS.map(({ name, words }) => [name, words])] },
    { name: "min_severity", label: "Severity", kind: "choice", choices: [["", "Any"], ...SEVERITIES.slice(1).toReversed().map((name, place) => [name, place === 0 ? sentence(name) : `${sentence(name)} or worse`])] },
    { name: "min_priority", label: "Priority from", kind: "number", min: 0, max: 100 },
    { name: "from", label: "From (UTC)", kind: "date" },
    { name: "to", label: "To (UTC)", kind: "date" },
  ]);
  const state = el("div.state");
  const news = el("button.fresh", { type: "button", hidden: true, onclick: () => load() }, "Newer came – press ", el("kbd", null, "."), " to show");
  const list = new List({
    id: "alerts", label: "Alerts", row, look: (alert) => severityClass(alert.severity), height: (width) => (width >= 760 ? 34 : 54),
    moved: follow, opened: open, more,
  });
  const detail = new Detail("alerts", { step: (by) => list.move(by), close: () => { change({ alert: "", pattern: "" }); list.focus(); } });
  const element = el("section.alerts-section.split", { "aria-label": "Alerts" }, el("h1.unseen", null, "Alerts"),
    el("div.lane", null, el("div.lane-head", null, bar.element, el("div.lane-side", null, news)), el("div.lane-body", null, list.element, state)), detail.element);
  let asked = null, next = null, loading = null, followTimer = 0;

  function query() {
    const given = parameters("alerts");
    const all = Object.fromEntries(FILTERS.map((name) => [name, given[name]]));
    // Days are from their first moment to their last.
    if (all.from) all.from = `${all.from}T00:00:00.000Z`;
    if (all.to) all.to = `${all.to}T23:59:59.999Z`;
    return all;
  }

  async function load() {
    asked = JSON.stringify(query());
    loading?.abort();
    loading = new AbortController();
    news.hidden = true;
    put(state, el("p.loading", null, "Looking…"));
    try {
      const answer = await api.get("/alerts", { ...query(), limit: PAGE }, { signal: loading.signal });
      next = answer.next;
      list.set(answer.items);
      list.top();
      const filtered = FILTERS.some((name) => parameters("alerts")[name]);
      put(state, answer.items.length ? null : filtered
        ? el("div.empty", null, el("h2", null, "No alert is like this"), el("p", null, "The search finds a source, destination or user exactly as it is written, or a word of the rule's name."), button("Clear the search", () => change(Object.fromEntries(FILTERS.map((name) => [name, ""])))))
        : empty("No alerts yet", "They appear here once the first was sent. The queue says how."));
      showFoot();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      list.set([]);
      put(state, loadProblem(problem, load));
    }
  }

  async function more() {
    if (!next) return;
    const cursor = next, of = asked;
    put(list.foot, "Loading more…");
    try {
      const answer = await api.get("/alerts", { ...query(), cursor, limit: PAGE });
      if (of !== asked || cursor !== next) return;
      next = answer.next;
      list.append(answer.items);
      showFoot();
    } catch (problem) {
      put(list.foot, problem.message, " ", button("Try again", () => list.askAgain()));
    }
  }

  function showFoot() {
    put(list.foot, list.items.length && !next ? "That is all." : null);
  }

  function open(alert) {
    clearTimeout(followTimer);
    change({ alert: alert.id, pattern: "" }, { push: !parameters("alerts").alert });
  }

  function follow(alert) {
    clearTimeout(followTimer);
    if (parameters("alerts").alert) followTimer = setTimeout(() => change({ alert: alert.id, pattern: "" }), FOLLOW_MS);
  }

  function show() {
    const given = parameters("alerts");
    element.classList.toggle("with-detail", Boolean(given.alert || given.pattern));
    detail.show(given);
    if (asked !== JSON.stringify(query())) load();
    if (given.alert && list.has(given.alert) && list.active?.id !== given.alert) list.activate(given.alert, { quiet: true });
  }

  on("route", () => { if (view() === "alerts") show(); });
  on("patterns", () => { if (asked !== null) news.hidden = false; });
  on("back", () => { if (view() === "alerts" && !list.items.length) load(); });

  return {
    element, title: "Alerts", show, focusSearch: bar.focus,
    keys(event) {
      if (event.key === ".") return load(), true;
      if ((event.key === "Enter" || event.key === "o") && list.active) return open(list.active), true;
      return detail.keys(event) || list.key(event);
    },
  };
}

// The option's name is its text, so all of it is there, and in an order that can be listened to.
function row(alert) {
  return [
    el("span.priority", null, severityMark(alert.severity), el("span.unseen", null, `${sentence(alert.severity)}, priority `), el("b", null, alert.priority), " "),
    el("span.when", null, since(alert.time), " "),
    el("span.what", null, el("b", null, foreign(alert.rule, 140)), " "),
    el("span.asset", null, alert.asset ? machine(alert.asset, 60) : null, " "),
    el("span.from", null, alert.source ? machine(alert.source, 60) : null, alert.destination ? [" → ", machine(alert.destination, 60)] : null, " "),
    el("span.user", null, alert.user ? foreign(alert.user, 40) : null, " "),
    el("span.judged", null, verdictLabel(alert.verdict), el("small", null, deciderWords(alert.decider, alert.verdict))),
  ];
}
