// Numbers as people read them.
const grouped = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

function given(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** 1234567 → "1,234,567". */
export function count(value) {
  return given(value) ? grouped.format(value) : "–";
}

/** `1 alert`, `2 alerts`. */
export function counted(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 1234567 → "1.2 M"; for places that are narrow. */
export function brief(value) {
  if (!given(value)) return "–";
  if (value < 10_000) return count(value);
  if (value < 999_500) return `${(value / 1000).toFixed(value < 99_950 ? 1 : 0)} k`;
  return `${(value / 1_000_000).toFixed(value < 99_950_000 ? 1 : 0)} M`;
}

/** A share of 0 to 1 in percent. */
export function percent(share) {
  if (!given(share)) return "–";
  const value = share * 100;
  return `${value > 99 && value < 100 ? value.toFixed(1) : value < 10 && value > 0 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} %`;
}

/** Per second, with a digit after the point only where it tells something. */
export function rate(value) {
  if (!given(value)) return "–";
  return value > 0 && value < 10 ? value.toFixed(1) : count(value);
}

/** Milliseconds, down to microseconds. */
export function milliseconds(value) {
  if (!given(value)) return "–";
  if (value >= 1000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
  if (value >= 1) return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
  return value === 0 ? "0" : `${Math.max(1, Math.round(value * 1000))} µs`;
}

/** US dollars; what is below a cent keeps its digits. */
export function dollars(value) {
  if (!given(value)) return "–";
  if (value === 0) return "$0";
  if (value < 0.0001) return "< $0.0001";
  return `$${value < 1 ? value.toFixed(4).replace(/0{1,2}$/, "") : value < 1000 ? value.toFixed(2) : grouped.format(value)}`;
}

/** Bytes in binary units. */
export function bytes(value) {
  if (!given(value)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Seconds as a length of time: "4 s", "3 min", "2 h 5 min", "6 d". */
export function seconds(value) {
  if (!given(value)) return "–";
  if (value < 10 && value > 0) return `${value.toFixed(1).replace(/\.0$/, "")} s`;
  if (value < 90) return `${Math.round(value)} s`;
  const minutes = Math.round(value / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  return `${Math.round(minutes / 60 / 24)} d`;
}
