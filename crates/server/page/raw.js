// A record as it came. JSON can be read with line breaks; nothing else of it is changed, and all of it is text.
import { el, button } from "./dom.js";
import { visible } from "./text.js";
import { indent } from "./indent.js";

const MOST = 262_144;

export function rawRecord(raw) {
  if (raw === null || raw === undefined) return el("p.note", null, "The record was not kept.");
  const cut = raw.length > MOST ? raw.slice(0, MOST) : raw;
  const pretty = cut === raw ? indent(raw) : null;
  const text = el("code", null, visible(pretty ?? cut));
  let shown = pretty !== null;
  const toggle = pretty === null ? null : button("As received", () => {
    shown = !shown;
    text.textContent = visible(shown ? pretty : raw);
    toggle.textContent = shown ? "As received" : "With line breaks";
  }, { kind: "quiet" });
  return el("div.raw", null,
    el("pre", { tabindex: "0", role: "region", "aria-label": "Raw record" }, text),
    el("p.note", null, toggle, cut !== raw ? `The first ${MOST / 1024} KiB of ${Math.ceil(raw.length / 1024)}. ` : null, "Control characters are shown by name."));
}
