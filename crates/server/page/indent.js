// JSON with line breaks, by moving its tokens. Parsing and writing it again would round large numbers, drop doubled keys
// and reorder others: what an analyst sees must be what was sent.
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;
const STEP = "  ", DEEPEST = 200;

/** The same JSON, indented; null if it is none. */
export function indent(text) {
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== "object") return null;
  } catch {
    return null;
  }
  const tokens = text.match(TOKEN) ?? [];
  const lines = [];
  let line = "", depth = 0;
  const pad = () => STEP.repeat(Math.min(depth, DEEPEST));
  for (const [place, token] of tokens.entries()) {
    const next = tokens[place + 1];
    if (token === "{" || token === "[") {
      line += token;
      if (next === "}" || next === "]") continue;
      lines.push(line);
      depth += 1;
      line = pad();
    } else if (token === "}" || token === "]") {
      const before = tokens[place - 1];
      if (before !== "{" && before !== "[") {
        lines.push(line);
        depth -= 1;
        line = pad();
      }
      line += token;
    } else if (token === ",") {
      lines.push(`${line},`);
      line = pad();
    } else {
      line += token === ":" ? ": " : token;
    }
  }
  lines.push(line);
  return lines.join("\n");
}
