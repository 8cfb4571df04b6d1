// Building the page out of nodes. Nothing here reads text as markup, so no alert can write any: strings become text
// nodes, listeners are functions, and links lead only where a scheme of http(s) or this page leads.

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "href") node.setAttribute("href", safeLink(value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

function add(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(node, child);
    else node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

function safeLink(link) {
  return /^(https?:\/\/|\/|\?|#)/i.test(link) ? link : "#";
}

/** An element: `el("p.lead", { id: "x", onclick: f }, "text", otherNode, [more])`. Empty children are left out. */
export function el(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  return fill(node, attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** Replaces all that is in `node`. */
export function put(node, ...children) {
  node.replaceChildren();
  add(node, children);
  return node;
}

/** A button with a word, and the key that does the same. */
export function button(label, onclick, { key, kind = "", ...attributes } = {}) {
  const node = el("button", { type: "button", onclick, "aria-keyshortcuts": key, ...attributes }, label, key && el("kbd", { "aria-hidden": "true" }, key));
  if (kind) node.className = kind;
  return node;
}
