// An entry of the decision log: what was proposed, what was chosen, how it ended. How it ended can be told later.
import { el } from "./dom.js";
import { api, part } from "./api.js";
import { announce } from "./announce.js";
import { notifyProblem } from "./notices.js";
import { address } from "./route.js";
import { whyNotWrite } from "./session.js";
import { foreign, machine, tame } from "./text.js";
import { since } from "./time.js";
import { verdictLabel } from "./words.js";

const OUTCOMES = [["", "Not known"], ["resolved", "Resolved"], ["escalated", "Escalated"], ["no_effect", "No effect"], ["wrong", "Wrong"]];

/** Proposed things come as text, or as what a proposition is. */
function proposed(one) {
  return typeof one === "string" ? one : one?.action ?? one?.what ?? JSON.stringify(one);
}

/** A control that says how a decision ended. */
export function outcomeChoice(entry) {
  const select = el("select", { "aria-label": `How decision ${entry.id} ended`, disabled: Boolean(whyNotWrite()), title: whyNotWrite() || null },
    OUTCOMES.filter(([value]) => value || !entry.outcome).map(([value, words]) => el("option", { value }, words)));
  select.value = entry.outcome ?? "";
  select.addEventListener("change", async () => {
    if (!select.value) return;
    select.disabled = true;
    try {
      Object.assign(entry, await api.patch(`/decisions/${part(entry.id)}`, { outcome: select.value }));
      announce(`Decision ${entry.id}: ${select.selectedOptions[0].textContent}.`);
    } catch (problem) {
      notifyProblem(problem, "The outcome was not saved");
      select.value = entry.outcome ?? "";
    } finally {
      select.disabled = false;
      select.focus();
    }
  });
  return select;
}

/** In an alert's pane. */
export function entryRow(entry) {
  return el("li", null,
    el("p", null, verdictLabel(entry.verdict), " ", el("b", null, tame(entry.by, 40)), " ", since(entry.at), " ", outcomeChoice(entry)),
    el("p.said", null, foreign(entry.reason || "no reason given", 600), entry.chosen && [" Chosen: ", foreign(entry.chosen, 200), "."]),
    entry.proposed.length ? el("p.note", null, "Proposed: ", foreign(entry.proposed.map(proposed).join("; "), 600)) : null);
}

/** In the log's table. */
export function entryCells(entry) {
  return el("tr", null,
    el("td", null, since(entry.at)),
    el("td", null, el("a", { href: address("queue", { state: "all", pattern: entry.pattern }) }, machine(entry.type, 80))),
    el("td", null, verdictLabel(entry.verdict)),
    el("td", null, el("b", null, tame(entry.by, 40)), ": ", foreign(entry.reason || "no reason given", 400),
      entry.chosen ? el("p.note", null, "Action: ", foreign(entry.chosen, 200)) : null,
      entry.proposed.length ? el("p.note", null, "Proposed: ", foreign(entry.proposed.map(proposed).join("; "), 300)) : null),
    el("td", null, outcomeChoice(entry), entry.outcome_at ? el("small", null, since(entry.outcome_at)) : null));
}
