// The last minutes of what the server tells each second, for charts.
import { on } from "./bus.js";

/** How many seconds are kept. */
export const KEPT = 300;
const rates = [], open = [];
let latest = null;

export function startRecent() {
  on("statistics", (statistics) => {
    latest = statistics;
    push(rates, statistics.per_second?.["1s"] ?? 0);
    push(open, statistics.open_questions ?? 0);
  });
}

function push(values, value) {
  values.push(value);
  if (values.length > KEPT) values.shift();
}

/** The latest statistics, or null. */
export const now = () => latest;
/** Alerts judged per second. */
export const throughput = () => rates;
/** Questions that are open. */
export const questions = () => open;
