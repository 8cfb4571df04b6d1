// Short notices in a corner: what was done, and how to take it back. They stay while they are pointed at or focused.
import { el, button } from "./dom.js";
import { announce } from "./announce.js";

const STAY_MS = 9000, MOST = 3;

/** Shows `text`, with a button if `action` is `{ label, key, run }`. `bad` ones stay until they are closed. */
export function notify(text, { action, bad = false, hint = "" } = {}) {
  const place = document.getElementById("notices");
  const close = () => { clearTimeout(timer); notice.remove(); };
  const notice = el(bad ? "div.notice.bad" : "div.notice", null,
    el("p", null, text, hint && el("small", null, hint)),
    action && button(action.label, () => { close(); action.run(); }, { key: action.key }),
    button("Close", close, { kind: "quiet" }));
  let timer = 0;
  const leave = () => { clearTimeout(timer); if (!bad) timer = setTimeout(close, STAY_MS); };
  notice.addEventListener("pointerenter", () => clearTimeout(timer));
  notice.addEventListener("pointerleave", leave);
  notice.addEventListener("focusin", () => clearTimeout(timer));
  notice.addEventListener("focusout", leave);
  place.append(notice);
  while (place.children.length > MOST) place.firstElementChild.remove();
  leave();
  announce(hint ? `${text} ${hint}` : text);
  return close;
}

/** Tells of a failed request. */
export function notifyProblem(problem, before = "") {
  if (problem?.name === "AbortError") return;
  notify(`${before}${before && ": "}${problem.message}`, { bad: problem.status !== 0, hint: problem.hint });
}
