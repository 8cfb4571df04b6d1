//! One password, tried on everyone.
//!
//! An address outside tries one password on six VPN accounts, five minutes apart, and on webmail; one of them has it.
//! Two hours later, while its owner works from home, the account opens the cloud console from another continent, makes
//! itself an access key and stops the trail. GuardDuty rates that last step *low*: alone it is often a clean-up.

use crate::catalogue::{VPN_FAILURE, VPN_UP, WINDOWS_FAILURE};
use crate::company::{CLOUD_ACCOUNT, CLOUD_REGION, OWA, VPN};
use crate::dice::Dice;
use crate::formats::cloudtrail::{Call, event};
use crate::formats::ecs::{self, alert as elastic};
use crate::formats::guardduty::{Action, Finding, Resource, access_key, finding};
use crate::formats::ocsf::{self, Detection, Evidence};
use crate::formats::wazuh::{self, Rule, WINDOWS, from_log};
use crate::json::{Json, Object};
use crate::moment::{Day, Moment};
use crate::outside::{CONSOLE_INTRUDER, SPRAYER};
use crate::record::{Record, Story};

const VICTIM: &str = "c.lindqvist";

const MANY_FAILURES: ecs::Rule = ecs::rule(
    "Multiple Logon Failure from the same Source Address",
    "48b6edfc-079d-4907-b43c-baffa243270d",
    "esql",
    47,
    "T1110.003",
);
const PASSWORD_SPRAY: Detection = identity("Password spray", "passwordSpray", 4, "T1110.003");
const IMPOSSIBLE_TRAVEL: Detection = identity("Impossible travel", "mcasImpossibleTravel", 3, "T1078.004");

const fn identity(
    title: &'static str,
    analytic: &'static str,
    severity: u8,
    technique: &'static str,
) -> Detection {
    Detection {
        vendor: "Microsoft",
        product: "Entra ID Protection",
        title,
        analytic,
        severity,
        technique: Some(technique),
    }
}

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    let accounts = ["a.moreau", "b.okafor", VICTIM, "d.schwarz", "h.brandt", "m.santos"];
    for (index, account) in (0..).zip(accounts) {
        // The victim's first try goes wrong as well: the sprayer starts with last season's password.
        let at = day.around(dice, 5, 48 + index * 5, 7 + index * 3);
        let record = vpn(dice, at, &VPN_FAILURE, account, "ssl-login-fail");
        records.push(record.telling(
            Story::Spraying,
            VPN.name,
            "failed VPN login, one account after another",
        ));
    }
    for (minute, account) in [(21, "a.moreau"), (26, "e.tanaka"), (31, "k.virtanen")] {
        let at = day.around(dice, 6, minute, 40);
        let record = webmail_failure(dice, at, account);
        records.push(record.telling(Story::Spraying, OWA.name, "the same address fails at webmail"));
    }

    let at = day.around(dice, 6, 36, 12);
    let source = Object::new().with("source", Object::new().with("ip", SPRAYER));
    let reason =
        format!("authentication event with source {SPRAYER} on owa01 created alert {}.", MANY_FAILURES.name);
    let record = elastic(dice, at, &OWA, &MANY_FAILURES, reason, source);
    records.push(record.telling(Story::Spraying, OWA.name, "Elastic counts the failures"));

    let at = day.around(dice, 6, 42, 55);
    let record = vpn(dice, at, &VPN_UP, VICTIM, "tunnel-up");
    records.push(record.telling(Story::Spraying, VPN.name, "the password fits: VPN session of c.lindqvist"));

    let at = day.around(dice, 7, 3, 18);
    let evidence = Evidence {
        source: Some(SPRAYER),
        user: Some(VICTIM),
        description:
            "Multiple usernames were attacked using common passwords in a unified brute force manner."
                .to_owned(),
        count: Some(14),
        ..Evidence::default()
    };
    let record = ocsf::finding(dice, at, &PASSWORD_SPRAY, evidence);
    records.push(record.telling(Story::Spraying, "Entra ID", "the identity provider sees the spraying"));

    records.extend(in_the_cloud(dice, day));
    records
}

fn in_the_cloud(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    let at = day.around(dice, 9, 2, 11);
    let answer = Object::new().with("ConsoleLogin", "Success").into();
    let record = call(dice, at, "signin", "ConsoleLogin", Json::Null, answer);
    records.push(record.telling(
        Story::Spraying,
        "AWS",
        "console login from a new address, without a second factor",
    ));

    let at = day.around(dice, 9, 9, 44);
    let evidence = Evidence {
        source: Some(CONSOLE_INTRUDER),
        user: Some(VICTIM),
        description:
            "Activities originating from geographically distant locations within a time period shorter than \
                      the time to travel between them."
                .to_owned(),
        ..Evidence::default()
    };
    let record = ocsf::finding(dice, at, &IMPOSSIBLE_TRAVEL, evidence);
    records.push(record.telling(
        Story::Spraying,
        "Entra ID",
        "impossible travel: home, then another continent",
    ));

    let at = day.around(dice, 9, 11, 30);
    let request = Object::new().with("userName", VICTIM).into();
    let key =
        Object::new().with("accessKeyId", access_key(dice)).with("status", "Active").with("userName", VICTIM);
    let record =
        call(dice, at, "iam", "CreateAccessKey", request, Object::new().with("accessKey", key).into());
    records.push(record.telling(Story::Spraying, "AWS", "a new access key, to come back with"));

    let at = day.around(dice, 9, 17, 2);
    let login = Finding {
        kind: "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B",
        id: dice.hex(32),
        severity: 5.0,
        title: format!("Multiple worldwide successful console logins were observed for user {VICTIM}."),
        description: format!(
            "Multiple successful console logins for the IAM user {VICTIM} were observed from different geographical \
             locations around the same time."
        ),
        resource: Resource::AccessKey { user: VICTIM },
        action: Action::ApiCall {
            api: "ConsoleLogin",
            service: "signin.amazonaws.com",
            remote: CONSOLE_INTRUDER,
        },
        count: 1,
        first_seen: day.at(9, 2, 11),
    };
    let record = finding(dice, at, login);
    records.push(record.telling(Story::Spraying, "AWS", "GuardDuty sees logins from two continents"));

    let at = day.around(dice, 9, 26, 48);
    let trail = format!("arn:aws:cloudtrail:{CLOUD_REGION}:{CLOUD_ACCOUNT}:trail/company-trail");
    let record =
        call(dice, at, "cloudtrail", "StopLogging", Object::new().with("name", trail).into(), Json::Null);
    records.push(record.telling(Story::Spraying, "AWS", "the trail is stopped"));

    let at = day.around(dice, 9, 41, 20);
    let stealth = Finding {
        kind: "Stealth:IAMUser/CloudTrailLoggingDisabled",
        id: dice.hex(32),
        severity: 2.0,
        title: "AWS CloudTrail trail company-trail was disabled.".to_owned(),
        description: format!(
            "AWS CloudTrail trail company-trail was disabled by {VICTIM} calling StopLogging. This can be an \
             attacker's attempt to cover their tracks by eliminating any trace of their activity."
        ),
        resource: Resource::AccessKey { user: VICTIM },
        action: Action::ApiCall {
            api: "StopLogging",
            service: "cloudtrail.amazonaws.com",
            remote: CONSOLE_INTRUDER,
        },
        count: 1,
        first_seen: day.at(9, 26, 48),
    };
    let record = finding(dice, at, stealth);
    records.push(record.telling(Story::Spraying, "AWS", "GuardDuty notes it, as low"));
    records
}

fn vpn(dice: &mut Dice, at: Moment, rule: &Rule, account: &str, action: &str) -> Record {
    let line = format!(
        "date={} time={} devname=\"vpn01\" type=\"event\" subtype=\"vpn\" action=\"{action}\" remip={SPRAYER} \
         user=\"{account}\"",
        at.text("%Y-%m-%d"),
        at.text("%H:%M:%S")
    );
    let data = Object::new()
        .with("action", action)
        .with("devname", VPN.name)
        .with("srcip", SPRAYER)
        .with("dstuser", account);
    wazuh::alert(dice, at, &VPN, rule, data, from_log("fortigate-firewall-v6", "10.20.1.10", line))
}

fn webmail_failure(dice: &mut Dice, at: Moment, account: &str) -> Record {
    let fields = Object::new()
        .with("targetUserName", account)
        .with("targetDomainName", "HALDEN")
        .with("status", "0xc000006d")
        .with("subStatus", "0xc000006a")
        .with("logonType", "8")
        .with("processName", "C:\\Windows\\System32\\inetsrv\\w3wp.exe")
        .with("ipAddress", SPRAYER);
    let data = wazuh::windows(dice, at, &OWA, 4625, "Security", fields);
    wazuh::alert(dice, at, &OWA, &WINDOWS_FAILURE, data, WINDOWS)
}

fn call(dice: &mut Dice, at: Moment, service: &str, name: &str, request: Json, response: Json) -> Record {
    let call = Call {
        service,
        name,
        user: VICTIM,
        source: CONSOLE_INTRUDER,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        request,
        response,
        read_only: false,
        error: None,
        second_factor: (name == "ConsoleLogin").then_some(false),
    };
    event(dice, at, call)
}
