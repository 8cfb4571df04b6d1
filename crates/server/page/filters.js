// The controls above a list. Their values live in the address; this writes them there and shows what stands there.
import { el } from "./dom.js";
import { on } from "./bus.js";
import { change, parameters, view } from "./route.js";

const TYPING_MS = 300;

/**
 * `fields` are `{ name, label, kind: "search" | "choice" | "date" | "number", choices: [[value, words]], usual, wide }`; `of` is the
 * section they belong to. `usual` is the choice that needs no parameter.
 */
export function filters(of, fields) {
  const form = el("form.filters", { role: "search", "aria-label": "Filter", onsubmit: (event) => event.preventDefault() });
  const inputs = new Map();
  let timer = 0;
  for (const field of fields) {
    const id = `filter-${of}-${field.name}`;
    const input = field.kind === "choice"
      ? el("select", { id, name: field.name }, field.choices.map(([value, words]) => el("option", { value }, words)))
      : el("input", { id, name: field.name, type: field.kind, autocomplete: "off", spellcheck: "false", placeholder: field.placeholder, min: field.min, max: field.max });
    const write = () => change({ [field.name]: input.value === (field.usual ?? "") ? "" : input.value.trim() });
    input.addEventListener(field.kind === "search" || field.kind === "number" ? "input" : "change", () => {
      clearTimeout(timer);
      if (field.kind === "search" || field.kind === "number") timer = setTimeout(write, TYPING_MS);
      else write();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") input.blur();
      if (event.key === "Enter" && field.kind !== "choice") { clearTimeout(timer); write(); input.blur(); }
    });
    inputs.set(field.name, { input, field });
    form.append(el(field.wide ? "p.filter.wide" : "p.filter", null, el("label", { for: id }, field.label), input));
  }
  const clear = el("button.quiet", { type: "button", hidden: true, onclick: () => change(Object.fromEntries([...inputs.keys()].map((name) => [name, ""]))) }, "Clear");
  form.append(clear);

  function show() {
    if (view() !== of) return;
    const given = parameters(of);
    for (const [name, { input, field }] of inputs) {
      const value = given[name] ?? field.usual ?? "";
      // What is being typed is not typed over.
      if (document.activeElement !== input && input.value !== value) input.value = value;
      input.classList.toggle("set", Boolean(given[name]));
    }
    clear.hidden = ![...inputs.keys()].some((name) => given[name]);
  }
  on("route", show);
  show();
  return { element: form, focus: () => [...inputs.values()].find(({ field }) => field.kind === "search")?.input.select() };
}
