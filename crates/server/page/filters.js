// The controls above a list. Their values live in the address; this writes them there and shows what stands there.
import { el, put } from "./dom.js";
import { on } from "./bus.js";
import { change, parameters, view } from "./route.js";
import { tame } from "./text.js";

const TYPING_MS = 300;

/**
 * `fields` are `{ name, label, kind: "search" | "choice" | "date" | "number", choices: [[value, words]], usual, wide, rare }`; `of` is
 * the section they belong to. `usual` is the choice that needs no parameter; `rare` ones show when asked for, or when set. The
 * result's `choices(name, choices, usual)` replaces those of a field.
 */
export function filters(of, fields) {
  const form = el("form.filters", { role: "search", "aria-label": "Filter", onsubmit: (event) => event.preventDefault() });
  const inputs = new Map();
  let timer = 0, wide = false;
  const options = (choices) => choices.map(([value, words]) => el("option", { value }, words));
  for (const field of fields) {
    const id = `filter-${of}-${field.name}`;
    const input = field.kind === "choice"
      ? el("select", { id, name: field.name }, options(field.choices))
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
    const place = el(field.wide ? "p.filter.wide" : "p.filter", null, el("label", { for: id }, field.label), input);
    inputs.set(field.name, { input, field, place });
    form.append(place);
  }
  const clear = el("button.quiet", { type: "button", hidden: true, onclick: () => change(Object.fromEntries([...inputs.keys()].map((name) => [name, ""]))) }, "Clear");
  const further = fields.some(({ rare }) => rare) ? el("button.quiet", { type: "button", "aria-expanded": "false", onclick: () => { wide = !wide; show(); } }) : null;
  if (further) form.append(further);
  form.append(clear);

  function show() {
    if (view() !== of) return;
    const given = parameters(of);
    for (const [name, { input, field, place }] of inputs) {
      place.hidden = Boolean(field.rare && !wide && !given[name]);
      const value = given[name] ?? field.usual ?? "";
      // What is being typed is not typed over.
      if (document.activeElement !== input && input.value !== value) {
        // A choice of the address that is none here is shown as it stands there.
        if (field.kind === "choice" && ![...input.options].some((option) => option.value === value)) input.append(el("option", { value }, tame(value, 40)));
        input.value = value;
      }
      input.classList.toggle("set", Boolean(given[name]));
    }
    if (further) {
      put(further, wide ? "Fewer" : "More", el("span.unseen", null, " filters"));
      further.setAttribute("aria-expanded", String(wide));
    }
    clear.hidden = ![...inputs.keys()].some((name) => given[name]);
  }
  on("route", show);
  show();
  return {
    element: form,
    focus() {
      const search = [...inputs.values()].find(({ field }) => field.kind === "search");
      if (search?.place.hidden) { wide = true; show(); }
      search?.input.select();
    },
    choices(name, choices, usual) {
      const { input, field } = inputs.get(name), before = input.value;
      field.usual = usual;
      input.replaceChildren(...options(choices));
      // What was chosen stays chosen, if it is still there.
      input.value = choices.some(([value]) => value === before) ? before : (usual ?? "");
      show();
    },
  };
}
