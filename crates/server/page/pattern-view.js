// All about one pattern: what was decided and why, what to do, which alerts, and how it came to this.
import { el } from "./dom.js";
import { counted, percent } from "./figures.js";
import { foreign, machine, tame } from "./text.js";
import { since, stamp } from "./time.js";
import { deciderWords, sentence, severityLabel, tacticWords, verdictLabel } from "./words.js";

export function patternHead(pattern) {
  return el("div.title", null,
    el("p.over", null, severityLabel(pattern.severity), el("span", null, "priority ", el("b", null, pattern.priority)), verdictLabel(pattern.verdict), el("span", null, deciderWords(pattern.decider, pattern.verdict))),
    el("h2", null, foreign(pattern.rule, 300)),
    el("p.under", null, pattern.asset && ["on ", machine(pattern.asset, 200), " · "], counted(pattern.alerts, "alert"), " · first ", since(pattern.first_seen), " · last ", since(pattern.last_seen)));
}

/** A part of the pane. Nothing is shown where there is nothing to say. */
export function block(title, ...content) {
  return el("section.block", null, el("h3", null, title), content);
}

/** Pairs of name and value, as evidence and fields are. */
export function pairs(rows, { most = 2000 } = {}) {
  return el("table.pairs", null, el("tbody", null, rows.map(([name, value]) => el("tr", null, el("th", { scope: "row" }, machine(name, 120)), el("td", null, machine(value, most))))));
}

/** Techniques, each with a link to what ATT&CK says of it. */
export function techniques(all) {
  return el("ul.chips", null, all.map(({ id, name, tactic }) => {
    const path = /^T\d{4}(\.\d{3})?$/.test(id) && `https://attack.mitre.org/techniques/${id.replace(".", "/")}/`;
    const words = [el("b", null, tame(id, 20)), name && ` ${tame(name, 80)}`];
    return el("li", null, path ? el("a", { href: path, target: "_blank", rel: "noopener noreferrer" }, words) : words, tactic && el("small", null, tacticWords(tactic)));
  }));
}

export function steps(all) {
  return el("ol.steps", null, all.map((step) => el("li", null, foreign(step, 600))));
}

/** Why a decision is what it is. */
export function why(decision, evidence = decision.evidence) {
  return [
    el("p.reason", null, foreign(decision.reason, 1200)),
    decision.techniques.length ? techniques(decision.techniques) : null,
    evidence.length ? el("details", { open: true }, el("summary", null, "Evidence cited"), pairs(evidence)) : null,
    el("dl.facts", null, facts(decision).map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value)))),
  ];
}

function facts(decision) {
  return [
    ["Decided", [deciderWords(decision.decider, decision.verdict), decision.confidence > 0 ? `, ${percent(decision.confidence)} sure` : null]],
    decision.category && ["Category", sentence(tame(decision.category, 60))],
    decision.rules.length && ["Rules", el("ul", null, decision.rules.map((rule) => el("li", null, foreign(rule, 160))))],
    decision.model && ["Model", machine(decision.model, 120)],
    decision.settings && ["Asked with", machine(decision.settings, 200)],
    ["Holds", [stamp(decision.valid_from), decision.valid_until ? [" until ", stamp(decision.valid_until)] : ", for good"]],
    ["Version", [machine(decision.version, 40), " of rules and deciders; decision ", machine(decision.id, 20)]],
  ].filter(Boolean);
}

/** `places` are the nodes for what comes later: `ahead` (propositions) and `alerts`. */
export function patternBody(pattern, { ahead, alerts }) {
  const nextSteps = pattern.next_steps.length ? pattern.next_steps : pattern.decision.next_steps;
  return [
    block("Why", why(pattern.decision)),
    nextSteps.length ? block("Next steps", steps(nextSteps)) : null,
    ahead,
    block("Alerts", alerts),
    pattern.material.length ? block("What makes the pattern", el("p.note", null, "Alerts that agree in this are one pattern, whatever else differs."), pairs(pattern.material)) : null,
    history(pattern),
    el("p.note.ids", null, "Pattern ", machine(pattern.id), pattern.rule_key && [" · rule ", machine(pattern.rule_key, 120)]),
  ];
}

function history(pattern) {
  if (!pattern.decisions.length && !pattern.analysts.length) return null;
  return block("History",
    pattern.analysts.length ? el("ol.history", { "aria-label": "Analysts' decisions" }, pattern.analysts.map((entry) => el(entry.undone ? "li.undone" : "li", null,
      el("p", null, verdictLabel(entry.verdict), " ", el("b", null, tame(entry.by, 40)), " ", since(entry.at), entry.undone ? " – taken back" : null), el("p.said", null, foreign(entry.reason || "no reason given", 600))))) : null,
    pattern.decisions.length ? el("ol.history", { "aria-label": "Decisions" }, pattern.decisions.map((decision) => el("li", null,
      el("p", null, verdictLabel(decision.verdict), " ", deciderWords(decision.decider, decision.verdict), decision.model && [" ", machine(decision.model, 60)], " ", since(decision.valid_from)), el("p.said", null, foreign(decision.reason, 600))))) : null);
}
