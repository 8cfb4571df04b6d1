// Who is working here. Where the server wants a token, a form asks for it over the page, whose state stays as it is.
import { api, Problem } from "./api.js";
import { el, put, button } from "./dom.js";
import { emit, on } from "./bus.js";

let who = null;

/** `{ name, scopes, open }`, or null while nobody is signed in. */
export function session() {
  return who;
}

/** Empty if somebody may decide; else why not. */
export function whyNotWrite() {
  if (!who) return "Sign in to decide.";
  if (who.scopes.includes("write") || who.scopes.includes("admin")) return "";
  return "Your token may read only. Deciding needs one with the scope “write”.";
}

/** Asks the server who this is; shows the form if it does not know. */
export async function startSession() {
  on("session", (known) => { if (!known) askForToken(); });
  await learn();
}

async function learn() {
  try {
    who = await api.get("/session");
    emit("session", who);
  } catch (problem) {
    if (problem.status === 401) return askForToken();
    if (!(problem instanceof Problem)) throw problem;
    // Nobody there, or overloaded: again when the server is back, or in a moment.
    const again = once(learn);
    on("back", again);
    if (problem.status !== 0) setTimeout(again, 5000);
  }
}

function once(run) {
  let done = false;
  return () => { if (!done) { done = true; run(); } };
}

/** Forgets the cookie. */
export async function signOut() {
  await api.delete("/session");
  who = null;
  emit("session", null);
}

let dialog = null;

function askForToken() {
  who = null;
  if (dialog?.open) return;
  const field = el("input", { id: "token", type: "password", name: "token", autocomplete: "current-password", required: true, spellcheck: "false", autocapitalize: "off" });
  const problem = el("p.problem", { role: "alert" });
  const submit = el("button.primary", { type: "submit" }, "Sign in");
  const form = el("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      put(problem);
      submit.disabled = true;
      try {
        who = await api.post("/session", { token: field.value.trim() });
        dialog.close();
        dialog.remove();
        emit("session", who);
      } catch (error) {
        put(problem, error.status === 401 || error.status === 403 ? "This token is not known, or was revoked." : `${error.message} ${error.hint}`);
        field.select();
        field.focus();
      } finally {
        submit.disabled = false;
      }
    },
  },
  el("h1", { id: "sign-in" }, "Sign in to Watchfire"),
  el("label", { for: "token" }, "API token"), field,
  el("p.note", null, "Starts with ", el("code", null, "wf_"), ". Whoever runs this server can make you one. It stays in a cookie that no script can read."),
  problem, submit);
  dialog?.remove();
  dialog = el("dialog.sign-in", { "aria-labelledby": "sign-in", oncancel: (event) => event.preventDefault() }, form);
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
}
