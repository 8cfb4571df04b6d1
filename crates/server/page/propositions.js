// What is likely to come next, and what analysts did about it. "Nothing is known" and "could not be asked" read differently.
import { el } from "./dom.js";
import { percent, seconds } from "./figures.js";
import { tame, foreign } from "./text.js";
import { sentence, tacticWords } from "./words.js";
import { share } from "./charts.js";

const FROM = { predictor: "by what followed before, and the decision log", service: "by the proposition service", cache: "as answered before" };
const OUTCOMES = { resolved: "resolved it", no_effect: "had no effect", escalated: "were escalated", wrong: "were wrong" };

export function propositions(all) {
  if (!all) return null;
  return el("section.block.propositions", null, el("h3", null, "What comes next"), content(all));
}

function content({ status, from, why, next = [], actions = [] }) {
  if (status === "failed" || status === "timed_out") {
    return el("p.could-not", null, el("b", null, status === "failed" ? "Could not ask. " : "No answer in time. "), foreign(ended(why || "The reason is not known"), 400), " This says nothing about what comes next.");
  }
  if (status === "none" || (!next.length && !actions.length)) {
    return el("p.nothing", null, el("b", null, "Nothing to propose. "), foreign(ended(why || "Too little happened after alerts like this one to tell"), 400));
  }
  return [
    el("p.note", null, FROM[from] ? sentence(FROM[from]) : null, why && [". ", foreign(why, 400)]),
    next.length ? el("ol.likely", { "aria-label": "What is likely to follow" }, next.map(follows)) : el("p.note", null, "Nothing is known to follow."),
    el("h4", null, "What analysts did"),
    actions.length ? el("ol.likely", { "aria-label": "What analysts did" }, actions.map(chosen)) : el("p.note", null, "Nobody decided on alerts like this one yet."),
  ];
}

/** A clause of the server's as a sentence of ours. */
function ended(clause) {
  return `${(clause[0] ?? "").toUpperCase()}${clause.slice(1).replace(/[.\s]+$/, "")}.`;
}

function follows(one) {
  return el("li", null, share(one.probability),
    el("p", null, el("b.figure", null, percent(one.probability)), " ", foreign(one.what, 200), one.technique && el("small", null, tame(one.technique, 20)), one.tactic && el("small", null, tacticWords(one.tactic)), one.within_s ? el("small", null, `within ${seconds(one.within_s)}`) : null),
    el("p.grounds", null, foreign(one.grounds, 300)));
}

function chosen(one) {
  const outcomes = Object.entries(one.outcomes ?? {}).map(([name, times]) => `${times} ${OUTCOMES[name] ?? tame(name, 40)}`);
  return el("li", null, share(one.probability),
    el("p", null, el("b.figure", null, percent(one.probability)), " ", foreign(one.action, 200), el("small", null, `chosen ${one.chosen} of ${one.of} times`)),
    el("p.grounds", null, outcomes.length ? `${outcomes.join(", ")}. ` : null, foreign(one.grounds, 300)));
}
