// Small charts of our own, in SVG: they need no library, print, and know light from dark by their classes.
import { el, svg } from "./dom.js";

/** A bar for a share of 0 to 1. The number stands beside it. */
export function share(value, look = "plain") {
  const width = Math.max(0, Math.min(1, Number(value) || 0)) * 100;
  return svg("svg", { class: "bar", viewBox: "0 0 100 5", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", width: 100, height: 5 }), svg("rect", { class: look, width: width > 0 ? Math.max(0.8, width) : 0, height: 5 }));
}

/** Rows of a name, a bar and a number; `rows` are `{ name, value, words, look }`, `name` a text or a node; a full bar is `most`. */
export function bars(rows, caption, most = Math.max(...rows.map(({ value }) => value), 1e-9)) {
  return el("table.bars", null, el("caption.unseen", null, caption), el("tbody", null, rows.map(({ name, value, words, look }) => el("tr", null,
    el("th", { scope: "row" }, name), el("td.drawn", null, share(value / most, look)), el("td.n", null, words)))));
}

/** A line over the last values, the newest at the right; `label` says what it is. */
export function spark(values, { label, most, width = 120, height = 24 }) {
  const top = Math.max(...values, 1e-9), step = width / Math.max(1, most - 1), left = width - (values.length - 1) * step;
  const points = values.map((value, place) => `${(left + place * step).toFixed(1)},${(height - 1.5 - (value / top) * (height - 3)).toFixed(1)}`);
  return svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    values.length > 1 ? [
      svg("polygon", { class: "under", points: `${left.toFixed(1)},${height} ${points.join(" ")} ${width},${height}` }),
      svg("polyline", { class: "line", points: points.join(" "), "vector-effect": "non-scaling-stroke" }),
    ] : null);
}

/** The same with a scale, for a page of figures. */
export function timeline(values, { label, most, format, unit }) {
  const top = Math.max(...values, 0);
  return el("figure.timeline", null,
    el("figcaption", null, label),
    el("div.plot", null, el("span.scale", { "aria-hidden": "true" }, format(top)), spark(values, { label: `${label}: now ${format(values.at(-1) ?? 0)}, at most ${format(top)}`, most, width: 600, height: 90 }), el("span.scale.base", { "aria-hidden": "true" }, "0")),
    el("p.axis", { "aria-hidden": "true" }, el("span", null, `${Math.round(most / 60)} min ago`), el("span", null, unit), el("span", null, "now")));
}

/** Three marks on a logarithmic scale from a microsecond to ten seconds: p50, p95, p99. */
export function quantiles({ p50, p95, p99 }) {
  const place = (ms) => Math.max(0, Math.min(100, ((Math.log10(Math.max(ms, 0.001)) + 3) / 7) * 100));
  return svg("svg", { class: "quantiles", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "track", y: 3.5, width: 100, height: 1 }),
    svg("rect", { class: "p99", y: 1, x: 0, width: place(p99), height: 6 }), svg("rect", { class: "p95", y: 1, x: 0, width: place(p95), height: 6 }), svg("rect", { class: "p50", y: 1, x: 0, width: place(p50), height: 6 }));
}
