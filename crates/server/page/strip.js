// The line below the head: how the server is doing, each second, in figures that keep their places.
import { el, put } from "./dom.js";
import { on } from "./bus.js";
import { spark } from "./charts.js";
import { brief, count, dollars, percent, rate, seconds } from "./figures.js";
import { KEPT, throughput } from "./recent.js";
import { tame } from "./text.js";

const SHOWN_S = 90;

/** Whether received = judged + set aside + dead + pending. */
export function balanced({ received, judged, set_aside, dead, pending }) {
  return received === judged + set_aside + dead + pending;
}

/** A service outside: its breaker's state as a shape and a word. */
export function breaker(state, { short = false } = {}) {
  const words = { closed: "calls flow", open: "calls stopped", half_open: "trying one" }[state] ?? tame(state, 20);
  // In narrow places only what is not as usual needs the word; the shape differs too.
  return el(`span.breaker.${state === "open" ? "open" : state === "half_open" ? "half" : "closed"}`, { title: `Breaker ${tame(state, 20).replace("_", " ")}: ${words}` }, el("i", { "aria-hidden": "true" }), el(short && state === "closed" ? "span.unseen" : "span", null, words));
}

export function strip() {
  const live = el("span.live", null, "connecting…");
  const flow = el("span.flow"), balance = el("span.balance"), questions = el("span"), outside = el("span.outside"), cost = el("span"), hits = el("span");
  const element = el("div.strip", { role: "group", "aria-label": "How the server is doing", tabindex: "0" }, live, flow, balance, questions, cost, hits, outside);
  on("live", ({ on: lives }) => { put(live, lives ? "live" : "not live"); live.classList.toggle("off", !lives); });
  on("statistics", show);

  function show(now) {
    const values = throughput().slice(-SHOWN_S);
    put(flow, spark(values, { label: `Alerts judged per second over the last ${Math.min(SHOWN_S, KEPT)} seconds`, most: SHOWN_S, width: 90, height: 18 }), el("b", null, rate(now.per_second["1s"])), "/s");
    const { received, judged, set_aside, dead, pending } = now.balance;
    const sound = balanced(now.balance);
    balance.classList.toggle("broken", !sound);
    balance.title = `${count(received)} received = ${count(judged)} judged + ${count(set_aside)} set aside + ${count(dead)} dead + ${count(pending)} pending${sound ? "" : " – this does not add up"}`;
    put(balance, el("b", null, brief(received)), " received = ", el("b", null, brief(judged)), " judged + ", el("b", null, brief(set_aside)), " set aside + ", el("b", null, brief(dead)), " dead + ", el("b", null, brief(pending)), " pending ", el("em", null, sound ? "✓ balanced" : "✗ does not add up"));
    put(questions, el("b", null, count(now.open_questions)), now.open_questions === 1 ? " open question" : " open questions");
    put(cost, el("b", null, dollars(now.outside.reduce((sum, one) => sum + (one.cost_today_usd ?? 0), 0))), " today");
    put(hits, "reused ", el("b", null, percent(now.hit_rate.pattern)), ", intel ", el("b", null, percent(now.hit_rate.intel)));
    put(outside, now.outside.map((one) => el("span.service", { title: [...one.limits.map((limit) => tame(limit, 80)), one.stopped ? `stopped: ${tame(one.stopped, 200)}` : ""].filter(Boolean).join("; ") },
      el("b", null, tame(one.name, 40)), " ", breaker(one.breaker, { short: true }), [one.waiting ? ` ${count(one.waiting)} waiting` : "", one.next_slot_s > 0 ? ` slot in ${seconds(one.next_slot_s)}` : "", one.stopped ? " stopped" : ""].filter(Boolean).join(","))));
  }
  return element;
}
