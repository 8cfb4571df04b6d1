//! Things that a policy notes and nobody acts on: package managers, updaters, remote support, web categories.

use super::rhythm::Rhythm;
use crate::catalogue::PROGRAM_DOWNLOAD;
use crate::company::{CHROMATOGRAPH, Host, Os, PEOPLE, PROXY, in_network, running, workstations};
use crate::dice::Dice;
use crate::formats::cef::{Threat, firewall_threat};
use crate::formats::ecs::{self, alert as elastic};
use crate::formats::suricata::{Class, Flow, Signature, alert, http, signature};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::outside::supplier;
use crate::record::Record;

const POLICY: Class = Class::PolicyViolation;

/// Rules on outgoing requests: weight, rule, user agent, path.
const OUTBOUND: [(u32, (Signature, &str, &str)); 7] = [
    (30, (APT, "Debian APT-HTTP/1.3 (2.6.1)", "/debian/dists/bookworm/InRelease")),
    (8, (YUM, "libdnf (Rocky Linux 9.5; generic; Linux.x86_64)", "/9/BaseOS/x86_64/os/repodata/repomd.xml")),
    (16, (CURL, "curl/7.88.1", "/v1/status")),
    (9, (PROGRAM_DOWNLOAD, "Microsoft-Delivery-Optimization/10.1", "/updates/driver-pack.exe")),
    (6, (USB_METADATA, "MICROSOFT_DEVICE_METADATA_RETRIEVAL_CLIENT", "/metadata.svc")),
    (5, (TEAMVIEWER, "Mozilla/4.0 (compatible; MSIE 6.0; DynGate)", "/din.aspx")),
    (4, (PASSWORD, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "/suppliers/login")),
];
const APT: Signature = signature(
    2013504,
    5,
    "ET POLICY GNU/Linux APT User-Agent Outbound likely related to package management",
    Class::NotSuspicious,
);
const YUM: Signature = signature(
    2013505,
    3,
    "ET POLICY GNU/Linux YUM User-Agent Outbound likely related to package management",
    POLICY,
);
const CURL: Signature = signature(2013028, 4, "ET POLICY curl User-Agent Outbound", Class::AttemptedRecon);
const USB_METADATA: Signature =
    signature(2025275, 2, "ET INFO Windows OS Submitting USB Metadata to Microsoft", Class::MiscActivity);
const TEAMVIEWER: Signature = signature(2009475, 11, "ET POLICY TeamViewer Dyngate User-Agent", POLICY);
const PASSWORD: Signature = signature(2012887, 3, "ET POLICY HTTP POST contains pass= in cleartext", POLICY);

/// Elastic's rules that fire on ordinary work: weight, rule, process.
const WINDOWS_RULES: [(u32, (ecs::Rule, &str)); 6] = [
    (10, (WHOAMI, "whoami.exe")),
    (6, (ADMINISTRATORS, "net.exe")),
    (8, (REMOVABLE_DEVICE, "explorer.exe")),
    (8, (RUN_KEY, "TeamsUpdater.exe")),
    (4, (SCHEDULED_JOB, "OneDriveSetup.exe")),
    (5, (NETWORK_ACTIVITY, LAB_SYNC)),
];
const LAB_SYNC: &str = "LabDataSync.exe";
const WHOAMI: ecs::Rule =
    ecs::rule("Whoami Process Activity", "ef862985-3f13-4262-a686-5f357bbb9bc2", "eql", 21, "T1033");
const ADMINISTRATORS: ecs::Rule = ecs::rule(
    "Enumeration of Administrator Accounts",
    "871ea072-1b71-4def-b016-6278b505138d",
    "eql",
    21,
    "T1069.002",
);
const REMOVABLE_DEVICE: ecs::Rule = ecs::rule(
    "First Time Seen Removable Device",
    "0859355c-0f08-4b43-8ff5-7d2a4789fc08",
    "new_terms",
    21,
    "T1052.001",
);
const RUN_KEY: ecs::Rule = ecs::rule(
    "Startup or Run Key Registry Modification",
    "97fc44d3-8dae-4019-ae83-298c3015600f",
    "eql",
    21,
    "T1547.001",
);
const SCHEDULED_JOB: ecs::Rule = ecs::rule(
    "Persistence via Scheduled Job Creation",
    "1327384f-00f3-44d5-9a8c-2373ba071e92",
    "eql",
    47,
    "T1053.005",
);
const NETWORK_ACTIVITY: ecs::Rule = ecs::rule(
    "Unusual Windows Network Activity",
    "ba342eb2-583c-439f-b04d-1fdd7c1417cc",
    "machine_learning",
    21,
    "T1071",
);

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Office.moments(dice, day, 84) {
        records.push(outbound(dice, at));
    }
    for at in Rhythm::Night.moments(dice, day, 48) {
        let on = *dice.pick(&running(Os::Linux));
        records.push(request(dice, at, &on, OUTBOUND[0].1));
    }
    for at in Rhythm::Office.moments(dice, day, 44) {
        records.push(web_category(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 62) {
        records.push(endpoint_rule(dice, at));
    }
    records
}

fn outbound(dice: &mut Dice, at: Moment) -> Record {
    let (rule, agent, path) = *dice.weighted(&OUTBOUND);
    let servers_do_it = [APT.id, YUM.id, CURL.id].contains(&rule.id);
    let on = if servers_do_it { *dice.pick(&running(Os::Linux)) } else { *dice.pick(&workstations()) };
    request(dice, at, &on, (rule, agent, path))
}

fn request(dice: &mut Dice, at: Moment, on: &Host, what: (Signature, &str, &str)) -> Record {
    let (rule, agent, path) = what;
    let (address, name) = supplier(dice);
    let flow = Flow::tcp(dice, on.ip, address, 80).speaking("http");
    let method = if rule.id == PASSWORD.id { "POST" } else { "GET" };
    let more = Object::new().with("http", http(name, path, agent, method, 200));
    alert(dice, at, &rule, &flow, more)
}

fn web_category(dice: &mut Dice, at: Moment) -> Record {
    let inside = dice.pick(&in_network("10.20.10.")).ip;
    let (category, request) = *dice.pick(&[
        ("streaming-media", "video.lakeside.example/live"),
        ("newly-registered-domain", "spring-offers.example/"),
        ("online-storage-and-backup", "share.boxcrate.example/upload"),
        ("unknown", "measure-club.example/forum"),
    ]);
    let (address, _) = supplier(dice);
    let threat = Threat {
        threat: "url",
        severity: 1,
        category,
        source: if dice.chance(20) { PROXY.ip } else { inside },
        destination: (address, 443),
        app: "ssl",
        user: None,
        action: if category == "newly-registered-domain" { "block-url" } else { "alert" },
        request: Some(request),
        count: 1,
    };
    firewall_threat(dice, at, &threat)
}

fn endpoint_rule(dice: &mut Dice, at: Moment) -> Record {
    let (rule, process) = *dice.weighted(&WINDOWS_RULES);
    let on = if process == LAB_SYNC { CHROMATOGRAPH } else { *dice.pick(&workstations()) };
    let person = *dice.pick(&PEOPLE);
    let more = Object::new()
        .with("user", Object::new().with("name", person).with("domain", "HALDEN"))
        .with("process", Object::new().with("name", process).with("pid", dice.between(900, 19_000)));
    let reason = format!(
        "process event with process {process}, by {person} on {} created alert {}.",
        on.name, rule.name
    );
    elastic(dice, at, &on, &rule, reason, more)
}
