// Making an attacker's text fit to stand in ours: what hides or turns the direction of writing becomes visible.
// `tame` agrees with the server's judge::tame; `visible` shows exactly what is there, for raw records.
import { el } from "./dom.js";

// Control characters, and the format characters of Unicode TR #36 that hide or reorder text.
const UNTAME = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** `text` on one line, at most `max` characters: what is not tame becomes `·`, what is cut off `…`. */
export function tame(text, max = 400) {
  const all = String(text ?? "");
  // Cut before matching, so that ten megabytes cost no more than ten kilobytes; never within a surrogate pair.
  const cut = all.length > max ? Array.from(all.slice(0, max * 2)).slice(0, max).join("") : all;
  return cut.replace(UNTAME, "·") + (cut.length < all.length ? "…" : "");
}

function named(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}

/** All of `text` with its lines, untame characters by name: `␛`, `‹U+202E›`. */
export function visible(text) {
  return String(text ?? "").replace(UNTAME, (character) => (character === "\n" || character === "\t" ? character : named(character)));
}

/** A span with an attacker's text on one line, isolated from the direction of what is around it. */
export function foreign(text, max) {
  return el("bdi.foreign", null, tame(text, max));
}

/** The same in the face for what machines typed. */
export function machine(text, max) {
  return el("code", null, tame(text, max));
}
