// The mock's measurements: a filter that is none, with the answers' shapes. It believes what is near the mean of the last twenty.
const PATHS = ["batch", "dead", "statistics", "users"], MOST = 500;
const REASONS = ["outlier", "stale", "duplicate", "out_of_range", "not_finite", "unknown_unit"];

/** The routes of measurements: `answer(method, parts, query, body)` is a body, null for none, or undefined where it has no such route. */
export function mockMeasurements({ Refusal }) {
  const users = new Map(), counts = { measurements: 0, accepted: 0, repeated: 0, failed: 0, batches: 0 };
  const rejected = Object.fromEntries(REASONS.map((reason) => [reason, 0]));
  let dead = [{ id: 1, measurement: { user: "late", metric: "cpu", time: "2026-11-02T06:00:00.000Z", value: "1" }, attempts: 8, reason: "the store failed: <b>locked</b>", at: "2026-11-02T06:00:01.000Z" }];

  function judge({ user, metric, time, value }, index) {
    if (typeof user !== "string" || !user || typeof metric !== "string" || Number.isNaN(Date.parse(time)) || typeof value !== "number") return { index, status: "failed", reason: "it can't be read" };
    counts.measurements += 1;
    if (!users.has(user)) users.set(user, new Map());
    const metrics = users.get(user);
    if (!metrics.has(metric)) metrics.set(metric, []);
    const points = metrics.get(metric), at = Date.parse(time), same = points.find((point) => point.time === at && point.value === value);
    if (same) {
      counts.repeated += 1;
      counts.accepted += Number(same.accepted);
      return { index, ...told(same), repeated: true };
    }
    const last = points.filter(({ accepted }) => accepted).slice(-20).map((point) => point.value), mean = last.length ? last.reduce((sum, one) => sum + one, 0) / last.length : value;
    const width = 12, accepted = Math.abs(value - mean) <= width;
    const point = { time: at, value, accepted, ...(accepted ? {} : { reason: "outlier" }), expected: mean, lower: mean - width, upper: mean + width };
    points.push(point);
    if (accepted) counts.accepted += 1;
    else rejected.outlier += 1;
    return { index, ...told(point) };
  }

  function told({ accepted, reason, expected, lower, upper }) {
    return { status: accepted ? "accepted" : "rejected", ...(reason ? { reason } : {}), quality: accepted ? 0.9 : 0.01, expected, lower, upper };
  }

  function of(user) {
    if (!users.has(user)) throw new Refusal(404, "Not Found", `there are no measurements of ${user}`, "GET /api/v1/measurements/users lists those of whom there are some");
    return { user, metrics: [...users.get(user)].sort().map(([metric, points]) => ({ metric, unit: null, level: points.at(-1).expected, lower: points.at(-1).lower, upper: points.at(-1).upper, accepted: points.filter(({ accepted }) => accepted).length, rejected: points.filter(({ accepted }) => !accepted).length, points })) };
  }

  function statistics() {
    const times = { p50: 1.2, p95: 3, p99: 7 };
    return { ...counts, rejected, shifts: 0, mean_quality: 0.8, users: users.size, failed_users: 0, cached: 0, store_reads: counts.batches, store_writes: counts.batches, users_written: 0, bytes_written: 0, throttles: 0, conflicts: 0, retries: 0, timeouts: 0, batch_ms: times, user_ms: times, slowest: [...users.keys()].slice(0, 3).map((user) => ({ user, ms: 1 })), hints: counts.batches > 9 ? ["batch size: a batch has 3 measurements in the mean, and may have 500"] : [], cache: { users: users.size, bytes: 300 * users.size, hit_rate: counts.batches ? 0.5 : null }, store: "sqlite", alerts: 0, dead_letters: dead.length, dropped: 0, most: MOST };
  }

  function answer(method, [first, second, third], query, body) {
    if (first !== "measurements" || !second) return undefined;
    switch (`${method} ${PATHS.includes(second) ? second : "*"}${third ? `/${third}` : ""}`) {
      case "POST batch": {
        if (!Array.isArray(body?.measurements)) throw new Refusal(400, "Bad Request", "the body has no list of measurements");
        if (body.measurements.length > MOST) throw new Refusal(413, "Too large", `a batch has at most ${MOST} measurements`);
        counts.batches += 1;
        return { answers: body.measurements.map(judge), statistics: { took_ms: 1 } };
      }
      case "GET users": {
        const limit = Number(query.get("limit") ?? 50), after = query.get("after") ?? "";
        const all = [...users.keys()].sort().filter((name) => name > after);
        return { items: all.slice(0, limit), next: all.length > limit ? all[limit - 1] : null };
      }
      case "GET statistics": return statistics();
      case "GET dead": return { items: dead.slice(0, Number(query.get("limit") ?? 50)), next: null, waiting: dead.length, dropped: 0 };
      case "POST dead/replay": {
        const chosen = dead.filter(({ id }) => !body.ids || body.ids.includes(id));
        dead = dead.filter((letter) => !chosen.includes(letter));
        return { judged: chosen.length, accepted: chosen.length, rejected: 0, failed: 0, waiting: dead.length };
      }
      case "GET *": return of(second);
      case "DELETE *": of(second); users.delete(second); return null;
      default: return undefined;
    }
  }

  return { answer };
}
