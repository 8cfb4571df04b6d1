// Dead letters: records that could not be read. Each says why and what to do; mended or with a mapping, it is read again.
import { el, put, button } from "./dom.js";
import { api, part } from "./api.js";
import { emit, on } from "./bus.js";
import { count, counted } from "./figures.js";
import { notify, notifyProblem } from "./notices.js";
import { view } from "./route.js";
import { whyNotWrite } from "./session.js";
import { empty, loadProblem } from "./states.js";
import { foreign, machine, visible } from "./text.js";
import { since } from "./time.js";

const PAGE = 50, EXCERPT = 4000;

export function deadSection() {
  const state = el("div.state");
  const rows = el("ul.letters", { "aria-label": "Dead letters" });
  const foot = el("p.more");
  const tally = el("p.tally");
  const replayAll = button("Read all again", () => replay(null), { kind: "primary" });
  const replaySome = button("Read selected again", () => replay([...selected]), { key: "r" });
  const news = el("button.fresh", { type: "button", hidden: true, onclick: () => load() }, "More came – press ", el("kbd", null, "."), " to show");
  const element = el("section.dead-section.column", { "aria-label": "Dead letters" },
    el("header.column-head", null, el("h1", null, "Dead letters"), tally, el("div.buttons", null, replaySome, replayAll)),
    el("p.note.lead", null, "Records that could not be read, with the reason. Nothing of them is lost: add a mapping or a rule for them, then read them again."), news, state, rows, foot);
  let items = [], next = null, loaded = false, current = -1, waiting = 0;
  const selected = new Set();

  async function load() {
    loaded = true;
    news.hidden = true;
    put(state, items.length ? null : el("p.loading", null, "Loading…"));
    try {
      const answer = await api.get("/dead-letters", { limit: PAGE });
      items = [];
      selected.clear();
      current = -1;
      rows.replaceChildren();
      take(answer);
    } catch (problem) {
      loaded = false;
      put(state, loadProblem(problem, load));
    }
  }

  function take(answer) {
    next = answer.next;
    waiting = answer.waiting;
    items.push(...answer.items);
    rows.append(...answer.items.map(letter));
    put(foot, next ? button("More", more) : null);
    tell();
  }

  async function more() {
    put(foot, "Loading…");
    try {
      take(await api.get("/dead-letters", { limit: PAGE, cursor: next }));
    } catch (problem) {
      put(foot, problem.message, " ", button("Try again", more));
    }
  }

  function tell() {
    emit("dead", { waiting });
    put(tally, waiting ? `${count(waiting)} waiting` : null);
    rows.hidden = !items.length;
    put(state, items.length ? null : empty("No dead letters", "Every record that came could be read."));
    const why = whyNotWrite();
    replayAll.hidden = replaySome.hidden = !items.length;
    replayAll.disabled = Boolean(why);
    replaySome.disabled = Boolean(why) || !selected.size;
    replayAll.title = replaySome.title = why;
    replaySome.firstChild.textContent = selected.size ? `Read ${count(selected.size)} again` : "Read selected again";
  }

  function letter(dead) {
    const id = `letter-${dead.id}`;
    const box = el("input", { type: "checkbox", id, onchange: () => { if (box.checked) selected.add(dead.id); else selected.delete(dead.id); tell(); } });
    const remove = button("Delete", () => {
      // Deleting is for good, so it takes two presses.
      if (remove.dataset.sure) return void discard(dead, node);
      remove.dataset.sure = "yes";
      remove.textContent = "Delete for good?";
      remove.addEventListener("blur", () => { delete remove.dataset.sure; remove.textContent = "Delete"; }, { once: true });
    }, { kind: "quiet", disabled: Boolean(whyNotWrite()), title: whyNotWrite() || null });
    const text = String(dead.raw ?? "");
    const node = el("li.letter", { "data-id": dead.id },
      el("p.letter-head", null, box, el("label", { for: id }, el("b", null, foreign(dead.reason, 300))), el("span.note", null, machine(dead.source, 80), dead.line ? ` line ${count(dead.line)}` : null, ", ", since(dead.at), dead.attempts ? `, tried again ${counted(dead.attempts, "time")}` : null)),
      dead.hint && el("p.hint", null, foreign(dead.hint, 400)),
      el("pre", { tabindex: "0", role: "region", "aria-label": `Record of dead letter ${dead.id}` }, el("code", null, visible(text.slice(0, EXCERPT)), text.length > EXCERPT ? "…" : null)),
      el("p.buttons", null, button("Read again", () => replay([dead.id]), { kind: "quiet", disabled: Boolean(whyNotWrite()), title: whyNotWrite() || null }), remove, dead.whole ? null : el("span.note", null, "Only the beginning was kept: it can't be read again from here.")));
    return node;
  }

  async function discard(dead, node) {
    try {
      await api.delete(`/dead-letters/${part(dead.id)}`);
      items = items.filter(({ id }) => id !== dead.id);
      selected.delete(dead.id);
      waiting = Math.max(0, waiting - 1);
      node.remove();
      tell();
      notify(`Dead letter ${dead.id} is deleted.`);
    } catch (problem) {
      notifyProblem(problem, "Not deleted");
    }
  }

  async function replay(ids) {
    if (ids && !ids.length) return;
    replayAll.disabled = replaySome.disabled = true;
    try {
      const { replayed, unreadable, partial } = await api.post("/dead-letters/replay", ids ? { ids } : {});
      const rest = [unreadable ? `${counted(unreadable, "record")} still can't be read.` : "", partial ? `${counted(partial, "record was", "records were")} not kept whole.` : ""].filter(Boolean).join(" ");
      notify(replayed ? `${counted(replayed, "record was", "records were")} read and judged.` : "None could be read.", { hint: rest, bad: false });
      await load();
    } catch (problem) {
      notifyProblem(problem, "Not read again");
    } finally {
      tell();
    }
  }

  function move(by) {
    if (!items.length) return;
    current = Math.max(0, Math.min(items.length - 1, current + by));
    rows.children[current]?.querySelector("input").focus();
  }

  on("dead", (message) => { if (loaded && message.waiting > waiting && view() === "dead") news.hidden = false; else if (message.waiting !== waiting) loaded = loaded && view() === "dead"; });
  on("back", () => { if (view() === "dead") load(); });
  on("session", (who) => { if (who && loaded) load(); });

  return {
    element, title: "Dead letters",
    show() { if (!loaded) load(); },
    keys(event) {
      if (event.key === "j" || event.key === "k") return move(event.key === "j" ? 1 : -1), true;
      if (event.key === "x" && items[current]) return rows.children[current].querySelector("input").click(), true;
      if (event.key === "r") return replay(selected.size ? [...selected] : items[current] ? [items[current].id] : []), true;
      if (event.key === ".") return load(), true;
      return false;
    },
  };
}
