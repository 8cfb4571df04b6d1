//! Computers looking after themselves: packages, virus patterns, checksums, services, agents.

use super::rhythm::Rhythm;
use crate::catalogue::FILE_ADDED;
use crate::company::{BUILD, Host, Os, PEOPLE, running, workstations};
use crate::dice::Dice;
use crate::formats::cef::{Virus, virus};
use crate::formats::hayabusa::{self, detection};
use crate::formats::wazuh::{self, Origin, Rule, WINDOWS, alert, from_log, rule};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::record::Record;

const PATTERNS_UPDATED: Rule =
    rule("52507", 3, "ClamAV database update", &["clamd", "freshclam", "virus"], &[]);
const PACKAGE: Rule =
    rule("2902", 7, "New dpkg (Debian Package) installed.", &["syslog", "dpkg", "config_changed"], &[]);
const CHECKSUM: Rule = rule(
    "550",
    7,
    "Integrity checksum changed.",
    &["ossec", "syscheck", "syscheck_entry_modified", "syscheck_file"],
    &["T1565.001"],
);
const ROTATED: Rule = rule("591", 3, "Log file rotated.", &["ossec"], &[]);
const AGENT_STARTED: Rule = rule("503", 3, "Wazuh agent started.", &["ossec"], &[]);
const AGENT_STOPPED: Rule = rule("506", 3, "Wazuh agent stopped.", &["ossec"], &[]);
const PORTS_CHANGED: Rule =
    rule("533", 7, "Listened ports status (netstat) changed (new port opened or closed).", &["ossec"], &[]);
const STARTUP_TYPE: Rule =
    rule("61104", 3, "Service startup type was changed", &["windows", "windows_system"], &[]);
const SOFTWARE_PROTECTION: Rule = rule(
    "60642",
    3,
    "Software protection service scheduled successfully.",
    &["windows", "windows_application"],
    &[],
);
const APPLICATION_ERROR: Rule = rule(
    "60602",
    9,
    "Windows application error event.",
    &["windows", "windows_application", "system_error"],
    &[],
);

const SERVICE_INSTALLED: hayabusa::Rule =
    hayabusa::rule("Svc Installed", "64c5d39d-10a7-44f4-b5d6-fd0d93d0a69f", "info", "Sys", 7045);
const TASK_CREATED: hayabusa::Rule =
    hayabusa::rule("Task Created", "33599dfb-f3e4-4298-8d3f-59407f65f4e7", "info", "TaskSch", 106);
const SCRIPT_BLOCK: hayabusa::Rule =
    hayabusa::rule("PwSh Scriptblock", "0f3b1343-65a5-4879-b512-9d61b0e4e3ba", "info", "PwSh", 4104);

const SCANNER_ACTIONS: [&str; 2] = ["File quarantined", "File cleaned"];

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Flat.moments(dice, day, 34) {
        let on = *dice.pick(&running(Os::Linux));
        let line = format!("{} -> daily.cld database updated", at.text("%a %b %e %H:%M:%S %Y"));
        let origin = from_log("freshclam", "/var/log/clamav/freshclam.log", line);
        records.push(alert(dice, at, &on, &PATTERNS_UPDATED, Object::new(), origin));
    }
    for at in Rhythm::Night.moments(dice, day, 42) {
        records.push(package(dice, at));
    }
    for at in Rhythm::Night.moments(dice, day, 30) {
        records.push(integrity(dice, at));
    }
    for at in Rhythm::Flat.moments(dice, day, 52) {
        records.push(service(dice, at));
    }
    for at in Rhythm::Flat.moments(dice, day, 30) {
        records.push(agent(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 44) {
        records.push(windows_chore(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 26) {
        records.push(nuisance(dice, at));
    }
    records
}

fn package(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&running(Os::Linux));
    let (name, version) = *dice.pick(&[
        ("openssl:amd64", "3.0.18-1~deb12u2"),
        ("libc6:amd64", "2.36-9+deb12u13"),
        ("curl:amd64", "7.88.1-10+deb12u14"),
        ("linux-image-6.1.0-41-amd64:amd64", "6.1.158-1"),
        ("tzdata:all", "2026a-0+deb12u1"),
    ]);
    let line = format!("{} status installed {name} {version}", at.text("%Y-%m-%d %H:%M:%S"));
    let data = Object::new()
        .with("dpkg_status", "status installed")
        .with("package", name)
        .with("version", version)
        .with("arch", "amd64");
    alert(dice, at, &on, &PACKAGE, data, from_log("dpkg-decoder", "/var/log/dpkg.log", line))
}

/// Files that packages change, and what people drop on the file transfer server.
fn integrity(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&running(Os::Linux));
    let path = *dice.pick(&["/etc/ld.so.cache", "/etc/mtab", "/usr/bin/curl", "/etc/resolv.conf"]);
    let (rule, event) = if dice.chance(70) { (&CHECKSUM, "modified") } else { (&FILE_ADDED, "added") };
    file_event(dice, at, &on, rule, path, event)
}

fn file_event(dice: &mut Dice, at: Moment, on: &Host, rule: &Rule, path: &str, event: &str) -> Record {
    let sum = dice.hex(64);
    let line = format!("File '{path}' {event}\nMode: scheduled\n");
    let data = Object::new().with("path", path).with("event", event).with("sha256_after", sum);
    let origin = Origin { decoder: "syscheck_integrity_changed", location: "syscheck", full_log: Some(line) };
    alert(dice, at, on, rule, data, origin)
}

fn service(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&running(Os::Windows));
    if dice.chance(60) {
        let fields = Object::new()
            .with("param1", "Background Intelligent Transfer Service")
            .with("param2", "demand start")
            .with("param3", "auto start")
            .with("param4", "BITS");
        let data = wazuh::windows(dice, at, &on, 7040, "System", fields);
        alert(dice, at, &on, &STARTUP_TYPE, data, WINDOWS)
    } else {
        let fields = Object::new().with("data", "2126-02-21T05:09:12Z, RulesEngine");
        let data = wazuh::windows(dice, at, &on, 16384, "Application", fields);
        alert(dice, at, &on, &SOFTWARE_PROTECTION, data, WINDOWS)
    }
}

fn agent(dice: &mut Dice, at: Moment) -> Record {
    let linux = running(Os::Linux);
    let on = *dice.pick(&linux);
    let (rule, line) = match dice.below(5) {
        0 => (&AGENT_STARTED, format!("ossec: Agent started: '{}->any'.", on.name)),
        1 => (&AGENT_STOPPED, format!("ossec: Agent stopped: '{}->any'.", on.name)),
        2 => (
            &PORTS_CHANGED,
            format!("ossec: output: 'netstat listening ports':\ntcp 0.0.0.0:{} LISTEN", dice.port()),
        ),
        _ => (&ROTATED, "ossec: File rotated (inode changed): '/var/log/syslog'.".to_owned()),
    };
    alert(dice, at, &on, rule, Object::new(), from_log("ossec", "wazuh-monitord", line))
}

fn windows_chore(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&running(Os::Windows));
    match dice.below(10) {
        0..3 => {
            let (name, path) = *dice.pick(&[
                ("MpKslDrv", "C:\\ProgramData\\Microsoft\\Windows Defender\\MpKslDrv.sys"),
                (
                    "GoogleUpdaterService",
                    "\"C:\\Program Files (x86)\\Google\\GoogleUpdater\\updater.exe\" --system",
                ),
            ]);
            let details = Object::new()
                .with("Svc", name)
                .with("Path", path)
                .with("Acct", "LocalSystem")
                .with("StartType", "auto start");
            detection(dice, at, &on, &SERVICE_INSTALLED, details, Object::new())
        }
        3..6 => {
            let details = Object::new()
                .with("Name", "\\Microsoft\\Office\\Office Feature Updates Logon")
                .with("UserContext", format!("HALDEN\\{}", dice.pick(&PEOPLE)));
            detection(dice, at, &on, &TASK_CREATED, details, Object::new())
        }
        6..9 => {
            let script = *dice.pick(&[
                "Get-ADUser -Filter * -Properties PasswordLastSet",
                "Get-MpComputerStatus | Select-Object AntivirusSignatureVersion",
                "Import-Module ConfigurationManager",
            ]);
            detection(dice, at, &on, &SCRIPT_BLOCK, Object::new().with("ScriptBlock", script), Object::new())
        }
        _ => {
            let fields = Object::new().with("data", "OUTLOOK.EXE, 16.0.17928.20216, ntdll.dll, c0000005");
            let data = wazuh::windows(dice, at, &on, 1000, "Application", fields);
            alert(dice, at, &on, &APPLICATION_ERROR, data, WINDOWS)
        }
    }
}

/// What a virus scanner finds on an ordinary day, and cleans.
fn nuisance(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&workstations());
    let (name, folder, file) = *dice.pick(&[
        ("PUA_InstallCore", "C:\\Users\\Public\\Downloads", "pdf-converter-setup.exe"),
        ("COOKIE_Adcentric", "C:\\Users\\Public\\AppData\\Local\\Temp", "cookies.txt"),
        ("ADW_OpenCandy", "C:\\Users\\Public\\Downloads", "video-player.exe"),
        ("Eicar_test_file", "C:\\Users\\Public\\Desktop", "eicar.com"),
    ]);
    let (host, user) =
        if name == "Eicar_test_file" { (BUILD.name, "g.novak") } else { (on.name, *dice.pick(&PEOPLE)) };
    let action = *dice.pick(&SCANNER_ACTIONS);
    let found = Virus { name, action, host, user, folder, file };
    virus(dice, at, &found)
}
