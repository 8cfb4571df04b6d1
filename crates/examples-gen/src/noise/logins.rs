//! People and services logging in: most succeed, some mistype, one forgets a new password after a holiday.

use super::rhythm::Rhythm;
use crate::catalogue::{VPN_FAILURE, VPN_UP, WINDOWS_FAILURE};
use crate::company::{
    ADMINISTRATORS, DC1, DC2, ERP, FILES, Host, LOGISTICS, Os, PEOPLE, SERVICES, SSH_GATEWAY, VPN, running,
    workstations,
};
use crate::dice::Dice;
use crate::formats::hayabusa::{self, logon_id};
use crate::formats::ocsf::{Detection, Evidence, finding};
use crate::formats::wazuh::{self, Rule, WINDOWS, from_log, rule};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::outside::at_home;
use crate::record::Record;

const WINDOWS_LOGON: Rule = rule(
    "60106",
    3,
    "Windows logon success.",
    &["windows", "windows_security", "authentication_success"],
    &["T1078"],
);
const LOCKED_OUT: Rule = rule(
    "60115",
    9,
    "User account locked out (multiple login errors).",
    &["windows", "windows_security", "authentication_failures"],
    &["T1110"],
);
const SSH_SUCCESS: Rule = rule(
    "5715",
    3,
    "sshd: authentication success.",
    &["syslog", "sshd", "authentication_success"],
    &["T1078", "T1021"],
);
const SSH_FAILURE: Rule = rule(
    "5760",
    5,
    "sshd: authentication failed.",
    &["syslog", "sshd", "authentication_failed"],
    &["T1110.001", "T1021.004"],
);
const SESSION_OPENED: Rule =
    rule("5501", 3, "PAM: Login session opened.", &["pam", "syslog", "authentication_success"], &["T1078"]);
const SUDO: Rule = rule("5402", 3, "Successful sudo to ROOT executed.", &["syslog", "sudo"], &["T1548.003"]);
const VPN_DOWN: Rule = rule("81624", 3, "Fortigate: VPN user disconnected.", &["fortigate", "syslog"], &[]);

const NETWORK_LOGON: hayabusa::Rule =
    hayabusa::rule("Logon (Network)", "c7b22878-e5d8-4c30-b245-e51fd354359e", "info", "Sec", 4624);
const EXPLICIT_LOGON: hayabusa::Rule =
    hayabusa::rule("Explicit Logon Attempt", "8c1899fe-493d-4faf-aae1-0853a33a3278", "info", "Sec", 4648);
const WRONG_PASSWORD: hayabusa::Rule = hayabusa::rule(
    "Logon Failure (Wrong Password)",
    "e87bd730-df45-4ae9-85de-6c75369c5d29",
    "low",
    "Sec",
    4625,
);
const SHARE_ACCESS: hayabusa::Rule =
    hayabusa::rule("NetShare Access", "15d042c1-07c6-4e16-ae7d-e0e556ccd9a8", "info", "Sec", 5140)
        .about(&["T1039"]);

const UNFAMILIAR: Detection = Detection {
    vendor: "Microsoft",
    product: "Entra ID Protection",
    title: "Unfamiliar sign-in properties",
    analytic: "unfamiliarFeatures",
    severity: 2,
    technique: Some("T1078.004"),
};

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Arrival.moments(dice, day, 130) {
        records.push(logon(dice, at));
    }
    for at in Rhythm::Flat.moments(dice, day, 90) {
        records.push(service_logon(dice, at));
    }
    for at in Rhythm::Arrival.moments(dice, day, 42) {
        records.push(typo(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 80) {
        records.push(ssh(dice, at));
    }
    for at in Rhythm::Arrival.moments(dice, day, 46) {
        records.extend(vpn(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 125) {
        records.push(windows_event(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 26) {
        records.push(unfamiliar(dice, at));
    }
    records.extend(forgotten_password(dice, day));
    records
}

fn logon(dice: &mut Dice, at: Moment) -> Record {
    let person = *dice.pick(&PEOPLE);
    let from = *dice.pick(&workstations());
    let on = *dice.pick(&[DC1, DC2, FILES, ERP]);
    let fields = Object::new()
        .with("targetUserName", person)
        .with("targetDomainName", "HALDEN")
        .with("logonType", "3")
        .with("authenticationPackageName", "Kerberos")
        .with("ipAddress", from.ip)
        .with("ipPort", dice.port().to_string());
    let data = wazuh::windows(dice, at, &on, 4624, "Security", fields);
    wazuh::alert(dice, at, &on, &WINDOWS_LOGON, data, WINDOWS)
}

fn service_logon(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&running(Os::Windows));
    let service = *dice.pick(&SERVICES);
    let fields = Object::new()
        .with("targetUserName", service)
        .with("targetDomainName", "HALDEN")
        .with("logonType", "5")
        .with("authenticationPackageName", "Negotiate")
        .with("processName", "C:\\Windows\\System32\\services.exe");
    let data = wazuh::windows(dice, at, &on, 4624, "Security", fields);
    wazuh::alert(dice, at, &on, &WINDOWS_LOGON, data, WINDOWS)
}

fn failure(dice: &mut Dice, at: Moment, person: &str, from: Host) -> Record {
    let fields = Object::new()
        .with("targetUserName", person)
        .with("targetDomainName", "HALDEN")
        .with("status", "0xc000006d")
        .with("subStatus", "0xc000006a")
        .with("logonType", "2")
        .with("workstationName", from.name.to_uppercase())
        .with("ipAddress", from.ip);
    let data = wazuh::windows(dice, at, &from, 4625, "Security", fields);
    wazuh::alert(dice, at, &from, &WINDOWS_FAILURE, data, WINDOWS)
}

fn typo(dice: &mut Dice, at: Moment) -> Record {
    let person = *dice.pick(&PEOPLE);
    let from = *dice.pick(&workstations());
    failure(dice, at, person, from)
}

fn ssh(dice: &mut Dice, at: Moment) -> Record {
    let on = if dice.chance(50) { SSH_GATEWAY } else { *dice.pick(&running(Os::Linux)) };
    let user = *dice.pick(&ADMINISTRATORS);
    let from = *dice.pick(&["10.20.10.71", "10.20.10.72", "10.20.9.20"]);
    let port = dice.port();
    match dice.below(10) {
        0..5 => {
            let line = format!("Accepted publickey for {user} from {from} port {port} ssh2");
            let data =
                Object::new().with("srcip", from).with("srcport", port.to_string()).with("dstuser", user);
            let origin = wazuh::sshd(dice, at, &on, &line);
            wazuh::alert(dice, at, &on, &SSH_SUCCESS, data, origin)
        }
        5 => {
            let line = format!("Failed password for {user} from {from} port {port} ssh2");
            let data =
                Object::new().with("srcip", from).with("srcport", port.to_string()).with("dstuser", user);
            let origin = wazuh::sshd(dice, at, &on, &line);
            wazuh::alert(dice, at, &on, &SSH_FAILURE, data, origin)
        }
        6 | 7 => {
            let line = format!("pam_unix(sshd:session): session opened for user {user} by (uid=0)");
            let origin = wazuh::sshd(dice, at, &on, &line);
            wazuh::alert(dice, at, &on, &SESSION_OPENED, Object::new().with("dstuser", user), origin)
        }
        _ => {
            let command =
                *dice.pick(&["/usr/bin/apt update", "/usr/bin/systemctl status nginx", "/bin/bash"]);
            let head = at.text("%b %e %H:%M:%S");
            let line = format!("{head} {} sudo: {user} : TTY=pts/0 ; USER=root ; COMMAND={command}", on.name);
            let data = Object::new()
                .with("srcuser", user)
                .with("dstuser", "root")
                .with("tty", "pts/0")
                .with("command", command);
            wazuh::alert(dice, at, &on, &SUDO, data, from_log("sudo", "/var/log/auth.log", line))
        }
    }
}

/// A VPN session's start; after a typing error in one case of six; and in half of the cases its end.
fn vpn(dice: &mut Dice, at: Moment) -> Vec<Record> {
    let person = *dice.pick(&PEOPLE);
    let mut records = vec![vpn_event(dice, at, &VPN_UP, person, "tunnel-up")];
    if dice.chance(17) {
        records.push(vpn_event(dice, at.plus(-19), &VPN_FAILURE, person, "ssl-login-fail"));
    }
    if dice.chance(50) {
        let minutes = dice.between(25, 110);
        records.push(vpn_event(dice, at.plus(minutes * 60), &VPN_DOWN, person, "tunnel-down"));
    }
    records
}

fn vpn_event(dice: &mut Dice, at: Moment, rule: &Rule, person: &str, action: &str) -> Record {
    let address = at_home(person);
    let line = format!(
        "date={} time={} devname=\"vpn01\" type=\"event\" subtype=\"vpn\" action=\"{action}\" remip={address} \
         user=\"{person}\"",
        at.text("%Y-%m-%d"),
        at.text("%H:%M:%S")
    );
    let data = Object::new()
        .with("action", action)
        .with("devname", VPN.name)
        .with("srcip", address)
        .with("dstuser", person);
    wazuh::alert(dice, at, &VPN, rule, data, from_log("fortigate-firewall-v6", "10.20.1.10", line))
}

fn windows_event(dice: &mut Dice, at: Moment) -> Record {
    let person = *dice.pick(&PEOPLE);
    let from = *dice.pick(&workstations());
    let extra = Object::new().with("SubjectDomainName", "HALDEN");
    match dice.below(20) {
        0..9 => {
            let on = *dice.pick(&[DC1, DC2, FILES, ERP]);
            let details = Object::new()
                .with("Type", 3_u8)
                .with("TgtUser", person)
                .with("SrcComp", from.name.to_uppercase())
                .with("SrcIP", from.ip)
                .with("LID", logon_id(dice));
            hayabusa::detection(dice, at, &on, &NETWORK_LOGON, details, extra)
        }
        9..13 => {
            let details = Object::new()
                .with("TgtUser", *dice.pick(&ADMINISTRATORS))
                .with("SrcUser", "g.novak")
                .with("SrcIP", from.ip)
                .with("Proc", "C:\\Windows\\System32\\mmc.exe")
                .with("TgtSvr", ERP.full_name());
            hayabusa::detection(dice, at, &from, &EXPLICIT_LOGON, details, extra)
        }
        13..18 => {
            let share = *dice.pick(&["\\\\*\\projects", "\\\\*\\finance", "\\\\*\\IPC$"]);
            let details = Object::new()
                .with("SrcUser", person)
                .with("ShareName", share)
                .with("SrcIP", from.ip)
                .with("LID", logon_id(dice));
            hayabusa::detection(dice, at, &FILES, &SHARE_ACCESS, details, extra)
        }
        _ => {
            let details = Object::new()
                .with("Type", 2_u8)
                .with("TgtUser", person)
                .with("SrcComp", from.name.to_uppercase())
                .with("SrcIP", from.ip)
                .with("AuthPkg", "Negotiate");
            hayabusa::detection(dice, at, &from, &WRONG_PASSWORD, details, extra)
        }
    }
}

fn unfamiliar(dice: &mut Dice, at: Moment) -> Record {
    let person = *dice.pick(&PEOPLE);
    let home = at_home(person);
    let evidence = Evidence {
        source: Some(&home),
        user: Some(person),
        description: "Sign-in with properties we've not seen recently for the given user.".to_owned(),
        ..Evidence::default()
    };
    finding(dice, at, &UNFAMILIAR, evidence)
}

/// Back from a holiday: five wrong passwords, then a locked account. Looks like guessing, is not.
fn forgotten_password(dice: &mut Dice, day: Day) -> Vec<Record> {
    let from = LOGISTICS;
    let person = "i.haddad";
    let mut records: Vec<_> = (0..5)
        .map(|attempt| {
            let at = day.around(dice, 7, 52, attempt * 11);
            failure(dice, at, person, from)
        })
        .collect();
    let at = day.around(dice, 7, 53, 2);
    let fields =
        Object::new().with("targetUserName", person).with("targetDomainName", from.name.to_uppercase());
    let data = wazuh::windows(dice, at, &DC1, 4740, "Security", fields);
    records.push(wazuh::alert(dice, at, &DC1, &LOCKED_OUT, data, WINDOWS));
    records
}
