// What is shown is in the address, so that it can be reloaded, bookmarked and sent to a colleague. `view` says which
// section; the other parameters belong to the section, and each section finds its own again when somebody returns to it.
import { emit } from "./bus.js";
import { queryText } from "./api.js";

const VIEWS = ["queue", "alerts", "articles", "dead", "decisions", "health", "measurements"];
const remembered = new Map();
let current = read();

function read() {
  const all = Object.fromEntries(new URLSearchParams(location.search));
  const view = VIEWS.includes(all.view) ? all.view : "queue";
  delete all.view;
  return { view, parameters: all };
}

function write(push) {
  const { view, parameters } = current;
  remembered.set(view, parameters);
  const address = `/${queryText({ view: view === "queue" ? "" : view, ...parameters })}`;
  if (address !== location.pathname + location.search) history[push ? "pushState" : "replaceState"](null, "", address);
}

/** The section that is shown. */
export function view() {
  return current.view;
}

/** The parameters of a section, as it was left. */
export function parameters(of = current.view) {
  return of === current.view ? current.parameters : (remembered.get(of) ?? {});
}

/** Changes parameters of the section that is shown; empty ones go. `push`: going back undoes it. */
export function change(changes, { push = false } = {}) {
  const parameters = { ...current.parameters };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") delete parameters[name];
    else parameters[name] = String(value);
  }
  current = { view: current.view, parameters };
  write(push);
  emit("route", current);
}

/** Shows a section: as it was left, or with these parameters. */
export function go(view, parameters = remembered.get(view) ?? {}) {
  remembered.set(current.view, current.parameters);
  current = { view, parameters };
  write(true);
  emit("route", current);
}

/** The address of a section with these parameters, for links. */
export function address(view, parameters = {}) {
  return `/${queryText({ view: view === "queue" ? "" : view, ...parameters })}`;
}

/** Lets a plain click on a link to this page change the page in place; others open a tab, as links do. */
export function followHere(event) {
  const link = event.target.closest?.("a[href^='/?'], a[href='/']");
  if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const all = Object.fromEntries(new URL(link.href).searchParams);
  const view = all.view || "queue";
  delete all.view;
  // A section's own link returns to it as it was left.
  go(view, Object.keys(all).length || link.dataset.fresh !== undefined ? all : undefined);
}

addEventListener("popstate", () => {
  current = read();
  remembered.set(current.view, current.parameters);
  emit("route", current);
});
