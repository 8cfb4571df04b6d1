// The keyboard: single keys that work wherever nobody is typing, a page that lists them, and a way to turn them off for
// those whose voice or hand presses keys by accident (WCAG 2.1.4).
import { el } from "./dom.js";

const STORED = "watchfire-single-keys";
const KEYS = [
  ["Move", [["j / k, ↓ / ↑", "next, previous"], ["Enter or o", "open beside the list"], ["Esc", "back, close"], ["n / p", "next, previous alert of the pattern"], ["a", "an alert of the pattern"], [".", "show what is new"], ["/", "search"], ["1 – 7", "Queue, Alerts, Articles, Dead letters, Decisions, Health, Measurements"]]],
  ["Decide", [["t", "true positive"], ["s", "suspicious"], ["b", "benign positive"], ["f", "false positive"], ["i", "insufficient data"], ["d", "duplicate"], ["Enter", "save, once the reason is typed"], ["u", "take back"]]],
  ["Articles", [["x", "dismiss"], ["u", "take back"], ["m", "map, or the list alone"], ["e", "what matters to whom"], ["s", "feeds"]]],
  ["Dead letters", [["x", "select"], ["r", "read again"]]],
  ["Here", [["?", "these keys"]]],
];

let on = stored();

function stored() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

/** Sends keys to `handle(event)`, which says whether it took them. */
export function startKeys(handle) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    const { target } = event;
    if (target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    // On a button or link these keys press it.
    if ((event.key === "Enter" || event.key === " ") && target.closest?.("button, a, summary, input")) return;
    const single = event.key.length === 1;
    if (single && !on && event.key !== "?") return;
    if (event.key === "?") showKeys();
    else if (!handle(event)) return;
    event.preventDefault();
  });
}

/** The page of keys. */
export function showKeys() {
  const toggle = el("input", { type: "checkbox", id: "single-keys" });
  toggle.checked = on;
  toggle.addEventListener("change", () => {
    on = toggle.checked;
    try {
      if (on) localStorage.removeItem(STORED);
      else localStorage.setItem(STORED, "off");
    } catch {
      // Storage can be forbidden; the choice holds for this visit.
    }
  });
  const dialog = el("dialog.keys", { "aria-labelledby": "keys-title", onclose: () => dialog.remove(), onclick: (event) => { if (event.target === dialog) dialog.close(); } },
    el("form", { method: "dialog" },
      el("h1", { id: "keys-title" }, "Keys"),
      el("div.columns", null, KEYS.map(([title, rows]) => el("section", null, el("h2", null, title), el("dl", null, rows.map(([key, does]) => el("div", null, el("dt", null, key.split(/( \/ |, | or | – )/).map((part, place) => (place % 2 ? part : el("kbd", null, part)))), el("dd", null, does))))))),
      el("p.single", null, toggle, el("label", { for: "single-keys" }, "Single keys work; turn them off if you press them by accident")),
      el("button.primary", { autofocus: true }, "Close")));
  document.body.append(dialog);
  dialog.showModal();
}
