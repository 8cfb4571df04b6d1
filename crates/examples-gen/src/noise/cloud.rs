//! The AWS account on an ordinary day: deployments, inventories, people in the console.

use super::rhythm::Rhythm;
use crate::company::{BUILD, SCANNER};
use crate::dice::Dice;
use crate::formats::cloudtrail::{Call, event};
use crate::formats::guardduty::{Action, Finding, Resource, finding};
use crate::formats::ocsf::{self, Detection, Evidence};
use crate::json::{Json, Object};
use crate::moment::{Day, Moment};
use crate::outside::{at_home, stranger};
use crate::record::Record;

const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8";
const BOTO: &str = "Boto3/1.35.36 md/Botocore#1.35.36 ua/2.0 os/linux#6.1.0 lang/python#3.12.6";
const CONSOLE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36";

/// Service, call, whether it only reads.
const CALLS: [(u32, (&str, &str, bool)); 9] = [
    (20, ("ec2", "DescribeInstances", true)),
    (14, ("sts", "GetCallerIdentity", true)),
    (10, ("s3", "ListBuckets", true)),
    (8, ("logs", "CreateLogStream", false)),
    (8, ("ecr", "GetAuthorizationToken", true)),
    (6, ("ecs", "UpdateService", false)),
    (5, ("lambda", "UpdateFunctionCode20150331v2", false)),
    (4, ("iam", "ListUsers", true)),
    (3, ("kms", "Decrypt", true)),
];

const PREVENTED: [Detection; 3] = [
    prevented("'Presenoker' unwanted software was prevented", "PUA:Win32/Presenoker"),
    prevented("'CandyOpen' unwanted software was prevented", "PUA:Win32/CandyOpen"),
    prevented("'EICAR_Test_File' malware was prevented", "Virus:DOS/EICAR_Test_File"),
];

const fn prevented(title: &'static str, analytic: &'static str) -> Detection {
    Detection {
        vendor: "Microsoft",
        product: "Defender for Endpoint",
        title,
        analytic,
        severity: 1,
        technique: None,
    }
}

const ANONYMOUS_ADDRESS: Detection = Detection {
    vendor: "Microsoft",
    product: "Entra ID Protection",
    title: "Anonymous IP address",
    analytic: "anonymizedIPAddress",
    severity: 3,
    technique: Some("T1078.004"),
};

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Office.moments(dice, day, 90) {
        records.push(api_call(dice, at));
    }
    // The nightly inventory of the authorised scanner.
    for at in Rhythm::Night.moments(dice, day, 34) {
        let (service, name, _) = *dice.pick(&[CALLS[0].1, CALLS[2].1, CALLS[7].1]);
        records.push(call(dice, at, service, name, "svc-scan", SCANNER.ip, BOTO, true));
    }
    for at in Rhythm::Arrival.moments(dice, day, 12) {
        records.push(console_login(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 34) {
        records.push(unwanted_software(dice, at));
    }
    for at in Rhythm::Internet.moments(dice, day, 5) {
        records.push(anonymous(dice, at));
    }
    records.extend(ssh_guesses(dice, day));
    records.push(odd_listing(dice, day));
    records
}

fn api_call(dice: &mut Dice, at: Moment) -> Record {
    let (service, name, read_only) = *dice.weighted(&CALLS);
    let home = at_home("g.novak");
    let callers = [
        ("ci-deploy", BUILD.ip, TERRAFORM),
        ("ci-deploy", BUILD.ip, BOTO),
        ("g.novak", home.as_str(), CONSOLE),
    ];
    let (user, source, agent) = *dice.pick(&callers);
    call(dice, at, service, name, user, source, agent, read_only)
}

#[expect(clippy::too_many_arguments, reason = "the eight columns of a table of calls")]
fn call(
    dice: &mut Dice,
    at: Moment,
    service: &str,
    name: &str,
    user: &str,
    source: &str,
    user_agent: &str,
    read_only: bool,
) -> Record {
    let error = dice.chance(6).then_some("AccessDenied");
    let call = Call {
        service,
        name,
        user,
        source,
        user_agent,
        request: Json::Null,
        response: Json::Null,
        read_only,
        error,
        second_factor: None,
    };
    event(dice, at, call)
}

fn console_login(dice: &mut Dice, at: Moment) -> Record {
    let user = *dice.pick(&["g.novak", "a.moreau", "e.tanaka"]);
    let source = at_home(user);
    let outcome = if dice.chance(15) { "Failure" } else { "Success" };
    let login = Call {
        service: "signin",
        name: "ConsoleLogin",
        user,
        source: &source,
        user_agent: CONSOLE,
        request: Json::Null,
        response: Object::new().with("ConsoleLogin", outcome).into(),
        read_only: false,
        error: None,
        second_factor: Some(true),
    };
    event(dice, at, login)
}

fn unwanted_software(dice: &mut Dice, at: Moment) -> Record {
    let workstations = crate::company::workstations();
    let on = *dice.pick(&workstations);
    let evidence = Evidence {
        user: Some(*dice.pick(&crate::company::PEOPLE)),
        device: Some((on.name, on.ip)),
        file: Some(*dice.pick(&["free-fonts.exe", "driver-booster.exe", "pdf-merge-setup.exe"])),
        description: "The file was prevented from running on this device.".to_owned(),
        ..Evidence::default()
    };
    let detection = *dice.pick(&PREVENTED);
    ocsf::finding(dice, at, &detection, evidence)
}

/// Someone of the sales team uses a privacy service on journeys.
fn anonymous(dice: &mut Dice, at: Moment) -> Record {
    let source = stranger(dice);
    let evidence = Evidence {
        source: Some(&source),
        user: Some("l.petrov"),
        description: "Sign-in from an anonymous IP address.".to_owned(),
        ..Evidence::default()
    };
    ocsf::finding(dice, at, &ANONYMOUS_ADDRESS, evidence)
}

/// Guesses at the test machine's open SSH port: one finding per guesser, none of which gets in.
fn ssh_guesses(dice: &mut Dice, day: Day) -> Vec<Record> {
    let instance = "i-0f3a51c09be27d864";
    let mut records = Vec::new();
    for at in Rhythm::Internet.moments(dice, day, 7) {
        let remote = stranger(dice);
        let title = format!("{remote} is performing SSH brute force attacks against {instance}.");
        let description = format!(
            "{remote} is performing SSH brute force attacks against {instance}. Brute force attacks are used to gain \
             unauthorized access to your instance by guessing the SSH password."
        );
        let guess = Finding {
            kind: "UnauthorizedAccess:EC2/SSHBruteForce",
            id: dice.hex(32),
            severity: 2.0,
            title,
            description,
            resource: Resource::Instance { id: instance, ip: "10.20.64.15" },
            action: Action::Connection { remote: &remote, port: (22, "SSH") },
            count: dice.between(1, 60) as u32,
            first_seen: at.plus(-dice.between(60, 900)).millis(),
        };
        records.push(finding(dice, at, guess));
    }
    records
}

/// A developer lists a bucket for the first time.
fn odd_listing(dice: &mut Dice, day: Day) -> Record {
    let at = day.around(dice, 10, 22, 41);
    let remote = at_home("e.tanaka");
    let listing = Finding {
        kind: "Discovery:S3/AnomalousBehavior",
        id: dice.hex(32),
        severity: 2.0,
        title: "The IAM user e.tanaka is anomalously invoking APIs commonly used in Discovery tactics."
            .to_owned(),
        description:
            "APIs commonly used in Discovery tactics were invoked by the IAM user e.tanaka, under unusual \
                      circumstances."
                .to_owned(),
        resource: Resource::AccessKey { user: "e.tanaka" },
        action: Action::ApiCall { api: "ListObjects", service: "s3.amazonaws.com", remote: &remote },
        count: 1,
        first_seen: at.plus(-300).millis(),
    };
    finding(dice, at, listing)
}
