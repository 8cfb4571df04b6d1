//! Single alerts that look like the attacks of the day, and are not.
//!
//! Without these, whatever is rare would be bad, and a look at the rarest rules would find every attack. An
//! administrator uses PsExec too; a handbook page holds the output of `id`; an installer puts its script in base64.

use crate::catalogue::{DROPPED_BINARY, ENCODED_POWERSHELL, ID_ROOT, PSEXEC};
use crate::company::{BUILD, DC1, DEVELOPER, ENGINEER, ERP, Host, MONITOR, SFTP};
use crate::dice::Dice;
use crate::formats::ecs::{self, alert as elastic};
use crate::formats::falco::{self, Container, Process};
use crate::formats::guardduty::{Action, Finding, Resource, finding};
use crate::formats::hayabusa::{detection, logon_id};
use crate::formats::suricata::{Flow, alert, http};
use crate::formats::wazuh::{self, Rule, from_log, rule};
use crate::json::Object;
use crate::moment::Day;
use crate::outside::{SUPPLIERS, at_home};
use crate::record::{Record, Story};

const LSASS_ACCESS: ecs::Rule = ecs::rule(
    "Suspicious Lsass Process Access",
    "128468bf-cab1-4637-99ea-fdf3780a4609",
    "eql",
    47,
    "T1003.001",
);
const NEW_USER: Rule =
    rule("5902", 8, "New user added to the system.", &["syslog", "adduser"], &["T1136.001"]);
const PROMISCUOUS: Rule = rule(
    "5104",
    8,
    "Interface entered in promiscuous(sniffing) mode.",
    &["syslog", "linuxkernel", "promisc"],
    &["T1040"],
);
const RUNNER: Container =
    Container { id: "c27b60f8e1d5", name: "runner-build", image: "debian", tag: "bookworm-slim", pod: None };

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = on_windows(dice, day);
    records.extend(on_linux(dice, day));
    records.push(handbook_page(dice, day));
    records.push(root_in_the_cloud(dice, day));
    records
}

fn tell(record: Record, host: &Host, what: &'static str) -> Record {
    record.telling(Story::Harmless, host.name, what)
}

fn on_windows(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    let at = day.around(dice, 13, 52, 30);
    let details = Object::new()
        .with(
            "Cmdline",
            "powershell.exe -NoProfile -EncodedCommand VwByAGkAdABlAC0ATwB1AHQAcAB1AHQAIAAnAG8AawAnAA==",
        )
        .with("Proc", "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe")
        .with("User", "HALDEN\\d.schwarz")
        .with("ParentCmdline", "\"C:\\Program Files\\LabVision\\Setup\\setup.exe\" /install")
        .with("LID", logon_id(dice))
        .with("PID", dice.between(900, 19_000));
    let record = detection(dice, at, &ENGINEER, &ENCODED_POWERSHELL, details, Object::new());
    records.push(tell(record, &ENGINEER, "an installer's own script, in base64"));

    let at = day.around(dice, 21, 6, 12);
    let details = Object::new()
        .with("Svc", "PSEXESVC")
        .with("Path", "%SystemRoot%\\PSEXESVC.exe")
        .with("Acct", "LocalSystem")
        .with("StartType", "demand start");
    let record = detection(dice, at, &ERP, &PSEXEC, details, Object::new().with("User", "adm-novak"));
    records.push(tell(record, &ERP, "an administrator in the announced maintenance window"));

    let at = day.around(dice, 10, 15, 3);
    let more = Object::new()
        .with("user", Object::new().with("name", "SYSTEM").with("domain", "NT AUTHORITY"))
        .with("process", Object::new().with("name", "MsMpEng.exe").with("pid", dice.between(900, 19_000)));
    let reason = format!(
        "process event with process MsMpEng.exe, by SYSTEM on dc01 created alert {}.",
        LSASS_ACCESS.name
    );
    let record = elastic(dice, at, &DC1, &LSASS_ACCESS, reason, more);
    records.push(tell(record, &DC1, "the virus scanner reads the memory that it protects"));
    records
}

fn on_linux(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();

    let at = day.around(dice, 9, 48, 21);
    let head = at.text("%b %e %H:%M:%S");
    let line = format!(
        "{head} sftp01 useradd[4112]: new user: name=lumenoptics, UID=1042, GID=1042, home=/srv/sftp/lumenoptics, shell=/usr/sbin/nologin"
    );
    let data =
        Object::new().with("dstuser", "lumenoptics").with("uid", "1042").with("shell", "/usr/sbin/nologin");
    let record =
        wazuh::alert(dice, at, &SFTP, &NEW_USER, data, from_log("useradd", "/var/log/auth.log", line));
    records.push(tell(record, &SFTP, "a customer's account, as ordered"));

    let at = day.around(dice, 14, 31, 55);
    let head = at.text("%b %e %H:%M:%S");
    let line = format!("{head} mon01 kernel: device eth0 entered promiscuous mode");
    let origin = from_log("kernel", "/var/log/kern.log", line);
    let record = wazuh::alert(dice, at, &MONITOR, &PROMISCUOUS, Object::new(), origin);
    records.push(tell(record, &MONITOR, "an administrator runs tcpdump"));

    let at = day.around(dice, 11, 38, 44);
    let process = Process {
        name: "rustc",
        path: "/usr/local/bin/rustc",
        parent: "cargo",
        command: "rustc --crate-name spectra --edition=2024 src/lib.rs",
        user: ("root", 0),
        terminal: 0,
    };
    let first = Object::new().with("proc.cwd", "/builds/spectra/");
    let record = falco::event(dice, at, &BUILD, &DROPPED_BINARY, Some(&RUNNER), first, &process);
    records.push(tell(record, &BUILD, "a build fetches its compiler, then uses it"));
    records
}

/// The rule fires on a text, and a handbook of Unix holds that text.
fn handbook_page(dice: &mut Dice, day: Day) -> Record {
    let at = day.around(dice, 15, 4, 8);
    let (address, name) = SUPPLIERS[0];
    let flow = Flow::tcp(dice, DEVELOPER.ip, address, 80).speaking("http").answered();
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let more = Object::new().with("http", http(name, "/handbook/permissions.html", agent, "GET", 200));
    tell(alert(dice, at, &ID_ROOT, &flow, more), &DEVELOPER, "a page of a handbook that quotes `uid=0(root)`")
}

fn root_in_the_cloud(dice: &mut Dice, day: Day) -> Record {
    let at = day.around(dice, 8, 33, 19);
    let remote = at_home("a.moreau");
    let usage = Finding {
        kind: "Policy:IAMUser/RootCredentialUsage",
        id: dice.hex(32),
        severity: 2.0,
        title: "API GetAccountSummary was invoked using root credentials.".to_owned(),
        description: "API GetAccountSummary was invoked using root credentials from a known address."
            .to_owned(),
        resource: Resource::AccessKey { user: "Root" },
        action: Action::ApiCall { api: "GetAccountSummary", service: "iam.amazonaws.com", remote: &remote },
        count: 1,
        first_seen: at.plus(-240).millis(),
    };
    finding(dice, at, usage).telling(Story::Harmless, "AWS", "the yearly check of the billing contact")
}
