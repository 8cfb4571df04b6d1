// Alerts that the tests send to whatever server they drive, as a sensor would: Suricata's records, one a line. Each run has
// addresses of its own, so that it finds its own alerts in a server that has others.
const pick = () => Math.floor(Math.random() * 250) + 2;

/** Addresses of documentation (RFC 5737) and private use, new for each run. */
export const addresses = {
  attacker: `203.0.113.${pick()}`, hostile: `198.51.100.${pick()}`, old: `192.0.2.${pick()}`,
  asset: `10.${pick()}.${pick()}.${pick()}`, other: `10.${pick()}.${pick()}.${pick()}`,
};

let serial = 0;

/** A record of Suricata's. */
export function record({ signature, id = 2_990_000, source = addresses.attacker, target = addresses.asset, time = new Date(), severity = 1, url = "/" }) {
  serial += 1;
  return JSON.stringify({
    timestamp: time.toISOString().replace("Z", "+0000"), flow_id: Date.now() * 1000 + serial, in_iface: "eth1", event_type: "alert", src_ip: source, src_port: 40_000 + serial, dest_ip: target, dest_port: 22, proto: "TCP", host: "ids01",
    alert: { action: "allowed", gid: 1, signature_id: id, rev: 1, signature, category: "Attempted Administrator Privilege Gain", severity }, http: { hostname: "web.example", url, http_method: "GET", protocol: "HTTP/1.1", status: 200 },
  });
}

/** Text that must show as text: markup, script, a turned direction, escapes of terminals, one endless word. */
export const HOSTILE = ['<img src=x onerror="alert(document.domain)">', '"><script>alert(1)</script>', "invoice\u202egpj.exe", "\u001b[31mred\u001b[0m\u001b]0;owned\u0007", "A".repeat(10_240), "javascript:alert(1)"];

/** Sends records; resolves to the server's answer. */
export async function send(url, records, headers = {}) {
  const response = await fetch(`${url}/api/v1/alerts`, { method: "POST", headers: { "Content-Type": "application/x-ndjson", ...headers }, body: `${records.join("\n")}\n` });
  if (response.status !== 202) throw new Error(`the server answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** What every test needs to be there. */
export async function seed(url) {
  const longAgo = new Date(Date.now() - 90 * 86_400_000);
  await send(url, [
    record({ signature: "Seed: earlier contact", id: 2_990_009, source: addresses.old, time: longAgo }),
    ...Array.from({ length: 6 }, (_, which) => record({ signature: `Seed: attempt number ${which}`, id: 2_990_010 + which, target: addresses.asset })),
    ...HOSTILE.map((signature, which) => record({ signature, id: 2_990_100 + which, source: addresses.hostile, target: addresses.other, url: `/${encodeURI(signature).slice(0, 200)}` })),
    '{"timestamp":"2026-11-21T09:14:03","event_type":"al<img src=x onerror=alert(2)>',
  ]);
}
