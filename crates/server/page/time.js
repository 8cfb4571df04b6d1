// Times: how long ago at a glance, exact in the title. One timer keeps all of them true.
import { el } from "./dom.js";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const pad = (number) => String(number).padStart(2, "0");

/** "3 min ago"; in words that stay short in a narrow column. */
export function ago(time, now = Date.now()) {
  const age = now - time;
  if (!Number.isFinite(age)) return "–";
  if (age < -MINUTE) return "in the future";
  if (age < 5 * SECOND) return "now";
  if (age < MINUTE) return `${Math.round(age / SECOND)} s ago`;
  if (age < HOUR) return `${Math.round(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.round(age / HOUR)} h ago`;
  if (age < 60 * DAY) return `${Math.round(age / DAY)} d ago`;
  return new Date(time).toISOString().slice(0, 10);
}

/** "2026-11-21 09:14:03 UTC". */
export function exact(text) {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? "–" : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The same, with the clock on this wall where that is another one. */
function both(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()) || time.getTimezoneOffset() === 0) return exact(text);
  return `${exact(text)}, ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())} here`;
}

/** A `time` element that says how long ago, and keeps saying so. */
export function since(text) {
  if (!text) return el("span", null, "–");
  return el("time.since", { datetime: text, title: both(text) }, ago(Date.parse(text)));
}

/** A `time` element with the exact time. */
export function stamp(text) {
  if (!text) return el("span", null, "–");
  return el("time", { datetime: text, title: `${both(text)}, ${ago(Date.parse(text))}` }, exact(text));
}

setInterval(() => {
  const now = Date.now();
  for (const node of document.querySelectorAll("time.since")) {
    const text = ago(Date.parse(node.dateTime), now);
    if (node.textContent !== text) node.textContent = text;
  }
}, 10 * SECOND);
