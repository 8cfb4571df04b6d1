// Runs before the first paint, so that a chosen theme does not flash in as the other one. The rest is in theme.js.
"use strict";
try {
  const chosen = localStorage.getItem("watchfire-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage can be forbidden; the system's theme is good enough then.
}
