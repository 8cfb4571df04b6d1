// Light or dark: the system's choice until somebody here makes another. theme-early.js applies it before the first paint.
import { el } from "./dom.js";

const KEY = "watchfire-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function shown() {
  return document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function choose(theme) {
  // What the system says anyway needs no choice: then the page follows the system again.
  const own = theme !== (dark.matches ? "dark" : "light");
  if (own) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    if (own) localStorage.setItem(KEY, theme);
    else localStorage.removeItem(KEY);
  } catch {
    // Storage can be forbidden; the choice holds for this visit.
  }
}

/** The button that switches between light and dark. */
export function themeButton() {
  const button = el("button.quiet", { type: "button", id: "theme", onclick: () => { choose(shown() === "dark" ? "light" : "dark"); name(); } });
  function name() {
    const other = shown() === "dark" ? "Light" : "Dark";
    button.textContent = other;
    button.title = `${other} colours`;
    button.setAttribute("aria-label", `Use ${other.toLowerCase()} colours`);
  }
  dark.addEventListener("change", name);
  name();
  return button;
}
