// Words for screen readers, at most one sentence every few seconds: live changes must not talk over the work.
const QUIET_MS = 6000;
let last = 0, waiting = null, timer = 0;

function say(text) {
  const place = document.getElementById("announcements");
  last = Date.now();
  // The same sentence again is only read if it changed.
  if (place) place.textContent = place.textContent === text ? `${text}\u00a0` : text;
}

/** Says what somebody did, at once. */
export function announce(text) {
  say(text);
}

/** Says what happened by itself, when there was quiet; only the latest. */
export function mention(text) {
  waiting = text;
  clearTimeout(timer);
  timer = setTimeout(() => { say(waiting); waiting = null; }, Math.max(0, last + QUIET_MS - Date.now()));
}
