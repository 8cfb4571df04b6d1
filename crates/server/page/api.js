// Asking the server. Every failure becomes a `Problem` with words for people; a 429 is waited out, as it says; the first
// request that finds nobody starts the search for the server (connection.js).
import { emit } from "./bus.js";

const BASE = "/api/v1";
const LONGEST_WAIT_S = 120;
const TRIES = 4;

/** What went wrong, in words. Status 0: nobody answered. */
export class Problem extends Error {
  constructor(status, { title, detail, hint } = {}, wait_s = null) {
    super(detail || title || `status ${status}`);
    this.status = status;
    this.title = title || "That did not work";
    this.detail = detail || "";
    this.hint = hint || "";
    /** When the server wants to be asked again, if it said. */
    this.wait_s = wait_s;
  }

  /** Nobody answered, or somebody on the way did: worth trying again later. */
  get passing() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** What is left of the server's quota, as its last answer said. */
const quota = { remaining: Infinity, resetAt: 0 };

/** How long to leave between requests that nobody asked for, so that there is room for those that somebody does. */
export function pace_ms() {
  if (Date.now() >= quota.resetAt || quota.remaining > 30) return 2500;
  if (quota.remaining > 12) return 6000;
  return Math.max(6000, quota.resetAt - Date.now());
}

function readQuota(headers) {
  const remaining = /\br=(\d+)/.exec(headers.get("RateLimit") ?? "");
  const reset = /\bt=(\d+)/.exec(headers.get("RateLimit") ?? "");
  if (!remaining) return;
  quota.remaining = Number(remaining[1]);
  quota.resetAt = Date.now() + Number(reset?.[1] ?? 60) * 1000;
}

/** Waits, unless `signal` says to stop. */
function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

async function problemOf(response, wait_s) {
  let body = null;
  try {
    if (/json/.test(response.headers.get("Content-Type") ?? "")) body = await response.json();
  } catch {
    // A body that is cut off says no more than its status does.
  }
  return new Problem(response.status, body ?? { title: `The server answered ${response.status} ${response.statusText}`.trim() }, wait_s);
}

function retryAfter_s(response, attempt) {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, LONGEST_WAIT_S) : 2 ** attempt;
}

/**
 * One request; resolves to the answer's JSON, or null where there is none. Aborting rejects with an AbortError. `patient: false`:
 * a 429 is a problem like others, with its `wait_s`.
 */
async function request(method, path, { query, body, signal, patient = true } = {}) {
  const url = BASE + path + queryText(query);
  const headers = { Accept: "application/json" };
  // Another site's page can't send this header without asking, so it proves that the request is ours.
  if (method !== "GET") headers["X-Watchfire"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(url, { method, headers, signal, credentials: "same-origin", cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body) });
    } catch (error) {
      if (signal?.aborted) throw error;
      emit("connection", { lost: true });
      throw new Problem(0, { title: "Watchfire does not answer", detail: "The server can't be reached.", hint: "It will be tried again by itself." });
    }
    emit("connection", { lost: false });
    readQuota(response.headers);
    if (response.status === 429 && patient && attempt < TRIES) {
      const seconds = retryAfter_s(response, attempt);
      emit("waits", { until: Date.now() + seconds * 1000 });
      await wait(seconds * 1000, signal);
      continue;
    }
    if (response.status === 401 && path !== "/session") emit("session", null);
    if (!response.ok) throw await problemOf(response, response.status === 429 ? retryAfter_s(response, attempt) : null);
    if (response.status === 204) return null;
    try {
      return await response.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem(502, { title: "The answer can't be read", detail: "It ended early, or was no JSON.", hint: "Try again." });
    }
  }
}

/** `{ q: "x", empty: "" }` → "?q=x"; what is empty is left out. */
export function queryText(query) {
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") all.set(name, String(value));
  }
  const text = all.toString();
  return text && `?${text}`;
}

export const api = {
  get: (path, query, options) => request("GET", path, { query, ...options }),
  post: (path, body, options) => request("POST", path, { body, ...options }),
  put: (path, body, options) => request("PUT", path, { body, ...options }),
  patch: (path, body, options) => request("PATCH", path, { body, ...options }),
  delete: (path, options) => request("DELETE", path, options),
};

/** A path's part that is text of somebody else's. */
export const part = encodeURIComponent;
