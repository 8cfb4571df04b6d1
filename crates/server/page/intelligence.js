// What is known of an alert's indicators, and who says so. That nobody was asked, or could not be, is told apart from
// that nobody knows.
import { el } from "./dom.js";
import { machine, tame } from "./text.js";
import { since } from "./time.js";
import { sentence } from "./words.js";

const REPUTATIONS = {
  malicious: ["Malicious", "bad"], suspicious: ["Suspicious", "warn"], clean: ["Clean", "good"], unknown: ["Unknown", "plain"],
  not_asked: ["Not asked", "unasked"], rate_limited: ["Could not ask: rate limited", "unasked"], failed: ["Could not ask: failed", "unasked"], stale: ["Stale", "unasked"],
};

export function reputationLabel(name) {
  const [words, look] = REPUTATIONS[name] ?? [sentence(tame(name, 40)), "plain"];
  return el(`span.reputation.${look}`, null, words);
}

export function intelligence(indicators) {
  return el("ul.intelligence", null, indicators.map(({ kind, value, reputation, statements }) => el("li", null,
    el("p", null, el("small", null, tame(kind, 20)), " ", machine(value, 300), " ", reputationLabel(reputation)),
    statements.length ? el("ul", null, statements.map((statement) => el("li", null,
      el("b", null, tame(statement.source, 60)), " says ", reputationLabel(statement.says), statement.evidence && [" ", el("bdi", null, tame(statement.evidence, 300))], statement.at && [", ", since(statement.at)]))) : el("p.note", null, "Nobody says anything."))));
}
