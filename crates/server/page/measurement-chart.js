// A series as a figure: the band that the filter would accept, the values that it did and did not, and the same as a table.
import { el, svg } from "./dom.js";
import { count } from "./figures.js";
import { foreign, tame } from "./text.js";

const WIDTH = 960, HEIGHT = 160, EDGE = 4, ROWS = 100;
const number = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 5 });
const words = (value) => (Number.isFinite(value) ? number.format(value) : "–");
const moment = (time) => new Date(time).toISOString().replace("T", " ").slice(0, 19);

/** What is known of a metric, drawn and told. */
export function seriesFigure(series) {
  const { points } = series, unit = series.unit ? ` ${tame(series.unit, 20)}` : "";
  const rejected = points.filter(({ accepted }) => !accepted);
  const told = `level ${words(series.level)}${unit}, expected ${words(series.lower)} to ${words(series.upper)}; ${count(series.accepted)} accepted, ${count(series.rejected)} rejected`;
  const name = tame(series.metric, 128);
  return el("figure.series", null,
    el("figcaption", null, el("h3", null, foreign(series.metric, 128)), el("p.note", null, told)),
    points.length ? [
      chart(points, `${name}: ${told}`),
      el("p.axis", { "aria-hidden": "true" }, el("span", null, moment(points[0].time)), el("span.key", null, el("i.dot"), "accepted ", el("i.cross"), "rejected ", el("i.band"), "would be accepted"), el("span", null, moment(points.at(-1).time))),
      el("details", null, el("summary", null, `Values of ${name} as a table`), table(points, name, rejected.length)),
    ] : null);
}

function chart(points, label) {
  const first = points[0].time, span = Math.max(1, points.at(-1).time - first);
  const [low, high] = range(points);
  const x = (time) => EDGE + ((time - first) / span) * (WIDTH - 2 * EDGE);
  const y = (value) => HEIGHT - EDGE - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  const at = (time, value) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`;
  const banded = points.filter(({ lower, upper }) => Number.isFinite(lower) && Number.isFinite(upper));
  const outside = points.some(({ value }) => value < low || value > high);
  return el("div.plot", null, el("span.scale", { "aria-hidden": "true" }, words(high)),
    svg("svg", { class: "series-chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": outside ? `${label}. Values beyond the edge are drawn at it.` : label },
      svg("polygon", { class: "band", points: [...banded.map(({ time, upper }) => at(time, upper)), ...banded.toReversed().map(({ time, lower }) => at(time, lower))].join(" ") }),
      svg("polyline", { class: "expected", points: banded.map(({ time, expected }) => at(time, expected)).join(" ") }),
      points.map((point) => (point.accepted ? svg("circle", { class: point.shift ? "dot shift" : "dot", cx: x(point.time).toFixed(1), cy: y(point.value).toFixed(1), r: point.shift ? 3.5 : 1.8 }) : cross(x(point.time), y(point.value))))),
    el("span.scale.base", { "aria-hidden": "true" }, words(low)));
}

/** Not by colour alone: what is rejected has another shape. */
function cross(x, y) {
  const d = 4;
  return svg("path", { class: "cross", d: `M${(x - d).toFixed(1)} ${(y - d).toFixed(1)}l${2 * d} ${2 * d}m0 ${-2 * d}l${-2 * d} ${2 * d}` });
}

/** What is drawn: all values, but no more than five times as far as the accepted ones and their band, so that one absurd value
 * does not flatten the rest. The first bands are wide and don't count. */
function range(points) {
  const usual = points.filter(({ accepted }) => accepted), late = points.slice(Math.min(10, points.length >> 1));
  const near = [...usual.map(({ value }) => value), ...late.flatMap(({ lower, upper }) => [lower, upper])].filter(Number.isFinite);
  let low = Math.min(...near), high = Math.max(...near);
  const room = Math.max(high - low, Math.abs(high) * 1e-6, 1e-9);
  const all = points.map(({ value }) => value);
  low = Math.max(low - 2 * room, Math.min(low, ...all));
  high = Math.min(high + 2 * room, Math.max(high, ...all));
  const edge = Math.max((high - low) * 0.04, 1e-9);
  return [low - edge, high + edge];
}

function table(points, name, rejected) {
  const rows = points.slice(-ROWS).toReversed();
  return el("div.wide", { tabindex: "0", role: "region", "aria-label": `Values of ${name}` }, el("table.values", null,
    el("caption", null, rows.length < points.length ? `The newest ${ROWS} of ${count(points.length)} values, newest first` : "Values, newest first", rejected ? `; of all, ${count(rejected)} rejected` : ""),
    el("thead", null, el("tr", null, ["Time (UTC)", "Value", "", "Expected", "From", "To"].map((head) => (head ? el("th", { scope: "col" }, head) : el("td"))))),
    el("tbody", null, rows.map((point) => el("tr", null, el("th", { scope: "row" }, moment(point.time)), el("td.n", null, words(point.value)),
      el(point.accepted ? "td" : "td.bad", null, point.accepted ? (point.shift ? "accepted, new level" : "accepted") : `rejected: ${tame(point.reason ?? "", 30)}`),
      [point.expected, point.lower, point.upper].map((value) => el("td.n", null, words(value))))))));
}
