// Watchfire's words: verdicts, severities, deciders, states, with what each looks like. Never colour alone: severities
// have shapes (the fuller the worse, as in the report), verdicts have words and borders.
import { el, svg } from "./dom.js";
import { tame } from "./text.js";

/** In the order of the keys' usefulness; `look` is a class. */
export const VERDICTS = [
  { name: "true_positive", words: "True positive", key: "t", look: "sure", means: "It happened, and is hostile" },
  { name: "suspicious", words: "Suspicious", key: "s", look: "likely", means: "Looks hostile; a person should look" },
  { name: "benign_positive", words: "Benign positive", key: "b", look: "closed", means: "It happened, and is allowed or harmless" },
  { name: "false_positive", words: "False positive", key: "f", look: "closed", means: "The rule was wrong" },
  { name: "insufficient_data", words: "Insufficient data", key: "i", look: "open", means: "Nobody can tell from what there is" },
  { name: "duplicate", words: "Duplicate", key: "d", look: "closed", means: "The same again" },
];

const SHAPES = {
  unknown: "M2 6h10v2H2z",
  informational: "M7 2a5 5 0 100 10A5 5 0 007 2zm0 2a3 3 0 110 6 3 3 0 010-6z",
  low: "M7 2.4a4.6 4.6 0 100 9.2A4.6 4.6 0 007 2.4z",
  medium: "M2.6 2.6h8.8v8.8H2.6z",
  high: "M7 1.4L13.4 12.4H.6z",
  critical: "M7 .4L13.6 7 7 13.6.4 7z",
  fatal: "M4.2.5h5.6l3.7 3.7v5.6l-3.7 3.7H4.2L.5 9.8V4.2zM4 5.1L5.9 7 4 8.9 5.1 10 7 8.1 8.9 10 10 8.9 8.1 7 10 5.1 8.9 4 7 5.9 5.1 4z",
};

/** Mildest first. */
export const SEVERITIES = Object.keys(SHAPES);

const DECIDERS = {
  rule: "by rule", analyst: "by analyst", statistics: "by statistics", cache: "reused", llm: "by model", fallback: "nobody was sure",
};
/** Names for a filter. */
export const DECIDER_CHOICES = Object.entries({ rule: "Rule", analyst: "Analyst", statistics: "Statistics", cache: "Reused", llm: "Model", fallback: "Nobody was sure" });

/** `command_and_control`, `command-and-control` → "Command and control". */
export function sentence(name) {
  const words = String(name ?? "").replace(/[_-]/g, " ").trim();
  return words && words[0].toUpperCase() + words.slice(1);
}

/** A tactic as ATT&CK writes it, or as its id does. */
export function tacticWords(name) {
  return sentence(tame(name, 60));
}

export function verdictWords(name) {
  return VERDICTS.find((verdict) => verdict.name === name)?.words ?? sentence(name);
}

export function deciderWords(decider, verdict) {
  // The fallback is two things: a floor that rules set, or nobody who could tell.
  if (decider === "fallback" && verdict === "suspicious") return "by the rules' floor";
  return DECIDERS[decider] ?? sentence(decider);
}

/** A verdict as a small label. */
export function verdictLabel(name) {
  const known = VERDICTS.find((verdict) => verdict.name === name);
  return el(`span.verdict.${known?.look ?? "open"}`, { title: known?.means }, verdictWords(name));
}

/** The outline of a severity's shape, in a square of 14. */
export function severityShape(severity) {
  return SHAPES[severity] ?? SHAPES.unknown;
}

/** A severity's shape. The word is beside it, or in its label. */
export function severityMark(severity) {
  const name = SHAPES[severity] ? severity : "unknown";
  return svg("svg", { class: `mark s-${name}`, viewBox: "0 0 14 14", "aria-hidden": "true" }, svg("path", { d: SHAPES[name], "fill-rule": "evenodd" }));
}

/** Shape and word. */
export function severityLabel(severity) {
  return el("span.severity", null, severityMark(severity), " ", sentence(severity));
}

/** A class that sets `--own` to the severity's colour. */
export function severityClass(severity) {
  return `s-${SHAPES[severity] ? severity : "unknown"}`;
}
