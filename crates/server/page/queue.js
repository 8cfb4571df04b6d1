// The queue: patterns, the most urgent first. Beside it the one that is open. What changes by itself changes where it
// stands; what is new waits above until somebody wants it. A decided pattern stays in sight, so that it can be undone.
import { el, put, button } from "./dom.js";
import { api, pace_ms } from "./api.js";
import { announce, mention } from "./announce.js";
import { emit, on } from "./bus.js";
import { Detail } from "./detail.js";
import { count, counted } from "./figures.js";
import { filters } from "./filters.js";
import { firstSteps } from "./first-steps.js";
import { List } from "./list.js";
import { Refresher } from "./refresher.js";
import { change, parameters, view } from "./route.js";
import { look, row, rowHeight } from "./pattern-row.js";
import { DECIDER_CHOICES, SEVERITIES, sentence, VERDICTS } from "./words.js";
import { loadProblem } from "./states.js";

const PAGE = 50, MOST = 200, FOLLOW_MS = 160;
const FILTERS = ["state", "verdict", "min_severity", "decider", "q", "sort"];

export function queueSection() {
  const bar = filters("queue", [
    { name: "q", label: "Search", kind: "search", placeholder: "rule or asset", wide: true },
    { name: "state", label: "State", kind: "choice", usual: "open", choices: [["open", "Open"], ["decided", "Decided"], ["all", "All"]] },
    { name: "verdict", label: "Verdict", kind: "choice", choices: [["", "Any"], ...VERDICTS.map(({ name, words }) => [name, words])] },
    { name: "min_severity", label: "Severity", kind: "choice", choices: [["", "Any"], ...SEVERITIES.slice(1).toReversed().map((name, place) => [name, place === 0 ? sentence(name) : `${sentence(name)} or worse`])] },
    { name: "decider", label: "Decided", kind: "choice", choices: [["", "By any"], ...DECIDER_CHOICES] },
    { name: "sort", label: "Order", kind: "choice", usual: "priority", choices: [["priority", "Most urgent"], ["newest", "Newest"], ["alerts", "Most alerts"]] },
  ]);
  const state = el("div.state");
  const fresh = el("button.fresh", { type: "button", hidden: true, onclick: showFresh });
  const tally = el("p.tally", { "aria-live": "off" });
  const list = new List({
    id: "patterns", label: "Patterns", row, look, height: rowHeight,
    moved: follow, opened: open, more,
  });
  const detail = new Detail("queue", { step: (by) => list.move(by), known: (id) => list.item(id), close: () => { change({ pattern: "", alert: "" }); list.focus(); } });
  const element = el("section.queue.split", { "aria-label": "Queue" }, el("h1.unseen", null, "Queue"),
    el("div.lane", null, el("div.lane-head", null, bar.element, el("div.lane-side", null, fresh, tally)), el("div.lane-body", null, list.element, state)), detail.element);

  let asked = null, next = null, loading = null, followTimer = 0, total = 0;
  let above = [];
  const refresher = new Refresher({ pace_ms, wanted: () => view() === "queue" && asked !== null, run: refresh });

  function query() {
    const given = parameters("queue");
    return Object.fromEntries(FILTERS.map((name) => [name, given[name]]));
  }

  async function load({ keep = false } = {}) {
    asked = JSON.stringify(query());
    loading?.abort();
    loading = new AbortController();
    if (!keep) put(state, el("p.loading", null, "Loading…"));
    try {
      const answer = await api.get("/patterns", { ...query(), limit: PAGE }, { signal: loading.signal });
      above = [];
      next = answer.next;
      list.total = answer.total;
      list.set(answer.items);
      list.top();
      tell(answer.total);
      showState();
      const open = parameters("queue").pattern;
      if (open && list.has(open)) list.activate(open, { quiet: true });
      return true;
    } catch (problem) {
      if (problem.name === "AbortError") return false;
      list.set([]);
      put(state, loadProblem(problem, load));
      return false;
    } finally {
      showFreshCount();
    }
  }

  async function more() {
    if (!next) return;
    const cursor = next, of = asked;
    put(list.foot, "Loading more…");
    try {
      const answer = await api.get("/patterns", { ...query(), cursor, limit: PAGE });
      if (of !== asked || cursor !== next) return;
      next = answer.next;
      list.append(answer.items);
      put(list.foot);
    } catch (problem) {
      put(list.foot, problem.message, " ", button("Try again", () => list.askAgain()));
    }
  }

  /** Reads the top of the list anew, because of `ids` or, after a break, of anything. */
  async function refresh(ids, everything) {
    const of = asked;
    const limit = Math.min(MOST, Math.max(PAGE, list.items.length));
    const answer = await api.get("/patterns", { ...query(), limit });
    if (of !== asked) return;
    tell(answer.total);
    if (!list.items.length && answer.items.length) return void (await load({ keep: true }));
    const top = new Map(answer.items.map((pattern) => [pattern.id, pattern]));
    for (const pattern of answer.items) {
      const known = list.item(pattern.id);
      if (known && JSON.stringify({ ...known, left: undefined }) !== JSON.stringify(pattern)) list.update(pattern, { flash: true });
    }
    // What follows the last known one only moved up from the next page, or, if that was the last, stands at the end.
    const end = answer.items.findLastIndex((pattern) => list.has(pattern.id)) + 1;
    above = answer.items.slice(0, end).filter((pattern) => !list.has(pattern.id));
    if (!next) list.append(answer.items.slice(end));
    showFreshCount();
    // What is no longer among the first has left the list, or moved down. It stays in its place, and says so.
    const gone = list.items.filter((pattern, place) => !top.has(pattern.id) && !pattern.left && (ids.has(pattern.id) || (everything && place < answer.items.length)));
    for (const pattern of gone.slice(0, 3)) {
      const now = await api.get(`/patterns/${pattern.id}`).catch(() => null);
      if (now && list.has(now.id)) list.update(now, { flash: true });
    }
    for (const pattern of gone.slice(3)) list.update({ ...pattern, left: true });
    const open = parameters("queue").pattern;
    if (open && (everything || ids.has(open))) detail.renew();
  }

  function tell(now) {
    total = now;
    list.total = Math.max(now, list.items.length);
    const given = parameters("queue");
    put(tally, counted(now, "pattern"), given.state === "decided" ? " decided" : given.state === "all" ? "" : " open");
    if (!FILTERS.some((name) => given[name])) emit("open-patterns", now);
  }

  function showState() {
    put(list.foot, list.items.length && !next ? `That is all: ${counted(list.items.length, "pattern")}.` : null);
    if (list.items.length) return void put(state);
    const filtered = FILTERS.some((name) => name !== "sort" && parameters("queue")[name]);
    put(state, filtered
      ? el("div.empty", null, el("h2", null, "Nothing matches"), el("p", null, "No pattern is like this. Fewer filters find more."), button("Clear the filters", () => change(Object.fromEntries(FILTERS.map((name) => [name, ""])))))
      : firstSteps());
  }

  function showFreshCount() {
    fresh.hidden = above.length === 0;
    if (!above.length) return;
    const words = `${count(above.length)} new`;
    put(fresh, words, " – press ", el("kbd", null, "."), " to show");
    mention(`${words} in the queue. Press full stop to show.`);
  }

  async function showFresh() {
    const active = list.active?.id;
    if (await load({ keep: true })) {
      if (!active || !list.has(active)) list.activate(list.items[0]?.id, { quiet: true });
      list.top();
      list.focus();
      announce(`${counted(total, "pattern")}, in order again.`);
    }
  }

  /** The open pattern follows the active row, once it stays there for a moment. */
  function follow(pattern) {
    clearTimeout(followTimer);
    if (!parameters("queue").pattern || parameters("queue").pattern === pattern.id) return;
    followTimer = setTimeout(() => change({ pattern: pattern.id, alert: "" }), FOLLOW_MS);
  }

  function open(pattern) {
    clearTimeout(followTimer);
    change({ pattern: pattern.id, alert: "" }, { push: !parameters("queue").pattern });
  }

  on("patterns", ({ ids, more: beyond }) => refresher.note(ids, beyond));
  on("back", () => (list.items.length ? refresher.note([], true) : load()));
  on("decided", ({ pattern }) => list.update(pattern));
  on("route", () => { if (view() === "queue") show(); });

  function show() {
    const given = parameters("queue");
    element.classList.toggle("with-detail", Boolean(given.pattern));
    detail.show(given);
    if (given.pattern && list.active?.id !== given.pattern && list.has(given.pattern)) list.activate(given.pattern, { quiet: true });
    if (asked !== JSON.stringify(query())) load();
    else refresher.wake();
  }

  /** After a decision: on to the next row that is still open. */
  function advance(from) {
    const place = list.place(from);
    if (place === undefined) return list.focus();
    const onward = list.items.slice(place + 1).find((pattern) => !pattern.decided && !pattern.left);
    if (onward) list.activate(onward.id);
    list.focus();
  }

  on("decided", ({ pattern, undone }) => {
    if (view() !== "queue") return;
    if (undone) list.activate(pattern.id);
    else advance(pattern.id);
  });

  const { keys: detailKeys } = detail;
  return {
    element, title: "Queue", show,
    focusSearch: bar.focus,
    keys(event) {
      if (event.key === ".") return showFresh(), true;
      if (event.key === "Enter" || event.key === "o") {
        if (list.active) open(list.active);
        return Boolean(list.active);
      }
      const chosen = VERDICTS.find(({ key }) => key === event.key);
      // Whoever decides at once means the row that is marked, also while the pane is still on its way there.
      if (chosen && list.active && parameters("queue").pattern !== list.active.id) open(list.active);
      return detailKeys(event) || list.key(event);
    },
  };
}
