// All about one alert: what comes next, what is known of its indicators, its fields, and the record as it came.
import { el } from "./dom.js";
import { block, pairs, steps, why } from "./pattern-view.js";
import { intelligence } from "./intelligence.js";
import { propositions } from "./propositions.js";
import { rawRecord } from "./raw.js";
import { entryRow } from "./decision-entry.js";
import { foreign, machine } from "./text.js";
import { since, stamp } from "./time.js";
import { severityLabel, verdictLabel } from "./words.js";

export function alertHead(alert) {
  return el("div.title", null,
    el("p.over", null, severityLabel(alert.severity), el("span", null, "priority ", el("b", null, alert.priority)), verdictLabel(alert.verdict), el("span", null, "one alert")),
    el("h2", null, foreign(alert.rule, 300)),
    el("p.under", null, stamp(alert.time), ", ", since(alert.time), alert.asset && [" · on ", machine(alert.asset, 200)],
      alert.source && [" · from ", machine(alert.source, 100)], alert.destination && [" to ", machine(alert.destination, 100)], alert.user && [" · user ", machine(alert.user, 100)]));
}

export function alertBody(alert) {
  const { decision } = alert;
  return [
    propositions(alert.propositions),
    alert.intelligence.length ? block("Intelligence", intelligence(alert.intelligence)) : null,
    block("Raw record", rawRecord(alert.raw)),
    alert.fields.length ? block("Fields", pairs(alert.fields, { most: 20_000 })) : null,
    block("Why", why(decision)),
    decision.next_steps.length ? block("Next steps", steps(decision.next_steps)) : null,
    alert.log.length ? block("Decision log", el("ol.history", null, alert.log.map(entryRow))) : null,
    el("p.note.ids", null, "Alert ", machine(alert.id, 40), " · pattern ", machine(alert.pattern, 20), alert.source_name && [" · came by ", machine(alert.source_name, 120)]),
  ];
}
