// What parts of the page tell each other, by name: route, session, connection, statistics, patterns, dead, decided, articles, relevance, waits.
const listeners = new Map();

/** Calls `listener` with each later message of this name; returns how to stop that. */
export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
  return () => listeners.get(name).delete(listener);
}

/** Tells all listeners. One that fails does not keep the others from hearing. */
export function emit(name, message) {
  for (const listener of listeners.get(name) ?? []) {
    try {
      listener(message);
    } catch (error) {
      reportError(error);
    }
  }
}
