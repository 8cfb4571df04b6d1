//! The authorised vulnerability scan: every Tuesday night from two to four, from one known host, with a badge in its
//! user agent. It looks like the worst attack of the day, and is none.

use crate::catalogue::{LOG4J, UNION_SELECT};
use crate::company::{DATABASE, ERP, FILES, OWA, SCANNER, SFTP, SHOP, SSH_GATEWAY, WEB};
use crate::dice::Dice;
use crate::formats::suricata::{Class, Flow, Signature, alert, http, signature};
use crate::formats::wazuh::{self, Rule, from_log, rule};
use crate::formats::zeek::{Notice, host_notice};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::record::Record;

const AGENT: &str = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0) Nessus-Halden-Weekly";

/// What it asks web servers: weight, rule, path.
const WEB_RULES: [(u32, (Signature, &str)); 6] = [
    (10, (signature(2002664, 10, "ET SCAN Nessus User Agent", RECON), "/")),
    (5, (UNION_SELECT, "/search?q=1%27+UNION+SELECT+NULL--")),
    (4, (LOG4J, "/?x=${jndi:ldap://10.20.9.10:389/nessus}")),
    (4, (signature(2002677, 13, "ET SCAN Nikto Web App Scan in Progress", ATTACK), "/cgi-bin/test-cgi")),
    (3, (BASH_IN_URI, "/status?cmd=/bin/bash")),
    (3, (SYSTEM32, "/scripts/..%5c../winnt/system32/cmd.exe")),
];
const RECON: Class = Class::AttemptedRecon;
const ATTACK: Class = Class::WebAttack;
const BASH_IN_URI: Signature = signature(
    2010667,
    6,
    "ET WEB_SERVER /bin/bash In URI, Possible Shell Command Execution Attempt Within Web Exploit",
    ATTACK,
);
const SYSTEM32: Signature = signature(
    2009362,
    6,
    "ET WEB_SERVER /system32/ in Uri - Possible Protected Directory Access Attempt",
    RECON,
);

/// What it sends to ports.
const PORT_RULES: [(Signature, u16); 4] = [
    (signature(2009582, 3, "ET SCAN NMAP -sS window 1024", RECON), 135),
    (signature(2018489, 4, "ET SCAN NMAP OS Detection Probe", RECON), 1),
    (PORT_445, 445),
    (signature(2015754, 3, "ET SCAN Nessus Netbios Scanning", RECON), 137),
];
const PORT_445: Signature = signature(
    2001569,
    15,
    "ET SCAN Behavioral Unusual Port 445 traffic Potential Scan or Infection",
    Class::MiscActivity,
);

const SSH_UNKNOWN_USER: Rule = rule(
    "5710",
    5,
    "sshd: Attempt to login using a non-existent user",
    &["syslog", "sshd", "authentication_failed", "invalid_login"],
    &["T1110.001", "T1021.004"],
);
const WEB_ERROR: Rule = rule("31101", 5, "Web server 400 error code.", &["web", "accesslog", "attack"], &[]);
const WEB_ERRORS: Rule = rule(
    "31151",
    10,
    "Multiple web server 400 error codes from same source ip.",
    &["web", "accesslog", "web_scan", "recon"],
    &[],
);

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for _ in 0..78 {
        let at = during_the_scan(dice, day);
        records.push(web_probe(dice, at));
    }
    for _ in 0..34 {
        let at = during_the_scan(dice, day);
        let (rule, port) = *dice.pick(&PORT_RULES);
        let target = *dice.pick(&[DATABASE, ERP, FILES, SHOP, OWA]);
        let flow = if matches!(port, 1 | 137) {
            Flow::udp(dice, SCANNER.ip, target.ip, port)
        } else {
            Flow::tcp(dice, SCANNER.ip, target.ip, port)
        };
        records.push(alert(dice, at, &rule, &flow, Object::new()));
    }
    for _ in 0..34 {
        let at = during_the_scan(dice, day);
        records.push(host_alert(dice, at));
    }
    for (minute, target) in [(6, DATABASE), (31, ERP), (58, FILES), (83, SHOP)] {
        let at = day.around(dice, 2, minute, 30);
        let notice = Notice {
            note: "Scan::Port_Scan",
            message: format!(
                "{} scanned at least 15 unique ports of host {} in 0m{}s",
                SCANNER.ip,
                target.ip,
                dice.between(2, 40)
            ),
            sub: Some("local".to_owned()),
        };
        records.push(host_notice(at, Some(SCANNER.ip), notice));
    }
    records
}

fn during_the_scan(dice: &mut Dice, day: Day) -> Moment {
    let second = dice.between(0, 115 * 60);
    day.around(dice, 2, 0, second)
}

fn web_probe(dice: &mut Dice, at: Moment) -> Record {
    let (rule, url) = *dice.weighted(&WEB_RULES);
    let target = *dice.pick(&[SHOP, WEB, OWA, ERP]);
    let flow = Flow::tcp(dice, SCANNER.ip, target.ip, 80).speaking("http");
    let more = Object::new().with("http", http(&target.full_name(), url, AGENT, "GET", 404));
    alert(dice, at, &rule, &flow, more)
}

fn host_alert(dice: &mut Dice, at: Moment) -> Record {
    if dice.chance(40) {
        let on = *dice.pick(&[SSH_GATEWAY, SFTP]);
        let port = dice.port();
        let line = format!("Invalid user nessus from {} port {port}", SCANNER.ip);
        let data = Object::new()
            .with("srcip", SCANNER.ip)
            .with("srcport", port.to_string())
            .with("srcuser", "nessus");
        let origin = wazuh::sshd(dice, at, &on, &line);
        return wazuh::alert(dice, at, &on, &SSH_UNKNOWN_USER, data, origin);
    }
    let on = *dice.pick(&[SHOP, WEB]);
    let rule = if dice.chance(25) { &WEB_ERRORS } else { &WEB_ERROR };
    let url = *dice.pick(&["/phpmyadmin/", "/manager/html", "/.git/config"]);
    let line = format!(
        "{} - - [{}] \"GET {url} HTTP/1.1\" 404 153 \"-\" \"{AGENT}\"",
        SCANNER.ip,
        at.text("%d/%b/%Y:%H:%M:%S +0000")
    );
    let data =
        Object::new().with("protocol", "GET").with("srcip", SCANNER.ip).with("id", "404").with("url", url);
    wazuh::alert(dice, at, &on, rule, data, from_log("web-accesslog", "/var/log/nginx/access.log", line))
}
