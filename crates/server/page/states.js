// What stands where a list would be: why it can't be shown, or that there is nothing.
import { el, button } from "./dom.js";

/** A request for something to show failed; `again` asks once more. */
export function loadProblem(problem, again) {
  return el("div.empty.bad", { role: "alert" },
    el("h2", null, problem.status === 404 ? "Not there" : problem.title || "That did not work"),
    el("p", null, problem.message, " ", problem.hint),
    problem.status === 401 ? null : button("Try again", () => again()));
}

export function empty(title, ...words) {
  return el("div.empty", null, el("h2", null, title), el("p", null, ...words));
}
