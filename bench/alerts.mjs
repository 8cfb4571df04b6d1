// Makes alerts for load tests: Suricata EVE and Wazuh 4, as their products write them.
//
// Load that is one alert a thousand times measures a cache. So rules, hosts and addresses are spread as they are in
// practice: few rules make most of the noise, some hosts are louder than others, and attackers come from many
// addresses that are seen once or twice. Runs with the same seed make the same alerts, but for their times and ids.
//
// Plain ECMAScript without any import: k6 and Node both read it.

/// Numbers by chance that are repeatable: xorshift128, seeded by splitmix32.
export class Dice {
  constructor(seed) {
    let state = seed >>> 0;
    const next = () => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    this.a = next();
    this.b = next();
    this.c = next();
    this.d = next() | 1;
  }

  /// 0 to 1, without 1.
  share() {
    let turned = this.a ^ (this.a << 11);
    this.a = this.b;
    this.b = this.c;
    this.c = this.d;
    turned ^= turned >>> 8;
    this.d = (turned ^ this.d ^ (this.d >>> 19)) >>> 0;
    return this.d / 4294967296;
  }

  /// A whole number from `low` to `high`, both included.
  between(low, high) {
    return low + Math.floor(this.share() * (high - low + 1));
  }

  /// Whether something happens that does so in `percent` of all cases.
  percent(percent) {
    return this.share() * 100 < percent;
  }

  pick(list) {
    return list[Math.floor(this.share() * list.length)];
  }

  /// Lower-case hexadecimal digits.
  hex(digits) {
    let text = '';
    while (text.length < digits) text += Math.floor(this.share() * 16).toString(16);
    return text;
  }
}

/// Ranks from 0, the first the most frequent: rank r has the weight 1 / (r + 1)^exponent.
export class Zipf {
  constructor(ranks, exponent) {
    this.reached = [];
    let sum = 0;
    for (let rank = 1; rank <= ranks; rank++) {
      sum += 1 / Math.pow(rank, exponent);
      this.reached.push(sum);
    }
  }

  draw(dice) {
    const wanted = dice.share() * this.reached[this.reached.length - 1];
    let low = 0;
    let high = this.reached.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.reached[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

// sid, rev, text, category, severity, application, port at the destination, which way (in: from outside).
const SIGNATURES = [
  [2403300, 99153, 'ET CINS Active Threat Intelligence Poor Reputation IP group 1', 'Misc Attack', 2, null, 23, 'in'],
  [2402000, 7221, 'ET DROP Dshield Block Listed Source group 1', 'Misc Attack', 2, null, 445, 'in'],
  [2210054, 1, 'SURICATA STREAM excessive retransmissions', 'Generic Protocol Command Decode', 3, null, 443, 'out'],
  [2013504, 5, 'ET POLICY GNU/Linux APT User-Agent Outbound likely related to package management', 'Not Suspicious Traffic', 3, 'http', 80, 'out'],
  [2001219, 20, 'ET SCAN Potential SSH Scan', 'Attempted Information Leak', 2, null, 22, 'in'],
  [2210048, 2, 'SURICATA STREAM reassembly sequence GAP -- missing packet(s)', 'Generic Protocol Command Decode', 3, null, 443, 'out'],
  [2010935, 3, 'ET SCAN Suspicious inbound to MSSQL port 1433', 'Potentially Bad Traffic', 2, null, 1433, 'in'],
  [2010937, 3, 'ET SCAN Suspicious inbound to mySQL port 3306', 'Potentially Bad Traffic', 2, null, 3306, 'in'],
  [2010939, 3, 'ET SCAN Suspicious inbound to PostgreSQL port 5432', 'Potentially Bad Traffic', 2, null, 5432, 'in'],
  [2027397, 1, 'ET POLICY Spotify P2P Client', 'Not Suspicious Traffic', 3, null, 57621, 'out'],
  [2034647, 1, 'ET EXPLOIT Apache log4j RCE Attempt (http ldap) (CVE-2021-44228)', 'Attempted Administrator Privilege Gain', 1, 'http', 8080, 'in'],
  [2006446, 13, 'ET WEB_SERVER Possible SQL Injection Attempt UNION SELECT', 'Web Application Attack', 1, 'http', 443, 'in'],
  [2018959, 4, 'ET POLICY PE EXE or DLL Windows file download HTTP', 'Potential Corporate Privacy Violation', 1, 'http', 80, 'out'],
  [2024897, 1, 'ET USER_AGENTS Go HTTP Client User-Agent', 'Misc activity', 3, 'http', 80, 'in'],
  [2031502, 1, 'ET INFO Request to Hidden Environment File - Inbound', 'Attempted Information Leak', 2, 'http', 80, 'in'],
  [2100498, 7, 'GPL ATTACK_RESPONSE id check returned root', 'Potentially Bad Traffic', 2, 'http', 80, 'in'],
  [2027865, 4, 'ET INFO Observed DNS Query to .cloud TLD', 'Potentially Bad Traffic', 2, 'dns', 53, 'out'],
  [2002911, 5, 'ET SCAN Potential VNC Scan 5900-5920', 'Attempted Information Leak', 2, null, 5900, 'in'],
];

// id, level, description, groups, techniques, decoder.
const RULES = [
  ['5710', 5, 'sshd: Attempt to login using a non-existent user', ['syslog', 'sshd', 'authentication_failed', 'invalid_login'], ['T1110.001', 'T1021.004'], 'sshd'],
  ['5503', 5, 'PAM: User login failed.', ['pam', 'syslog', 'authentication_failed'], ['T1110.001'], 'pam'],
  ['5501', 3, 'PAM: Login session opened.', ['pam', 'syslog', 'authentication_success'], ['T1078'], 'pam'],
  ['5402', 3, 'Successful sudo to ROOT executed.', ['syslog', 'sudo'], ['T1548.003'], 'sudo'],
  ['60122', 5, 'Logon failure - Unknown user or bad password.', ['windows', 'windows_security', 'authentication_failed'], ['T1110.001'], 'windows_eventchannel'],
  ['31101', 5, 'Web server 400 error code.', ['web', 'accesslog', 'attack'], [], 'web-accesslog'],
  ['5763', 10, 'sshd: brute force trying to get access to the system. Authentication failed.', ['syslog', 'sshd', 'authentication_failures'], ['T1110'], 'sshd'],
  ['554', 5, 'File added to the system.', ['ossec', 'syscheck', 'syscheck_entry_added', 'syscheck_file'], [], 'syscheck_new_entry'],
  ['5715', 3, 'sshd: authentication success.', ['syslog', 'sshd', 'authentication_success'], ['T1078', 'T1021'], 'sshd'],
  ['31151', 10, 'Multiple web server 400 error codes from same source ip.', ['web', 'accesslog', 'web_scan', 'recon'], ['T1595.002'], 'web-accesslog'],
  ['510', 7, 'Host-based anomaly detection event (rootcheck).', ['ossec', 'rootcheck'], [], 'rootcheck'],
  ['5712', 10, 'sshd: brute force trying to get access to the system. Non existent user.', ['syslog', 'sshd', 'authentication_failures'], ['T1110'], 'sshd'],
  ['506', 3, 'Wazuh agent stopped.', ['ossec'], ['T1562.001'], 'ossec'],
  ['31106', 6, 'A web attack returned code 200 (success).', ['web', 'accesslog', 'attack'], ['T1190'], 'web-accesslog'],
];

const USERS = ['root', 'admin', 'oracle', 'postgres', 'git', 'ubuntu', 'deploy', 'jenkins', 'test', 'backup', 'ftpuser', 'ana'];
const SITES = ['shop', 'web', 'db', 'mail', 'ci', 'files', 'vpn', 'app'];

/// Makes alerts. Every maker of one run has a `stream` of its own (a connection's number), so that no two alerts of
/// the run have the same id.
export class Maker {
  constructor(seed, stream, hosts = 240) {
    this.dice = new Dice(seed * 65537 + stream + 1);
    // Apart by run too: a store may have seen the same stream before.
    this.run = new Dice(Date.now() >>> 0).hex(6);
    this.stream = stream;
    this.made = 0;
    this.signatures = new Zipf(SIGNATURES.length, 1);
    this.rules = new Zipf(RULES.length, 1);
    this.hosts = new Zipf(hosts, 0.8);
  }

  /// The next alert, as an object.
  next() {
    this.made += 1;
    return this.dice.percent(60) ? this.suricata() : this.wazuh();
  }

  /// So many alerts as NDJSON.
  lines(alerts) {
    let text = '';
    for (let made = 0; made < alerts; made++) text += JSON.stringify(this.next()) + '\n';
    return text;
  }

  /// An id that no other alert has.
  id() {
    return `${this.run}-${this.stream}-${this.made}`;
  }

  host() {
    const number = this.hosts.draw(this.dice);
    const name = `${SITES[number % SITES.length]}${String(1 + Math.floor(number / SITES.length)).padStart(2, '0')}`;
    return { number, name, ip: `10.20.${1 + (number % 6)}.${10 + Math.floor(number / 6)}` };
  }

  /// An address of the networks that documentation and benchmarks may use (RFC 5737, RFC 2544).
  outsider() {
    // Of 20,000; the n-th is met 1/n times as often as the first. A table of them all would be made per user.
    const number = Math.floor(Math.exp(this.dice.share() * Math.log(20000))) - 1;
    if (number < 256) return `203.0.113.${number}`;
    return `198.${18 + (number & 1)}.${(number >> 8) & 255}.${number & 255}`;
  }

  suricata() {
    const dice = this.dice;
    const [id, rev, signature, category, severity, app, port, way] = SIGNATURES[this.signatures.draw(dice)];
    const inside = this.host();
    const outside = this.outsider();
    const time = new Date(Date.now());
    const alert = {
      timestamp: time.toISOString().replace('Z', '000+0000'),
      // Suricata's flow ids are numbers of 51 bits; this one is unique in its stream.
      flow_id: (this.stream + 1) * 1e11 + this.made,
      in_iface: 'eth1',
      event_type: 'alert',
      src_ip: way === 'in' ? outside : inside.ip,
      src_port: dice.between(1025, 65535),
      dest_ip: way === 'in' ? inside.ip : outside,
      dest_port: port,
      proto: app === 'dns' ? 'UDP' : 'TCP',
      host: 'ids01',
      community_id: `1:${this.id()}`,
      alert: { action: dice.percent(5) ? 'blocked' : 'allowed', gid: 1, signature_id: id, rev, signature, category, severity },
      flow: {
        pkts_toserver: dice.between(1, 60),
        pkts_toclient: dice.between(0, 60),
        bytes_toserver: dice.between(60, 40000),
        bytes_toclient: dice.between(0, 90000),
        start: new Date(time.getTime() - dice.between(1, 3000)).toISOString().replace('Z', '000+0000'),
      },
    };
    if (app !== null) alert.app_proto = app;
    if (app === 'http') {
      alert.http = {
        hostname: way === 'in' ? `${inside.name}.halden.example` : `cdn${dice.between(1, 40)}.example`,
        url: dice.pick(['/', '/login', '/.env', '/api/v2/items', '/wp-login.php', '/search?q=']) + (dice.percent(30) ? dice.hex(6) : ''),
        http_user_agent: dice.pick(['curl/8.5.0', 'Mozilla/5.0', 'Go-http-client/1.1', 'python-requests/2.31']),
        http_method: dice.percent(80) ? 'GET' : 'POST',
        protocol: 'HTTP/1.1',
        status: dice.pick([200, 200, 301, 403, 404, 404, 500]),
        length: dice.between(0, 9000),
      };
    }
    if (app === 'dns') alert.dns = { query: [{ rrname: `${dice.hex(8)}.cloud`, rrtype: 'A' }] };
    return alert;
  }

  wazuh() {
    const dice = this.dice;
    const [id, level, description, groups, techniques, decoder] = RULES[this.rules.draw(dice)];
    const host = this.host();
    const user = dice.pick(USERS);
    const from = this.outsider();
    const now = new Date(Date.now());
    const rule = { level, description, id, firedtimes: dice.between(1, 60), mail: level >= 12, groups };
    if (techniques.length > 0) rule.mitre = { id: techniques };
    if (id === '5712' || id === '5763' || id === '31151') rule.frequency = 8;
    const data = {};
    let log = `${description} on ${host.name}`;
    let location = '/var/log/syslog';
    if (decoder === 'sshd' || decoder === 'pam') {
      data.srcip = from;
      data.dstuser = user;
      if (decoder === 'sshd') data.srcport = String(dice.between(1025, 65535));
      log = `${host.name} sshd[${dice.between(300, 32000)}]: Failed password for ${user} from ${from} port ${dice.between(1025, 65535)} ssh2`;
      location = '/var/log/auth.log';
    } else if (decoder === 'web-accesslog') {
      data.srcip = from;
      data.url = `/${dice.hex(5)}`;
      data.id = dice.pick(['400', '403', '404']);
      log = `${from} - - "GET ${data.url} HTTP/1.1" ${data.id} ${dice.between(100, 900)}`;
      location = '/var/log/nginx/access.log';
    } else if (decoder === 'sudo') {
      data.srcuser = user;
      data.dstuser = 'root';
      data.command = dice.pick(['/usr/bin/apt update', '/usr/bin/systemctl restart nginx', '/bin/bash']);
      location = '/var/log/auth.log';
    }
    return {
      timestamp: now.toISOString().replace('Z', '+0000'),
      rule,
      agent: { id: String(host.number + 1).padStart(3, '0'), name: host.name, ip: host.ip },
      manager: { name: 'siem01' },
      id: `${Math.floor(now.getTime() / 1000)}.${this.id()}`,
      full_log: log,
      decoder: { name: decoder },
      data,
      location,
    };
  }
}
