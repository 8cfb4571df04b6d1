// One pattern in the queue, at a glance: how urgent, what, where, why, how often, when, who decided.
import { el } from "./dom.js";
import { brief, counted } from "./figures.js";
import { foreign, machine, tame } from "./text.js";
import { since } from "./time.js";
import { deciderWords, severityClass, severityMark, sentence, verdictLabel } from "./words.js";

/** Rows have two lines where there is room for the evidence beside them, else three. */
export const rowHeight = (width) => (width >= 940 ? 54 : 74);

export const look = (pattern) => `${severityClass(pattern.severity)}${pattern.decided ? " decided" : ""}${pattern.left ? " left" : ""}`;

// The option's name is its text, so all of it is there, and in an order that can be listened to.
export function row(pattern) {
  return [
    el("span.priority", null, severityMark(pattern.severity), el("span.unseen", null, "Priority "), el("b", null, pattern.priority), " ", el("small", null, sentence(pattern.severity === "informational" ? "info" : pattern.severity)), " "),
    el("span.what", null, el("b", null, foreign(pattern.rule, 160)), " ", pattern.asset && el("span.asset", null, machine(pattern.asset, 80)), " "),
    el("span.why", null, pattern.decided ? decided(pattern.decided) : foreign(withoutRule(pattern), 400), " "),
    el("span.key", null, keyEvidence(pattern).map(([name, value]) => el("span", null, el("i", null, tame(name, 40)), " ", machine(value, 60), " "))),
    el("span.judged", null, verdictLabel(pattern.verdict), " ", el("small", null, pattern.left ? "no longer in this list" : pattern.decided ? `by ${tame(pattern.decided.by, 24)}` : deciderWords(pattern.decider, pattern.verdict)), " "),
    el("span.often", { title: counted(pattern.alerts, "alert") }, el("b", null, brief(pattern.alerts)), " ", el("small", null, pattern.alerts === 1 ? "alert" : "alerts"), " "),
    el("span.when", null, since(pattern.last_seen)),
  ];
}

// The rule's name stands in the line above; a reason that begins with it has better things to say in its one line.
function withoutRule({ reason, rule }) {
  return reason.replace(`“${rule}” `, "");
}

function decided(decision) {
  return [el("b", null, tame(decision.by, 40)), ": ", foreign(decision.reason || "no reason given", 300)];
}

// What says most comes first; what the row shows anyway comes not at all.
const TELLING = ["source.ip", "user.name", "process.name", "process.command_line", "file.name", "file.hash", "url.full", "dns.question.name", "destination.domain", "destination.port", "destination.ip", "event.count"];
const SHOWN = new Set(["rule.id", "rule.name", "rule.category", "event.severity", "host.name"]);

/** At most three pairs of the evidence. */
function keyEvidence(pattern) {
  const rank = ([name]) => (TELLING.indexOf(name) + 1 || TELLING.length + 1);
  // Figures of statistics have no dot in their names; what they say, the reason says where it matters.
  return pattern.evidence.filter(([name, value]) => name.includes(".") && !SHOWN.has(name) && value !== "").toSorted((a, b) => rank(a) - rank(b)).slice(0, 3);
}
