// Measurements: a user's series with what was believed of it and what was not, how it goes, and what could not be judged.
import { el, put, button } from "./dom.js";
import { api, part } from "./api.js";
import { announce } from "./announce.js";
import { on } from "./bus.js";
import { share } from "./charts.js";
import { bytes, count, counted, milliseconds, percent } from "./figures.js";
import { seriesFigure } from "./measurement-chart.js";
import { notify, notifyProblem } from "./notices.js";
import { change, parameters, view } from "./route.js";
import { whyNotWrite } from "./session.js";
import { empty, loadProblem } from "./states.js";
import { foreign, machine, tame } from "./text.js";
import { since } from "./time.js";
import { sentence } from "./words.js";

const OFFERED = 50, LETTERS = 20;
// Names that are also paths of the API: there a letter of them stands in percent signs.
const PATHS = ["batch", "dead", "statistics", "users"];
const path = (name) => `/measurements/${PATHS.includes(name) ? `%${name.charCodeAt(0).toString(16)}${name.slice(1)}` : part(name)}`;

export function measurementsSection() {
  const field = el("input", { id: "measured-user", type: "search", maxlength: 256, autocomplete: "off", spellcheck: "false", list: "measured-users", placeholder: "Whole name" });
  const offered = el("datalist", { id: "measured-users" });
  const known = el("ul.measured-users", { "aria-label": "Users" });
  const user = el("div.measured"), figures = el("div"), letters = el("div"), tally = el("p.tally");
  const element = el("section.measurements-section.column", { "aria-label": "Measurements" },
    el("header.column-head", null, el("h1", null, "Measurements"), tally),
    el("form.measured-search", { role: "search", onsubmit: (event) => { event.preventDefault(); choose(field.value.trim()); } },
      el("p.filter.wide", null, el("label", { for: "measured-user" }, "User"), field), offered, el("button", { type: "submit" }, "Show")),
    known, user,
    el("section.panel", null, el("h2", null, "How it goes"), figures),
    el("section.panel", null, el("h2", null, "Measurements that could not be judged"), letters));
  let shown = null, asking = null, loaded = false;

  field.addEventListener("input", () => offer());

  function choose(name) {
    change({ user: name }, { push: true });
  }

  /** Names that begin as what is typed does: the list is in the order of names. */
  async function offer() {
    asking?.abort();
    asking = new AbortController();
    const typed = field.value.trim();
    // The name before all that begin so: its last letter one lower, and then the highest there is.
    const last = typed.codePointAt(typed.length - 1), after = typed && last > 33 ? `${typed.slice(0, -1)}${String.fromCodePoint(last - 1)}\uffff` : "";
    try {
      const { items, next } = await api.get("/measurements/users", { after, limit: OFFERED }, { signal: asking.signal });
      const fits = items.filter((name) => name.startsWith(typed));
      put(offered, fits.slice(0, 20).map((name) => el("option", { value: name })));
      put(known, fits.slice(0, 20).map((name) => el("li", null, button(tame(name, 60), () => choose(name), { kind: "link" }))), next || fits.length > 20 ? el("li.note", null, "… and more: type a name") : null);
      if (!items.length && !typed) put(known, el("li.note", null, "Nobody was measured yet: POST /api/v1/measurements/batch, or watchfire measure."));
    } catch (problem) {
      if (problem.name !== "AbortError") put(known, el("li.problem", null, problem.message));
    }
  }

  async function loadUser() {
    const name = parameters("measurements").user ?? "";
    shown = name;
    if (document.activeElement !== field) field.value = name;
    if (!name) return void put(user);
    put(user, el("p.loading", null, "Loading…"));
    try {
      const told = await api.get(path(name));
      if (shown !== name) return;
      put(user, el("header.measured-head", null, el("h2", null, foreign(told.user, 256)), remover(told.user)), told.metrics.length ? told.metrics.map(seriesFigure) : el("p.note", null, "No value was ever compared."));
      announce(`${tame(name, 60)}: ${counted(told.metrics.length, "metric")}`);
    } catch (problem) {
      if (shown !== name) return;
      put(user, problem.status === 404 ? empty(`No measurements of ${tame(name, 80)}`, "Names are told apart letter by letter.") : loadProblem(problem, loadUser));
    }
  }

  function remover(name) {
    const why = whyNotWrite();
    const remove = button("Delete", async () => {
      // Deleting is for good, so it takes two presses.
      if (!remove.dataset.sure) {
        remove.dataset.sure = "yes";
        remove.textContent = "Delete for good?";
        return;
      }
      try {
        await api.delete(path(name));
        notify(`What was known of ${tame(name, 60)} is deleted.`);
        choose("");
        offer();
      } catch (problem) {
        notifyProblem(problem, "Not deleted");
      }
    }, { kind: "quiet", disabled: Boolean(why), title: why || null });
    remove.addEventListener("blur", () => { delete remove.dataset.sure; remove.textContent = "Delete"; });
    return remove;
  }

  async function loadFigures() {
    try {
      const told = await api.get("/measurements/statistics");
      put(tally, `${counted(told.measurements, "measurement")} since the start`);
      put(figures, figuresOf(told));
    } catch (problem) {
      put(figures, loadProblem(problem, loadFigures));
    }
  }

  async function loadLetters() {
    try {
      const told = await api.get("/measurements/dead", { limit: LETTERS });
      const why = whyNotWrite();
      put(letters, told.items.length ? [
        el("p.buttons", null, button("Judge all again", () => replay(null), { disabled: Boolean(why), title: why || null }), el("span.note", null, `${count(told.waiting)} waiting`, told.dropped ? `, ${count(told.dropped)} dropped for lack of room` : null)),
        el("ul.letters", { "aria-label": "Measurements that could not be judged" }, told.items.map((letter) => el("li.letter", null,
          el("p.letter-head", null, el("b", null, foreign(letter.reason, 300)), el("span.note", null, since(letter.at), `, tried ${counted(letter.attempts, "time")}`)),
          el("p", null, machine(JSON.stringify(letter.measurement), 600)),
          el("p.buttons", null, button("Judge again", () => replay([letter.id]), { kind: "quiet", disabled: Boolean(why), title: why || null }))))),
      ] : el("p.note", null, "None: all that came was judged."));
    } catch (problem) {
      put(letters, loadProblem(problem, loadLetters));
    }
  }

  async function replay(ids) {
    try {
      const { judged, accepted, rejected, failed } = await api.post("/measurements/dead/replay", ids ? { ids } : {});
      notify(judged ? `${counted(judged, "measurement was", "measurements were")} judged: ${count(accepted)} accepted, ${count(rejected)} rejected.` : "None could be judged.", { hint: failed ? `${count(failed)} failed again.` : "" });
    } catch (problem) {
      notifyProblem(problem, "Not judged again");
    }
    load();
  }

  function load() {
    loaded = true;
    loadUser();
    offer();
    loadFigures();
    loadLetters();
  }

  on("route", () => { if (view() === "measurements" && loaded && (parameters("measurements").user ?? "") !== shown) { loadUser(); offer(); } });
  on("back", () => { if (view() === "measurements") load(); });
  return {
    element, title: "Measurements",
    show() { if (!loaded) load(); },
    focusSearch: () => { field.focus(); field.select(); },
    keys: (event) => event.key === "." && (load(), true),
  };
}

function figuresOf(told) {
  const facts = (rows) => el("dl.facts", null, rows.map(([name, ...value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
  const rejected = Object.entries(told.rejected).filter(([, times]) => times);
  return [
    facts([
      ["Accepted", count(told.accepted)],
      ["Rejected", count(rejected.reduce((sum, [, times]) => sum + times, 0)), rejected.length ? `: ${rejected.map(([name, times]) => `${sentence(name).toLowerCase()} ${count(times)}`).join(", ")}` : null],
      ["Repeated", count(told.repeated)], ["Failed", count(told.failed)], ["Alerts made", count(told.alerts)],
      ["Mean quality", told.measurements ? told.mean_quality.toFixed(2) : "–", " ", share(told.mean_quality)],
      ["Batches", count(told.batches), told.batches ? `: half within ${milliseconds(told.batch_ms.p50)}, 99 of 100 within ${milliseconds(told.batch_ms.p99)}` : null],
      ["Store", tame(told.store, 20), ": ", count(told.store_reads), " reads, ", count(told.store_writes), " writes, ", count(told.throttles), " throttled, ", count(told.retries), " tried again"],
      ["In memory", counted(told.cache.users, "user"), ", ", bytes(told.cache.bytes), told.cache.hit_rate === null ? null : `, ${percent(told.cache.hit_rate)} of users at hand`],
      ["Slowest", told.slowest.length ? told.slowest.slice(0, 3).map(({ user, ms }, place) => [place ? ", " : null, foreign(user, 40), ` ${milliseconds(ms)}`]) : "–"],
    ]),
    told.hints.length ? [el("h3", null, "What to change"), el("ul.hints", null, told.hints.map((hint) => el("li", null, foreign(hint, 600))))] : el("p.note", null, "Nothing to change, as far as was seen. Hints need ten batches."),
  ];
}
