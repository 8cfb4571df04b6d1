// The decision log: who decided what, what had been proposed, and how it ended. The predictor learns from it.
import { el, put, button } from "./dom.js";
import { api } from "./api.js";
import { on } from "./bus.js";
import { entryCells } from "./decision-entry.js";
import { filters } from "./filters.js";
import { parameters, view } from "./route.js";
import { empty, loadProblem } from "./states.js";

const PAGE = 100;

export function decisionsSection() {
  const bar = filters("decisions", [
    { name: "type", label: "Type", kind: "search", placeholder: "such as suricata/2010935", wide: true },
    { name: "from", label: "From (UTC)", kind: "date" },
    { name: "to", label: "To (UTC)", kind: "date" },
  ]);
  const rows = el("tbody");
  const table = el("table.log", { hidden: true }, el("caption.unseen", null, "Decisions, latest first"),
    el("thead", null, el("tr", null, ["When", "Type", "Verdict", "By whom, and why", "How it ended"].map((name) => el("th", { scope: "col" }, name)))), rows);
  const state = el("div.state");
  const foot = el("p.more");
  const element = el("section.decisions-section.column", { "aria-label": "Decisions" }, el("header.column-head", null, el("h1", null, "Decisions"), bar.element),
    el("p.note.lead", null, "Say how a decision ended when you know: what is proposed for later alerts goes by it."), state, el("div.wide", null, table), foot);
  let asked = null, next = null;

  function query() {
    const { type, from, to } = parameters("decisions");
    return { type, from: from && `${from}T00:00:00.000Z`, to: to && `${to}T23:59:59.999Z` };
  }

  async function load() {
    const of = (asked = JSON.stringify(query()));
    if (!rows.hasChildNodes()) put(state, el("p.loading", null, "Loading…"));
    try {
      const answer = await api.get("/decisions", { ...query(), limit: PAGE });
      if (of !== asked) return;
      rows.replaceChildren();
      take(answer);
    } catch (problem) {
      table.hidden = true;
      put(state, loadProblem(problem, load));
    }
  }

  function take(answer) {
    next = answer.next;
    rows.append(...answer.items.map(entryCells));
    table.hidden = !rows.hasChildNodes();
    const filtered = Object.values(query()).some(Boolean);
    put(state, rows.hasChildNodes() ? null : filtered ? empty("No decision is like this", "A type is written as the log has it.") : empty("No decisions yet", "Decide on a pattern in the queue, and it is here with your reason."));
    put(foot, next ? button("More", more) : null);
  }

  async function more() {
    put(foot, "Loading…");
    try {
      take(await api.get("/decisions", { ...query(), cursor: next, limit: PAGE }));
    } catch (problem) {
      put(foot, problem.message, " ", button("Try again", more));
    }
  }

  const show = () => { if (asked !== JSON.stringify(query())) load(); };
  on("route", () => { if (view() === "decisions") show(); });
  on("decided", () => { asked = null; });
  on("back", () => { if (view() === "decisions") load(); });
  return { element, title: "Decisions", show, focusSearch: bar.focus, keys: (event) => event.key === "." && (load(), true) };
}
